// relay/router.hpp - the running server's knowledge of its routes: plans with what is known, learns from replies.
// Threads: one executor that runs on one thread.
#pragma once

#include <set>
#include <string>
#include <unordered_map>

#include <boost/asio/awaitable.hpp>

#include "base/queue_id.hpp"
#include "config/config.hpp"
#include "relay/facts_cache.hpp"
#include "relay/keys.hpp"
#include "route/plan.hpp"
#include "route/standing.hpp"
#include "smtp/failure.hpp"
#include "watch/diagnosis.hpp"

namespace ptarmigan::relay {

/// Whom a receiver sees as the sender.
struct Sender {
  std::string mail_from;           ///< without angle brackets; "" is the null reverse-path
  std::string header_from_domain;  ///< "" where unknown
};

class Router {
 public:
  /// Everything outlives *this.
  Router(const config::Config& config, const Keys& keys, FactsCache& facts);

  /// The order of routes, from known facts and replies. Never waits; asks in the background for what would be needed.
  [[nodiscard]] route::Plan plan(const Sender& sender, const route::Destination& destination,
                                 const std::set<std::string>& refused, QueueId message, Moment now);

  /// On probation only one message at a time goes over a route. False: take the next one.
  [[nodiscard]] bool take_place(const route::Candidate& candidate, const route::Site& site);
  void accepted(const route::Candidate& candidate, const route::Site& site, const Sender& sender);
  /// The attempt ended without a word about the route.
  void give_back(const route::Candidate& candidate, const route::Site& site);
  /// A reply that blames the address or the sender's authentication. What it blames is asked again at once.
  void refused(const route::Candidate& candidate, const route::Site& site, const Sender& sender, smtp::Cause cause,
               route::Refusal refusal, Moment now);

  /// Learns what there is to know about every own address and configured domain for every known receiver, so that the
  /// first message is planned with knowledge. Bounded by the cache's deadline.
  [[nodiscard]] boost::asio::awaitable<void> warm_up();

  /// An operator's word about a route: poor for so long, whatever the facts say.
  void set_poor(const route::StandingKey& key, std::string reason, milliseconds duration, Moment now) {
    standing_.set_poor(key, std::move(reason), duration, now);
  }
  /// Forgets what replies and operators taught of matching entries ("" and nothing match all). Returns how many.
  std::size_t forget(const std::optional<IpAddress>& source, const std::string& site, const std::string& sender) {
    return standing_.forget(source, site, sender);
  }

  /// What the facts at hand say against a route: the rule that stops its mail first. Nothing where none is known.
  [[nodiscard]] std::optional<watch::Diagnosis> diagnose(const route::StandingKey& key);
  /// What mends `rule` for this route, as the facts say; "" where nothing is known of the route.
  [[nodiscard]] std::string fix_of(const route::StandingKey& key, std::string_view rule);
  /// Asks past every cache what a rule rests on, judges it and weighs the route anew.
  [[nodiscard]] boost::asio::awaitable<watch::Checked> look_again(route::StandingKey key, std::string rule);

  /// A rule as the facts at hand judge it; the route is weighed anew. Never waits: what it rests on stays in use, so
  /// that it is asked again at its TTL. Nothing where the address is not ours.
  struct Weighed {
    watch::Checked rule;
    route::Standing standing = route::Standing::unknown;
    bool was_explained = false;  ///< the facts agreed with the refusal in force
  };
  [[nodiscard]] std::optional<Weighed> weigh_again(const route::StandingKey& key, std::string_view rule, Moment now);
  /// Grows whenever an answer changed.
  [[nodiscard]] std::uint64_t facts_generation() const { return facts_.generation(); }
  /// After the configuration has changed: other sources, other keys.
  void reload();

  [[nodiscard]] const route::StandingTable& standing() const { return standing_; }
  /// What an earlier run learnt from replies, `elapsed` after it was saved.
  void restore(const std::vector<route::StandingTable::Saved>& saved, milliseconds elapsed, SteadyTime now) {
    standing_.restore(saved, elapsed, now);
  }

 private:
  struct Judged {
    std::uint64_t generation = 0;
    SteadyTime at = {};
    route::RouteFacts facts = {};
  };
  /// The route's own address, or nullptr; and a sender that stands for those whom the key is about.
  [[nodiscard]] const route::SourceAddress* source_of(const route::StandingKey& key) const;
  [[nodiscard]] Sender sender_of(const route::StandingKey& key) const;
  [[nodiscard]] rulebook::Subject subject_of(const route::SourceAddress& source, const Sender& sender) const;
  /// Of the nearest configured domain at or above the sender's.
  [[nodiscard]] std::string pool_of(const Sender& sender) const;
  const route::RouteFacts& facts_of(const route::SourceAddress& source, const Sender& sender, const route::Site& site);

  const config::Config& config_;
  const Keys& keys_;
  FactsCache& facts_;
  std::vector<route::SourceAddress> sources_;
  route::StandingTable standing_;
  std::unordered_map<std::string, Judged> judged_;
};

}  // namespace ptarmigan::relay
