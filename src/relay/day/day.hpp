// relay/day/day.hpp - a day of mail over five sites, played in virtual time by the server's own decisions: Queue,
// Pacer, StandingTable, make_plan and Transit are the real ones; the receivers and the network are scripted. For a test
// and for
// `./dev bench day`. Pure: no clock, no network, the same every time.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/time.hpp"
#include "route/pacing.hpp"
#include "route/standing.hpp"

namespace ptarmigan::relay::day {

/// gmail      our IPv6 address has no PTR from 06:30 to 09:00; at 15:00 a newsletter goes faster than it bears
/// outlook    nothing happens
/// slow       takes 60 s for a message from 08:00 to 10:00
/// dead       does not answer from 10:00 to 14:00
/// narrow     bears little, and is paced by configuration
enum class SiteName { gmail, outlook, slow, dead, narrow };
inline constexpr std::size_t site_count = 5;
[[nodiscard]] std::string_view to_string(SiteName site);

/// Our addresses: "new" is listed first and warms up, "main" is known.
enum class SourceName { new_ipv6, main_ipv6, main_ipv4 };
inline constexpr std::size_t source_count = 3;
[[nodiscard]] std::string_view to_string(SourceName source);

struct Counts {
  std::uint64_t accepted = 0;
  std::uint64_t refused_address = 0;  ///< PTR
  std::uint64_t refused_rate = 0;
  std::uint64_t unreachable = 0;
};

/// What one minute ended with.
struct Minute {
  Counts of[site_count][source_count];
  std::uint64_t waiting[site_count] = {};  ///< accepted from submitters and not yet delivered
  /// Of Gmail.
  route::Standing standing[source_count] = {};
  route::Pacing::Phase phase[source_count] = {};
  std::uint64_t warm_up_used = 0;
};

/// How long the messages that were submitted in one hour took, in milliseconds.
struct Delay {
  milliseconds median{0};
  milliseconds p99{0};
};

struct Day {
  std::vector<Minute> minutes;             ///< until the last message ended
  std::vector<std::vector<Delay>> delays;  ///< by site, then by hour of submission
  std::uint64_t delivered = 0;             ///< each message once
  std::uint64_t bounced = 0;
  std::uint64_t delivered_twice = 0;
  std::uint64_t rescued = 0;              ///< refused for the address, delivered over another in the same round
  std::uint64_t begun_while_stopped = 0;  ///< attempts within ten minutes of a refusal for rate, on its address
  unsigned most_at_once_after_stop = 0;   ///< connections to Gmail from an address until it accepted again
  unsigned most_at_once[site_count][source_count] = {};  ///< connections
  std::uint64_t most_a_minute_at_narrow = 0;             ///< from one address, in 60 s
  std::uint64_t warm_up_allowance = 0;                   ///< of the first day
};

struct Options {
  std::uint64_t messages = 1'000'000;  ///< the receivers' limits grow with it
};
[[nodiscard]] Day play(const Options& options);

/// A line a minute, for plotting.
[[nodiscard]] std::string csv(const Day& day);

}  // namespace ptarmigan::relay::day
