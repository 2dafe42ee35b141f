// dns/fuzz/zone_fuzz.cpp - records of any zone text print to lines that give the same records.
#include <cstdint>
#include <cstdlib>

#include "dns/zone.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace ptarmigan::dns;
  const auto records = parse_zone({reinterpret_cast<const char*>(data), size}, name("example.com"));
  if (!records) return 0;
  for (const auto& record : *records) {
    if (record.owner.absolute().size() > max_owner_text) continue;
    const auto again = parse_record(zone_line(record));
    if (!again || again->owner != record.owner || data_text(again->data) != data_text(record.data)) std::abort();
  }
  return 0;
}
