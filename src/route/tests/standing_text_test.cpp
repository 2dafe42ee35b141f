// route/tests/standing_text_test.cpp - what is saved is what is read, a restart goes on, damage is refused whole.
#include "route/standing_text.hpp"

#include <gtest/gtest.h>

namespace ptarmigan::route {
namespace {

using std::chrono::hours;

constexpr Moment moment(int second) {
  return {WallTime(seconds(1'800'000'000 + second)), SteadyTime(seconds(second))};
}

const StandingKey key{IpAddress::parse("2001:db8::1").value(), "gmail"};
const RouteFacts good{.standing = Standing::good, .why = "all rules hold"};
const Refusal refusal{.rules = {"gmail.ptr"}, .reply = "550-5.7.1 \"so\"\xff", .at = moment(0).wall};

SavedStanding example() {
  SavedStanding out;
  out.saved_at = moment(7).wall;
  out.standing = {{.key = key,
                   .standing = Standing::poor,
                   .facts = Standing::good,
                   .refusal = Refusal{{"gmail.ptr"}, "550 no", moment(1).wall},
                   .facts_explained_refusal = false,
                   .left = milliseconds(1234),
                   .refusals = 2,
                   .probes_left = 3,
                   .why = "refused: 550 no",
                   .since = moment(1).wall}};
  out.pacing = {{.lane = {"gmail", Axis::netblock, "192.0.2.0/24"},
                 .phase = Pacing::Phase::stopped,
                 .left = milliseconds(599'000),
                 .connections = 1,
                 .messages_a_minute = 12.5,
                 .refused_at = 25,
                 .reply = "421 4.7.28 slower",
                 .since = moment(2).wall}};
  out.warm_up = {{key.source, 3, 168, 20}, {IpAddress::v4({192, 0, 2, 1}), 90, std::nullopt, 0}};
  out.counts = {{key.source, std::chrono::sys_days(std::chrono::days(20'000)), 20}};
  out.held = {{"gmail", "example.com", {"gmail.com"}, 17, milliseconds(599'000), "gmail refused"}};
  return out;
}

TEST(StandingText, what_is_written_is_read_again) {
  const auto read = parse_standing(standing_text(example()));
  ASSERT_TRUE(read) << read.error().message;
  EXPECT_EQ(*read, example());
  EXPECT_EQ(*parse_standing(standing_text({})), SavedStanding{});
}

TEST(StandingText, damage_anywhere_is_refused_and_never_half_used) {
  const auto text = standing_text(example());
  for (std::size_t length = 0; length + 2 < text.size(); ++length)
    EXPECT_FALSE(parse_standing(text.substr(0, length))) << "cut at " << length;
  for (std::size_t i = 0; i < text.size(); ++i) {
    auto damaged = text;
    damaged[i] = '{';
    (void)parse_standing(damaged);  // an error or another text, never a crash
  }
  EXPECT_FALSE(parse_standing("[]"));
  EXPECT_FALSE(parse_standing("{\"version\": 1}"));
  auto other = text;
  other.replace(other.find("\"version\": 1"), 12, "\"version\": 2");
  const auto refused = parse_standing(other);
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().message.find("version 2"), std::string::npos);
}

TEST(StandingText, words_of_receivers_that_are_no_unicode_are_kept_readable) {
  StandingTable table;
  table.refused(key, refusal, good, moment(0));
  SavedStanding saved;
  saved.standing = table.saved(moment(1).steady);
  const auto read = parse_standing(standing_text(saved));
  ASSERT_TRUE(read);
  EXPECT_TRUE(read->standing[0].refusal->reply.starts_with("550-5.7.1 \"so\""));
}

TEST(SavedStanding, a_refusal_outlives_the_process_for_what_is_left_of_its_pause) {
  StandingTable before({.probes = 2, .first_pause = seconds(100)});
  before.refused(key, refusal, good, moment(0));
  StandingTable after({.probes = 2, .first_pause = seconds(100)});
  after.restore(before.saved(moment(40).steady), seconds(20), SteadyTime(hours(5)));
  const auto at = [](milliseconds later) { return Moment{moment(60).wall, SteadyTime(hours(5)) + later}; };
  EXPECT_EQ(after.weigh(key, good, at(seconds(39))).standing, Standing::poor);
  EXPECT_EQ(after.weigh(key, good, at(seconds(40))).standing, Standing::probation);
}

TEST(SavedStanding, a_refusal_that_facts_explained_ends_when_they_have_changed_meanwhile) {
  const RouteFacts poor{.standing = Standing::poor, .rules = {"gmail.ptr"}, .why = "no PTR record"};
  StandingTable before;
  before.refused(key, refusal, poor, moment(0));
  StandingTable after;
  after.restore(before.saved(moment(1).steady), {}, moment(0).steady);
  EXPECT_EQ(after.weigh(key, poor, moment(1)).standing, Standing::poor);
  EXPECT_EQ(after.weigh(key, good, moment(2)).standing, Standing::probation);
}

TEST(SavedStanding, a_clock_set_back_prolongs_nothing) {
  StandingTable before({.probes = 1, .first_pause = seconds(100)});
  before.refused(key, refusal, good, moment(0));
  StandingTable after({.probes = 1, .first_pause = seconds(100)});
  after.restore(before.saved(moment(40).steady), -hours(1000), moment(0).steady);
  EXPECT_EQ(after.weigh(key, good, moment(60)).standing, Standing::probation);
}

TEST(SavedStanding, probation_goes_on) {
  StandingTable before({.probes = 3});
  (void)before.weigh(key, {.standing = Standing::poor}, moment(0));
  (void)before.weigh(key, good, moment(1));
  before.accepted(key);
  StandingTable after({.probes = 3});
  after.restore(before.saved(moment(2).steady), {}, moment(0).steady);
  EXPECT_EQ(after.weigh(key, good, moment(3)).standing, Standing::probation);
  after.accepted(key);
  after.accepted(key);
  EXPECT_EQ(after.weigh(key, good, moment(4)).standing, Standing::good);
}

TEST(SavedStanding, only_changes_are_worth_a_write) {
  StandingTable table;
  (void)table.weigh(key, good, moment(0));
  const auto revision = table.revision();
  for (int i = 0; i < 10; ++i) {
    (void)table.weigh(key, good, moment(i));
    table.accepted(key);
  }
  EXPECT_EQ(table.revision(), revision);
  table.refused(key, refusal, good, moment(20));
  EXPECT_GT(table.revision(), revision);
}

TEST(SavedStanding, of_single_senders_only_what_holds_them_back) {
  StandingTable table;
  StandingKey sender = key;
  sender.sender = "example.com";
  (void)table.weigh(sender, good, moment(0));
  EXPECT_TRUE(table.saved(moment(0).steady).empty());
  table.refused(sender, refusal, good, moment(1));
  EXPECT_EQ(table.saved(moment(1).steady).size(), 1U);
}

}  // namespace
}  // namespace ptarmigan::route
