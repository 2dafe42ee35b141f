// doctor/tests/examine_test.cpp - reports over zones as literals; publishing the repairs must turn the verdict.
#include "doctor/examine.hpp"

#include <algorithm>

#include <gtest/gtest.h>

#include "rulebook/tests/fixtures.hpp"

namespace ptarmigan::doctor {
namespace {

using rulebook::find_receiver;
namespace fixtures = rulebook::fixtures;

Setup setup() {
  Setup out;
  out.domain = dns::name("example.com");
  out.sources = {{IpAddress::parse("192.0.2.1").value(), IpAddress::parse("2001:db8::1").value(), "mail.example.com"}};
  out.signatures = fixtures::good_subject("192.0.2.1").signatures;
  out.hop = rulebook::Hop::tls;
  out.receivers = {find_receiver("gmail")};
  return out;
}

/// Zone apexes, so that zone cuts can be found: the reverse zone of a /32, and the forward zone.
constexpr std::string_view apexes =
    "example.com. SOA ns.example.com. h.example.com. 1 7200 900 1209600 300\n"
    "8.b.d.0.1.0.0.2.ip6.arpa. SOA ns.example.com. h.example.com. 1 7200 900 1209600 300\n"
    "2.0.192.in-addr.arpa. SOA ns.example.com. h.example.com. 1 7200 900 1209600 300\n";

Report report_of(const Setup& s, const std::string& zone) {
  const ZoneFacts world(dns::parse_zone(zone + std::string(apexes)).value());
  return settle_with(world, [&](const Facts& facts) { return examine(s, facts); });
}

std::string without(std::string zone, std::string_view line_start) {
  const auto at = zone.find(line_start);
  return zone.erase(at, zone.find('\n', at) - at + 1);
}

TEST(Examine, a_good_setup_is_accepted_from_both_addresses) {
  const auto report = report_of(setup(), fixtures::good_zone());
  ASSERT_EQ(report.deliveries.size(), 2U);
  for (const auto& delivery : report.deliveries) EXPECT_EQ(delivery.forecast, Forecast::accepted);
  EXPECT_TRUE(report.repairs.empty());
  EXPECT_EQ(report.worst(), Forecast::accepted);
}

// The story's first step.
TEST(Examine, ipv6_without_ptr_is_refused_while_ipv4_is_accepted) {
  const auto report = report_of(setup(), without(fixtures::good_zone(), "1.0.0.0"));
  EXPECT_EQ(report.deliveries[0].forecast, Forecast::accepted);
  EXPECT_EQ(report.deliveries[1].forecast, Forecast::refused);
  EXPECT_EQ(report.deliveries[1].because->id, "gmail.ptr");
  EXPECT_TRUE(report.deliveries[1].words->wire().starts_with("550-5.7.1 [2001:db8::1] Our system has detected"));
  ASSERT_EQ(report.repairs.size(), 1U);
  const auto& repair = report.repairs[0];
  EXPECT_EQ(dns::zone_line(repair.record),
            "1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa. 3600 IN PTR mail.example.com.");
  EXPECT_EQ(repair.zone, dns::name("8.b.d.0.1.0.0.2.ip6.arpa"));
  EXPECT_EQ(repair.relative_owner, "1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0");
  EXPECT_EQ(repair.rules, std::vector<std::string>{"gmail.ptr"});
}

TEST(Examine, evidence_holds_question_and_answer) {
  const auto report = report_of(setup(), without(fixtures::good_zone(), "1.0.0.0"));
  const auto& findings = report.deliveries[1].findings;
  const auto ptr = std::ranges::find_if(findings, [](const auto& f) { return f.rule->id == "gmail.ptr"; });
  ASSERT_EQ(ptr->evidence.size(), 1U);
  EXPECT_EQ(ptr->evidence[0].question.type, dns::RecordType::ptr);
  EXPECT_TRUE(ptr->evidence[0].answer.absent());
}

TEST(Examine, one_spf_record_covers_every_address_that_is_missing) {
  auto s = setup();
  s.signatures = std::vector<rulebook::Signature>{};
  auto zone = without(fixtures::good_zone(), "example.com. TXT");
  zone +=
      "example.com. TXT \"v=spf1 include:_spf.example.net -all\"\n_spf.example.net. TXT \"v=spf1 ip4:198.51.100.7 "
      "-all\"\n";
  const auto report = report_of(s, zone);
  EXPECT_EQ(report.worst(), Forecast::refused);
  std::vector<std::string> spf;
  for (const auto& repair : report.repairs)
    if (repair.record.owner == dns::name("example.com")) spf.push_back(std::get<dns::Txt>(repair.record.data).joined());
  EXPECT_EQ(spf, std::vector<std::string>{"v=spf1 include:_spf.example.net ip4:192.0.2.1 ip6:2001:db8::1 -all"});
}

TEST(Examine, repairs_stand_in_the_order_in_which_to_publish) {
  auto s = setup();
  s.stream = rulebook::Stream::bulk;
  const auto report = report_of(s, "");
  std::vector<dns::RecordType> types;
  for (const auto& repair : report.repairs) types.push_back(repair.record.type);
  using enum dns::RecordType;
  EXPECT_EQ(types, (std::vector{a, aaaa, ptr, ptr, txt, txt, txt, txt}));  // SPF also for the EHLO name
  EXPECT_EQ(report.repairs.back().record.owner, dns::name("_dmarc.example.com"));
}

TEST(Examine, publishing_the_repairs_turns_the_verdict) {
  auto s = setup();
  s.stream = rulebook::Stream::bulk;
  const auto broken = report_of(s, "");
  std::string zone;
  for (const auto& repair : broken.repairs) zone += dns::zone_line(repair.record) + "\n";
  EXPECT_EQ(report_of(s, zone).worst(), Forecast::accepted) << zone;
}

TEST(Examine, an_answer_that_does_not_come_is_unknown) {
  const ZoneFacts world(dns::parse_zone(fixtures::good_zone()).value());
  Facts facts;
  auto judged = examine(setup(), facts);
  while (!judged.known()) {
    for (const auto& question : judged.need().questions()) {
      const bool lost = question.type == dns::RecordType::ptr && question.name.is_at_or_below(dns::name("ip6.arpa"));
      facts.add(question, lost ? ptarmigan::Answer{.status = AnswerStatus::timed_out} : world.answer(question));
    }
    judged = examine(setup(), facts);
  }
  EXPECT_EQ(judged->deliveries[0].forecast, Forecast::accepted);
  EXPECT_EQ(judged->deliveries[1].forecast, Forecast::unknown);
  EXPECT_EQ(judged->worst(), Forecast::unknown);
}

TEST(Examine, the_effective_time_is_the_time_of_the_answer_and_its_negative_ttl) {
  const ZoneFacts world(dns::parse_zone(without(fixtures::good_zone(), "1.0.0.0") + std::string(apexes)).value());
  Facts facts;
  const WallTime asked = std::chrono::sys_days{std::chrono::year{2026} / 11 / 23};
  auto judged = examine(setup(), facts);
  while (!judged.known()) {
    for (const auto& question : judged.need().questions()) {
      auto answer = world.answer(question);
      answer.asked_at = asked;
      if (answer.absent()) answer.ttl = 300;
      facts.add(question, answer);
    }
    judged = examine(setup(), facts);
  }
  EXPECT_EQ(judged->repairs[0].cached_for, 300U);
  EXPECT_EQ(judged->repairs[0].effective_at, asked + seconds(300));
}

TEST(Examine, a_receiver_without_rules_is_unknown) {
  auto s = setup();
  s.receivers = {find_receiver("orange")};
  EXPECT_EQ(report_of(s, fixtures::good_zone()).worst(), Forecast::unknown);
}

TEST(Examine, mail_of_unknown_signing_passes_by_spf) {
  auto s = setup();
  s.signatures.reset();
  EXPECT_EQ(report_of(s, fixtures::good_zone()).worst(), Forecast::accepted);
}

TEST(Examine, without_a_message_rules_about_messages_are_left_out) {
  for (const auto& delivery : report_of(setup(), fixtures::good_zone()).deliveries)
    for (const auto& finding : delivery.findings) EXPECT_EQ(finding.rule->about, rulebook::About::delivery);
}

/// Fixtures whose subject a setup can express: it always has an address and one author domain, and "" is no EHLO name.
bool is_a_setup(const rulebook::Subject& subject) {
  return subject.sending_address && subject.header_from && subject.header_from->size() == 1 && subject.ehlo_name != "";
}

// Invariant 3, this half of it: doctor and rehearsal (rehearsal/tests/decide_test.cpp) both say what the receiver's
// rules say.
TEST(Examine, forecasts_what_the_rules_say_on_every_fixture) {
  int seen = 0;
  for (const auto& fixture : fixtures::all()) {
    const auto& subject = fixture.subject;
    if (!is_a_setup(subject)) continue;
    ++seen;
    const auto& receiver = fixtures::receiver_of(fixture);
    Source source{{}, {}, subject.ehlo_name.value_or("")};
    (subject.sending_address->is_v4() ? source.ipv4 : source.ipv6) = subject.sending_address;
    const doctor::Setup s{.domain = subject.header_from->front(),
                          .sources = {source},
                          .mail_from = subject.mail_from,
                          .signatures = subject.signatures,
                          .hop = subject.hop,
                          .header = subject.header,
                          .stream = subject.stream,
                          .receivers = {&receiver}};
    const auto delivery =
        settle_with(fixtures::World(fixture), [&](const Facts& facts) { return examine(s, facts); }).deliveries.at(0);
    const auto judged = rulebook::judge(receiver, subject, fixtures::facts_of(fixture, receiver));
    const auto* refusal = judged->refusal();
    const bool stopped = delivery.forecast == Forecast::refused || delivery.forecast == Forecast::deferred;
    EXPECT_EQ(stopped, refusal != nullptr) << fixture.rule << ", " << fixture.name;
    if (stopped && refusal != nullptr)
      EXPECT_EQ(delivery.because, refusal->rule) << fixture.rule << ", " << fixture.name;
  }
  EXPECT_GT(seen, 50);
}

}  // namespace
}  // namespace ptarmigan::doctor
