// reports/fuzz/text_fuzz.cpp - mended XML stays mended, an archive gives no more than its budget, and codes that are
// found in a text are in it.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "reports/archive.hpp"
#include "reports/delivery.hpp"
#include "reports/xml.hpp"

using namespace ptarmigan::reports;  // NOLINT(google-build-using-namespace)

namespace {

void require(bool holds) {
  if (!holds) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto once = mend_xml(text).text;
  require(mend_xml(once).text == once);

  constexpr std::size_t limit = 1U << 16;
  UnpackBudget budget{.octets = limit, .members = 10};
  Notes notes;
  std::size_t unpacked = 0;
  const auto members = unpack(text, budget, notes);
  for (const auto& member : members) unpacked += member.size();
  require(members.size() <= 10 && unpacked + budget.octets == limit);

  const auto codes = find_reply_codes(text);
  require(text.contains(codes.code) && text.contains(codes.enhanced));
  return 0;
}
