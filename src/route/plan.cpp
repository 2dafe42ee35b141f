// route/plan.cpp - see plan.hpp.
#include "route/plan.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <tuple>

namespace ptarmigan::route {
namespace {

constexpr int poor_rank = 4;

/// Smaller goes first. Relays stand between "unknown" and "poor": own addresses that may well be accepted go before
/// them, own addresses that would be refused go after them.
int rank(const Candidate& candidate, config::StandingMode mode) {
  if (mode != config::StandingMode::enforce) return candidate.route.relay ? 1 : 0;
  if (candidate.route.relay) return 3;
  switch (candidate.standing.standing) {
    case Standing::good:
    case Standing::probation: return 0;
    case Standing::unknown: return 2;
    case Standing::poor: return poor_rank;
  }
  return poor_rank;
}

bool preferred_family(const Candidate& candidate, config::Preference prefer) {
  if (!candidate.route.source) return false;
  return candidate.route.source->address.is_v6() == (prefer == config::Preference::ipv6);
}

std::uint64_t mixed(std::uint64_t x) {
  // The finalizer of SplitMix64 (Steele, Lea, Flood 2014).
  x += 0x9e3779b97f4a7c15U;
  x = (x ^ (x >> 30U)) * 0xbf58476d1ce4e5b9U;
  x = (x ^ (x >> 27U)) * 0x94d049bb133111ebU;
  return x ^ (x >> 31U);
}

/// Smaller goes first. Weighted rendezvous hashing: each source is first for its share of the messages, and a message
/// keeps its order of sources whatever others come and go.
double turn_of(const Candidate& candidate, std::uint64_t spread) {
  if (!candidate.route.source || candidate.route.source->weight == 0) return HUGE_VAL;
  std::uint64_t hash = mixed(spread);
  for (const char c : candidate.route.source->source) hash = mixed(hash ^ static_cast<unsigned char>(c));
  constexpr double one_part = 0x1p-53;
  const double in_unit = (static_cast<double>(hash >> 11U) + 1) * one_part;
  return -std::log(in_unit) / candidate.route.source->weight;
}

/// Why it stands where it stands; what its standing rests on is in the standing itself.
std::string reason_of(const Candidate& candidate, config::StandingMode mode, std::size_t routes_before) {
  if (candidate.route.relay) return routes_before == 0 ? "no own address is better" : "relay, after own addresses";
  switch (mode) {
    case config::StandingMode::off: return "standing is off: the configured order";
    case config::StandingMode::advise: return "standing only advises: the configured order";
    case config::StandingMode::enforce: break;
  }
  switch (candidate.standing.standing) {
    case Standing::good: return "in good standing";
    case Standing::probation: return "comes back, one message at a time";
    case Standing::unknown: return "nothing is known against it";
    case Standing::poor: return "would be refused";
  }
  return {};
}

}  // namespace

std::string relay_route_id(std::string_view name) {
  return "relay " + std::string(name);
}

std::vector<SourceAddress> addresses_of(const std::vector<config::Source>& sources) {
  std::vector<SourceAddress> out;
  for (const auto& source : sources)
    for (const auto& address : {source.ipv6, source.ipv4})
      if (address)
        out.push_back({.source = source.name,
                       .address = *address,
                       .ehlo_name = source.ehlo.value_or(dns::DomainName()),
                       .pool = source.pool,
                       .weight = source.weight});
  return out;
}

std::vector<Candidate> list_candidates(const PlanInput& input) {
  std::vector<Candidate> out;
  for (const auto& source : input.sources) {
    Candidate candidate;
    candidate.route.id = source.address.text();
    candidate.route.source = source;
    for (const auto& target : input.destination.targets)
      if (target.address.family() == source.address.family()) candidate.route.targets.push_back(target);
    out.push_back(std::move(candidate));
  }
  for (std::size_t i = 0; i < input.relays.size(); ++i) {
    Candidate candidate;
    candidate.route.id = relay_route_id(input.relays[i].name);
    candidate.route.relay = i;
    out.push_back(std::move(candidate));
  }
  return out;
}

Plan order_plan(const PlanInput& input, std::vector<Candidate> candidates) {
  Plan plan;
  for (auto& candidate : candidates) {
    if (input.refused.contains(candidate.route.id)) {
      candidate.reason = "refused this message before";
      plan.unused.push_back(std::move(candidate));
    } else if (candidate.route.source && !input.pool.empty() && candidate.route.source->pool != input.pool) {
      candidate.reason = "is not in the pool " + input.pool;
      plan.unused.push_back(std::move(candidate));
    } else if (candidate.route.source && candidate.route.targets.empty()) {
      candidate.reason =
          "the site has no " + std::string(to_string(candidate.route.source->address.family())) + " address";
      plan.unused.push_back(std::move(candidate));
    } else {
      plan.order.push_back(std::move(candidate));
    }
  }
  const auto key = [&](std::size_t i) {
    const auto& candidate = plan.order[i];
    const int place = rank(candidate, input.mode);
    // The least bad of the poor ones breaks fewer rules.
    const std::size_t broken = place == poor_rank ? candidate.standing.rules.size() : 0;
    const double turn = turn_of(candidate, input.spread);
    return std::tuple(place, broken, !preferred_family(candidate, input.prefer), turn, i);
  };
  std::vector<std::size_t> places(plan.order.size());
  std::iota(places.begin(), places.end(), std::size_t{0});
  std::ranges::sort(places, {}, key);
  std::vector<Candidate> sorted;
  for (const auto place : places) sorted.push_back(std::move(plan.order[place]));
  plan.order = std::move(sorted);

  const bool has_better = !plan.order.empty() && rank(plan.order.front(), input.mode) < poor_rank;
  for (std::size_t i = 0; i < plan.order.size(); ++i) {
    auto& candidate = plan.order[i];
    candidate.reason = reason_of(candidate, input.mode, i);
    candidate.last_resort = has_better && rank(candidate, input.mode) == poor_rank;
    if (!has_better && i == 0) candidate.reason += "; every route is poor, this is the least bad";
    if (candidate.last_resort) candidate.reason += "; taken only where nothing better exists";
  }
  return plan;
}

}  // namespace ptarmigan::route
