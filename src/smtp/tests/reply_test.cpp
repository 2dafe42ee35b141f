// smtp/tests/reply_test.cpp - replies: RFC 5321#4.2 and what real servers make of it; the answer to EHLO.
#include "smtp/reply.hpp"

#include <gtest/gtest.h>

#include "smtp/extensions.hpp"

namespace ptarmigan::smtp {
namespace {

Reply reply(std::string_view text) {
  return Reply::parse(text).value();
}

TEST(Reply, reads_the_layout_that_gmail_uses) {
  const auto got = reply(
      "550-5.7.1 [2001:db8::1] Our system has detected that this message does\r\n"
      "550-5.7.1 not meet IPv6 sending guidelines regarding PTR records and\r\n"
      "550 5.7.1 . a1-20020a05600c - gsmtp\r\n");
  EXPECT_EQ(got.code, 550);
  EXPECT_EQ(got.enhanced, (EnhancedStatus{5, 7, 1}));
  EXPECT_EQ(got.lines, (std::vector<std::string>{"[2001:db8::1] Our system has detected that this message does",
                                                 "not meet IPv6 sending guidelines regarding PTR records and",
                                                 ". a1-20020a05600c - gsmtp"}));
}

TEST(Reply, reads_lines_that_a_log_has_joined) {
  EXPECT_EQ(reply("550-5.7.1 [192.0.2.1] first 550-5.7.1 the 550 of 550-5.7.2 second 550 5.7.1 . x - gsmtp").lines,
            (std::vector<std::string>{"[192.0.2.1] first", "the 550 of", "5.7.2 second", ". x - gsmtp"}));
  EXPECT_EQ(reply("554-one 554-two 554 three").lines, (std::vector<std::string>{"one", "two", "three"}));
  // One whole line is one line, whatever it says.
  EXPECT_EQ(reply("550 5.7.1 see 550-5.7.1 there").lines.size(), 1U);
}

TEST(Reply, a_class_that_differs_from_the_code_is_kept) {
  const auto got = reply("421 5.7.32 Your email was blocked");
  EXPECT_EQ(got.code, 421);
  EXPECT_EQ(got.enhanced, (EnhancedStatus{5, 7, 32}));
  EXPECT_TRUE(got.transient());
}

TEST(Reply, what_only_looks_like_a_status_is_text) {
  EXPECT_FALSE(reply("550 5.7 no").enhanced);
  EXPECT_FALSE(reply("550 5.7.1000 no").enhanced);
  EXPECT_FALSE(reply("550 2.0.0 no").enhanced);
  EXPECT_FALSE(reply("250 5.1.1 no").enhanced);
  EXPECT_FALSE(reply("354 3.0.0 no").enhanced);
  EXPECT_FALSE(reply("550 192.0.2.1 no").enhanced);
  EXPECT_FALSE(reply("220 4.2.1 no").enhanced);
}

TEST(Reply, tolerates_a_bare_code_lf_and_a_status_on_some_lines) {
  EXPECT_EQ(reply("250").lines, std::vector<std::string>{""});
  EXPECT_EQ(reply("250-a\n250 b\n").lines, (std::vector<std::string>{"a", "b"}));
  const auto some = reply("554-Rejected\r\n554 5.7.1 for cause\r\n");
  EXPECT_EQ(some.enhanced, (EnhancedStatus{5, 7, 1}));
  EXPECT_EQ(some.words(), "Rejected for cause");
  EXPECT_EQ(reply("450-one\r\n550 two\r\n").code, 550);
}

TEST(Reply, refuses_what_is_no_reply) {
  for (const auto* text : {"", "\r\n", "hello", "25 ok", "150 ok", "650 ok", "2500 ok", "250ok", "250-a\r\nb"})
    EXPECT_FALSE(Reply::parse(text)) << text;
}

TEST(Reply, prints_code_and_status_on_every_line) {
  Reply got(550, {5, 7, 1}, "first");
  got.lines.emplace_back("second");
  EXPECT_EQ(got.wire(), "550-5.7.1 first\r\n550 5.7.1 second\r\n");
  EXPECT_EQ(got.text(), "550 5.7.1 first second");
  EXPECT_EQ(reply(got.wire()), got);
  EXPECT_EQ(Reply(250, "").wire(), "250 \r\n");
}

TEST(Reply, never_prints_control_characters_of_its_text) {
  EXPECT_EQ(Reply(550, "a\r\n250 b").wire(), "550 a??250 b\r\n");
}

TEST(Reply, blanks_before_the_reply_are_dropped_and_blanks_of_its_text_kept) {
  EXPECT_EQ(reply("  550 5.7.1 a \r\n").lines, std::vector<std::string>{"a "});
}

TEST(ReplyParser, takes_replies_in_any_pieces) {
  const std::string wire = "220 mx\r\n250-a\r\n250-b\r\n250 c\r\n354 go\r\n";
  for (std::size_t cut = 0; cut <= wire.size(); ++cut) {
    ReplyParser parser;
    std::vector<Reply> got;
    for (std::string_view piece : {std::string_view(wire).substr(0, cut), std::string_view(wire).substr(cut)})
      while (parser.feed(piece) == ReplyParser::State::complete) got.push_back(parser.take());
    ASSERT_EQ(got.size(), 3U) << cut;
    EXPECT_EQ(got[1].lines, (std::vector<std::string>{"a", "b", "c"}));
  }
}

TEST(ReplyParser, limits_lines_and_their_number) {
  const std::string long_line = "250 " + std::string(Reply::max_line, 'x');
  std::string_view input = long_line;
  EXPECT_EQ(ReplyParser().feed(input), ReplyParser::State::broken);
  std::string many;
  for (std::size_t i = 0; i <= Reply::max_lines; ++i) many += "250-x\r\n";
  input = many;
  ReplyParser parser;
  EXPECT_EQ(parser.feed(input), ReplyParser::State::broken);
  input = "250 ok\r\n";
  EXPECT_EQ(parser.feed(input), ReplyParser::State::broken);
  EXPECT_FALSE(parser.problem().empty());
}

TEST(Extensions, reads_the_answer_to_ehlo) {
  const auto got = Extensions::parse(
      reply("250-mx.google.com at your service\r\n250-SIZE 157286400\r\n250-8BITMIME\r\n250-starttls\r\n"
            "250-ENHANCEDSTATUSCODES\r\n250-PIPELINING\r\n250-AUTH LOGIN plain\r\n250-AUTH=LOGIN XOAUTH2\r\n250 "
            "X-OTHER 1\r\n"));
  EXPECT_EQ(got.size, 157286400U);
  EXPECT_TRUE(got.eight_bit_mime && got.starttls && got.enhanced_status_codes && got.pipelining);
  EXPECT_FALSE(got.smtputf8 || got.dsn || got.chunking || got.require_tls);
  EXPECT_EQ(got.auth, (std::vector<std::string>{"LOGIN", "PLAIN", "XOAUTH2"}));
}

TEST(Extensions, the_first_line_is_a_greeting_not_a_keyword) {
  EXPECT_EQ(Extensions::parse(reply("250 PIPELINING")), Extensions{});
}

TEST(Extensions, what_is_printed_is_read_back) {
  const Extensions all{true, true, true, true, true, true, true, true, true, 1000, {"PLAIN", "LOGIN"}};
  EXPECT_EQ(Extensions::parse(reply(all.answer("mx").wire())), all);
  EXPECT_EQ(Extensions::parse(Extensions{.size = 0}.answer("mx")).size, 0U);
}

}  // namespace
}  // namespace ptarmigan::smtp
