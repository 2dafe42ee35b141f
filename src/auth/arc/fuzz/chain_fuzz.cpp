// auth/arc/fuzz/chain_fuzz.cpp - a whole message, with a key for whatever it asks: a reason for each failure, the same
// result for any split of the body, and a new set on top of a chain that passes gives a chain that passes.
#include <cstdint>
#include <cstdlib>
#include <string>

#include "auth/arc/chain.hpp"
#include "auth/arc/seal.hpp"
#include "auth/dkim/tests/vectors.hpp"

using namespace ptarmigan;
using namespace ptarmigan::arc;

namespace {

ChainResult settle(const Chain& chain) {
  const auto first = chain.judge({}, dkim::test::rfc8463_time);
  if (first.known()) return *first;
  Facts facts;
  for (const auto& question : first.need().questions())
    facts.add(
        question,
        {.status = AnswerStatus::found,
         .records = {{question.name, dns::RecordType::txt, 300, dns::txt_of(dkim::test::rfc8463_ed25519_record)}}});
  const auto second = chain.judge(facts, dkim::test::rfc8463_time);
  if (!second.known()) std::abort();
  return *second;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 1) return 0;
  const std::size_t piece = 1U + data[0];
  const std::string text(reinterpret_cast<const char*>(data) + 1, size - 1);
  const auto header = message::HeaderSection::parse(text);
  if (!header) return 0;
  const auto body = std::string_view(text).substr(header->body_offset());
  Validator validator(*header);
  for (std::size_t at = 0; at < body.size(); at += piece) validator.feed(body.substr(at, piece));
  const auto result = settle(std::move(validator).finish());
  const auto whole = settle(*validate_message(text));
  if (result.outcome != whole.outcome || result.reason != whole.reason || result.oldest_pass != whole.oldest_pass)
    std::abort();
  if ((result.outcome == Outcome::fail) == result.reason.empty()) std::abort();

  static const dkim::SigningKey key{dkim::PrivateKey::parse(dkim::test::rfc8463_ed25519_seed).value(),
                                    dns::name("example.com"), "s"};
  Sealer sealer;
  sealer.feed(body);
  const auto fields = sealer.finish(*header, key, {.authentication_results = "x; none", .chain = result.outcome},
                                    dkim::test::rfc8463_time);
  if (!fields) return 0;
  const auto next = settle(*validate_message(*fields + text));
  if (next.outcome != (result.outcome == Outcome::fail ? Outcome::fail : Outcome::pass)) std::abort();
  return 0;
}
