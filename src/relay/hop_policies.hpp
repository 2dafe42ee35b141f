// relay/hop_policies.hpp - finds out what TLS the hosts of a destination must have: asks DNS for DANE and MTA-STS,
// fetches policy files, remembers them, and lets tls/hop_policy.hpp decide. It is done once with each look-up of a
// destination, before any of its mail is tried, so that no message goes out under less than what was published.
// Limits: max_remembered domains with a policy; max_fetch for one file (RFC 8461#3.3). Threads: one executor that runs
// on one thread.
#pragma once

#include <memory>
#include <optional>
#include <unordered_map>

#include <boost/asio/awaitable.hpp>

#include "config/config.hpp"
#include "net/answer_source.hpp"
#include "net/tls.hpp"
#include "route/destination.hpp"
#include "tls/hop_policy.hpp"

namespace ptarmigan::relay {

class HopPolicies {
 public:
  static constexpr std::size_t max_remembered = 100'000;
  /// RFC 8461#3.3 suggests a minute; the domain's mail waits for it.
  static constexpr milliseconds max_fetch{30'000};

  /// `config` and `dns` outlive *this.
  static Result<std::unique_ptr<HopPolicies>> create(const config::Config& config, net::AnswerSource& dns);
  HopPolicies(const HopPolicies&) = delete;
  HopPolicies& operator=(const HopPolicies&) = delete;

  /// Gives each target of a found destination its policy. Returns how long these may be believed.
  [[nodiscard]] boost::asio::awaitable<milliseconds> decide(dns::DomainName domain,
                                                            std::shared_ptr<route::Destination> destination);

 private:
  struct Sts {
    std::optional<tls::StsPolicy> policy;
    std::optional<tls::ResultType> problem;
    Facts facts;
  };
  HopPolicies(const config::Config& config, net::AnswerSource& dns, std::shared_ptr<const net::TlsContext> verified);
  [[nodiscard]] boost::asio::awaitable<Sts> sts_of(dns::DomainName domain);
  /// Fetches the file and remembers it, or the failure, which is returned.
  [[nodiscard]] boost::asio::awaitable<std::optional<tls::ResultType>> fetch(dns::DomainName domain, std::string id);
  tls::StsMemory& memory_of(const dns::DomainName& domain, WallTime now);

  const config::Config& config_;
  net::AnswerSource& dns_;
  std::shared_ptr<const net::TlsContext> verified_;
  std::unordered_map<dns::DomainName, tls::StsMemory> remembered_;
};

}  // namespace ptarmigan::relay
