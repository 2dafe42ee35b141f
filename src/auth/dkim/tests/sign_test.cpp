// auth/dkim/tests/sign_test.cpp - what is signed verifies; what would not verify is not signed.
#include "auth/dkim/sign.hpp"

#include <algorithm>
#include <random>

#include <gtest/gtest.h>

#include "auth/dkim/tests/vectors.hpp"
#include "auth/dkim/verify.hpp"
#include "message/lines.hpp"

namespace ptarmigan::dkim {
namespace {

using namespace test;

constexpr WallTime now = WallTime(seconds(1795456323));
constexpr std::string_view plain = "From: joe@example.com\r\nSubject: s\r\n\r\nbody\r\n";

std::vector<SigningKey> key() {
  return {{PrivateKey::parse(rfc8463_ed25519_seed).value(), dns::name("example.com"), "ed"}};
}
Facts facts() {
  return txt_facts({{"ed._domainkey.example.com", std::string(rfc8463_ed25519_record)}});
}
Outcome outcome(const std::string& message) {
  return verify_message(message)->judge(facts(), now)->front().outcome;
}

/// Random messages of fields and bodies that the canonicalizations treat specially.
std::string random_message(std::mt19937& random) {
  const auto pick = [&](std::initializer_list<std::string_view> from) {
    return std::string(from.begin()[random() % from.size()]);
  };
  std::string out =
      pick({"From: joe@example.com\r\n", "from : Joe  <joe@example.com> \r\n", "FROM:\r\n joe@example.com\r\n"});
  for (auto i = random() % 8; i > 0; --i) {
    out += pick({"Subject", "To", "X-Y", "Received", "List-Unsubscribe"}) + pick({":", " :", ": ", ":\t "});
    for (auto k = random() % 6; k > 0; --k)
      out += pick({"a", " b", "\t", "  ", "\r\n ", "\r\n\t c", "\xc3\xb6", "=;", "\v"});
    out += "\r\n";
  }
  out += "\r\n";
  for (auto i = random() % 30; i > 0; --i)
    out += pick({"a", " ", "\t", "\r\n", "\r\n\r\n", " \r\n", "\r", "\n", "long word", "\xff", "--"});
  return out;
}

TEST(Sign, then_verify_holds_for_every_message_and_canonicalization) {
  std::mt19937 random(6376);
  for (int i = 0; i < 400; ++i) {
    const auto message = random_message(random);
    for (const auto header : {Canonicalization::simple, Canonicalization::relaxed})
      for (const auto body : {Canonicalization::simple, Canonicalization::relaxed}) {
        const auto field = sign_message(message, key(), now, {.header = header, .body = body});
        ASSERT_TRUE(field) << field.error().text();
        ASSERT_EQ(outcome(*field + message), Outcome::pass) << message;
      }
  }
}

TEST(Sign, the_field_is_folded_and_ends_with_crlf) {
  const std::vector<SigningKey> rsa = {
      {PrivateKey::generate(KeyType::rsa).value(), dns::name("example.com"), "selector"}};
  const auto field = sign_message(plain, rsa, now);
  ASSERT_TRUE(field);
  EXPECT_LE(message::examine_lines(*field).longest, 78U);
  EXPECT_TRUE(field->ends_with("\r\n"));
  EXPECT_FALSE(message::examine_lines(*field).bare());
  const auto section = message::HeaderSection::parse(*field);
  EXPECT_EQ(section->fields().size(), 1U);
}

TEST(Sign, never_limits_the_body_and_always_signs_from) {
  const auto field = sign_message(plain, key(), now, {.signed_fields = {}, .oversigned_fields = {}});
  ASSERT_TRUE(field);
  const auto section = message::HeaderSection::parse(*field);
  const auto parsed = Signature::parse(section->fields()[0].body);
  ASSERT_TRUE(parsed);
  EXPECT_EQ(parsed->body_limit, whole_body);
  EXPECT_EQ(parsed->names, std::vector<std::string>{"From"});
  EXPECT_EQ(parsed->signed_at, 1795456323U);
  EXPECT_EQ(parsed->expires, std::nullopt);
}

TEST(Sign, every_instance_is_signed_and_oversigned_names_once_more) {
  const std::string message = "To: a\r\nFrom: joe@example.com\r\nReferences: x\r\nreferences: y\r\nX: no\r\n\r\n";
  const auto field = sign_message(
      message, key(), now,
      {.signed_fields = {"References", "Cc"}, .oversigned_fields = {"To", "Cc", "From"}, .lifetime = seconds(60)});
  const auto section = message::HeaderSection::parse(*field);
  const auto parsed = Signature::parse(section->fields()[0].body);
  ASSERT_TRUE(parsed);
  EXPECT_EQ(parsed->names, (std::vector<std::string>{"From", "From", "References", "References", "Cc", "To", "To"}));
  EXPECT_EQ(parsed->expires, 1795456383U);
}

// RFC 8058#4
TEST(Sign, one_click_unsubscription_is_signed_by_default) {
  const auto names = default_signed_fields();
  for (const std::string_view name : {"List-Unsubscribe", "List-Unsubscribe-Post", "From", "Subject"})
    EXPECT_NE(std::ranges::find(names, name), names.end()) << name;
}

TEST(Sign, refuses_messages_that_would_not_verify_everywhere) {
  EXPECT_FALSE(sign_message("To: a\r\n\r\n", key(), now));
  EXPECT_FALSE(sign_message("From: a@b.test\r\nFrom: c@d.test\r\n\r\n", key(), now));
  EXPECT_FALSE(sign_message("From: a@b.test\r\nno field\r\n\r\n", key(), now));
  EXPECT_FALSE(sign_message("From: a@b.test\nBcc: x\r\n\r\n", key(), now));
  EXPECT_FALSE(sign_message("From: a@b.test\rX\r\n\r\n", key(), now));
  EXPECT_FALSE(sign_message("From: a@b.test", key(), now));
  EXPECT_FALSE(
      sign_message(plain, std::vector<SigningKey>{{key()[0].key, dns::name("example.com"), "a; d=evil"}}, now));
}

TEST(Sign, a_signer_is_used_again_after_success_and_failure) {
  Signer signer;
  const auto header = message::HeaderSection::parse(plain);
  const auto bad = message::HeaderSection::parse("To: x\r\n\r\n");
  signer.feed("body\r\n");
  const auto first = signer.finish(*header, key(), now);
  signer.feed("something else");
  EXPECT_FALSE(signer.finish(*bad, key(), now));
  signer.feed("body\r\n");
  EXPECT_EQ(signer.finish(*header, key(), now).value(), first.value());
}

}  // namespace
}  // namespace ptarmigan::dkim
