// auth/dkim/tests/verify_test.cpp - every outcome of verification with its reason.
#include "auth/dkim/verify.hpp"

#include <gtest/gtest.h>

#include "auth/dkim/sign.hpp"
#include "auth/dkim/tests/by_hand.hpp"
#include "auth/dkim/tests/vectors.hpp"
#include "dns/zone.hpp"
#include "facts/zone_facts.hpp"

namespace ptarmigan::dkim {
namespace {

using namespace test;

constexpr std::string_view text =
    "From: Joe <joe@example.com>\r\nTo: a@example.net\r\nSubject: Test\r\nDate: Mon, 23 Nov 2026 17:52:03 "
    "+0000\r\n\r\nHello  you \r\nthere\r\n\r\n";
constexpr WallTime now = WallTime(seconds(1795456323));

const PrivateKey& ed25519_key() {
  static const PrivateKey key = PrivateKey::parse(rfc8463_ed25519_seed).value();
  return key;
}
const PrivateKey& rsa_key() {
  static const PrivateKey key = PrivateKey::parse(rfc8463_rsa_key).value();
  return key;
}
SigningKey signing_key(std::string_view domain = "example.com") {
  return {ed25519_key(), dns::name(domain), "ed"};
}
Facts facts() {
  return txt_facts({{"ed._domainkey.example.com", std::string(rfc8463_ed25519_record)},
                    {"rsa._domainkey.example.com", std::string(rfc8463_rsa_record)},
                    {"ed._domainkey.other.example", std::string(rfc8463_ed25519_record)}});
}
std::string signed_text(const SigningSettings& settings = {}, std::string_view message = text) {
  const std::vector keys = {signing_key()};
  const auto field = sign_message(message, keys, now, settings);
  EXPECT_TRUE(field) << field.error().text();
  return *field + std::string(message);
}

std::vector<SignatureResult> verify(std::string_view message, const Facts& known, WallTime at = now,
                                    const VerifyLimits& limits = {}) {
  const auto verification = verify_message(message, limits);
  EXPECT_TRUE(verification);
  const auto judged = verification->judge(known, at);
  EXPECT_TRUE(judged.known());
  return judged.known() ? *judged : std::vector<SignatureResult>();
}
SignatureResult verify_one(std::string_view message, const Facts& known = facts(), WallTime at = now) {
  const auto results = verify(message, known, at);
  EXPECT_EQ(results.size(), 1U);
  return results.empty() ? SignatureResult() : results.front();
}

// RFC 6376#A.2
TEST(Verify, the_example_of_rfc_6376_passes) {
  const auto result =
      verify_one(rfc6376_signed, txt_facts({{"brisbane._domainkey.example.com", std::string(rfc6376_record)}}));
  EXPECT_EQ(result.outcome, Outcome::pass) << result.reason;
  EXPECT_EQ(result.key_bits, 1024U);
  EXPECT_TRUE(result.has(Concern::weak_key));
  EXPECT_TRUE(result.counts());
}

// RFC 8463#A.3
TEST(Verify, the_examples_of_rfc_8463_pass) {
  const auto known = txt_facts({{"brisbane._domainkey.football.example.com", std::string(rfc8463_ed25519_record)},
                                {"test._domainkey.football.example.com", std::string(rfc8463_rsa_record)}});
  const auto message =
      std::string(rfc8463_ed25519_field) + std::string(rfc8463_rsa_field) + std::string(rfc8463_message);
  const auto results = verify(message, known, rfc8463_time);
  ASSERT_EQ(results.size(), 2U);
  EXPECT_EQ(results[0].outcome, Outcome::pass) << results[0].reason;
  EXPECT_EQ(results[1].outcome, Outcome::pass) << results[1].reason;
}

TEST(Verify, asks_for_all_keys_at_once_and_answers_when_it_has_them) {
  const auto message =
      std::string(rfc8463_ed25519_field) + std::string(rfc8463_rsa_field) + std::string(rfc8463_message);
  const auto verification = verify_message(message);
  const auto judged = verification->judge({}, rfc8463_time);
  ASSERT_FALSE(judged.known());
  EXPECT_EQ(judged.need().questions().size(), 2U);
}

TEST(Verify, an_unsigned_message_needs_nothing_and_has_no_result) {
  const auto verification = verify_message(text);
  EXPECT_TRUE(verification->none());
  EXPECT_TRUE(verification->judge({}, now)->empty());
}

TEST(Verify, any_split_of_the_body_gives_the_same_result) {
  for (const auto form : {Canonicalization::simple, Canonicalization::relaxed}) {
    const auto message = signed_text({.header = form, .body = form});
    const auto header = message::HeaderSection::parse(message);
    const auto body = std::string_view(message).substr(header->body_offset());
    for (std::size_t cut = 0; cut <= body.size(); ++cut) {
      Verifier verifier(*header);
      verifier.feed(body.substr(0, cut));
      verifier.feed(body.substr(cut));
      EXPECT_EQ(std::move(verifier).finish().judge(facts(), now)->front().outcome, Outcome::pass) << cut;
    }
  }
}

TEST(Verify, every_single_changed_octet_of_a_signed_part_fails) {
  const auto message = signed_text({.header = Canonicalization::simple, .body = Canonicalization::simple});
  // The last CRLF is an empty line, which simple form drops.
  for (std::size_t i = 0; i + 2 < message.size(); ++i) {
    for (const char flip : {1, 32}) {
      auto changed = message;
      changed[i] = static_cast<char>(changed[i] ^ flip);
      const auto verification = verify_message(changed);
      if (!verification) continue;
      const auto judged = verification->judge(facts(), now);
      if (!judged.known()) continue;  // another selector or domain: no key
      for (const auto& result : *judged) {
        // Tag names and words whose case does not matter are not part of a signed value; the field is, so it must fail,
        // too.
        EXPECT_NE(result.outcome, Outcome::pass) << i << ' ' << message.substr(i, 20);
      }
    }
  }
}

TEST(Verify, a_changed_body_fails_without_a_key) {
  auto message = signed_text();
  message += "appended\r\n";
  const auto result = verify_one(message, {});
  EXPECT_EQ(result.outcome, Outcome::fail);
  EXPECT_TRUE(result.reason.contains("body")) << result.reason;
}

TEST(Verify, relaxed_survives_folding_blanks_and_case_and_simple_does_not) {
  const auto change = [](std::string message) {
    message.replace(message.find("Subject: Test"), 13, "SUBJECT:\r\n\tTest ");
    message.replace(message.find("Hello  you"), 10, "Hello \t you");
    return message;
  };
  EXPECT_EQ(verify_one(change(signed_text())).outcome, Outcome::pass);
  EXPECT_EQ(
      verify_one(change(signed_text({.header = Canonicalization::simple, .body = Canonicalization::simple}))).outcome,
      Outcome::fail);
}

// RFC 6376#8.15
TEST(Verify, another_field_of_an_oversigned_name_fails) {
  for (const std::string added :
       {"Subject: other\r\n", "To: b@example.net\r\n", "Content-Type: text/html\r\n", "Reply-To: c@example.net\r\n"})
    EXPECT_EQ(verify_one(added + signed_text()).outcome, Outcome::fail) << added;
  EXPECT_EQ(verify_one("X-Other: 1\r\n" + signed_text()).outcome, Outcome::pass);
}

TEST(Verify, a_repeated_single_field_is_noted_even_where_the_signature_holds) {
  const auto message = "Subject: shown instead\r\n" + signed_text({.oversigned_fields = {}});
  const auto result = verify_one(message);
  EXPECT_EQ(result.outcome, Outcome::pass);
  EXPECT_TRUE(result.has(Concern::repeated_field));
}

TEST(Verify, several_from_fields_or_a_stray_line_are_permerror) {
  const auto message = signed_text({.oversigned_fields = {}});
  EXPECT_EQ(verify_one("From: eve@evil.example\r\n" + message).outcome, Outcome::permerror);
  EXPECT_EQ(verify_one("no field\r\n" + message).outcome, Outcome::permerror);
  EXPECT_EQ(verify_one("From joe Mon Nov 23 17:52:03 2026\r\n" + message).outcome, Outcome::pass);
}

TEST(Verify, a_blank_before_the_colon_is_signed_as_it_stands) {
  std::string message(text);
  message.replace(0, 5, "From :");
  EXPECT_EQ(verify_one(signed_text({.header = Canonicalization::simple}, message)).outcome, Outcome::pass);
  EXPECT_EQ(verify_one(signed_text({}, message)).outcome, Outcome::pass);
}

TEST(Verify, a_partial_body_passes_but_does_not_count) {
  const std::string message = "From: joe@example.com\r\n\r\nsigned\r\nappended\r\n";
  const auto result = verify_one(sign_by_hand(tags_with("l=8;", "signed\r\n"), message));
  EXPECT_EQ(result.outcome, Outcome::pass) << result.reason;
  EXPECT_TRUE(result.has(Concern::partial_body));
  EXPECT_FALSE(result.counts());
}

TEST(Verify, a_body_limit_that_covers_the_whole_body_counts) {
  const std::string message = "From: joe@example.com\r\n\r\nsigned\r\n\r\n";
  const auto result = verify_one(sign_by_hand(tags_with("l=8;", "signed\r\n"), message));
  EXPECT_EQ(result.outcome, Outcome::pass) << result.reason;
  EXPECT_TRUE(result.has(Concern::body_limit));
  EXPECT_TRUE(result.counts());
  EXPECT_EQ(verify_one(sign_by_hand(tags_with("l=9;", "signed\r\n"), message)).outcome, Outcome::permerror);
}

TEST(Verify, signatures_with_one_canonicalization_and_different_limits_are_hashed_apart) {
  const std::string message = "From: joe@example.com\r\n\r\nsigned\r\nappended\r\n";
  const auto one = sign_by_hand(tags_with("l=8;", "signed\r\n"), message);
  const auto two = sign_by_hand(tags_with("l=6;", "signed"), message);
  const auto three = sign_by_hand(tags_with("", "signed\r\nappended\r\n"), message);
  const auto field = [](const std::string& from) { return from.substr(0, from.find("From:")); };
  for (const auto& result : verify(field(one) + field(two) + three, facts()))
    EXPECT_EQ(result.outcome, Outcome::pass) << result.reason;
}

TEST(Verify, times_are_compared_with_the_reception) {
  const std::string message = "From: joe@example.com\r\n\r\n";
  const auto expiring = sign_by_hand(tags_with("t=1000; x=2000;", "\r\n"), message);
  EXPECT_EQ(verify_one(expiring, facts(), WallTime(seconds(2000))).outcome, Outcome::pass);
  EXPECT_EQ(verify_one(expiring, facts(), WallTime(seconds(2001))).outcome, Outcome::fail);
  EXPECT_EQ(verify_one(expiring, facts(), WallTime(seconds(400))).outcome, Outcome::pass);
  EXPECT_EQ(verify_one(expiring, facts(), WallTime(seconds(399))).outcome, Outcome::fail);
}

// A mark in front of the first field makes it another name, so what is shown as From was not signed.
TEST(Verify, a_byte_order_mark_is_no_part_of_a_message) {
  EXPECT_EQ(verify_one("\xef\xbb\xbf"
                       "From: eve@evil.example\r\n" +
                       signed_text())
                .outcome,
            Outcome::permerror);
}

TEST(Verify, octets_above_ascii_are_signed_as_they_stand) {
  const std::string message = "From: J\xc3\xb6rg <joe@example.com>\r\nSubject: \xff\xc3\xb6\r\n\r\n\xe9\r\n";
  const auto whole = signed_text({}, message);
  EXPECT_EQ(verify_one(whole).outcome, Outcome::pass);
  auto other = whole;
  other.replace(other.find("\xff\xc3\xb6"), 3, "\xff\xc3\xbc");
  EXPECT_EQ(verify_one(other).outcome, Outcome::fail);
}

TEST(Verify, key_lookups_that_fail_are_temporary_and_absent_keys_permanent) {
  const auto message = signed_text();
  const auto outcome = [&](AnswerStatus status) {
    return verify_one(message, status_fact("ed._domainkey.example.com", status)).outcome;
  };
  EXPECT_EQ(outcome(AnswerStatus::failed), Outcome::temperror);
  EXPECT_EQ(outcome(AnswerStatus::timed_out), Outcome::temperror);
  EXPECT_EQ(outcome(AnswerStatus::no_such_name), Outcome::permerror);
  EXPECT_EQ(outcome(AnswerStatus::no_data), Outcome::permerror);
}

TEST(Verify, what_the_key_record_forbids_is_permerror) {
  const auto message = signed_text();
  const auto good = std::string(rfc8463_ed25519_record);
  const auto outcome = [&](const std::string& record) {
    return verify_one(message, txt_facts({{"ed._domainkey.example.com", record}})).outcome;
  };
  EXPECT_EQ(outcome(good + "; t=y"), Outcome::pass);
  EXPECT_EQ(outcome(good + "; t=s"), Outcome::pass);
  EXPECT_EQ(outcome(good + "; h=sha1"), Outcome::permerror);
  EXPECT_EQ(outcome(good + "; s=tlsrpt"), Outcome::permerror);
  EXPECT_EQ(outcome("v=DKIM1; k=ed25519; p="), Outcome::permerror);
  EXPECT_EQ(outcome(std::string(rfc8463_rsa_record)), Outcome::permerror);
  EXPECT_EQ(outcome("v=spf1 -all"), Outcome::permerror);
  EXPECT_EQ(outcome("v=DKIM1; k=ed25519; p=yi50DjK5O9pqbFpNHklsv9lqaS0ArSYu02qp1S0DW1Y="), Outcome::fail);
}

TEST(Verify, t_s_forbids_a_subdomain_in_i) {
  const std::string message = "From: joe@example.com\r\n\r\n";
  const auto strict = txt_facts({{"ed._domainkey.example.com", std::string(rfc8463_ed25519_record) + "; t=s"}});
  EXPECT_EQ(verify_one(sign_by_hand(tags_with("i=@mail.example.com;", "\r\n"), message), strict).outcome,
            Outcome::permerror);
  EXPECT_EQ(verify_one(sign_by_hand(tags_with("i=@mail.example.com;", "\r\n"), message)).outcome, Outcome::pass);
  EXPECT_EQ(verify_one(sign_by_hand(tags_with("i=x@EXAMPLE.com;", "\r\n"), message), strict).outcome, Outcome::pass);
}

// RFC 8301#3.2
TEST(Verify, rsa_below_1024_bits_is_not_believed) {
  const std::string message = "From: joe@example.com\r\n\r\n";
  auto tags = tags_with("", "\r\n");
  tags.replace(tags.find("ed25519"), 7, "rsa");
  const auto known =
      txt_facts({{"ed._domainkey.example.com",
                  "p=MHwwDQYJKoZIhvcNAQEBBQADawAwaAJhALXKqKT1AFxRat1wse8Rfav8E8AOr3urlKfLo9vuOxkaXHrLj3PPut6E+"
                  "s4wIiWlZHl5LXRS0SElGlbKXszeZqqs"
                  "m39AREdS+JLFcWPoaUrDFf4AIG4fE3/ZdKRVzojyYQIDAQAB"}});
  EXPECT_EQ(verify_one(sign_by_hand(tags, message), known).outcome, Outcome::policy);
}

TEST(Verify, a_key_may_be_split_into_strings_and_stand_beside_other_records) {
  const auto owner = dns::name("ed._domainkey.example.com");
  const std::string record(rfc8463_ed25519_record);
  Facts known;
  known.add({owner, dns::RecordType::txt},
            {.status = AnswerStatus::found,
             .records = {{owner, dns::RecordType::txt, 300, dns::Txt{{"a verification token"}}},
                         {owner, dns::RecordType::txt, 300, dns::Txt{{record.substr(0, 30), record.substr(30)}}}}});
  EXPECT_EQ(verify_one(signed_text(), known).outcome, Outcome::pass);
}

TEST(Verify, related_signatures_come_first_and_the_others_are_counted) {
  std::string junk;
  for (int i = 0; i < 50; ++i)
    junk +=
        "DKIM-Signature: v=1; a=ed25519-sha256; d=other.example; s=ed; h=From; bh=" + base64_hash("") + "; b=AAAA\r\n";
  const auto verification = verify_message(junk + signed_text());
  const auto judged = verification->judge(facts(), now);
  ASSERT_TRUE(judged.known());
  EXPECT_EQ(judged->size(), VerifyLimits{}.signatures);
  EXPECT_EQ(judged->front().outcome, Outcome::pass);
  EXPECT_EQ(judged->front().field, 50U);
  EXPECT_EQ(verification->ignored(), 51 - VerifyLimits{}.signatures);
}

TEST(Verify, an_unreadable_signature_is_permerror_with_the_reason) {
  const auto result = verify_one("DKIM-Signature: v=1; a=rsa-sha1; d=example.com\r\n" + std::string(text));
  EXPECT_EQ(result.outcome, Outcome::permerror);
  EXPECT_TRUE(result.reason.contains("rsa-sha1")) << result.reason;
  EXPECT_FALSE(result.signature);
}

TEST(Verify, unused_facts_change_nothing) {
  auto known = facts();
  known.merge(txt_facts({{"x._domainkey.example.com", "v=DKIM1; p="}}));
  EXPECT_EQ(verify_one(signed_text(), known).outcome, verify_one(signed_text()).outcome);
}

TEST(Verify, a_signature_without_subject_is_noted) {
  const auto result = verify_one(signed_text({.signed_fields = {"From"}, .oversigned_fields = {"From"}}));
  EXPECT_EQ(result.outcome, Outcome::pass);
  EXPECT_TRUE(result.has(Concern::unsigned_field));
  EXPECT_TRUE(result.covers("from"));
  EXPECT_FALSE(result.covers("Subject"));
}

TEST(Verify, rsa_and_ed25519_signatures_of_one_message_both_pass) {
  const std::vector<SigningKey> keys = {signing_key(), {rsa_key(), dns::name("example.com"), "rsa"}};
  const auto fields = sign_message(text, keys, now);
  ASSERT_TRUE(fields);
  const auto results = verify(*fields + std::string(text), facts());
  ASSERT_EQ(results.size(), 2U);
  for (const auto& result : results) EXPECT_EQ(result.outcome, Outcome::pass) << result.reason;
}

// RFC 6376#3.5: z= is for people who look for a fault, and n= of a key for nobody.
TEST(Verify, z_and_unknown_tags_change_nothing_whatever_they_hold) {
  const std::string message = "From: joe@example.com\r\n\r\n";
  for (const auto* more : {"z=From:eve@evil.example|Subject:=20\"won\"|(not a comment;", "r=y; x_unknown=\"a b\" (c;"})
    EXPECT_EQ(verify_one(sign_by_hand(tags_with(more, "\r\n"), message)).outcome, Outcome::pass) << more;
}

TEST(Verify, a_key_behind_aliases_is_found_and_a_loop_of_them_is_temporary) {
  const auto outcome = [](const std::string& zone) {
    const ZoneFacts world(dns::parse_zone(zone).value());
    const auto verification = verify_message(signed_text());
    return settle_with(world, [&](const Facts& known) { return verification->judge(known, now); }).front().outcome;
  };
  const std::string alias = "ed._domainkey.example.com. CNAME ed.keys.example.net.\n";
  const auto key = " TXT \"" + std::string(rfc8463_ed25519_record) + "\"\n";
  EXPECT_EQ(outcome(alias + "ed.keys.example.net. CNAME x.example.org.\nx.example.org." + key), Outcome::pass);
  EXPECT_EQ(outcome(alias + "ed.keys.example.net. CNAME ed._domainkey.example.com.\n"), Outcome::temperror);
  EXPECT_EQ(outcome(alias), Outcome::permerror);
}

// RFC 8301#3.2, and what a verification may cost: the key is refused before it is used.
TEST(Verify, rsa_above_8192_bits_is_refused) {
  const std::string message = "From: joe@example.com\r\n\r\n";
  auto tags = tags_with("", "\r\n");
  tags.replace(tags.find("ed25519"), 7, "rsa");
  const auto result = [&](unsigned bits) {
    return verify_one(sign_by_hand(tags, message),
                      txt_facts({{"ed._domainkey.example.com", "p=" + base64_encode(rsa_key_of(bits))}}));
  };
  EXPECT_EQ(result(8192).outcome, Outcome::fail);
  EXPECT_EQ(result(8192).key_bits, 8192U);
  EXPECT_EQ(result(8193).outcome, Outcome::permerror);
  EXPECT_EQ(result(8193).key_bits, 0U);
}

}  // namespace
}  // namespace ptarmigan::dkim
