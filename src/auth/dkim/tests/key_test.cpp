// auth/dkim/tests/key_test.cpp - keys and key records, in every wrapping.
#include <gtest/gtest.h>

#include "auth/dkim/crypto.hpp"
#include "auth/dkim/key_record.hpp"
#include "auth/dkim/tests/by_hand.hpp"
#include "auth/dkim/tests/vectors.hpp"
#include "base/encoding.hpp"

namespace ptarmigan::dkim {
namespace {

using namespace test;

/// The RSA key of RFC 8463#A.2 in other wrappings.
constexpr std::string_view rsa_pkcs1 =
    "MIGJAoGBAOQeU5CgFPNZGIazlXo2k/eJ1jpaTTxrmqF1HrDLlt04pvaMtCJj8nXoliLRC/H9vJjMI1vdb3XLcW60AIN/PBD8EL97/"
    "y4GwJH7LPUvGP48vqUe+owqszes"
    "biGy1PlCO8c70/OjFnJVgvMF87YR4Lcincb7aSvI5MgpP6X8rjDdAgMBAAE=";
constexpr std::string_view rsa_long_lengths =
    "MIMAAIkCgYEA5B5TkKAU81kYhrOVejaT94nWOlpNPGuaoXUesMuW3Tim9oy0ImPydeiWItEL8f28mMwjW91vdctxbrQAg388EPwQv3v/"
    "LgbAkfss9S8Y/jy+pR76jCqz"
    "N6xuIbLU+UI7xzvT86MWclWC8wXzthHgtyKdxvtpK8jkyCk/pfyuMN0CAwEAAQ==";
constexpr std::string_view rsa_even_exponent =
    "MIGJAoGBAOQeU5CgFPNZGIazlXo2k/eJ1jpaTTxrmqF1HrDLlt04pvaMtCJj8nXoliLRC/H9vJjMI1vdb3XLcW60AIN/PBD8EL97/"
    "y4GwJH7LPUvGP48vqUe+owqszes"
    "biGy1PlCO8c70/OjFnJVgvMF87YR4Lcincb7aSvI5MgpP6X8rjDdAgMBAAA=";
constexpr std::string_view rsa_exponent_one =
    "MIGHAoGBAOQeU5CgFPNZGIazlXo2k/eJ1jpaTTxrmqF1HrDLlt04pvaMtCJj8nXoliLRC/H9vJjMI1vdb3XLcW60AIN/PBD8EL97/"
    "y4GwJH7LPUvGP48vqUe+owqszes"
    "biGy1PlCO8c70/OjFnJVgvMF87YR4Lcincb7aSvI5MgpP6X8rjDdAgEB";
/// openssl genrsa 768 and 4096.
constexpr std::string_view rsa_768 =
    "MHwwDQYJKoZIhvcNAQEBBQADawAwaAJhALXKqKT1AFxRat1wse8Rfav8E8AOr3urlKfLo9vuOxkaXHrLj3PPut6E+"
    "s4wIiWlZHl5LXRS0SElGlbKXszeZqqsm39A"
    "REdS+JLFcWPoaUrDFf4AIG4fE3/ZdKRVzojyYQIDAQAB";
constexpr std::string_view rsa_4096 =
    "MIICIjANBgkqhkiG9w0BAQEFAAOCAg8AMIICCgKCAgEAhsNB6WzAt+b/"
    "BfvwWEkO6L9gtkRuDEwVYmKzuFc9BKsx+FHNkID0UnQTnt7VtpWfd2kIAYSai/bv"
    "Nv47bHg8RbwA/r8hqOeH3y9kXNzJTreVyivfmN3h4kT3pP//OnGeT1vk7gG02Tbj5U9seN1Oo46ZD7ah5fqJpLhL/"
    "5DMsT+Ad8bP+RtbQFl3SGr8QsT/+QMU"
    "Am4RTo9pftbXAb0GrFsFFzc83FQhjZ9XBkIhw2dl5qXICAkqLLsSbXAFQhzroGssjQSU7unYJ+am+EwtEFbplPH+"
    "JbIhgRYKuiAErdZ8XbIKdk8UD1aS1mKd"
    "+66LYUL0OS+7DDJpPPhwjved7BJ76v33vU9nSeV/"
    "nvCjfmbfD9qIKwOsUgya444VIQfg5IuDbMZ31Bw1UpODkts3YjV7Vl2kBQQxFPx9uAD4TS6NadMggWZ5"
    "6d4kOwODbc1lK1VG89qBoHD8Z7cRaBxaW0FEd6I9qChgH0DGoEzRlLXuO4epSh1laRX7d2VHCZqFWCc2AdJIME74nRRjnBnU29LAEAhCxgDb4DFy7x"
    "A0q7x8"
    "UJKXUrF0gmmSL7Iz9yYyEy3xJeiie3K6St0OvZiRZ1Y2ZNMafnsPQrlX2JX3yyq9hW0ZD9gvgF49MLHLthsRRJzIvLfXz6cQy+"
    "gvPJqBLxsz33JZ9Ib1g9c7"
    "Y+5//VcCAwEAAQ==";

std::string p_of(std::string_view record) {
  return std::string(record.substr(record.find("p=") + 2));
}
Result<PublicKey> rsa(std::string_view base64) {
  return PublicKey::parse(KeyType::rsa, base64_decode(base64).value());
}
std::string record(std::string_view tags) {
  return std::string(tags) + " p=" + p_of(rfc8463_rsa_record);
}

TEST(PublicKey, all_wrappings_of_one_rsa_key_are_equal) {
  const auto plain = rsa(p_of(rfc8463_rsa_record));
  ASSERT_TRUE(plain);
  EXPECT_EQ(plain->bits(), 1024U);
  EXPECT_EQ(rsa(rsa_pkcs1).value(), *plain);
  EXPECT_EQ(rsa(rsa_long_lengths).value(), *plain);
  EXPECT_FALSE(rsa(p_of(rfc6376_record)).value() == *plain);
}

TEST(PublicKey, sizes) {
  EXPECT_TRUE(rsa(rsa_768)->too_small());
  EXPECT_EQ(rsa(rsa_4096)->bits(), 4096U);
  EXPECT_FALSE(rsa(rsa_4096)->too_small());
  EXPECT_FALSE(PublicKey::parse(KeyType::rsa, ""));
}

TEST(PublicKey, keys_from_512_to_8192_bits_are_read) {
  for (const unsigned bits : {512U, 1023U, 1024U, 2047U, 8192U}) {
    const auto key = PublicKey::parse(KeyType::rsa, rsa_key_of(bits));
    ASSERT_TRUE(key) << bits << ": " << key.error().text();
    EXPECT_EQ(key->bits(), bits);
    EXPECT_EQ(key->too_small(), bits < 1024) << bits;
  }
  for (const unsigned bits : {511U, 8193U, 16384U, 65536U})
    EXPECT_FALSE(PublicKey::parse(KeyType::rsa, rsa_key_of(bits))) << bits;
}

// RFC 8032#5.1.7: S must be below the order L of the group, else each signature has a second form.
TEST(PublicKey, an_ed25519_signature_has_one_form_only) {
  const auto key = PrivateKey::parse(rfc8463_ed25519_seed);
  const auto record = KeyRecord::parse(rfc8463_ed25519_record);
  const auto digest = sha256("text");
  auto signature = key->sign(digest).value();
  EXPECT_TRUE(record->key->verify(digest, signature));
  const std::string order =
      "\xed\xd3\xf5\x5c\x1a\x63\x12\x58\xd6\x9c\xf7\xa2\xde\xf9\xde\x14" + std::string(15, '\0') + "\x10";
  unsigned carry = 0;
  for (std::size_t i = 0; i < order.size(); ++i) {
    const auto sum = static_cast<unsigned char>(signature[32 + i]) + static_cast<unsigned char>(order[i]) + carry;
    signature[32 + i] = static_cast<char>(sum & 0xff);
    carry = sum >> 8;
  }
  EXPECT_EQ(carry, 0U);
  EXPECT_FALSE(record->key->verify(digest, signature));
}

TEST(PublicKey, bad_exponents_and_trailing_octets_are_refused) {
  EXPECT_FALSE(rsa(rsa_even_exponent));
  EXPECT_FALSE(rsa(rsa_exponent_one));
  auto octets = base64_decode(rsa_pkcs1).value();
  for (std::size_t size = 0; size < octets.size(); ++size)
    EXPECT_FALSE(PublicKey::parse(KeyType::rsa, std::string_view(octets).substr(0, size))) << size;
  EXPECT_FALSE(PublicKey::parse(KeyType::rsa, octets + '\0'));
}

TEST(PublicKey, ed25519_keys_have_32_octets_and_no_small_order) {
  EXPECT_FALSE(PublicKey::parse(KeyType::ed25519, std::string(31, 'a')));
  EXPECT_FALSE(PublicKey::parse(KeyType::ed25519, std::string(33, 'a')));
  EXPECT_FALSE(PublicKey::parse(KeyType::ed25519, std::string(32, '\0')));
  std::string one(32, '\0');
  one[0] = 1;
  EXPECT_FALSE(PublicKey::parse(KeyType::ed25519, one));
  one[31] = static_cast<char>(0x80);
  EXPECT_FALSE(PublicKey::parse(KeyType::ed25519, one));
}

// RFC 8463#A.1 and RFC 8463#A.2: these seeds and keys belong to these records.
TEST(PrivateKey, the_published_records_match_the_published_keys) {
  const auto ed25519 = PrivateKey::parse(rfc8463_ed25519_seed);
  const auto rsa_key = PrivateKey::parse(rfc8463_rsa_key);
  ASSERT_TRUE(ed25519 && rsa_key);
  EXPECT_EQ(public_record(*ed25519), rfc8463_ed25519_record);
  EXPECT_EQ(public_record(*rsa_key), rfc8463_rsa_record);
  EXPECT_TRUE(matches(*KeyRecord::parse(rfc8463_rsa_record), *rsa_key));
  EXPECT_FALSE(matches(*KeyRecord::parse(rfc6376_record), *rsa_key));
  EXPECT_FALSE(matches(*KeyRecord::parse(rfc8463_ed25519_record), *rsa_key));
  EXPECT_FALSE(matches(*KeyRecord::parse("p="), *rsa_key));
}

TEST(PrivateKey, generated_keys_survive_pem) {
  for (const auto type : {KeyType::rsa, KeyType::ed25519}) {
    const auto key = PrivateKey::generate(type);
    ASSERT_TRUE(key);
    const auto again = PrivateKey::parse(key->pem());
    ASSERT_TRUE(again) << again.error().text();
    EXPECT_EQ(again->type(), type);
    EXPECT_EQ(public_record(*again), public_record(*key));
    EXPECT_TRUE(matches(*KeyRecord::parse(public_record(*key)), *again));
    const auto digest = sha256("text");
    const auto signature = again->sign(digest);
    const auto record = KeyRecord::parse(public_record(*key));
    EXPECT_TRUE(record->key->verify(digest, signature.value()));
    EXPECT_FALSE(record->key->verify(sha256("Text"), signature.value()));
    EXPECT_FALSE(record->key->verify(digest, std::string_view(*signature).substr(1)));
    EXPECT_FALSE(record->key->verify(digest, ""));
  }
}

TEST(PrivateKey, unusable_keys_are_errors_that_say_why) {
  EXPECT_FALSE(PrivateKey::parse(""));
  EXPECT_FALSE(PrivateKey::parse("-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"));
  EXPECT_FALSE(PrivateKey::generate(KeyType::rsa, 1024));
  const auto encrypted =
      PrivateKey::parse("-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----\n");
  ASSERT_FALSE(encrypted);
  EXPECT_TRUE(encrypted.error().message.contains("encrypted"));
}

TEST(KeyRecord, the_version_is_absent_or_first) {
  EXPECT_TRUE(KeyRecord::parse(record("v=DKIM1;")));
  EXPECT_TRUE(KeyRecord::parse(record("")));
  EXPECT_TRUE(KeyRecord::parse(record("k=rsa;")));
  EXPECT_FALSE(KeyRecord::parse(record("k=rsa; v=DKIM1;")));
  EXPECT_FALSE(KeyRecord::parse(record("v=DKIM2;")));
  EXPECT_FALSE(KeyRecord::parse(record("v=DKIM1: g=*;")));
  EXPECT_FALSE(KeyRecord::parse(record("v=dkim1;")));
}

TEST(KeyRecord, an_empty_p_is_a_revoked_key_and_a_missing_p_an_error) {
  ASSERT_TRUE(KeyRecord::parse("v=DKIM1; p="));
  EXPECT_FALSE(KeyRecord::parse("v=DKIM1; p=")->key);
  EXPECT_FALSE(KeyRecord::parse("v=DKIM1; k=rsa"));
}

TEST(KeyRecord, reads_limits_and_flags) {
  EXPECT_TRUE(KeyRecord::parse(record("t=y : s;"))->testing);
  EXPECT_TRUE(KeyRecord::parse(record("t=y : s;"))->strict_domain);
  EXPECT_FALSE(KeyRecord::parse(record("t=x;"))->strict_domain);
  EXPECT_TRUE(KeyRecord::parse(record("h=sha1:sha256;"))->allows_sha256);
  EXPECT_FALSE(KeyRecord::parse(record("h=sha1;"))->allows_sha256);
  EXPECT_TRUE(KeyRecord::parse(record("s=*;"))->allows_email);
  EXPECT_TRUE(KeyRecord::parse(record("s=tlsrpt:email;"))->allows_email);
  EXPECT_FALSE(KeyRecord::parse(record("s=tlsrpt;"))->allows_email);
}

TEST(KeyRecord, notes_and_history_are_plain_text) {
  EXPECT_TRUE(KeyRecord::parse(record("v=DKIM1; g=*; n=a \"note\" (with parentheses); unknown=1;")));
}

TEST(KeyRecord, the_type_must_fit_the_key) {
  EXPECT_FALSE(KeyRecord::parse(record("k=ed25519;")));
  EXPECT_FALSE(KeyRecord::parse(record("k=ed25519-sha256;")));
  EXPECT_FALSE(KeyRecord::parse("p=" + p_of(rfc8463_ed25519_record)));
}

TEST(KeyRecord, blanks_inside_base64_are_skipped_and_other_octets_are_not) {
  auto split = p_of(rfc8463_rsa_record);
  split.insert(40, " \t ");
  EXPECT_TRUE(KeyRecord::parse("p=" + split));
  split.insert(20, "!");
  EXPECT_FALSE(KeyRecord::parse("p=" + split));
  EXPECT_FALSE(KeyRecord::parse("p=" + p_of(rfc8463_rsa_record) + "garbage"));
}

TEST(KeyName, is_below_domainkey_and_knows_u_labels) {
  EXPECT_EQ(key_name("s1.a", dns::name("example.com"))->text(), "s1.a._domainkey.example.com");
  EXPECT_EQ(key_name("b\xc3\xbc"
                     "cher",
                     dns::name("example.com"))
                ->text(),
            "xn--bcher-kva._domainkey.example.com");
  EXPECT_FALSE(key_name(std::string(64, 'a'), dns::name("example.com")));
}

}  // namespace
}  // namespace ptarmigan::dkim
