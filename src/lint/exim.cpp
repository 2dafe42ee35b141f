// lint/exim.cpp - see exim.hpp.
#include "lint/exim.hpp"

#include <algorithm>

#include "base/text.hpp"
#include "lint/source.hpp"

namespace ptarmigan::lint {
namespace {

class Parser {
 public:
  EximFile parse(std::string_view text) {
    const auto lines = lines_of(text);
    for (std::size_t i = 0; i < lines.size(); ++i) {
      const auto bare = trim(lines[i]);
      if (bare.empty() || bare.starts_with('#')) continue;
      if (bare.starts_with('.') && directive(bare)) continue;
      const auto first = i;
      std::string joined(bare);
      while (joined.ends_with('\\') && i + 1 < lines.size()) {
        joined.pop_back();
        const auto next = trim(lines[++i]);
        if (next.starts_with('#')) {
          joined += '\\';
          continue;
        }
        joined += next;
      }
      statement(lines[first], lines[i], joined);
    }
    return std::move(out_);
  }

 private:
  bool directive(std::string_view line) {
    const auto blank = line.find_first_of(" \t");
    const auto word = line.substr(0, blank);
    const auto rest = blank == std::string_view::npos ? line.substr(line.size()) : trim(line.substr(blank));
    if (word == ".ifdef" || word == ".ifndef") {
      const bool defined = std::ranges::any_of(out_.macros, [&](std::string_view m) { return rest == m; });
      open_.push_back(out_.conditionals.size());
      out_.conditionals.push_back({rest, line, word == ".ifdef", defined || rest.starts_with('_')});
      return true;
    }
    if (word == ".endif") {
      if (!open_.empty()) open_.pop_back();
      return true;
    }
    if (word == ".else" && !open_.empty()) {
      auto turned = out_.conditionals[open_.back()];
      turned.wants_defined = !turned.wants_defined;
      open_.back() = out_.conditionals.size();
      out_.conditionals.push_back(turned);
      return true;
    }
    return word == ".else" || word == ".elifdef" || word == ".elifndef" || word.starts_with(".include");
  }

  void statement(std::string_view first, std::string_view last, const std::string& joined) {
    const auto bare = trim(first);
    if (istarts_with(bare, "begin ") || istarts_with(bare, "begin\t")) {
      section_ = std::string(trim(bare.substr(5)));
      driver_.clear();
      return;
    }
    const auto equals = bare.find('=');
    const auto name_text = trim(bare.substr(0, equals));
    if (equals == std::string_view::npos && bare.ends_with(':') && section_ != "main") {
      driver_ = std::string(bare.substr(0, bare.size() - 1));
      return;
    }
    if (!name_text.empty() && name_text.front() >= 'A' && name_text.front() <= 'Z') {
      if (equals != std::string_view::npos) out_.macros.push_back(trim(name_text, " \t="));
      return;
    }
    option(bare, last, joined, name_text, equals);
  }

  void option(std::string_view bare, std::string_view last, const std::string& joined, std::string_view name,
              std::size_t equals) {
    EximOption out;
    if (name.starts_with("hide ")) name = trim(name.substr(5));
    out.value = "true";
    for (const std::string_view negation : {"not_", "no_"}) {
      if (equals != std::string_view::npos || !name.starts_with(negation)) continue;
      name.remove_prefix(negation.size());
      out.value = "false";
      break;
    }
    if (name.empty() || !std::ranges::all_of(name, [](char c) { return is_alnum(c) || c == '_'; })) return;
    out.name = name;
    out.line = bare;
    out.raw = bare.substr(bare.size());
    if (equals != std::string_view::npos) {
      const auto begin = trim(bare.substr(equals + 1));
      const auto* start = begin.empty() ? bare.data() + bare.size() : begin.data();
      const auto end = trim(last);
      const auto* stop = end.empty() ? start : std::max(start, end.data() + end.size());
      out.raw = {start, static_cast<std::size_t>(stop - start)};
      out.value = trim(std::string_view(joined).substr(std::min(joined.find('=') + 1, joined.size())));
    }
    out.section = section_;
    out.driver = driver_;
    out.within = open_;
    out_.options.push_back(std::move(out));
  }

  EximFile out_;
  std::vector<std::size_t> open_;
  std::string section_ = "main";
  std::string driver_;
};

}  // namespace

EximFile parse_exim(std::string_view text) {
  return Parser().parse(text);
}

}  // namespace ptarmigan::lint
