// spool/fuzz/codec_fuzz.cpp - any octets: refused, or a record that is read again as it
// is, and whose encoding is the same octets where they are of the current version.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "spool/codec.hpp"

using namespace ptarmigan;  // NOLINT(google-build-using-namespace)

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view octets(reinterpret_cast<const char*>(data), size);
  const bool current = size > 0 && data[0] == spool::record_version;
  if (const auto message = spool::decode_message(QueueId(7), octets)) {
    const auto again = spool::encode(*message);
    if (current ? again != octets : spool::decode_message(QueueId(7), again) != message) std::abort();
  }
  if (const auto group = spool::decode_group(QueueId(7), 1, octets)) {
    const auto again = spool::encode(*group);
    if (current ? again != octets : spool::decode_group(QueueId(7), 1, again) != group) std::abort();
  }
  return 0;
}
