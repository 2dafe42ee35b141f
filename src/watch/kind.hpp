// watch/kind.hpp - what a refusal is about, finer than whose fault it is (smtp::Cause): the word that refusals are
// counted, grouped and shown by. A rule says it exactly; without one the reply's codes and words do.
// Also a reply's shape: its words without what differs from message to message, so that a thousand refusals are one
// line. Pure. Threads: free functions on values.
#pragma once

#include <string>
#include <string_view>

#include "smtp/failure.hpp"

namespace ptarmigan::watch {

enum class Kind {
  ptr,   ///< no reverse DNS, or it does not lead back, or it looks generic
  ipv6,  ///< refused as mail over IPv6
  ehlo,  ///< the name in EHLO
  spf,
  dkim,
  dmarc,
  alignment,       ///< From is not the domain that SPF or DKIM proved
  authentication,  ///< SPF and DKIM together, ARC, or not told which
  tls,
  listing,     ///< on a block list
  reputation,  ///< of the address or the domain, as the receiver sees it
  rate,
  content,
  form,  ///< header fields, size, syntax of the message
  unsubscribe,
  recipient,      ///< unknown or disabled
  mailbox,        ///< full, or gets too much
  sender_domain,  ///< the domain of MAIL FROM or From does not exist or takes no mail
  policy,         ///< a rule of the receiver or its customer
  connection,     ///< no connection, closed, timed out
  site,           ///< the receiver's own trouble
  protocol,
  unknown,
};
[[nodiscard]] std::string_view to_string(Kind kind);
[[nodiscard]] Kind kind_of_word(std::string_view word);
/// For a heading: "no valid reverse DNS (PTR)".
[[nodiscard]] std::string_view words_of(Kind kind);

struct Refused {
  std::string_view rule_id;          ///< "" where no rule is known
  std::string_view cause;            ///< smtp::Cause's word
  int reply_code = 0;                ///< 0: no reply came
  std::string_view enhanced_status;  ///< "5.7.25"
  std::string_view reply_text;
};
[[nodiscard]] Kind kind_of(const Refused& refused);
/// Whether it is known what is to be done: a rule, or a kind that says it.
[[nodiscard]] bool is_classified(Kind kind, std::string_view rule_id);

inline constexpr std::size_t max_shape = 300;
/// "550 5.7.1 [192.0.2.1 18] Our system ... gsmtp" gives "our system ... gsmtp": lower case; addresses, numbers,
/// ids and mail addresses as marks. At most max_shape octets.
[[nodiscard]] std::string reply_shape(std::string_view text);

}  // namespace ptarmigan::watch
