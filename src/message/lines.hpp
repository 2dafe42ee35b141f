// message/lines.hpp - what stands between CRLFs: checks and conversion of line endings (RFC 5322#2.1.1, RFC
// 5321#4.5.3.1.6). A line ends at CRLF only. A CR or LF that is not part of a CRLF is "bare": other servers may take it
// for a line end, which is how mail is smuggled, so it is never accepted over SMTP and never sent.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace ptarmigan::message {

/// Longest line without its CRLF that SMTP carries (RFC 5321#4.5.3.1.6).
inline constexpr std::size_t max_line_octets = 998;

/// Counts over the octets that were seen.
struct LineReport {
  std::size_t octets = 0;
  std::size_t lines = 0;  ///< CRLFs
  std::size_t bare_cr = 0;
  std::size_t bare_lf = 0;
  std::size_t nul = 0;
  std::size_t eight_bit = 0;  ///< octets above 127
  std::size_t longest = 0;    ///< octets of the longest line, without CRLF
  bool ends_with_crlf = false;

  [[nodiscard]] bool bare() const { return bare_cr != 0 || bare_lf != 0; }
  [[nodiscard]] bool too_long() const { return longest > max_line_octets; }
  friend bool operator==(const LineReport&, const LineReport&) = default;
};

/// Examines text in chunks of any size; the result does not depend on the chunks.
class LineScanner {
 public:
  void feed(std::string_view chunk);
  /// What was seen so far, as if the text ended here.
  [[nodiscard]] LineReport report() const;

 private:
  LineReport report_;
  std::size_t line_ = 0;  ///< octets of the line that goes on, a CR that may be half a CRLF not counted
  bool after_cr_ = false;
};

[[nodiscard]] LineReport examine_lines(std::string_view text);

/// Every CRLF, bare LF and bare CR becomes one CRLF; nothing is added at the end. For text that a person's file or
/// program gives, never for what SMTP gives.
[[nodiscard]] std::string to_crlf(std::string_view text);

}  // namespace ptarmigan::message
