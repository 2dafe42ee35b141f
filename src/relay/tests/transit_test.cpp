// relay/tests/transit_test.cpp - rescue, waiting and failing of one recipient group, route by route.
#include "relay/transit.hpp"

#include <gtest/gtest.h>

namespace ptarmigan::relay {
namespace {

using smtp::Stage;
using smtp::client::Answer;
using smtp::client::Transaction;

constexpr Moment at(int second) {
  return {WallTime(seconds(1'800'000'000 + second)), SteadyTime(seconds(second))};
}

constexpr std::string_view ipv6_refusal =
    "550-5.7.1 [2001:db8::1] Our system has detected that this message does\r\n"
    "550-5.7.1 not meet IPv6 sending guidelines regarding PTR records and\r\n"
    "550-5.7.1 authentication. For more information, go to\r\n"
    "550-5.7.1  https://support.google.com/mail/?p=IPv6AuthError\r\n"
    "550 5.7.1 . a1-2002 - gsmtp";

Transit transit(std::vector<std::string> recipients = {"a@gmail.com"}) {
  spool::MessageRecord message;
  message.id = QueueId(7);
  message.mail_from = "news@example.com";
  message.accepted_at = at(0).wall;
  spool::GroupRecord group;
  group.message = message.id;
  group.domain = "gmail.com";
  group.created = at(0).wall;
  for (auto& address : recipients) group.recipients.push_back({.address = address, .notify = {}, .orcpt = {}});
  return {message, group, std::make_shared<const std::string>("From: news@example.com\r\n\r\nx\r\n"), at(0)};
}

route::Candidate candidate(std::string_view address) {
  route::Candidate out;
  out.route.id = address;
  out.route.source = route::SourceAddress{"main", IpAddress::parse(address).value(), dns::name("mail.example.com")};
  return out;
}

const route::Site gmail{"gmail", nullptr};

Transaction answers(std::vector<std::string_view> replies, Stage stage = Stage::end_of_data) {
  Transaction out;
  for (const auto reply : replies)
    out.recipients.push_back({.stage = stage, .reply = smtp::Reply::parse(reply).value(), .problem = {}});
  return out;
}

Transit::Learnt take(Transit& on, const route::Candidate& over, const Transaction& transaction) {
  return on.take(transaction, over, gmail, {}, on.begin_attempt(over, gmail, "{}", at(1)), at(2));
}

constexpr route::RetryPolicy policy{milliseconds(1000), milliseconds(8000), milliseconds(60'000)};

TEST(Transit, the_senders_wishes_for_reports_go_to_the_next_hop) {
  spool::MessageRecord message;
  message.mail_from = "news@example.com";
  message.ret = spool::Ret::headers;
  message.envid = "QQ+2B314";
  spool::GroupRecord group;
  group.recipients = {
      {.address = "a@gmail.com", .notify = {.success = true, .delay = true}, .orcpt = "rfc822;a+2Bb@example.com"},
      {.address = "b@gmail.com", .notify = {.never = true}, .orcpt = {}},
      {.address = "c@gmail.com", .notify = {}, .orcpt = {}}};
  const Transit on(message, group, std::make_shared<const std::string>("From: news@example.com\r\n\r\nx\r\n"), at(0));
  const auto envelope = on.envelope();
  EXPECT_EQ(envelope.parameters.ret, smtp::Ret::hdrs);
  EXPECT_EQ(envelope.parameters.envelope_id, "QQ+314");
  ASSERT_EQ(envelope.recipients.size(), 3U);
  EXPECT_EQ(envelope.recipients[0].notify, (smtp::Notify{.success = true, .failure = false, .delay = true}));
  EXPECT_EQ(envelope.recipients[0].original, (smtp::OriginalRecipient{.type = "rfc822", .address = "a+b@example.com"}));
  EXPECT_EQ(envelope.recipients[1].notify, smtp::Notify{}) << "NEVER";
  EXPECT_FALSE(envelope.recipients[2].notify);
}

TEST(Transit, verp_names_the_recipient_in_the_reverse_path_and_in_the_notice) {
  spool::MessageRecord message;
  message.id = QueueId(7);
  message.mail_from = "news@example.com";
  message.verp = true;
  spool::GroupRecord group;
  group.recipients = {{.address = "a@gmail.com", .notify = {}, .orcpt = {}}};
  const auto octets = std::make_shared<const std::string>("From: news@example.com\r\n\r\nx\r\n");
  Transit on(message, group, octets, at(0));
  EXPECT_EQ(on.envelope().mail_from.mailbox->text(), "news+a=gmail.com@example.com");
  take(on, candidate("192.0.2.1"), answers({"550 5.1.1 no such user"}, Stage::rcpt));
  ASSERT_EQ(on.failed().size(), 1U);
  const std::vector<NoticedRecipient> failed(on.failed().begin(), on.failed().end());
  const auto told = notice(reports::Action::failed, message, group, failed, *octets, QueueId(8), at(1).wall,
                           dns::name("mail.example.com"));
  ASSERT_TRUE(told);
  EXPECT_EQ(told->groups.front().recipients.front().address, "news+a=gmail.com@example.com");
}

TEST(Transit, a_site_that_does_not_answer_is_waited_for_without_another_connection) {
  auto on = transit();
  route::Plan plan;
  plan.order = {candidate("2001:db8::1"), candidate("192.0.2.1")};
  on.route_is_silent(plan.order[0], gmail, "timed out");
  on.route_is_silent(plan.order[1], gmail, "refused");
  EXPECT_TRUE(on.unchanged());
  on.no_route_left(plan);
  on.decide_retry(policy, at(0), at(1), 0);
  ASSERT_TRUE(on.next_attempt());
  EXPECT_TRUE(on.failed().empty());
  EXPECT_EQ(on.group().cause, "site");
  EXPECT_EQ(on.group().last_reply,
            "not tried, because nobody answered a moment ago: 2001:db8::1: timed out; 192.0.2.1: refused");
  EXPECT_EQ(on.group().attempts, 1U) << "it comes nearer to its end as if it had been tried";
}

TEST(Transit, who_asked_for_success_is_told_where_the_next_hop_tells_nobody) {
  spool::MessageRecord message;
  message.mail_from = "news@example.com";
  message.ret = spool::Ret::full;
  message.envid = "QQ314";
  spool::GroupRecord group;
  group.recipients = {{.address = "a@gmail.com", .notify = {.success = true}, .orcpt = "rfc822;first@example.com"},
                      {.address = "b@gmail.com", .notify = {}, .orcpt = {}}};
  const auto octets = std::make_shared<const std::string>("From: news@example.com\r\n\r\nsecret body\r\n");
  const auto over = candidate("192.0.2.1");
  Transit reported(message, group, octets, at(0));
  take(reported, over, answers({"250 2.6.0 Ok", "250 Ok"}));
  EXPECT_TRUE(reported.relayed().empty());
  Transit on(message, group, octets, at(0));
  on.take(answers({"250 2.6.0 Ok", "250 Ok"}), over, gmail, {}, on.begin_attempt(over, gmail, "{}", at(1)), at(2),
          Transit::Reports::by_us);
  ASSERT_EQ(on.relayed().size(), 1U);
  const auto made = notice(reports::Action::relayed, on.message(), on.group(), on.relayed(), *octets, QueueId(9),
                           at(3).wall, dns::name("mail.example.com"));
  ASSERT_TRUE(made);
  EXPECT_EQ(made->message.mail_from, "") << "a notice about a notice is never made";
  EXPECT_EQ(made->groups.at(0).recipients.at(0).address, "news@example.com");
  for (const auto* const line :
       {"\r\nAction: relayed\r\n", "\r\nStatus: 2.6.0\r\n", "Original-Envelope-Id: QQ314",
        "Original-Recipient: rfc822; first@example.com", "Final-Recipient: rfc822; a@gmail.com"})
    EXPECT_NE(made->octets.find(line), std::string::npos) << line << "\n" << made->octets;
  EXPECT_EQ(made->octets.find("secret body"), std::string::npos) << "RET=FULL is about failures";
  auto from_nobody = on.message();
  from_nobody.mail_from = "";
  EXPECT_FALSE(notice(reports::Action::relayed, from_nobody, on.group(), on.relayed(), *octets, QueueId(9), at(3).wall,
                      dns::name("mail.example.com")));
}

TEST(Transit, a_delay_is_told_once_to_those_who_want_to_know) {
  const auto late = [](Transit& on, int second) {
    take(on, candidate("192.0.2.1"), answers({"451 4.3.0 later", "451 4.3.0 later", "451 4.3.0 later"}));
    on.decide_retry(policy, at(0), at(second), 0);
    on.decide_delay(milliseconds(10'000), policy.lifetime, at(0), at(second));
  };
  auto on = transit({"a@gmail.com", "b@gmail.com", "c@gmail.com"});
  late(on, 9);
  EXPECT_TRUE(on.delayed().empty()) << "not yet";
  auto group = on.group();
  EXPECT_FALSE(group.delay_notified);
  group.recipients[1].notify = {.failure = true};
  group.recipients[2].notify = {.never = true};
  Transit again(on.message(), group, on.octets(), at(11));
  late(again, 11);
  ASSERT_EQ(again.delayed().size(), 3U);
  EXPECT_TRUE(again.group().delay_notified);
  const auto made = notice(reports::Action::delayed, again.message(), again.group(), again.delayed(), *again.octets(),
                           QueueId(9), at(11).wall, dns::name("mail.example.com"));
  ASSERT_TRUE(made);
  EXPECT_NE(made->octets.find("a@gmail.com"), std::string::npos);
  EXPECT_NE(made->octets.find("\r\nAction: delayed\r\n"), std::string::npos);
  EXPECT_NE(made->octets.find("\r\nWill-Retry-Until: "), std::string::npos);
  EXPECT_EQ(made->octets.find("b@gmail.com"), std::string::npos);
  EXPECT_EQ(made->octets.find("c@gmail.com"), std::string::npos);
  Transit third(again.message(), again.group(), again.octets(), at(20));
  late(third, 20);
  EXPECT_TRUE(third.delayed().empty()) << "once";
}

TEST(Transit, a_clock_that_is_set_forward_makes_nobody_late) {
  auto on = transit({"a@gmail.com"});
  take(on, candidate("192.0.2.1"), answers({"451 4.3.0 later"}));
  auto now = at(9);
  now.wall += std::chrono::hours(24 * 365);
  on.decide_retry(policy, at(0), now, 0);
  on.decide_delay(milliseconds(10'000), policy.lifetime, at(0), now);
  EXPECT_TRUE(on.delayed().empty());
  EXPECT_FALSE(on.group().delay_notified);
  now.steady += std::chrono::seconds(1);
  on.decide_delay(milliseconds(10'000), policy.lifetime, at(0), now);
  ASSERT_EQ(on.delayed().size(), 1U);
  EXPECT_EQ(on.delayed()[0].retry_until, now.wall + policy.lifetime - milliseconds(10'000)) << "as the clock now says";
}

TEST(Transit, a_refusal_of_the_address_is_rescued_over_the_next_route) {
  auto on = transit();
  const auto learnt = take(on, candidate("2001:db8::1"), answers({ipv6_refusal}));
  ASSERT_TRUE(learnt.refusal);
  EXPECT_EQ(learnt.cause, smtp::Cause::sending_address);
  EXPECT_FALSE(on.settled());
  EXPECT_TRUE(on.refused_routes().contains("2001:db8::1"));
  EXPECT_TRUE(take(on, candidate("192.0.2.1"), answers({"250 2.0.0 OK"})).accepted);
  EXPECT_TRUE(on.settled());
  on.decide_retry(policy, at(0), at(3), 0);
  EXPECT_FALSE(on.next_attempt());
  EXPECT_TRUE(on.failed().empty()) << "nothing bounces";
  const auto records = on.take_records();
  ASSERT_EQ(records.size(), 2U);
  EXPECT_EQ(records[0].outcome, store::Outcome::rescued);
  EXPECT_EQ(records[1].outcome, store::Outcome::delivered);
}

TEST(Transit, when_every_route_refused_the_notice_tells_the_first_refusal) {
  auto on = transit();
  take(on, candidate("2001:db8::1"), answers({ipv6_refusal}));
  take(on, candidate("192.0.2.1"),
       answers({"550 5.7.25 The IP address sending this message does not have a PTR record setup"}));
  on.no_route_left({});
  on.decide_retry(policy, at(0), at(3), 0);
  EXPECT_FALSE(on.next_attempt());
  ASSERT_EQ(on.failed().size(), 1U);
  EXPECT_EQ(on.failed()[0].status, "5.7.25");
  ASSERT_TRUE(on.group().first_refusal);
  EXPECT_EQ(on.group().first_refusal->route, "2001:db8::1");
  EXPECT_NE(on.group().first_refusal->reply.find("IPv6AuthError"), std::string::npos);
}

TEST(Transit, while_a_better_route_is_only_down_the_message_waits) {
  auto on = transit();
  take(on, candidate("2001:db8::1"), answers({ipv6_refusal}));
  auto down = on.everyone({.stage = Stage::connect, .reply = {}, .problem = smtp::Problem::timed_out});
  take(on, candidate("192.0.2.1"), down);
  EXPECT_TRUE(on.better_route_is_down());
  on.no_route_left({});
  on.decide_retry(policy, at(0), at(3), 1000);
  EXPECT_TRUE(on.failed().empty());
  EXPECT_EQ(on.next_attempt(), milliseconds(1000));
  EXPECT_EQ(on.take_records().back().outcome, store::Outcome::deferred);
}

TEST(Transit, recipients_go_their_own_ways) {
  auto on = transit({"a@gmail.com", "unknown@gmail.com", "full@gmail.com"});
  take(on, candidate("192.0.2.1"),
       answers({"250 2.0.0 OK", "550 5.1.1 The email account that you tried to reach does not exist",
                "452 4.2.2 The recipient's inbox is out of storage space"}));
  EXPECT_TRUE(on.settled());
  on.decide_retry(policy, at(0), at(3), 1000);
  ASSERT_EQ(on.failed().size(), 1U);
  EXPECT_EQ(on.failed()[0].recipient.address, "unknown@gmail.com");
  ASSERT_EQ(on.group().recipients.size(), 1U);
  EXPECT_EQ(on.group().recipients[0].address, "full@gmail.com");
  EXPECT_TRUE(on.next_attempt());
}

TEST(Transit, an_unknown_recipient_is_not_tried_over_other_routes) {
  auto on = transit();
  take(on, candidate("2001:db8::1"),
       answers({"550 5.1.1 The email account that you tried to reach does not exist"}, Stage::rcpt));
  EXPECT_TRUE(on.settled());
  EXPECT_TRUE(on.refused_routes().empty());
}

TEST(Transit, a_lost_answer_to_the_whole_message_waits_and_is_not_sent_twice_at_once) {
  auto on = transit();
  auto lost = on.everyone({.stage = Stage::end_of_data, .reply = {}, .problem = smtp::Problem::closed});
  lost.uncertain = true;
  take(on, candidate("2001:db8::1"), lost);
  EXPECT_TRUE(on.settled());
  on.decide_retry(policy, at(0), at(3), 1000);
  EXPECT_TRUE(on.next_attempt());
}

TEST(Transit, what_is_too_old_fails_with_the_last_word) {
  auto on = transit();
  take(on, candidate("192.0.2.1"),
       answers({"450 4.2.1 The user you are trying to contact is receiving mail too quickly"}));
  on.decide_retry(policy, at(0), at(61), 0);
  EXPECT_FALSE(on.next_attempt());
  ASSERT_EQ(on.failed().size(), 1U);
  EXPECT_EQ(on.failed()[0].status, "5.4.7");
  EXPECT_NE(on.failed()[0].reply.find("too quickly"), std::string::npos);
}

TEST(Transit, what_waits_is_kept_with_its_site_and_cause) {
  auto on = transit();
  take(on, candidate("192.0.2.1"), answers({"421 4.7.28 Our system has detected an unusual rate of mail"}));
  EXPECT_EQ(on.group().site, "gmail");
  EXPECT_EQ(on.group().cause, "rate");
}

TEST(Transit, a_domain_that_takes_no_mail_fails_at_once) {
  auto on = transit();
  on.undeliverable({.status = route::Destination::Status::null_mx, .site = {}, .targets = {}, .why = "null MX"});
  on.decide_retry(policy, at(0), at(1), 0);
  ASSERT_EQ(on.failed().size(), 1U);
  EXPECT_EQ(on.failed()[0].status, "5.1.10");
}

TEST(Transit, a_dns_failure_waits) {
  auto on = transit();
  on.undeliverable({.status = route::Destination::Status::try_later, .site = {}, .targets = {}, .why = "timed out"});
  on.decide_retry(policy, at(0), at(1), 0);
  EXPECT_TRUE(on.next_attempt());
}

}  // namespace
}  // namespace ptarmigan::relay
