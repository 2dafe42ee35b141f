// auth/tests/authenticate_test.cpp - all checks in one call: what each contributes, that chunks and restarts change
// nothing, and what the header says of it.
#include "auth/authenticate.hpp"

#include <algorithm>

#include <gtest/gtest.h>

#include "auth/arc/seal.hpp"
#include "auth/authres/authres.hpp"
#include "auth/dkim/tests/by_hand.hpp"
#include "auth/dkim/tests/vectors.hpp"
#include "auth/json.hpp"
#include "dns/zone.hpp"
#include "facts/zone_facts.hpp"

namespace ptarmigan::auth {
namespace {

using dkim::test::rfc8463_ed25519_field;
using dkim::test::rfc8463_message;
using dkim::test::rfc8463_rsa_field;
using dkim::test::rfc8463_time;

std::string text_record(std::string_view owner, std::string_view text) {
  return std::string(owner) + ". 300 IN TXT " + dns::data_text(dns::txt_of(text)) + "\n";
}

std::string zone_text() {
  return "mail.football.example.com. A 192.0.2.1\n"
         "1.2.0.192.in-addr.arpa. PTR mail.football.example.com.\n"
         "mail.football.example.com. TXT \"v=spf1 a -all\"\n"
         "football.example.com. TXT \"v=spf1 ip4:192.0.2.0/30 -all\"\n" +
         text_record("_dmarc.example.com", "v=DMARC1; p=reject; sp=quarantine") +
         text_record("brisbane._domainkey.football.example.com", dkim::test::rfc8463_ed25519_record) +
         text_record("test._domainkey.football.example.com", dkim::test::rfc8463_rsa_record);
}

ZoneFacts world(const std::string& more = "") {
  const auto records = dns::parse_zone(zone_text() + more);
  EXPECT_TRUE(records) << records.error().text();
  return ZoneFacts(*records);
}

Connection connection() {
  return {.client = IpAddress::v4({192, 0, 2, 1}),
          .helo = "mail.football.example.com",
          .mail_from = "joe@football.example.com",
          .receiver = "mx.example.net",
          .received_at = rfc8463_time};
}

std::string signed_message() {
  return std::string(rfc8463_ed25519_field) + std::string(rfc8463_rsa_field) + std::string(rfc8463_message);
}

Authentication examined(std::string_view message, std::size_t chunk, const Options& options = {}) {
  Authenticator authenticator(options);
  for (std::size_t at = 0; at < message.size(); at += chunk) authenticator.feed(message.substr(at, chunk));
  return std::move(authenticator).finish();
}

Results judged(std::string_view message, const Connection& from = connection(), const ZoneFacts& in = world(),
               const Options& options = {}) {
  const auto ready = examined(message, message.size() + 1, options);
  return settle_with(in, [&](const Facts& facts) { return ready.judge(from, facts); });
}

TEST(Authenticate, a_message_in_order_passes_everything) {
  const auto results = judged(signed_message());
  EXPECT_EQ(results.iprev.value().outcome, iprev::Outcome::pass);
  EXPECT_EQ(results.spf_helo.value().outcome, spf::Outcome::pass);
  EXPECT_EQ(results.spf_mail_from.value().outcome, spf::Outcome::pass);
  ASSERT_EQ(results.dkim.size(), 2U);
  EXPECT_EQ(results.dkim[0].outcome, dkim::Outcome::pass);
  EXPECT_EQ(results.dkim[1].outcome, dkim::Outcome::pass);
  EXPECT_EQ(results.arc.value().chain.outcome, arc::Outcome::none);
  EXPECT_EQ(results.dmarc.outcome, dmarc::Outcome::pass);
  EXPECT_TRUE(results.dmarc.spf_aligned);
  EXPECT_TRUE(results.dmarc.dkim_aligned);
}

TEST(Authenticate, every_split_of_the_message_gives_the_same) {
  const auto message = signed_message();
  const auto whole = to_json(judged(message));
  for (std::size_t chunk = 1; chunk < 40; ++chunk) {
    const auto ready = examined(message, chunk);
    const auto results = settle_with(world(), [&](const Facts& facts) { return ready.judge(connection(), facts); });
    EXPECT_EQ(to_json(results), whole) << chunk;
  }
}

TEST(Authenticate, answers_one_at_a_time_give_what_all_at_once_give) {
  const auto message = signed_message();
  const auto in = world();
  Facts facts;
  std::size_t rounds = 0;
  auto slow = authenticate(message, connection(), facts);
  while (!slow.known()) {
    ASSERT_LT(++rounds, 100U);
    const auto& question = slow.need().questions().back();
    ASSERT_EQ(facts.find(question), nullptr) << "asked again: " << question.text();
    facts.add(question, in.answer(question));
    slow = authenticate(message, connection(), facts);
  }
  EXPECT_EQ(to_json(*slow), to_json(judged(message)));
}

TEST(Authenticate, facts_that_nobody_asked_for_change_nothing) {
  const auto message = signed_message();
  Facts facts;
  const auto in = world();
  while (true) {
    const auto known = authenticate(message, connection(), facts);
    if (known.known()) break;
    for (const auto& question : known.need().questions()) facts.add(question, in.answer(question));
  }
  const auto before = to_json(*authenticate(message, connection(), facts));
  facts.add({dns::name("other.example"), dns::RecordType::txt}, {.status = AnswerStatus::timed_out});
  EXPECT_EQ(to_json(*authenticate(message, connection(), facts)), before);
}

TEST(Authenticate, what_does_not_depend_on_each_other_is_asked_in_the_first_round) {
  const auto known = authenticate(signed_message(), connection(), Facts());
  ASSERT_FALSE(known.known());
  const auto& questions = known.need().questions();
  for (const auto* name : {"football.example.com", "mail.football.example.com", "_dmarc.football.example.com",
                           "brisbane._domainkey.football.example.com", "test._domainkey.football.example.com"})
    EXPECT_TRUE(std::ranges::find(questions, Question{dns::name(name), dns::RecordType::txt}) != questions.end())
        << name;
}

TEST(Authenticate, a_changed_body_fails_signatures_and_leaves_dmarc_to_spf) {
  auto message = signed_message();
  message.replace(message.find("lost"), 4, "won!");
  const auto results = judged(message);
  EXPECT_EQ(results.dkim[0].outcome, dkim::Outcome::fail);
  EXPECT_EQ(results.dmarc.outcome, dmarc::Outcome::pass);
  EXPECT_FALSE(results.dmarc.dkim_aligned);
}

TEST(Authenticate, a_forged_message_fails_with_the_policy_for_subdomains) {
  auto from = connection();
  from.client = IpAddress::v4({203, 0, 113, 9});
  const auto results = judged(rfc8463_message, from);
  EXPECT_EQ(results.iprev.value().outcome, iprev::Outcome::permerror);
  EXPECT_EQ(results.spf_mail_from.value().outcome, spf::Outcome::fail);
  EXPECT_TRUE(results.dkim.empty());
  EXPECT_EQ(results.dmarc.outcome, dmarc::Outcome::fail);
  EXPECT_EQ(results.dmarc.disposition(), dmarc::Policy::quarantine);
}

// RFC 9989#4.4: only the MAIL FROM identity counts; for a null reverse-path that is the EHLO name's.
TEST(Authenticate, a_pass_of_the_helo_name_helps_dmarc_only_for_the_null_reverse_path) {
  auto from = connection();
  from.mail_from = "bounce@elsewhere.example";
  EXPECT_EQ(judged(rfc8463_message, from).spf_helo.value().outcome, spf::Outcome::pass);
  EXPECT_EQ(judged(rfc8463_message, from).dmarc.outcome, dmarc::Outcome::fail);
  from.mail_from = "";
  EXPECT_EQ(judged(rfc8463_message, from).dmarc.outcome, dmarc::Outcome::pass);
}

TEST(Authenticate, a_message_from_a_file_is_judged_without_a_connection) {
  const auto results = judged(signed_message(), {.received_at = rfc8463_time});
  EXPECT_FALSE(results.iprev);
  EXPECT_FALSE(results.spf_helo);
  EXPECT_FALSE(results.spf_mail_from);
  EXPECT_EQ(results.dmarc.outcome, dmarc::Outcome::pass);
}

TEST(Authenticate, several_authors_are_a_permerror_and_never_unprotected) {
  for (const auto* from : {"From: a@one.example, b@two.example\r\n", "From: a@one.example\r\nFrom: b@two.example\r\n",
                           "From: a@one.example\r\nFrom: <a@@b>\r\n", "From: ;;;\r\n", "Subject: no author\r\n"}) {
    const auto results = judged(std::string(from) + "\r\nbody\r\n");
    EXPECT_EQ(results.dmarc.outcome, dmarc::Outcome::permerror) << from;
    EXPECT_NE(results.dmarc.reason, "") << from;
  }
}

TEST(Authenticate, one_author_domain_written_twice_is_one) {
  const auto results = judged("From: a@football.example.com, b@FOOTBALL.example.com\r\n\r\n");
  EXPECT_EQ(results.dmarc.outcome, dmarc::Outcome::pass) << results.dmarc.reason;
}

TEST(Authenticate, a_temporary_failure_never_becomes_a_fail) {
  auto from = connection();
  from.client = IpAddress::v4({203, 0, 113, 9});
  const auto ready = examined(signed_message(), 4096);
  const auto in = world();
  Facts facts;
  auto known = ready.judge(from, facts);
  while (!known.known()) {
    for (const auto& question : known.need().questions())
      facts.add(question, question.name.text().find("_domainkey") == std::string::npos
                              ? in.answer(question)
                              : Answer{.status = AnswerStatus::timed_out});
    known = ready.judge(from, facts);
  }
  EXPECT_EQ(known->dkim[0].outcome, dkim::Outcome::temperror);
  EXPECT_EQ(known->dmarc.outcome, dmarc::Outcome::temperror);
}

std::string sealed(std::string message, unsigned sets) {
  const dkim::SigningKey key{dkim::PrivateKey::parse(dkim::test::rfc8463_ed25519_seed).value(),
                             dns::name("football.example.com"), "brisbane"};
  for (unsigned set = 0; set < sets; ++set) {
    const auto header = message::HeaderSection::parse(message);
    arc::Sealer sealer;
    sealer.feed(std::string_view(message).substr(header->body_offset()));
    const auto fields = sealer.finish(
        *header, key,
        {.authentication_results = "mx.example.net; none", .chain = set == 0 ? arc::Outcome::none : arc::Outcome::pass},
        rfc8463_time);
    EXPECT_TRUE(fields) << fields.error().text();
    message.insert(0, fields.value_or(""));
  }
  return message;
}

TEST(Authenticate, a_chain_is_validated_unless_it_is_switched_off) {
  const auto message = sealed(signed_message(), 3);
  const auto with = judged(message);
  EXPECT_EQ(with.arc.value().chain.outcome, arc::Outcome::pass) << with.arc->chain.reason;
  EXPECT_EQ(with.arc->sets.size(), 3U);
  EXPECT_FALSE(judged(message, connection(), world(), {.arc = ArcCheck::off}).arc);
}

TEST(Authenticate, a_chain_beyond_the_callers_limit_fails_without_a_question) {
  Options options;
  options.limits.arc_sets = 2;
  const auto results = judged(sealed(std::string(rfc8463_message), 3), {}, world(), options);
  EXPECT_EQ(results.arc.value().chain.outcome, arc::Outcome::fail);
  EXPECT_EQ(results.arc->chain.reason, "there are more than 2 sets");
}

TEST(Authenticate, the_field_says_each_result_once) {
  const auto field = authentication_results(judged(sealed(signed_message(), 1)), "mx.example.net");
  ASSERT_TRUE(field);
  const auto parsed =
      authres::parse(std::string_view(*field).substr(field->find(':') + 1), authres::Strictness::strict);
  ASSERT_TRUE(parsed) << parsed.error().text() << "\n" << *field;
  EXPECT_EQ(parsed->authserv_id, "mx.example.net");
  std::string said;
  for (const auto& result : parsed->results) said += result.method + "=" + result.result + " ";
  EXPECT_EQ(said, "iprev=pass spf=pass spf=pass dkim=pass dkim=pass arc=pass dmarc=pass ");
}

TEST(Authenticate, no_identity_can_write_into_the_field) {
  auto from = connection();
  from.helo = "x\r\nAuthentication-Results: mx.example.net; dmarc=pass";
  from.mail_from = "a(\"\r\n; spf=pass\0@football.example.com";
  const auto field = authentication_results(judged(signed_message(), from), "mx.example.net");
  ASSERT_TRUE(field);
  std::size_t fields = 0;
  const auto header = message::HeaderSection::parse(*field);
  ASSERT_TRUE(header);
  for (const auto& one : header->fields()) fields += one.is("Authentication-Results") ? 1U : 100U;
  EXPECT_EQ(fields, 1U) << *field;
}

/// The author domain of a message with this From, or "permerror".
std::string author_of(const std::string& from) {
  const auto results = judged(from + "\r\n\r\nbody\r\n", {.received_at = rfc8463_time});
  if (results.dmarc.outcome == dmarc::Outcome::permerror) return "permerror";
  return results.dmarc.discovery.author.text();
}

// The address that DMARC uses is the one that is shown.
TEST(Authenticate, the_author_is_the_address_that_is_shown) {
  const std::pair<std::string, std::string> forms[] = {
      {"From: joe@example.com", "example.com"},
      {"From : joe@example.com", "example.com"},
      {"fROM:\r\n joe@Example.COM.", "example.com"},
      {"From: \"eve@evil.example\" <joe@example.com>", "example.com"},
      {"From: eve(x) @ (y) example . com", "example.com"},
      {"From: Team: joe@example.com;", "example.com"},
      {"From: <@evil.example:joe@example.com>", "example.com"},
      {"From: \"a@evil.example\"@example.com", "example.com"},
      {"From: =?utf-8?q?eve=40evil.example?= <joe@example.com>", "example.com"},
      {"From: joe@b\xc3\xbc"
       "cher.example",
       "xn--bcher-kva.example"},
      {"From: joe@example.com, x@EXAMPLE.com", "example.com"},
      {"From:", "permerror"},
      {"From: <>", "permerror"},
      {"From: Team:;", "permerror"},
      {"From: joe@example.com\r\nFrom: joe@example.com\r\nFrom: eve@evil.example", "permerror"},
      {"From: joe@example.com, eve@evil.example", "permerror"},
      {"From: eve@evil.example <joe@example.com>", "permerror"},
      {"From: eve@evil.example@example.com", "permerror"},
      {std::string("From: joe@example.com\0.evil.example", 35), "permerror"},
      {"X-From: joe@example.com", "permerror"},
  };
  for (const auto& [from, author] : forms) EXPECT_EQ(author_of(from), author) << from;
}

// RFC 6376#8.2
TEST(Authenticate, a_signature_of_a_part_of_the_body_is_no_pass_for_dmarc) {
  const auto zone = world("_dmarc.own.example. TXT \"v=DMARC1; p=reject\"\n" +
                          text_record("ed._domainkey.own.example", dkim::test::rfc8463_ed25519_record));
  const std::string message = "From: joe@own.example\r\nContent-Type: text/plain\r\n\r\nsigned\r\n";
  const auto with = [&](std::string_view tags, const std::string& appended) {
    const auto whole =
        dkim::test::sign_by_hand(dkim::test::tags_with(tags, "signed\r\n", "own.example"), message) + appended;
    return judged(whole, {.received_at = rfc8463_time}, zone);
  };
  EXPECT_EQ(with("", "").dmarc.outcome, dmarc::Outcome::pass);
  EXPECT_EQ(with("l=8;", "").dmarc.outcome, dmarc::Outcome::pass);
  const auto appended = with("l=8;", "<h1>other</h1>\r\n");
  EXPECT_EQ(appended.dkim.at(0).outcome, dkim::Outcome::pass);
  EXPECT_TRUE(appended.dkim[0].has(dkim::Concern::partial_body));
  EXPECT_TRUE(appended.dkim[0].has(dkim::Concern::unsigned_field));
  EXPECT_EQ(appended.dmarc.outcome, dmarc::Outcome::fail);
}

TEST(Authenticate, an_evaluation_of_spf_beyond_its_time_is_temperror_and_not_a_fail) {
  auto from = connection();
  from.elapsed = seconds(20);
  const auto known = examined(rfc8463_message, 4096).judge(from, Facts());
  Facts facts;
  ASSERT_FALSE(known.known());
  for (const auto& question : known.need().questions()) {
    EXPECT_NE(question.name, dns::name("football.example.com"));
    facts.add(question, world().answer(question));
  }
  auto more = examined(rfc8463_message, 4096).judge(from, facts);
  while (!more.known()) {
    for (const auto& question : more.need().questions()) facts.add(question, world().answer(question));
    more = examined(rfc8463_message, 4096).judge(from, facts);
  }
  EXPECT_EQ(more->spf_mail_from.value().outcome, spf::Outcome::temperror);
  EXPECT_EQ(more->dmarc.outcome, dmarc::Outcome::temperror);
}

}  // namespace
}  // namespace ptarmigan::auth
