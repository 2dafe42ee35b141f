// rulebook/tests/fixes_test.cpp - records to publish; what a real header says.
#include "rulebook/fixes.hpp"

#include <algorithm>

#include <gtest/gtest.h>

#include "message/header.hpp"
#include "rulebook/observe.hpp"
#include "rulebook/tests/fixtures.hpp"

namespace ptarmigan::rulebook {
namespace {

const IpAddress v4 = *IpAddress::parse("192.0.2.1");
const IpAddress v6 = *IpAddress::parse("2001:db8::1");

TEST(SpfWith, puts_the_address_in_front_of_all) {
  EXPECT_EQ(fixes::spf_with("v=spf1 ip4:192.0.2.1 -all", v6), "v=spf1 ip4:192.0.2.1 ip6:2001:db8::1 -all");
  EXPECT_EQ(fixes::spf_with("v=spf1 mx ~ALL", v4), "v=spf1 mx ip4:192.0.2.1 ~ALL");
  EXPECT_EQ(fixes::spf_with("v=spf1 all", v4), "v=spf1 ip4:192.0.2.1 all");
}
TEST(SpfWith, puts_the_address_in_front_of_redirect) {
  EXPECT_EQ(fixes::spf_with("v=spf1 redirect=_spf.example.net", v4), "v=spf1 ip4:192.0.2.1 redirect=_spf.example.net");
}
TEST(SpfWith, appends_where_nothing_ends_the_record) {
  EXPECT_EQ(fixes::spf_with("v=spf1 mx", v4), "v=spf1 mx ip4:192.0.2.1");
}
// L06 of published advice: -all is not recommended without knowing every address that sends.
TEST(SpfWith, makes_a_record_that_is_soft) {
  EXPECT_EQ(fixes::spf_with("", v6), "v=spf1 ip6:2001:db8::1 ~all");
}

const fixtures::Fixture& fixture(std::string_view rule, std::string_view name) {
  return *std::ranges::find_if(fixtures::all(), [&](const auto& f) { return f.rule == rule && f.name == name; });
}
using fixtures::fix_of;

// L01 of published advice: the owner name has 32 nibbles (RFC 3596#2.5).
TEST(ReverseNameFix, names_all_32_nibbles_and_the_ehlo_name) {
  const auto fix = fix_of(fixture("gmail.ptr", "no PTR over IPv6"));
  ASSERT_EQ(fix.publish.size(), 1U);
  EXPECT_EQ(dns::zone_line(fix.publish[0].record),
            "1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa. 3600 IN PTR mail.example.com.");
}
TEST(ReverseNameFix, publishes_the_missing_forward_record_of_the_family) {
  const auto fix = fix_of(fixture("gmail.ptr", "the name has only the other family"));
  ASSERT_EQ(fix.publish.size(), 1U);
  EXPECT_EQ(dns::zone_line(fix.publish[0].record), "mail.example.com. 3600 IN AAAA 2001:db8::1");
}

// RFC 2317#4: the provider has delegated the name by a CNAME; the record belongs where that leads.
TEST(ReverseNameFix, follows_classless_delegation) {
  const auto fix = fix_of({"gmail.ptr", State::broken, "", fixtures::good_subject("192.0.2.1"),
                           "1.2.0.192.in-addr.arpa. CNAME 1.0-25.2.0.192.in-addr.arpa.\nmail.example.com. A 192.0.2.1\n"
                           "0-25.2.0.192.in-addr.arpa. TXT \"the zone of the customer\"\n"});
  ASSERT_EQ(fix.publish.size(), 1U);
  EXPECT_EQ(fix.publish[0].record.owner, dns::name("1.0-25.2.0.192.in-addr.arpa"));
}

TEST(DkimFix, publishes_the_signing_key) {
  const auto fix = fix_of(fixture("gmail.bulk-dkim", "another key published"));
  ASSERT_EQ(fix.publish.size(), 1U);
  EXPECT_EQ(fix.publish[0].action, Fix::Action::replace);
  EXPECT_EQ(std::get<dns::Txt>(fix.publish[0].record.data).joined(),
            "v=DKIM1; k=ed25519; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=");
}

HeaderFacts header_of(std::string_view text, Subject& subject) {
  observe_header(subject, *message::HeaderSection::parse(text));
  return *subject.header;
}

TEST(ObserveHeader, sees_one_author) {
  Subject subject;
  const auto header =
      header_of("From: \"A, B\" <a@Example.COM>\r\nMessage-ID: <1@example.com>\r\nDate: x\r\n\r\n", subject);
  EXPECT_EQ(header.from_fields, 1U);
  EXPECT_EQ(header.from_mailboxes, 1U);
  EXPECT_EQ(header.message_ids, std::vector<std::string>{"<1@example.com>"});
  EXPECT_EQ(subject.author_domain(), dns::name("example.com"));
  EXPECT_TRUE(header.repeated.empty());
}
TEST(ObserveHeader, sees_repeated_fields_in_any_case) {
  Subject subject;
  EXPECT_EQ(header_of("Subject: a\r\nFrom: a@example.com\r\nSUBJECT: b\r\n\r\n", subject).repeated,
            std::vector<std::string>{"Subject"});
}
TEST(ObserveHeader, two_authors_of_one_domain_have_one_author_domain) {
  Subject subject;
  EXPECT_EQ(header_of("From: a@example.com, b@example.com\r\n\r\n", subject).from_mailboxes, 2U);
  EXPECT_EQ(subject.author_domain(), dns::name("example.com"));
  EXPECT_EQ(header_of("From: a@example.com, b@example.net\r\n\r\n", subject).from_mailboxes, 2U);
  EXPECT_EQ(subject.author_domain(), std::nullopt);
}
TEST(ObserveHeader, a_from_without_a_domain_on_the_internet_is_a_problem) {
  Subject subject;
  EXPECT_FALSE(header_of("From: root@localhost\r\n\r\n", subject).from_problem.empty());
  EXPECT_FALSE(header_of("From: \r\n\r\n", subject).from_problem.empty());
}

}  // namespace
}  // namespace ptarmigan::rulebook
