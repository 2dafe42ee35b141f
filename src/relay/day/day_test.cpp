// relay/day/day_test.cpp - the promises of queue, pacing, standing and warm-up, over a whole day of all of them at
// once.
#include "relay/day/day.hpp"

#include <gtest/gtest.h>

#include "relay/day/world.hpp"

namespace ptarmigan::relay::day {
namespace {

constexpr std::uint64_t messages = 30'000;

const Day& the_day() {
  static const Day day = play({.messages = messages});
  return day;
}

constexpr std::size_t at(SiteName site) {
  return static_cast<std::size_t>(site);
}
constexpr std::size_t at(SourceName source) {
  return static_cast<std::size_t>(source);
}
constexpr std::size_t minute_of(int hour, int minute = 0) {
  return static_cast<std::size_t>(hour * 60 + minute);
}

template <typename Member>
std::uint64_t sum(SiteName site, SourceName source, Member member, std::size_t from = 0, std::size_t until = SIZE_MAX) {
  std::uint64_t out = 0;
  for (std::size_t i = from; i < std::min(until, the_day().minutes.size()); ++i)
    out += the_day().minutes[i].of[at(site)][at(source)].*member;
  return out;
}

TEST(SimulatedDay, every_message_arrives_once_and_none_bounces) {
  EXPECT_EQ(the_day().delivered, messages);
  EXPECT_EQ(the_day().delivered_twice, 0U);
  EXPECT_EQ(the_day().bounced, 0U);
}

TEST(SimulatedDay, a_lost_ptr_costs_a_few_refusals_and_every_one_is_rescued_at_once) {
  const auto refused = sum(SiteName::gmail, SourceName::main_ipv6, &Counts::refused_address);
  EXPECT_GT(refused, 0U);
  // Those that were under way when the first refusal came, and the last resort of nobody.
  EXPECT_LE(refused, 2U * 5);
  EXPECT_EQ(the_day().rescued, refused);
  EXPECT_EQ(the_day().minutes[minute_of(7)].standing[at(SourceName::main_ipv6)], route::Standing::poor);
  EXPECT_EQ(sum(SiteName::gmail, SourceName::main_ipv6, &Counts::accepted, minute_of(6, 40), minute_of(9)), 0U);
  EXPECT_GT(sum(SiteName::gmail, SourceName::main_ipv4, &Counts::accepted, minute_of(6, 40), minute_of(9)), 0U);
}

TEST(SimulatedDay, ipv6_comes_back_by_itself_when_the_ptr_is_there_again) {
  EXPECT_EQ(the_day().minutes[minute_of(9, 15)].standing[at(SourceName::main_ipv6)], route::Standing::good);
  EXPECT_GT(sum(SiteName::gmail, SourceName::main_ipv6, &Counts::accepted, minute_of(9, 15), minute_of(10)), 0U);
}

TEST(SimulatedDay, a_refusal_for_rate_is_recovered_from_as_gmail_publishes) {
  EXPECT_GT(sum(SiteName::gmail, SourceName::main_ipv6, &Counts::refused_rate), 0U);
  EXPECT_EQ(the_day().begun_while_stopped, 0U) << "nothing begins within ten minutes";
  EXPECT_EQ(the_day().most_at_once_after_stop, 1U) << "then one connection, until it has delivered";
}

TEST(SimulatedDay, no_site_gets_more_connections_than_it_bears) {
  for (std::size_t source = 0; source < source_count; ++source) {
    EXPECT_LE(the_day().most_at_once[at(SiteName::gmail)][source], 5U);
    EXPECT_LE(the_day().most_at_once[at(SiteName::outlook)][source], 5U);
    EXPECT_LE(the_day().most_at_once[at(SiteName::slow)][source], 20U);
    EXPECT_LE(the_day().most_at_once[at(SiteName::narrow)][source], 2U);
    EXPECT_EQ(sum(SiteName::narrow, static_cast<SourceName>(source), &Counts::refused_rate), 0U);
  }
  EXPECT_LE(the_day().most_a_minute_at_narrow, narrow_pace(messages) + 1U);
}

TEST(SimulatedDay, a_dead_or_slow_site_delays_nobody_else) {
  for (int hour = 8; hour < 14; ++hour) {
    const auto& delay = the_day().delays[at(SiteName::outlook)][static_cast<std::size_t>(hour)];
    EXPECT_LE(delay.p99, milliseconds(1'000)) << hour;
  }
  EXPECT_GT(the_day().minutes[minute_of(13)].waiting[at(SiteName::dead)], messages / 200) << "it does wait";
}

TEST(SimulatedDay, a_new_address_sends_its_days_allowance_and_no_more) {
  std::uint64_t sent = 0;
  for (const auto site : all_sites) sent += sum(site, SourceName::new_ipv6, &Counts::accepted, 0, minute_of(24));
  EXPECT_GT(the_day().warm_up_allowance, 0U);
  EXPECT_EQ(sent, the_day().warm_up_allowance);
}

}  // namespace
}  // namespace ptarmigan::relay::day
