// relay/tests/rates_test.cpp - buckets by key: what is let through, when it comes back, and that memory is bounded.
#include "relay/rates.hpp"

#include <gtest/gtest.h>

namespace ptarmigan::relay {
namespace {

using namespace std::chrono_literals;

SteadyTime at(milliseconds since) {
  return SteadyTime(since);
}

TEST(Rates, a_whole_amount_at_once_then_evenly) {
  Rates rates(6, 1min);
  for (int i = 0; i < 6; ++i) EXPECT_FALSE(rates.try_take("a", 1, at(0s))) << i;
  EXPECT_EQ(rates.try_take("a", 1, at(0s)), milliseconds(10s)) << "when to come back";
  EXPECT_EQ(rates.try_take("a", 1, at(9s)), milliseconds(1s));
  EXPECT_FALSE(rates.try_take("a", 1, at(10s)));
  EXPECT_TRUE(rates.try_take("a", 1, at(10s)));
  EXPECT_FALSE(rates.try_take("b", 1, at(10s))) << "another client";
}

TEST(Rates, a_cost_beyond_the_amount_waits_for_a_full_bucket_and_leaves_a_debt) {
  Rates rates(10, 10s);
  EXPECT_FALSE(rates.wait_for("a", 15, at(0s)));
  rates.take("a", 15, at(0s));
  EXPECT_EQ(rates.wait_for("a", 1, at(0s)), milliseconds(6s));
  EXPECT_FALSE(rates.wait_for("a", 15, at(15s)));
}

TEST(Rates, nothing_is_not_a_limit) {
  Rates rates(0, 1h);
  for (int i = 0; i < 1000; ++i) EXPECT_FALSE(rates.try_take("a", 100, at(0s)));
  EXPECT_EQ(rates.keys(), 0U);
}

TEST(Rates, the_client_heard_of_longest_ago_is_forgotten_first) {
  Rates rates(1, 1h, 2);
  EXPECT_FALSE(rates.try_take("a", 1, at(0s)));
  EXPECT_FALSE(rates.try_take("b", 1, at(1s)));
  rates.take("a", 0, at(2s));
  EXPECT_FALSE(rates.try_take("c", 1, at(3s)));
  EXPECT_EQ(rates.keys(), 2U);
  EXPECT_TRUE(rates.wait_for("a", 1, at(3s)));
  EXPECT_FALSE(rates.wait_for("b", 1, at(3s))) << "forgotten";
}

TEST(Rates, an_ipv6_client_is_its_network) {
  const auto key = [](const char* text) { return client_network(IpAddress::parse(text).value()); };
  EXPECT_EQ(key("192.0.2.1"), "192.0.2.1");
  EXPECT_EQ(key("2001:db8::1"), key("2001:db8::ffff:1"));
  EXPECT_NE(key("2001:db8:0:1::1"), key("2001:db8::1"));
}

}  // namespace
}  // namespace ptarmigan::relay
