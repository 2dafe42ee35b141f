// rulebook/tests/receivers_test.cpp - what each receiver says in its own words, what is particular to one, and the
// union.
#include <algorithm>

#include <gtest/gtest.h>

#include "dns/reverse.hpp"
#include "rulebook/tests/fixtures.hpp"

namespace ptarmigan::rulebook {
namespace {

const fixtures::Fixture& fixture(std::string_view rule, std::string_view name) {
  return *std::ranges::find_if(fixtures::all(), [&](const auto& f) { return f.rule == rule && f.name == name; });
}

Judgement judged(const fixtures::Fixture& f, const Receiver& receiver) {
  return *judge(receiver, f.subject, fixtures::facts_of(f, receiver));
}

std::string first_words(const fixtures::Fixture& f) {
  const auto judgement = judged(f, fixtures::receiver_of(f));
  const auto* refusal = judgement.refusal();
  return refusal == nullptr ? "accepted" : reply_for(*refusal->rule, f.subject, "id")->wire();
}

// Microsoft Learn, "Support for anonymous inbound email over IPv6".
TEST(ExchangeOnline, ipv6_without_ptr_is_deferred_in_the_documented_words) {
  EXPECT_EQ(
      first_words(fixture("exchange-online.ptr", "no PTR over IPv6")),
      "450 4.7.25 Service unavailable, sending IPv6 address [2001:db8::1] must have reverse DNS record. [id]\r\n");
}

TEST(ExchangeOnline, a_ptr_whose_name_leads_elsewhere_is_enough) {
  auto f = fixture("gmail.ptr", "the name has only the other family");
  EXPECT_TRUE(judged(f, *find_receiver("gmail")).refusal() != nullptr);
  EXPECT_EQ(judged(f, *find_receiver("exchange-online")).refusal(), nullptr);
}

TEST(ExchangeOnline, asks_for_authentication_over_ipv6_only) {
  auto f = fixture("exchange-online.ipv6-authentication", "SPF without the address, unsigned");
  EXPECT_TRUE(first_words(f).starts_with("450 4.7.26 Service unavailable, message sent over IPv6 [2001:db8::1]"));
  f.subject.sending_address = *IpAddress::parse("192.0.2.1");
  EXPECT_EQ(first_words(f), "accepted");
}

// postmaster.gmx.net: "we do not use any additional Enhanced Status Codes"; several lines, the last with the link.
TEST(Gmx, refuses_an_address_without_ptr_at_the_banner_without_enhanced_codes) {
  const auto& f = fixture("gmx.ptr", "no PTR over IPv4");
  EXPECT_EQ(first_words(f),
            "554-gmx.net (mxgmx009) Nemesis ESMTP Service not available\r\n"
            "554-No SMTP service\r\n"
            "554-Bad DNS PTR resource record.\r\n"
            "554 For explanation visit https://postmaster.gmx.net/en/case?c=r0601&i=ip&v=192.0.2.1&r=id\r\n");
  EXPECT_EQ(judged(f, *find_receiver("gmx")).refusal()->rule->stage, Stage::connect);
}

// RFC 7208#8.4 and #8.5: softfail is not fail.
TEST(Gmx, refuses_spf_fail_and_takes_softfail) {
  auto f = fixture("gmx.spf", "IPv6 not covered");
  EXPECT_TRUE(first_words(f).starts_with("550-Requested action not taken"));
  const auto at = f.zone.find("-all");
  f.zone.replace(at, 4, "~all");
  EXPECT_EQ(first_words(f), "accepted");
}

TEST(Apple, names_the_sender_whose_domain_is_not_found) {
  EXPECT_EQ(first_words(fixture("apple.mail-from-domain", "no such domain")),
            "450 4.1.8 <user@nowhere.example>: Sender address rejected: Domain not found\r\n");
}

State generic(std::string_view address, std::string_view name) {
  const auto ip = *IpAddress::parse(address);
  fixtures::Fixture f{"yahoo.generic-ptr", State::holds, "", fixtures::good_subject(address), ""};
  const auto verdict = settle_with(fixtures::World(f), [&](Facts facts) {
    facts.add({dns::reverse_name(ip), dns::RecordType::ptr},
              {.status = AnswerStatus::found,
               .records = {{dns::reverse_name(ip), dns::RecordType::ptr, 300, dns::Target{dns::name(name)}}}});
    return judge(*find_rule("yahoo.generic-ptr"), f.subject, facts);
  });
  return verdict.state;
}

TEST(GenericName, is_what_spells_the_address_or_says_dynamic) {
  EXPECT_EQ(generic("203.0.113.7", "static.7.113.0.203.clients.your-server.example"), State::broken);
  EXPECT_EQ(generic("203.0.113.7", "ip7.ip-203-0-113.example.net"), State::broken);
  EXPECT_EQ(generic("203.0.113.7", "203-000-113-007.pool.example.net"), State::broken);
  EXPECT_EQ(generic("203.0.113.7", "cb007107.example.net"), State::broken);
  EXPECT_EQ(generic("203.0.113.7", "dyn17.city.example.net"), State::broken);
  EXPECT_EQ(generic("2001:db8::1", "2001-db8--1.hosts.example.net"), State::broken);
  EXPECT_EQ(generic("2001:db8:1:2:3:4:5:6", "20010db8000100020003000400050006.v6.example.net"), State::broken);
}

TEST(GenericName, is_not_a_name_of_ones_own) {
  EXPECT_EQ(generic("203.0.113.7", "mail.example.com"), State::holds);
  EXPECT_EQ(generic("203.0.113.7", "mail7.dc113.example.com"), State::holds);
  EXPECT_EQ(generic("203.0.113.7", "mx.broadband.example"), State::holds);
  EXPECT_EQ(generic("2001:db8::1", "mx1.example.com"), State::holds);
}

bool stopped_by_any(const fixtures::Fixture& f) {
  return std::ranges::any_of(receivers(),
                             [&](const Receiver& receiver) { return judged(f, receiver).refusal() != nullptr; });
}

TEST(Strict, stops_what_any_receiver_would_stop_and_nothing_else) {
  int stopped = 0;
  for (const auto& f : fixtures::all()) {
    const bool any = stopped_by_any(f);
    EXPECT_EQ(judged(f, strict()).refusal() != nullptr, any) << f.rule << ", " << f.name;
    if (any) ++stopped;
  }
  EXPECT_GT(stopped, 50);
}

TEST(Strict, asks_for_each_requirement_once) {
  const auto count = [](auto judge) { return std::ranges::count(strict().rules, judge, &Rule::judge); };
  EXPECT_EQ(count(find_rule("gmail.ptr")->judge), 1);
  EXPECT_EQ(count(find_rule("gmail.authentication")->judge), 1);
  EXPECT_EQ(count(find_rule("outlook.bulk-authentication")->judge), 1);
  EXPECT_LT(strict().rules.size(), find_receiver("gmail")->rules.size() + find_receiver("yahoo")->rules.size());
}

TEST(Strict, speaks_in_the_order_of_the_dialogue) {
  EXPECT_TRUE(std::ranges::is_sorted(strict().rules, {}, &Rule::stage));
  EXPECT_EQ(find_receiver("strict"), &strict());
  EXPECT_NE(profile_ids().find("strict"), std::string::npos);
}

}  // namespace
}  // namespace ptarmigan::rulebook
