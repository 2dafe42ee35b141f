// net/dns_update.hpp - changes of a zone by dynamic update (RFC 2136), signed with TSIG (RFC 8945#5.1), over TCP.
//
//   auto key = net::TsigKey::parse("hmac-sha256:update.example:c2VjcmV0");
//   auto reply = co_await net::send_update(server, zone, changes, *key, net::in(10s));
//
// All changes of one call are made, or none: their prerequisites are exactly what was seen before. The answer's own
// signature is verified. Limits: 64 KiB a message. Threads: any executor.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include <boost/asio/awaitable.hpp>

#include "base/ip_address.hpp"
#include "base/result.hpp"
#include "base/secret.hpp"
#include "base/time.hpp"
#include "dns/record.hpp"

namespace ptarmigan::net {

struct TsigKey {
  dns::DomainName name;
  std::string algorithm;  ///< "hmac-sha256", without final dot
  Secret secret;          ///< base64

  /// "ALGORITHM:NAME:SECRET", as knsupdate -k reads it, or BIND's `key "NAME" { algorithm ...; secret "..."; };`.
  static Result<TsigKey> parse(std::string_view text);
};

/// One RRset: exactly `before` must be there (nothing, where it is empty), and becomes `after`.
struct RrsetChange {
  dns::DomainName owner;
  dns::RecordType type = dns::RecordType::txt;
  std::vector<dns::Record> before;
  std::vector<dns::Record> after;
};

enum class UpdateOutcome {
  applied,
  prerequisite_failed,  ///< NXRRSET, YXRRSET, NXDOMAIN, YXDOMAIN: the zone is not what was seen
  bad_key,              ///< BADKEY, BADSIG, BADTIME, or an answer that is not signed with the key
  not_authorised,       ///< REFUSED
  not_its_zone,         ///< NOTAUTH, NOTZONE without a fault of the key
  failed,               ///< SERVFAIL, FORMERR, NOTIMP
  no_answer,
};
[[nodiscard]] std::string_view to_string(UpdateOutcome outcome);

struct UpdateReply {
  UpdateOutcome outcome = UpdateOutcome::no_answer;
  std::string detail;  ///< for people: what the server said, and what to do
};

/// Without a key the update is not signed.
[[nodiscard]] boost::asio::awaitable<UpdateReply> send_update(Endpoint server, dns::DomainName zone,
                                                              std::vector<RrsetChange> changes,
                                                              std::optional<TsigKey> key, SteadyTime deadline);

}  // namespace ptarmigan::net
