// watch/tests/find_reply_test.cpp - bounces and log lines as the field shows them; the source of each is named beside
// it.
#include "watch/find_reply.hpp"

#include <gtest/gtest.h>

namespace ptarmigan::watch {
namespace {

using smtp::Stage;

FoundReply found(std::string_view text) {
  auto out = find_reply(text);
  if (!out) throw std::runtime_error("no reply in: " + std::string(text));
  return *out;
}

TEST(FindReply, a_bare_reply_of_one_line) {
  const auto out = found("550 5.1.1 The email account that you tried to reach does not exist.");
  EXPECT_EQ(out.reply.code, 550);
  EXPECT_EQ(out.reply.enhanced->text(), "5.1.1");
}

TEST(FindReply, a_bare_reply_of_several_lines) {
  const auto out = found(
      "550-5.7.1 [2001:db8::1] Our system has detected that\r\n550-5.7.1 this message does not meet\r\n550 5.7.1 . k - "
      "gsmtp\r\n");
  EXPECT_EQ(out.reply.words(), "[2001:db8::1] Our system has detected that this message does not meet . k - gsmtp");
}

// Postfix 3.7.11, the lab's own control domain (two lines of its log are one event).
TEST(FindReply, a_postfix_log_line) {
  const auto out = found(
      "Nov 23 10:00:00 host postfix/smtp[19748]: 0F38D150: to=<a@gmail.com>, "
      "relay=gmail-smtp-in.l.google.com[2001:db8:feed::25]:25, "
      "delay=0.06, delays=0.02/0.01/0/0.03, dsn=5.7.1, status=bounced (host "
      "gmail-smtp-in.l.google.com[2001:db8:feed::25] said: 550-5.7.1 "
      "[2001:db8::1] Our system has detected that this message does 550-5.7.1 not meet IPv6 sending guidelines 550 "
      "5.7.1 . k - gsmtp (in "
      "reply to end of DATA command))");
  EXPECT_EQ(out.reply.code, 550);
  EXPECT_EQ(out.reply.enhanced->text(), "5.7.1");
  EXPECT_EQ(out.stage, Stage::end_of_data);
  EXPECT_EQ(out.host, "gmail-smtp-in.l.google.com");
  EXPECT_EQ(out.host_address->text(), "2001:db8:feed::25");
  EXPECT_TRUE(out.reply.words().ends_with("k - gsmtp")) << out.reply.words();
}

// github.com/mailcow/mailcow issue 238
TEST(FindReply, a_postfix_bounce) {
  const auto out = found(
      " host\n    gmail-smtp-in.l.google.com[2a00:1450:4013:c01::1a] said: 550-5.7.1\n    "
      "[2001:981:da0a:1:c8a1:53ff:fe0c:e44c] Our system "
      "has detected that\n    550-5.7.1 this message does not meet IPv6 sending guidelines regarding PTR\n    "
      "550-5.7.1 records and "
      "authentication. Please review 550-5.7.1\n    https://support.google.com/mail/?p=ipv6_authentication_error for "
      "more 550\n    5.7.1 "
      "information. z186si39663674wmz.15 - gsmtp (in reply to end of DATA\n    command)\n");
  EXPECT_EQ(out.reply.code, 550);
  EXPECT_EQ(out.host, "gmail-smtp-in.l.google.com");
  EXPECT_EQ(out.stage, Stage::end_of_data);
  EXPECT_NE(out.reply.words().find("IPv6 sending guidelines regarding PTR records and authentication"),
            std::string::npos)
      << out.reply.words();
}

// github.com/mailcow/mailcow issue 800
TEST(FindReply, a_dsn_diagnostic_code) {
  const auto out = found(
      "Final-Recipient: rfc822; someone@gmail.com\nAction: failed\nStatus: 5.7.1\nRemote-MTA: dns; "
      "gmail-smtp-in.l.google.com\n"
      "Diagnostic-Code: smtp; 550-5.7.1 [2001:41d0:1000:16da::] Our system has\n    detected that this message does "
      "550-5.7.1 not meet IPv6 "
      "sending guidelines\n    regarding PTR records and 550-5.7.1 authentication. Please review 550-5.7.1\n    "
      "https://support.google.com/mail/?p=IPv6AuthError for more information 550\n    5.7.1 . v5si749738wrb.38 - "
      "gsmtp\nLast-Attempt-Date: "
      "Sun, 19 Feb 2017 10:00:00 +0000\n");
  EXPECT_EQ(out.reply.code, 550);
  EXPECT_EQ(out.host, "gmail-smtp-in.l.google.com");
  EXPECT_EQ(out.reply.words().find("Last-Attempt"), std::string::npos);
}

// Exim's log writes line ends as \n; github.com/BigAndini/ers issue 363
TEST(FindReply, an_exim_log_line) {
  const auto out = found(
      "R=dnslookup T=remote_smtp: SMTP error from remote mail server after RCPT TO:<example@freenet.de>: host "
      "emig.freenet.de "
      "[2001:748:100:40::8:115]: 550-inconsistent or no DNS PTR record for 2001:8d8:849:9800::aa:ef7d (see RFC\\n550 "
      "1912 2.1)");
  EXPECT_EQ(out.reply.code, 550);
  EXPECT_EQ(out.stage, Stage::rcpt);
  EXPECT_EQ(out.host, "emig.freenet.de");
  EXPECT_NE(out.reply.words().find("no DNS PTR record"), std::string::npos);
}

// xen-devel: Exim's bounce
TEST(FindReply, an_exim_bounce) {
  const auto out = found(
      "     host gmail-smtp-in.l.google.com [142.250.123.26]\n     SMTP error from remote mail server after pipelined "
      "end of data:\n     "
      "550-5.7.1 This message is not RFC 5322 compliant. There are \n     multiple Cc headers.\n     550-5.7.1 To "
      "reduce the amount of spam "
      "sent to Gmail, this message \n     has been\n     550-5.7.1 blocked. Please visit\n     550 5.7.1 \n     "
      "https://support.google.com/mail/?p=RfcMessageNonCompliant \n     "
      "t7-20020a81e447000000b005839e8b595dsi12027284ywl.554 - gsmtp\n\nRegards\n");
  EXPECT_EQ(out.stage, Stage::end_of_data);
  EXPECT_NE(out.reply.words().find("There are multiple Cc headers."), std::string::npos) << out.reply.words();
  EXPECT_TRUE(out.reply.words().ends_with("- gsmtp"));
}

// github.com/nodemailer/nodemailer issue 236: qmail
TEST(FindReply, a_qmail_bounce) {
  const auto out = found(
      "Hi. This is the qmail-send program at server.donhu.net.\nI'm afraid I wasn't able to deliver your message to "
      "the following "
      "addresses.\nThis is a permanent error; I've given up. Sorry it didn't work out.\n\n<xxxxxx@gmail.com>:\n..... "
      "failed after I sent the "
      "message.\nRemote host said: 550-5.7.1 [2a01:4f8:d16:1250::2] Our system has detected that this message "
      "does\n550-5.7.1 not meet IPv6 "
      "sending guidelines regarding PTR records and\n550-5.7.1 authentication. Please review\n550-5.7.1 "
      "https://support.google.com/mail/?p=ipv6_authentication_error for more\n550 5.7.1 information. "
      "q43si37022102eeo.243 - gsmtp\n");
  EXPECT_EQ(out.stage, Stage::end_of_data);
  EXPECT_EQ(out.reply.code, 550);
}

TEST(FindReply, a_sendmail_transcript) {
  const auto out = found(
      "   ----- Transcript of session follows -----\n... while talking to gmail-smtp-in.l.google.com.:\n>>> DATA\n<<< "
      "550-5.7.25 [192.0.2.1] "
      "The IP address sending this message does not have a\n<<< 550-5.7.25 PTR record setup\n<<< 550 5.7.25 "
      "information. x - gsmtp\n554 5.0.0 "
      "Service unavailable\n");
  EXPECT_EQ(out.reply.enhanced->text(), "5.7.25");
  EXPECT_EQ(out.host, "gmail-smtp-in.l.google.com");
  EXPECT_NE(out.reply.words().find("have a PTR record setup"), std::string::npos);
}

TEST(FindReply, python_and_other_programs_that_print_code_and_text) {
  EXPECT_EQ(found("smtplib.SMTPDataError: (550, b'5.7.1 This message is not RFC 5322 compliant.').").reply.code, 550);
}

TEST(FindReply, numbers_are_no_replies) {
  EXPECT_FALSE(find_reply(""));
  EXPECT_FALSE(find_reply("I paid 550 euros for it"));
  EXPECT_FALSE(find_reply("550x"));
  EXPECT_FALSE(find_reply("from 192.0.2.450 and 2001:db8::550 at 10:45:51"));
  EXPECT_FALSE(find_reply("250 2.0.0 OK  1700000000 x - gsmtp"));
}

TEST(FindReply, the_accepting_reply_before_the_refusal_is_passed_over) {
  EXPECT_EQ(found("250 2.1.0 OK\n250 2.1.5 OK\n354 Go ahead\n550 5.7.26 no\n").reply.enhanced->text(), "5.7.26");
}

}  // namespace
}  // namespace ptarmigan::watch
