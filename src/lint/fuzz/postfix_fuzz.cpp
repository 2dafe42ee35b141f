// lint/fuzz/postfix_fuzz.cpp - every view of a parsed main.cf or master.cf lies within its text, in order.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "lint/postfix.hpp"

using namespace ptarmigan::lint;

namespace {
void need_within(std::string_view part, std::string_view text) {
  if (part.data() < text.data() || part.data() + part.size() > text.data() + text.size()) std::abort();
}
}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto main_cf = parse_main_cf(text);
  const char* last = text.data();
  for (const auto& setting : main_cf.settings) {
    need_within(setting.name, text);
    need_within(setting.raw, text);
    need_within(setting.line, text);
    if (setting.line.data() < last) std::abort();
    last = setting.line.data();
    if (main_cf.find(setting.name) == nullptr) std::abort();
  }
  for (const auto& service : parse_master_cf(text).services) {
    need_within(service.line, text);
    for (const auto& setting : service.overrides) need_within(setting.raw, text);
  }
  return 0;
}
