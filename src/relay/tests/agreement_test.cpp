// relay/tests/agreement_test.cpp - the relay and the rehearsal agree over the fixtures of all rules: invariant 4 of
// ARCHITECTURE.md section 1.
#include <gtest/gtest.h>

#include "rehearsal/decide.hpp"
#include "route/plan.hpp"
#include "rulebook/tests/fixtures.hpp"

namespace ptarmigan::relay {
namespace {

namespace fixtures = rulebook::fixtures;
using config::StandingMode;
using fixtures::Fixture;
using fixtures::receiver_of;
using smtp::Stage;

IpAddress ip(std::string_view text) {
  return IpAddress::parse(text).value();
}

/// The fixture's sender has both addresses of the examples, and a relay.
Fixture from(Fixture fixture, const IpAddress& address) {
  fixture.subject.sending_address = address;
  return fixture;
}

route::Plan plan(const Fixture& fixture, StandingMode mode) {
  route::PlanInput input;
  input.sources = {{"main", ip("2001:db8::1"), dns::name("mail.example.com")},
                   {"main", ip("192.0.2.1"), dns::name("mail.example.com")}};
  input.relays.emplace_back().name = "backup";
  const auto& receiver = receiver_of(fixture);
  const auto mx = dns::name("mx" + std::string(receiver.mx_suffixes.front()));
  input.destination = {.status = route::Destination::Status::found,
                       .site = {std::string(receiver.id), &receiver},
                       .targets = {{mx, ip("2001:db8:feed::25")}, {mx, ip("203.0.113.25")}},
                       .why = {}};
  input.mode = mode;
  return route::make_plan(input, [&](const route::SourceAddress& source) {
    const auto attempt = from(fixture, source.address);
    const auto judged = route::judge_route(&receiver, attempt.subject, fixtures::facts_of(attempt, receiver));
    return route::RouteStanding{
        .standing = judged.standing, .why = judged.why, .rules = judged.rules, .refusal = {}, .until = {}};
  });
}

/// The rule by which the rehearsal refuses or defers this attempt, or nullptr.
const rulebook::Rule* refusing_rule(const Fixture& attempt) {
  for (const auto stage : {Stage::connect, Stage::ehlo, Stage::mail, Stage::rcpt, Stage::end_of_data}) {
    const auto decision = settle_with(fixtures::World(attempt), [&](const Facts& facts) {
      return rehearsal::decide(receiver_of(attempt), stage, attempt.subject, facts, "id");
    });
    if (!decision.accepted()) return decision.rule;
  }
  return nullptr;
}

struct Count {
  int accepted = 0;
  int refused = 0;
};

/// Sends each fixture over the route that stands first, where that is one of our own addresses.
Count send_all(StandingMode mode) {
  Count count;
  for (const auto& fixture : fixtures::all()) {
    const auto first = plan(fixture, mode).order.front();
    if (!first.route.source) continue;
    const auto* rule = refusing_rule(from(fixture, first.route.source->address));
    ++(rule == nullptr ? count.accepted : count.refused);
  }
  return count;
}

TEST(RelayAndRehearsal, what_is_planned_under_enforce_is_not_refused_on_any_fixture) {
  for (const auto& fixture : fixtures::all()) {
    for (const auto& candidate : plan(fixture, StandingMode::enforce).order) {
      if (!candidate.route.source || candidate.last_resort) continue;
      const auto* rule = refusing_rule(from(fixture, candidate.route.source->address));
      EXPECT_EQ(rule, nullptr) << fixture.rule << ", " << fixture.name << ": planned over " << candidate.route.id
                               << ", refused for " << (rule == nullptr ? "" : rule->id);
    }
  }
}

TEST(RelayAndRehearsal, enforcing_sends_directly_and_without_it_the_same_mail_is_refused) {
  const auto enforced = send_all(StandingMode::enforce);
  EXPECT_GT(enforced.accepted, 20);
  EXPECT_EQ(enforced.refused, 0);
  EXPECT_GT(send_all(StandingMode::off).refused, 20);
}

TEST(RelayAndRehearsal, a_family_that_would_be_accepted_is_planned_before_one_that_would_be_refused) {
  int mixed = 0;
  for (const auto& fixture : fixtures::all()) {
    const bool v4 = refusing_rule(from(fixture, ip("192.0.2.1"))) == nullptr;
    const bool v6 = refusing_rule(from(fixture, ip("2001:db8::1"))) == nullptr;
    if (v4 == v6) continue;
    ++mixed;
    EXPECT_EQ(plan(fixture, StandingMode::enforce).order.front().route.id, v4 ? "192.0.2.1" : "2001:db8::1")
        << fixture.rule << ", " << fixture.name;
  }
  EXPECT_GT(mixed, 2);
}

}  // namespace
}  // namespace ptarmigan::relay
