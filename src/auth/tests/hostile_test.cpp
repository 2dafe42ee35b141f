// auth/tests/hostile_test.cpp - messages made to cost: what is judged, asked and allocated stays within bounds that are
// counted, not timed.
#include <cstdlib>
#include <new>
#include <set>

#include <gtest/gtest.h>

#include "auth/authenticate.hpp"
#include "auth/dkim/tests/vectors.hpp"

namespace {
std::size_t allocated_octets = 0;
}  // namespace

// A sanitizer brings its own: then nothing is counted, and the bounds of allocation hold of themselves.
#if !__has_feature(thread_sanitizer) && !__has_feature(address_sanitizer)
void* operator new(std::size_t size) {
  allocated_octets += size;
  if (void* memory = std::malloc(size == 0 ? 1 : size)) return memory;
  throw std::bad_alloc();
}
void operator delete(void* memory) noexcept {
  std::free(memory);
}
void operator delete(void* memory, std::size_t) noexcept {
  std::free(memory);
}
#endif

namespace ptarmigan::auth {
namespace {

constexpr std::size_t mebi = std::size_t{1} << 20;
constexpr std::size_t chunk_octets = std::size_t{64} << 10;
/// A signature's b=, well-formed and for no message; and the hash of the empty body in relaxed form, so that keys are
/// asked for.
constexpr std::string_view some_signature =
    "/gCrinpcQOoIfuHNQIbq4pgh9kyIK3AQUdt9OdqQehSwhEIug4D11BusFa3bT3FY5OsU7ZbnKELq+eXdp1Q1Dw==";
constexpr std::string_view some_hash = "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=";

std::string repeated(std::string_view piece, std::size_t count) {
  std::string out;
  out.reserve(piece.size() * count);
  for (std::size_t i = 0; i < count; ++i) out += piece;
  return out;
}

std::string signature_field(const std::string& domain, std::string_view form, const std::string& names = "from") {
  return "DKIM-Signature: v=1; a=ed25519-sha256; c=" + std::string(form) + "; d=" + domain + "; s=s; h=" + names +
         "; bh=" + std::string(some_hash) + "; b=" + std::string(some_signature) + "\r\n";
}

struct Cost {
  Results results;
  std::set<Question> questions;
  std::size_t rounds = 0;
  std::size_t allocated = 0;  ///< octets in all, freed or not
};

/// Every question is answered with a record that leads to more: the dearest world.
Answer answer(const Question& question) {
  Answer out{.status = AnswerStatus::found};
  const auto add = [&](dns::Data data) { out.records.push_back({question.name, question.type, 300, std::move(data)}); };
  if (question.type == dns::RecordType::a) add(IpAddress::v4({203, 0, 113, 1}));
  if (question.type == dns::RecordType::ptr || question.type == dns::RecordType::mx)
    for (int i = 0; i < 10; ++i) {
      const auto host = dns::name("h" + std::to_string(i) + "." + question.name.text());
      if (question.type == dns::RecordType::ptr)
        add(dns::Target{host});
      else
        add(dns::Mx{10, host});
    }
  if (question.type == dns::RecordType::txt) {
    const auto text = question.name.text();
    if (text.starts_with("_dmarc."))
      add(dns::txt_of("v=DMARC1; p=reject"));
    else if (text.find("._domainkey.") != std::string::npos)
      add(dns::txt_of(dkim::test::rfc8463_ed25519_record));
    else
      add(dns::txt_of("v=spf1 mx mx:a." + text + " mx:b." + text + " ptr a include:i." + text + " ?all"));
  }
  if (out.records.empty()) out.status = AnswerStatus::no_data;
  return out;
}

Cost cost_of(std::string_view header, std::string_view body_piece = "body\r\n", std::size_t body_octets = 0) {
  const Connection connection{.client = IpAddress::v4({192, 0, 2, 1}),
                              .helo = "mail.example.com",
                              .mail_from = "joe@example.com",
                              .received_at = dkim::test::rfc8463_time};
  const auto block = repeated(body_piece, std::max<std::size_t>(1, chunk_octets / body_piece.size()));
  Cost cost;
  allocated_octets = 0;
  Authenticator authenticator;
  authenticator.feed(header);
  for (std::size_t fed = 0; fed < body_octets;) {
    const auto now = std::min(block.size(), body_octets - fed);
    authenticator.feed(std::string_view(block).substr(0, now));
    fed += now;
  }
  const auto ready = std::move(authenticator).finish();
  cost.allocated = allocated_octets;
  Facts facts;
  while (true) {
    auto known = ready.judge(connection, facts);
    if (known.known()) {
      cost.results = std::move(known).value();
      return cost;
    }
    ++cost.rounds;
    for (const auto& question : known.need().questions()) {
      EXPECT_TRUE(cost.questions.insert(question).second) << "asked twice: " << question.text();
      facts.add(question, answer(question));
    }
  }
}

/// What two SPF identities, iprev and one author's tree walk may ask in the dearest world.
constexpr std::size_t base_questions = 400;

TEST(Hostile, a_thousand_signatures_cost_eight_keys) {
  std::string header;
  for (int i = 0; i < 1000; ++i) header += signature_field("d" + std::to_string(i) + ".example", "relaxed/relaxed");
  const auto cost = cost_of(header + "From: joe@example.com\r\n\r\n");
  EXPECT_EQ(cost.results.dkim.size(), dkim::VerifyLimits{}.signatures);
  EXPECT_EQ(cost.results.dkim_ignored, 992U);
  std::size_t keys = 0;
  for (const auto& question : cost.questions)
    keys += question.name.text().find("._domainkey.") != std::string::npos ? 1U : 0U;
  EXPECT_EQ(keys, dkim::VerifyLimits{}.signatures);
  EXPECT_LT(cost.allocated, 10 * header.size());
}

TEST(Hostile, a_related_signature_is_judged_although_a_hundred_others_stand_above_it) {
  std::string header;
  for (int i = 0; i < 99; ++i) header += signature_field("d" + std::to_string(i) + ".example", "relaxed/relaxed");
  const auto cost =
      cost_of(header + signature_field("example.com", "relaxed/relaxed") + "From: joe@example.com\r\n\r\n");
  ASSERT_FALSE(cost.results.dkim.empty());
  EXPECT_EQ(cost.results.dkim.front().signature.value().domain, dns::name("example.com"));
}

TEST(Hostile, ten_thousand_fields_are_judged_and_one_more_is_refused_as_a_whole) {
  const std::string field = "X-Filler: 0123456789\r\n";
  const auto most =
      repeated(field, 9'998) + signature_field("example.com", "relaxed/relaxed") + "From: joe@example.com\r\n";
  const auto judged = cost_of(most + "\r\n");
  EXPECT_EQ(judged.results.dkim.size(), 1U);
  EXPECT_NE(judged.results.dmarc.outcome, dmarc::Outcome::permerror);
  EXPECT_LT(judged.allocated, 20 * most.size());
  const auto refused = cost_of(field + most + "\r\n");
  EXPECT_EQ(refused.results.dkim.front().outcome, dkim::Outcome::permerror);
  EXPECT_EQ(refused.results.dmarc.outcome, dmarc::Outcome::permerror);
  EXPECT_EQ(refused.results.arc.value().chain.outcome, arc::Outcome::fail);
  EXPECT_NE(refused.results.dmarc.reason.find("10000"), std::string::npos) << refused.results.dmarc.reason;
}

TEST(Hostile, signatures_that_name_every_field_cost_no_more_than_their_limits) {
  std::string fields;
  for (int i = 0; i < 9'000; ++i) fields += "X" + std::to_string(i % 400) + ": 0123456789\r\n";
  std::string names = "from";
  for (int i = 0; i < 400; ++i) names += ":x" + std::to_string(i);
  std::string header;
  for (int i = 0; i < 8; ++i) header += signature_field("d" + std::to_string(i) + ".example", "relaxed/simple", names);
  header += fields + "From: joe@example.com\r\n\r\n";
  EXPECT_LT(cost_of(header).allocated, 20 * header.size());
}

TEST(Hostile, thirty_mebibytes_of_blank_lines_take_no_memory) {
  const auto header = signature_field("example.com", "simple/simple") +
                      signature_field("example.com", "simple/relaxed") + "From: joe@example.com\r\n\r\n";
  const auto blank = cost_of(header, "\r\n", 30 * mebi);
  EXPECT_LT(blank.allocated, 256U << 10U);
  const auto spaces = cost_of(header, " ", 30 * mebi);
  EXPECT_LT(spaces.allocated, 256U << 10U);
}

TEST(Hostile, long_lines_in_header_and_body_are_octets_like_others) {
  const auto line = repeated("x", 64U << 10U);
  const auto header = signature_field("example.com", "relaxed/relaxed", "from:subject") + "Subject: " + line +
                      "\r\nFrom: joe@example.com\r\n\r\n";
  const auto cost = cost_of(header, line + "\r\n", 30 * mebi);
  EXPECT_LT(cost.allocated, mebi);
  ASSERT_EQ(cost.results.dkim.size(), 1U);
  EXPECT_EQ(cost.results.dkim.front().outcome, dkim::Outcome::fail);
}

TEST(Hostile, nested_comments_in_from_end_at_their_limit) {
  const auto cost = cost_of("From: " + repeated("(", 100'000) + repeated(")", 100'000) + " joe@example.com\r\n\r\n");
  EXPECT_EQ(cost.results.dmarc.outcome, dmarc::Outcome::permerror);
  EXPECT_NE(cost.results.dmarc.reason, "");
}

TEST(Hostile, thousands_of_author_domains_are_as_two) {
  std::string from = "From: joe@example.com";
  for (int i = 0; i < 5'000; ++i) from += ",a@d" + std::to_string(i) + ".example";
  const auto cost = cost_of(from + "\r\n\r\n");
  EXPECT_EQ(cost.results.dmarc.outcome, dmarc::Outcome::permerror);
  EXPECT_LT(cost.questions.size(), base_questions);
}

TEST(Hostile, a_header_without_end_is_cut_off) {
  const auto cost = cost_of("From: joe@example.com\r\n", "X: y\r\n", 30 * mebi);
  EXPECT_EQ(cost.results.dmarc.outcome, dmarc::Outcome::permerror);
  EXPECT_LT(cost.allocated, 4 * mebi);
}

TEST(Hostile, the_dearest_world_is_asked_a_bounded_number_of_questions_in_few_rounds) {
  std::string header;
  for (int i = 0; i < 8; ++i)
    header += signature_field("a.b.c.d.e.f.g" + std::to_string(i) + ".example.com", "relaxed/relaxed");
  const auto cost = cost_of(header + "From: joe@q.w.e.r.t.y.u.i.o.example.com\r\n\r\n");
  EXPECT_LT(cost.questions.size(), base_questions + 8 + 8 * dmarc::max_walk_queries);
  EXPECT_LT(cost.rounds, 30U);
  for (const auto* result : {&cost.results.spf_helo, &cost.results.spf_mail_from}) EXPECT_LE((*result)->terms, 10U);
}

TEST(Hostile, fifty_sets_ask_for_a_hundred_keys_and_fifty_one_for_none) {
  const auto chain = [](unsigned sets) {
    std::string header;
    for (unsigned i = 1; i <= sets; ++i) {
      const auto n = std::to_string(i);
      const auto tags = " a=ed25519-sha256; d=d" + n + ".example; b=" + std::string(some_signature);
      header += "ARC-Seal: i=" + n + "; s=seal; cv=" + (i == 1 ? "none" : "pass") + ";" + tags + "\r\n";
      header += "ARC-Message-Signature: i=" + n + "; s=ams; c=relaxed/relaxed; h=from; bh=" + std::string(some_hash) +
                ";" + tags + "\r\nARC-Authentication-Results: i=" + n + "; mx.example; none\r\n";
    }
    return cost_of(header + "From: joe@example.com\r\n\r\n");
  };
  const auto keys = [](const Cost& cost) {
    std::size_t count = 0;
    for (const auto& question : cost.questions)
      count += question.name.text().find("._domainkey.") != std::string::npos ? 1U : 0U;
    return count;
  };
  const auto most = chain(50);
  EXPECT_EQ(keys(most), 100U);
  EXPECT_EQ(most.results.arc.value().chain.outcome, arc::Outcome::fail);
  const auto more = chain(51);
  EXPECT_EQ(keys(more), 0U);
  EXPECT_EQ(more.results.arc.value().chain.outcome, arc::Outcome::fail);
}

}  // namespace
}  // namespace ptarmigan::auth
