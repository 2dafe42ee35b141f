// auth/arc/tests/arc_test.cpp - chains that hold, break, end and grow.
#include <gtest/gtest.h>

#include "auth/arc/chain.hpp"
#include "auth/arc/seal.hpp"
#include "auth/dkim/tests/by_hand.hpp"
#include "auth/dkim/tests/vectors.hpp"
#include "dns/zone.hpp"
#include "facts/zone_facts.hpp"

namespace ptarmigan::arc {
namespace {

using namespace dkim::test;

constexpr WallTime now = WallTime(seconds(1795456323));
constexpr std::string_view text = "From: joe@example.com\r\nSubject: s\r\n\r\nbody \r\n";

dkim::SigningKey key(std::string_view domain) {
  return {dkim::PrivateKey::parse(rfc8463_ed25519_seed).value(), dns::name(domain), "s"};
}
Facts facts() {
  return txt_facts({{"s._domainkey.one.example", std::string(rfc8463_ed25519_record)},
                    {"s._domainkey.two.example", std::string(rfc8463_ed25519_record)},
                    {"s._domainkey.three.example", std::string(rfc8463_ed25519_record)}});
}
Result<std::string> fields(const std::string& message, std::string_view sealer, Outcome chain) {
  const auto header = message::HeaderSection::parse(message);
  Sealer with;
  with.feed(std::string_view(message).substr(header->body_offset()));
  return with.finish(
      *header, key(sealer),
      {.authentication_results = std::string(sealer) + "; spf=pass smtp.mailfrom=example.com", .chain = chain}, now);
}
std::string sealed(const std::string& message, std::string_view sealer, Outcome chain) {
  const auto out = fields(message, sealer, chain);
  EXPECT_TRUE(out) << out.error().text();
  return out.value_or("") + message;
}
std::string chain_of_three() {
  return sealed(sealed(sealed(std::string(text), "one.example", Outcome::none), "two.example", Outcome::pass),
                "three.example", Outcome::pass);
}
ChainResult judge(std::string_view message, const Facts& known = facts()) {
  const auto judged = validate_message(message)->judge(known, now);
  EXPECT_TRUE(judged.known());
  return judged.known() ? *judged : ChainResult();
}
std::string replaced(std::string in, std::string_view what, std::string_view with) {
  const auto at = in.find(what);
  EXPECT_NE(at, std::string::npos) << what;
  return in.replace(at, what.size(), with);
}

TEST(ArcChain, a_message_without_sets_has_none_and_asks_nothing) {
  EXPECT_EQ(judge(text, {}).outcome, Outcome::none);
}

TEST(ArcChain, sets_that_were_added_one_after_the_other_pass) {
  const auto message = chain_of_three();
  const auto result = judge(message);
  EXPECT_EQ(result.outcome, Outcome::pass) << result.reason;
  EXPECT_EQ(result.oldest_pass, 0U);
  const auto chain = validate_message(message);
  ASSERT_EQ(chain->sets().size(), 3U);
  EXPECT_EQ(chain->sets()[0].sealer.text(), "one.example");
  EXPECT_EQ(chain->sets()[2].authentication_results, "three.example; spf=pass smtp.mailfrom=example.com");
}

TEST(ArcChain, keys_are_asked_for_together) {
  const auto judged = validate_message(chain_of_three())->judge({}, now);
  ASSERT_FALSE(judged.known());
  EXPECT_EQ(judged.need().questions().size(), 3U);
}

TEST(ArcChain, the_place_of_the_fields_does_not_matter) {
  const auto message = sealed(std::string(text), "one.example", Outcome::none);
  const auto end = message.find("From:");
  const auto sets = message.substr(0, end);
  EXPECT_EQ(judge("From: joe@example.com\r\n" + sets + "Subject: s\r\n\r\nbody \r\n").outcome, Outcome::pass);
}

// RFC 8617#5.2: only the newest message signature must hold.
TEST(ArcChain, oldest_pass_names_the_first_instance_after_a_change) {
  const auto one = sealed(std::string(text), "one.example", Outcome::none);
  const auto changed = replaced(one, "Subject: s", "Subject: [list] s");
  const auto result = judge(sealed(changed, "two.example", Outcome::pass));
  EXPECT_EQ(result.outcome, Outcome::pass) << result.reason;
  EXPECT_EQ(result.oldest_pass, 2U);
}

TEST(ArcChain, a_change_after_the_last_seal_fails) {
  EXPECT_EQ(judge(chain_of_three() + "more\r\n").outcome, Outcome::fail);
  EXPECT_EQ(judge(replaced(chain_of_three(), "Subject: s", "Subject: t")).outcome, Outcome::fail);
  EXPECT_EQ(judge(replaced(chain_of_three(), "i=1; one.example; spf=pass", "i=1; one.example; spf=fail")).outcome,
            Outcome::fail);
}

TEST(ArcChain, every_changed_octet_of_a_set_fails) {
  const auto message = sealed(std::string(text), "one.example", Outcome::none);
  const auto end = message.find("From:");
  for (std::size_t i = 0; i < end; ++i) {
    auto changed = message;
    changed[i] = static_cast<char>(changed[i] ^ 1);
    const auto chain = validate_message(changed);
    const auto judged = chain->judge(facts(), now);
    if (judged.known()) {
      EXPECT_NE(judged->outcome, Outcome::pass) << i << message.substr(i, 20);
    }
  }
}

TEST(ArcChain, gaps_and_duplicates_fail) {
  const auto two = sealed(sealed(std::string(text), "one.example", Outcome::none), "two.example", Outcome::pass);
  const auto without = [&](std::string_view name, std::size_t nth) {
    auto out = two;
    std::size_t at = out.find(name);
    for (; nth > 0; --nth) at = out.find(name, at + 1);
    auto end = out.find("\r\n", at) + 2;
    while (out[end] == ' ') end = out.find("\r\n", end) + 2;
    return out.erase(at, end - at);
  };
  for (const std::string_view name : {"ARC-Seal:", "ARC-Message-Signature:", "ARC-Authentication-Results:"})
    for (const std::size_t nth : {0U, 1U}) EXPECT_EQ(judge(without(name, nth)).outcome, Outcome::fail) << name << nth;
  EXPECT_EQ(judge("ARC-Authentication-Results: i=1; x\r\n" + two).outcome, Outcome::fail);
  EXPECT_EQ(judge("ARC-Authentication-Results: i=4; x\r\n" + two).outcome, Outcome::fail);
}

// RFC 8617#4.2.1
TEST(ArcChain, instances_are_plain_numbers_from_1_to_50) {
  EXPECT_EQ(instance_of("1"), 1U);
  EXPECT_EQ(instance_of("50"), 50U);
  for (const std::string_view bad : {"", "0", "51", "01", "+1", "-1", "1.0", "0x1", " 1", "1 ", "100", "999999999999"})
    EXPECT_EQ(instance_of(bad), 0U) << bad;
}

TEST(ArcChain, a_key_that_cannot_be_looked_up_is_a_failure_that_may_pass_later) {
  const auto message = sealed(std::string(text), "one.example", Outcome::none);
  const auto result = judge(message, status_fact("s._domainkey.one.example", AnswerStatus::timed_out));
  EXPECT_EQ(result.outcome, Outcome::fail);
  EXPECT_TRUE(result.temporary);
  EXPECT_FALSE(judge(message, status_fact("s._domainkey.one.example", AnswerStatus::no_such_name)).temporary);
}

TEST(ArcChain, any_split_of_the_body_gives_the_same_result) {
  const auto message = chain_of_three();
  const auto header = message::HeaderSection::parse(message);
  const auto body = std::string_view(message).substr(header->body_offset());
  for (std::size_t cut = 0; cut <= body.size(); ++cut) {
    Validator validator(*header);
    validator.feed(body.substr(0, cut));
    validator.feed(body.substr(cut));
    EXPECT_EQ(std::move(validator).finish().judge(facts(), now)->outcome, Outcome::pass) << cut;
  }
}

/// A message with one set whose tags we never write: of the message signature without bh=, of the seal without cv=.
std::string set_by_hand(const std::string& message_tags, const std::string& seal_tags,
                        const std::string& results = "i=1; one.example; none") {
  constexpr auto relaxed = dkim::Canonicalization::relaxed;
  const auto aar = "ARC-Authentication-Results: " + results + "\r\n";
  const auto header = message::HeaderSection::parse(text);
  std::string covered;
  dkim::FieldPicker(*header).append(relaxed, {"From"}, covered);
  const auto ams =
      signed_field("ARC-Message-Signature: i=1; a=ed25519-sha256; c=relaxed/relaxed; d=one.example; s=s; bh=" +
                       base64_hash("body\r\n") + "; " + message_tags + "b=",
                   covered, relaxed);
  const auto set = aar + ams;
  const auto above = message::HeaderSection::parse(set);
  covered.clear();
  for (const auto& field : above->fields()) dkim::append_canonical(relaxed, field, covered);
  return signed_field("ARC-Seal: i=1; a=ed25519-sha256; d=one.example; s=s; " + seal_tags + "b=", covered, relaxed) +
         ams + aar + std::string(text);
}

// RFC 8617#4.1.2 takes x= from RFC 6376#3.5.
TEST(ArcChain, an_expired_message_signature_fails) {
  const auto message = set_by_hand("h=From; t=1795456000; x=1795456400; ", "cv=none; ");
  const auto at = [&](std::int64_t when) { return validate_message(message)->judge(facts(), WallTime(seconds(when))); };
  EXPECT_EQ(at(1795456400)->outcome, Outcome::pass) << at(1795456400)->reason;
  EXPECT_EQ(at(1795456401)->outcome, Outcome::fail);
  EXPECT_TRUE(at(1795456401)->reason.contains("expired")) << at(1795456401)->reason;
}

TEST(ArcChain, an_expired_message_signature_below_the_newest_only_moves_oldest_pass) {
  const auto two =
      sealed(set_by_hand("h=From; t=1795456000; x=1795456400; ", "cv=none; "), "two.example", Outcome::pass);
  const auto at = [&](std::int64_t when) { return validate_message(two)->judge(facts(), WallTime(seconds(when))); };
  EXPECT_EQ(at(1795456400)->outcome, Outcome::pass) << at(1795456400)->reason;
  EXPECT_EQ(at(1795456400)->oldest_pass, 0U);
  EXPECT_EQ(at(1795456401)->outcome, Outcome::pass) << at(1795456401)->reason;
  EXPECT_EQ(at(1795456401)->oldest_pass, 2U);
}

// RFC 8617#4.1.2 and RFC 8617#4.1.3
TEST(ArcChain, tags_that_a_set_must_or_must_not_have) {
  EXPECT_EQ(judge(set_by_hand("h=From; ", "cv=none; ")).outcome, Outcome::pass);
  EXPECT_EQ(judge(set_by_hand("h=From; ", "cv=NONE; ")).outcome, Outcome::pass);
  EXPECT_EQ(judge(set_by_hand("h=From; ", "cv=none; h=From; ")).outcome, Outcome::fail);
  EXPECT_EQ(judge(set_by_hand("h=Subject; ", "cv=none; ")).outcome, Outcome::fail);
  EXPECT_EQ(judge(set_by_hand("h=From:ARC-Seal; ", "cv=none; ")).outcome, Outcome::fail);
  EXPECT_EQ(judge(set_by_hand("h=From; ", "cv=pass; ")).outcome, Outcome::fail);
  EXPECT_EQ(judge(set_by_hand("h=From; ", "")).outcome, Outcome::fail);
}

TEST(ArcChain, a_tag_given_twice_fails) {
  EXPECT_EQ(judge(set_by_hand("h=From; h=From; ", "cv=none; ")).outcome, Outcome::fail);
  EXPECT_EQ(judge(set_by_hand("h=From; ", "cv=none; cv=none; ")).outcome, Outcome::fail);
  EXPECT_EQ(judge(set_by_hand("h=From; i=1; ", "cv=none; ")).outcome, Outcome::fail);
}

TEST(ArcChain, the_instance_stands_first_in_the_results) {
  EXPECT_EQ(judge(set_by_hand("h=From; ", "cv=none; ", "one.example; none; i=1")).outcome, Outcome::fail);
  EXPECT_EQ(judge(set_by_hand("h=From; ", "cv=none; ", "i=0x1; one.example; none")).outcome, Outcome::fail);
}

TEST(ArcChain, a_loop_of_aliases_at_a_key_may_pass_later) {
  const auto message = sealed(std::string(text), "one.example", Outcome::none);
  const ZoneFacts loop(dns::parse_zone("s._domainkey.one.example. CNAME x.one.example.\n"
                                       "x.one.example. CNAME s._domainkey.one.example.\n")
                           .value());
  const auto chain = validate_message(message);
  EXPECT_TRUE(settle_with(loop, [&](const Facts& known) { return chain->judge(known, now); }).temporary);
}

// RFC 8617#5.1.2
TEST(ArcSealer, a_broken_chain_is_sealed_once_and_then_ended) {
  const auto broken = replaced(chain_of_three(), "Subject: s", "Subject: t");
  const auto once = sealed(broken, "one.example", Outcome::fail);
  const auto result = judge(once);
  EXPECT_EQ(result.outcome, Outcome::fail);
  EXPECT_TRUE(result.ended);
  EXPECT_FALSE(fields(once, "two.example", Outcome::fail));
}

TEST(ArcSealer, refuses_a_status_that_cannot_be) {
  EXPECT_FALSE(fields(std::string(text), "one.example", Outcome::pass));
  EXPECT_FALSE(fields(sealed(std::string(text), "one.example", Outcome::none), "two.example", Outcome::none));
  EXPECT_FALSE(fields("Subject: no From\r\n\r\n", "one.example", Outcome::none));
}

// RFC 8617#4.1.2
TEST(ArcSealer, signs_from_and_no_field_of_a_set) {
  const auto header = message::HeaderSection::parse(text);
  const auto seals = [&](std::vector<std::string> names) {
    Sealer with;
    return with
        .finish(*header, key("one.example"), {.authentication_results = "one.example; none", .names = std::move(names)},
                now)
        .has_value();
  };
  EXPECT_TRUE(seals({"from", "subject", "from"}));
  for (const std::string bad : {"arc-seal", "ARC-Message-Signature", "Arc-Authentication-Results", "", "a b", "x;d=y"})
    EXPECT_FALSE(seals({"From", bad})) << bad;
  EXPECT_FALSE(seals({"subject"}));
}

TEST(ArcSealer, results_cannot_add_fields) {
  const auto header = message::HeaderSection::parse(text);
  Sealer with;
  EXPECT_FALSE(with.finish(*header, key("one.example"), {.authentication_results = "a; spf=pass\r\nBcc: x"}, now));
}

TEST(ArcSealer, fifty_sets_are_the_most) {
  auto message = sealed(std::string(text), "one.example", Outcome::none);
  for (unsigned i = 2; i <= max_sets; ++i) message = sealed(message, "two.example", Outcome::pass);
  EXPECT_EQ(judge(message).outcome, Outcome::pass);
  EXPECT_FALSE(fields(message, "two.example", Outcome::pass));
}

}  // namespace
}  // namespace ptarmigan::arc
