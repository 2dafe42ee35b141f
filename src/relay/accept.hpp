// relay/accept.hpp - a submitted message as the spool keeps it: trace field, missing Date and Message-ID, recipient
// groups. Pure: ids and time are passed in. RFC 5321#4.4 (Received), RFC 6409#8 (what a submission server may add).
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "base/ip_address.hpp"
#include "base/time.hpp"
#include "config/config.hpp"
#include "dns/name.hpp"
#include "relay/submission_gate.hpp"
#include "smtp/reply.hpp"
#include "smtp/server_machine.hpp"
#include "spool/records.hpp"

namespace ptarmigan::relay {

/// More Received fields than this mean a loop (RFC 5321#6.3).
inline constexpr std::size_t max_received_fields = 100;
/// Recipients of one group; more of one domain make several groups.
inline constexpr std::size_t max_group_recipients = 100;

struct Accepted {
  spool::MessageRecord message;
  std::vector<spool::GroupRecord> groups;
  std::string octets;                      ///< the message with what was put on top
  std::vector<std::string> warnings = {};  ///< of the gate, for the reply that accepts
};

/// What the submission server knows of one finished message.
struct Submitted {
  const smtp::server::Session* session = nullptr;
  IpAddress client;
  std::string body;  ///< header and body, CRLF line ends
  QueueId id;
  Moment now;
  dns::DomainName hostname;
  std::string_view protocol = {};  ///< of the trace field; of the session's kind where empty
  config::Gate gate = {};
  /// Whether mail with a reverse-path in this domain gets one for each recipient (verp.hpp).
  std::function<bool(const std::string& domain)> verp = {};
  /// Whether mail of this From domain is signed.
  std::function<Signing(const dns::DomainName&)> signing = {};
};

/// The message for the spool, or the reply that refuses it.
[[nodiscard]] std::expected<Accepted, smtp::Reply> accept_message(Submitted submitted);

}  // namespace ptarmigan::relay
