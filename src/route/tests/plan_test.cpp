// route/tests/plan_test.cpp - the order of routes for every mix of standing, mode and preference.
#include "route/plan.hpp"

#include <map>

#include <gtest/gtest.h>

namespace ptarmigan::route {
namespace {

using config::Preference;
using config::StandingMode;

IpAddress ip(std::string_view text) {
  return IpAddress::parse(text).value();
}

PlanInput input() {
  PlanInput out;
  out.sources = {{"main", ip("2001:db8::1"), dns::name("mail.example.com")},
                 {"main", ip("192.0.2.1"), dns::name("mail.example.com")}};
  out.relays.emplace_back().name = "backup";
  out.destination = {
      .status = Destination::Status::found,
      .site = {"gmail", nullptr},
      .targets = {{dns::name("mx.example"), ip("2001:db8:feed::25")}, {dns::name("mx.example"), ip("203.0.113.25")}},
      .why = {}};
  return out;
}

std::vector<std::string> order(const PlanInput& in, Standing v6, Standing v4) {
  const auto plan = make_plan(in, [&](const SourceAddress& source) {
    RouteStanding standing;
    standing.standing = source.address.is_v6() ? v6 : v4;
    return standing;
  });
  std::vector<std::string> out;
  for (const auto& candidate : plan.order)
    out.push_back(candidate.route.id + (candidate.last_resort ? " (last resort)" : ""));
  return out;
}

using Order = std::vector<std::string>;

TEST(Plan, equal_standing_goes_by_preference) {
  auto in = input();
  EXPECT_EQ(order(in, Standing::good, Standing::good), (Order{"2001:db8::1", "192.0.2.1", "relay backup"}));
  in.prefer = Preference::ipv4;
  EXPECT_EQ(order(in, Standing::good, Standing::good), (Order{"192.0.2.1", "2001:db8::1", "relay backup"}));
}

std::string first_of(PlanInput in, std::uint64_t spread) {
  in.spread = spread;
  return order(in, Standing::good, Standing::good).front();
}

TEST(Plan, weighted_sources_share_the_messages) {
  PlanInput in = input();
  in.sources = {{"a", ip("192.0.2.1"), dns::name("a.example.com"), "", 3},
                {"b", ip("192.0.2.2"), dns::name("b.example.com"), "", 1},
                {"c", ip("192.0.2.3"), dns::name("c.example.com"), "", 0}};
  std::map<std::string, int> taken;
  constexpr int messages = 8000;
  for (std::uint64_t spread = 0; spread < messages; ++spread) ++taken[first_of(in, spread)];
  EXPECT_NEAR(taken["192.0.2.1"], messages * 3 / 4, messages / 50);
  EXPECT_NEAR(taken["192.0.2.2"], messages / 4, messages / 50);
  EXPECT_EQ(taken.size(), 2U) << "without a share it comes last";
  EXPECT_EQ(first_of(in, 7), first_of(in, 7)) << "retries keep the source";
  // Without b its messages go to a, and a's stay.
  PlanInput fewer = in;
  fewer.sources.erase(fewer.sources.begin() + 1);
  for (std::uint64_t spread = 0; spread < 50; ++spread) EXPECT_EQ(first_of(fewer, spread), "192.0.2.1");
}

TEST(Plan, both_families_of_a_weighted_source_go_together) {
  PlanInput in = input();
  in.sources = {{"a", ip("2001:db8::1"), dns::name("a.example.com"), "", 1},
                {"a", ip("192.0.2.1"), dns::name("a.example.com"), "", 1},
                {"b", ip("2001:db8::2"), dns::name("b.example.com"), "", 1},
                {"b", ip("192.0.2.2"), dns::name("b.example.com"), "", 1}};
  for (std::uint64_t spread = 0; spread < 50; ++spread) {
    in.spread = spread;
    const auto way = order(in, Standing::good, Standing::good);
    EXPECT_EQ(way[0] == "2001:db8::1", way[2] == "192.0.2.1");
  }
}

TEST(Plan, a_pool_leaves_the_sources_of_others_out) {
  PlanInput in = input();
  in.sources[0].pool = "news";
  in.sources[1].pool = "mail";
  in.pool = "mail";
  EXPECT_EQ(order(in, Standing::good, Standing::good), (Order{"192.0.2.1", "relay backup"}));
  in.pool.clear();
  EXPECT_EQ(order(in, Standing::good, Standing::good), (Order{"2001:db8::1", "192.0.2.1", "relay backup"}));
}

TEST(Plan, standing_outranks_preference) {
  EXPECT_EQ(order(input(), Standing::poor, Standing::good),
            (Order{"192.0.2.1", "relay backup", "2001:db8::1 (last resort)"}));
  EXPECT_EQ(order(input(), Standing::unknown, Standing::good), (Order{"192.0.2.1", "2001:db8::1", "relay backup"}));
  EXPECT_EQ(order(input(), Standing::probation, Standing::good), (Order{"2001:db8::1", "192.0.2.1", "relay backup"}));
}

TEST(Plan, a_relay_goes_before_poor_own_addresses) {
  EXPECT_EQ(order(input(), Standing::poor, Standing::poor),
            (Order{"relay backup", "2001:db8::1 (last resort)", "192.0.2.1 (last resort)"}));
}

TEST(Plan, without_any_better_route_the_least_bad_is_used) {
  auto in = input();
  in.relays.clear();
  const auto plan = make_plan(in, [&](const SourceAddress& source) {
    RouteStanding standing;
    standing.standing = Standing::poor;
    standing.rules = source.address.is_v6() ? std::vector<std::string>{"a", "b"} : std::vector<std::string>{"a"};
    return standing;
  });
  ASSERT_EQ(plan.order.size(), 2U);
  EXPECT_EQ(plan.order[0].route.id, "192.0.2.1");
  EXPECT_FALSE(plan.order[0].last_resort);
  EXPECT_NE(plan.order[0].reason.find("least bad"), std::string::npos);
}

TEST(Plan, standing_off_and_advise_keep_the_configured_order) {
  for (const auto mode : {StandingMode::off, StandingMode::advise}) {
    auto in = input();
    in.mode = mode;
    EXPECT_EQ(order(in, Standing::poor, Standing::good), (Order{"2001:db8::1", "192.0.2.1", "relay backup"}));
  }
}

TEST(Plan, a_route_that_refused_this_message_is_not_tried_again) {
  auto in = input();
  in.refused = {"2001:db8::1"};
  EXPECT_EQ(order(in, Standing::good, Standing::good), (Order{"192.0.2.1", "relay backup"}));
}

TEST(Plan, a_site_with_one_family_stays_reachable) {
  auto in = input();
  in.destination.targets.pop_back();
  in.relays.clear();
  EXPECT_EQ(order(in, Standing::poor, Standing::good), (Order{"2001:db8::1"}));
}

}  // namespace
}  // namespace ptarmigan::route
