// lint/render.cpp - see render.hpp.
#include "lint/render.hpp"

#include <nlohmann/json.hpp>

#include "base/text.hpp"

namespace ptarmigan::lint {
namespace {

constexpr std::size_t columns = 100;
constexpr std::size_t longest_line_shown = 400;

/// Words of `text` in lines that begin with `indent`.
std::string wrapped(std::string_view label, std::string_view text) {
  const std::string indent(4 + label.size(), ' ');
  std::string out = "    " + std::string(label);
  std::size_t width = out.size();
  bool first = true;
  for (const auto word : split(text, ' ')) {
    if (!first && width + 1 + word.size() > columns) {
      out += "\n" + indent;
      width = indent.size();
      first = true;
    }
    out += (first ? "" : " ") + std::string(word);
    width += word.size() + (first ? 0 : 1);
    first = false;
  }
  return out + "\n";
}

std::string quoted_lines(std::string_view mark, std::string_view lines) {
  std::string out;
  for (const auto line : split(lines, '\n'))
    out += "    " + std::string(mark) + " " + printable(line, longest_line_shown) + "\n";
  return out;
}

}  // namespace

std::string text(const std::vector<Input>& inputs, const std::vector<Finding>& findings) {
  std::string out;
  for (const auto& finding : findings) {
    out += printable(inputs[finding.file].name) + ":" + std::to_string(finding.line) + ":" +
           std::to_string(finding.column) + ": " + std::string(to_string(finding.severity)) + " " +
           std::string(finding.rule->id) + ": " + printable(finding.what, longest_line_shown) + "\n";
    out += wrapped("why: ", finding.rule->why);
    out += wrapped("fix: ", finding.remedy);
    if (finding.edit) out += quoted_lines("-", finding.before) + quoted_lines("+", finding.after);
    out += "\n";
  }
  return out;
}

std::string json(const std::vector<Input>& inputs, const std::vector<Finding>& findings) {
  using Json = nlohmann::ordered_json;
  Json out{{"version", json_version}, {"files", Json::array()}, {"findings", Json::array()}};
  for (const auto& input : inputs) out["files"].push_back({{"name", input.name}, {"kind", to_string(input.kind)}});
  for (const auto& finding : findings) {
    Json one{{"id", finding.rule->id},
             {"title", finding.rule->title},
             {"severity", to_string(finding.severity)},
             {"file", inputs[finding.file].name},
             {"line", finding.line},
             {"column", finding.column},
             {"what", finding.what},
             {"why", finding.rule->why},
             {"remedy", finding.remedy},
             {"before", finding.before}};
    if (finding.edit) {
      one["after"] = finding.after;
      one["edit"] = {{"offset", finding.edit->offset}, {"length", finding.edit->length}, {"text", finding.edit->text}};
    }
    out["findings"].push_back(std::move(one));
  }
  return out.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace ptarmigan::lint
