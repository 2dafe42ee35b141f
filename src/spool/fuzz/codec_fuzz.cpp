// spool/fuzz/codec_fuzz.cpp - any octets: refused, or a record whose encoding is the same octets again.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "spool/codec.hpp"

using namespace ptarmigan;  // NOLINT(google-build-using-namespace)

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view octets(reinterpret_cast<const char*>(data), size);
  if (const auto message = spool::decode_message(QueueId(7), octets); message && spool::encode(*message) != octets)
    std::abort();
  if (const auto group = spool::decode_group(QueueId(7), 1, octets); group && spool::encode(*group) != octets)
    std::abort();
  return 0;
}
