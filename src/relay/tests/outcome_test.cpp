// relay/tests/outcome_test.cpp - which replies end a message, which go on over another route, which wait.
#include "relay/outcome.hpp"

#include <gtest/gtest.h>

namespace ptarmigan::relay {
namespace {

using smtp::Stage;

Outcome of(std::string_view reply, Stage stage) {
  return outcome_of({.stage = stage, .reply = smtp::Reply::parse(reply).value(), .problem = {}}, false);
}

TEST(Outcome, a_refusal_of_the_address_goes_on_over_the_next_route) {
  const auto outcome =
      of("550-5.7.1 [2001:db8::1] Our system has detected that this message does\r\n550-5.7.1 not meet IPv6 sending "
         "guidelines regarding PTR records and\r\n550-5.7.1 authentication. For more information, go to\r\n550 5.7.1  "
         "https://support.google.com/mail/?p=IPv6AuthError x - gsmtp",
         Stage::end_of_data);
  EXPECT_EQ(outcome.fate, Fate::next_route);
  EXPECT_TRUE(outcome.permanent);
  EXPECT_TRUE(outcome.blames_route);
}

TEST(Outcome, an_unknown_recipient_ends_it) {
  EXPECT_EQ(of("550 5.1.1 The email account that you tried to reach does not exist.", Stage::rcpt).fate, Fate::failed);
}

TEST(Outcome, a_full_mailbox_and_a_busy_site_wait) {
  EXPECT_EQ(of("452 4.2.2 The recipient's inbox is out of storage space.", Stage::rcpt).fate, Fate::wait);
  EXPECT_EQ(of("421 4.3.0 Temporary System Problem. Try again later", Stage::connect).fate, Fate::wait);
}

TEST(Outcome, a_temporary_refusal_of_the_address_does_not_wait) {
  const auto outcome =
      of("421 4.7.0 The IP address sending this message does not have a PTR record setup.", Stage::end_of_data);
  EXPECT_EQ(outcome.fate, Fate::next_route);
  EXPECT_FALSE(outcome.permanent);
}

TEST(Outcome, a_lost_connection_tries_another_route_unless_the_message_may_have_arrived) {
  const smtp::client::Answer lost{.stage = Stage::end_of_data, .reply = {}, .problem = smtp::Problem::closed};
  EXPECT_EQ(outcome_of(lost, false).fate, Fate::next_route);
  EXPECT_FALSE(outcome_of(lost, false).permanent);
  EXPECT_EQ(outcome_of(lost, true).fate, Fate::wait);
}

TEST(Outcome, acceptance_is_delivery) {
  EXPECT_EQ(of("250 2.0.0 OK", Stage::end_of_data).fate, Fate::delivered);
}

TEST(Outcome, a_relay_that_refuses_the_password_never_makes_a_bounce) {
  const smtp::client::Answer refused{.stage = smtp::Stage::auth,
                                     .reply = smtp::Reply::parse("535 5.7.8 Authentication failed").value(),
                                     .problem = {}};
  const auto outcome = outcome_of(refused, false);
  EXPECT_EQ(outcome.fate, Fate::next_route);
  EXPECT_FALSE(outcome.permanent);
  EXPECT_FALSE(outcome.blames_route);
}

}  // namespace
}  // namespace ptarmigan::relay
