// smtp/reply.hpp - an SMTP reply: RFC 5321#4.2, enhanced status codes of RFC 3463 as RFC 2034 places them.
// Tolerant in reading, as real replies are: the code repeated inside one joined line, class 5 under a 4xx code,
// an enhanced status on some lines only, a bare LF as line end. Strict in printing.
// Limits: 2,048 octets a line, 128 lines. Threads: values.
#pragma once

#include <compare>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"

namespace ptarmigan::smtp {

/// "5.7.1"
struct EnhancedStatus {
  int cls = 0;  ///< 2, 4 or 5
  int subject = 0;
  int detail = 0;

  /// class "." subject "." detail and nothing else; subject and detail have at most 3 digits (RFC 3463#2).
  static Result<EnhancedStatus> parse(std::string_view text);
  [[nodiscard]] std::string text() const;
  friend auto operator<=>(const EnhancedStatus&, const EnhancedStatus&) = default;
};

struct Reply {
  static constexpr std::size_t max_line = 2048;  ///< RFC 5321#4.5.3.1.5 says 512; real replies are longer
  static constexpr std::size_t max_lines = 128;

  int code = 0;                            ///< 200 to 599
  std::optional<EnhancedStatus> enhanced;  ///< of the first line that has one; its class may differ from the code's
  std::vector<std::string> lines;          ///< at least one; without code, without `enhanced`, without line end

  Reply() = default;
  Reply(int reply_code, std::string line) : code(reply_code), lines{std::move(line)} {}
  Reply(int reply_code, EnhancedStatus status, std::string line)
      : code(reply_code), enhanced(status), lines{std::move(line)} {}

  /// A whole reply, as it came over the wire or as a person or a log shows it: line ends are CRLF or LF, the last may
  /// be missing; several lines may have been joined with blanks ("550-5.7.1 a 550 5.7.1 b"). Where the lines name
  /// different codes, the last line's counts.
  static Result<Reply> parse(std::string_view text);

  [[nodiscard]] bool positive() const { return code >= 200 && code < 300; }
  [[nodiscard]] bool intermediate() const { return code >= 300 && code < 400; }
  [[nodiscard]] bool transient() const { return code >= 400 && code < 500; }
  [[nodiscard]] bool permanent() const { return code >= 500; }

  /// For the wire: each line with code and enhanced status, ended by CRLF. Control characters in `lines` become '?'.
  [[nodiscard]] std::string wire() const;
  /// wire(), appended to `out`.
  void append_wire(std::string& out) const;

  /// One line for people: "550 5.7.1 first line second line".
  [[nodiscard]] std::string text() const;
  /// The lines alone, joined with blanks.
  [[nodiscard]] std::string words() const;

  friend bool operator==(const Reply&, const Reply&) = default;
};

/// Collects one reply after the other from octets that arrive in any pieces.
///
///   ReplyParser parser;
///   while (parser.feed(input) == ReplyParser::State::complete) handle(parser.take());
class ReplyParser {
 public:
  enum class State {
    incomplete,  ///< all of the input was taken, and more is needed
    complete,    ///< take() gives the reply; `input` begins behind it
    broken,      ///< not SMTP, or over a limit: problem() says what; stays so
  };

  /// Takes octets from the front of `input`, up to the end of one reply.
  State feed(std::string_view& input);
  /// The complete reply; the parser is ready for the next one.
  Reply take();
  [[nodiscard]] const std::string& problem() const { return problem_; }
  /// True where part of a reply has arrived.
  [[nodiscard]] bool in_reply() const { return !line_.empty() || !lines_.empty(); }

 private:
  State broken(std::string problem);

  std::string line_;                ///< of the line that is not yet complete
  std::vector<std::string> lines_;  ///< complete lines, with code
  std::string problem_;
};

}  // namespace ptarmigan::smtp
