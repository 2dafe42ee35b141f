// message/tests/header_test.cpp - fields, the boundary, limits, and collection in pieces.
#include "message/header.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace ptarmigan::message {
namespace {

HeaderSection section(std::string_view text) {
  auto parsed = HeaderSection::parse(text);
  EXPECT_TRUE(parsed) << (parsed ? "" : parsed.error().text());
  return parsed ? *parsed : HeaderSection();
}

TEST(HeaderSection, fields_are_views_with_folds_and_crlf) {
  constexpr std::string_view text = "From: joe@example.com\r\nSubject: one\r\n two\r\n\r\nbody: no\r\n";
  const auto header = section(text);
  ASSERT_EQ(header.fields().size(), 2U);
  const auto& subject = header.fields()[1];
  EXPECT_EQ(subject.name, "Subject");
  EXPECT_EQ(subject.raw, "Subject: one\r\n two\r\n");
  EXPECT_EQ(subject.body, " one\r\n two");
  EXPECT_EQ(subject.value(), "one two");
  EXPECT_EQ(subject.raw.data(), text.data() + 23);
  EXPECT_EQ(text.substr(header.body_offset()), "body: no\r\n");
  EXPECT_TRUE(header.ended());
  EXPECT_FALSE(header.malformed());
}

TEST(HeaderSection, lookups_ignore_case_and_know_both_directions) {
  constexpr std::string_view text = "To: a\r\nX: 1\r\nTO: b\r\n\r\n";
  const auto header = section(text);
  EXPECT_EQ(header.first("to")->value(), "a");
  EXPECT_EQ(header.last("tO")->value(), "b");
  EXPECT_EQ(header.count("to"), 2U);
  EXPECT_EQ(header.all("to").size(), 2U);
  EXPECT_EQ(header.first("cc"), nullptr);
}

// RFC 5322#4.5.8
TEST(HeaderSection, blanks_before_the_colon_are_not_part_of_the_name) {
  const auto header = section("From \t: x\r\n\r\n");
  ASSERT_NE(header.first("From"), nullptr);
  EXPECT_EQ(header.first("From")->name, "From");
  EXPECT_EQ(header.first("From")->body, " x");
}

TEST(HeaderSection, a_line_without_colon_is_stray_and_does_not_end_the_header) {
  const auto header = section("From: a\r\nno colon here\r\nSubject: s\r\n\r\nbody");
  ASSERT_EQ(header.fields().size(), 3U);
  EXPECT_TRUE(header.fields()[1].stray());
  EXPECT_EQ(header.fields()[1].body, "no colon here");
  EXPECT_TRUE(header.malformed());
  EXPECT_NE(header.first("Subject"), nullptr);
  EXPECT_EQ(header.first(""), nullptr);
}

TEST(HeaderSection, names_with_blanks_controls_or_nothing_are_stray) {
  for (const std::string_view line : {"Fr om: a\r\n", ": a\r\n", "Fr\x01om: a\r\n", "Fr\xc3\xb6m: a\r\n",
                                      "\xef\xbb\xbf"
                                      "From: a\r\n",
                                      " From: a\r\n"}) {
    const auto header = section(std::string(line) + "\r\n").malformed();
    EXPECT_TRUE(header) << line;
  }
}

TEST(HeaderSection, only_crlf_ends_a_line) {
  constexpr std::string_view text = "A: 1\nB: 2\r3\n\nC: 4\r\n\r\nbody";
  const auto header = section(text);
  ASSERT_EQ(header.fields().size(), 1U);
  EXPECT_EQ(header.fields()[0].body, " 1\nB: 2\r3\n\nC: 4");
  EXPECT_EQ(text.substr(header.body_offset()), "body");
}

TEST(HeaderSection, a_line_of_blanks_continues_the_field) {
  const auto header = section("A: 1\r\n \r\nB: 2\r\n\r\n");
  ASSERT_EQ(header.fields().size(), 2U);
  EXPECT_EQ(header.fields()[0].raw, "A: 1\r\n \r\n");
}

TEST(HeaderSection, a_message_may_end_within_its_header_or_have_none) {
  EXPECT_FALSE(section("A: 1").ended());
  EXPECT_EQ(section("A: 1").fields()[0].raw, "A: 1");
  EXPECT_FALSE(section("A: 1\r\n").ended());
  EXPECT_TRUE(section("\r\nbody").ended());
  EXPECT_EQ(section("\r\nbody").body_offset(), 2U);
  EXPECT_TRUE(section("").fields().empty());
}

TEST(HeaderSection, limits_are_errors) {
  EXPECT_FALSE(HeaderSection::parse("A: 1\r\nB: 2\r\nC: 3\r\n\r\n", {.fields = 2}));
  EXPECT_TRUE(HeaderSection::parse("A: 1\r\nB: 2\r\n\r\n", {.fields = 2}));
  EXPECT_FALSE(HeaderSection::parse("A: 12345\r\n\r\n", {.field_octets = 9}));
  EXPECT_FALSE(HeaderSection::parse("A: 1\r\n 23456\r\n\r\n", {.field_octets = 13}));
  EXPECT_TRUE(HeaderSection::parse("A: 1\r\n 23456\r\n\r\n", {.field_octets = 14}));
  EXPECT_TRUE(HeaderSection::parse("A: 1\r\n\r\n", {.section_octets = 6}));
  EXPECT_FALSE(HeaderSection::parse("A: 12\r\n\r\n", {.section_octets = 6}));
}

TEST(HeaderCollector, any_split_gives_the_same_header) {
  for (const std::string text :
       {"A: 1\r\nB: 2\r\n\r\nbody\r\n\r\nmore", "\r\nbody", "A: 1\r\n\r\n", "A: \r\r\n\r\r\n\r\nb"}) {
    HeaderCollector whole;
    const auto taken = whole.feed(text);
    ASSERT_TRUE(taken && whole.complete()) << text;
    for (std::size_t cut = 0; cut <= text.size(); ++cut) {
      HeaderCollector parts;
      const auto one = parts.feed(std::string_view(text).substr(0, cut));
      const auto two = parts.feed(std::string_view(text).substr(cut));
      ASSERT_TRUE(one && two);
      EXPECT_EQ(*one + *two, *taken) << cut;
      EXPECT_EQ(parts.octets(), whole.octets());
      EXPECT_TRUE(parts.complete());
    }
  }
}

TEST(HeaderCollector, the_limit_is_that_of_the_section) {
  HeaderCollector fits(6);
  EXPECT_TRUE(fits.feed("A: 1\r\n\r\nbody"));
  EXPECT_TRUE(fits.complete());
  HeaderCollector exceeds(6);
  EXPECT_FALSE(exceeds.feed("A: 12\r\n\r\nbody"));
  EXPECT_FALSE(exceeds.feed("more"));
  EXPECT_FALSE(exceeds.complete());
}

}  // namespace
}  // namespace ptarmigan::message
