// auth/tests/json_test.cpp - the members that docs/reference/auth-json.md promises, with values from the RFCs.
#include "auth/json.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "auth/dkim/tests/vectors.hpp"

namespace ptarmigan::auth {
namespace {

using Json = nlohmann::json;

TEST(AuthJson, spf_has_result_mechanism_and_counts) {
  const auto facts = dkim::test::txt_facts({{"example.com", "v=spf1 ip4:192.0.2.0/24 -all"}});
  const auto result = spf::check_host({.client = IpAddress::v4({192, 0, 2, 1}),
                                       .helo = "mail.example.com",
                                       .mail_from = "joe@example.com",
                                       .trace = spf::Trace::on},
                                      facts);
  const auto json = Json::parse(to_json(*result));
  EXPECT_EQ(json["result"], "pass");
  EXPECT_EQ(json["identity"], "mailfrom");
  EXPECT_EQ(json["sender"], "joe@example.com");
  EXPECT_EQ(json["domain"], "example.com");
  EXPECT_EQ(json["mechanism"], "ip4:192.0.2.0/24");
  EXPECT_EQ(json["lookups"], 0);
  EXPECT_EQ(json["voids"], 0);
  ASSERT_EQ(json["trace"].size(), 2U);
  EXPECT_EQ(json["trace"][1]["term"], "ip4:192.0.2.0/24");
  EXPECT_EQ(json["trace"][1]["outcome"], "match");
}

TEST(AuthJson, dmarc_tells_where_the_policy_comes_from) {
  Facts facts = dkim::test::txt_facts({{"_dmarc.example.com", "v=DMARC1; p=reject; sp=quarantine; t=y"}});
  for (const auto* name : {"_dmarc.mail.example.com", "_dmarc.com"})
    facts.merge(dkim::test::status_fact(name, AnswerStatus::no_such_name));
  const auto result = dmarc::evaluate({.author_domains = {"mail.example.com"}}, facts);
  ASSERT_TRUE(result.known()) << result.need().questions().front().text();
  const auto json = Json::parse(to_json(*result));
  EXPECT_EQ(json["result"], "fail");
  EXPECT_EQ(json["policy_domain"], "example.com");
  EXPECT_EQ(json["organizational_domain"], "example.com");
  EXPECT_EQ(json["policy_source"], "organizational");
  EXPECT_EQ(json["tag"], "sp");
  EXPECT_EQ(json["published_policy"], "quarantine");
  EXPECT_EQ(json["policy"], "none");  // quarantine, one step weaker in test mode
  EXPECT_EQ(json["disposition"], "none");
  EXPECT_EQ(json["testing"], true);
  EXPECT_EQ(json["walk"].size(), 3U);
  EXPECT_EQ(json["walk"][0]["query"], "_dmarc.mail.example.com");
}

TEST(AuthJson, everything_has_a_version_and_null_for_what_was_not_judged) {
  const auto known = authenticate("Subject: s\r\n\r\n", {}, Facts());
  ASSERT_TRUE(known.known());
  const auto json = Json::parse(to_json(*known));
  EXPECT_EQ(json["version"], 1);
  EXPECT_TRUE(json["iprev"].is_null());
  EXPECT_TRUE(json["spf"]["mail_from"].is_null());
  EXPECT_EQ(json["dkim"]["signatures"], Json::array());
  EXPECT_EQ(json["arc"]["result"], "none");
  EXPECT_EQ(json["dmarc"]["result"], "permerror");
}

TEST(AuthJson, octets_that_are_no_text_do_not_break_it) {
  const auto known = authenticate("From: \xff\xfe@example.com\r\nDKIM-Signature: s=\xff\r\n\r\n", {}, Facts());
  ASSERT_TRUE(known.known());
  EXPECT_TRUE(Json::accept(to_json(*known)));
}

}  // namespace
}  // namespace ptarmigan::auth
