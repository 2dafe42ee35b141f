// smtp/tests/failure_test.cpp - each reply that a receiver publishes or that was reported, with whose fault it names.
// Sources: [GE] Google help 3726730 as of 2026-02-15 (CC BY 4.0); [GR] reported Gmail replies, as in mailcow issue 800;
// [YE] Yahoo sender hub, SMTP error codes; [MT] Outlook.com postmaster troubleshooting; [MV6] Microsoft Learn, mail
// over IPv6; [MX] Microsoft Learn, NDR codes; [AP] Apple 102322; [SI] captures by Sisimai; [KU] captures by KumoMTA;
// [CC] Comcast postmaster; [SK] seeseekey.net on freenet; [GX] GMX postmaster; [TO] t-online postmaster; [PF] Postfix's
// own replies.
#include "smtp/failure.hpp"

#include <gtest/gtest.h>

namespace ptarmigan::smtp {
namespace {

constexpr auto recipient = Cause::recipient;
constexpr auto content = Cause::content;
constexpr auto auth = Cause::sender_authentication;
constexpr auto address = Cause::sending_address;
constexpr auto rate = Cause::rate;
constexpr auto site = Cause::site;
constexpr auto protocol = Cause::protocol;
constexpr auto tls = Cause::tls;
constexpr auto policy = Cause::policy;

struct Row {
  const char* source;
  const char* reply;
  Cause cause;
  Stage stage = Stage::end_of_data;
  RateAxis axis = RateAxis::unspecified;
};

const Row rows[] = {
    // Gmail, temporary
    {"GE", "450 4.2.1 The user you are trying to contact is receiving email too quickly.", rate, Stage::rcpt,
     RateAxis::mailbox},
    {"GE",
     "450 4.2.1 The user you are trying to contact is receiving email at a rate that prevents additional messages",
     rate, Stage::rcpt, RateAxis::mailbox},
    {"GE", "450 4.2.1 Peak SMTP relay limit exceeded for this customer. This is a temporary error.", rate, Stage::rcpt},
    {"GE", "452 4.2.2 The recipient's inbox is out of storage space.", recipient, Stage::rcpt},
    {"GE", "451 4.3.0 Email server has temporarily rejected this message.", site},
    {"GE", "451 4.3.0 Multiple destination domains per transaction is unsupported. Please try again.", protocol,
     Stage::rcpt},
    {"GE", "421 4.3.0 Temporary System Problem. Try again later.", site},
    {"GE", "451 4.4.2 Timeout - closing connection.", site},
    {"GE", "421 4.4.5 Server busy, try again later.", site, Stage::connect},
    {"GE", "451 4.5.0 SMTP protocol violation.", protocol},
    {"GE",
     "452 4.5.3 Domain policy size per transaction exceeded, please try this recipient in a separate transaction.",
     protocol, Stage::rcpt},
    {"GE", "452 4.5.3 Your message has too many recipients.", protocol, Stage::rcpt},
    {"GE", "421 4.7.0 Connection expired, try reconnecting.", site},
    {"GE", "421 4.7.0 IP not in whitelist for RCPT domain, closing connection.", address, Stage::rcpt},
    {"GE", "421 4.7.0 Try again later, closing connection. (EHLO)", site, Stage::ehlo},
    {"GE",
     "421 4.7.0 The IP address sending this message does not have a PTR record, or the corresponding forward DNS entry "
     "does not point to the sending IP. To protect our users from spam, email sent from your IP address has been "
     "temporarily rate limited.",
     address},
    {"GE", "454 4.7.0 Too many login attempts, please try again later.", rate, Stage::auth},
    {"GE", "454 4.7.0 Cannot authenticate due to a temporary system problem. Try again later.", site, Stage::auth},
    {"GE", "421 4.7.0 TLS required for RCPT domain, closing connection.", tls, Stage::rcpt},
    {"GE",
     "421 4.7.0 This message is suspicious due to the very low reputation of the sending IP address. To protect our "
     "users "
     "from spam, email sent from your IP address has been temporarily rate limited.",
     address},
    {"GE", "421 4.7.0 This message is suspicious due to the very low reputation of the sending domain.", policy},
    {"GE", "421 4.7.0 This message is suspicious due to the nature of the content or the links within.", content},
    {"GE",
     "451 4.7.23 The sending IP address for this message doesn't have a PTR record, or the PTR record's forward DNS "
     "entry "
     "doesn't match the sending IP address. To protect users from spam, your email has been temporarily rate limited.",
     address},
    {"GE",
     "451 4.7.24 The SPF record of the sending domain has one or more suspicious entries. To protect our users from "
     "spam, "
     "email sent from your IP address has been temporarily rate limited.",
     auth},
    {"GE",
     "451 4.7.26 Unauthenticated email from example.com is not accepted due to domain's DMARC policy, but temporary "
     "DNS "
     "failures prevent authentication.",
     auth},
    {"GE",
     "421 4.7.26 This email has been rate limited because it is unauthenticated. Gmail requires all senders to "
     "authenticate with either SPF or DKIM. Authentication results: DKIM = did not pass SPF example.com with ip: "
     "192.0.2.1 = did not pass.",
     auth},
    {"GE", "421 4.7.27 Your email has been rate limited because SPF authentication didn't pass for this message.",
     auth},
    {"GE",
     "421 4.7.28 Gmail has detected an unusual rate of email. To protect our users from spam, email has been "
     "temporarily rate limited.",
     rate},
    {"GE", "421 4.7.28 Gmail has detected an unusual rate of email originating from your IP address 192.0.2.1.", rate,
     Stage::end_of_data, RateAxis::ip},
    {"GE",
     "421 4.7.28 Gmail has detected an unusual rate of unsolicited email originating from your IP Netblock "
     "192.0.2.0/24.",
     rate, Stage::end_of_data, RateAxis::netblock},
    {"GE",
     "421 4.7.28 Gmail has detected an unusual rate of unsolicited email originating from your DKIM domain "
     "example.com.",
     rate, Stage::end_of_data, RateAxis::dkim_domain},
    {"GE",
     "421 4.7.28 Gmail has detected an unusual rate of unsolicited email originating from your SPF domain "
     "example.com.",
     rate, Stage::end_of_data, RateAxis::spf_domain},
    {"GE", "421 4.7.28 Gmail has detected an unusual rate of unsolicited email containing one of your URL domains.",
     rate, Stage::end_of_data, RateAxis::url_domain},
    {"GE",
     "421 4.7.28 Gmail has detected an unusual amount of unsolicited email originating from your IP address. Email "
     "sent from your IP address has been temporarily blocked.",
     rate, Stage::end_of_data, RateAxis::ip},
    {"GE",
     "421 4.7.28 Gmail has detected this sender exceeded the quota for sending messages that have the same "
     "Message-ID:.",
     rate},
    {"GE", "421 4.7.29 Your email has been rate limited because you're not using a TLS connection.", tls},
    {"GE", "421 4.7.30 Your email has been rate limited because DKIM authentication didn't pass for this message.",
     auth},
    {"GE", "421 4.7.40 Your email has been rate limited because the sending domain doesn't have a DMARC record", auth},
    {"GE", "421 4.7.31 Your email has been rate limited because the sending domain doesn't have a DMARC record", auth},
    {"GE",
     "421 4.7.32 Your email has been rate limited because the From: header (RFC5322) in this message isn't aligned "
     "with either the authenticated SPF or DKIM organizational domain.",
     auth},
    {"GE", "421 5.7.32 Your email was blocked because the From: header (RFC5322) in this message isn't aligned", auth},

    // Gmail, permanent
    {"GE", "550 5.1.1 The email account that you tried to reach does not exist.", recipient, Stage::rcpt},
    {"GE", "553 5.1.2 We weren't able to find the recipient domain.", recipient, Stage::rcpt},
    {"GE", "553 5.1.3 The recipient address is not a valid RFC 5321 address.", recipient, Stage::rcpt},
    {"GE", "553 5.1.7 The sender address is not a valid RFC 5321 address.", protocol, Stage::mail},
    {"GE", "550 5.2.1 The email account that you tried to reach is inactive.", recipient, Stage::rcpt},
    {"GE",
     "550 5.2.1 The user you are trying to contact is receiving email at a rate that prevents additional messages",
     rate, Stage::rcpt, RateAxis::mailbox},
    {"GE", "552 5.2.2 The recipient's inbox is out of storage space and inactive.", recipient, Stage::rcpt},
    {"GE", "552 5.3.4 Your message exceeded Google's message size limits.", content},
    {"GE", "552 5.3.4 The number of attachments (600) exceeds Google's limit of 500 attachments.", content},
    {"GE", "552 5.3.4 Your message exceeded Google's message header size limits.", content},
    {"GE", "552 5.3.4 The size of a header name (2000 bytes) exceeds Google's header name limit", content},
    {"GE", "550 5.4.5 Daily user sending limit exceeded.", rate},
    {"GE", "550 5.4.5 Daily SMTP relay limit exceeded for user.", rate},
    {"GE", "554 5.4.6 Message exceeded 50 hops, this may indicate an email loop.", content},
    {"GE", "503 5.5.1 Bad sequence of commands.", protocol, Stage::mail},
    {"GE", "502 5.5.1 Unrecognized command.", protocol, Stage::mail},
    {"GE", "503 5.5.1 EHLO/HELO first. An email transaction protocol command was issued out of sequence.", protocol,
     Stage::mail},
    {"GE", "501 5.5.2 Syntax error, cannot decode response.", protocol, Stage::auth},
    {"GE", "555 5.5.2 Syntax error, goodbye.", protocol, Stage::mail},
    {"GE", "550 5.5.3 Too many recipients for this sender.", protocol, Stage::rcpt},
    {"GE", "501 5.5.4 HELO/EHLO argument foo_ invalid closing connection.", address, Stage::ehlo},
    {"GE", "501 5.5.4 Empty HELO/EHLO argument not allowed, closing connection.", address, Stage::ehlo},
    {"GE", "554 5.6.0 Email message is malformed. Not accepted.", content},
    {"GE", "552 5.7.0 This message was blocked because its content presents a potential security issue.", content},
    {"GE",
     "550 5.7.0 Email relay denied 192.0.2.1. Invalid credentials for relay for one of the domains in: example.com",
     protocol, Stage::mail},
    {"GE", "554 5.7.0 Too many unauthenticated commands.", protocol, Stage::mail},
    {"GE", "530 5.7.0 Authentication required.", protocol, Stage::mail},
    {"GE", "530 5.7.0 Must issue a STARTTLS command first.", tls, Stage::mail},
    {"GE",
     "550 5.7.1 The user or domain that you are sending to (or from) has a policy that prohibits the email that you "
     "sent.",
     policy},
    {"GE", "550 5.7.1 This message violates example.com email policy. - gcdp x - gsmtp", policy},
    {"GE", "550 5.7.1 Invalid credentials for relay 192.0.2.1.", protocol, Stage::mail},
    {"GE",
     "550 5.7.1 This message is likely unsolicited email. To reduce the amount of spam sent to Gmail, this message "
     "has been blocked.",
     content},
    {"GE", "550 5.7.1 This message does not meet IPv6 sending guidelines regarding PTR records and authentication.",
     address},
    {"GE", "550 5.7.1 This message is likely suspicious due to the very low reputation of the sending IP address.",
     address},
    {"GE", "550 5.7.1 This message is likely suspicious due to the very low reputation of the sending domain.", policy},
    {"GE",
     "550 5.7.1 Messages missing a valid address in the From: header, or having no From: header, are not accepted.",
     content},
    {"GE", "550 5.7.1 Messages missing a valid Message-ID: header are not accepted.", content},
    {"GE", "550 5.7.1 The message contains a unicode character in a disallowed header.", content},
    {"GE",
     "550 5.7.1 This message is not RFC 5322 compliant because it has duplicate headers. To reduce the amount of "
     "spam sent to Gmail, this message has been blocked.",
     content},
    {"GE", "550 5.7.1 This email has been rate limited.", rate},
    {"GE",
     "550 5.7.1 The IP you're using to send email is not authorized to send email directly to our servers. Use the "
     "SMTP relay at your service provider instead.",
     address},
    {"GE", "550 5.7.1 Encoded-word syntax is not permitted in message header Message-ID.", content},
    {"GE", "523 5.7.10 SMTP protocol violation, no commands allowed to pipeline after STARTTLS.", protocol,
     Stage::starttls},
    {"GE", "534 5.7.14 Please log in through your web browser and then try again.", protocol, Stage::auth},
    {"GE", "550 5.7.24 The SPF record of the sending domain has one or more suspicious entries.", auth},
    {"GE",
     "550 5.7.25 This message was blocked because the sending IP address doesn't have a PTR record, or the "
     "forwarding DNS entry doesn't reference the sending IP address.",
     address},
    {"GE", "550 5.7.26 This email has been blocked because the sender is unauthenticated.", auth},
    {"GE",
     "550 5.7.26 The MAIL FROM domain [example.com] has an SPF record with a hard fail policy (-all) but it fails "
     "to pass SPF checks with the ip: [192.0.2.1].",
     auth},
    {"GE", "550 5.7.26 Unauthenticated email from example.com is not accepted due to domain's DMARC policy.", auth},
    {"GE", "550 5.7.27 This message was blocked because it didn't pass SPF authentication.", auth},
    {"GE", "550 5.7.28 There is an unusual rate of unsolicited email originating from your IP address.", rate,
     Stage::end_of_data, RateAxis::ip},
    {"GE", "550 5.7.29 This message was blocked because it wasn't sent over a TLS connection.", tls},
    {"GE", "550 5.7.30 This message was blocked because it didn't pass DKIM authentication.", auth},
    {"GE", "550 5.7.40 Your message was blocked because the sending domain doesn't have a DMARC record", auth},
    {"GE", "504 5.7.40 Unrecognized authentication type.", protocol, Stage::auth},
    {"GE", "504 5.7.40 XOAUTH is no longer supported.", protocol, Stage::auth},
    {"GE", "535 5.7.80 Username and Password not accepted.", protocol, Stage::auth},
    {"GE", "534 5.7.90 Application-specific password required.", protocol, Stage::auth},
    {"GR",
     "550-5.7.1 [2001:db8::1] Our system has detected that this message does\r\n"
     "550-5.7.1 not meet IPv6 sending guidelines regarding PTR records and\r\n"
     "550-5.7.1 authentication. Please review\r\n"
     "550-5.7.1  https://support.google.com/mail/?p=IPv6AuthError for more information\r\n"
     "550 5.7.1 . a1-20020a05600c000100b003.1 - gsmtp\r\n",
     address},

    // Yahoo
    {"SI", "421 4.7.0 [TSS04] Messages from 192.0.2.1 temporarily deferred due to unexpected volume or user complaints",
     rate, Stage::mail},
    {"KU", "421 4.7.0 [TS04] Messages from 192.0.2.1 temporarily deferred", rate, Stage::connect},
    {"SI", "553 5.7.2 [TSS09] All messages from 192.0.2.1 will be permanently deferred; Retrying will NOT succeed.",
     address, Stage::mail},
    {"SI", "553 5.7.2 [TSS11] All messages from 192.0.2.1 will be permanently deferred; Retrying will NOT succeed.",
     address, Stage::mail},
    {"YE", "550 5.7.9 This mail has been blocked because the sender is unauthenticated.", auth},
    {"YE", "554 5.7.9 Message not accepted for policy reasons.", auth},
    {"YE", "554 Message not allowed - [PH01] Email not accepted for policy reasons.", content},
    {"YE", "553 5.7.1 [BL21] Connections will not be accepted from 192.0.2.1, because the ip is in Spamhaus's list",
     address, Stage::connect},
    {"YE", "553 5.7.1 [BL23] Connections not accepted from IP addresses on Spamhaus PBL", address, Stage::connect},

    // Microsoft
    {"MX", "550 5.7.515 Access denied, sending domain example.com doesn't meet the required authentication level.",
     auth},
    {"MT",
     "421 RP-001 (x) Unfortunately, some messages from 192.0.2.1 weren't sent. Please try again. We have limits for "
     "how many messages can be sent per hour and per day.",
     rate, Stage::mail},
    {"MT", "421 RP-002 The mail server IP connecting to Outlook.com has exceeded the rate limit allowed", rate,
     Stage::connect},
    {"MT", "421 RP-003 The mail server IP has exceeded the connection limit allowed. Too many connections", rate,
     Stage::connect},
    {"MT",
     "550 SC-001 Mail rejected by Outlook.com for policy reasons. Reasons for rejection may be related to content "
     "with spam-like characteristics or IP/domain reputation.",
     policy, Stage::mail},
    {"MT",
     "550 SC-001 (x) Unfortunately, messages from 192.0.2.1 weren't sent. Please contact your Internet service "
     "provider since part of their network is on our block list.",
     address, Stage::mail},
    {"MT",
     "550 SC-002 Mail rejected. The mail server IP connecting to Outlook.com has exhibited namespace mining behavior.",
     address, Stage::mail},
    {"MT", "550 SC-003 Mail rejected. Your IP address appears to be an open proxy/relay.", address, Stage::mail},
    {"MT",
     "550 SC-004 Mail rejected. A block has been placed against your IP address because we have received complaints",
     address, Stage::mail},
    {"MT", "550 DY-001 Mail rejected. We generally do not accept email from dynamic IP's", address, Stage::mail},
    {"MT", "550 DY-002 Mail rejected. The likely cause is a compromised or virus infected server/personal computer.",
     address, Stage::mail},
    {"MT", "550 OU-001 Mail rejected. The IP is listed by Spamhaus.", address, Stage::mail},
    {"MT", "550 OU-002 Mail rejected by Outlook.com for policy reasons.", content, Stage::mail},
    {"MT",
     "550 5.7.1 Unfortunately, messages from [192.0.2.1] weren't sent. Part of their network is on our block list "
     "(S3150).",
     address, Stage::mail},
    {"MX", "550 5.7.606 Access denied, banned sending IP [192.0.2.1].", address, Stage::rcpt},
    {"MX", "550 5.7.649 Access denied", address, Stage::rcpt},
    {"MV6", "450 4.7.25 Service unavailable, sending IPv6 address [2001:db8::1] must have reverse DNS record", address,
     Stage::rcpt},
    {"MV6",
     "450 4.7.26 Service unavailable, message sent over IPv6 [2001:db8::1] must pass either SPF or DKIM validation",
     auth},
    {"MV6", "550 5.2.1 Service unavailable, example.com does not accept email over IPv6", address, Stage::rcpt},
    {"MX", "550 5.7.510 Access denied, example.com does not accept email over IPv6", address, Stage::rcpt},
    {"MX", "550 5.7.508 Access denied, 2001:db8::/64 has exceeded permitted limits within ::/64 range", rate,
     Stage::rcpt, RateAxis::netblock},
    {"MX", "550 5.7.509 Access denied, sending domain example.com does not pass DMARC verification", auth},
    {"MX", "550 5.7.512 Access denied, message must be RFC 5322 section 3.6.2 compliant", content},
    {"MX", "550 5.7.23 The message was rejected because of Sender Policy Framework violation", auth},
    {"MX", "450 4.7.322 certificate-expired: the destination's certificate has expired", tls, Stage::starttls},

    // Apple
    {"SI", "554 5.7.1 [HME1] This message was blocked for failing both SPF and DKIM authentication checks.", auth},
    {"SI", "554 5.7.1 Your message was rejected due to example.com's DMARC policy.", auth},
    {"SI", "550 5.7.1 [CS01] Message rejected due to local policy.", policy},
    {"SI", "421 4.7.1 Messages to example@icloud.com deferred due to excessive volume.", rate},
    {"SI", "450 4.1.8 <a@example.com>: Sender address rejected: Domain not found", auth, Stage::rcpt},

    // Others
    {"CC", "554 resimta 192.0.2.1 Comcast requires that all mail servers must have a PTR record", address,
     Stage::connect},
    {"KU", "421 4.1.0 192.0.2.1 Throttled. RL000002", rate, Stage::connect},
    {"PF", "554 5.7.1 <unknown[2001:db8::1]>: Client host rejected: cannot find your reverse hostname", address,
     Stage::rcpt},
    {"SK", "550 inconsistent or no DNS PTR record for 2001:db8::1 (see RFC 1912 2.1)", address, Stage::rcpt},
    {"GX",
     "554-Nemesis ESMTP Service not available\r\n554-No SMTP service\r\n554-Bad DNS PTR resource record.\r\n554 For "
     "explanation visit the postmaster",
     address, Stage::connect},
    {"TO", "554 IP=192.0.2.1 - A problem occurred. Ask your postmaster for help. (NOWL)", address, Stage::connect},
    {"TO", "554 IP=192.0.2.1 - A problem occurred. Ask your postmaster for help. (BL)", address, Stage::connect},
    {"SI", "421 Too many connections, slow down. OFR004_104 [104]", rate, Stage::connect},
    {"SI", "550 5.2.0 Service refused. OFR005_102 [102]", address, Stage::connect},
    {"SI", "550 5.7.1 Mail rejected. LPN007_305 [305]", auth},
    {"SI", "550 5.5.0 SPF: refused. OFR004_401 [401]", auth},
    {"PF", "550 5.1.1 <b@example.net>: Recipient address rejected: User unknown in local recipient table", recipient,
     Stage::rcpt},
    {"PF", "450 4.2.0 <b@example.net>: Recipient address rejected: Greylisted", policy, Stage::rcpt},
    {"PF", "554 5.7.1 <b@example.net>: Relay access denied", policy, Stage::rcpt},
    {"PF", "554 5.7.1 Service unavailable; Client host [192.0.2.1] blocked using zen.spamhaus.org", address,
     Stage::rcpt},
    {"PF", "452 4.3.1 Insufficient system storage", site, Stage::mail},
    {"PF", "421 4.7.0 mx.example.net Error: too many connections from 192.0.2.1", rate, Stage::connect},
};

TEST(Failure, each_published_reply_has_its_cause) {
  for (const auto& row : rows) {
    const auto reply = Reply::parse(row.reply);
    ASSERT_TRUE(reply) << row.reply;
    const auto failure = classify(*reply, row.stage);
    EXPECT_EQ(to_string(failure.cause), to_string(row.cause)) << row.source << ": " << row.reply;
    EXPECT_EQ(to_string(failure.axis), to_string(row.axis)) << row.source << ": " << row.reply;
    EXPECT_EQ(failure.persistence, row.reply[0] == '5' ? Persistence::permanent : Persistence::transient) << row.reply;
  }
}

TEST(Failure, the_words_decide_where_5_7_1_says_nothing) {
  EXPECT_EQ(classify(Reply(550, {5, 7, 1}, "Rejected"), Stage::end_of_data).cause, Cause::policy);
  EXPECT_EQ(classify(Reply(550, {5, 7, 1}, "no PTR"), Stage::end_of_data).cause, Cause::sending_address);
  EXPECT_EQ(classify(Reply(550, {5, 7, 1}, "User unknown"), Stage::rcpt).cause, Cause::recipient);
}

TEST(Failure, a_word_is_a_whole_word) {
  EXPECT_EQ(classify(Reply(550, {5, 7, 1}, "Rejected by script.ptrace.example"), Stage::end_of_data).cause,
            Cause::policy);
}

TEST(Failure, without_words_the_status_decides_then_the_code_and_stage) {
  EXPECT_EQ(classify(Reply(550, {5, 7, 25}, "no"), Stage::rcpt).cause, Cause::sending_address);
  EXPECT_EQ(classify(Reply(550, {5, 1, 10}, "no"), Stage::rcpt).cause, Cause::recipient);
  EXPECT_EQ(classify(Reply(550, {5, 6, 3}, "no"), Stage::end_of_data).cause, Cause::content);
  EXPECT_EQ(classify(Reply(550, "no"), Stage::rcpt).cause, Cause::recipient);
  EXPECT_EQ(classify(Reply(550, "no"), Stage::end_of_data).cause, Cause::policy);
  EXPECT_EQ(classify(Reply(552, "no"), Stage::rcpt).cause, Cause::recipient);
  EXPECT_EQ(classify(Reply(552, "no"), Stage::end_of_data).cause, Cause::content);
  EXPECT_EQ(classify(Reply(599, "no"), Stage::end_of_data).cause, Cause::unknown);
}

TEST(Failure, the_scope_follows_the_cause_and_the_stage) {
  EXPECT_EQ(classify(Reply(550, {5, 1, 1}, "User unknown"), Stage::rcpt).scope, Scope::recipient);
  EXPECT_EQ(classify(Reply(550, {5, 7, 25}, "no PTR"), Stage::end_of_data).scope, Scope::site);
  EXPECT_EQ(classify(Reply(421, {4, 7, 28}, "unusual rate of email"), Stage::end_of_data).scope, Scope::site);
  EXPECT_EQ(classify(Reply(552, {5, 3, 4}, "message size"), Stage::end_of_data).scope, Scope::message);
  EXPECT_EQ(classify(Reply(421, {4, 3, 2}, "shutting down"), Stage::connect).scope, Scope::site);
  EXPECT_EQ(classify(Reply(500, "what?"), Stage::ehlo).scope, Scope::session);
}

TEST(Failure, a_session_that_breaks_off_can_be_tried_again) {
  EXPECT_EQ(classify(Problem::closed, Stage::end_of_data).persistence, Persistence::transient);
  EXPECT_EQ(classify(Problem::timed_out, Stage::connect),
            (Failure{Scope::site, Persistence::transient, Cause::site, {}}));
  EXPECT_EQ(classify(Problem::needs_smtputf8, Stage::mail),
            (Failure{Scope::message, Persistence::permanent, Cause::content, {}}));
  EXPECT_EQ(classify(Problem::tls_failed, Stage::starttls).cause, Cause::tls);
}

}  // namespace
}  // namespace ptarmigan::smtp
