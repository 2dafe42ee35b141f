// smtp/tests/path_test.cpp - mailboxes and paths: RFC 5321#4.1.2, RFC 5321#4.5.3.1, RFC 6531#3.3; examples of RFC
// 3696#3.
#include "smtp/path.hpp"

#include <gtest/gtest.h>

namespace ptarmigan::smtp {
namespace {

TEST(Mailbox, keeps_the_meaning_not_the_spelling) {
  const auto quoted = Mailbox::parse(R"("Fred\ Bloggs"@EXAMPLE.com)");
  ASSERT_TRUE(quoted);
  EXPECT_EQ(quoted->local_part, "Fred Bloggs");
  EXPECT_EQ(quoted->domain, "example.com");
  EXPECT_EQ(quoted->text(), R"("Fred Bloggs"@example.com)");
  EXPECT_EQ(Mailbox::parse(R"("joe"@example.com)"), Mailbox::parse("joe@example.com"));
  EXPECT_EQ(Mailbox::parse("Joe@example.com")->local_part, "Joe");
}

TEST(Mailbox, takes_what_the_rfcs_allow) {
  // RFC 3696
  for (const auto* text :
       {R"("Abc\@def"@example.com)", R"("Fred Bloggs"@example.com)", R"("Joe\\Blow"@example.com)",
        R"("Abc@def"@example.com)", "user+mailbox@example.com", "customer/department=shipping@example.com",
        "$A12345@example.com", "!def!xyz%abc@example.com", "_somename@example.com", "a@localhost", "a@[192.0.2.1]",
        "a@[IPv6:2001:db8::1]", "a@xn--bcher-kva.example",
        "\xc3\xbc@b\xc3\xbc"
        "cher.example"}) {
    const auto mailbox = Mailbox::parse(text);
    ASSERT_TRUE(mailbox) << text;
    EXPECT_EQ(Mailbox::parse(mailbox->text()), mailbox) << text;
  }
}

TEST(Mailbox, refuses_what_they_do_not) {
  for (const auto* text : {"",
                           "a",
                           "@example.com",
                           "a@",
                           "a b@example.com",
                           ".a@example.com",
                           "a.@example.com",
                           "a..b@example.com",
                           "a@-example.com",
                           "a@example-.com",
                           "a@exa_mple.com",
                           "a@example..com",
                           "a@example.com.",
                           "a@.example.com",
                           R"("a"b@example.com)",
                           R"("a@example.com)",
                           R"(""@example.com)",
                           "a@[192.0.2.256]",
                           "a@[2001:db8::1]",
                           "a@[IPv6:192.0.2.1]",
                           "a@[x400:y]",
                           "a@b@example.com",
                           "a<b@example.com",
                           "a@exam ple.com",
                           "\"a\nb\"@example.com",
                           "\xff@example.com",
                           "\xc0\xaf@example.com",
                           "\xed\xa0\x80@example.com"})
    EXPECT_FALSE(Mailbox::parse(text)) << text;
  EXPECT_FALSE(Mailbox::parse("\xc3\xbc@example.com", Utf8::refuse));
}

TEST(Mailbox, limits_are_those_of_rfc_5321_4_5_3_1) {
  const std::string domain = std::string(63, 'a') + '.' + std::string(63, 'b') + '.' + std::string(63, 'c');
  EXPECT_TRUE(Mailbox::parse(std::string(64, 'x') + "@example.com"));
  EXPECT_FALSE(Mailbox::parse(std::string(65, 'x') + "@example.com"));
  EXPECT_TRUE(Mailbox::parse("x@" + domain + '.' + std::string(63, 'd')));
  EXPECT_FALSE(Mailbox::parse("x@" + domain + '.' + std::string(64, 'd')));
  EXPECT_TRUE(ForwardPath::parse("<" + std::string(62, 'x') + '@' + domain + ">"));
  EXPECT_TRUE(ForwardPath::parse("<" + std::string(62, 'x') + '@' + domain + ">")->text().size() == 256);
  EXPECT_FALSE(ForwardPath::parse("<" + std::string(63, 'x') + '@' + domain + ">"));
}

TEST(Mailbox, a_literal_is_an_address) {
  EXPECT_EQ(Mailbox::parse("a@[ipv6:2001:DB8:0:0::1]")->text(), "a@[IPv6:2001:db8::1]");
  EXPECT_EQ(Mailbox::parse("a@[192.0.2.1]")->literal()->text(), "192.0.2.1");
  EXPECT_FALSE(Mailbox::parse("a@example.com")->literal());
}

TEST(ReversePath, may_be_nobody) {
  EXPECT_TRUE(ReversePath::parse("<>")->is_null());
  EXPECT_EQ(ReversePath::parse("<>")->text(), "<>");
  for (const auto* text : {"", "<", ">", "< >", "a@example.com", "<a@example.com", "<a@example.com>>",
                           "<<a@example.com>>", "<postmaster>"})
    EXPECT_FALSE(ReversePath::parse(text)) << text;
}

TEST(ForwardPath, postmaster_needs_no_domain_and_nobody_else) {
  EXPECT_TRUE(ForwardPath::parse("<Postmaster>")->is_bare_postmaster());
  EXPECT_EQ(ForwardPath::parse("<postmaster>")->text(), "<postmaster>");
  EXPECT_FALSE(ForwardPath::parse("<root>"));
  EXPECT_FALSE(ForwardPath::parse("<>"));
}

TEST(ForwardPath, a_source_route_is_dropped) {
  EXPECT_EQ(ForwardPath::parse("<@a.example,@b.example:c@example.com>")->text(), "<c@example.com>");
  for (const auto* text :
       {"<@a.example>", "<@:c@example.com>", "<@a.example,b.example:c@example.com>", "<@a_b:c@example.com>"})
    EXPECT_FALSE(ForwardPath::parse(text)) << text;
}

TEST(PathLength, a_bracket_inside_quotes_is_no_end) {
  EXPECT_EQ(path_length(R"(<"a>b"@example.com> SIZE=1)"), 19U);
  EXPECT_EQ(path_length("<a@example.com>"), 15U);
  EXPECT_FALSE(path_length("a@example.com>"));
  EXPECT_FALSE(path_length(R"(<"a>@example.com>)"));
}

}  // namespace
}  // namespace ptarmigan::smtp
