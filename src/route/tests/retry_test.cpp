// route/tests/retry_test.cpp - waits double, are bounded and end with the message's life.
#include "route/retry.hpp"

#include <gtest/gtest.h>

namespace ptarmigan::route {
namespace {

constexpr RetryPolicy policy{milliseconds(1000), milliseconds(8000), milliseconds(60'000)};
constexpr std::uint32_t no_jitter = 1000;

TEST(Retry, the_wait_doubles_up_to_the_longest) {
  EXPECT_EQ(retry_delay(policy, 1, no_jitter), milliseconds(1000));
  EXPECT_EQ(retry_delay(policy, 3, no_jitter), milliseconds(4000));
  EXPECT_EQ(retry_delay(policy, 1'000'000, no_jitter), milliseconds(8000));
}

TEST(Retry, jitter_is_at_most_a_tenth) {
  EXPECT_EQ(retry_delay(policy, 1, 0), milliseconds(900));
  EXPECT_EQ(retry_delay(policy, 1, 2000), milliseconds(1100));
}

TEST(Retry, one_last_attempt_falls_on_the_end_of_life) {
  EXPECT_EQ(next_attempt(policy, 10, milliseconds(55'000), no_jitter), milliseconds(5000));
  EXPECT_EQ(next_attempt(policy, 10, milliseconds(60'000), no_jitter), std::nullopt);
}

Moment at(std::int64_t wall_s, std::int64_t steady_s) {
  return {WallTime(seconds(1'800'000'000 + wall_s)), SteadyTime(seconds(steady_s))};
}

TEST(Retry, a_message_ages_with_the_wall_clock) {
  EXPECT_EQ(age_of(at(-100, 0).wall, at(0, 0), at(20, 20)), seconds(120)) << "from before this process";
  EXPECT_EQ(age_of(at(5, 0).wall, at(0, 0), at(20, 20)), seconds(15)) << "from this one";
}

TEST(Retry, a_clock_that_is_set_forward_or_back_ends_no_message) {
  EXPECT_EQ(age_of(at(-100, 0).wall, at(0, 0), at(30 * 86'400, 20)), seconds(120));
  EXPECT_EQ(age_of(at(5, 0).wall, at(0, 0), at(30 * 86'400, 20)), seconds(20)) << "at most what has passed in all";
  EXPECT_LT(age_of(at(5, 0).wall, at(0, 0), at(-30 * 86'400, 20)), seconds(0));
  EXPECT_EQ(next_attempt(policy, 1, seconds(-86'400), no_jitter), milliseconds(1000));
}

}  // namespace
}  // namespace ptarmigan::route
