// route/plan.hpp - the order in which one message tries its routes to a site, and why. Pure: standing and time are
// passed in.
#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "config/config.hpp"
#include "route/destination.hpp"
#include "route/standing.hpp"

namespace ptarmigan::route {

/// An own address with the name it says hello with.
struct SourceAddress {
  std::string source;  ///< the pair's configured name
  IpAddress address;
  dns::DomainName ehlo_name;
  std::string pool = {};
  unsigned weight = 0;  ///< config::Source::weight
  friend bool operator==(const SourceAddress&, const SourceAddress&) = default;
};

/// The addresses of all sources, in the order of the configuration.
[[nodiscard]] std::vector<SourceAddress> addresses_of(const std::vector<config::Source>& sources);

/// A way to the site that is distinct for the receiver: one of our addresses, or a relay.
struct Route {
  std::string id;                            ///< "2001:db8::1", or "relay NAME": stored with the message once tried
  std::optional<SourceAddress> source = {};  ///< direct
  std::optional<std::size_t> relay = {};     ///< index in the configuration
  std::vector<Target> targets = {};          ///< direct: of the source's family, in order of preference
};

/// Route::id of a relay.
[[nodiscard]] std::string relay_route_id(std::string_view name);

/// A route as the planner found it; all of them are kept in the attempt's record.
struct Candidate {
  Route route;
  RouteStanding standing;  ///< of relays: unknown, as nobody sees their addresses from here
  /// Taken only where no better route exists at all: not merely where a better one is down for the moment.
  bool last_resort = false;
  std::string reason;  ///< one sentence: why it stands where it stands
};

struct PlanInput {
  std::vector<SourceAddress> sources;
  std::vector<config::Relay> relays;
  Destination destination;
  std::set<std::string> refused;  ///< ids of routes that refused this very message for good
  config::StandingMode mode = config::StandingMode::enforce;
  config::Preference prefer = config::Preference::ipv6;
  std::string pool = {};     ///< of the sources that this mail may leave from; "": all
  std::uint64_t spread = 0;  ///< the same for all attempts of one message: which of the weighted sources comes first
};

struct Plan {
  std::vector<Candidate> order;   ///< to be tried from the front
  std::vector<Candidate> unused;  ///< refused before, of another pool, or without a target of their family
};

/// `standing` gives the standing of a direct route, by source address.
template <typename StandingOf>
[[nodiscard]] Plan make_plan(const PlanInput& input, StandingOf standing_of);

/// The direct routes and relays of `input`, unordered and without standing; the rest of make_plan is order_plan.
[[nodiscard]] std::vector<Candidate> list_candidates(const PlanInput& input);
[[nodiscard]] Plan order_plan(const PlanInput& input, std::vector<Candidate> candidates);

template <typename StandingOf>
Plan make_plan(const PlanInput& input, StandingOf standing_of) {
  auto candidates = list_candidates(input);
  for (auto& candidate : candidates)
    if (candidate.route.source) candidate.standing = standing_of(*candidate.route.source);
  return order_plan(input, std::move(candidates));
}

}  // namespace ptarmigan::route
