// auth/dmarc/tests/record_test.cpp - tags and validity rules of RFC 9989#4.7.
#include "auth/dmarc/record.hpp"

#include <gtest/gtest.h>

namespace ptarmigan::dmarc {
namespace {

Record parse(std::string_view text) {
  auto record = Record::parse(text);
  EXPECT_TRUE(record) << text;
  return record.value_or(Record{});
}

TEST(DmarcRecord, version_comes_first_and_keeps_its_case) {
  for (const auto* text : {"v=DMARC1", "v=DMARC1;p=none", "v = DMARC1 ; p=none", "V=DMARC1;"})
    EXPECT_TRUE(Record::parse(text)) << text;
  for (const auto* text : {"", " v=DMARC1", "v=dmarc1; p=none", "v=DMARC1x", "v=DMARC1 p=none", "v=DMARC2",
                           "p=none; v=DMARC1", "v=spf1 -all", "vv=DMARC1", "=DMARC1", "DMARC1"})
    EXPECT_FALSE(Record::parse(text)) << text;
}

TEST(DmarcRecord, every_tag_is_read) {
  const auto record = parse(
      "v=DMARC1; p=Reject; sp=quarantine; np=none; adkim=s; aspf=S; psd=n; t=y; fo=1:d:s; "
      "rua=mailto:a@example.com, mailto:b%2Bc@example.org!10m; ruf=https://example.com/r; unknown=1;");
  EXPECT_EQ(record.p, Policy::reject);
  EXPECT_EQ(record.sp, Policy::quarantine);
  EXPECT_EQ(record.np, Policy::none);
  EXPECT_EQ(record.adkim, AlignmentMode::strict);
  EXPECT_EQ(record.aspf, AlignmentMode::strict);
  EXPECT_EQ(record.psd, Psd::no);
  EXPECT_EQ(record.test_mode, TestMode::on);
  EXPECT_EQ(record.failure_options,
            (FailureOptions{.all_failed = false, .any_failed = true, .dkim_failed = true, .spf_failed = true}));
  ASSERT_EQ(record.rua.size(), 2U);
  EXPECT_EQ(record.rua[0].address, "a@example.com");
  EXPECT_EQ(record.rua[1].address, "b+c@example.org");
  EXPECT_EQ(record.rua[1].uri, "mailto:b%2Bc@example.org");
  EXPECT_EQ(record.rua[1].domain, dns::name("example.org"));
  ASSERT_EQ(record.ruf.size(), 1U);
  EXPECT_EQ(record.ruf[0].address, "");
  EXPECT_EQ(record.usability, Usability::full);
  EXPECT_EQ(record.remarks, std::vector<std::string>{"tag unknown is not known"});
}

TEST(DmarcRecord, an_invalid_policy_needs_a_report_address) {
  for (const auto* text :
       {"v=DMARC1; rua=mailto:a@example.com", "v=DMARC1; p=block; rua=mailto:a@example.com",
        "v=DMARC1; p=reject; sp=; rua=mailto:a@example.com", "v=DMARC1; p=reject; np=x; rua=x, mailto:a@example.com"})
    EXPECT_EQ(parse(text).usability, Usability::as_none) << text;
  for (const auto* text :
       {"v=DMARC1", "v=DMARC1; p=block; rua=mailto:", "v=DMARC1; p=reject; sp=x; rua=a@example.com",
        "v=DMARC1; p=reject; sp=x; rua=mailto:@example.com", "v=DMARC1; p=x; rua=mailto:a@b%0d%0ac.example"})
    EXPECT_EQ(parse(text).usability, Usability::no_policy) << text;
}

TEST(DmarcRecord, errors_elsewhere_give_defaults_and_are_told) {
  const auto record = parse("v=DMARC1; p=none; adkim=x; psd=maybe; t=yes; fo=9; garbage; p=reject; pct=50;;");
  EXPECT_EQ(record.p, Policy::none);
  EXPECT_EQ(record.adkim, AlignmentMode::relaxed);
  EXPECT_EQ(record.psd, Psd::undetermined);
  EXPECT_EQ(record.test_mode, TestMode::off);
  EXPECT_EQ(record.failure_options, FailureOptions{});
  EXPECT_EQ(record.usability, Usability::full);
  EXPECT_EQ(record.remarks, (std::vector<std::string>{
                                "adkim=x is not r or s", "psd=maybe is not y, n or u", "t=yes is not y or n",
                                "fo=9 is not 0, 1, d and s, joined by colons", "'garbage' is not tag=value",
                                "tag p stands twice; the first counts", "tag pct is historic and has no effect"}));
}

TEST(DmarcRecord, print_and_parse_round_trip) {
  const auto record = parse("v=DMARC1;t=y;rua=mailto:a@example.com;p=reject;np=none;aspf=s;fo=0:1;psd=y");
  EXPECT_EQ(record_text(record), "v=DMARC1; p=reject; np=none; aspf=s; psd=y; t=y; rua=mailto:a@example.com; fo=0:1");
  EXPECT_EQ(parse(record_text(record)), record);
}

}  // namespace
}  // namespace ptarmigan::dmarc
