// relay/day/world.hpp - the receivers of the simulated day: what they publish, how long they take, what they reply.
#pragma once

#include <array>
#include <map>
#include <optional>
#include <string>

#include "config/config.hpp"
#include "relay/day/day.hpp"
#include "relay/router.hpp"
#include "rulebook/judge.hpp"
#include "smtp/client_machine.hpp"

namespace ptarmigan::relay::day {

inline constexpr std::chrono::sys_days first_day{std::chrono::year(2026) / 11 / 24};
inline constexpr std::array<SiteName, site_count> all_sites{SiteName::gmail, SiteName::outlook, SiteName::slow,
                                                            SiteName::dead, SiteName::narrow};

[[nodiscard]] inline Moment moment(milliseconds t) {
  return {WallTime(first_day) + t, SteadyTime(t)};
}
[[nodiscard]] constexpr milliseconds clock_time(int hour, int minute = 0) {
  return milliseconds((hour * 60LL + minute) * 60'000);
}

[[nodiscard]] config::Config configuration(std::uint64_t messages);
[[nodiscard]] IpAddress address_of(SourceName source);
[[nodiscard]] std::optional<SourceName> source_of(const std::optional<IpAddress>& address);
[[nodiscard]] std::string domain_of(SiteName site);
[[nodiscard]] route::Destination destination_of(SiteName site);

class World {
 public:
  explicit World(std::uint64_t messages);

  /// What DNS says of an own address at Gmail's rules, as an answer of this moment.
  [[nodiscard]] const route::RouteFacts& facts(SourceName source, SiteName site, milliseconds now);
  /// How long an attempt takes that begins now; the peer answers only where it is up.
  [[nodiscard]] milliseconds duration(SiteName site, milliseconds now, std::uint32_t random) const;
  /// What the receiver says at the end of an attempt that began at `began`.
  [[nodiscard]] smtp::client::Answer answer(SiteName site, SourceName source, milliseconds began, milliseconds now);

 private:
  struct Window {
    milliseconds minute{0};
    std::uint64_t taken = 0;
    milliseconds angry_until{0};
  };
  [[nodiscard]] const std::optional<smtp::Reply>& refusal(SourceName source, milliseconds now);
  bool too_fast(SiteName site, SourceName source, milliseconds now);

  std::uint64_t gmail_a_minute_;
  std::uint64_t narrow_a_minute_;
  std::map<std::pair<SiteName, SourceName>, Window> windows_;
  std::map<std::pair<SourceName, bool>, route::RouteFacts> facts_;
  std::map<std::pair<SourceName, bool>, std::optional<smtp::Reply>> refusals_;
  route::RouteFacts no_rules_;
};

/// What the receivers bear in a minute from one address, and what is configured for the narrow one.
[[nodiscard]] std::uint64_t gmail_a_minute(std::uint64_t messages);
[[nodiscard]] unsigned narrow_pace(std::uint64_t messages);

}  // namespace ptarmigan::relay::day
