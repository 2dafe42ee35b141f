// base/tests/text_test.cpp - text.hpp, nearest.hpp, queue_id.hpp.
#include "base/text.hpp"

#include <gtest/gtest.h>

#include "base/nearest.hpp"
#include "base/queue_id.hpp"

namespace ptarmigan {
namespace {

TEST(Text, comparison_ignores_ascii_case_only) {
  EXPECT_TRUE(iequals("DKIM-Signature", "dkim-signature"));
  EXPECT_FALSE(iequals("\xc3\x84", "\xc3\xa4"));
  EXPECT_EQ(ifind("550 See IPv6AuthError", "ipv6autherror"), 8U);
  EXPECT_EQ(ifind("abc", "d"), std::string_view::npos);
}

TEST(Text, numbers_must_be_whole) {
  EXPECT_EQ(parse_number<unsigned>("42"), 42U);
  for (const char* text : {"", "+1", "-1", " 1", "1 ", "0x1", "4294967296"})
    EXPECT_FALSE(parse_number<unsigned>(text)) << text;
}

TEST(Text, split_keeps_empty_pieces) {
  EXPECT_EQ(split("a,,b", ',').size(), 3U);
  EXPECT_EQ(split("", ',').size(), 1U);
}

TEST(Text, printable_never_passes_control_octets) {
  EXPECT_EQ(printable("a\r\nb\x80"), "a\\x0d\\x0ab\\x80");
}

TEST(Nearest, finds_the_word_that_was_meant) {
  const std::string_view known[] = {"listen", "standing", "relay"};
  EXPECT_EQ(nearest("standng", known), "standing");
  EXPECT_EQ(nearest("zzzzzzzz", known), "");
}

TEST(QueueId, text_round_trips_and_keeps_order) {
  for (const std::uint64_t number : {0ULL, 1ULL, 31ULL, 1ULL << 40, ~0ULL})
    EXPECT_EQ(QueueId::parse(QueueId(number).text())->number(), number);
  EXPECT_LT(QueueId(5).text(), QueueId(1ULL << 50).text());
  EXPECT_FALSE(QueueId::parse("ZZZZZZZZZZZZZ"));
  EXPECT_FALSE(QueueId::parse("0"));
}

}  // namespace
}  // namespace ptarmigan
