// rulebook/tests/gmail_test.cpp - every rule over its fixtures (invariant 1), and what Gmail says in its own words.
#include <algorithm>

#include <gtest/gtest.h>

#include "rulebook/tests/fixtures.hpp"

namespace ptarmigan::rulebook {
namespace {

const Receiver& gmail() {
  return *find_receiver("gmail");
}

Verdict settle(const fixtures::Fixture& fixture) {
  return settle_with(fixtures::World(fixture),
                     [&](const Facts& facts) { return judge(*find_rule(fixture.rule), fixture.subject, facts); });
}

TEST(EveryRule, every_fixture_is_judged_as_it_says) {
  for (const auto& fixture : fixtures::all()) {
    ASSERT_NE(find_rule(fixture.rule), nullptr) << fixture.rule;
    const auto verdict = settle(fixture);
    EXPECT_EQ(verdict.state, fixture.state) << fixture.rule << ", " << fixture.name << ": " << verdict.why;
    EXPECT_FALSE(verdict.why.empty()) << fixture.rule << ", " << fixture.name;
    EXPECT_FALSE(verdict.why.ends_with('.')) << verdict.why;
  }
}

TEST(EveryRule, every_rule_has_fixtures_for_the_states_that_it_can_have) {
  for (const auto& receiver : receivers())
    for (const auto& rule : receiver.rules) {
      const auto has = [&](State state) {
        return std::ranges::any_of(fixtures::all(),
                                   [&](const auto& f) { return f.rule == rule.id && f.state == state; });
      };
      EXPECT_TRUE(has(State::unknown)) << rule.id;
      if (rule.visibility == Visibility::receiver_only) continue;
      EXPECT_TRUE(has(State::holds)) << rule.id;
      EXPECT_TRUE(has(State::broken)) << rule.id;
    }
}

TEST(EveryRule, restarting_with_one_answer_at_a_time_gives_the_same_verdict) {
  for (const auto& fixture : fixtures::all()) {
    const fixtures::World world(fixture);
    Facts facts;
    auto judged = judge(*find_rule(fixture.rule), fixture.subject, facts);
    while (!judged.known()) {
      const auto& question = judged.need().questions().front();
      ASSERT_EQ(facts.find(question), nullptr) << "asked twice: " << question.text();
      facts.add(question, world.answer(question));
      judged = judge(*find_rule(fixture.rule), fixture.subject, facts);
    }
    EXPECT_EQ(*judged, settle(fixture)) << fixture.rule << ", " << fixture.name;
  }
}

TEST(EveryRule, facts_that_do_not_matter_change_nothing) {
  for (const auto& fixture : fixtures::all()) {
    auto facts = fixtures::facts_of(fixture, fixtures::receiver_of(fixture));
    facts.add({dns::name("unrelated.example"), dns::RecordType::txt}, {.status = AnswerStatus::failed});
    EXPECT_EQ(*judge(*find_rule(fixture.rule), fixture.subject, facts), settle(fixture)) << fixture.rule;
  }
}

TEST(EveryRule, a_broken_rule_has_a_fix) {
  for (const auto& fixture : fixtures::all()) {
    if (fixture.state != State::broken) continue;
    EXPECT_FALSE(fixtures::fix_of(fixture).empty()) << fixture.rule << ", " << fixture.name;
  }
}

TEST(EveryRule, what_a_fix_publishes_repairs_the_rule) {
  for (const auto& fixture : fixtures::all()) {
    if (fixture.state != State::broken) continue;
    const auto fix = fixtures::fix_of(fixture);
    if (fix.publish.empty() || !fix.change.empty()) continue;
    auto records = *dns::parse_zone(fixture.zone);
    for (const auto& publish : fix.publish) {
      if (publish.action == Fix::Action::replace)
        std::erase_if(records,
                      [&](const auto& r) { return r.owner == publish.record.owner && r.type == publish.record.type; });
      records.push_back(publish.record);
    }
    const auto verdict = settle_with(ZoneFacts(records), [&](const Facts& facts) {
      return judge(*find_rule(fixture.rule), fixture.subject, facts);
    });
    EXPECT_EQ(verdict.state, State::holds) << fixture.rule << ", " << fixture.name << ": " << verdict.why;
  }
}

const fixtures::Fixture& fixture(std::string_view rule, std::string_view name) {
  return *std::ranges::find_if(fixtures::all(), [&](const auto& f) { return f.rule == rule && f.name == name; });
}

std::string first_words(const fixtures::Fixture& f) {
  const auto facts = fixtures::facts_of(f, gmail());
  const auto judgement = judge(gmail(), f.subject, facts);
  const auto* refusal = judgement->refusal();
  return refusal == nullptr ? "accepted" : reply_for(*refusal->rule, f.subject, "k33-20020a05.1")->wire();
}

// The layout of published bounces: the phrase in the middle, a bare last line.
TEST(Gmail, ipv6_without_ptr_is_refused_in_the_layout_of_the_field) {
  EXPECT_EQ(first_words(fixture("gmail.ptr", "no PTR over IPv6")),
            "550-5.7.1 [2001:db8::1] Our system has detected that\r\n"
            "550-5.7.1 this message does not meet IPv6 sending guidelines regarding PTR\r\n"
            "550-5.7.1 records and authentication. Please review\r\n"
            "550-5.7.1  https://support.google.com/mail/?p=IPv6AuthError for more information\r\n"
            "550 5.7.1 . k33-20020a05.1 - gsmtp\r\n");
}

TEST(Gmail, ipv4_without_ptr_is_5_7_25) {
  EXPECT_TRUE(first_words(fixture("gmail.ptr", "no PTR over IPv4")).starts_with("550-5.7.25 [192.0.2.1] The IP"));
}

TEST(Gmail, unauthenticated_mail_names_the_spf_domain_and_address) {
  const auto words = first_words(fixture("gmail.authentication", "SPF without the address, unsigned"));
  EXPECT_NE(words.find("550-5.7.26  SPF [example.com] with ip: [2001:db8::1] = did not pass"), std::string::npos)
      << words;
}

TEST(Gmail, bulk_rules_are_advice_for_a_sender_of_unknown_volume_and_silent_for_transactional_mail) {
  auto f = fixture("gmail.bulk-dmarc", "no record");
  EXPECT_NE(first_words(f).find("5.7.40"), std::string::npos);
  f.subject.stream = Stream::unknown;
  EXPECT_EQ(first_words(f), "accepted");
  f.subject.stream = Stream::transactional;
  const auto judgement = judge(gmail(), f.subject, fixtures::facts_of(f, gmail()));
  EXPECT_TRUE(
      std::ranges::none_of(judgement->verdicts, [](const auto& v) { return v.rule->scope == Scope::bulk_senders; }));
}

TEST(Gmail, what_an_ehlo_says_cannot_break_out_of_the_reply) {
  auto subject = fixtures::good_subject("192.0.2.1");
  subject.ehlo_name = "a\r\n250 OK\x01{ip}";
  const auto wire = reply_for(*find_rule("gmail.ehlo"), subject, "id")->wire();
  EXPECT_EQ(wire.find("\r\n250"), std::string::npos);
  EXPECT_EQ(wire.find('\x01'), std::string::npos);
  EXPECT_NE(wire.find("{ip}"), std::string::npos);  // a value is not a template
}

TEST(JudgeNow, without_facts_is_unknown_and_says_what_to_ask) {
  const auto judgement = judge_now(gmail(), fixtures::good_subject("2001:db8::1"), Facts{});
  EXPECT_EQ(judgement.refusal(), nullptr);
  EXPECT_TRUE(judgement.undecided());
  const Question ptr{dns::name("1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa"),
                     dns::RecordType::ptr};
  EXPECT_NE(std::ranges::find(judgement.needed, ptr), judgement.needed.end());
}

TEST(JudgeNow, asks_independent_questions_together) {
  const auto subject = fixtures::good_subject("2001:db8::1");
  const auto records = *dns::parse_zone(fixtures::good_zone());
  const ZoneFacts world(records);
  Facts facts;
  int rounds = 0;
  for (auto judged = judge(gmail(), subject, facts); !judged.known(); judged = judge(gmail(), subject, facts)) {
    ++rounds;
    for (const auto& question : judged.need().questions()) facts.add(question, world.answer(question));
  }
  EXPECT_LE(rounds, 3);
}

}  // namespace
}  // namespace ptarmigan::rulebook
