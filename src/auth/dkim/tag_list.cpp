// auth/dkim/tag_list.cpp - see tag_list.hpp.
#include "auth/dkim/tag_list.hpp"

#include <algorithm>

#include "base/encoding.hpp"
#include "base/text.hpp"

namespace ptarmigan::dkim {
namespace {

constexpr std::string_view blanks = " \t\r\n";

bool is_tag_name(std::string_view name) {
  return !name.empty() && is_alpha(name.front()) &&
         std::ranges::all_of(name, [](char c) { return is_alnum(c) || c == '_'; });
}

/// Every CR and LF of `text` is part of a CRLF before a blank, and there are no other controls.
bool is_folded_text(std::string_view text) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\r') {
      if (text.size() - i < 3 || text[i + 1] != '\n' || !is_wsp(text[i + 2])) return false;
      i += 2;
    } else if (!is_printable_ascii(text[i]) && !is_wsp(text[i]) && static_cast<unsigned char>(text[i]) < 128) {
      return false;
    }
  }
  return true;
}

}  // namespace

Result<TagList> TagList::parse(std::string_view text) {
  if (!is_folded_text(text)) return failure("A control character or a bare line end stands in the tag list");
  TagList list;
  for (std::size_t at = 0; at < text.size();) {
    const auto end = std::min(text.find(';', at), text.size());
    const auto spec = text.substr(at, end - at);
    at = end + 1;
    if (trim(spec, blanks).empty()) {
      if (end == text.size()) break;  // after the final semicolon
      return failure("There is an empty tag");
    }
    const auto equals = spec.find('=');
    const auto name = trim(spec.substr(0, equals), blanks);
    if (equals == std::string_view::npos || !is_tag_name(name))
      return failure("\"" + printable(trim(spec, blanks), 40) + "\" is not tag=value");
    if (list.find(name) != nullptr) return failure("The tag " + std::string(name) + "= is given twice");
    if (list.tags_.size() >= max_tags) return failure("There are more than " + std::to_string(max_tags) + " tags");
    const auto raw = spec.substr(equals + 1);
    list.tags_.push_back({.name = name, .value = trim(raw, blanks), .raw_value = raw});
  }
  if (list.tags_.empty()) return failure("There is no tag");
  return list;
}

const Tag* TagList::find(std::string_view name) const {
  const auto found = std::ranges::find(tags_, name, &Tag::name);
  return found == tags_.end() ? nullptr : &*found;
}

std::optional<std::string_view> TagList::value(std::string_view name) const {
  const auto* tag = find(name);
  return tag == nullptr ? std::nullopt : std::optional(tag->value);
}

std::vector<std::string_view> colon_list(std::string_view value) {
  auto parts = split(value, ':');
  for (auto& part : parts) part = trim(part, blanks);
  return parts;
}

std::string without_blanks(std::string_view value) {
  std::string out;
  out.reserve(value.size());
  for (const char c : value)
    if (!blanks.contains(c)) out += c;
  return out;
}

std::optional<std::string> decode_base64_tag(std::string_view value) {
  if (auto octets = base64_decode(value, Base64Blanks::ignore)) return octets;
  auto text = without_blanks(value);
  if (text.contains('=')) return std::nullopt;
  text.append((4 - text.size() % 4) % 4, '=');
  return base64_decode(text);
}

}  // namespace ptarmigan::dkim
