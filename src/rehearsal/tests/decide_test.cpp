#include "rehearsal/decide.hpp"

#include <gtest/gtest.h>

#include "doctor/examine.hpp"
#include "rulebook/match.hpp"
#include "rulebook/tests/fixtures.hpp"

namespace ptarmigan::rehearsal {
namespace {

namespace fixtures = rulebook::fixtures;
using rulebook::State;
using smtp::Stage;

constexpr std::string_view session_id = "a640c23a62f3a-ab67626ed70si756442266b.465";
const rulebook::Receiver& gmail() {
  return *rulebook::find_receiver("gmail");
}

Decision decide_at(Stage stage, const fixtures::Fixture& fixture) {
  return settle_with(fixtures::World(fixture),
                     [&](const Facts& facts) { return decide(gmail(), stage, fixture.subject, facts, session_id); });
}

/// The first refusal of a session that shows everything the fixture's subject holds.
Decision whole_session(const fixtures::Fixture& fixture) {
  for (const auto stage : {Stage::connect, Stage::ehlo, Stage::mail, Stage::rcpt, Stage::end_of_data})
    if (auto decision = decide_at(stage, fixture); !decision.accepted()) return decision;
  return {};
}

doctor::Delivery doctors_view(const fixtures::Fixture& fixture) {
  doctor::Setup setup;
  setup.domain = fixture.subject.header_from && !fixture.subject.header_from->empty()
                     ? fixture.subject.header_from->front()
                     : dns::name("example.com");
  doctor::Source source{{}, {}, fixture.subject.ehlo_name.value_or("")};
  (fixture.subject.sending_address->is_v4() ? source.ipv4 : source.ipv6) = fixture.subject.sending_address;
  setup.sources = {source};
  setup.mail_from = fixture.subject.mail_from;
  setup.signatures = fixture.subject.signatures;
  setup.hop = fixture.subject.hop;
  setup.header = fixture.subject.header;
  setup.stream = fixture.subject.stream;
  setup.receivers = {&gmail()};
  return settle_with(fixtures::World(fixture), [&](const Facts& facts) { return doctor::examine(setup, facts); })
      .deliveries.at(0);
}

/// Fixtures whose subject a doctor's setup can express: it always has an address and one author domain, and "" is no
/// EHLO name.
bool is_a_setup(const rulebook::Subject& subject) {
  return subject.sending_address && subject.header_from && subject.header_from->size() == 1 && subject.ehlo_name != "";
}

// Invariant 2.
TEST(Decide, every_refusal_leads_back_to_the_rule_that_made_it) {
  int refusals = 0;
  for (const auto& fixture : fixtures::all()) {
    const auto decision = whole_session(fixture);
    if (decision.accepted()) continue;
    ++refusals;
    const auto match = rulebook::match(*smtp::Reply::parse(decision.reply->wire()));
    ASSERT_FALSE(match.rules.empty()) << decision.reply->wire();
    EXPECT_EQ(match.rules.front()->id, decision.rule->id) << decision.reply->wire();
    EXPECT_EQ(match.receiver, &gmail());
  }
  EXPECT_GT(refusals, 20);
}

// Invariant 3.
TEST(Decide, agrees_with_the_doctor_on_every_fixture) {
  for (const auto& fixture : fixtures::all()) {
    if (!is_a_setup(fixture.subject)) continue;
    const auto decision = whole_session(fixture);
    const auto view = doctors_view(fixture);
    const bool stopped = view.forecast == doctor::Forecast::refused || view.forecast == doctor::Forecast::deferred;
    EXPECT_EQ(!decision.accepted(), stopped) << fixture.rule << ", " << fixture.name;
    if (!stopped || decision.accepted()) continue;
    EXPECT_EQ(decision.rule, view.because) << fixture.rule << ", " << fixture.name;
    EXPECT_EQ(decision.reply->code, view.words->code);
    EXPECT_EQ(decision.reply->enhanced, view.words->enhanced);
  }
}

TEST(Decide, a_broken_rule_that_refuses_is_answered_at_its_stage_and_nowhere_else) {
  for (const auto& fixture : fixtures::all()) {
    const auto& rule = *rulebook::find_rule(fixture.rule);
    if (fixture.state != State::broken || rule.effect == rulebook::Effect::spam) continue;
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
                     [&](const Facts& facts) { return score(gmail(), fixture.subject, facts); });
}

TEST(Score, good_mail_has_ten_points) {
  const auto good = score_of({"", State::holds, "", fixtures::good_subject("2001:db8::1"), fixtures::good_zone()});
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
