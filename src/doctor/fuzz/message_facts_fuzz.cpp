// doctor/fuzz/message_facts_fuzz.cpp - measures are within the message, and decoding encoded words twice changes
// nothing that was not encoded.
#include <cstdint>
#include <cstdlib>

#include "doctor/message_facts.hpp"

using namespace ptarmigan::doctor;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view message(reinterpret_cast<const char*>(data), size);
  const auto facts = MessageFacts::read(message);
  if (facts) {
    if (facts->octets != size || facts->header_octets > size || facts->longest_line > size) std::abort();
  }
  const auto decoded = decode_words(message);
  if (message.find("=?") == std::string_view::npos && decoded != message) std::abort();
  return 0;
}
