// smtp/fuzz/scram_fuzz.cpp - whatever a client says, no proof is accepted without the password; two messages, cut at
// the first octet 0xFF. The digests here cannot be met by chance: they hold an octet that the fuzzer does not know.
#include "smtp/fuzz/pieces.hpp"
#include "smtp/scram.hpp"

using namespace ptarmigan::smtp;  // NOLINT(google-build-using-namespace)

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto pieces = fuzz::pieces(data, size);
  if (pieces.empty()) return 0;
  ScramServer scram({.hash = [](std::string_view text) { return std::string(text) + "!"; },
                     .hmac = [](std::string_view key, std::string_view) { return std::string(key); }},
                    "server-nonce");
  const auto hello = scram.begin(pieces[0]);
  if (!hello) return 0;
  fuzz::promise(!hello->user.empty() && hello->user.find('\0') == std::string::npos);
  const auto challenge = scram.challenge({4096, "salt", "key", "other"});
  fuzz::promise(challenge.find_first_of("\r\n") == std::string::npos && challenge.contains("server-nonce"));
  if (pieces.size() > 1) fuzz::promise(!scram.finish(pieces[1]));
  return 0;
}
