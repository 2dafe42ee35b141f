// store/tests/report_test.cpp - what of a report is believed and kept: forged ones, hostile text, wrong clocks.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "store/from_report.hpp"

namespace ptarmigan::store {
namespace {

using ::testing::IsEmpty;

constexpr WallTime noon{milliseconds(1'795'435'200'000)};  // 2026-11-23T12:00:00Z
const Ours ours{.domains = {"example.com"}, .addresses = {"2001:db8::1"}};

std::string aggregate(const std::string& domain, const std::string& begin, const std::string& org = "google.com") {
  return "<feedback><report_metadata><org_name>" + org + "</org_name><report_id>42</report_id><date_range><begin>" +
         begin + "</begin><end>" + begin + "</end></date_range></report_metadata><policy_published><domain>" + domain +
         "</domain><p>none</p></policy_published><record><row><source_ip>2001:DB8::1</source_ip><count>3</count>"
         "<policy_evaluated><disposition>none</disposition><dkim>pass</dkim><spf>fail</spf></policy_evaluated></row>"
         "<identifiers><header_from>" +
         domain + "</header_from></identifiers><auth_results><dkim><domain>" + domain +
         "</domain><selector>s1</selector><result>pass</result></dkim></auth_results></record></feedback>";
}

FullReport read(const std::string& octets) {
  return full_report(reports::read_reports(octets).front(), "test", ours, noon);
}

TEST(FullReport, of_an_aggregate_report_has_its_rows_with_own_addresses_known) {
  const auto full = read(aggregate("example.com", "1795392000"));
  EXPECT_TRUE(full.report.ours);
  EXPECT_EQ(full.report.messages, 3U);
  ASSERT_EQ(full.dmarc.size(), 1U);
  EXPECT_TRUE(full.dmarc[0].own);
  EXPECT_EQ(full.dmarc[0].source_ip, "2001:db8::1");
  EXPECT_EQ(full.dmarc[0].family, 6);
  EXPECT_TRUE(full.dmarc[0].dkim);
  EXPECT_EQ(rfc3339(full.dmarc[0].day), "2026-11-23T00:00:00Z");
}

TEST(FullReport, about_a_domain_that_is_not_ours_is_marked) {
  EXPECT_FALSE(read(aggregate("bank.example", "1795392000")).report.ours);
  EXPECT_FALSE(read(aggregate("notexample.com", "1795392000")).report.ours);
  EXPECT_TRUE(read(aggregate("news.example.com", "1795392000")).report.ours);
}

TEST(FullReport, times_that_cannot_be_are_replaced_by_the_time_it_came) {
  for (const auto* time : {"4102444800", "1000", "99999999999999999999"}) {
    const auto full = read(aggregate("example.com", time));
    EXPECT_EQ(rfc3339(full.dmarc.at(0).day), "2026-11-23T00:00:00Z") << time;
  }
}

TEST(FullReport, is_the_same_report_whatever_it_comes_in_and_another_where_it_differs) {
  const auto plain = aggregate("example.com", "1795392000");
  EXPECT_EQ(read(plain).report.identity, read("\n" + plain).report.identity);
  EXPECT_NE(read(plain).report.identity, read(aggregate("example.com", "1795392000", "yahoo.com")).report.identity);
}

TEST(FullReport, keeps_hostile_text_as_text_and_bounded) {
  const auto full =
      read(aggregate("example.com", "1795392000", "&lt;script&gt;alert(1)&lt;/script&gt;" + std::string(100'000, 'x')));
  EXPECT_TRUE(full.report.organization.starts_with("<script>"));
  EXPECT_LE(full.report.organization.size(), 255U);
}

TEST(FullReport, of_what_is_no_report_has_no_identity) {
  const auto full = read("hello\n");
  EXPECT_EQ(full.report.identity, "");
  EXPECT_THAT(full.dmarc, IsEmpty());
}

TEST(FullReport, of_tls_reports_only_rows_of_our_domains_count) {
  const auto full = read(
      R"({"organization-name":"a","report-id":"1","date-range":{"start-datetime":"2026-11-22T00:00:00Z","end-datetime":"2026-11-22T23:59:59Z"},
      "policies":[{"policy":{"policy-type":"sts","policy-domain":"example.com"},"summary":{"total-successful-session-count":5,"total-failure-session-count":1},
      "failure-details":[{"result-type":"certificate-expired","failed-session-count":1}]},
      {"policy":{"policy-type":"sts","policy-domain":"bank.example"},"summary":{"total-successful-session-count":500,"total-failure-session-count":0}}]})");
  ASSERT_EQ(full.tls.size(), 2U);
  EXPECT_EQ(full.tls[0].result, "success");
  EXPECT_EQ(full.tls[0].sessions, 5U);
  EXPECT_EQ(full.tls[1].result, "certificate-expired");
}

}  // namespace
}  // namespace ptarmigan::store
