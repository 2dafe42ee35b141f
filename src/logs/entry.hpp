// logs/entry.hpp - Entry: what one line of a mail server's log says. A plain value.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/ip_address.hpp"

namespace ptarmigan::logs {

enum class Kind {
  attempt,         ///< what became of one recipient in one delivery: sent, deferred, bounced ...
  refusal,         ///< a server refused, and the mail server goes on to the next one
  connect_failed,  ///< no connection, or lost before anything was said
  lost,            ///< connection lost or timed out within a session
  tls,             ///< TLS was agreed
  tls_failed,      ///< a certificate or a handshake that failed
  arrival,         ///< a message entered the queue, or says where it came from
  active,          ///< a message is taken up for delivery: sender, size, number of recipients
  message_id,      ///< of the header
  removed,         ///< a message has left the queue
  expired,         ///< a message was given up
  notification,    ///< a bounce or a delay notice was made
  rejected,        ///< a client's command was refused
  client,          ///< a client came or went
  authentication,  ///< what a signature was worth
  warning,         ///< warning, error, fatal, panic
  statistics,
  other,
};
[[nodiscard]] std::string_view to_string(Kind kind);

/// "host[192.0.2.1]:25", "host[private/lmtp]", "local", "none"
struct Peer {
  std::string host = {};  ///< as written; "" where only a service is named
  std::optional<IpAddress> address = {};
  std::optional<std::uint16_t> port = {};
  std::string service = {};  ///< "local", "virtual", "private/dovecot-lmtp"; "" otherwise
  friend bool operator==(const Peer&, const Peer&) = default;
};

struct TlsWords {
  std::string trust;    ///< "Anonymous", "Untrusted", "Trusted", "Verified"; of Exim "yes", "no", "dane"
  std::string version;  ///< "TLSv1.3"
  std::string cipher;
  friend bool operator==(const TlsWords&, const TlsWords&) = default;
};

/// Seconds, as logged: before the queue manager, in it, connecting, transmitting.
using Delays = std::array<double, 4>;

enum class Mailer { postfix, exim };

struct Entry {
  Mailer mailer = Mailer::postfix;
  Kind kind = Kind::other;
  std::string queue_id;  ///< also "NOQUEUE"
  std::string sender;    ///< without angle brackets
  bool has_sender = false;
  std::string recipient;
  std::string original_recipient;
  std::string message_id;
  std::optional<std::uint64_t> size;
  std::optional<Peer> relay;   ///< whom it was given to
  std::optional<Peer> client;  ///< who gave it to us
  std::optional<IpAddress> local_address;
  std::string status;  ///< "sent", "deferred", "bounced", "expired", "undeliverable" ...
  std::string dsn;     ///< "5.7.1"
  std::string words;   ///< the mail server's own sentence: what stands in brackets behind the status
  std::string reply;   ///< what the receiver said, "550-5.7.1 a 550 5.7.1 b"; "" where it said nothing
  std::string stage;   ///< "RCPT TO", "end of DATA" as the log words it
  std::optional<double> delay;
  std::optional<Delays> delays;
  unsigned connection_use = 1;
  std::optional<TlsWords> tls;
  /// The line's own parts, unchanged, under names that are widely used for them: docs/reference/log-json.md.
  std::vector<std::pair<std::string, std::string>> fields;

  void field(std::string name, std::string_view value) { fields.emplace_back(std::move(name), value); }
  /// "" where it is absent.
  [[nodiscard]] std::string_view field_of(std::string_view name) const {
    for (const auto& [key, value] : fields)
      if (key == name) return value;
    return {};
  }
  friend bool operator==(const Entry&, const Entry&) = default;
};

}  // namespace ptarmigan::logs
