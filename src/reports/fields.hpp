// reports/fields.hpp - what the field-like reports share (RFC 3464#2.1, RFC 5965#3): groups of fields, values with a
// type before them, and the header of the mail that a report is about.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "message/header.hpp"
#include "reports/notes.hpp"

namespace ptarmigan::reports {

/// How much of an original's header a report keeps.
inline constexpr std::size_t max_original_header = 64U << 10;

/// "rfc822; user@example.com", "dns; mail.example.com" (RFC 3464#2.1.2). A value without a type has an empty one.
struct TypedValue {
  std::string type;  ///< lower-case
  std::string value;

  [[nodiscard]] bool empty() const { return value.empty(); }
  /// `text` is unfolded.
  static TypedValue parse(std::string_view text);
};

/// The mail that a report is about, as far as it came back.
struct OriginalMail {
  std::string header;  ///< its fields with LF line ends, cut at max_original_header; "" where none came back
  std::string message_id;
  std::string from;
  std::string to;
  std::string subject;
  std::string date;

  [[nodiscard]] bool empty() const { return header.empty(); }
};

/// Of a message, or of the header alone.
[[nodiscard]] OriginalMail read_original(std::string_view text, Notes& notes);

/// A text of fields, in groups that empty lines part, as views into it. Line ends are CRLF.
[[nodiscard]] std::vector<message::HeaderSection> field_groups(std::string_view text, Notes& notes);

/// Readable, unfolded, without comments in parentheses at its end: "5.0.0 (permanent failure)" is "5.0.0".
[[nodiscard]] std::string value_without_comment(std::string_view value);
/// The unfolded value of a field as readable text; "" for nullptr.
[[nodiscard]] std::string value_of(const message::HeaderField* field, Notes& notes);

/// One field that no structure has a place for.
struct OtherField {
  std::string name;
  std::string value;
};

}  // namespace ptarmigan::reports
