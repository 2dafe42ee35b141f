// auth/dkim/tag_list.hpp - "tag=value; tag=value" (RFC 6376#3.2), as in DKIM-Signature, key records, ARC fields and
// DMARC records. Tag names are case-sensitive, a tag given twice is an error, one final semicolon is allowed. Blanks
// and folds (CRLF before a blank) around names and values do not belong to them. Octets above 127 are accepted in
// values (RFC 8616#4). Limits: max_tags.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"

namespace ptarmigan::dkim {

inline constexpr std::size_t max_tags = 64;

struct Tag {
  std::string_view name;
  /// Without the blanks around it; blanks and folds inside are kept.
  std::string_view value;
  /// All between `=` and `;`: what is cut out of a signature before it is hashed (RFC 6376#3.7).
  std::string_view raw_value;
};

class TagList {
 public:
  /// `text` must outlive the list.
  static Result<TagList> parse(std::string_view text);
  [[nodiscard]] const std::vector<Tag>& tags() const { return tags_; }
  [[nodiscard]] const Tag* find(std::string_view name) const;
  /// The value, or nothing where the tag is absent.
  [[nodiscard]] std::optional<std::string_view> value(std::string_view name) const;

 private:
  std::vector<Tag> tags_;
};

/// The parts of a colon-separated value, blanks around each removed; "a::b" has an empty one.
[[nodiscard]] std::vector<std::string_view> colon_list(std::string_view value);
/// Base64 with blanks and folds inside; missing padding is allowed, as the grammar of RFC 6376#2.10 does.
[[nodiscard]] std::optional<std::string> decode_base64_tag(std::string_view value);
/// Without blanks and folds.
[[nodiscard]] std::string without_blanks(std::string_view value);

}  // namespace ptarmigan::dkim
