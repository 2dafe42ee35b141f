// message/tests/address_test.cpp - address lists: RFC 5322's examples, and what is refused.
#include "message/address.hpp"

#include <gtest/gtest.h>

namespace ptarmigan::message {
namespace {

std::vector<Mailbox> list(std::string_view body) {
  auto parsed = parse_address_list(body);
  EXPECT_TRUE(parsed) << body << ": " << (parsed ? "" : parsed.error().text());
  return parsed ? *parsed : std::vector<Mailbox>{};
}

// RFC 5322#A.1.2
TEST(AddressList, reads_the_examples_of_rfc_5322) {
  EXPECT_EQ(list("\"Joe Q. Public\" <john.q.public@example.com>"),
            (std::vector<Mailbox>{{"Joe Q. Public", "john.q.public", "example.com"}}));
  EXPECT_EQ(
      list("Mary Smith <mary@x.test>, jdoe@example.org, Who? <one@y.test>"),
      (std::vector<Mailbox>{{"Mary Smith", "mary", "x.test"}, {"", "jdoe", "example.org"}, {"Who?", "one", "y.test"}}));
  EXPECT_EQ(list("<boss@nil.test>, \"Giant; \\\"Big\\\" Box\" <sysservices@example.net>"),
            (std::vector<Mailbox>{{"", "boss", "nil.test"}, {"Giant; \"Big\" Box", "sysservices", "example.net"}}));
}

// RFC 5322#A.1.3
TEST(AddressList, opens_groups_and_allows_empty_ones) {
  EXPECT_EQ(list("A Group:Ed Jones <c@a.test>,joe@where.test,John <jdoe@one.test>;"),
            (std::vector<Mailbox>{{"Ed Jones", "c", "a.test", "A Group"},
                                  {"", "joe", "where.test", "A Group"},
                                  {"John", "jdoe", "one.test", "A Group"}}));
  EXPECT_TRUE(list("Undisclosed recipients:;").empty());
}

// RFC 5322#A.5 and RFC 5322#A.6.1
TEST(AddressList, reads_comments_and_obsolete_forms) {
  EXPECT_EQ(list("Pete(A nice \\) chap) <pete(his account)@silly.test(his host)>"),
            (std::vector<Mailbox>{{"Pete", "pete", "silly.test"}}));
  EXPECT_EQ(list("A Group(Some people)\r\n     :Chris Jones <c@(Chris's host.)public.example>,\r\n"
                 "         joe@example.org,\r\n  John <jdoe@one.test> (my dear friend); (the end of the group)"),
            (std::vector<Mailbox>{{"Chris Jones", "c", "public.example", "A Group"},
                                  {"", "joe", "example.org", "A Group"},
                                  {"John", "jdoe", "one.test", "A Group"}}));
  EXPECT_EQ(list("Joe Q. Public <john.q.public@example.com>"),
            (std::vector<Mailbox>{{"Joe Q. Public", "john.q.public", "example.com"}}));
  EXPECT_EQ(list("Mary Smith <@node.test:mary@example.net>, , jdoe@test  . example"),
            (std::vector<Mailbox>{{"Mary Smith", "mary", "example.net"}, {"", "jdoe", "test.example"}}));
}

TEST(AddressList, the_address_is_the_one_after_the_route) {
  EXPECT_EQ(list("<@a.test,@b.test:joe@c.test>").front().domain, "c.test");
}

TEST(AddressList, a_quoted_local_part_may_hold_an_at) {
  const auto mailbox = list("\"joe@evil.test\"@example.com").front();
  EXPECT_EQ(mailbox.local_part, "joe@evil.test");
  EXPECT_EQ(mailbox.domain, "example.com");
  EXPECT_EQ(mailbox.address(), "\"joe@evil.test\"@example.com");
}

TEST(AddressList, encoded_words_are_words_in_names_and_never_decoded_in_addresses) {
  EXPECT_EQ(list("=?utf-8?q?J=C3=B6?= <joe@example.com>").front().display_name, "=?utf-8?q?J=C3=B6?=");
  EXPECT_EQ(list("=?utf-8?q?joe=40evil.test?=@example.com").front().local_part, "=?utf-8?q?joe=40evil.test?=");
}

// RFC 6532#3.2
TEST(AddressList, utf8_is_accepted) {
  const auto mailbox = list("Jörg <jörg@bücher.example>").front();
  EXPECT_EQ(mailbox.display_name, "Jörg");
  EXPECT_EQ(mailbox.address(), "jörg@bücher.example");
}

TEST(AddressList, a_final_dot_and_literals) {
  EXPECT_EQ(list("joe@example.com.").front().domain, "example.com");
  EXPECT_EQ(list("joe@[192.0.2.1]").front().domain, "[192.0.2.1]");
  EXPECT_EQ(list("joe@[IPv6:2001:db8::1]").front().domain, "[IPv6:2001:db8::1]");
}

TEST(AddressList, refuses_what_two_readers_would_read_differently) {
  using namespace std::string_view_literals;
  for (const auto body : {""sv,
                          " "sv,
                          "joe"sv,
                          "<>"sv,
                          "<joe>"sv,
                          "joe@"sv,
                          "@example.com"sv,
                          "a@b@c"sv,
                          "a@b.test@c.test"sv,
                          "x@evil.test <joe@example.com>"sv,
                          "joe@example.com <joe@example.com>"sv,
                          "joe@exa\0mple.com"sv,
                          "\"j\0\" <joe@example.com>"sv,
                          "joe@example.com extra"sv,
                          "a b@example.com"sv,
                          ".joe@example.com"sv,
                          "joe.@example.com"sv,
                          "jo..e@example.com"sv,
                          "<joe@example.com"sv,
                          "joe@example.com>"sv,
                          "(joe@example.com"sv,
                          "\"joe@example.com"sv,
                          "a: b: c@d.test;;"sv,
                          "a: c@d.test"sv,
                          "joe@a..b"sv,
                          "joe\n@example.com"sv,
                          "joe@example.com\r\n"sv,
                          "joe@example\xff.com"sv,
                          "jo\xc0\x80@example.com"sv,
                          "<@a.test joe@b.test>"sv,
                          "joe@[192.0.2.1"sv,
                          "<joe@a.test><joe@b.test>"sv,
                          "<joe@a.test> joe@b.test"sv})
    EXPECT_FALSE(parse_address_list(body)) << body;
}

TEST(AddressList, nesting_is_bounded) {
  const auto nested = [](std::size_t depth) { return std::string(depth, '(') + std::string(depth, ')') + "a@b.test"; };
  EXPECT_TRUE(parse_address_list(nested(max_comment_depth)));
  EXPECT_FALSE(parse_address_list(nested(max_comment_depth + 1)));
}

TEST(Mailbox, is_exactly_one_address) {
  EXPECT_TRUE(parse_mailbox("Joe <joe@example.com>"));
  EXPECT_FALSE(parse_mailbox("a@b.test, c@d.test"));
  EXPECT_FALSE(parse_mailbox("g: a@b.test;"));
}

// RFC 3629#4: overlong forms, surrogates and values above U+10FFFF are not UTF-8
TEST(Utf8, is_strict) {
  for (const std::string_view good : {"", "a", "\xc3\xb6", "\xe2\x82\xac", "\xf0\x9f\x8c\x8a", "\xf4\x8f\xbf\xbf"})
    EXPECT_TRUE(is_utf8(good)) << good;
  for (const std::string_view bad : {"\xc0\x80", "\xc3", "\x80", "\xed\xa0\x80", "\xe0\x80\x80", "\xf0\x80\x80\x80",
                                     "\xf4\x90\x80\x80", "\xf5\x80\x80\x80", "\xe2\x82"})
    EXPECT_FALSE(is_utf8(bad));
}

}  // namespace
}  // namespace ptarmigan::message
