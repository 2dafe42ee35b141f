// config/reference.cpp - see reference.hpp.
#include "config/reference.hpp"

#include "config/settings.hpp"

namespace ptarmigan::config {
namespace {

std::string cell(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '|') out += '\\';
    out += c;
  }
  return out;
}

/// "domain[].dkim[].selector" -> {"[[domain.dkim]]", "selector"}
std::pair<std::string, std::string> section_and_key(std::string_view path) {
  const auto dot = path.rfind('.');
  if (dot == std::string_view::npos) return {"Top of the file", std::string(path)};
  const auto tables = path.substr(0, dot);
  std::string name;
  for (std::size_t i = 0; i < tables.size(); ++i)
    if (tables[i] != '[' && tables[i] != ']') name += tables[i];
  return {tables.ends_with("[]") ? "[[" + name + "]]" : "[" + name + "]", std::string(path.substr(dot + 1))};
}

}  // namespace

std::string settings_reference() {
  std::string out =
      "# Settings\n\nEvery setting of `ptarmigan.toml`. This page is made by `ptarmigan config reference` from the "
      "table that the program "
      "itself reads;\na section in double brackets may be repeated.\n";
  std::string current;
  for (const auto& setting : settings()) {
    const auto [section, key] = section_and_key(setting.path);
    if (section != current) {
      out +=
          "\n## " + section + "\n\n| setting | kind | default | bounds | meaning |\n| --- | --- | --- | --- | --- |\n";
      current = section;
    }
    out += "| `" + key + "` | " + cell(setting.kind) + " | " + cell(setting.default_value) + " | " +
           cell(setting.bounds) + " | " + cell(setting.meaning) + " |\n";
  }
  return out;
}

}  // namespace ptarmigan::config
