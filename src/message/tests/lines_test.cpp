// message/tests/lines_test.cpp - line ends counted and converted.
#include "message/lines.hpp"

#include <gtest/gtest.h>

namespace ptarmigan::message {
namespace {

TEST(Lines, counts_what_is_not_a_plain_crlf_line) {
  const auto report = examine_lines(std::string_view("ab\r\nc\nd\re\0\xff\r\n", 13));
  EXPECT_EQ(report.lines, 2U);
  EXPECT_EQ(report.bare_lf, 1U);
  EXPECT_EQ(report.bare_cr, 1U);
  EXPECT_EQ(report.nul, 1U);
  EXPECT_EQ(report.eight_bit, 1U);
  EXPECT_EQ(report.longest, 7U);
  EXPECT_TRUE(report.ends_with_crlf);
  EXPECT_TRUE(report.bare());
}

TEST(Lines, a_cr_at_the_end_is_bare) {
  EXPECT_EQ(examine_lines("a\r").bare_cr, 1U);
  EXPECT_EQ(examine_lines("a\r\r\n").bare_cr, 1U);
  EXPECT_EQ(examine_lines("a\r\r\n").lines, 1U);
}

TEST(Lines, any_split_gives_the_same_report) {
  constexpr std::string_view text = "one\r\ntwo\r\r\n\n\r\rthree\r";
  for (std::size_t cut = 0; cut <= text.size(); ++cut) {
    LineScanner scanner;
    scanner.feed(text.substr(0, cut));
    scanner.feed(text.substr(cut));
    EXPECT_EQ(scanner.report(), examine_lines(text)) << cut;
  }
}

// RFC 5321#4.5.3.1.6: 1000 octets with the CRLF
TEST(Lines, a_line_of_998_octets_fits_and_of_999_does_not) {
  EXPECT_FALSE(examine_lines(std::string(998, 'x') + "\r\n").too_long());
  EXPECT_TRUE(examine_lines(std::string(999, 'x') + "\r\n").too_long());
  EXPECT_TRUE(examine_lines(std::string(999, 'x')).too_long());
}

TEST(Lines, to_crlf_makes_every_line_end_crlf_once) {
  EXPECT_EQ(to_crlf("a\nb\r\nc\rd\r\r\n\n"), "a\r\nb\r\nc\r\nd\r\n\r\n\r\n");
  EXPECT_EQ(to_crlf(to_crlf("a\nb\r")), to_crlf("a\nb\r"));
  EXPECT_EQ(to_crlf(""), "");
}

}  // namespace
}  // namespace ptarmigan::message
