// relay/tests/log_test.cpp - what an operator and a program read of each event.
#include "relay/log.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace ptarmigan::relay {
namespace {

constexpr WallTime noon{milliseconds(1'795'348'800'000)};  // 2026-11-22T12:00:00Z

store::Attempt refused() {
  store::Attempt attempt;
  attempt.queue_id = QueueId(320);
  attempt.duration = milliseconds(1'234);
  attempt.mail_from = "news@example.com";
  attempt.recipients = {"ann@gmail.example", "bob@gmail.example"};
  attempt.site = "gmail";
  attempt.route = "2001:db8::1";
  attempt.family = Family::ipv6;
  attempt.peer = Endpoint{IpAddress::parse("2001:db8:feed::25").value(), 25};
  attempt.mx_host = "mx.gmail.example";
  attempt.reply_code = 550;
  attempt.enhanced_status = "5.7.1";
  attempt.reply_text = "5.7.1 does not meet \"IPv6\"\n5.7.1 guidelines\x1b[31m";
  attempt.stage = "end_of_data";
  attempt.cause = "sending_address";
  attempt.rule_id = "gmail.ptr";
  attempt.outcome = store::Outcome::rescued;
  attempt.next_step = "over 192.0.2.1 at once";
  return attempt;
}

TEST(Log, an_attempt_has_the_words_that_mail_logs_are_searched_for) {
  const auto line = line_of(attempt_event(refused()), noon, config::LogFormat::text);
  for (const std::string_view part :
       {"warning attempt id=", " from=<news@example.com> to=<ann@gmail.example> to=<bob@gmail.example> ",
        " relay=mx.gmail.example[2001:db8:feed::25]:25 site=gmail route=2001:db8::1 family=IPv6 ", " delay=1.234 ",
        " code=550 dsn=5.7.1 cause=sending_address rule=gmail.ptr status=rescued next=\"over 192.0.2.1 at once\" ("})
    EXPECT_TRUE(line.contains(part)) << part << " in " << line;
}

TEST(Log, a_peers_words_stay_on_one_line_and_away_from_the_terminal) {
  const auto line = line_of(attempt_event(refused()), noon, config::LogFormat::text);
  EXPECT_FALSE(line.contains('\n'));
  EXPECT_FALSE(line.contains('\x1b'));
  EXPECT_TRUE(line.contains("guidelines\\x1b[31m"));
}

TEST(Log, a_json_line_is_one_object_whatever_octets_a_peer_sent) {
  auto attempt = refused();
  attempt.reply_text = "\xff\xfe \n end";
  const auto text = line_of(attempt_event(attempt), noon, config::LogFormat::json);
  EXPECT_FALSE(text.contains('\n'));
  const auto line = nlohmann::json::parse(text);
  EXPECT_EQ(line["event"], "attempt");
  EXPECT_EQ(line["level"], "warning");
  EXPECT_EQ(line["to"], nlohmann::json({"<ann@gmail.example>", "<bob@gmail.example>"}));
  EXPECT_EQ(line["status"], "rescued");
}

TEST(Log, a_delivery_says_sent_and_no_fault) {
  auto attempt = refused();
  attempt.outcome = store::Outcome::delivered;
  const auto line = line_of(attempt_event(attempt), noon, config::LogFormat::text);
  EXPECT_TRUE(line.contains(" info attempt ")) << line;
  EXPECT_TRUE(line.contains(" status=sent ("));
  EXPECT_FALSE(line.contains("stage="));
}

TEST(Log, a_message_says_who_gave_it) {
  spool::MessageRecord message;
  message.mail_from = "";
  message.size = 4096;
  message.submitter.client = IpAddress::parse("192.0.2.7").value();
  message.submitter.user = "ann smith";
  const auto line = line_of(accepted_event(message, 3), noon, config::LogFormat::text);
  EXPECT_TRUE(line.contains(" from=<> size=4096 nrcpt=3 client=192.0.2.7 user=\"ann smith\"")) << line;
}

TEST(Log, a_word_about_the_server_is_a_plain_line) {
  EXPECT_EQ(line_of({LogLevel::error, "server", "spool stopped", {}}, noon, config::LogFormat::text),
            "2026-11-22T12:00:00Z error spool stopped");
}

}  // namespace
}  // namespace ptarmigan::relay
