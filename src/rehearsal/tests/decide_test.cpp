// rehearsal/tests/decide_test.cpp - sessions over the fixtures of all rules.
#include "rehearsal/decide.hpp"

#include <gtest/gtest.h>

#include "rulebook/match.hpp"
#include "rulebook/tests/fixtures.hpp"

namespace ptarmigan::rehearsal {
namespace {

namespace fixtures = rulebook::fixtures;
using rulebook::State;
using smtp::Stage;

using fixtures::receiver_of;

constexpr std::string_view session_id = "a640c23a62f3a-ab67626ed70si756442266b.465";
Decision decide_at(Stage stage, const fixtures::Fixture& fixture) {
  return settle_with(fixtures::World(fixture), [&](const Facts& facts) {
    return decide(receiver_of(fixture), stage, fixture.subject, facts, session_id);
  });
}

/// The first refusal of a session that shows everything the fixture's subject holds.
Decision whole_session(const fixtures::Fixture& fixture) {
  for (const auto stage : {Stage::connect, Stage::ehlo, Stage::mail, Stage::rcpt, Stage::end_of_data})
    if (auto decision = decide_at(stage, fixture); !decision.accepted()) return decision;
  return {};
}

// Invariant 2.
TEST(Decide, every_refusal_leads_back_to_the_rule_that_made_it) {
  int refusals = 0;
  for (const auto& fixture : fixtures::all()) {
    const auto decision = whole_session(fixture);
    if (decision.accepted()) continue;
    ++refusals;
    const auto host = "mx" + std::string(receiver_of(fixture).mx_suffixes.front());
    const auto match = rulebook::match(*smtp::Reply::parse(decision.reply->wire()), host);
    ASSERT_FALSE(match.rules.empty()) << decision.reply->wire();
    EXPECT_EQ(match.rules.front()->id, decision.rule->id) << decision.reply->wire();
    EXPECT_EQ(match.receiver, &receiver_of(fixture));
  }
  EXPECT_GT(refusals, 20);
}

// Invariant 3, this half of it: rehearsal and doctor (doctor/tests/examine_test.cpp) both say what the receiver's rules
// say.
TEST(Decide, a_whole_session_ends_as_the_rules_say_on_every_fixture) {
  for (const auto& fixture : fixtures::all()) {
    const auto decision = whole_session(fixture);
    const auto judged =
        rulebook::judge(receiver_of(fixture), fixture.subject, fixtures::facts_of(fixture, receiver_of(fixture)));
    const auto* refusal = judged->refusal();
    EXPECT_EQ(decision.rule, refusal == nullptr ? nullptr : refusal->rule) << fixture.rule << ", " << fixture.name;
    if (refusal != nullptr) EXPECT_EQ(decision.reply, rulebook::reply_for(*refusal->rule, fixture.subject, session_id));
  }
}

TEST(Decide, a_broken_rule_that_refuses_is_answered_at_its_stage_and_nowhere_else) {
  for (const auto& fixture : fixtures::all()) {
    const auto& rule = *rulebook::find_rule(fixture.rule);
    const bool stops = rule.effect == rulebook::Effect::refuse || rule.effect == rulebook::Effect::defer;
    if (fixture.state != State::broken || !stops) continue;
    for (const auto stage : {Stage::connect, Stage::ehlo, Stage::mail, Stage::rcpt, Stage::end_of_data}) {
      const auto decision = decide_at(stage, fixture);
      if (decision.rule == &rule) EXPECT_EQ(stage, rule.stage) << fixture.rule;
    }
    EXPECT_FALSE(whole_session(fixture).accepted()) << fixture.rule << ", " << fixture.name;
  }
}

TEST(Decide, gmail_answers_a_missing_ptr_after_data_not_before) {
  for (const auto& fixture : fixtures::all()) {
    if (fixture.rule != "gmail.ptr" || fixture.state != State::broken) continue;
    for (const auto stage : {Stage::connect, Stage::ehlo, Stage::mail, Stage::rcpt})
      EXPECT_TRUE(decide_at(stage, fixture).accepted());
    EXPECT_FALSE(decide_at(Stage::end_of_data, fixture).accepted());
  }
}

TEST(Decide, what_dns_cannot_tell_is_accepted) {
  const fixtures::Fixture fixture{
      "gmail.ptr", State::unknown, "no DNS at all", fixtures::good_subject("2001:db8::1"), "", {dns::DomainName()}};
  EXPECT_TRUE(whole_session(fixture).accepted());
}

Score score_of(const fixtures::Fixture& fixture) {
  return settle_with(fixtures::World(fixture),
                     [&](const Facts& facts) { return score(receiver_of(fixture), fixture.subject, facts); });
}

TEST(Score, good_mail_has_ten_points) {
  const auto good =
      score_of({"gmail.ptr", State::holds, "", fixtures::good_subject("2001:db8::1"), fixtures::good_zone()});
  EXPECT_EQ(good.text(), "10.0");
  EXPECT_TRUE(good.deductions.empty());
}

TEST(Score, is_what_the_deductions_leave_and_never_below_zero) {
  for (const auto& fixture : fixtures::all()) {
    const auto result = score_of(fixture);
    int left = best_score_tenths;
    for (const auto& deduction : result.deductions) {
      EXPECT_GT(deduction.tenths, 0);
      left -= deduction.tenths;
    }
    EXPECT_EQ(result.tenths, std::max(0, left)) << fixture.rule;
  }
}

TEST(Score, accepted_mail_scores_above_refused_mail) {
  for (const auto& fixture : fixtures::all()) {
    if (whole_session(fixture).accepted())
      EXPECT_GT(score_of(fixture).tenths, 50) << fixture.rule << ", " << fixture.name;
    else
      EXPECT_LE(score_of(fixture).tenths, 60) << fixture.rule << ", " << fixture.name;
  }
}

TEST(AuthenticationResults, names_every_method) {
  const fixtures::Fixture fixture{"", State::holds, "", fixtures::good_subject("2001:db8::1"), fixtures::good_zone()};
  const auto field = settle_with(fixtures::World(fixture), [&](const Facts& facts) {
    return authentication_results("mx.google.com", fixture.subject, {}, facts);
  });
  ASSERT_TRUE(field.has_value());
  for (const std::string_view words : {"Authentication-Results: mx.google.com", "iprev=pass", "2001:db8::1", "spf=pass",
                                       "user@example.com", "dkim=none", "dmarc=pass", "header.from=example.com"})
    EXPECT_NE(field->find(words), std::string::npos) << words << " in\n" << *field;
}

TEST(AuthenticationResults, hostile_values_do_not_break_out) {
  fixtures::Fixture fixture{"", State::holds, "", fixtures::good_subject("2001:db8::1"), fixtures::good_zone()};
  fixture.subject.ehlo_name = "x\r\nX-Evil: 1";
  fixture.subject.mail_from = smtp::ReversePath{};
  const auto field = settle_with(fixtures::World(fixture), [&](const Facts& facts) {
    return authentication_results("mx.google.com", fixture.subject, {}, facts);
  });
  ASSERT_TRUE(field.has_value());
  EXPECT_EQ(field->find("\r\nX-Evil"), std::string::npos);
}

}  // namespace
}  // namespace ptarmigan::rehearsal
