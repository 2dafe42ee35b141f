// dns/fuzz/packet_fuzz.cpp - any octets are a message or an error; each record that is read prints to a line that reads
// back.
#include <cstdint>
#include <cstdlib>

#include "dns/packet.hpp"
#include "dns/zone.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace ptarmigan::dns;
  const auto packet = parse_packet({reinterpret_cast<const char*>(data), size});
  if (!packet) return 0;
  for (const auto& record : packet->answers) {
    if (record.owner.absolute().size() > max_owner_text) continue;
    const auto again = parse_record(zone_line(record));
    if (!again || again->owner != record.owner || again->type != record.type) std::abort();
  }
  return 0;
}
