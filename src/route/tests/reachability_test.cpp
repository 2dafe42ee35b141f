// route/tests/reachability_test.cpp - how long a site that does not answer is left alone.
#include "route/reachability.hpp"

#include <gtest/gtest.h>

namespace ptarmigan::route {
namespace {

constexpr SteadyTime at(int second) {
  return SteadyTime(seconds(second));
}

Reachability reach() {
  return Reachability({.first = seconds(30), .longest = seconds(100)});
}

TEST(Reachability, a_site_that_was_never_tried_is_open) {
  EXPECT_FALSE(reach().closed("dead", "192.0.2.1", at(0)));
}

TEST(Reachability, after_a_failure_nobody_tries_for_a_while_and_each_failure_doubles_it) {
  auto on = reach();
  on.silent("dead", "192.0.2.1", "timed out", at(0), at(30));
  const auto closed = on.closed("dead", "192.0.2.1", at(59));
  ASSERT_TRUE(closed);
  EXPECT_EQ(closed->until, at(60));
  EXPECT_EQ(closed->why, "timed out");
  EXPECT_FALSE(on.closed("dead", "192.0.2.1", at(60)));
  on.begin("dead", "192.0.2.1", at(60));
  on.silent("dead", "192.0.2.1", "timed out", at(60), at(90));
  EXPECT_EQ(on.closed("dead", "192.0.2.1", at(90))->until, at(150));
  on.silent("dead", "192.0.2.1", "timed out", at(150), at(180));
  EXPECT_EQ(on.closed("dead", "192.0.2.1", at(180))->until, at(280)) << "no more than the longest";
}

TEST(Reachability, one_message_tries_alone) {
  auto on = reach();
  on.silent("dead", "192.0.2.1", "timed out", at(0), at(0));
  EXPECT_FALSE(on.closed("dead", "192.0.2.1", at(30)));
  on.begin("dead", "192.0.2.1", at(30));
  EXPECT_TRUE(on.closed("dead", "192.0.2.1", at(31)));
  EXPECT_FALSE(on.closed("dead", "192.0.2.1", at(60))) << "whoever tried has said nothing for too long";
}

TEST(Reachability, connections_that_were_under_way_count_once) {
  auto on = reach();
  for (int i = 0; i < 20; ++i) on.silent("dead", "192.0.2.1", "timed out", at(0), at(30));
  EXPECT_EQ(on.closed("dead", "192.0.2.1", at(31))->until, at(60));
}

TEST(Reachability, an_answer_opens_it_at_once_and_other_routes_were_never_closed) {
  auto on = reach();
  on.silent("dead", "2001:db8::1", "timed out", at(0), at(0));
  EXPECT_FALSE(on.closed("dead", "192.0.2.1", at(1)));
  EXPECT_FALSE(on.closed("alive", "2001:db8::1", at(1)));
  on.answered("dead", "2001:db8::1");
  EXPECT_FALSE(on.closed("dead", "2001:db8::1", at(1)));
  EXPECT_EQ(on.size(), 0U);
}

}  // namespace
}  // namespace ptarmigan::route
