// reports/tests/dsn_test.cpp - notices: fields of RFC 3464, what people read, and no way in for foreign text.
#include "reports/dsn.hpp"

#include <algorithm>
#include <set>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/text.hpp"
#include "reports/encode.hpp"
#include "reports/tests/samples.hpp"

namespace ptarmigan::reports {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

std::string octets_of(const Dsn& dsn, std::string_view original = samples::original) {
  const auto built = build(dsn, original);
  EXPECT_TRUE(built) << built.error().text();
  return built ? built->octets : "";
}

TEST(Dsn, failure_has_every_field_of_the_report) {
  const std::string octets = octets_of(samples::failed());
  EXPECT_THAT(octets,
              HasSubstr("Content-Type: multipart/report; report-type=delivery-status;\r\n boundary=\"b0undary1\""));
  EXPECT_THAT(octets, HasSubstr("Auto-Submitted: auto-replied\r\n"));
  EXPECT_THAT(octets, HasSubstr("\r\nOriginal-Envelope-Id: QQ+314159\r\nReporting-MTA: dns; mail.example.com\r\n"
                                "Arrival-Date: "));
  EXPECT_THAT(octets, HasSubstr("\r\n\r\nOriginal-Recipient: rfc822; User+news@example.org\r\n"
                                "Final-Recipient: rfc822; user@gmail.com\r\nAction: failed\r\nStatus: 5.1.1\r\n"
                                "Remote-MTA: dns; gmail-smtp-in.l.google.com\r\nDiagnostic-Code: smtp; 550-5.1.1 "));
  EXPECT_TRUE(is_wire_text(octets));
}

TEST(Dsn, people_read_the_first_refusal_the_last_reply_and_the_fix) {
  const std::string octets = octets_of(samples::failed());
  EXPECT_THAT(octets, HasSubstr("Sent from 2001:db8::1, it was first refused with:\r\n      550-5.7.1 Our system"));
  EXPECT_THAT(octets, HasSubstr("gmail-smtp-in.l.google.com said last:\r\n      550-5.1.1 The email account"));
  EXPECT_THAT(octets, HasSubstr("What the administrator of the sending system can do:\r\n\r\n  Publish a PTR record"));
}

TEST(Dsn, headers_come_back_unless_the_whole_message_was_asked_for) {
  Dsn dsn = samples::failed();
  EXPECT_THAT(octets_of(dsn), HasSubstr("Content-Type: text/rfc822-headers"));
  EXPECT_THAT(octets_of(dsn), Not(HasSubstr("The body.")));
  dsn.returned = Return::full;
  EXPECT_THAT(octets_of(dsn),
              HasSubstr("Content-Type: message/rfc822\r\nContent-Transfer-Encoding: 7bit\r\n\r\n" + samples::original));
  const std::string large = samples::original + std::string(max_returned_message, 'x') + "\r\n";
  EXPECT_THAT(octets_of(dsn, large), HasSubstr("Content-Type: text/rfc822-headers"));
  EXPECT_THAT(octets_of(dsn, ""), Not(HasSubstr("rfc822-headers")));
}

TEST(Dsn, eight_bit_message_is_returned_as_such_and_says_so) {
  Dsn dsn = samples::failed();
  dsn.returned = Return::full;
  const auto built = build(dsn, "Subject: x\r\n\r\n\xc3\xa4\r\n");
  ASSERT_TRUE(built);
  EXPECT_TRUE(built->eight_bit);
  EXPECT_FALSE(build(samples::failed(), "Subject: \xc3\xa4\r\n\r\nx\r\n")->eight_bit);
  EXPECT_THAT(octets_of(samples::failed(), "Subject: \xc3\xa4\r\n\r\nx\r\n"), HasSubstr("Subject: =C3=A4\r\n"));
}

TEST(Dsn, message_with_bare_line_ends_never_comes_back_whole) {
  Dsn dsn = samples::failed();
  dsn.returned = Return::full;
  for (const char* broken : {"Subject: x\r\n\r\na\nb\r\n", "Subject: x\r\n\r\na\rb\r\n", "Subject: x\r\n\r\nunended"})
    EXPECT_THAT(octets_of(dsn, broken), HasSubstr("text/rfc822-headers"));
}

TEST(Dsn, notice_about_a_notice_is_refused) {
  Dsn dsn = samples::failed();
  dsn.to = "";
  EXPECT_FALSE(build(dsn, samples::original));
}

TEST(Dsn, boundary_that_occurs_in_the_message_is_refused) {
  Dsn dsn = samples::failed();
  dsn.returned = Return::full;
  EXPECT_FALSE(build(dsn, "Subject: x\r\n\r\n--b0undary1\r\n"));
  dsn.boundary = "two words";
  EXPECT_FALSE(build(dsn, samples::original));
}

std::vector<std::string> names_at_line_start(std::string_view octets) {
  std::vector<std::string> names;
  while (!octets.empty()) {
    const auto line = octets.substr(0, octets.find("\r\n"));
    octets.remove_prefix(std::min(line.size() + 2, octets.size()));
    if (line.empty()) break;
    if (!is_wsp(line.front())) names.emplace_back(line.substr(0, line.find(':')));
  }
  return names;
}

TEST(Dsn, hostile_replies_add_no_field_no_part_and_no_line) {
  const std::string octets = octets_of(samples::hostile());
  EXPECT_TRUE(is_wire_text(octets));
  EXPECT_TRUE(is_ascii(octets));
  EXPECT_THAT(names_at_line_start(octets), ElementsAre("Date", "From", "To", "Subject", "Message-ID", "In-Reply-To",
                                                       "References", "Auto-Submitted", "MIME-Version", "Content-Type"));
  const auto status = octets.find("message/delivery-status");
  const auto report = std::string_view(octets).substr(octets.find("\r\n\r\n", status) + 4);
  EXPECT_THAT(names_at_line_start(report), ElementsAre("Original-Envelope-Id", "Reporting-MTA", "Arrival-Date"));
  EXPECT_THAT(names_at_line_start(report.substr(report.find("\r\n\r\n") + 4)),
              ElementsAre("Original-Recipient", "Final-Recipient", "Action", "Status", "Remote-MTA", "Diagnostic-Code",
                          "X-Ptarmigan-First-Refusal", "Last-Attempt-Date"));
  EXPECT_THAT(octets, HasSubstr("\r\nStatus: 5.0.0\r\n"));
}

TEST(Dsn, address_beyond_ascii_is_written_as_rfc_6533_says) {
  const std::string octets = octets_of(samples::delayed_utf8());
  EXPECT_THAT(octets, HasSubstr("Final-Recipient: utf-8; \\x{4E2D}\\x{2B}tag@example.net\r\n"));
  EXPECT_THAT(octets, HasSubstr("Will-Retry-Until: "));
  EXPECT_THAT(octets, HasSubstr("Status: 4.0.0\r\n"));
  Dsn dsn = samples::delayed_utf8();
  dsn.to = "\xe4\xb8\xad@example.com";
  EXPECT_TRUE(build(dsn, samples::original)->smtputf8);
}

TEST(Encode, fields_fold_at_blanks_and_no_line_is_too_long) {
  const std::string folded = field("Name", std::string(60, 'a') + " " + std::string(60, 'b'));
  EXPECT_EQ(folded, "Name: " + std::string(60, 'a') + "\r\n " + std::string(60, 'b') + "\r\n");
  EXPECT_TRUE(is_wire_text(field("Name", std::string(5000, 'a'))));
  EXPECT_EQ(field("Name", "a\r\n\tb\x01"), "Name: a b\\x01\r\n");
  EXPECT_EQ(field("Name", ""), "Name:\r\n");
}

// Examples of RFC 2045#6.7 and its rules 1 to 5.
TEST(Encode, quoted_printable_follows_its_rules) {
  EXPECT_EQ(quoted_printable("a=b \r\n\tc\t"), "a=3Db=20\r\n\tc=09");
  EXPECT_EQ(quoted_printable("a\nb\rc"), "a=0Ab=0Dc");
  const std::string lines = quoted_printable(std::string(200, 'x'));
  for (const auto line : split(lines, '\n')) EXPECT_LE(trim(line).size(), 76U);
}

// RFC 3461#4: hexchar is "+" and two hexadecimal digits.
TEST(Encode, xtext_is_decoded_or_left_alone) {
  EXPECT_EQ(decode_xtext("a+2Bb+3D"), "a+b=");
  for (const char* broken : {"a+", "a+2", "a+2G"}) EXPECT_EQ(decode_xtext(broken), broken);
}

TEST(Encode, text_that_is_not_utf8_is_escaped) {
  EXPECT_EQ(one_line("\xc3\xa4"), "\xc3\xa4");
  EXPECT_EQ(one_line("\xc0\xaf\xed\xa0\x80\xf4\x90\x80\x80"), "\\xC0\\xAF\\xED\\xA0\\x80\\xF4\\x90\\x80\\x80");
  EXPECT_EQ(one_line("a\r\nb\xc2\x85"
                     "c"),
            "a  b c");
}

}  // namespace
}  // namespace ptarmigan::reports
