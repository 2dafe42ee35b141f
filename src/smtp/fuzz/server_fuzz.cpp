// smtp/fuzz/server_fuzz.cpp - a session fed in pieces and octet by octet says and keeps the same; what it keeps is
// clean. Only a client that talks before its turn is seen in the pieces: then one session is the beginning of the
// other.
#include "smtp/fuzz/pieces.hpp"
#include "smtp/tests/dialogue.hpp"

using namespace ptarmigan::smtp;  // NOLINT(google-build-using-namespace)

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 1) return 0;
  testing::ServerRun whole;
  whole.options.extensions.size = 2000;
  whole.options.extensions.dsn = whole.options.extensions.chunking = (data[0] & 1U) != 0;
  whole.options.tls = (data[0] & 2U) != 0 ? server::TlsUse::offered : server::TlsUse::unavailable;
  whole.options.auth = (data[0] & 4U) != 0 ? server::AuthUse::offered : server::AuthUse::unavailable;
  whole.options.auth_channel = server::AuthChannel::any;
  whole.options.max_text_line = 100;
  whole.verdict = (data[0] & 8U) != 0 ? server::CredentialsVerdict::accepted : server::CredentialsVerdict::refused;
  if ((data[0] & 16U) != 0)
    whole.decide = [](Stage stage, const server::Session& session) {
      const bool refuse = stage != Stage::connect && (session.envelope.recipients.size() & 1U) != 0;
      return refuse ? server::Decision{Reply(550, {5, 7, 1}, "no")} : server::Decision{};
    };
  auto split = whole;
  const auto pieces = fuzz::pieces(data + 1, size - 1);
  whole.run(pieces);
  split.run(fuzz::single_octets(pieces));
  fuzz::promise(!whole.sent.ends_with("(never ends)") && !split.sent.ends_with("(never ends)"));
  fuzz::promise(whole.codes().find("broken") == std::string::npos);

  if (const auto turn = whole.sent.find("554 5.5.0 "); turn == std::string::npos) {
    fuzz::promise(whole.sent == split.sent && whole.messages == split.messages && whole.envelopes == split.envelopes);
  } else {
    fuzz::promise(split.sent.starts_with(whole.sent.substr(0, turn)));
    fuzz::promise(whole.messages.size() <= split.messages.size());
    for (std::size_t i = 0; i < whole.messages.size(); ++i) fuzz::promise(whole.messages[i] == split.messages[i]);
  }
  for (const auto& message : whole.messages) {
    fuzz::promise(message.size() <= 2000 && message.find('\0') == std::string::npos);
    for (std::size_t i = 0; i < message.size(); ++i) {
      if (message[i] == '\r') fuzz::promise(i + 1 < message.size() && message[i + 1] == '\n');
      if (message[i] == '\n') fuzz::promise(i > 0 && message[i - 1] == '\r');
    }
  }
  return 0;
}
