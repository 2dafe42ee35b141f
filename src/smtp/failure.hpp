// smtp/failure.hpp - whose fault is it? Leads a reply, or a session that ended without one, to scope, persistence and
// cause. Receiver-neutral: reply codes (RFC 5321#4.2), enhanced codes (RFC 3463#3, RFC 7372#3, RFC 7505#4.2) and
// well-known words. The words go before the codes, as 5.7.1 alone names no cause; the reply's first digit decides
// whether trying again can help, also where the enhanced code has another class. Threads: free functions on values.
#pragma once

#include <string_view>

#include "smtp/reply.hpp"

namespace ptarmigan::smtp {

/// Where in the dialogue something happened.
enum class Stage { connect, ehlo, starttls, auth, mail, rcpt, data, end_of_data };

/// How a session or a transaction can fail without a reply that says so.
enum class Problem {
  timed_out,         ///< no answer in time
  closed,            ///< the peer closed, or the connection broke
  protocol,          ///< the peer does not speak SMTP, or spoke out of turn
  tls_not_offered,   ///< TLS is required here
  tls_failed,        ///< STARTTLS was agreed, the handshake or the certificate failed
  auth_not_offered,  ///< no mechanism that we speak
  auth_needs_tls,    ///< credentials are not sent in the clear
  too_large,         ///< larger than the SIZE that the server offers
  needs_8bitmime,    ///< what the message needs and the server does not offer
  needs_smtputf8,
  needs_binarymime,
  needs_requiretls,
  message_unreadable,  ///< our own spool could not give the message, or it holds what SMTP cannot carry
};

/// What else the failure holds for.
enum class Scope {
  session,    ///< this connection
  site,       ///< every message to this receiver from this address
  message,    ///< this message, for all its recipients
  recipient,  ///< this recipient only
};

enum class Persistence { transient, permanent };

enum class Cause {
  recipient,              ///< unknown, disabled or full mailbox, no such domain
  content,                ///< this message's words, form or size
  sender_authentication,  ///< SPF, DKIM, DMARC, ARC of this message
  sending_address,        ///< our address: PTR, IPv6 without one, block list, reputation, EHLO name
  rate,                   ///< too much, too fast; see RateAxis
  site,                   ///< the receiver's own trouble
  protocol,               ///< syntax, order of commands, credentials
  tls,                    ///< TLS demanded or failed
  policy,                 ///< refused by a rule that the reply does not name
  unknown,
};

/// What the receiver counts. The reply names it, or does not.
enum class RateAxis { unspecified, ip, netblock, dkim_domain, spf_domain, url_domain, mailbox };

struct Failure {
  Scope scope = Scope::message;
  Persistence persistence = Persistence::transient;
  Cause cause = Cause::unknown;
  RateAxis axis = RateAxis::unspecified;  ///< for Cause::rate

  friend bool operator==(const Failure&, const Failure&) = default;
};

/// `reply` is a 4xx or 5xx that came at `stage`.
[[nodiscard]] Failure classify(const Reply& reply, Stage stage);
[[nodiscard]] Failure classify(Problem problem, Stage stage);

/// Enumerators as words: "end_of_data", "sender_authentication".
[[nodiscard]] std::string_view to_string(Stage stage);
[[nodiscard]] std::string_view to_string(Problem problem);
[[nodiscard]] std::string_view to_string(Scope scope);
[[nodiscard]] std::string_view to_string(Persistence persistence);
[[nodiscard]] std::string_view to_string(Cause cause);
[[nodiscard]] std::string_view to_string(RateAxis axis);

}  // namespace ptarmigan::smtp
