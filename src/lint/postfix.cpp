// lint/postfix.cpp - see postfix.hpp.
#include "lint/postfix.hpp"

#include <algorithm>

#include "base/text.hpp"
#include "lint/source.hpp"

namespace ptarmigan::lint {
namespace {

bool is_comment_or_blank(std::string_view line) {
  const auto bare = trim(line);
  return bare.empty() || bare.starts_with('#');
}

/// Logical lines: a line that begins with a blank continues the one before; comments between do not end it.
std::vector<std::vector<std::string_view>> logical_lines(std::string_view text) {
  std::vector<std::vector<std::string_view>> out;
  for (const auto line : lines_of(text)) {
    if (is_comment_or_blank(line)) continue;
    if (is_wsp(line.front()) && !out.empty())
      out.back().push_back(line);
    else
      out.push_back({line});
  }
  return out;
}

std::string_view span_of(std::string_view first, std::string_view last) {
  return {first.data(), static_cast<std::size_t>(last.data() + last.size() - first.data())};
}

std::vector<std::string_view> words_of(const std::vector<std::string_view>& lines) {
  std::vector<std::string_view> out;
  for (const auto line : lines) {
    std::size_t at = 0;
    while (at < line.size()) {
      while (at < line.size() && is_wsp(line[at])) ++at;
      auto end = at;
      if (end < line.size() && line[end] == '{') {  // { name = value } is one word
        while (end < line.size() && line[end] != '}') ++end;
      }
      while (end < line.size() && !is_wsp(line[end])) ++end;
      if (end > at) out.push_back(line.substr(at, end - at));
      at = end;
    }
  }
  return out;
}

constexpr std::size_t service_fields = 8;
constexpr std::size_t chroot_field = 4;

Setting override_of(std::string_view word) {
  const auto bare = trim(word, "{} \t");
  const auto equals = bare.find('=');
  Setting out;
  out.line = word;
  out.name = trim(bare.substr(0, equals));
  out.raw = equals == std::string_view::npos ? bare.substr(bare.size()) : trim(bare.substr(equals + 1));
  out.value = out.raw;
  return out;
}

}  // namespace

MainCf parse_main_cf(std::string_view text) {
  MainCf out;
  for (const auto& lines : logical_lines(text)) {
    const auto first = lines.front();
    const auto equals = first.find('=');
    const auto name = trim(first.substr(0, equals));
    const bool is_name = !name.empty() && std::ranges::all_of(name, [](char c) { return is_alnum(c) || c == '_'; });
    if (equals == std::string_view::npos || !is_name || is_wsp(first.front())) {
      out.strays.push_back(first);
      continue;
    }
    Setting setting;
    setting.name = name;
    setting.line = first;
    auto begin = trim(first.substr(equals + 1));
    if (begin.empty()) begin = first.substr(first.size());
    setting.value = begin;
    for (std::size_t i = 1; i < lines.size(); ++i)
      setting.value += (setting.value.empty() ? "" : " ") + std::string(trim(lines[i]));
    setting.raw = lines.size() == 1 ? begin : span_of(begin, lines.back());
    out.settings.push_back(std::move(setting));
  }
  return out;
}

const Setting* MainCf::find(std::string_view name) const {
  const auto at = std::find_if(settings.rbegin(), settings.rend(), [&](const Setting& s) { return s.name == name; });
  return at == settings.rend() ? nullptr : &*at;
}

std::string MainCf::value(std::string_view name, std::string_view otherwise) const {
  const auto* setting = find(name);
  return setting != nullptr ? setting->value : std::string(otherwise);
}

MasterCf parse_master_cf(std::string_view text) {
  MasterCf out;
  for (const auto& lines : logical_lines(text)) {
    const auto words = words_of(lines);
    if (words.size() < service_fields || is_wsp(lines.front().front())) {
      out.strays.push_back(lines.front());
      continue;
    }
    Service service{words[0], words[1], words[service_fields - 1], {}, lines.front(), words[chroot_field]};
    for (auto i = service_fields; i + 1 < words.size(); ++i)
      if (words[i] == "-o") service.overrides.push_back(override_of(words[++i]));
    out.services.push_back(std::move(service));
  }
  return out;
}

}  // namespace ptarmigan::lint
