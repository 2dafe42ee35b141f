// auth/dkim/fuzz/verify_fuzz.cpp - a whole message, with keys for whatever it asks: a result for each signature up to
// the limit, a reason for each that does not pass, and the same results for any split of the body.
#include <cstdint>
#include <cstdlib>
#include <string>

#include "auth/dkim/tests/vectors.hpp"
#include "auth/dkim/verify.hpp"

using namespace ptarmigan;
using namespace ptarmigan::dkim;

namespace {

/// Everything that is asked has one of these records, chosen by the name.
Facts answers(const Need& need) {
  Facts facts;
  for (const auto& question : need.questions()) {
    const auto text = question.name.text();
    const std::string_view record = text.starts_with("b")   ? test::rfc8463_ed25519_record
                                    : text.starts_with("t") ? test::rfc8463_rsa_record
                                                            : std::string_view("v=DKIM1; p=");
    facts.add(question, {.status = AnswerStatus::found,
                         .records = {{question.name, dns::RecordType::txt, 300, dns::txt_of(record)}}});
  }
  return facts;
}

std::vector<SignatureResult> results(const Verification& verification) {
  const auto first = verification.judge({}, test::rfc8463_time);
  if (first.known()) return *first;
  const auto second = verification.judge(answers(first.need()), test::rfc8463_time);
  if (!second.known()) std::abort();
  return *second;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 1) return 0;
  const std::size_t piece = 1U + data[0];
  const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
  const auto header = message::HeaderSection::parse(text);
  if (!header) return 0;
  const auto whole = verify_message(text);
  if (!whole) std::abort();
  Verifier verifier(*header);
  const auto body = text.substr(header->body_offset());
  for (std::size_t at = 0; at < body.size(); at += piece) verifier.feed(body.substr(at, piece));
  const auto one = results(*whole);
  const auto two = results(std::move(verifier).finish());
  if (one.size() != two.size() || one.size() > VerifyLimits{}.signatures) std::abort();
  if (one.size() + whole->ignored() != header->count("DKIM-Signature")) std::abort();
  for (std::size_t i = 0; i < one.size(); ++i) {
    if (one[i].outcome != two[i].outcome || one[i].reason != two[i].reason) std::abort();
    if ((one[i].outcome == Outcome::pass) != one[i].reason.empty()) std::abort();
  }
  return 0;
}
