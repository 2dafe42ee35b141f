// message/fuzz/header_fuzz.cpp - the fields and the empty line are the message's first octets, in order, and a header
// fed in two pieces is the same header.
#include <cstdint>
#include <cstdlib>
#include <string>

#include "message/header.hpp"

using namespace ptarmigan::message;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  const std::size_t cut = (data[0] * 256U + data[1]) % (size - 1);
  const std::string_view message(reinterpret_cast<const char*>(data) + 2, size - 2);
  const HeaderLimits limits{.fields = 100, .field_octets = 4096, .section_octets = 8192};
  const auto section = HeaderSection::parse(message, limits);
  HeaderCollector collector(limits.section_octets);
  const auto one = collector.feed(message.substr(0, cut));
  const auto two = one ? collector.feed(message.substr(cut)) : one;
  if (!section) return 0;
  std::string again;
  for (const auto& field : section->fields()) {
    again += field.raw;
    if (field.raw.find(field.body) == std::string_view::npos) std::abort();
    if (!field.stray() && section->first(field.name) == nullptr) std::abort();
  }
  if (again != section->raw() || section->raw() != message.substr(0, section->raw().size())) std::abort();
  if (section->ended() != collector.complete()) std::abort();
  if (section->ended() && (!two || collector.octets() != message.substr(0, section->body_offset()))) std::abort();
  return 0;
}
