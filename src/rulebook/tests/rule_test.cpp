// rulebook/tests/rule_test.cpp - what every rule must have.
#include "rulebook/rule.hpp"

#include <set>

#include <gtest/gtest.h>

#include "rulebook/registry.hpp"

namespace ptarmigan::rulebook {
namespace {

WallTime day(int year, unsigned month, unsigned date) {
  return std::chrono::sys_days{std::chrono::year{year} / std::chrono::month{month} / std::chrono::day{date}};
}

// Append-only: an id that was published is stored, printed and linked to. Add new ones at the end.
TEST(Rules, published_ids_still_exist) {
  for (const auto* id : {"gmail.ehlo",
                         "gmail.ptr",
                         "gmail.authentication",
                         "gmail.dmarc-policy",
                         "gmail.dmarc-quarantine",
                         "gmail.impersonation",
                         "gmail.from",
                         "gmail.message-id",
                         "gmail.single-fields",
                         "gmail.tls",
                         "gmail.spf-entries",
                         "gmail.bulk-spf",
                         "gmail.bulk-dkim",
                         "gmail.bulk-dmarc",
                         "gmail.bulk-alignment",
                         "gmail.bulk-tls",
                         "gmail.rate",
                         "gmail.ip-reputation",
                         "gmail.domain-reputation",
                         "gmail.content",
                         "gmail.direct-delivery",
                         "gmail.customer-policy",
                         "gmail.bulk-unsubscribe",
                         "apple.bulk-ptr",
                         "apple.mail-from-domain",
                         "apple.volume",
                         "apple.block-list",
                         "apple.authentication",
                         "apple.dmarc-policy",
                         "apple.dmarc-quarantine",
                         "apple.local-policy",
                         "apple.bulk-authentication",
                         "exchange-online.ehlo",
                         "exchange-online.ptr",
                         "exchange-online.ipv6-recipient",
                         "exchange-online.ipv6-rate",
                         "exchange-online.rate",
                         "exchange-online.block-list",
                         "exchange-online.banned-address",
                         "exchange-online.customer-policy",
                         "exchange-online.ipv6-authentication",
                         "exchange-online.dmarc-policy",
                         "exchange-online.dmarc-quarantine",
                         "exchange-online.spf",
                         "exchange-online.from",
                         "exchange-online.onward-tls",
                         "gmx.ptr",
                         "gmx.generic-ptr",
                         "gmx.block-list",
                         "gmx.ehlo",
                         "gmx.ehlo-is-ptr",
                         "gmx.rate",
                         "gmx.spf",
                         "gmx.policy",
                         "gmx.bulk-dkim",
                         "gmx.bulk-unsubscribe",
                         "outlook.ptr",
                         "outlook.dynamic-address",
                         "outlook.rate",
                         "outlook.reputation",
                         "outlook.unknown-recipients",
                         "outlook.compromised",
                         "outlook.complaints",
                         "outlook.block-list",
                         "outlook.banned-address",
                         "outlook.dmarc-policy",
                         "outlook.dmarc-quarantine",
                         "outlook.bulk-authentication",
                         "outlook.bulk-unsubscribe",
                         "yahoo.mail-from-domain",
                         "yahoo.reputation",
                         "yahoo.blocked",
                         "yahoo.block-list",
                         "yahoo.ptr",
                         "yahoo.generic-ptr",
                         "yahoo.from-domain",
                         "yahoo.authentication",
                         "yahoo.dmarc-policy",
                         "yahoo.dmarc-quarantine",
                         "yahoo.header",
                         "yahoo.content",
                         "yahoo.connection-limit",
                         "yahoo.bulk-authentication",
                         "yahoo.bulk-unsubscribe"})
    EXPECT_NE(find_rule(id), nullptr) << id;
}

TEST(Rules, are_complete) {
  std::set<std::string_view> seen;
  for (const auto& receiver : receivers()) {
    auto stage = Stage::connect;
    for (const auto& rule : receiver.rules) {
      EXPECT_TRUE(seen.insert(rule.id).second) << rule.id << " twice";
      EXPECT_EQ(rule.receiver(), receiver.id);
      EXPECT_GE(rule.stage, stage) << rule.id << ": rules stand in the order in which the receiver answers";
      stage = rule.stage;
      EXPECT_NE(rule.judge, nullptr) << rule.id;
      EXPECT_FALSE(rule.title.empty() || rule.consequence.empty() || rule.remedy.empty()) << rule.id;
      EXPECT_TRUE(rule.source.url.starts_with("https://")) << rule.id;
      EXPECT_FALSE(is_stale(rule.source, day(2000, 1, 1))) << rule.id << ": the date of the source cannot be read";
      if (rule.visibility == Visibility::receiver_only) continue;
      EXPECT_NE(rule.fix, nullptr) << rule.id;
      const bool speaks = rule.effect == Effect::refuse || rule.effect == Effect::defer;
      EXPECT_EQ(speaks, !rule.refusals.empty()) << rule.id << ": words are for rules that refuse or defer";
      if (speaks) EXPECT_FALSE(rule.shapes.empty()) << rule.id;
    }
  }
}

TEST(Rules, phrases_are_lower_case_and_codes_agree_with_effects) {
  for (const auto& receiver : receivers())
    for (const auto& rule : receiver.rules) {
      for (const auto& shape : rule.shapes)
        for (const char c : shape.phrase) EXPECT_FALSE(c >= 'A' && c <= 'Z') << rule.id << ": " << shape.phrase;
      for (const auto& refusal : rule.refusals) {
        EXPECT_EQ(refusal.code / 100, rule.effect == Effect::defer ? 4 : 5) << rule.id;
        if (refusal.enhanced.cls != 0) EXPECT_EQ(refusal.enhanced.cls, refusal.code / 100) << rule.id;
      }
    }
}

TEST(Source, is_stale_after_six_months) {
  const Source source{"page", "https://example.com", "2026-03-21"};
  EXPECT_FALSE(is_stale(source, day(2026, 9, 20)));
  EXPECT_TRUE(is_stale(source, day(2026, 9, 21)));
}

TEST(Source, without_a_date_is_stale) {
  EXPECT_TRUE(is_stale({"page", "https://example.com", "2026"}, day(2026, 1, 1)));
}

TEST(Receivers, are_known_by_their_mx_hosts) {
  EXPECT_EQ(receiver_of_mx(dns::name("gmail-smtp-in.l.google.com"))->id, "gmail");
  EXPECT_EQ(receiver_of_mx(dns::name("aspmx.l.google.com"))->id, "gmail");
  EXPECT_EQ(receiver_of_mx(dns::name("alt1.aspmx.googlemail.com"))->id, "gmail");
  EXPECT_EQ(receiver_of_mx(dns::name("example-com.mail.protection.outlook.com"))->id, "exchange-online");
  EXPECT_EQ(receiver_of_mx(dns::name("outlook-com.olc.protection.outlook.com"))->id, "outlook");
  EXPECT_EQ(receiver_of_mx(dns::name("mta5.am0.yahoodns.net"))->id, "yahoo");
  EXPECT_EQ(receiver_of_mx(dns::name("mx01.mail.icloud.com"))->id, "apple");
  EXPECT_EQ(receiver_of_mx(dns::name("mx00.emig.gmx.net"))->id, "gmx");
  EXPECT_EQ(receiver_of_mx(dns::name("mx-ha02.web.de"))->id, "gmx");
  EXPECT_EQ(receiver_of_mx(dns::name("mx.example.net")), nullptr);
  EXPECT_EQ(receiver_of_mx(dns::name("mx.notgoogle.com")), nullptr);
}

}  // namespace
}  // namespace ptarmigan::rulebook
