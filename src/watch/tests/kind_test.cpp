// watch/tests/kind_test.cpp - what refusals are about; replies' shapes. The replies are those that receivers document.
#include "watch/kind.hpp"

#include <gtest/gtest.h>

#include "rulebook/registry.hpp"

namespace ptarmigan::watch {
namespace {

TEST(KindOf, every_rule_of_the_rulebook_has_one) {
  for (const auto& receiver : rulebook::receivers())
    for (const auto& rule : receiver.rules)
      EXPECT_NE(kind_of({.rule_id = rule.id, .cause = "", .reply_code = 550, .enhanced_status = "", .reply_text = ""}),
                Kind::unknown)
          << rule.id;
}

TEST(KindOf, rules_tell_finer_than_causes) {
  const auto of = [](std::string_view rule) {
    return kind_of(
        {.rule_id = rule, .cause = "sending_address", .reply_code = 550, .enhanced_status = "5.7.1", .reply_text = ""});
  };
  EXPECT_EQ(of("gmail.ptr"), Kind::ptr);
  EXPECT_EQ(of("gmail.bulk-alignment"), Kind::alignment);
  EXPECT_EQ(of("gmail.ip-reputation"), Kind::reputation);
  EXPECT_EQ(of("outlook.block-list"), Kind::listing);
  EXPECT_EQ(of("exchange-online.ipv6-authentication"), Kind::authentication);
  EXPECT_EQ(of("gmx.ehlo-is-ptr"), Kind::ptr);
}

TEST(KindOf, without_a_rule_words_and_codes_tell) {
  const auto of = [](int code, std::string_view enhanced, std::string_view cause, std::string_view text) {
    return to_string(
        kind_of({.rule_id = "", .cause = cause, .reply_code = code, .enhanced_status = enhanced, .reply_text = text}));
  };
  // RFC 7372#3.
  EXPECT_EQ(of(550, "5.7.25", "sending_address", "Reverse DNS validation failed"), "ptr");
  EXPECT_EQ(of(550, "5.7.23", "sender_authentication", "SPF validation failed"), "spf");
  EXPECT_EQ(of(550, "5.1.1", "recipient", "User unknown; listed nowhere"), "recipient");
  EXPECT_EQ(of(452, "4.2.2", "recipient", "Mailbox full"), "mailbox");
  EXPECT_EQ(of(554, "5.7.1", "sending_address", "Client host blocked using zen.spamhaus.org"), "listing");
  EXPECT_EQ(of(421, "4.7.0", "rate", "Too many connections"), "rate");
  EXPECT_EQ(of(0, "", "site", "connection timed out"), "connection");
  EXPECT_EQ(of(451, "", "site", "local error in processing"), "site");
  EXPECT_EQ(of(550, "", "unknown", "computer says no"), "unknown");
}

TEST(KindWords, come_back) {
  EXPECT_EQ(kind_of_word("sender_domain"), Kind::sender_domain);
  EXPECT_EQ(kind_of_word("nonsense"), Kind::unknown);
  EXPECT_EQ(words_of(Kind::ptr), "no valid reverse DNS (PTR)");
}

TEST(ReplyShape, is_the_same_for_every_message) {
  EXPECT_EQ(reply_shape("550-5.7.1 [2001:db8::1      12] Our system has detected\n550 5.7.1 authentication. "
                        "98e67ed59e1d1-2ea3a4 - gsmtp"),
            "[<ip> #] our system has detected authentication. <id> - gsmtp");
  EXPECT_EQ(reply_shape("<someone@example.net>: Recipient address rejected"),
            "<<address>>: recipient address rejected");
  EXPECT_EQ(reply_shape("Host 192.0.2.1 is listed."), reply_shape("Host 203.0.113.77 is listed."));
  EXPECT_LE(reply_shape(std::string(5000, 'a')).size(), max_shape);
}

}  // namespace
}  // namespace ptarmigan::watch
