// rulebook/tests/match_test.cpp - replies as the field shows them, led back to rules. Source of each text: Google's
// documentation (answer 3726730, capture of 2026-02-15) or the public report named beside it.
#include "rulebook/match.hpp"

#include <algorithm>

#include <gtest/gtest.h>

#include "rulebook/tests/fixtures.hpp"

namespace ptarmigan::rulebook {
namespace {

std::vector<std::string> ids(std::string_view text, std::string_view context = {}) {
  const auto reply = smtp::Reply::parse(text);
  if (!reply) return {"not a reply: " + reply.error().message};
  std::vector<std::string> out;
  for (const auto* rule : match(*reply, context).rules) out.emplace_back(rule->id);
  return out;
}
using Ids = std::vector<std::string>;

struct Row {
  std::string_view text;
  Ids rules;
};

const std::vector<Row> rows{
    // github.com/mailcow/mailcow issue 800
    {"550-5.7.1 [2001:41d0:1000:16da::] Our system has detected that this message does 550-5.7.1 not meet IPv6 "
     "sending guidelines "
     "regarding PTR records and 550-5.7.1 authentication. Please review 550-5.7.1 "
     "https://support.google.com/mail/?p=IPv6AuthError for "
     "more information 550 5.7.1 . v5si749738wrb.38 - gsmtp",
     {"gmail.ptr", "gmail.authentication"}},
    // github.com/nodemailer/nodemailer issue 236 (2014)
    {"550-5.7.1 [2a01:4f8:d16:1250::2] Our system has detected that this message does\n550-5.7.1 not meet IPv6 "
     "sending guidelines "
     "regarding PTR records and\n550-5.7.1 authentication. Please review\n550-5.7.1 "
     "https://support.google.com/mail/?p=ipv6_authentication_error for more\n550 5.7.1 information. "
     "q43si37022102eeo.243 - gsmtp",
     {"gmail.ptr", "gmail.authentication"}},
    // github.com/docker-mailserver/docker-mailserver issue 2991
    {"550-5.7.25 [144.76.109.34] The IP address sending this message does not have a 550-5.7.25 PTR record setup, or "
     "the corresponding "
     "forward DNS entry does not 550-5.7.25 point to the sending IP. 550 5.7.25 information. o7-2002si.828 - gsmtp",
     {"gmail.ptr"}},
    {"451-4.7.23 [192.0.2.1] The sending IP address for this message doesn't have a PTR record, or the PTR record's "
     "forward DNS entry "
     "doesn't match the sending IP address. 451 4.7.23 x - gsmtp",
     {"gmail.ptr"}},
    {"421-4.7.0 [192.0.2.1] The IP address sending this message does not have a PTR record, or the corresponding "
     "forward DNS entry does "
     "not point to the sending IP. To protect our users from spam, email sent from your IP address has been "
     "temporarily rate limited. "
     "421 4.7.0 x - gsmtp",
     {"gmail.ptr"}},
    {"550 5.7.26 This email has been blocked because the sender is unauthenticated. Gmail requires all senders to "
     "authenticate with either "
     "SPF or DKIM. Authentication results: DKIM = did not pass SPF [x] with ip: [192.0.2.1] = did not pass. x - "
     "gsmtp",
     {"gmail.authentication"}},
    {"550 5.7.26 The (E)MAIL FROM domain [x] has an SPF record with a hard fail policy (-all) but it fails to pass "
     "SPF checks with the ip: "
     "[192.0.2.1]. x - gsmtp",
     {"gmail.authentication"}},
    {"550 5.7.26 Unauthenticated email from example.com is not accepted due to domain's DMARC policy. x - gsmtp",
     {"gmail.dmarc-policy"}},
    {"451 4.7.26 Unauthenticated email from example.com is not accepted due to domain's DMARC policy, but temporary "
     "DNS failures prevent "
     "authentication. x - gsmtp",
     {"gmail.dmarc-policy"}},
    {"421 4.7.27 Your email has been rate limited because SPF authentication didn't pass for this message. x - gsmtp",
     {"gmail.bulk-spf"}},
    {"550 5.7.27 This message was blocked because it didn't pass SPF authentication. x - gsmtp", {"gmail.bulk-spf"}},
    {"421 4.7.28 Gmail has detected an unusual rate of email. x - gsmtp", {"gmail.rate"}},
    {"421 4.7.28 Gmail has detected an unusual rate of unsolicited email originating from your DKIM domain "
     "example.com. x - gsmtp",
     {"gmail.rate"}},
    {"550 5.7.28 There is an unusual rate of unsolicited email originating from your IP address. x - gsmtp",
     {"gmail.rate"}},
    {"421 4.7.29 Your email has been rate limited because you're not using a TLS connection. x - gsmtp",
     {"gmail.bulk-tls"}},
    {"550 5.7.29 This message was blocked because it wasn't sent over a TLS connection. x - gsmtp", {"gmail.bulk-tls"}},
    {"421 4.7.30 Your email has been rate limited because DKIM authentication didn't pass for this message. x - "
     "gsmtp",
     {"gmail.bulk-dkim"}},
    {"550 5.7.30 This message was blocked because it didn't pass DKIM authentication. x - gsmtp", {"gmail.bulk-dkim"}},
    {"421 4.7.40 Your email has been rate limited because the sending domain doesn\xe2\x80\x99t have a DMARC record, "
     "or the DMARC record "
     "doesn\xe2\x80\x99t specify a DMARC policy. x - gsmtp",
     {"gmail.bulk-dmarc"}},
    {"550 5.7.40 Your message was blocked because the sending domain doesn't have a DMARC record or the DMARC record "
     "doesn't specify a "
     "DMARC policy. x - gsmtp",
     {"gmail.bulk-dmarc"}},
    {"421 4.7.31 x - gsmtp", {"gmail.bulk-dmarc"}},
    // Class 5 under a 421: the documentation prints it so.
    {"421 5.7.32 Your email was blocked because the From: header (RFC5322) in this message isn't aligned with either "
     "the authenticated SPF "
     "or DKIM organizational domain. x - gsmtp",
     {"gmail.bulk-alignment"}},
    {"451 4.7.24 The SPF record of the sending domain has one or more suspicious entries. x - gsmtp",
     {"gmail.spf-entries"}},
    {"550 5.7.1 Messages missing a valid Message-ID: header are not accepted. x - gsmtp", {"gmail.message-id"}},
    {"550 5.7.1 Messages with multiple addresses in the From: header are not accepted. x - gsmtp", {"gmail.from"}},
    {"550 5.7.1 This message is not RFC 5322 compliant because the From: header is missing. x - gsmtp", {"gmail.from"}},
    // xen-devel bounce
    {"550-5.7.1 This message is not RFC 5322 compliant. There are multiple Cc headers. 550-5.7.1 To reduce the "
     "amount of spam sent to "
     "Gmail, this message has been 550-5.7.1 blocked. Please visit 550 5.7.1 "
     "https://support.google.com/mail/?p=RfcMessageNonCompliant t7-2002si.554 - gsmtp",
     {"gmail.single-fields"}},
    {"501 5.5.4 HELO/EHLO argument localhost invalid closing connection. x - gsmtp", {"gmail.ehlo"}},
    {"501 5.5.4 Empty HELO/EHLO argument not allowed, closing connection. x - gsmtp", {"gmail.ehlo"}},
    {"421 4.7.0 TLS required for RCPT domain, closing connection. x - gsmtp", {"gmail.tls"}},
    {"550 5.7.1 This message is likely suspicious due to the very low reputation of the sending IP address. x - "
     "gsmtp",
     {"gmail.ip-reputation"}},
    {"421 4.7.0 This message is suspicious due to the very low reputation of the sending domain. x - gsmtp",
     {"gmail.domain-reputation"}},
    {"550 5.7.1 This message is likely unsolicited email. x - gsmtp", {"gmail.content"}},
    {"550 5.7.1 The IP you're using to send email is not authorized to send email directly to our servers. x - gsmtp",
     {"gmail.direct-delivery"}},
    {"550 5.7.1 The user or domain that you are sending to (or from) has a policy that prohibits the email that you "
     "sent. x - gsmtp",
     {"gmail.customer-policy"}},
    {"550 5.7.1 This message violates example.com email policy. - gcdp k33-2002 - gsmtp", {"gmail.customer-policy"}},
};

// Published replies (Sisimai's sets, smtp.codes) and documentation (Microsoft Learn, Outlook.com Postmaster, GMX
// Postmaster).
const std::vector<Row> rows_of_others{
    {"421 4.7.0 [TSS04] Messages from 192.0.2.25 temporarily deferred due to unexpected volume or user complaints - "
     "4.16.55.1; see https://postmaster.yahooinc.com/error-codes (in reply to MAIL FROM command))",
     {"yahoo.reputation", "yahoo.ptr", "yahoo.authentication"}},
    {"553 5.7.2 [TSS09] All messages from 192.0.2.25 will be permanently deferred; Retrying will NOT succeed. See "
     "https://postmaster.yahooinc.com/error-codes",
     {"yahoo.blocked"}},
    {"553 5.7.1 [BL21] Connections will not be accepted from 192.0.2.25, because the ip is in Spamhaus's list; see "
     "http://postmaster.yahoo.com/550-bl23.html",
     {"yahoo.block-list"}},
    {"550 5.7.9 This mail has been blocked because the sender is unauthenticated. Yahoo requires all senders to "
     "authenticate with either SPF or DKIM.",
     {"yahoo.authentication"}},
    {"554 5.7.9 Message not accepted for policy reasons. See https://postmaster.yahooinc.com/error-codes",
     {"yahoo.dmarc-policy"}},
    {"554 Message not allowed - [PH01] Email not accepted for policy reasons. Please visit "
     "https://postmaster.yahooinc.com/error-codes",
     {"yahoo.content"}},
    {"451 Message temporarily deferred due to unresolvable RFC.5321 from domain. See "
     "https://senders.yahooinc.com/error-codes//unresolvable-from-domain",
     {"yahoo.mail-from-domain"}},
    {"421 Max message per connection reached, closing transmission channel", {"yahoo.connection-limit"}},
    {"550 5.7.515 Access denied, sending domain example.com doesn't meet the required authentication level. The "
     "sender's domain in the 5322.From address doesn't meet the authentication requirements defined for the sender.",
     {"outlook.bulk-authentication"}},
    {"550 5.7.515 Access denied, sending domain [SendingDomain] does not meet the required authentication level.",
     {"outlook.bulk-authentication"}},
    {"550 DY-001 Mail rejected by Outlook.com for policy reasons. We generally do not accept email from dynamic IP's "
     "as "
     "they are not typically used to deliver unauthenticated SMTP email to an Internet mail server.",
     {"outlook.dynamic-address"}},
    {"550 SC-004 Mail rejected by Outlook.com for policy reasons. A block has been placed against your IP address",
     {"outlook.complaints"}},
    {"421 RP-001 The mail server IP connecting to Outlook.com server has exceeded the rate limit allowed.",
     {"outlook.rate"}},
    // S3150 is said by both of Microsoft's receivers.
    {"550 5.7.1 Unfortunately, messages from [192.0.2.1] weren't sent. Please contact your Internet service provider "
     "since part of their network is on our block list (S3150). You can also refer your provider to "
     "http://mail.live.com/mail/troubleshooting.aspx#errors.",
     {"outlook.block-list", "exchange-online.block-list"}},
    {"450 4.7.25 Service unavailable, sending IPv6 address [2a01:111:f200:2004::240] must have reverse DNS record.",
     {"exchange-online.ptr"}},
    {"450 4.7.26 Service unavailable, message sent over IPv6 [2a01:111:f200:2004::240] must pass either SPF or DKIM "
     "validation.",
     {"exchange-online.ipv6-authentication"}},
    {"550 5.7.510 Access denied, contoso.com does not accept email over IPv6", {"exchange-online.ipv6-recipient"}},
    {"550 5.7.508 Access denied, 2001:db8::1 has exceeded permitted limits within 2001:db8::/64 range",
     {"exchange-online.ipv6-rate"}},
    {"550 5.7.512 Access denied, message must be RFC 5322 section 3.6.2 compliant", {"exchange-online.from"}},
    {"554 5.7.1 [HME1] This message was blocked for failing both SPF and DKIM authentication checks. See "
     "https://support.apple.com/en-us/HT204137 for mailing best practices",
     {"apple.authentication"}},
    {"554 5.7.1 Your message was rejected due to example.jp's DMARC policy. See "
     "https://support.apple.com/en-us/HT204137 "
     "for",
     {"apple.dmarc-policy"}},
    {"550 5.7.1 [CS01] Message rejected due to local policy. Please visit https://support.apple.com/en-us/HT204137",
     {"apple.local-policy"}},
    {"421 4.7.1 Messages to a@icloud.com deferred due to excessive volume. Try again later - "
     "https://support.apple.com/en-us/HT204137",
     {"apple.volume"}},
    {"554-gmx.net (mxgmx116) Nemesis ESMTP Service not available\n554-No SMTP service\n554-Bad DNS PTR resource "
     "record.\n554 For explanation visit http://postmaster.gmx.com/en/error-messages?ip=167.114.229.225&c=rdns",
     {"gmx.ptr", "gmx.generic-ptr"}},
    {"554-gmx.net (mxgmx104) Nemesis ESMTP Service not available 554-No SMTP service 554-IP address is block listed. "
     "554 "
     "For explanation visit https://postmaster.gmx.net/en/case?c=r0201&i=ip&v=198.51.100.42&r=1MNcgj-1ue23t3pyV-00S2YR",
     {"gmx.block-list"}},
    {"550 <example@example.com>: Reject due to SPF policy. The originating IP of the message is not permitted by the "
     "domain owner",
     {"gmx.spf"}},
};

TEST(Match, replies_of_other_receivers) {
  for (const auto& row : rows_of_others) EXPECT_EQ(ids(row.text), row.rules) << row.text;
}

TEST(Match, replies_of_the_field_and_of_the_documentation) {
  for (const auto& row : rows) EXPECT_EQ(ids(row.text), row.rules) << row.text;
}

TEST(Match, an_unknown_authentication_mechanism_is_not_dmarc) {
  EXPECT_EQ(ids("504 5.7.40 Unrecognized authentication type. x - gsmtp"), Ids{});
}

TEST(Match, five_seven_one_alone_names_no_rule) {
  EXPECT_EQ(ids("550 5.7.1 Something new. x - gsmtp"), Ids{});
}

TEST(Match, recipient_trouble_names_no_rule) {
  EXPECT_EQ(ids("550 5.1.1 The email account that you tried to reach does not exist. x - gsmtp"), Ids{});
  EXPECT_EQ(ids("452 4.2.2 The recipient's inbox is out of storage space. x - gsmtp"), Ids{});
}

TEST(Match, codes_count_only_where_the_receiver_is_known) {
  EXPECT_EQ(ids("550 5.7.25 Reverse DNS validation failed"), Ids{});
  EXPECT_EQ(ids("550 5.7.25 reworded", "gmail-smtp-in.l.google.com"), Ids{"gmail.ptr"});
  EXPECT_EQ(ids("550 5.7.25 reworded", "host alt1.aspmx.l.google.com[203.0.113.25] said: 550 5.7.25"),
            Ids{"gmail.ptr"});
}

TEST(Match, codes_of_another_receiver_are_not_gmails) {
  EXPECT_EQ(ids("550 5.7.515 reworded", "host outlook-com.olc.protection.outlook.com[203.0.113.7]"),
            Ids{"outlook.bulk-authentication"});
  EXPECT_EQ(ids("450 4.7.25 no reverse DNS", "host example-com.mail.protection.outlook.com[203.0.113.7]"),
            Ids{"exchange-online.ptr"});
}

TEST(Match, words_that_many_servers_say_count_only_where_the_receiver_is_known) {
  constexpr std::string_view text = "450 4.1.8 <user@example.com>: Sender address rejected: Domain not found";
  EXPECT_EQ(ids(text), Ids{});
  EXPECT_EQ(ids(text, "mx01.mail.icloud.com"), Ids{"apple.mail-from-domain"});
  EXPECT_EQ(ids("501 Syntax error in parameters or arguments", "host mx.example.net[203.0.113.7]"), Ids{});
}

TEST(Match, a_link_to_google_does_not_make_the_receiver_google) {
  const auto reply = *smtp::Reply::parse("550 5.7.25 see https://support.google.com/mail/answer/81126");
  EXPECT_EQ(
      match(reply, "host mx.example.net[203.0.113.7] said: 550 5.7.25 see https://support.google.com/mail/answer/81126")
          .receiver,
      nullptr);
}

TEST(Match, a_look_alike_host_is_not_the_receiver) {
  const auto reply = *smtp::Reply::parse("550 5.7.25 no");
  EXPECT_EQ(match(reply, "host mx.google.com.example.net[203.0.113.7]").receiver, nullptr);
  EXPECT_EQ(match(reply, "host mx.notgoogle.com[203.0.113.7]").receiver, nullptr);
}

// Invariant 2: the words that the rehearsal answers with lead back to the rule that made it answer. Two receivers of
// one operator can say the same; then the host that spoke decides.
TEST(Match, every_answer_leads_back_to_its_rule_first) {
  for (const auto& receiver : receivers())
    for (const auto& rule : receiver.rules)
      for (const auto* address : {"192.0.2.1", "2001:db8::1"}) {
        auto subject = fixtures::good_subject(address);
        const auto reply = reply_for(rule, subject, "k33-20020a056402.1");
        if (!reply) continue;
        const auto host = "host mx" + std::string(receiver.mx_suffixes.front()) + "[203.0.113.25] said:";
        for (const auto& text : {reply->wire(), reply->text()}) {
          const auto found = ids(text, host);
          ASSERT_FALSE(found.empty()) << rule.id << ": " << text;
          EXPECT_EQ(found.front(), rule.id) << text;
          const auto without_host = ids(text);
          if (!without_host.empty())
            EXPECT_NE(std::ranges::find(without_host, rule.id), without_host.end()) << rule.id << ": " << text;
        }
      }
}

}  // namespace
}  // namespace ptarmigan::rulebook
