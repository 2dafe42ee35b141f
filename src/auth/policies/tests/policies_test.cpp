// auth/policies/tests/policies_test.cpp - the examples of RFC 8461#3.1 and RFC 8460#3, and when an indicator may be
// shown.
#include "auth/policies/policies.hpp"

#include <gtest/gtest.h>

#include "dns/zone.hpp"
#include "facts/zone_facts.hpp"

namespace ptarmigan::policies {
namespace {

template <typename Judge>
auto settle(std::string_view zone, Judge judge) {
  const ZoneFacts world(*dns::parse_zone(zone));
  return settle_with(world, judge);
}

TEST(MtaStsRecord, example_of_the_rfc) {
  EXPECT_EQ(MtaStsRecord::parse("v=STSv1; id=20160831085700Z;")->id, "20160831085700Z");
  EXPECT_EQ(MtaStsRecord::parse("v=STSv1;id=a ; x-y.z=1")->id, "a");
  for (const auto* text :
       {"", "v=STSv1", "v=STSv1;", "v=STSv1; id=", "v=STSv1; id=a-b", "v=STSv1; id=123456789012345678901234567890123",
        "v=STSv2; id=a", "id=a; v=STSv1", "v=STSv1; id=a; id=b", "v=STSv1; id=a; junk", "v=STSv1;; id=a"})
    EXPECT_FALSE(MtaStsRecord::parse(text)) << text;
}

TEST(MtaStsRecord, two_records_count_as_none_and_failure_is_told_apart) {
  const auto find = [](const Facts& facts) { return find_mta_sts(dns::name("example.com"), facts); };
  EXPECT_EQ(
      settle("_mta-sts.example.com. IN TXT \"v=STSv1; id=1\"\n_mta-sts.example.com. IN TXT \"other\"\n", find).presence,
      Presence::present);
  EXPECT_EQ(
      settle("_mta-sts.example.com. IN TXT \"v=STSv1; id=1\"\n_mta-sts.example.com. IN TXT \"v=STSv1; id=2\"\n", find)
          .presence,
      Presence::invalid);
  EXPECT_EQ(settle("", find).presence, Presence::absent);
  Facts facts;
  facts.add({dns::name("_mta-sts.example.com"), dns::RecordType::txt}, {.status = AnswerStatus::failed});
  EXPECT_EQ(find(facts)->presence, Presence::temperror);
}

TEST(TlsReportRecord, examples_of_the_rfc) {
  EXPECT_EQ(TlsReportRecord::parse("v=TLSRPTv1;rua=mailto:reports@example.com")->rua,
            std::vector<std::string>{"mailto:reports@example.com"});
  EXPECT_EQ(TlsReportRecord::parse("v=TLSRPTv1; rua=https://reporting.example.com/v1/tlsrpt , mailto:a@example.com;")
                ->rua.size(),
            2U);
  for (const auto* text : {"v=TLSRPTv1", "v=TLSRPTv1; rua=", "v=TLSRPTv1; rua=http://example.com",
                           "v=TLSRPTv1; rua=mailto:a@b,", "v=TLSRPT1; rua=mailto:a@b"})
    EXPECT_FALSE(TlsReportRecord::parse(text)) << text;
}

TEST(BimiRecord, locations_are_https_and_empty_ones_decline) {
  const auto record = BimiRecord::parse(
      "v=BIMI1; l=https://example.com/logo.svg; a=https://example.com/vmc.pem; avp=brand; lps=news,shop");
  ASSERT_TRUE(record);
  EXPECT_EQ(record->authority, "https://example.com/vmc.pem");
  EXPECT_EQ(record->local_part_selectors.size(), 2U);
  EXPECT_TRUE(BimiRecord::parse("v=BIMI1; l=; a=;")->declines());
  for (const auto* text :
       {"v=BIMI1", "v=BIMI1; a=https://x", "v=BIMI1; l=http://example.com/logo.svg", "v=BIMI1; l=; avp=x"})
    EXPECT_FALSE(BimiRecord::parse(text)) << text;
}

TEST(BimiRecord, the_organizational_domain_is_asked_where_the_author_domain_has_none) {
  const auto found = settle(
      "default._bimi.example.com. IN TXT \"v=BIMI1; l=https://example.com/logo.svg\"\n",
      [](const Facts& facts) { return find_bimi(dns::name("news.example.com"), dns::name("example.com"), facts); });
  EXPECT_EQ(found.presence, Presence::present);
  EXPECT_EQ(found.name, dns::name("default._bimi.example.com"));
}

TEST(BimiRecord, only_enforced_policies_show_an_indicator) {
  const auto obstacle = [](std::string_view record) {
    return bimi_obstacle(settle("_dmarc.example.com. IN TXT \"" + std::string(record) + "\"\n", [](const Facts& facts) {
      return dmarc::evaluate(
          {.author_domains = {"example.com"}, .dkim = {{dns::name("example.com"), dmarc::Authenticated::pass}}}, facts);
    }));
  };
  EXPECT_EQ(obstacle("v=DMARC1; p=reject"), "");
  EXPECT_EQ(obstacle("v=DMARC1; p=none"), "the DMARC policy of example.com is none");
  EXPECT_EQ(obstacle("v=DMARC1; p=quarantine; t=y"), "the DMARC policy of example.com is none");
  EXPECT_EQ(obstacle("v=DMARC1; p=reject; sp=none"), "the DMARC policy for subdomains of example.com is none");
  EXPECT_EQ(obstacle("nothing"), "DMARC is none, not pass");
}

}  // namespace
}  // namespace ptarmigan::policies
