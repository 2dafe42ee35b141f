// net/resolver.hpp - the validating resolver: libunbound on one thread of its own, asked from any executor.
//
//   auto resolver = net::Resolver::open({.forwarders = {}, .root_hints_file = "hints", .trust_anchor = ...});
//   Answer answer = co_await (*resolver)->answer({name, dns::RecordType::mx}, net::in(10s));
//
// What comes back is exactly facts/facts.hpp: found, no data, no such name, failed and timed out are kept apart; a
// bogus answer is failed and holds no records; `ttl` is what is left of it in the cache. One Resolver is one cache: a
// process has one. Limits: ResolverOptions. Threads: answer(), fresh() and find_zone() from any executor; open() and
// the destructor block.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include <boost/asio/awaitable.hpp>

#include "base/ip_address.hpp"
#include "base/result.hpp"
#include "base/time.hpp"
#include "config/config.hpp"
#include "facts/facts.hpp"
#include "net/answer_source.hpp"

namespace ptarmigan::net {

enum class Validation {
  root_keys,    ///< with the root's keys 20326 and 38696, built in
  anchor_file,  ///< with the DS or DNSKEY records of `trust_anchor_file`
  none,
};

struct ResolverOptions {
  /// Recursive servers to ask; empty: iterate from the root.
  std::vector<Endpoint> forwarders = {};
  /// For iteration in a private world; empty: the real root servers.
  std::string root_hints_file = {};
  Validation validation = Validation::root_keys;
  std::string trust_anchor_file = {};
  /// No question takes longer, whatever deadline its asker gives.
  milliseconds longest_wait{10'000};
  std::size_t cache_octets = std::size_t{64} << 20;
  std::uint32_t max_ttl = 86'400;          ///< seconds
  std::uint32_t max_negative_ttl = 3'600;  ///< seconds
  /// Questions in flight; one more is failed at once.
  std::size_t max_outstanding = 20'000;
};

/// What the [dns] settings mean. Without a trust anchor the real root's keys are used where the real root servers are
/// asked, and nothing is validated where a forwarder or another root is: it may not pass DNSSEC on.
[[nodiscard]] ResolverOptions resolver_options(const config::Dns& dns);

/// "server:\n  ..." as libunbound reads it; an error names the option that cannot be written.
[[nodiscard]] Result<std::string> unbound_configuration(const ResolverOptions& options);

/// The name servers of a resolv.conf file, in order, port 53; an error where the file cannot be read or names none.
[[nodiscard]] Result<std::vector<Endpoint>> name_servers_of(const std::string& resolv_conf = "/etc/resolv.conf");

class Resolver final : public AnswerSource {
 public:
  /// Starts the thread. An error says which option is wrong: unreadable file, malformed trust anchor.
  static Result<std::unique_ptr<Resolver>> open(ResolverOptions options);
  /// Answers what is still in flight with "failed: the resolver is closing", then joins the thread.
  ~Resolver() override;

  /// From the cache where it has the answer.
  [[nodiscard]] boost::asio::awaitable<Answer> answer(Question question, SteadyTime deadline) override;

  /// Without any cache of ours, validated all the same: for after a publication. Each question has a context of its
  /// own, so that neither old answers nor old denials are used; it costs a full iteration (or, with forwarders, what
  /// their caches say).
  [[nodiscard]] boost::asio::awaitable<Answer> fresh(Question question, SteadyTime deadline);

  /// The zone that holds `name`: the owner of its SOA. CNAMEs are not followed.
  [[nodiscard]] boost::asio::awaitable<Result<dns::DomainName>> find_zone(dns::DomainName name, SteadyTime deadline);

  /// Questions in flight, for metrics and tests. From any thread.
  [[nodiscard]] std::size_t outstanding() const;

 private:
  class Impl;
  explicit Resolver(std::shared_ptr<Impl> impl);
  std::shared_ptr<Impl> impl_;
};

/// answer() without a cache, as an AnswerSource.
class FreshSource final : public AnswerSource {
 public:
  /// `resolver` must outlive *this.
  explicit FreshSource(Resolver& resolver) : resolver_(resolver) {}
  [[nodiscard]] boost::asio::awaitable<Answer> answer(Question question, SteadyTime deadline) override;

 private:
  Resolver& resolver_;
};

}  // namespace ptarmigan::net
