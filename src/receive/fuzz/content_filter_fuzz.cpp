// receive/fuzz/content_filter_fuzz.cpp - whatever a filter says, an opinion is finite in its rules and free of
// controls.
#include <cstdint>
#include <cstdlib>

#include "receive/content_filter.hpp"

using namespace ptarmigan;

namespace {

void need_sound(const Result<receive::FilterOpinion>& opinion) {
  if (!opinion) return;
  if (opinion->rules.size() > 200 || opinion->filter.empty()) std::abort();
  for (const auto& rule : opinion->rules)
    for (const char c : rule)
      if (static_cast<unsigned char>(c) < ' ') std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view octets(reinterpret_cast<const char*>(data), size);
  need_sound(receive::parse_spamd_reply(octets));
  need_sound(receive::parse_rspamd_reply(octets));
  return 0;
}
