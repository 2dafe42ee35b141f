// route/tests/standing_test.cpp - facts, replies and probation over time that is passed in.
#include "route/standing.hpp"

#include <gtest/gtest.h>

namespace ptarmigan::route {
namespace {

constexpr Moment moment(int second) {
  return {WallTime(seconds(1'800'000'000 + second)), SteadyTime(seconds(second))};
}

const StandingKey key{IpAddress::parse("2001:db8::1").value(), "gmail"};
const RouteFacts good{.standing = Standing::good, .why = "all rules hold"};
const RouteFacts poor{.standing = Standing::poor, .rules = {"gmail.ptr"}, .why = "2001:db8::1 has no PTR record"};
const RouteFacts unknown{.standing = Standing::unknown, .why = "DNS gave no answer"};
const Refusal refusal{.rules = {"gmail.ptr"}, .reply = "550-5.7.1 ...", .at = moment(0).wall};

TEST(Standing, follows_the_facts_where_no_reply_speaks) {
  StandingTable table;
  EXPECT_EQ(table.weigh(key, good, moment(0)).standing, Standing::good);
  EXPECT_EQ(table.weigh(key, unknown, moment(1)).standing, Standing::unknown);
  const auto judged = table.weigh(key, poor, moment(2));
  EXPECT_EQ(judged.standing, Standing::poor);
  EXPECT_NE(judged.why.find("no PTR"), std::string::npos);
}

TEST(Standing, a_refusal_outranks_good_facts_until_its_pause_is_over) {
  StandingTable table({.probes = 1, .first_pause = milliseconds(10'000)});
  table.refused(key, refusal, good, moment(0));
  EXPECT_EQ(table.weigh(key, good, moment(9)).standing, Standing::poor);
  EXPECT_EQ(table.weigh(key, good, moment(10)).standing, Standing::probation);
}

TEST(Standing, each_further_refusal_doubles_the_pause) {
  StandingTable table({.probes = 1, .first_pause = milliseconds(10'000), .longest_pause = milliseconds(25'000)});
  table.refused(key, refusal, good, moment(0));
  table.refused(key, refusal, good, moment(10));
  EXPECT_EQ(table.weigh(key, good, moment(29)).standing, Standing::poor);
  EXPECT_EQ(table.weigh(key, good, moment(30)).standing, Standing::probation);
  table.refused(key, refusal, good, moment(30));
  EXPECT_EQ(table.weigh(key, good, moment(55)).standing, Standing::probation) << "the longest pause bounds it";
}

TEST(Standing, a_refusal_that_the_facts_explain_ends_when_they_change) {
  StandingTable table;
  table.refused(key, refusal, poor, moment(0));
  EXPECT_EQ(table.weigh(key, poor, moment(100'000)).standing, Standing::poor);
  EXPECT_EQ(table.weigh(key, unknown, moment(100'001)).standing, Standing::poor);
  EXPECT_EQ(table.weigh(key, good, moment(100'002)).standing, Standing::probation);
}

TEST(Standing, facts_that_show_the_named_fault_only_after_the_refusal_explain_it_too) {
  StandingTable table;
  table.refused(key, refusal, good, moment(0));
  EXPECT_FALSE(table.is_explained(key)) << "the record was still remembered";
  EXPECT_EQ(table.weigh(key, poor, moment(1)).standing, Standing::poor);
  EXPECT_TRUE(table.is_explained(key));
  EXPECT_EQ(table.weigh(key, good, moment(5)).standing, Standing::probation) << "mended before the pause is over";
  EXPECT_FALSE(table.is_explained(key));
}

TEST(Standing, facts_that_show_another_fault_do_not_explain_a_refusal) {
  StandingTable table;
  table.set_poor(key, "maintenance", milliseconds(60'000), moment(0));
  EXPECT_EQ(table.weigh(key, poor, moment(1)).standing, Standing::poor);
  EXPECT_EQ(table.weigh(key, good, moment(5)).standing, Standing::poor) << "an operator's word stays";
  table.refused(key, {.rules = {"gmail.spam-rate"}, .reply = "421 4.7.28", .at = moment(6).wall}, good, moment(6));
  EXPECT_EQ(table.weigh(key, poor, moment(7)).standing, Standing::poor);
  EXPECT_EQ(table.weigh(key, good, moment(8)).standing, Standing::poor);
}

TEST(Standing, probation_lets_one_message_through_at_a_time) {
  StandingTable table({.probes = 2});
  (void)table.weigh(key, poor, moment(0));
  EXPECT_EQ(table.weigh(key, good, moment(1)).standing, Standing::probation);
  EXPECT_TRUE(table.take_probe(key));
  EXPECT_FALSE(table.take_probe(key));
  table.accepted(key);
  EXPECT_EQ(table.weigh(key, good, moment(2)).standing, Standing::probation);
  EXPECT_TRUE(table.take_probe(key));
  table.give_back(key);
  EXPECT_TRUE(table.take_probe(key));
  table.accepted(key);
  EXPECT_EQ(table.weigh(key, good, moment(3)).standing, Standing::good);
  EXPECT_TRUE(table.take_probe(key));
  EXPECT_TRUE(table.take_probe(key)) << "a good route takes any number";
}

TEST(Standing, a_refusal_on_probation_is_a_refusal) {
  StandingTable table({.probes = 2});
  (void)table.weigh(key, poor, moment(0));
  (void)table.weigh(key, good, moment(1));
  ASSERT_TRUE(table.take_probe(key));
  table.refused(key, refusal, good, moment(2));
  EXPECT_EQ(table.weigh(key, good, moment(3)).standing, Standing::poor);
}

TEST(Standing, the_table_is_bounded) {
  StandingTable table({.max_entries = 10});
  for (int i = 0; i < 100; ++i) (void)table.weigh({key.source, std::to_string(i)}, poor, moment(i));
  EXPECT_EQ(table.rows().size(), 10U);
}

TEST(JudgeRoute, a_receiver_without_rules_is_good) {
  EXPECT_EQ(judge_route(nullptr, {}, {}).standing, Standing::good);
}

}  // namespace
}  // namespace ptarmigan::route
