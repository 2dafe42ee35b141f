// reports/dsn.hpp - the notice to a sender that mail failed, is late or was relayed (RFC 3464, RFC 6522, RFC 3461#6).
// Pure: ids, times and the boundary are passed in. Foreign text (replies, addresses) passes encode.hpp only.
// The notice goes from the null reverse-path to `to`; build() refuses to make one about mail that came from there
// (RFC 3461#6.1: never a notice about a notice).
// Limits: max_returned_message, max_returned_headers, encode.hpp. Threads: free functions on values.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "base/time.hpp"

namespace ptarmigan::reports {

/// RFC 3464#2.3.3.
enum class Action {
  failed,
  delayed,
  relayed,  ///< success was asked for, and the next host does not send notices
};

[[nodiscard]] std::string_view to_string(Action action);

/// What of the original goes along, RFC 3461#4.3.
enum class Return { headers, full };

inline constexpr std::size_t max_returned_message = 1U << 20;  ///< a longer one comes back as its headers
inline constexpr std::size_t max_returned_headers = 64U << 10;

/// Another route's refusal, before the last reply.
struct EarlierRefusal {
  std::string route;  ///< source address or relay, as people know it
  std::string reply;
};

struct DsnRecipient {
  std::string address;
  std::string orcpt;       ///< as given, "rfc822;user+2Bx@example.com"; "" where not given
  std::string status;      ///< "5.7.1"; where it is no enhanced status, the action's general one is used
  std::string remote_mta;  ///< host name; "" where none was reached
  std::string reply;       ///< the last reply, lines joined by LF; "" where there was none
  std::string reason;      ///< a sentence for people: "The receiver does not accept mail from this address"
  std::string fix;         ///< what the sending system's administrator can do; "" where nothing
  std::optional<EarlierRefusal> first_refusal = {};
  std::optional<WallTime> last_attempt = {};
  std::optional<WallTime> retry_until = {};  ///< of Action::delayed
};

struct Dsn {
  Action action = Action::failed;
  std::string reporting_mta;  ///< our host name
  std::string from;           ///< address of the notice, e.g. "mailer-daemon@mail.example.com"
  std::string to;             ///< the original's reverse-path
  std::string message_id;     ///< of the notice, without angle brackets
  std::string boundary;       ///< 1 to 70 letters and digits that occur nowhere in the message
  WallTime now;
  WallTime arrived;  ///< when we accepted the original
  std::string queue_id;
  std::string envid;                ///< RFC 3461#4.4 as given; "" where not given
  std::string original_message_id;  ///< with angle brackets; "" where unknown
  Return returned = Return::headers;
  std::vector<DsnRecipient> recipients;
};

struct BuiltDsn {
  std::string octets;      ///< a whole message with CRLF line ends
  bool eight_bit = false;  ///< needs BODY=8BITMIME (a returned message does)
  bool smtputf8 = false;   ///< needs SMTPUTF8 (`to` does)
};

/// `original` is the message as we accepted it, or only its headers, or "" where it is no longer there; it is not kept.
[[nodiscard]] Result<BuiltDsn> build(const Dsn& dsn, std::string_view original);

}  // namespace ptarmigan::reports
