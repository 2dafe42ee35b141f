// mta/tests/questions_test.cpp - questions on the wire and their answers.
#include "mta/questions.hpp"

#include <gtest/gtest.h>

namespace ptarmigan::mta {
namespace {

using State = QuestionReader::State;

TEST(MtaQuestions, socketmap_splits_at_the_first_blank_only) {
  QuestionReader reader;
  const std::string_view key = "gmail-smtp-in.l.google.com. 60 IN AAAA 2001:db8:feed::25";
  const auto request = std::to_string(key.size() + 4) + ":dns " + std::string(key) + ",";
  EXPECT_EQ(reader.feed(request.substr(0, 20)), State::incomplete);
  EXPECT_EQ(reader.feed(request.substr(20) + "5:a b c,"), State::complete);
  EXPECT_EQ(reader.question(), (Question{"dns", std::string(key)}));
  EXPECT_EQ(reader.feed(""), State::complete);
  EXPECT_EQ(reader.question(), (Question{"a", "b c"}));
  EXPECT_EQ(reader.feed(""), State::incomplete);
}

TEST(MtaQuestions, tcp_table_keys_are_decoded) {
  QuestionReader reader;
  EXPECT_EQ(reader.feed("get mx.example.com.%2060%20IN%20A%20192.0.2.1\n"), State::complete);
  EXPECT_EQ(reader.protocol(), Protocol::tcp_table);
  EXPECT_EQ(reader.question().key, "mx.example.com. 60 IN A 192.0.2.1");
}

TEST(MtaQuestions, one_plain_line) {
  QuestionReader reader;
  EXPECT_EQ(reader.feed("st"), State::incomplete);
  EXPECT_EQ(reader.feed("atus\n"), State::complete);
  EXPECT_EQ(reader.protocol(), Protocol::line);
  EXPECT_EQ(reader.question().key, "status");
}

TEST(MtaQuestions, what_is_none_of_the_protocols_is_broken) {
  EXPECT_EQ(QuestionReader().feed("99999999:"), State::broken);
  EXPECT_EQ(QuestionReader().feed("3:a b;"), State::broken);
  EXPECT_EQ(QuestionReader().feed("1:a,"), State::broken);
  QuestionReader reader;
  EXPECT_EQ(reader.feed("get x\nput x y\n"), State::complete);
  EXPECT_EQ(reader.feed(""), State::broken);
  EXPECT_EQ(reader.feed("get x\n"), State::broken);
}

// What is broken must not depend on how the network cut it: seven digits are too many with their colon and without.
TEST(MtaQuestions, limits_hold_however_the_octets_arrive) {
  EXPECT_EQ(QuestionReader().feed("0000005:a bcd,"), State::broken);
  EXPECT_EQ(QuestionReader().feed("000005:a bcd,"), State::complete);
  const std::string longest = "get " + std::string(max_question - 5, 'x');
  EXPECT_EQ(QuestionReader().feed(longest + "x\n"), State::complete);
  EXPECT_EQ(QuestionReader().feed(longest + "x\r\n"), State::broken);
  QuestionReader pieces;
  EXPECT_EQ(pieces.feed(longest + "x"), State::incomplete);
  EXPECT_EQ(pieces.feed("\r"), State::broken);
}

// socketmap_table(5): replies are netstrings "OK data" and "NOTFOUND "; tcp_table(5): "200 text", "500 text".
TEST(MtaQuestions, answers_as_each_protocol_writes_them) {
  EXPECT_EQ(answer(Protocol::socketmap, "IGNORE"), "9:OK IGNORE,");
  EXPECT_EQ(answer(Protocol::socketmap, std::nullopt), "9:NOTFOUND ,");
  EXPECT_EQ(answer(Protocol::tcp_table, "IGNORE 5%"), "200 IGNORE%205%25\n");
  EXPECT_TRUE(answer(Protocol::tcp_table, std::nullopt).starts_with("500 "));
  EXPECT_EQ(answer(Protocol::line, "1"), "1");
}

TEST(MtaQuestions, record_of_the_dns_filter) {
  const auto record = parse_dns_reply("Gmail-SMTP-In.l.google.com. 60 IN AAAA 2001:db8:feed::25");
  ASSERT_TRUE(record);
  EXPECT_EQ(*record, (DnsReply{"gmail-smtp-in.l.google.com", 60, "AAAA", "2001:db8:feed::25"}));
  EXPECT_FALSE(parse_dns_reply("gmail.com"));
  EXPECT_FALSE(parse_dns_reply("gmail.com. x IN MX 5 a."));
}

TEST(MtaQuestions, status_of_the_delivery_filter) {
  const auto status = parse_delivery_status(
      "5.7.1 host gmail-smtp-in.l.google.com[2001:db8:feed::25] said: 550-5.7.1 a 550 5.7.1 b (in reply to end of DATA "
      "command)");
  ASSERT_TRUE(status);
  EXPECT_EQ(status->status, "5.7.1");
  EXPECT_EQ(status->host, "gmail-smtp-in.l.google.com");
  EXPECT_EQ(status->address, IpAddress::parse("2001:db8:feed::25").value());
  EXPECT_EQ(status->reply, "550-5.7.1 a 550 5.7.1 b");
  EXPECT_EQ(parse_delivery_status("2.0.0 250 2.0.0 OK gsmtp")->host, "");
  EXPECT_FALSE(parse_delivery_status("nonsense"));
}

}  // namespace
}  // namespace ptarmigan::mta
