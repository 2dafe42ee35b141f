// smtp/fuzz/proxy_header_fuzz.cpp - a header read at once and octet by octet is the same, never takes an octet too many
// and never more than its limit.
#include "smtp/fuzz/pieces.hpp"
#include "smtp/proxy_header.hpp"

using namespace ptarmigan::smtp;  // NOLINT(google-build-using-namespace)

namespace {

std::size_t read(ProxyHeaderReader& reader, std::string_view octets, std::size_t step) {
  std::size_t taken = 0;
  while (const auto wanted = reader.wanted()) {
    const auto take = std::min({wanted, step, octets.size() - taken});
    if (take == 0) break;
    reader.feed(octets.substr(taken, take));
    taken += take;
  }
  return taken;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view octets(reinterpret_cast<const char*>(data), size);
  ProxyHeaderReader whole;
  ProxyHeaderReader single;
  const auto taken = read(whole, octets, size);
  const auto taken_singly = read(single, octets, 1);
  fuzz::promise(whole.problem().empty() == single.problem().empty());
  fuzz::promise(whole.client() == single.client());
  if (whole.problem().empty()) fuzz::promise(taken == taken_singly);
  fuzz::promise(taken <= 16 + max_proxy_v2_body);
  return 0;
}
