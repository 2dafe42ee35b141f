// message/header.hpp - the header section of a message on raw octets (RFC 5322#2.2, RFC 5322#4.5), without copying.
//
// One boundary, for everyone who reads a message: a line ends at CRLF and at nothing else; the header section ends
// before the first empty line, or with the message where there is none. A line that is no field and continues none (no
// colon, or no field name before it) stays inside the section as a *stray* field with an empty name: it is never found,
// signed or believed, and malformed() tells of it. Blanks between name and colon are allowed (RFC 5322#4.5.8, `From :
// x`). Limits: HeaderLimits. Errors: a limit that is exceeded. Threads: values and free functions.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"

namespace ptarmigan::message {

struct HeaderLimits {
  std::size_t fields = 10'000;
  std::size_t field_octets = std::size_t{256} << 10;
  std::size_t section_octets = std::size_t{1} << 20;
};

/// Views into the message that was parsed.
struct HeaderField {
  /// As written, without blanks before the colon: "Subject"; "" for a stray line.
  std::string_view name;
  /// The whole field: name, colon, folds and the final CRLF (absent only where the message ends without one).
  std::string_view raw;
  /// What follows the colon, folds included, without the final CRLF. For a stray line: all of it.
  std::string_view body;

  /// Compares without case.
  [[nodiscard]] bool is(std::string_view wanted) const;
  [[nodiscard]] bool stray() const { return name.empty(); }
  /// The body on one line: each CRLF before a blank removed (RFC 5322#2.2.3), blanks at both ends trimmed.
  [[nodiscard]] std::string value() const;
};

/// `body` with each CRLF before a blank removed and blanks at both ends trimmed.
[[nodiscard]] std::string unfold(std::string_view body);

class HeaderSection {
 public:
  /// No fields: the message begins with its empty line.
  HeaderSection() = default;
  /// `message` begins with the header section; what follows the empty line is not looked at. It must outlive the
  /// section.
  static Result<HeaderSection> parse(std::string_view message, const HeaderLimits& limits = {});

  /// Top-down, stray lines included.
  [[nodiscard]] const std::vector<HeaderField>& fields() const { return fields_; }
  /// The topmost, or the bottommost field of that name; nullptr where there is none.
  [[nodiscard]] const HeaderField* first(std::string_view name) const;
  [[nodiscard]] const HeaderField* last(std::string_view name) const;
  /// Top-down; valid while the section is.
  [[nodiscard]] std::vector<const HeaderField*> all(std::string_view name) const;
  [[nodiscard]] std::size_t count(std::string_view name) const;

  /// The octets of all fields, without the empty line.
  [[nodiscard]] std::string_view raw() const { return raw_; }
  /// Where the body begins in the parsed message: after the empty line, or its end.
  [[nodiscard]] std::size_t body_offset() const { return body_offset_; }
  /// False where the message ended without the empty line.
  [[nodiscard]] bool ended() const { return body_offset_ > raw_.size(); }
  /// True where there is a stray line: other readers may end the header there.
  [[nodiscard]] bool malformed() const { return malformed_; }

 private:
  Result<void> append_line(std::string_view line, const HeaderLimits& limits);

  std::vector<HeaderField> fields_;
  std::string_view raw_;
  std::size_t body_offset_ = 0;
  bool malformed_ = false;
};

/// Takes a message in chunks of any size and keeps its header section: the streaming form of HeaderSection::parse.
///   HeaderCollector header;
///   while (!header.complete()) { chunk.remove_prefix(*header.feed(chunk)); ... }
///   auto section = HeaderSection::parse(header.octets());      // and what is left of the chunk is body
class HeaderCollector {
 public:
  explicit HeaderCollector(std::size_t section_octets = HeaderLimits{}.section_octets) : limit_(section_octets) {}

  /// Keeps the octets of `chunk` that belong to the header, empty line included, and says how many they are; all of
  /// them while the section goes on. An error where the section grows beyond the limit; it stays one.
  Result<std::size_t> feed(std::string_view chunk);
  [[nodiscard]] bool complete() const { return complete_; }
  /// The section and, once complete, its empty line.
  [[nodiscard]] const std::string& octets() const { return octets_; }

 private:
  std::size_t limit_;
  std::string octets_;
  bool complete_ = false;
};

}  // namespace ptarmigan::message
