// route/pacing.cpp - see pacing.hpp.
#include "route/pacing.hpp"

#include <algorithm>
#include <array>
#include <cmath>

namespace ptarmigan::route {
namespace {

constexpr milliseconds one_minute{60'000};
constexpr unsigned ipv4_netblock = 24;
constexpr unsigned ipv6_netblock = 64;
/// A pace may be caught up for so long at once: no bursts.
constexpr double burst_seconds = 5;
/// A learnt pace begins at half of what was refused, grows by a tenth each minute up to four fifths of it, and from
/// there by a tenth each hour, so that the next refusal is hours away. At twice what was refused it is forgotten.
constexpr double first_share = 0.5;
constexpr double careful_share = 0.8;
constexpr double forgotten_share = 2;
constexpr double growth_a_minute = 1.1;
const double careful_growth_a_minute = std::pow(1.1, 1.0 / 60);
constexpr int most_growth_steps = 24 * 60;

constexpr std::array axis_words{"ip", "netblock", "dkim_domain", "spf_domain"};

std::string netblock_of(const IpAddress& address) {
  const auto octets = address.octets();
  if (address.is_v4())
    return IpAddress::v4({octets[0], octets[1], octets[2], 0}).text() + "/" + std::to_string(ipv4_netblock);
  std::array<std::uint8_t, 16> network{};
  std::copy_n(octets.begin(), ipv6_netblock / 8, network.begin());
  return IpAddress::v6(network).text() + "/" + std::to_string(ipv6_netblock);
}

/// Which axes a reply stops.
bool stops(smtp::RateAxis named, Axis axis) {
  switch (named) {
    case smtp::RateAxis::unspecified: return axis != Axis::netblock;
    case smtp::RateAxis::ip: return axis == Axis::ip;
    case smtp::RateAxis::netblock: return axis == Axis::netblock;
    case smtp::RateAxis::dkim_domain: return axis == Axis::dkim_domain;
    case smtp::RateAxis::spf_domain: return axis == Axis::spf_domain;
    case smtp::RateAxis::url_domain:
    case smtp::RateAxis::mailbox: return false;
  }
  return false;
}

}  // namespace

std::span<const Shape> default_shapes() {
  static const std::array shapes{
      Shape{"gmail", 5, 50, 0}, Shape{"outlook", 5, 50, 0}, Shape{"yahoo", 20, 20, 0},
      Shape{"apple", 10, 5, 0}, Shape{"orange", 2, 100, 0},
  };
  return shapes;
}

std::string_view to_string(Axis axis) {
  return axis_words.at(static_cast<std::size_t>(axis));
}

std::optional<Axis> axis_of(std::string_view word) {
  const auto* at = std::ranges::find(axis_words, word);
  if (at == axis_words.end()) return std::nullopt;
  return static_cast<Axis>(at - axis_words.begin());
}

std::string_view to_string(Pacing::Phase phase) {
  switch (phase) {
    case Pacing::Phase::open: return "open";
    case Pacing::Phase::stopped: return "stopped";
    case Pacing::Phase::recovering: return "recovering";
  }
  return "";
}

Traffic traffic_of(const std::string& site, const IpAddress& source, const std::string& dkim_domain,
                   const std::string& spf_domain) {
  Traffic out{{site, Axis::ip, source.text()}, {site, Axis::netblock, netblock_of(source)}};
  if (!dkim_domain.empty()) out.push_back({site, Axis::dkim_domain, dkim_domain});
  if (!spf_domain.empty()) out.push_back({site, Axis::spf_domain, spf_domain});
  return out;
}

const Shape& Pacing::shape_of(std::string_view site) const {
  const auto at = std::ranges::find(policy_.shapes, site, &Shape::site);
  return at == policy_.shapes.end() ? policy_.other : *at;
}

Pacing::State& Pacing::state_of(const Lane& lane, SteadyTime now) {
  if (const auto found = lanes_.find(lane); found != lanes_.end()) return found->second;
  if (lanes_.size() >= policy_.max_lanes) forget_idle(now);
  auto& fresh = lanes_[lane];
  fresh.minute = fresh.filled_at = fresh.grown_at = now;
  fresh.tokens = 1;
  return fresh;
}

void Pacing::forget_idle(SteadyTime now) {
  std::erase_if(lanes_, [&](const auto& item) {
    const auto& state = item.second;
    return state.running == 0 && state.ceiling == 0 && state.learnt == 0 && now - state.minute > 2 * one_minute;
  });
}

double Pacing::rate_of(const Lane& lane, const State& state) const {
  const double shaped = lane.axis == Axis::ip ? shape_of(lane.site).messages_a_minute : 0;
  if (shaped == 0 || state.learnt == 0) return std::max(shaped, state.learnt);
  return std::min(shaped, state.learnt);
}

std::optional<PaceWait> Pacing::wait_of(const Lane& lane, State& state, SteadyTime now) const {
  if (now < state.stopped_until)
    return PaceWait{PaceWait::Kind::stopped, state.stopped_until,
                    lane.site + " refused " + lane.value + " for its rate: " + state.reply};
  if (state.ceiling > 0 && state.running >= state.ceiling)
    return PaceWait{PaceWait::Kind::full, std::nullopt,
                    lane.value + " recovers at " + lane.site + ": " + std::to_string(state.ceiling) +
                        (state.ceiling == 1 ? " connection" : " connections") + " at once"};
  const auto& shape = shape_of(lane.site);
  if (lane.axis == Axis::ip && state.running >= shape.connections)
    return PaceWait{PaceWait::Kind::full, std::nullopt,
                    "all " + std::to_string(shape.connections) + " connections to " + lane.site + " are in use"};
  for (int step = 0; state.learnt > 0 && now - state.grown_at >= one_minute; ++step) {
    state.learnt *= state.learnt < careful_share * state.refused_at ? growth_a_minute : careful_growth_a_minute;
    state.grown_at = step < most_growth_steps ? state.grown_at + one_minute : now;
    if (state.learnt > forgotten_share * state.refused_at) state.learnt = 0;
  }
  const double rate = rate_of(lane, state);
  if (rate == 0) return std::nullopt;
  const double a_millisecond = rate / static_cast<double>(one_minute.count());
  const double burst = std::max(1.0, rate * burst_seconds / 60);
  state.tokens = std::min(burst, state.tokens + static_cast<double>((now - state.filled_at).count()) * a_millisecond);
  state.filled_at = now;
  if (state.tokens >= 1) return std::nullopt;
  const auto missing = static_cast<milliseconds::rep>(std::ceil((1 - state.tokens) / a_millisecond));
  return PaceWait{PaceWait::Kind::minute, now + milliseconds(std::max<milliseconds::rep>(1, missing)),
                  lane.value + " sends " + std::to_string(std::lround(rate)) + " messages a minute to " + lane.site};
}

std::optional<PaceWait> Pacing::begin(const Traffic& traffic, SteadyTime now) {
  // What waits for a time goes first: it is no use to wait for a place in a lane that is stopped.
  std::optional<PaceWait> longest;
  for (const auto& lane : traffic) {
    auto wait = wait_of(lane, state_of(lane, now), now);
    if (wait && (!longest || (wait->until && (!longest->until || *wait->until > *longest->until))))
      longest = std::move(wait);
  }
  if (longest) return longest;
  for (const auto& lane : traffic) {
    auto& state = state_of(lane, now);
    ++state.running;
    if (rate_of(lane, state) > 0) state.tokens -= 1;
  }
  return std::nullopt;
}

void Pacing::count(State& state, SteadyTime now) const {
  const auto minutes = (now - state.minute) / one_minute;
  if (minutes <= 0) return;
  state.accepted_before = minutes == 1 ? state.accepted : 0;
  state.accepted = 0;
  state.minute += minutes * one_minute;
}

bool Pacing::prove(const Lane& lane, State& state, SteadyTime now) {
  if (state.ceiling == 0 || now < state.stopped_until) return false;
  ++state.proven;
  // Each of the connections that are allowed has delivered, and long enough was waited.
  if (state.proven < state.ceiling || now - state.added_at < policy_.addition) return false;
  state.proven = 0;
  state.added_at = now;
  if (++state.ceiling >= shape_of(lane.site).connections) {
    state.ceiling = 0;
    state.since = {};
  }
  ++revision_;
  return true;
}

bool Pacing::end(const Traffic& traffic, End how, SteadyTime now) {
  bool more = false;
  for (const auto& lane : traffic) {
    auto& state = state_of(lane, now);
    if (state.running > 0) --state.running;
    if (how != End::accepted) continue;
    count(state, now);
    ++state.accepted;
    more |= prove(lane, state, now);
  }
  return more;
}

void Pacing::refused(const Traffic& traffic, smtp::RateAxis named, std::string reply, Moment now) {
  end(traffic, End::said_nothing, now.steady);
  for (const auto& lane : traffic)
    if (stops(named, lane.axis)) stop(lane, reply, now);
}

void Pacing::stop(const Lane& lane, const std::string& reply, Moment now) {
  auto& state = state_of(lane, now.steady);
  count(state, now.steady);
  // Messages in the last minute: this one and the rest of the one before.
  const double passed =
      static_cast<double>((now.steady - state.minute).count()) / static_cast<double>(one_minute.count());
  const double pace = state.accepted + state.accepted_before * (1 - passed);
  // One message says nothing about a pace; refusals while it is stopped are echoes of the first.
  if (now.steady >= state.stopped_until && pace >= 2) {
    state.refused_at = pace;
    state.learnt = std::max(1.0, pace * first_share);
  }
  state.accepted = state.accepted_before = 0;
  state.stopped_until = state.grown_at = state.added_at = now.steady + policy_.pause;
  state.ceiling = 1;
  state.proven = 0;
  state.reply = reply;
  state.since = now.wall;
  ++revision_;
}

std::vector<Pacing::Row> Pacing::rows(SteadyTime now) const {
  std::vector<Row> out;
  for (const auto& [lane, state] : lanes_) {
    if (state.ceiling == 0 && state.learnt == 0) continue;
    const auto left = std::max(milliseconds(0), milliseconds(state.stopped_until - now));
    const auto phase = left.count() > 0 ? Phase::stopped : state.ceiling > 0 ? Phase::recovering : Phase::open;
    out.push_back({lane, phase, left, state.ceiling, state.learnt, state.refused_at, state.reply, state.since});
  }
  return out;
}

void Pacing::restore(const std::vector<Row>& rows, milliseconds elapsed, SteadyTime now) {
  for (const auto& row : rows) {
    auto& state = state_of(row.lane, now);
    const auto left = std::clamp(row.left - std::max(milliseconds(0), elapsed), milliseconds(0), policy_.pause);
    state.ceiling = row.connections;
    state.stopped_until = state.grown_at = state.added_at = now + left;
    state.learnt = row.messages_a_minute;
    state.refused_at = row.refused_at;
    state.reply = row.reply;
    state.since = row.since;
  }
}

}  // namespace ptarmigan::route
