// message/tests/mime_test.cpp - parts, their types and encodings.
#include "message/mime.hpp"

#include <gtest/gtest.h>

namespace ptarmigan::message {
namespace {

std::vector<Part> parts(std::string_view message) {
  auto walked = walk_parts(message);
  EXPECT_TRUE(walked) << (walked ? "" : walked.error().text());
  return walked ? *walked : std::vector<Part>{};
}

// RFC 2046#5.1.1
constexpr std::string_view rfc2046 =
    "From: Nathaniel Borenstein <nsb@bellcore.com>\r\nMIME-Version: 1.0\r\n"
    "Content-type: multipart/mixed; boundary=\"simple boundary\"\r\n\r\n"
    "This is the preamble.  It is to be ignored.\r\n\r\n--simple boundary\r\n\r\n"
    "This is implicitly typed plain US-ASCII text.\r\nIt does NOT end with a linebreak.\r\n--simple boundary\r\n"
    "Content-type: text/plain; charset=us-ascii\r\n\r\nThis is explicitly typed plain US-ASCII text.\r\nIt DOES end "
    "with a linebreak.\r\n\r\n"
    "--simple boundary--\r\n\r\nThis is the epilogue.  It is also to be ignored.\r\n";

TEST(MimeWalk, the_example_of_rfc_2046) {
  const auto walked = parts(rfc2046);
  ASSERT_EQ(walked.size(), 3U);
  EXPECT_TRUE(walked[0].content_type.is("multipart", "mixed"));
  EXPECT_EQ(walked[1].body, "This is implicitly typed plain US-ASCII text.\r\nIt does NOT end with a linebreak.");
  EXPECT_EQ(walked[2].body, "This is explicitly typed plain US-ASCII text.\r\nIt DOES end with a linebreak.\r\n");
  EXPECT_EQ(*walked[2].content_type.parameter("Charset"), "us-ascii");
  EXPECT_EQ(walked[1].depth, 1U);
  EXPECT_EQ(walked[2].parent, 0U);
}

TEST(MimeWalk, opens_nested_multiparts_and_messages) {
  const auto walked = parts(
      "Content-Type: multipart/report; boundary=a\r\n\r\n--a\r\nContent-Type: multipart/alternative; "
      "boundary=ab\r\n\r\n--ab\r\n\r\none\r\n--ab--\r\n"
      "--a\r\nContent-Type: message/rfc822\r\n\r\nSubject: inner\r\n\r\ntext\r\n--a--\r\n");
  ASSERT_EQ(walked.size(), 5U);
  EXPECT_EQ(walked[2].body, "one");
  EXPECT_EQ(walked[2].depth, 2U);
  EXPECT_EQ(walked[4].header.first("Subject")->value(), "inner");
  EXPECT_EQ(walked[4].body, "text");
  EXPECT_EQ(walked[4].parent, 3U);
}

TEST(MimeWalk, a_missing_last_delimiter_ends_with_the_message) {
  const auto walked =
      parts("Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\none\r\n--b \t\r\n\r\ntwo\r\n--bx\r\n");
  ASSERT_EQ(walked.size(), 3U);
  EXPECT_EQ(walked[1].body, "one");
  EXPECT_EQ(walked[2].body, "two\r\n--bx\r\n");
}

TEST(MimeWalk, empty_parts_and_delimiters_side_by_side) {
  const auto walked = parts("Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n--b\r\n\r\n--b--");
  ASSERT_EQ(walked.size(), 3U);
  EXPECT_EQ(walked[1].body, "");
  EXPECT_EQ(walked[2].body, "");
}

TEST(MimeWalk, depth_and_parts_are_bounded) {
  std::string deep;
  for (int i = 0; i < 100; ++i) deep += "Content-Type: message/rfc822\r\n\r\n";
  EXPECT_EQ(parts(deep).size(), MimeLimits{}.depth + 1);
  std::string wide = "Content-Type: multipart/mixed; boundary=b\r\n\r\n";
  for (int i = 0; i < 2000; ++i) wide += "--b\r\n\r\n";
  EXPECT_FALSE(walk_parts(wide));
}

// RFC 2045#5.1 and RFC 2045#5.2
TEST(ContentType, reads_parameters_and_falls_back_to_plain_text) {
  const auto type =
      ContentType::parse(" Text/HTML (a comment); Charset = \"utf-8\" ;\r\n name=\"a \\\"b\\\".html\"; x=");
  EXPECT_TRUE(type.is("text", "html"));
  EXPECT_EQ(*type.parameter("charset"), "utf-8");
  EXPECT_EQ(*type.parameter("name"), "a \"b\".html");
  EXPECT_EQ(type.parameter("none"), nullptr);
  for (const std::string_view bad : {"", "text", "text/", "/plain", "=?x?="})
    EXPECT_TRUE(ContentType::parse(bad).is("text", "plain")) << bad;
}

// RFC 2045#6.7
TEST(Decode, quoted_printable) {
  EXPECT_EQ(decode_quoted_printable("Now's the time =\r\nfor all folk to come=\r\n to the aid of their country."),
            "Now's the time for all folk to come to the aid of their country.");
  EXPECT_EQ(decode_quoted_printable("a=3D=c3=B6 \t\r\nb\r\n"), "a=\xc3\xb6\r\nb\r\n");
  EXPECT_EQ(decode_quoted_printable("=zz =4"), "=zz =4");
}

// RFC 4648#10
TEST(Decode, base64_skips_what_is_not_its_alphabet) {
  EXPECT_EQ(decode_base64_text("Zm9v\r\nYm Fy"), "foobar");
  EXPECT_EQ(decode_base64_text("Zm9vYg=="), "foob");
  EXPECT_EQ(decode_base64_text("Zm9vYmE"), "fooba");
  EXPECT_EQ(decode_base64_text(""), "");
}

TEST(Decode, a_part_knows_its_encoding) {
  EXPECT_EQ(parts("Content-Transfer-Encoding: BASE64\r\n\r\nZm9v\r\n")[0].decode(), "foo");
  EXPECT_EQ(parts("Content-Transfer-Encoding: x-other\r\n\r\nZm9v")[0].decode(), "Zm9v");
}

}  // namespace
}  // namespace ptarmigan::message
