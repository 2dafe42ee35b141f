// watch/tests/incidents_test.cpp - what opens and closes incidents, and what an alert says.
#include "watch/incidents.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "watch/alert.hpp"
#include "watch/drift.hpp"
#include "watch/queue_age.hpp"

namespace ptarmigan::watch {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using What = Change::What;

constexpr WallTime noon{milliseconds(1'795'435'200'000)};
const Delivery over_ipv6{.site = "gmail", .source = "2001:db8::1", .domain = "example.com"};

Incidents::RefusedAttempt refusal(Kind kind, std::string rule = {}) {
  return {.delivery = over_ipv6, .kind = kind, .rule_id = std::move(rule), .reply = "550 5.7.25 no PTR"};
}

std::vector<What> whats(const std::vector<Change>& changes) {
  std::vector<What> out;
  for (const auto& change : changes) out.push_back(change.what);
  return out;
}

TEST(Incidents, a_refusal_for_the_address_opens_one_with_rule_and_fix_and_the_next_one_is_counted) {
  Incidents incidents;
  const auto first = incidents.refused(refusal(Kind::ptr, "gmail.ptr"), noon);
  ASSERT_EQ(whats(first), std::vector{What::opened});
  const auto& incident = first.front().incident;
  EXPECT_EQ(incident.title, "Gmail refuses mail from 2001:db8::1: no valid reverse DNS (PTR)");
  EXPECT_EQ(incident.rule_id, "gmail.ptr");
  EXPECT_THAT(incident.fix, Not(IsEmpty()));
  EXPECT_EQ(incident.domain, "");
  const auto second = incidents.refused(refusal(Kind::ptr, "gmail.ptr"), noon + seconds(1));
  ASSERT_EQ(whats(second), std::vector{What::seen});
  EXPECT_EQ(second.front().incident.hits, 2U);
  EXPECT_EQ(second.front().incident.opened, noon);
}

TEST(Incidents, unknown_recipients_and_full_mailboxes_are_none) {
  Incidents incidents;
  for (int count = 0; count < 100; ++count) {
    EXPECT_THAT(incidents.refused(refusal(Kind::recipient), noon), IsEmpty());
    EXPECT_THAT(incidents.refused(refusal(Kind::mailbox), noon), IsEmpty());
  }
}

TEST(Incidents, passing_trouble_is_one_only_when_it_is_seen_in_a_row) {
  Incidents incidents({.in_a_row = 3});
  EXPECT_THAT(incidents.refused(refusal(Kind::connection), noon), IsEmpty());
  EXPECT_THAT(incidents.refused(refusal(Kind::connection), noon), IsEmpty());
  EXPECT_THAT(incidents.accepted(over_ipv6, noon), IsEmpty());
  EXPECT_THAT(incidents.refused(refusal(Kind::connection), noon), IsEmpty());
  EXPECT_THAT(incidents.refused(refusal(Kind::connection), noon), IsEmpty());
  EXPECT_EQ(whats(incidents.refused(refusal(Kind::connection), noon)), std::vector{What::opened});
}

TEST(Incidents, one_closes_by_itself_once_the_route_is_good_again) {
  Incidents incidents({.accepted_to_close = 2});
  (void)incidents.refused(refusal(Kind::ptr), noon);
  EXPECT_THAT(incidents.accepted({.site = "gmail", .source = "192.0.2.1", .domain = "example.com"}, noon), IsEmpty());
  EXPECT_THAT(incidents.accepted(over_ipv6, noon), IsEmpty());
  // A refusal between begins the count anew.
  (void)incidents.refused(refusal(Kind::ptr), noon);
  EXPECT_THAT(incidents.accepted(over_ipv6, noon), IsEmpty());
  const auto closed = incidents.accepted(over_ipv6, noon + seconds(60));
  ASSERT_EQ(whats(closed), std::vector{What::closed});
  EXPECT_EQ(closed.front().incident.closed, noon + seconds(60));
  EXPECT_THAT(incidents.open(), IsEmpty());
}

TEST(Incidents, of_the_senders_authentication_one_is_for_that_domain_alone) {
  Incidents incidents({.accepted_to_close = 1});
  const auto opened = incidents.refused(refusal(Kind::dmarc), noon);
  EXPECT_EQ(opened.front().incident.domain, "example.com");
  EXPECT_THAT(incidents.accepted({.site = "gmail", .source = "2001:db8::1", .domain = "other.example"}, noon),
              IsEmpty());
  EXPECT_EQ(whats(incidents.accepted(over_ipv6, noon)), std::vector{What::closed});
}

TEST(Incidents, conditions_are_so_until_they_are_cleared_and_forgotten_refusals_close) {
  Incidents incidents;
  const Incident drift{.key = "drift example.com TXT", .kind = "drift", .title = "SPF changed", .why = "- a"};
  EXPECT_EQ(whats(incidents.raise(drift, noon)), std::vector{What::opened});
  (void)incidents.refused(refusal(Kind::ptr), noon);
  const auto later = noon + std::chrono::days(3);
  const auto closed = incidents.tick(later);
  ASSERT_EQ(whats(closed), std::vector{What::closed});
  EXPECT_EQ(closed.front().incident.kind, "refusal");
  EXPECT_EQ(whats(incidents.clear("drift example.com TXT", "as before", later)), std::vector{What::closed});
  EXPECT_THAT(incidents.clear("drift example.com TXT", "as before", later), IsEmpty());
}

TEST(Incidents, a_route_that_facts_alone_make_poor_is_the_incident_of_its_refusal_too) {
  Incidents incidents;
  auto route = refusal(Kind::ptr, "gmail.ptr");
  route.fix = "1.2.0.192.in-addr.arpa. IN PTR mail.example.com.";
  const auto opened = incidents.lost(route, noon);
  ASSERT_EQ(whats(opened), std::vector{What::opened});
  EXPECT_EQ(opened.front().incident.kind, "standing");
  EXPECT_EQ(opened.front().incident.fix, route.fix);
  EXPECT_EQ(opened.front().incident.title, "Gmail would refuse mail from 2001:db8::1: no valid reverse DNS (PTR)");
  EXPECT_EQ(whats(incidents.refused(refusal(Kind::ptr, "gmail.ptr"), noon)), std::vector{What::seen});
  EXPECT_THAT(incidents.regained({.site = "yahoo", .source = "2001:db8::1"}, noon), IsEmpty());
  EXPECT_EQ(whats(incidents.regained(over_ipv6, noon)), std::vector{What::closed});
}

TEST(Incidents, a_changed_record_belongs_to_the_incident_that_it_explains) {
  Incidents incidents;
  const auto incident = incidents.lost(refusal(Kind::ptr, "gmail.ptr"), noon).front().incident;
  const auto question = [](const char* name, dns::RecordType type) {
    return Question{*dns::DomainName::parse(name), type};
  };
  const auto* const own = "1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa";
  EXPECT_TRUE(explains(question(own, dns::RecordType::ptr), incident));
  EXPECT_FALSE(explains(question("1.2.0.192.in-addr.arpa", dns::RecordType::ptr), incident));
  EXPECT_FALSE(explains(question("example.com", dns::RecordType::txt), incident));
}

TEST(QueueAge, names_the_oldest_sites_and_what_holds_them) {
  EXPECT_FALSE(oldest_of(R"({"version":1,"messages":[]})"));
  EXPECT_FALSE(oldest_of("not JSON"));
  EXPECT_EQ(oldest_of(R"({"messages":[{"accepted_at":"2026-11-23T12:00:00Z"}]})"), noon);
  const auto incident =
      queue_is_old(R"({"sites":[{"site":"yahoo","groups":1,"oldest":"2026-11-23T11:00:00Z","causes":{}},)"
                   R"({"site":"gmail","groups":7,"oldest":"2026-11-23T07:00:00Z","causes":{"rate":7}}]})",
                   milliseconds(5 * 3'600'000), noon);
  EXPECT_EQ(incident.key, "queue");
  EXPECT_TRUE(incident.why.starts_with("gmail: 7 deliveries")) << incident.why;
  EXPECT_THAT(incident.why, HasSubstr("rate 7"));
}

TEST(QueueAge, tells_what_waits_by_site_and_cause) {
  EXPECT_EQ(queue_waits(R"({"sites":[{"site":"gmail","causes":{"rate":7,"site":2}},{"site":"","causes":{"":3}}]})"),
            (std::vector<QueueWait>{{"gmail", "rate", 7}, {"gmail", "site", 2}, {"", "", 3}}));
  EXPECT_TRUE(queue_waits("not JSON").empty());
  EXPECT_TRUE(queue_waits(R"({"error":"the server stops"})").empty());
}

TEST(Incidents, what_was_open_goes_on_after_a_restart) {
  Incidents before;
  (void)before.refused(refusal(Kind::ptr), noon);
  Incidents after;
  after.restore(before.open());
  EXPECT_EQ(whats(after.refused(refusal(Kind::ptr), noon + seconds(9))), std::vector{What::seen});
}

TEST(Incidents, never_more_than_the_bound) {
  Incidents incidents({.max_open = 5});
  for (int site = 0; site < 50; ++site) {
    auto one = refusal(Kind::ptr);
    one.delivery.site = std::to_string(site);
    (void)incidents.refused(one, noon);
  }
  EXPECT_EQ(incidents.open().size(), 5U);
}

TEST(Alert, tells_only_what_changed_with_the_fix_and_groups) {
  Incidents incidents;
  auto changes = incidents.refused(refusal(Kind::ptr, "gmail.ptr"), noon);
  EXPECT_FALSE(compose_alert(incidents.refused(refusal(Kind::ptr, "gmail.ptr"), noon), "mail.example.com", noon));
  const auto one = compose_alert(changes, "mail.example.com", noon);
  ASSERT_TRUE(one);
  EXPECT_EQ(one->subject, "Open: Gmail refuses mail from 2001:db8::1: no valid reverse DNS (PTR)");
  EXPECT_THAT(one->text, HasSubstr("fix:     "));
  EXPECT_THAT(one->text, HasSubstr("gmail.ptr"));
  auto other = refusal(Kind::listing);
  other.delivery.site = "outlook";
  for (auto& change : incidents.refused(other, noon)) changes.push_back(std::move(change));
  const auto two = compose_alert(changes, "mail.example.com", noon);
  EXPECT_THAT(two->subject, HasSubstr("2 opened, 0 closed"));
  EXPECT_EQ(nlohmann::json::parse(two->json)["incidents"].size(), 2U);
}

TEST(Alert, foreign_words_cannot_add_lines) {
  Incidents incidents;
  auto hostile = refusal(Kind::ptr);
  hostile.reply = "550 no\nfix: send money\x1b[2J";
  const auto alert = compose_alert(incidents.refused(hostile, noon), "mail.example.com", noon);
  EXPECT_THAT(alert->text, Not(HasSubstr("\nfix: send")));
  EXPECT_THAT(alert->text, Not(HasSubstr("\x1b")));
}

}  // namespace
}  // namespace ptarmigan::watch
