// route/reachability.cpp - see reachability.hpp.
#include "route/reachability.hpp"

#include <algorithm>

namespace ptarmigan::route {

std::optional<Reachability::Closed> Reachability::closed(const std::string& site, const std::string& route,
                                                         SteadyTime now) const {
  const auto found = silent_.find({site, route});
  if (found == silent_.end() || found->second.until <= now) return std::nullopt;
  return Closed{found->second.until, found->second.why};
}

void Reachability::begin(const std::string& site, const std::string& route, SteadyTime now) {
  const auto found = silent_.find({site, route});
  if (found != silent_.end()) found->second.until = now + policy_.first;
}

void Reachability::answered(const std::string& site, const std::string& route) {
  silent_.erase({site, route});
}

void Reachability::silent(const std::string& site, const std::string& route, std::string why, SteadyTime began,
                          SteadyTime now) {
  if (silent_.size() >= max_silent_sites) forget_idle(now);
  auto& state = silent_[{site, route}];
  if (state.failures > 0 && began < state.failed_at) return;
  auto wait = policy_.first;
  for (unsigned i = 0; i < state.failures && wait < policy_.longest; ++i) wait *= 2;
  ++state.failures;
  state.failed_at = now;
  state.until = now + std::min(wait, policy_.longest);
  state.why = std::move(why);
}

void Reachability::forget_idle(SteadyTime now) {
  std::erase_if(silent_, [&](const auto& entry) { return entry.second.until <= now; });
}

}  // namespace ptarmigan::route
