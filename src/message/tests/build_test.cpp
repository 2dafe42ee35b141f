// message/tests/build_test.cpp - written fields are folded, safe, and parse back.
#include "message/build.hpp"

#include <gtest/gtest.h>

#include "message/header.hpp"
#include "message/lines.hpp"

namespace ptarmigan::message {
namespace {

TEST(HeaderField, folds_at_blanks_and_unfolds_to_the_same_value) {
  std::string value;
  for (int i = 0; i < 60; ++i) value += (i ? " word" : "word") + std::to_string(i);
  const auto field = header_field("X-Words", value);
  ASSERT_TRUE(field);
  EXPECT_LE(examine_lines(*field).longest, fold_octets);
  EXPECT_GT(examine_lines(*field).lines, 3U);
  EXPECT_EQ(HeaderSection::parse(*field)->fields().at(0).value(), value);
}

TEST(HeaderField, a_value_cannot_end_its_field) {
  for (const std::string_view value : {std::string_view("a\r\nBcc: b"), std::string_view("a\nb"),
                                       std::string_view("a\rb"), std::string_view("a\0b", 3)})
    EXPECT_FALSE(header_field("Subject", value));
  for (const std::string_view name : {"", "a b", "a:", "a\r\n", "\xc3\xb6"})
    EXPECT_FALSE(header_field(name, "x")) << name;
}

TEST(HeaderField, no_line_of_blanks_only_arises) {
  const auto field = header_field("X", std::string(74, 'a') + "      ");
  EXPECT_EQ(*field, "X: " + std::string(74, 'a') + "\r\n");
}

TEST(HeaderField, what_cannot_be_folded_is_an_error) {
  EXPECT_FALSE(header_field("X", std::string(999, 'a')));
  EXPECT_TRUE(header_field("X", std::string(997, 'a')));
}

TEST(AddressListText, parses_back) {
  const std::vector<Mailbox> mailboxes = {
      {"Joe Q. Public", "joe", "example.com"}, {"", "a b", "example.com"}, {"x \"y\" \\", "c", "[192.0.2.1]"}};
  const auto text = address_list(mailboxes);
  ASSERT_TRUE(text);
  EXPECT_EQ(*text, "\"Joe Q. Public\" <joe@example.com>, \"a b\"@example.com, \"x \\\"y\\\" \\\\\" <c@[192.0.2.1]>");
  EXPECT_EQ(parse_address_list(*text).value(), mailboxes);
}

TEST(AddressListText, refuses_an_address_that_would_be_another) {
  EXPECT_FALSE(address_list({{"", "joe", "example.com> <a@b.test"}}));
  EXPECT_FALSE(address_list({{"", "jo\r\ne", "example.com"}}));
}

// RFC 2047#8 writes "Keith Moore" in Q; base64 of the UTF-8 octets is RFC 4648's own: "ö" is C3 B6 = "w7Y="
TEST(EncodedText, is_utf8_in_base64_only_where_needed) {
  EXPECT_EQ(encoded_text("plain text"), "plain text");
  EXPECT_EQ(encoded_text("ö"), "=?utf-8?B?w7Y=?=");
  EXPECT_EQ(encoded_text("=?x?="), "=?utf-8?B?PT94Pz0=?=");
}

TEST(EncodedText, words_are_short_and_hold_whole_characters) {
  std::string text;
  for (int i = 0; i < 40; ++i) text += "a€";
  const auto out = encoded_text(text);
  for (std::size_t at = 0; at < out.size();) {
    const auto end = std::min(out.find(' ', at), out.size());
    EXPECT_LE(end - at, 75U);
    at = end + 1;
  }
}

TEST(DateField, is_rfc_5322) {
  EXPECT_EQ(date_field(WallTime(seconds(1795456323))), "Date: Mon, 23 Nov 2026 17:52:03 +0000\r\n");
}

TEST(MessageIdField, holds_two_dot_atoms) {
  EXPECT_EQ(message_id_field("01H9.x", "mail.example.com").value(), "Message-ID: <01H9.x@mail.example.com>\r\n");
  EXPECT_FALSE(message_id_field("a>b", "c"));
  EXPECT_FALSE(message_id_field("", "c"));
  EXPECT_FALSE(message_id_field("a", "c\r\n"));
}

}  // namespace
}  // namespace ptarmigan::message
