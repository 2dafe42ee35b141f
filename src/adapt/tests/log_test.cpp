// adapt/tests/log_test.cpp - log files as lines, and lines as records of attempts.
#include <cstdio>
#include <cstdlib>
#include <fstream>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "adapt/log_record.hpp"
#include "adapt/log_source.hpp"
#include "adapt/process.hpp"

namespace ptarmigan::adapt {
namespace {

LogRecord record_of(std::string text) {
  logs::Line line{WallTime(milliseconds(1'795'428'000'250)), "mail", "postfix/smtp", 7, std::move(text)};
  auto entry = *logs::read_entry(line);
  return judge_entry(std::move(line), std::move(entry));
}

const char* const gmail_refusal =
    "0F38D150: to=<a@gmail.com>, relay=gmail-smtp-in.l.google.com[2001:db8:feed::25]:25, delay=0.06, "
    "delays=0.01/0/0.02/0.03, dsn=5.7.1, status=bounced (host gmail-smtp-in.l.google.com[2001:db8:feed::25] said: "
    "550-5.7.1 [2001:db8::1] Our system has detected that this message does 550-5.7.1 not meet IPv6 sending guidelines "
    "regarding PTR records and 550-5.7.1 authentication. Please review 550 5.7.1 . a1 - gsmtp (in reply to end of DATA "
    "command))";

TEST(LogRecord, gmails_refusal_of_ipv6_is_led_to_its_rule_and_address) {
  const auto json = nlohmann::json::parse(to_json(record_of(gmail_refusal)));
  EXPECT_EQ(json["kind"], "attempt");
  EXPECT_EQ(json["time"], "2026-11-23T10:00:00.250Z");
  EXPECT_EQ(json["site"], "gmail");
  EXPECT_EQ(json["family"], "ipv6");
  EXPECT_EQ(json["outcome"], "bounced");
  EXPECT_EQ(json["cause"], "sending_address");
  EXPECT_FALSE(json["rules"].empty());
  EXPECT_EQ(json["local_address"], "2001:db8::1");
  EXPECT_EQ(json["local_address_from"], "reply");
  EXPECT_EQ(json["reply"]["code"], 550);
  EXPECT_EQ(json["delays"]["transmission"], 0.03);
}

TEST(LogRecord, history_gets_the_same_attempt) {
  const auto attempt = to_attempt(record_of(gmail_refusal));
  ASSERT_TRUE(attempt);
  EXPECT_EQ(attempt->site, "gmail");
  EXPECT_EQ(attempt->outcome, store::Outcome::bounced);
  EXPECT_EQ(attempt->duration, milliseconds(50));
  EXPECT_EQ(attempt->peer->text(), "[2001:db8:feed::25]:25");
  EXPECT_EQ(attempt->recipients, std::vector<std::string>{"a@gmail.com"});
  EXPECT_FALSE(to_attempt(record_of("0F38D150: to=<root@h>, relay=local, dsn=2.0.0, status=sent (delivered)")));
  EXPECT_FALSE(to_attempt(record_of("0F38D150: removed")));
}

TEST(LogRecord, text_that_is_not_utf8_is_still_json) {
  EXPECT_NO_THROW(static_cast<void>(nlohmann::json::parse(to_json(record_of("0F38D150: from=<\xff@x>, size=1")))));
}

class LogFiles : public testing::Test {
 protected:
  void SetUp() override {
    std::string name = testing::TempDir() + "logXXXXXX";
    ASSERT_NE(mkdtemp(name.data()), nullptr);
    folder_ = name;
  }
  void TearDown() override { ASSERT_EQ(std::system(("rm -r '" + folder_ + "'").c_str()), 0); }
  std::string file(const std::string& name, const std::string& octets) const {
    std::ofstream(folder_ + "/" + name, std::ios::binary) << octets;
    return folder_ + "/" + name;
  }
  static std::vector<std::string> lines_of(const std::string& path) {
    std::vector<std::string> lines;
    const auto read = read_log(path, Follow::no, [&](std::string_view line) {
      lines.emplace_back(line);
      return true;
    });
    EXPECT_TRUE(read) << read.error().text();
    return lines;
  }
  std::string folder_;
};

TEST_F(LogFiles, plain_and_compressed_files_give_the_same_lines) {
  const auto path = file("mail.log", "one\n\ntwo\nthree");
  const std::vector<std::string> expected{"one", "two", "three"};
  EXPECT_EQ(lines_of(path), expected);
  for (const std::string tool : {"gzip", "xz", "bzip2", "zstd"}) {
    if (std::system(("command -v " + tool + " >/dev/null").c_str()) != 0) continue;
    ASSERT_EQ(std::system((tool + " -c '" + path + "' > '" + folder_ + "/packed'").c_str()), 0);
    EXPECT_EQ(lines_of(folder_ + "/packed"), expected) << tool;
  }
}

TEST_F(LogFiles, what_cannot_be_read_is_named) {
  const auto none = read_log(folder_ + "/none", Follow::no, [](std::string_view) { return true; });
  ASSERT_FALSE(none);
  EXPECT_NE(none.error().message.find("/none"), std::string::npos);
  const auto damaged = file("damaged.gz", std::string("\x1f\x8b", 2) + "nonsense");
  EXPECT_FALSE(read_log(damaged, Follow::no, [](std::string_view) { return true; }));
  EXPECT_FALSE(read_log(folder_, Follow::no, [](std::string_view) { return true; }));
}

TEST_F(LogFiles, a_followed_file_is_read_on_after_rotation_and_truncation) {
  const auto path = file("mail.log", "one\n");
  std::vector<std::string> lines;
  int step = 0;
  const auto read = read_log(
      path, Follow::yes,
      [&](std::string_view line) {
        lines.emplace_back(line);
        return line != "four";
      },
      [&] {
        if (step == 0 && lines.size() == 1) {
          step = 1;
          std::ofstream(path, std::ios::app) << "tw";
        } else if (step == 1) {
          step = 2;
          std::ofstream(path, std::ios::app) << "o\n";
          ASSERT_EQ(std::rename(path.c_str(), (path + ".1").c_str()), 0);
          std::ofstream(path) << "three is longer\n";
        } else if (step == 2 && lines.size() == 3) {
          step = 3;
          std::ofstream(path, std::ios::trunc) << "four\n";
        }
      });
  ASSERT_TRUE(read) << read.error().text();
  EXPECT_EQ(lines, (std::vector<std::string>{"one", "two", "three is longer", "four"}));
}

TEST(Process, exit_code_and_all_output_are_told) {
  const auto done = run_program({"sh", "-c", "echo out; echo err >&2; exit 3"});
  ASSERT_TRUE(done) << done.error().text();
  EXPECT_EQ(done->code, 3);
  EXPECT_EQ(done->output, "out\nerr\n");
  EXPECT_FALSE(run_program({"no-such-program-of-ours"}));
}

}  // namespace
}  // namespace ptarmigan::adapt
