// route/reachability.hpp - which sites do not even answer over a route, so that their mail does not take every
// connection with waiting for them: after a connection that came to nothing nobody tries for a while, then one message
// tries alone, and with each failure the while grows. Pure: time is passed in.
//
//   if (const auto closed = reach.closed(site, route, now)) skip(closed->why);   // and after every other check:
//   reach.begin(site, route, now);
//   connected ? reach.answered(site, route) : reach.silent(site, route, "timed out", began, now);
//
// Limits: max_silent_sites; beyond, the entries that wait no more are forgotten. Threads: one object, one thread.
#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <utility>

#include "base/time.hpp"

namespace ptarmigan::route {

inline constexpr std::size_t max_silent_sites = 100'000;

class Reachability {
 public:
  struct Policy {
    milliseconds first{30'000};        ///< after the first failure; each further one doubles it
    milliseconds longest{5 * 60'000};  ///< and no more than this
  };
  explicit Reachability(Policy policy) : policy_(policy) {}

  struct Closed {
    SteadyTime until;
    std::string why;  ///< "203.0.113.7 timed out"
  };
  /// Nothing where a connection may be opened.
  [[nodiscard]] std::optional<Closed> closed(const std::string& site, const std::string& route, SteadyTime now) const;
  /// A connection is opened: where the last one failed, nobody else opens one until it has ended, or Policy::first is
  /// over.
  void begin(const std::string& site, const std::string& route, SteadyTime now);
  /// Somebody spoke there, in whatever words.
  void answered(const std::string& site, const std::string& route);
  /// Nobody answered a connection that began at `began`. Those that began before the last failure say nothing new.
  void silent(const std::string& site, const std::string& route, std::string why, SteadyTime began, SteadyTime now);
  [[nodiscard]] std::size_t size() const { return silent_.size(); }
  void set_policy(Policy policy) { policy_ = policy; }

 private:
  struct State {
    unsigned failures = 0;
    SteadyTime failed_at = {};
    SteadyTime until = {};
    std::string why = {};
  };
  void forget_idle(SteadyTime now);

  Policy policy_;
  std::map<std::pair<std::string, std::string>, State> silent_;
};

}  // namespace ptarmigan::route
