// watch/tests/explain_test.cpp - from pasted text to rule, cause and fix.
#include "watch/explain.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "base/text.hpp"
#include "rulebook/tests/fixtures.hpp"

namespace ptarmigan::watch {
namespace {

namespace fixtures = rulebook::fixtures;

constexpr std::string_view ipv6_refusal =
    "550-5.7.1 [2001:db8::1] Our system has detected that\n550-5.7.1 this message does not meet IPv6 sending "
    "guidelines regarding PTR\n"
    "550-5.7.1 records and authentication. Please review\n550-5.7.1  https://support.google.com/mail/?p=IPv6AuthError "
    "for more information\n"
    "550 5.7.1 . k33 - gsmtp\n";

std::vector<std::string> ids(const Explanation& explanation) {
  std::vector<std::string> out;
  for (const auto& suspect : explanation.suspects) out.emplace_back(suspect.rule->id);
  return out;
}

Explanation explained(std::string_view text, const fixtures::Fixture& fixture) {
  return settle_with(fixtures::World(fixture),
                     [&](const Facts& facts) { return explain_reply(text, fixture.subject, facts); })
      .value();
}

// The story's last step.
TEST(Explain, the_ipv6_refusal_names_ptr_first_and_our_address) {
  const auto out = explain_reply(ipv6_refusal).value();
  EXPECT_EQ(ids(out), (std::vector<std::string>{"gmail.ptr", "gmail.authentication"}));
  EXPECT_EQ(out.receiver->id, "gmail");
  EXPECT_EQ(out.certainty, Certainty::likely);
  EXPECT_EQ(out.failure.persistence, smtp::Persistence::permanent);
  EXPECT_EQ(out.failure.cause, smtp::Cause::sending_address);
  EXPECT_EQ(out.sending_address->text(), "2001:db8::1");
}

TEST(Explain, a_check_decides_which_of_two_causes_it_was) {
  const fixtures::Fixture no_ptr{
      "", rulebook::State::broken, "", fixtures::good_subject("2001:db8::1"),
      "mail.example.com. AAAA 2001:db8::1\nexample.com. TXT \"v=spf1 a:mail.example.com -all\"\n"};
  const auto ptr = explained(ipv6_refusal, no_ptr);
  EXPECT_EQ(ptr.certainty, Certainty::certain);
  EXPECT_EQ(ptr.suspects[0].rule->id, "gmail.ptr");
  EXPECT_EQ(ptr.suspects[0].agreement, Agreement::agrees);
  EXPECT_EQ(ptr.suspects[1].agreement, Agreement::disagrees);
  ASSERT_EQ(ptr.suspects[0].fix.publish.size(), 1U);
  EXPECT_EQ(ptr.suspects[0].fix.publish[0].record.type, dns::RecordType::ptr);

  auto no_auth = no_ptr;
  no_auth.subject.signatures = std::vector<rulebook::Signature>{};
  no_auth.zone =
      "mail.example.com. AAAA 2001:db8::1\n1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa. "
      "PTR "
      "mail.example.com.\nexample.com. TXT \"v=spf1 -all\"\n";
  const auto auth = explained(ipv6_refusal, no_auth);
  EXPECT_EQ(auth.suspects[0].rule->id, "gmail.authentication");
  EXPECT_EQ(auth.certainty, Certainty::certain);
}

TEST(Explain, a_check_that_finds_all_in_order_disagrees) {
  const fixtures::Fixture good{"", rulebook::State::holds, "", fixtures::good_subject("2001:db8::1"),
                               fixtures::good_zone()};
  for (const auto& suspect : explained(ipv6_refusal, good).suspects) EXPECT_EQ(suspect.agreement, Agreement::disagrees);
}

TEST(Explain, the_address_in_the_reply_is_the_one_that_is_judged) {
  // The subject says IPv4, which is in order; the reply names the IPv6 address, whose PTR is missing (a SLAAC address
  // was used).
  const fixtures::Fixture other{"", rulebook::State::broken, "", fixtures::good_subject("192.0.2.1"),
                                "mail.example.com. AAAA 2001:db8::1\n"};
  EXPECT_NE(explained(ipv6_refusal, other).suspects[0].verdict.why.find("2001:db8::1"), std::string::npos);
}

TEST(Explain, a_refusal_without_rule_is_explained_by_its_codes) {
  const auto out =
      explain_reply("550 5.1.1 The email account that you tried to reach does not exist. x - gsmtp").value();
  EXPECT_TRUE(out.suspects.empty());
  EXPECT_EQ(out.certainty, Certainty::unrecognised);
  EXPECT_EQ(out.failure.cause, smtp::Cause::recipient);
  EXPECT_EQ(out.receiver->id, "gmail");
}

TEST(Explain, a_rate_refusal_names_its_axis) {
  const auto out =
      explain_reply(
          "421 4.7.28 Gmail has detected an unusual rate of unsolicited email originating from your DKIM domain "
          "[example.com 35]. x - gsmtp")
          .value();
  EXPECT_EQ(ids(out), std::vector<std::string>{"gmail.rate"});
  EXPECT_EQ(out.failure.axis, smtp::RateAxis::dkim_domain);
  EXPECT_EQ(out.failure.persistence, smtp::Persistence::transient);
}

TEST(Explain, a_code_alone_is_only_possible) {
  const auto out =
      explain_reply("host gmail-smtp-in.l.google.com[203.0.113.25] said: 550 5.7.25 reworded entirely").value();
  EXPECT_EQ(ids(out), std::vector<std::string>{"gmail.ptr"});
  EXPECT_EQ(out.certainty, Certainty::possible);
}

TEST(Explain, text_without_refusal_is_nothing) {
  EXPECT_FALSE(explain_reply("Hello, how are you?"));
}

// Invariant 2, through text as people paste it: Postfix's log line and bounce around the rehearsal's own words.
TEST(Explain, every_rule_is_found_in_what_mailers_make_of_its_words) {
  for (const auto& rule : rulebook::find_receiver("gmail")->rules)
    for (const auto* address : {"192.0.2.1", "2001:db8::1"}) {
      const auto reply = rulebook::reply_for(rule, fixtures::good_subject(address), "k33-20020a05.1");
      if (!reply) continue;
      std::string joined;
      for (const auto line : split(reply->wire(), '\n'))
        if (!line.empty()) joined += (joined.empty() ? "" : " ") + std::string(trim(line));
      const auto postfix = "status=bounced (host gmail-smtp-in.l.google.com[203.0.113.25] said: " + joined +
                           " (in reply to end of DATA command))";
      const auto dsn = "Diagnostic-Code: smtp; " + joined + "\nX-Other: 1\n";
      for (const auto& text : {reply->wire(), postfix, dsn}) {
        const auto out = explain_reply(text);
        ASSERT_TRUE(out) << text;
        ASSERT_FALSE(out->suspects.empty()) << text;
        EXPECT_EQ(out->suspects.front().rule->id, rule.id) << text;
      }
    }
}

TEST(Explain, text_fits_100_columns_and_names_the_rule) {
  const auto out = text(explain_reply(ipv6_refusal).value());
  for (const auto line : split(out, '\n')) EXPECT_LE(line.size(), 100U) << line;
  EXPECT_NE(out.find("gmail.ptr"), std::string::npos);
}

TEST(Explain, json_has_the_documented_members) {
  const auto out = nlohmann::json::parse(json(explain_reply(ipv6_refusal).value()));
  EXPECT_EQ(out["version"], 1);
  EXPECT_EQ(out["receiver"], "gmail");
  EXPECT_EQ(out["cause"], "sending_address");
  EXPECT_EQ(out["rules"][0]["rule"], "gmail.ptr");
  EXPECT_EQ(out["sending_address"], "2001:db8::1");
}

TEST(Explain, hostile_octets_stay_out_of_the_text) {
  EXPECT_EQ(text(explain_reply("550 5.7.1 \x1b[2J\x07 no\n").value()).find('\x1b'), std::string::npos);
}

}  // namespace
}  // namespace ptarmigan::watch
