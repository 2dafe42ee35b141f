// examples/dkim_sign.cpp - sign a message with two keys, RSA and Ed25519, in one pass over a body that comes in chunks.
#include <cstdio>

#include "auth/dkim/key_record.hpp"
#include "auth/dkim/sign.hpp"

using namespace ptarmigan;

constexpr std::string_view header_text =
    "From: Alice <alice@example.com>\r\n"
    "To: bob@example.org\r\n"
    "Subject: Lunch\r\n"
    "Date: Mon, 23 Nov 2026 12:00:00 +0000\r\n"
    "Message-ID: <1@example.com>\r\n"
    "\r\n";

int main() {
  // Keys come from a file: PrivateKey::parse(PEM). They are parsed once and used for every message.
  const auto rsa = dkim::PrivateKey::generate(dkim::KeyType::rsa, 2048);
  const auto ed25519 = dkim::PrivateKey::parse("nWGxne/9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A=");  // of RFC 8463
  const std::vector<dkim::SigningKey> keys{{*rsa, dns::name("example.com"), "2026a"},
                                           {*ed25519, dns::name("example.com"), "2026e"}};
  // What has to be published for the second; the first is too long to show here.
  std::printf("%s TXT %s\n", dkim::key_name("2026e", keys[1].domain)->text().c_str(),
              dkim::public_record(*ed25519).c_str());

  dkim::Signer signer;
  signer.feed("See you at ");
  signer.feed("noon.\r\n");
  const auto header = message::HeaderSection::parse(header_text);
  const auto fields = signer.finish(*header, keys, WallTime(std::chrono::seconds(1795435200)));
  if (!fields) {
    std::fprintf(stderr, "not signed: %s\n", fields.error().text().c_str());
    return 1;
  }
  const auto second = fields->find("DKIM-Signature:", 1);
  std::printf("put on top of the message: %s field, and\n%s", second == std::string::npos ? "no" : "an RSA",
              fields->substr(second == std::string::npos ? 0 : second).c_str());

  // A message that would not verify everywhere is refused.
  const auto refused = dkim::sign_message("To: bob@example.org\r\n\r\nHi\r\n", keys, {});
  std::printf("without From: %s\n", refused.error().text().c_str());

  // Is the published key the private key's?
  const auto record = dkim::KeyRecord::parse(dkim::public_record(*ed25519));
  std::printf("the record holds this key: %s, the other: %s\n", dkim::matches(*record, *ed25519) ? "yes" : "no",
              dkim::matches(*record, *rsa) ? "yes" : "no");
}
