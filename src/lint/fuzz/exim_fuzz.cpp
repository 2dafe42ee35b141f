// lint/fuzz/exim_fuzz.cpp - every view of a parsed Exim configuration lies within its text; conditionals exist.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "lint/exim.hpp"

using namespace ptarmigan::lint;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto within = [&](std::string_view part) {
    return part.data() >= text.data() && part.data() + part.size() <= text.data() + text.size();
  };
  const auto file = parse_exim(text);
  for (const auto& option : file.options) {
    if (!within(option.name) || !within(option.raw) || !within(option.line) || option.name.empty()) std::abort();
    for (const auto index : option.within)
      if (index >= file.conditionals.size()) std::abort();
  }
  return 0;
}
