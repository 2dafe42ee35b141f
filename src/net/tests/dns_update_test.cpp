// net/tests/dns_update_test.cpp - TSIG keys as files hold them; the exchange itself is proved against Knot and BIND
// (tests/e2e/test_publish.py).
#include "net/dns_update.hpp"

#include <gtest/gtest.h>

namespace ptarmigan::net {
namespace {

TEST(TsigKey, reads_the_one_line_form_of_knsupdate) {
  const auto key = TsigKey::parse("hmac-sha512:update.example.:c2VjcmV0\n");
  ASSERT_TRUE(key.has_value());
  EXPECT_EQ(key->name.text(), "update.example");
  EXPECT_EQ(key->algorithm, "hmac-sha512");
  EXPECT_EQ(key->secret.reveal(), "c2VjcmV0");
}

TEST(TsigKey, reads_what_tsig_keygen_prints) {
  const auto key =
      TsigKey::parse("key \"update.example\" {\n\talgorithm hmac-sha256;\n\tsecret \"c2VjcmV0c2VjcmV0\";\n};\n");
  ASSERT_TRUE(key.has_value());
  EXPECT_EQ(key->name.text(), "update.example");
  EXPECT_EQ(key->algorithm, "hmac-sha256");
  EXPECT_EQ(key->secret.reveal(), "c2VjcmV0c2VjcmV0");
}

TEST(TsigKey, refuses_what_is_no_key_without_showing_the_secret) {
  for (const auto* wrong : {"", "secret", "hmac-sha256:a.example:!!topsecret", "rot13:a.example:c2VjcmV0",
                            "hmac-sha256::c2VjcmV0", "key a.example { algorithm hmac-sha256; };"}) {
    const auto key = TsigKey::parse(wrong);
    ASSERT_FALSE(key.has_value()) << wrong;
    EXPECT_FALSE(key.error().text().contains("c2VjcmV0") || key.error().text().contains("topsecret"));
  }
}

}  // namespace
}  // namespace ptarmigan::net
