// route/tests/warm_up_test.cpp - allowances day by day, counts over midnight, restarts and clock jumps.
#include "route/warm_up.hpp"

#include <gtest/gtest.h>

namespace ptarmigan::route {
namespace {

using std::chrono::days;
using std::chrono::hours;
using std::chrono::sys_days;

constexpr sys_days monday = std::chrono::year(2026) / 11 / 23;
const IpAddress source = IpAddress::parse("2001:db8::1").value();

WarmUpPlan plan() {
  return {.first_day = monday, .first_allowance = 50, .growth_percent = 50, .full_allowance = 1000};
}

unsigned take_all(WarmUp& warm_up, WallTime now) {
  unsigned count = 0;
  while (count < 5000 && warm_up.take(source, now)) ++count;
  return count;
}

TEST(WarmUpPlan, grows_by_its_share_each_day_until_it_ends) {
  // 50 * 1.5^n, rounded down each day, written out by hand.
  const std::uint64_t allowed[] = {50, 75, 112, 168, 252, 378, 567, 850};
  for (int day = 0; day < 8; ++day) EXPECT_EQ(plan().allowance(monday + days(day)), allowed[day]) << day;
  EXPECT_FALSE(plan().allowance(monday + days(8))) << "1,275 would be more than the full allowance";
  EXPECT_EQ(plan().allowance(monday - days(1)), 0U);
}

TEST(WarmUpPlan, never_more_than_doubles) {
  auto steep = plan();
  steep.growth_percent = 900;
  for (int day = 1; day < 4; ++day)
    EXPECT_LE(*steep.allowance(monday + days(day)), 2 * *steep.allowance(monday + days(day - 1)));
}

TEST(WarmUpPlan, ends_also_where_it_does_not_grow) {
  auto flat = plan();
  flat.growth_percent = 0;
  EXPECT_EQ(flat.allowance(monday + days(300)), 50U);
  EXPECT_FALSE(flat.allowance(monday + days(400)));
}

TEST(WarmUp, a_day_takes_its_allowance_and_the_next_day_its_own) {
  WarmUp warm_up;
  warm_up.set_plan(source, plan());
  EXPECT_EQ(take_all(warm_up, monday + hours(9)), 50U);
  EXPECT_EQ(take_all(warm_up, monday + hours(23)), 0U);
  EXPECT_EQ(warm_up.rows(monday + hours(23)), (std::vector<WarmUp::Row>{{source, 0, 50, 50}}));
  EXPECT_EQ(take_all(warm_up, monday + hours(24)), 75U);
  EXPECT_EQ(take_all(warm_up, monday + days(8)), 5000U) << "the plan has ended";
  EXPECT_FALSE(warm_up.is_warming(source, monday + days(8)));
}

TEST(WarmUp, an_address_without_a_plan_is_not_counted) {
  WarmUp warm_up;
  EXPECT_EQ(take_all(warm_up, monday + hours(1)), 5000U);
  EXPECT_TRUE(warm_up.rows(monday + hours(1)).empty());
}

TEST(WarmUp, what_did_not_go_is_given_back) {
  WarmUp warm_up;
  warm_up.set_plan(source, plan());
  (void)take_all(warm_up, monday + hours(1));
  warm_up.give_back(source, monday + hours(1));
  EXPECT_EQ(take_all(warm_up, monday + hours(1)), 1U);
}

TEST(WarmUp, counts_survive_a_restart) {
  WarmUp before;
  before.set_plan(source, plan());
  for (int i = 0; i < 20; ++i) (void)before.take(source, monday + hours(2));
  WarmUp after;
  after.set_plan(source, plan());
  after.restore(before.counts());
  EXPECT_EQ(take_all(after, monday + hours(3)), 30U);
}

TEST(WarmUp, the_next_day_is_never_more_than_24_hours_away) {
  EXPECT_EQ(WarmUp::until_next_day(monday + hours(1)), hours(23));
  EXPECT_EQ(WarmUp::until_next_day(monday + hours(0)), hours(24));
  EXPECT_EQ(WarmUp::until_next_day(monday + hours(24) - milliseconds(1)), milliseconds(1));
}

TEST(WarmUp, a_clock_that_jumps_and_comes_back_ends_no_plan) {
  WarmUp warm_up;
  warm_up.set_plan(source, plan());
  (void)take_all(warm_up, monday + hours(1));
  EXPECT_EQ(take_all(warm_up, monday + days(3000)), 5000U);
  EXPECT_EQ(take_all(warm_up, monday + hours(2)), 0U) << "the day's allowance stays used";
}

}  // namespace
}  // namespace ptarmigan::route
