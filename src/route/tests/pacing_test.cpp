// route/tests/pacing_test.cpp - shares of a site, the recovery that Google publishes, what replies teach, restarts.
#include "route/pacing.hpp"

#include <algorithm>
#include <random>

#include <gtest/gtest.h>

#include "smtp/reply.hpp"

namespace ptarmigan::route {
namespace {

using std::chrono::minutes;
using Kind = PaceWait::Kind;

constexpr const char* words = "421 4.7.28 Gmail has detected an unusual rate of mail";

SteadyTime at(milliseconds since_start) {
  return SteadyTime(std::chrono::hours(1)) + since_start;
}

Moment moment(milliseconds since_start) {
  return {WallTime(std::chrono::hours(500'000)) + since_start, at(since_start)};
}

IpAddress ip(std::string_view text) {
  return IpAddress::parse(text).value();
}

Traffic mail(std::string_view address = "192.0.2.1", const std::string& dkim = "example.com",
             const std::string& spf = "bounce.example.com") {
  return traffic_of("gmail", ip(address), dkim, spf);
}

Pacing pacing() {
  Pacing::Policy policy;
  policy.shapes.assign(default_shapes().begin(), default_shapes().end());
  return Pacing(policy);
}

/// How many messages may be on their way at once.
unsigned places(Pacing& pace, const Traffic& traffic, SteadyTime now) {
  unsigned count = 0;
  while (count < 1000 && !pace.begin(traffic, now)) ++count;
  for (unsigned i = 0; i < count; ++i) pace.end(traffic, Pacing::End::said_nothing, now);
  return count;
}

void refuse(Pacing& pace, const Traffic& traffic, smtp::RateAxis axis, milliseconds when) {
  ASSERT_FALSE(pace.begin(traffic, at(when)));
  pace.refused(traffic, axis, words, moment(when));
}

TEST(Traffic, counts_by_address_network_and_both_domains) {
  const auto lanes = mail("2001:db8:1:2:3::9");
  ASSERT_EQ(lanes.size(), 4U);
  EXPECT_EQ(lanes[0].value, "2001:db8:1:2:3::9");
  EXPECT_EQ(lanes[1].value, "2001:db8:1:2::/64");
  EXPECT_EQ(mail("192.0.2.77")[1].value, "192.0.2.0/24");
  EXPECT_EQ(traffic_of("x", ip("192.0.2.1"), "", "").size(), 2U) << "an unsigned bounce has no domains";
}

TEST(Pacing, each_receiver_gets_the_connections_that_it_is_known_to_bear) {
  auto pace = pacing();
  EXPECT_EQ(places(pace, mail(), at({})), 5U);
  EXPECT_EQ(places(pace, traffic_of("orange", ip("192.0.2.1"), "", ""), at({})), 2U);
  EXPECT_EQ(pace.shape_of("apple").messages_a_connection, 5U);
  EXPECT_EQ(pace.shape_of("yahoo").messages_a_connection, 20U);
  EXPECT_EQ(pace.shape_of("mx.example.net").connections, 20U) << "any other site";
}

TEST(Pacing, addresses_have_connections_of_their_own) {
  auto pace = pacing();
  for (int i = 0; i < 5; ++i) ASSERT_FALSE(pace.begin(mail("192.0.2.1"), at({})));
  ASSERT_EQ(pace.begin(mail("192.0.2.1"), at({}))->kind, Kind::full);
  EXPECT_FALSE(pace.begin(mail("192.0.2.2"), at({})));
  pace.end(mail("192.0.2.1"), Pacing::End::accepted, at({}));
  EXPECT_FALSE(pace.begin(mail("192.0.2.1"), at({})));
}

TEST(Pacing, ten_minutes_then_one_connection_then_one_more_at_a_time) {
  auto pace = pacing();
  refuse(pace, mail(), smtp::RateAxis::unspecified, {});
  const auto wait = pace.begin(mail(), at(minutes(10) - milliseconds(1)));
  ASSERT_TRUE(wait);
  EXPECT_EQ(wait->kind, Kind::stopped);
  EXPECT_EQ(wait->until, at(minutes(10)));
  EXPECT_NE(wait->why.find(words), std::string::npos);
  EXPECT_EQ(places(pace, mail(), at(minutes(10))), 1U);
  for (unsigned connections = 1; connections < 5; ++connections) {
    const auto now = at(minutes(10 + connections));
    EXPECT_EQ(places(pace, mail(), now), connections);
    for (unsigned i = 0; i < connections; ++i) {
      EXPECT_EQ(places(pace, mail(), now), connections) << "every one of them must have worked";
      ASSERT_FALSE(pace.begin(mail(), now));
      pace.end(mail(), Pacing::End::accepted, now);
    }
  }
  EXPECT_EQ(places(pace, mail(), at(minutes(15))), 5U);
  EXPECT_TRUE(pace.rows(at(minutes(15))).empty()) << "recovered";
}

TEST(Pacing, a_refusal_of_the_one_connection_is_ten_minutes_more) {
  auto pace = pacing();
  refuse(pace, mail(), smtp::RateAxis::unspecified, {});
  refuse(pace, mail(), smtp::RateAxis::unspecified, minutes(12));
  EXPECT_TRUE(pace.begin(mail(), at(minutes(21))));
  EXPECT_EQ(places(pace, mail(), at(minutes(22))), 1U);
}

TEST(Pacing, a_broken_connection_during_recovery_neither_stops_nor_proves) {
  auto pace = pacing();
  refuse(pace, mail(), smtp::RateAxis::unspecified, {});
  for (int i = 0; i < 50; ++i) {
    ASSERT_FALSE(pace.begin(mail(), at(minutes(11 + i))));
    pace.end(mail(), Pacing::End::said_nothing, at(minutes(11 + i)));
  }
  EXPECT_EQ(places(pace, mail(), at(minutes(90))), 1U);
}

TEST(Pacing, the_named_axis_alone_is_stopped) {
  using smtp::RateAxis;
  struct Case {
    RateAxis axis;
    Traffic stopped, free;
  };
  const Case cases[] = {
      {RateAxis::ip, mail("192.0.2.1", "other.example", "other.example"), mail("192.0.2.2")},
      {RateAxis::netblock, mail("192.0.2.9", "other.example", "other.example"), mail("198.51.100.1")},
      {RateAxis::dkim_domain, mail("2001:db8::1", "example.com", "x.example"), mail("192.0.2.1", "other.example")},
      {RateAxis::spf_domain, mail("2001:db8::1", "x.example"), mail("192.0.2.1", "example.com", "x.example")},
  };
  for (const auto& one : cases) {
    auto pace = pacing();
    refuse(pace, mail(), one.axis, {});
    EXPECT_TRUE(pace.begin(one.stopped, at(minutes(1)))) << to_string(one.axis);
    EXPECT_FALSE(pace.begin(one.free, at(minutes(1)))) << to_string(one.axis);
    EXPECT_FALSE(pace.begin(traffic_of("yahoo", ip("192.0.2.1"), "example.com", ""), at(minutes(1))))
        << "other sites count for themselves";
  }
}

TEST(Pacing, no_named_axis_stops_address_dkim_domain_and_spf_domain) {
  auto pace = pacing();
  refuse(pace, mail(), smtp::RateAxis::unspecified, {});
  EXPECT_TRUE(pace.begin(mail("192.0.2.1", "x.example", "x.example"), at(minutes(1))));
  EXPECT_TRUE(pace.begin(mail("2001:db8::1", "example.com", "x.example"), at(minutes(1))));
  EXPECT_TRUE(pace.begin(mail("2001:db8::1", "x.example"), at(minutes(1))));
  EXPECT_FALSE(pace.begin(mail("192.0.2.2", "x.example", "x.example"), at(minutes(1)))) << "not the network";
}

TEST(Pacing, what_gmail_says_leads_to_the_axis_that_it_names) {
  const std::pair<const char*, Axis> replies[] = {
      {"421-4.7.28 Gmail has detected an unusual rate of unsolicited mail originating\r\n421 4.7.28 from your IP "
       "address. gsmtp",
       Axis::ip},
      {"421-4.7.28 Gmail has detected an unusual rate of unsolicited mail originating\r\n421 4.7.28 from your IP "
       "Netblock. gsmtp",
       Axis::netblock},
      {"421-4.7.28 Gmail has detected an unusual rate of unsolicited mail originating\r\n421 4.7.28 from your DKIM "
       "domain example.com. gsmtp",
       Axis::dkim_domain},
      {"421-4.7.28 Gmail has detected an unusual rate of unsolicited mail originating\r\n421 4.7.28 from your SPF "
       "domain bounce.example.com. gsmtp",
       Axis::spf_domain},
  };
  for (const auto& [text, axis] : replies) {
    const auto failure = smtp::classify(smtp::Reply::parse(text).value(), smtp::Stage::end_of_data);
    ASSERT_EQ(failure.cause, smtp::Cause::rate) << text;
    auto pace = pacing();
    refuse(pace, mail(), failure.axis, {});
    const auto rows = pace.rows(at({}));
    ASSERT_EQ(rows.size(), 1U) << text;
    EXPECT_EQ(rows[0].lane.axis, axis) << text;
    EXPECT_EQ(rows[0].phase, Pacing::Phase::stopped);
  }
}

TEST(Pacing, a_mailbox_that_gets_mail_too_fast_stops_nobody_else) {
  auto pace = pacing();
  refuse(pace, mail(), smtp::RateAxis::mailbox, {});
  EXPECT_FALSE(pace.begin(mail(), at({})));
}

/// Sends as fast as it may for a time, one message a step; returns how many went.
unsigned send(Pacing& pace, const Traffic& traffic, milliseconds from, milliseconds length, milliseconds step) {
  unsigned sent = 0;
  for (milliseconds now = from; now < from + length; now += step) {
    if (pace.begin(traffic, at(now))) continue;
    pace.end(traffic, Pacing::End::accepted, at(now));
    ++sent;
  }
  return sent;
}

TEST(Pacing, a_refused_pace_is_halved_and_grows_slowly) {
  auto pace = pacing();
  EXPECT_EQ(send(pace, mail(), {}, minutes(3), milliseconds(100)), 1800U);
  refuse(pace, mail(), smtp::RateAxis::ip, minutes(3));
  const auto rows = pace.rows(at(minutes(3)));
  ASSERT_EQ(rows.size(), 1U);
  EXPECT_NEAR(rows[0].refused_at, 600, 12);
  const auto first = send(pace, mail(), minutes(13), minutes(1), milliseconds(100));
  EXPECT_NEAR(first, 300, 30);
  unsigned before = first;
  for (int minute = 14; minute < 13 + 120; ++minute) {
    const auto sent = send(pace, mail(), minutes(minute), minutes(1), milliseconds(100));
    EXPECT_LT(sent, before * 1.25 + 2) << "no sudden doubling, minute " << minute;
    EXPECT_LT(sent, 600U);
    before = sent;
  }
  EXPECT_GT(before, 480U) << "four fifths are soon used again";
}

TEST(Pacing, never_more_in_a_minute_than_the_shape_says) {
  Pacing::Policy policy;
  policy.shapes = {{"gmail", 5, 50, 60}};
  Pacing pace(policy);
  const auto sent = send(pace, mail(), {}, minutes(10), milliseconds(20));
  EXPECT_LE(sent, 60U * 10 + 5);
  EXPECT_GE(sent, 60U * 10 - 5);
  const auto wait = pace.begin(mail(), at(minutes(10)));
  if (wait) {
    EXPECT_EQ(wait->kind, Kind::minute);
    EXPECT_LE(*wait->until, at(minutes(10) + seconds(1)));
  }
}

/// Whatever happens in whatever order: nothing goes while its lane is stopped, never more than the ceiling is on its
/// way, and a wait always names a time that comes or a place that is taken.
TEST(Pacing, property_random_histories_keep_the_published_order) {
  std::mt19937 random(20261123);
  for (int history = 0; history < 200; ++history) {
    auto pace = pacing();
    const Traffic kinds[] = {mail("192.0.2.1"), mail("2001:db8::1"), mail("192.0.2.1", "b.example", "b.example")};
    std::vector<std::size_t> running;
    std::map<Lane, SteadyTime> refused_until;
    milliseconds now{};
    for (int event = 0; event < 400; ++event) {
      now += milliseconds(random() % 40'000);
      const auto kind = random() % std::size(kinds);
      if (random() % 2 == 0) {
        const auto wait = pace.begin(kinds[kind], at(now));
        bool stopped = false;
        for (const auto& lane : kinds[kind]) stopped |= refused_until[lane] > at(now);
        if (!wait) {
          EXPECT_FALSE(stopped);
          running.push_back(kind);
        } else if (wait->kind == Kind::full) {
          EXPECT_FALSE(running.empty()) << "nobody would ever free the place";
        } else {
          EXPECT_GT(*wait->until, at(now));
          EXPECT_LE(*wait->until, at(now + minutes(10)));
        }
      } else if (!running.empty()) {
        std::swap(running[random() % running.size()], running.back());
        const auto& traffic = kinds[running.back()];
        running.pop_back();
        if (random() % 12 != 0) {
          pace.end(traffic, Pacing::End::accepted, at(now));
        } else {
          pace.refused(traffic, smtp::RateAxis::ip, words, moment(now));
          refused_until[traffic[0]] = at(now + minutes(10));
        }
      }
      for (const auto& row : pace.rows(at(now))) {
        const auto on_the_way = std::ranges::count_if(
            running, [&](std::size_t i) { return std::ranges::find(kinds[i], row.lane) != kinds[i].end(); });
        if (row.phase == Pacing::Phase::recovering && on_the_way >= row.connections) {
          EXPECT_TRUE(pace.begin(kinds[row.lane.value == "2001:db8::1" ? 1 : 0], at(now)));
        }
      }
    }
  }
}

TEST(Pacing, a_restart_goes_on_where_it_was) {
  auto pace = pacing();
  (void)send(pace, mail(), {}, minutes(3), milliseconds(100));
  refuse(pace, mail(), smtp::RateAxis::unspecified, minutes(3));
  auto again = pacing();
  again.restore(pace.rows(at(minutes(5))), minutes(2), at({}));  // the new process's own clock
  EXPECT_TRUE(again.begin(mail(), at(minutes(6) - milliseconds(1))));
  EXPECT_EQ(places(again, mail(), at(minutes(6))), 1U);
  EXPECT_EQ(again.rows(at({})).size(), 3U);
  EXPECT_EQ(again.rows(at({}))[0].refused_at, pace.rows(at(minutes(5)))[0].refused_at);
}

TEST(Pacing, no_clock_jump_holds_mail_longer_than_the_pause) {
  auto pace = pacing();
  refuse(pace, mail(), smtp::RateAxis::unspecified, {});
  auto rows = pace.rows(at({}));
  auto back = pacing();
  back.restore(rows, -std::chrono::hours(1000), at({}));
  EXPECT_FALSE(back.begin(mail(), at(minutes(10))));
  for (auto& row : rows) row.left = std::chrono::hours(1'000'000);
  auto wrong = pacing();
  wrong.restore(rows, {}, at({}));
  EXPECT_FALSE(wrong.begin(mail(), at(minutes(10))));
}

TEST(Pacing, lanes_of_senders_that_are_gone_are_forgotten) {
  Pacing::Policy policy;
  policy.max_lanes = 100;
  Pacing pace(policy);
  for (int i = 0; i < 10'000; ++i) {
    const auto traffic = mail("192.0.2.1", "d" + std::to_string(i) + ".example", "");
    ASSERT_FALSE(pace.begin(traffic, at(minutes(i))));
    pace.end(traffic, Pacing::End::accepted, at(minutes(i)));
  }
  EXPECT_LE(pace.lanes(), 104U);
}

}  // namespace
}  // namespace ptarmigan::route
