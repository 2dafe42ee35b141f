// logs/tests/line_test.cpp - what loggers put around a message.
#include "logs/line.hpp"

#include <gtest/gtest.h>

namespace ptarmigan::logs {
namespace {

using namespace std::chrono_literals;

/// The writer's zone is one hour east; the newest line can be of noon on 23 November 2026.
const Stamps stamps{WallTime(std::chrono::sys_days(2026y / 11 / 23)) + 12h,
                    [](std::chrono::local_seconds local) { return WallTime(local.time_since_epoch()) - 1h; }};

std::string time_of(const Line& line) {
  return line.time ? rfc3339(*line.time) : "none";
}

TEST(LogLine, old_syslog_takes_the_latest_year_that_is_not_in_the_future) {
  const auto line = parse_line("Nov  3 21:17:00 mail postfix/smtp[123]: 0F5383D: removed", stamps);
  EXPECT_EQ(time_of(line), "2026-11-03T20:17:00Z");
  EXPECT_EQ(line.host, "mail");
  EXPECT_EQ(line.program, "postfix/smtp");
  EXPECT_EQ(line.pid, 123U);
  EXPECT_EQ(line.text, "0F5383D: removed");
  EXPECT_EQ(time_of(parse_line("Dec 31 23:59:59 mail postfix/qmgr[1]: x", stamps)), "2025-12-31T22:59:59Z");
}

TEST(LogLine, leap_day_belongs_to_the_last_leap_year) {
  EXPECT_EQ(time_of(parse_line("Feb 29 10:00:00 mail postfix/qmgr[1]: x", stamps)), "2024-02-29T09:00:00Z");
}

TEST(LogLine, priority_and_year_are_read) {
  const auto line = parse_line("<22>Nov 23 2026 10:00:00 mail postfix-out/smtp[7]: x", stamps);
  EXPECT_EQ(time_of(line), "2026-11-23T09:00:00Z");
  EXPECT_EQ(line.program, "postfix-out/smtp");
}

TEST(LogLine, rfc3339_stamps_carry_their_zone) {
  const auto line =
      parse_line("2026-11-23T10:00:00.123456+02:00 mail postfix/smtpd[9]: connect from x[192.0.2.1]", stamps);
  EXPECT_EQ(line.time, WallTime(std::chrono::sys_days(2026y / 11 / 23)) + 8h + 123ms);
  EXPECT_EQ(line.text, "connect from x[192.0.2.1]");
  // journalctl -o short-iso
  EXPECT_EQ(time_of(parse_line("2026-11-23T10:00:00+0100 mail postfix/qmgr[9]: x", stamps)), "2026-11-23T09:00:00Z");
}

TEST(LogLine, rfc5424_with_structured_data) {
  const auto line = parse_line(
      R"(<22>1 2026-11-23T10:00:00.5Z mail postfix/smtp 812 - [a@1 b="x]\"y"][c@2] 0F5383D: removed)", stamps);
  EXPECT_EQ(time_of(line), "2026-11-23T10:00:00Z");
  EXPECT_EQ(line.host, "mail");
  EXPECT_EQ(line.program, "postfix/smtp");
  EXPECT_EQ(line.pid, 812U);
  EXPECT_EQ(line.text, "0F5383D: removed");
  EXPECT_EQ(parse_line("<22>1 2026-11-23T10:00:00Z mail postfix/smtp 812 - - \xEF\xBB\xBFx", stamps).text, "x");
}

TEST(LogLine, journal_entries_as_json) {
  const auto line =
      parse_line(R"({"__REALTIME_TIMESTAMP":"1795428000123456","_HOSTNAME":"mail","SYSLOG_IDENTIFIER":"postfix/smtp",)"
                 R"("_PID":"5","MESSAGE":[48,58,32,255]})",
                 stamps);
  EXPECT_EQ(line.time, WallTime(1'795'428'000'123ms));
  EXPECT_EQ(line.program, "postfix/smtp");
  EXPECT_EQ(line.pid, 5U);
  EXPECT_EQ(line.text, "0: \xff");
}

TEST(LogLine, exim_stamps_itself_in_local_time_or_with_a_zone) {
  const auto line = parse_line("2026-11-23 10:00:00 1aBcDe-000abc-Xy Completed", stamps);
  EXPECT_EQ(time_of(line), "2026-11-23T09:00:00Z");
  EXPECT_EQ(line.program, "exim");
  EXPECT_EQ(line.text, "1aBcDe-000abc-Xy Completed");
  EXPECT_EQ(time_of(parse_line("2026-11-23 10:00:00.250 +0300 1aBcDe-000abc-Xy Completed", stamps)),
            "2026-11-23T07:00:00Z");
  // Its stamp again inside of syslog's.
  const auto inside =
      parse_line("Nov 23 10:00:00 mail exim[55]: 2026-11-23 10:00:00 1aBcDe-000abc-Xy Completed", stamps);
  EXPECT_EQ(inside.text, "1aBcDe-000abc-Xy Completed");
  EXPECT_EQ(inside.pid, 55U);
}

TEST(LogLine, a_bare_message_stays_whole) {
  const auto line = parse_line("264FE1A18: sender delay notification: 0A87A1A08\r", stamps);
  EXPECT_EQ(line.text, "264FE1A18: sender delay notification: 0A87A1A08");
  EXPECT_EQ(line.program, "");
  EXPECT_FALSE(line.time);
}

TEST(LogLine, other_programs_keep_their_names) {
  EXPECT_EQ(parse_line("Nov 23 10:00:00 mail sshd[5]: x", stamps).program, "sshd");
  EXPECT_EQ(parse_line("Nov 23 10:00:00 mail kernel: [1.2] x", stamps).program, "kernel");
}

}  // namespace
}  // namespace ptarmigan::logs
