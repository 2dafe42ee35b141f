// auth/spf/tests/lint_test.cpp - limits of RFC 7208#4.6.4, advice of RFC 7208#10.1.1, and the families that a policy
// covers.
#include "auth/spf/lint.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "dns/zone.hpp"
#include "facts/zone_facts.hpp"

namespace ptarmigan::spf {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::IsEmpty;

LintReport lint_zone(std::string_view zone, std::string_view domain = "example.com") {
  const auto records = dns::parse_zone(zone);
  EXPECT_TRUE(records) << (records ? "" : records.error().text());
  const ZoneFacts world(records.value_or(std::vector<dns::Record>{}));
  return settle_with(world, [&](const Facts& facts) { return lint(dns::name(domain), facts); });
}

std::vector<Problem> problems(const LintReport& report) {
  std::vector<Problem> out;
  for (const auto& finding : report.findings) out.push_back(finding.problem);
  return out;
}

std::vector<Problem> problems(std::string_view record) {
  return problems(lint_zone("example.com. IN TXT \"" + std::string(record) + "\"\n"));
}

TEST(SpfLint, a_good_policy_for_both_families_has_no_findings) {
  const auto report = lint_zone(R"(
example.com. IN TXT "v=spf1 mx include:_spf.example.net -all"
example.com. IN MX 10 mx.example.com.
mx.example.com. IN A 192.0.2.1
mx.example.com. IN AAAA 2001:db8::1
_spf.example.net. IN TXT "v=spf1 ip4:198.51.100.0/24 -all"
)");
  EXPECT_THAT(problems(report), IsEmpty());
  EXPECT_EQ(report.terms, 2U);
  std::vector<std::string> authorised;
  for (const auto& network : report.authorised) authorised.push_back(network.text());
  EXPECT_THAT(authorised, ElementsAre("192.0.2.1/32", "2001:db8::1/128", "198.51.100.0/24"));
}

TEST(SpfLint, a_policy_for_one_family_is_called_out) {
  EXPECT_THAT(problems("v=spf1 ip4:192.0.2.1 -all"), ElementsAre(Problem::ipv4_only));
  EXPECT_THAT(problems("v=spf1 ip6:2001:db8::1 -all"), ElementsAre(Problem::ipv6_only));
  EXPECT_THAT(problems("v=spf1 ip4:192.0.2.1 exists:%{i}.example.com -all"), IsEmpty());
  EXPECT_THAT(problems("v=spf1 -all"), IsEmpty());
}

TEST(SpfLint, look_ups_are_counted_through_includes) {
  std::string zone =
      "example.com. IN TXT \"v=spf1 include:a.example include:b.example ip6:2001:db8::1 ip4:192.0.2.1 -all\"\n";
  for (const auto* name : {"a", "b"})
    zone += std::string(name) + ".example. IN TXT \"v=spf1 a a:h.example a:h.example mx -all\"\n" + name +
            ".example. IN A 192.0.2.2\n" + name + ".example. IN MX 0 h.example.\n";
  zone += "h.example. IN A 192.0.2.3\nh.example. IN AAAA 2001:db8::3\n";
  EXPECT_EQ(lint_zone(zone).terms, 10U);
  EXPECT_FALSE(lint_zone(zone).broken());
  const auto over =
      lint_zone(zone + "c.example. IN TXT \"v=spf1 include:example.com a:h.example -all\"\n", "c.example");
  EXPECT_EQ(over.terms, 12U);
  EXPECT_THAT(problems(over), Contains(Problem::too_many_terms));
}

TEST(SpfLint, void_look_ups_are_counted_for_the_worse_family) {
  const auto report = lint_zone(
      "example.com. IN TXT \"v=spf1 a:a.example.com a:b.example.com a:c.example.com -all\"\n"
      "a.example.com. IN A 192.0.2.1\nb.example.com. IN A 192.0.2.2\n");
  EXPECT_EQ(report.voids, 3U);
  EXPECT_THAT(problems(report), ElementsAre(Problem::void_lookup, Problem::too_many_voids));
}

TEST(SpfLint, records_that_end_in_permerror_are_errors) {
  EXPECT_THAT(problems("v=spf1 moo -all"), ElementsAre(Problem::syntax_error));
  EXPECT_THAT(problems("v=spf1 include:none.example -all"), ElementsAre(Problem::include_without_record));
  EXPECT_THAT(problems("v=spf1 include:example.com -all"), ElementsAre(Problem::loop));
  EXPECT_THAT(problems(lint_zone("example.com. IN TXT \"v=spf1 -all\"\nexample.com. IN TXT \"v=spf1 ~all\"\n")),
              ElementsAre(Problem::several_records));
  EXPECT_THAT(problems(lint_zone("")), ElementsAre(Problem::no_record));
}

TEST(SpfLint, careless_terms_are_told) {
  EXPECT_THAT(problems("v=spf1 +all"), ElementsAre(Problem::permissive_all));
  EXPECT_THAT(problems("v=spf1 ?all"), ElementsAre(Problem::neutral_all));
  EXPECT_THAT(problems("v=spf1 ip4:192.0.2.1 ip6:2001:db8::1"), ElementsAre(Problem::no_all));
  EXPECT_THAT(problems("v=spf1 ptr -all"), ElementsAre(Problem::ptr_mechanism));
  EXPECT_THAT(problems("v=spf1 -all ip4:192.0.2.1 redirect=x.example"),
              ElementsAre(Problem::unreachable_term, Problem::unreachable_term));
  EXPECT_THAT(problems("v=spf1 ip4:0.0.0.0/1 ip6:2000::/3 -all"),
              ElementsAre(Problem::wide_network, Problem::wide_network));
  EXPECT_THAT(problems("v=spf1 ip4:10.0.0.1/32 ip6:2001:db8::1/64 foo=bar -all"),
              ElementsAre(Problem::private_network, Problem::host_bits, Problem::unknown_modifier));
  EXPECT_THAT(problems("v=spf1 ip4:192.0.2.1 IP4:192.0.2.1 ip6:2001:db8::1 -all"), ElementsAre(Problem::repeated_term));
}

TEST(SpfLint, an_include_that_is_not_a_pass_authorises_nothing) {
  const auto report =
      lint_zone("example.com. IN TXT \"v=spf1 ~include:i.example.com -all\"\ni.example.com. IN TXT \"v=spf1 +all\"\n");
  EXPECT_THAT(problems(report), IsEmpty());
  EXPECT_THAT(report.authorised, IsEmpty());
}

TEST(SpfLint, long_records_and_answers_are_told) {
  std::string networks;
  for (int i = 0; i < 40; ++i) networks += "ip4:192.0.2." + std::to_string(100 + i) + " ";
  const auto record = dns::txt_of("v=spf1 " + networks + "ip6:2001:db8::1 -all");
  const auto line = "example.com. IN TXT " + dns::data_text(record) + "\n";
  EXPECT_THAT(problems(lint_zone(line)), ElementsAre(Problem::long_record));
  std::string strings;
  for (int i = 0; i < 4; ++i) strings += " \"" + std::string(200, 'a') + "\"";
  EXPECT_THAT(problems(lint_zone(line + "example.com. IN TXT" + strings + "\n")),
              ElementsAre(Problem::long_record, Problem::long_answer));
}

TEST(SpfLint, a_tree_without_end_is_bounded) {
  std::string zone;
  for (int i = 0; i < 200; ++i)
    zone += "n" + std::to_string(i) + ".example. IN TXT \"v=spf1 include:n" + std::to_string(i + 1) +
            ".example include:n" + std::to_string(i + 2) + ".example -all\"\n";
  EXPECT_TRUE(lint_zone(zone, "n0.example").broken());
}

}  // namespace
}  // namespace ptarmigan::spf
