// adapt/tests/gate_test.cpp - what the gate answers to Postfix and Exim.
#include "adapt/gate.hpp"

#include <gtest/gtest.h>

#include "adapt/reply_filter.hpp"

namespace ptarmigan::adapt {
namespace {

using mta::Protocol;

constexpr SteadyTime now{milliseconds(1'000'000)};

class GateTest : public testing::Test {
 protected:
  void close(std::map<std::string, bool> has_ipv4 = {}) {
    gate_.set(std::make_shared<Closed>(Closed{{{"gmail", "no PTR"}}, std::move(has_ipv4)}));
  }
  std::optional<std::string> dns(const std::string& record) {
    return gate_.answer(Protocol::socketmap, {"dns", record}, now);
  }
  std::optional<std::string> dsn(const std::string& status) {
    return gate_.answer(Protocol::socketmap, {"dsn", status}, now);
  }
  std::optional<std::string> line(const std::string& text) { return gate_.answer(Protocol::line, {"", text}, now); }
  Gate gate_;
};

const std::string a = "gmail-smtp-in.l.google.com. 60 IN A 203.0.113.25";
const std::string aaaa = "gmail-smtp-in.l.google.com. 60 IN AAAA 2001:db8:feed::25";
const std::string refusal =
    "5.7.1 host gmail-smtp-in.l.google.com[2001:db8:feed::25] said: 550-5.7.1 [2001:db8::1] Our system has detected "
    "that "
    "this message does 550-5.7.1 not meet IPv6 sending guidelines regarding PTR records and 550-5.7.1 authentication. "
    "550 "
    "5.7.1 . a1 - gsmtp (in reply to end of DATA command)";

TEST_F(GateTest, nothing_is_changed_where_nothing_is_closed) {
  EXPECT_FALSE(dns(a));
  EXPECT_FALSE(dns(aaaa));
  EXPECT_EQ(line("exim-ipv4-hosts gmail.com"), "");
}

TEST_F(GateTest, aaaa_of_a_closed_receiver_is_ignored_after_its_a_was_seen) {
  close();
  EXPECT_FALSE(dns("gmail.com. 60 IN MX 5 gmail-smtp-in.l.google.com."));
  EXPECT_FALSE(dns(a));
  EXPECT_EQ(dns(aaaa), "IGNORE");
  EXPECT_EQ(dns("Gmail-SMTP-in.L.google.com. 60 IN aaaa 2001:db8:feed::25"), "IGNORE");
  EXPECT_FALSE(dns("mx.other.test. 60 IN AAAA 2001:db8:feed::25"));
}

TEST_F(GateTest, a_host_without_known_a_is_never_closed_but_asked_about) {
  close();
  EXPECT_FALSE(dns("v6mx.google.com. 60 IN AAAA 2001:db8:feed::25"));
  const auto notices = gate_.take_notices();
  ASSERT_EQ(notices.size(), 1U);
  EXPECT_EQ(notices[0].kind, Notice::Kind::ask_host);
  EXPECT_EQ(notices[0].host, "v6mx.google.com");
  close({{"v6mx.google.com", false}, {"alt1.google.com", true}});
  EXPECT_FALSE(dns("v6mx.google.com. 60 IN AAAA 2001:db8:feed::25"));
  EXPECT_EQ(dns("alt1.google.com. 60 IN AAAA 2001:db8:feed::25"), "IGNORE");
}

TEST_F(GateTest, an_a_record_is_forgotten_when_its_time_is_over) {
  close();
  dns(a);
  EXPECT_TRUE(gate_.answer(Protocol::socketmap, {"dns", aaaa}, now + milliseconds(59'000)));
  EXPECT_FALSE(gate_.answer(Protocol::socketmap, {"dns", aaaa}, now + milliseconds(61'000)));
}

TEST_F(GateTest, refusal_of_the_ipv6_address_waits_where_ipv4_is_there_and_is_told) {
  dns(a);
  const auto found = dsn(refusal);
  ASSERT_TRUE(found);
  EXPECT_TRUE(found->starts_with("4.7.1 IPv6 refused")) << *found;
  const auto notices = gate_.take_notices();
  ASSERT_EQ(notices.size(), 1U);
  EXPECT_EQ(notices[0].kind, Notice::Kind::refused);
}

TEST_F(GateTest, other_ends_of_a_delivery_stay_as_they_are) {
  dns(a);
  EXPECT_FALSE(dsn("2.0.0 250 2.0.0 OK gsmtp"));
  EXPECT_FALSE(
      dsn("5.1.1 host gmail-smtp-in.l.google.com[2001:db8:feed::25] said: 550-5.1.1 The email account that you "
          "tried to reach does not exist 550 5.1.1 - gsmtp (in reply to RCPT TO command)"));
  EXPECT_FALSE(
      dsn("5.7.1 host gmail-smtp-in.l.google.com[203.0.113.25] said: 550-5.7.25 [192.0.2.1] The IP address "
          "sending this message does not have a PTR record 550 5.7.25 a - gsmtp (in reply to end of DATA command)"))
      << "over IPv4 there is no other way";
}

TEST_F(GateTest, refusal_by_a_host_without_ipv4_bounces) {
  EXPECT_FALSE(dsn(refusal));
}

TEST_F(GateTest, exim_gets_a_list_of_hosts_with_exceptions_in_front) {
  close({{"v6mx.google.com", false}});
  const auto list = line("exim-ipv4-hosts gmail.com");
  ASSERT_TRUE(list);
  EXPECT_TRUE(list->starts_with("!v6mx.google.com : ")) << *list;
  EXPECT_NE(list->find("*.google.com"), std::string::npos) << *list;
  EXPECT_EQ(list->find('\n'), std::string::npos);
}

TEST_F(GateTest, exims_answers_are_words_without_line_end) {
  close({{"alt1.google.com", true}});
  EXPECT_EQ(line("ipv4-only alt1.google.com."), "1");
  EXPECT_EQ(line("ipv4-only mx.other.test"), "0");
  EXPECT_FALSE(line("exim-refused gmail-smtp-in.l.google.com 2001:db8:feed::25 550 5.7.1 words"));
  EXPECT_EQ(gate_.take_notices().size(), 1U);
  EXPECT_FALSE(line("no such verb"));
}

constexpr std::string_view said_by_gmail[] = {
    "550-5.7.1 [2001:db8::1] Our system has detected that this message does",
    "550-5.7.1 not meet IPv6 sending guidelines regarding PTR records and",
    "550-5.7.1 authentication. For more information, go to",
    "550-5.7.1  https://support.google.com/mail/?p=IPv6AuthError",
};

TEST(ReplyFilter, the_bare_last_line_of_gmails_refusal_becomes_temporary) {
  ReplyFilter filter;
  for (int again = 0; again < 2; ++again) {
    for (const auto line : said_by_gmail) EXPECT_EQ(filter.answer(line), std::nullopt);
    EXPECT_EQ(filter.answer("550 5.7.1 . a1-20020 - gsmtp"), "450 4.7.1 . a1-20020 - gsmtp");
  }
  EXPECT_EQ(filter.answer("550 5.7.1 . a1-20020 - gsmtp"), std::nullopt);  // of another reply
}

TEST(ReplyFilter, other_replies_stay_as_they_are) {
  ReplyFilter filter;
  for (const std::string line : {"220 mx.example.net ESMTP", "250-SIZE 100", "250 OK", "550 5.1.1 no such user",
                                 "550 5.7.1 [192.0.2.1] blocked", "", "5", "550", "550-"})
    EXPECT_EQ(filter.answer(line), std::nullopt) << line;
}

TEST(ReplyFilter, a_host_without_ipv4_bounces) {
  ReplyFilter filter;
  filter.saw({"example.net", 60, "MX", "5 mx.example.net."});
  filter.saw({"mx.example.net", 60, "AAAA", "2001:db8:feed::25"});
  for (const auto line : said_by_gmail) EXPECT_EQ(filter.answer(line), std::nullopt);
  EXPECT_EQ(filter.answer("550 5.7.1 . a1-20020 - gsmtp"), std::nullopt);
}

TEST_F(GateTest, the_canary_is_closed_at_any_time) {
  const std::string canary(canary_host);
  EXPECT_EQ(dns(canary + ". 60 IN AAAA 2001:db8::1"), "IGNORE");
  EXPECT_EQ(dns(canary + ". 60 IN A 192.0.2.1"), std::nullopt);
  EXPECT_EQ(line("exim-ipv4-hosts " + canary), canary);
}

}  // namespace
}  // namespace ptarmigan::adapt
