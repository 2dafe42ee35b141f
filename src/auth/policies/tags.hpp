// auth/policies/tags.hpp - "v=VERSION; name=value; ..." of the policy records below underscore names. Blanks around
// names, values and semicolons do not count; a final semicolon is allowed; names keep their case.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "base/text.hpp"

namespace ptarmigan::policies {

struct Tag {
  std::string_view name;
  std::string_view value;
};

/// Nothing where a piece is not name=value, or a name stands twice. Views into `text`.
[[nodiscard]] inline std::optional<std::vector<Tag>> split_tags(std::string_view text) {
  std::vector<Tag> tags;
  const auto pieces = split(text, ';');
  for (const auto& piece : pieces) {
    const auto body = trim(piece, " \t");
    if (body.empty() && &piece == &pieces.back()) break;
    const auto equals = body.find('=');
    if (equals == std::string_view::npos) return std::nullopt;
    const Tag tag{trim(body.substr(0, equals), " \t"), trim(body.substr(equals + 1), " \t")};
    if (tag.name.empty()) return std::nullopt;
    for (const auto& earlier : tags)
      if (earlier.name == tag.name) return std::nullopt;
    tags.push_back(tag);
  }
  return tags;
}

/// True where `text` begins with the version tag alone: "v=STSv1;" or "v=STSv1".
[[nodiscard]] inline bool has_version(std::string_view text, std::string_view version) {
  const auto end = text.find(';');
  return text.starts_with("v=") &&
         trim(text.substr(2, end == std::string_view::npos ? end : end - 2), " \t") == version;
}

}  // namespace ptarmigan::policies
