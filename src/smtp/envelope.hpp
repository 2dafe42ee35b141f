// smtp/envelope.hpp - who a message is from and for, with the parameters of MAIL and RCPT: RFC 1870 (SIZE), RFC 6152
// and RFC 3030 (BODY), RFC 6531 (SMTPUTF8), RFC 3461 (RET, ENVID, NOTIFY, ORCPT), RFC 8689 (REQUIRETLS). The server
// machine fills one, the client machine sends one. Threads: values.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "smtp/path.hpp"

namespace ptarmigan::smtp {

/// BODY=: what the message holds. Enumerators stand in the order of what a receiver must be able to do.
enum class BodyType { seven_bit, eight_bit_mime, binary_mime };
/// RET=: how much of the message a bounce returns (RFC 3461#4.3).
enum class Ret { full, hdrs };

struct MailParameters {
  std::optional<std::uint64_t> size;  ///< octets, as announced
  BodyType body = BodyType::seven_bit;
  bool smtputf8 = false;
  bool require_tls = false;
  std::optional<Ret> ret = {};
  std::optional<std::string> envelope_id = {};  ///< ENVID, decoded, printable ASCII
  std::optional<std::string> auth = {};         ///< AUTH= of RFC 4954#5, decoded: a mailbox or "<>"

  friend bool operator==(const MailParameters&, const MailParameters&) = default;
};

/// NOTIFY= (RFC 3461#4.1). None of the three is NEVER.
struct Notify {
  bool success = false;
  bool failure = false;
  bool delay = false;

  friend bool operator==(const Notify&, const Notify&) = default;
};

/// ORCPT= (RFC 3461#4.2): whom the sender addressed first.
struct OriginalRecipient {
  std::string type;     ///< lower case: "rfc822", "utf-8"
  std::string address;  ///< decoded

  friend bool operator==(const OriginalRecipient&, const OriginalRecipient&) = default;
};

struct Recipient {
  ForwardPath path = {};
  std::optional<Notify> notify = {};
  std::optional<OriginalRecipient> original = {};

  friend bool operator==(const Recipient&, const Recipient&) = default;
};

struct Envelope {
  ReversePath mail_from = {};
  MailParameters parameters = {};
  std::vector<Recipient> recipients = {};

  friend bool operator==(const Envelope&, const Envelope&) = default;
};

}  // namespace ptarmigan::smtp
