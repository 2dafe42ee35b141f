// receive/tests/content_filter_test.cpp - replies as spamd and rspamd document them.
#include "receive/content_filter.hpp"

#include <gtest/gtest.h>

namespace ptarmigan::receive {
namespace {

// spamd/PROTOCOL of SpamAssassin, the example of SYMBOLS.
TEST(ContentFilter, reads_what_spamd_says) {
  const auto opinion = parse_spamd_reply(
      "SPAMD/1.1 0 EX_OK\r\nContent-length: 30\r\nSpam: True ; 1000.0 / 5.0\r\n\r\nGTUBE,NO_RECEIVED,NO_RELAYS\r\n");
  ASSERT_TRUE(opinion);
  EXPECT_EQ(opinion->score, 1000.0);
  EXPECT_EQ(opinion->threshold, 5.0);
  EXPECT_EQ(opinion->rules, (std::vector<std::string>{"GTUBE", "NO_RECEIVED", "NO_RELAYS"}));
}

TEST(ContentFilter, reads_what_rspamd_says) {
  const auto opinion = parse_rspamd_reply(
      "HTTP/1.0 200 OK\r\nContent-Type: application/json\r\n\r\n"
      R"({"score":5.2,"required_score":15.0,"action":"no action","symbols":{"DATE_IN_PAST":{"score":0.1}}})");
  ASSERT_TRUE(opinion);
  EXPECT_EQ(opinion->score, 5.2);
  EXPECT_EQ(opinion->threshold, 15.0);
  EXPECT_EQ(opinion->rules, std::vector<std::string>{"DATE_IN_PAST"});
}

TEST(ContentFilter, anything_else_is_no_opinion) {
  for (const char* octets :
       {"", "SPAMD/1.1 76 Bad\r\n\r\n", "SPAMD/1.1 0 EX_OK\r\nSpam: True ; x / 5\r\n\r\n", "hello\r\n\r\n"})
    EXPECT_FALSE(parse_spamd_reply(octets)) << octets;
  for (const char* octets :
       {"", "HTTP/1.0 500 no\r\n\r\n", "HTTP/1.0 200 OK\r\n\r\n[]", "HTTP/1.0 200 OK\r\n\r\n{\"score\":\"x\"}"})
    EXPECT_FALSE(parse_rspamd_reply(octets)) << octets;
}

}  // namespace
}  // namespace ptarmigan::receive
