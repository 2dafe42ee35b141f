// smtp/data.hpp - the message after DATA: dot-stuffing and its undoing (RFC 5321#4.5.2), and where it ends.
// Only CRLF "." CRLF ends it, and a CR or LF alone is refused in both directions (RFC 5321#2.3.8): nothing that another
// server could read as an end of data passes. Nothing is copied: views into the caller's chunks, or static text.
// Limits: 1,000 octets a text line with CRLF (RFC 5321#4.5.3.1.6). Threads: one object, one thread.
#pragma once

#include <cstddef>
#include <string_view>
#include <vector>

namespace ptarmigan::smtp {

constexpr std::size_t max_text_line = 1000;  ///< RFC 5321#4.5.3.1.6, with CRLF, without a stuffed dot

/// What makes a message one that is not passed on.
enum class DataFault { none, bare_cr, bare_lf, nul, long_line };

/// "a CR without LF" and the like, for replies and errors.
[[nodiscard]] std::string_view to_string(DataFault fault);

/// Where a message ends.
enum class Framing {
  dot,      ///< DATA: CRLF "." CRLF ends it, dots are stuffed
  counted,  ///< BDAT: the caller counts octets and calls end_of_input()
};

/// Undoes dot-stuffing and finds the end.
///
///   while (!input.empty() && !reader.finished()) keep(reader.next(input));
///
/// What is handed out, joined, is the message with CRLF line ends. After a fault nothing more is handed out, but the
/// true end is still looked for, so that the octets behind it are commands again.
class DataReader {
 public:
  /// Lines longer than `line_limit` octets (with CRLF) are a fault.
  explicit DataReader(std::size_t line_limit = max_text_line, Framing framing = Framing::dot)
      : line_limit_(line_limit), framing_(framing) {}

  /// Takes from the front of `input` up to the end of data at most, and gives the content found there: a long view into
  /// `input`, or static text, or nothing. Valid as long as the octets of `input`.
  [[nodiscard]] std::string_view next(std::string_view& input);
  /// For Framing::counted: that was all; a CR at the very end is a fault.
  void end_of_input();
  [[nodiscard]] bool finished() const { return state_ == State::finished; }
  [[nodiscard]] DataFault fault() const { return fault_; }

 private:
  enum class State { line_start, dot, dot_cr, text, cr, finished };

  [[nodiscard]] bool at_dot(std::string_view input) const;
  std::string_view resolve(std::string_view& input);
  std::size_t take_lines(std::string_view input);
  void take_faulty(std::string_view& input);
  void found(DataFault fault);

  State state_ = State::line_start;
  DataFault fault_ = DataFault::none;
  std::size_t line_length_ = 0;
  std::size_t line_limit_;
  Framing framing_;
};

/// Adds the dots and the end. The message has CRLF line ends already; a last line without one gets it.
///
///   for (chunk : message) if (stuffer.add(chunk, views) != DataFault::none) abandon the connection;
///   stuffer.finish(views);
class DotStuffer {
 public:
  /// Appends to `out` what to send for `chunk`: views into it and static text. On a fault nothing of the offending line
  /// end is appended, and every later call gives the same fault.
  [[nodiscard]] DataFault add(std::string_view chunk, std::vector<std::string_view>& out);
  /// Appends the end of data: ".\r\n", with CRLF before it where the message does not end with one.
  [[nodiscard]] DataFault finish(std::vector<std::string_view>& out);

 private:
  enum class State { line_start, text, cr };

  State state_ = State::line_start;
  DataFault fault_ = DataFault::none;
};

}  // namespace ptarmigan::smtp
