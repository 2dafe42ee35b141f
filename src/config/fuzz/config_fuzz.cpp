// config/fuzz/config_fuzz.cpp - any text is a configuration or an error that names the file; the same text gives the
// same outcome.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "config/parse.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto first = ptarmigan::config::parse_config(text, "f.toml");
  const auto second = ptarmigan::config::parse_config(text, "f.toml");
  if (first.has_value() != second.has_value()) std::abort();
  if (!first && (first.error() != second.error() || !first.error().message.starts_with("f.toml"))) std::abort();
  return 0;
}
