// auth/policies/fuzz/policies_fuzz.cpp - what a parser takes keeps to its own promises: ids, URIs and lists hold
// nothing that could end a line or a header.
#include <cstdint>
#include <cstdlib>

#include "auth/policies/policies.hpp"
#include "base/text.hpp"

using namespace ptarmigan;
using namespace ptarmigan::policies;

namespace {

void require_printable(std::string_view text) {
  for (const char c : text)
    if (!is_printable_ascii(c) || c == ' ') std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (const auto record = MtaStsRecord::parse(text)) {
    require_printable(record->id);
    if (record->id.empty() || record->id.size() > 32) std::abort();
    if (MtaStsRecord::parse("v=STSv1; id=" + record->id) != record) std::abort();
  }
  if (const auto record = TlsReportRecord::parse(text)) {
    if (record->rua.empty()) std::abort();
    for (const auto& uri : record->rua) require_printable(uri);
    if (TlsReportRecord::parse("v=TLSRPTv1; rua=" + join(record->rua, ",")) != record) std::abort();
  }
  if (const auto record = BimiRecord::parse(text)) {
    require_printable(record->location);
    require_printable(record->authority);
  }
  return 0;
}
