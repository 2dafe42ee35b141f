// watch/tests/judges_test.cpp - block lists, drift of records, readiness for a stricter DMARC policy, the spam clock.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "config/parse.hpp"
#include "watch/blocklist.hpp"
#include "watch/drift.hpp"
#include "watch/readiness.hpp"

namespace ptarmigan::watch {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

const auto list = dns::name("zen.example");
const Listed v4 = *IpAddress::parse("192.0.2.99");
const Listed v6 = *IpAddress::parse("2001:db8:1:2:3:4:567:89ab");

Listing judged(const Listed& subject, std::vector<std::string> addresses) {
  Answer answer{.status = addresses.empty() ? AnswerStatus::no_such_name : AnswerStatus::found};
  const auto name = *blocklist_name(subject, list);
  for (const auto& address : addresses)
    answer.records.push_back({name, dns::RecordType::a, 300, *IpAddress::parse(address)});
  Facts facts;
  facts.add({name, dns::RecordType::a}, answer);
  return *blocklisted(subject, list, facts);
}

// RFC 5782#2.1 and RFC 5782#2.4 give these names.
TEST(Blocklist, asks_for_the_reversed_address_of_ipv6_with_all_32_nibbles) {
  EXPECT_EQ(blocklist_name(v4, list)->text(), "99.2.0.192.zen.example");
  EXPECT_EQ(blocklist_name(v6, list)->text(),
            "b.a.9.8.7.6.5.0.4.0.0.0.3.0.0.0.2.0.0.0.1.0.0.0.8.b.d.0.1.0.0.2.zen.example");
  EXPECT_EQ(blocklist_name(dns::name("example.com"), list)->text(), "example.com.zen.example");
  const auto unasked = blocklisted(v4, list, Facts());
  ASSERT_FALSE(unasked.known());
  EXPECT_EQ(unasked.need().questions().front().type, dns::RecordType::a);
}

TEST(Blocklist, refusal_codes_are_no_listings) {
  EXPECT_EQ(judged(v4, {}).state, Listing::State::clean);
  EXPECT_EQ(judged(v4, {"127.0.0.2", "127.0.0.4"}).state, Listing::State::listed);
  EXPECT_EQ(judged(v4, {"127.0.0.2", "127.0.0.4"}).codes, "127.0.0.2 127.0.0.4");
  for (const auto* code : {"127.255.255.252", "127.255.255.254", "127.255.255.255"})
    EXPECT_EQ(judged(v4, {code}).state, Listing::State::refused) << code;
  EXPECT_EQ(judged(v4, {"203.0.113.80"}).state, Listing::State::unknown);
  EXPECT_THAT(judged(v6, {"127.0.0.3"}).why, HasSubstr("/64"));
}

TEST(Drift, is_a_diff_of_lines_and_a_timeout_says_nothing) {
  const auto owner = dns::name("mail.example.com");
  const auto of = [&](std::vector<std::string> addresses, std::uint32_t ttl) {
    Answer answer{.status = AnswerStatus::found};
    for (const auto& address : addresses)
      answer.records.push_back({owner, dns::RecordType::a, ttl, *IpAddress::parse(address)});
    return *record_set(answer);
  };
  EXPECT_EQ(difference(of({"192.0.2.1", "192.0.2.2"}, 300), of({"192.0.2.2", "192.0.2.1"}, 17)), "");
  const auto changed = difference(of({"192.0.2.1"}, 300), of({"192.0.2.9"}, 300));
  EXPECT_THAT(changed, HasSubstr("- mail.example.com"));
  EXPECT_THAT(changed, HasSubstr("192.0.2.9"));
  EXPECT_FALSE(record_set(Answer{.status = AnswerStatus::timed_out}));
}

ReportedSource source(std::string ip, bool own, bool dkim, bool spf, std::uint64_t messages) {
  return {.source_ip = std::move(ip),
          .family = 4,
          .own = own,
          .domain = "example.com",
          .dkim = dkim,
          .spf = spf,
          .messages = messages};
}

TEST(Readiness, says_what_a_stricter_policy_would_stop) {
  auto broken = source("192.0.2.2", true, false, false, 100);
  broken.dkim_domain = "example.com";
  broken.dkim_result = "fail";
  const auto out = readiness(
      {source("192.0.2.1", true, true, true, 900), broken, source("203.0.113.66", false, false, false, 5000)});
  EXPECT_FALSE(out.quarantine);
  EXPECT_FALSE(out.reject);
  EXPECT_EQ(out.own.messages, 1000U);
  EXPECT_EQ(out.unknown.messages, 5000U);
  EXPECT_EQ(out.why, "90.0 % of own mail passes DMARC");
  ASSERT_EQ(out.breaks.size(), 1U);
  EXPECT_EQ(out.breaks.front().source_ip, "192.0.2.2");
  EXPECT_THAT(out.breaks.front().why, HasSubstr("does not verify"));
}

TEST(Readiness, mail_that_pretends_to_be_us_does_not_hold_it_back) {
  const auto out =
      readiness({source("192.0.2.1", true, true, true, 1000), source("203.0.113.66", false, false, false, 9)});
  EXPECT_TRUE(out.quarantine);
  EXPECT_TRUE(out.reject);
  EXPECT_THAT(out.breaks, IsEmpty());
  EXPECT_FALSE(readiness({source("192.0.2.1", true, true, true, 5)}).quarantine);
}

TEST(Readiness, tells_forwarded_and_known_sources_apart) {
  auto forwarded = source("203.0.113.5", false, false, false, 1);
  forwarded.reason = "forwarded";
  EXPECT_EQ(origin_of(forwarded), Origin::forwarded);
  EXPECT_EQ(origin_of(source("203.0.113.6", false, true, false, 1)), Origin::known);
  EXPECT_EQ(origin_of(source("203.0.113.7", false, false, false, 1)), Origin::unknown);
  EXPECT_EQ(origin_of(source("192.0.2.1", true, false, false, 1)), Origin::own);
}

TEST(SpamClock, needs_seven_days_below_after_a_bad_one) {
  EXPECT_EQ(spam_clock({}).state, SpamClock::State::unknown);
  EXPECT_EQ(spam_clock({500}).state, SpamClock::State::good);
  EXPECT_EQ(spam_clock({1500}).state, SpamClock::State::watch);
  EXPECT_EQ(spam_clock({3000}).state, SpamClock::State::bad);
  EXPECT_EQ(spam_clock({3000, 500, 500}).state, SpamClock::State::waiting);
  EXPECT_EQ(spam_clock({3000, 500, 500}).days_below, 2U);
  EXPECT_EQ(spam_clock({3000, 0, 0, 0, 0, 0, 0, 0}).state, SpamClock::State::good);
}

TEST(OwnQuestions, are_every_record_that_receivers_look_at) {
  const auto config = config::parse_config(
      "hostname = \"mail.example.com\"\n[[source]]\nipv6 = \"2001:db8::1\"\n[[domain]]\nname = \"example.com\"\n"
      "[[domain.dkim]]\nselector = \"s1\"\nkey_file = \"k\"\n",
      "test");
  ASSERT_TRUE(config);
  std::vector<std::string> names;
  for (const auto& question : own_questions(*config))
    names.push_back(question.name.text().substr(0, 20) + " " + std::string(to_string(question.type)));
  EXPECT_THAT(names, ::testing::UnorderedElementsAre("mail.example.com A", "mail.example.com AAAA",
                                                     "1.0.0.0.0.0.0.0.0.0. PTR", "example.com MX", "example.com TXT",
                                                     "_dmarc.example.com TXT", "_mta-sts.example.com TXT",
                                                     "_smtp._tls.example.c TXT", "s1._domainkey.exampl TXT"));
}

}  // namespace
}  // namespace ptarmigan::watch
