// smtp/fuzz/client_fuzz.cpp - whatever a server says, in whatever pieces: the client ends, each recipient has its
// answer, nobody is taken as delivered without a 2xx, and a message is not sent where nobody was accepted.
#include "smtp/fuzz/pieces.hpp"
#include "smtp/tests/dialogue.hpp"

using namespace ptarmigan::smtp;  // NOLINT(google-build-using-namespace)

namespace {

Envelope envelope_to(std::size_t count) {
  Envelope envelope{*ReversePath::parse("<a@example.com>"), {.size = 100}, {}};
  for (std::size_t i = 0; i < count; ++i)
    envelope.recipients.push_back({*ForwardPath::parse("<b@example.net>"), {}, {}});
  return envelope;
}

void check(const testing::ClientRun& run) {
  fuzz::promise(!run.sent.ends_with("(never ends)"));
  fuzz::promise(run.quit || run.session_failure.has_value());
  std::size_t bodies = 0;
  for (const auto& octets : run.sends) bodies += octets.starts_with("Subject: x\r\n") ? 1 : 0;
  std::size_t delivered = 0;
  for (const auto& transaction : run.done) {
    bool accepted = false;
    for (const auto& answer : transaction.recipients) {
      fuzz::promise(answer.reply.has_value() != answer.problem.has_value());
      if (!answer.accepted()) {
        fuzz::promise(answer.problem || answer.reply->code >= 400);
        (void)answer.failure();
        continue;
      }
      fuzz::promise(answer.stage == Stage::end_of_data && answer.reply->positive());
      accepted = true;
    }
    delivered += accepted ? 1 : 0;
  }
  fuzz::promise(delivered <= bodies && bodies <= run.done.size());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 1) return 0;
  testing::ClientRun whole;
  whole.options.tls = static_cast<client::TlsUse>(data[0] % 3U);
  if ((data[0] & 4U) != 0) whole.options.credentials = PlainCredentials{"", "tim", ptarmigan::Secret("tanstaaf")};
  whole.options.auth_channel = (data[0] & 8U) != 0 ? client::AuthChannel::any : client::AuthChannel::tls_only;
  whole.options.max_pipelined = (data[0] & 16U) != 0 ? 2 : 100;
  whole.envelopes = {envelope_to(1), envelope_to(3), envelope_to(2)};
  auto split = whole;
  const auto pieces = fuzz::pieces(data + 1, size - 1);
  whole.run(pieces);
  split.run(fuzz::single_octets(pieces));
  check(whole);
  check(split);
  // A server that talks out of turn is seen in the pieces only; until then both say the same.
  const bool out_of_turn = whole.session_failure && whole.session_failure->problem == Problem::protocol;
  if (!out_of_turn && !whole.session_failure) fuzz::promise(whole.sent == split.sent);
  return 0;
}
