// route/tests/destination_test.cpp - where mail goes (RFC 5321#5.1, RFC 7505#3), and what makes a site.
#include "route/destination.hpp"

#include <gtest/gtest.h>

#include "dns/zone.hpp"
#include "facts/zone_facts.hpp"

namespace ptarmigan::route {
namespace {

using dns::name;
using Status = Destination::Status;

constexpr std::string_view zone = R"(
$TTL 300
gmail.com. MX 5 gmail-smtp-in.l.google.com.
gmail.com. MX 10 alt1.gmail-smtp-in.l.google.com.
gmail-smtp-in.l.google.com. A 203.0.113.25
gmail-smtp-in.l.google.com. AAAA 2001:db8:feed::25
alt1.gmail-smtp-in.l.google.com. A 203.0.113.26
workspace.example. MX 1 aspmx.l.google.com.
aspmx.l.google.com. A 203.0.113.27
null.example. MX 0 .
implicit.example. A 203.0.113.30
broken.example. MX 10 nowhere.example.
nothing.example. TXT "no mail here"
one.example. MX 20 b.mx.example.
one.example. MX 10 a.mx.example.
two.example. MX 10 b.mx.example.
two.example. MX 10 a.mx.example.
a.mx.example. A 203.0.113.40
b.mx.example. A 203.0.113.41
)";

Destination destination_of(std::string_view domain) {
  const ZoneFacts world(dns::parse_zone(zone).value());
  return settle_with(world, [&](const Facts& facts) { return find_destination(name(domain), facts); });
}

TEST(FindDestination, targets_are_in_order_of_preference) {
  const auto gmail = destination_of("gmail.com");
  ASSERT_EQ(gmail.status, Status::found);
  ASSERT_EQ(gmail.targets.size(), 3U);
  EXPECT_EQ(gmail.targets[0].address.text(), "2001:db8:feed::25");
  EXPECT_EQ(gmail.targets[1].address.text(), "203.0.113.25");
  EXPECT_EQ(gmail.targets[2].host, name("alt1.gmail-smtp-in.l.google.com"));
}

TEST(FindDestination, a_domain_hosted_by_google_is_the_same_site_as_gmail) {
  EXPECT_EQ(destination_of("gmail.com").site, destination_of("workspace.example").site);
  ASSERT_NE(destination_of("workspace.example").site.receiver, nullptr);
  EXPECT_EQ(destination_of("workspace.example").site.receiver->id, "gmail");
}

TEST(FindDestination, domains_behind_the_same_hosts_are_one_site) {
  EXPECT_EQ(destination_of("one.example").site, destination_of("two.example").site);
  EXPECT_EQ(destination_of("one.example").targets[0].host, name("a.mx.example"));
  EXPECT_EQ(destination_of("one.example").site.receiver, nullptr);
}

TEST(FindDestination, a_domain_without_mx_is_its_own_mail_host) {
  const auto implicit = destination_of("implicit.example");
  ASSERT_EQ(implicit.status, Status::found);
  EXPECT_EQ(implicit.targets[0].host, name("implicit.example"));
}

TEST(FindDestination, tells_null_mx_from_no_such_domain_from_no_address) {
  EXPECT_EQ(destination_of("null.example").status, Status::null_mx);
  EXPECT_EQ(destination_of("absent.example").status, Status::no_such_domain);
  EXPECT_EQ(destination_of("broken.example").status, Status::no_such_domain);
  EXPECT_EQ(destination_of("nothing.example").status, Status::no_such_domain);
}

TEST(DropOwn, mail_never_comes_back_to_this_server) {
  auto gmail = destination_of("gmail.com");
  drop_own(gmail, {IpAddress::parse("203.0.113.26").value()});
  ASSERT_EQ(gmail.status, Status::found);
  EXPECT_EQ(gmail.targets.size(), 2U) << "the preferred host stays";
  drop_own(gmail, {IpAddress::parse("203.0.113.25").value()});
  EXPECT_EQ(gmail.status, Status::no_such_domain);
  EXPECT_NE(gmail.why.find("this server itself"), std::string::npos);
}

TEST(FindDestination, a_dns_failure_is_never_a_bounce) {
  Facts facts;
  facts.add({name("x.example"), dns::RecordType::mx}, {.status = AnswerStatus::timed_out});
  EXPECT_EQ(find_destination(name("x.example"), facts)->status, Status::try_later);
  facts.add({name("x.example"), dns::RecordType::mx}, {.status = AnswerStatus::no_data});
  facts.add({name("x.example"), dns::RecordType::a}, {.status = AnswerStatus::failed});
  facts.add({name("x.example"), dns::RecordType::aaaa}, {.status = AnswerStatus::no_data});
  EXPECT_EQ(find_destination(name("x.example"), facts)->status, Status::try_later);
}

}  // namespace
}  // namespace ptarmigan::route
