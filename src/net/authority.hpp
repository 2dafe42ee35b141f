// net/authority.hpp - asks the authoritative servers of a zone themselves: what is published, apart from what caches
// still say, and who serves a zone (for a reverse zone: who can publish a PTR).
//
//   net::Authority authority(resolver);
//   auto said = co_await authority.ask({name, dns::RecordType::ptr}, net::in(10s));      // said.answer, said.zone,
//   said.server
//
// The zone and its servers are found through the resolver; the question then goes to them without recursion, over UDP
// with EDNS and, where truncated, TCP. Answers are not validated: `dnssec` is always insecure. CNAMEs are followed from
// zone to zone (RFC 2317). Limits: 8 hops, 16 server addresses a zone. Threads: any executor, several calls at a time.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include <boost/asio/awaitable.hpp>

#include "base/ip_address.hpp"
#include "base/result.hpp"
#include "base/time.hpp"
#include "facts/facts.hpp"
#include "net/resolver.hpp"

namespace ptarmigan::net {

inline constexpr std::size_t max_authority_hops = 8;
inline constexpr std::size_t max_server_addresses = 16;

struct AuthorityOptions {
  std::uint16_t port = 53;
  /// For one server, before the next is asked.
  milliseconds server_wait{2'000};
};

struct NameServer {
  dns::DomainName name;
  std::vector<IpAddress> addresses;  ///< IPv4 first; empty where its name has none
  friend bool operator==(const NameServer&, const NameServer&) = default;
};

struct ZoneServers {
  dns::DomainName zone;
  std::vector<NameServer> servers;  ///< sorted by name
  /// Who answers for it by mail and where changes are made, as its SOA says.
  std::optional<dns::Soa> soa;
};

struct AuthorityAnswer {
  /// Of the last name asked for; the root where none was found.
  dns::DomainName zone;
  /// Empty where no server could be asked.
  dns::DomainName server;
  /// answer.source is the server's address.
  Answer answer;
};

class Authority {
 public:
  /// `resolver` must outlive *this.
  explicit Authority(Resolver& resolver, AuthorityOptions options = AuthorityOptions())
      : resolver_(resolver), options_(options) {}

  /// The zone that holds `name`, and who serves it.
  [[nodiscard]] boost::asio::awaitable<Result<ZoneServers>> servers_of(dns::DomainName name, SteadyTime deadline);
  /// The first server that answers with authority. Where none does: failed or timed_out, with each server's trouble in
  /// `detail`.
  [[nodiscard]] boost::asio::awaitable<AuthorityAnswer> ask(Question question, SteadyTime deadline);
  /// What every server address says, at one time: shows secondaries that lag behind. CNAMEs are not followed out of the
  /// zone.
  [[nodiscard]] boost::asio::awaitable<std::vector<AuthorityAnswer>> ask_each(Question question, SteadyTime deadline);

 private:
  Resolver& resolver_;
  AuthorityOptions options_;
};

}  // namespace ptarmigan::net
