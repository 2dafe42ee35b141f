// logs/tests/postfix_test.cpp - lines of Postfix's log.
#include "logs/postfix.hpp"

#include <gtest/gtest.h>

namespace ptarmigan::logs {
namespace {

using Fields = std::vector<std::pair<std::string, std::string>>;

TEST(PostfixLog, delivery_with_all_its_parts) {
  const auto entry = parse_postfix(
      "postfix/smtp",
      "4cXyZ12345z6Bcd: to=<a@example.org>, orig_to=<b@example.com>, relay=mx.example.org[2001:db8:feed::25]:25, "
      "conn_use=3, delay=11, delays=5.4/0.06/5.1/0.03, dsn=2.0.0, status=sent (250 2.0.0 Ok: queued as F12)");
  EXPECT_EQ(entry.kind, Kind::attempt);
  EXPECT_EQ(entry.queue_id, "4cXyZ12345z6Bcd");
  EXPECT_EQ(entry.recipient, "a@example.org");
  EXPECT_EQ(entry.original_recipient, "b@example.com");
  ASSERT_TRUE(entry.relay);
  EXPECT_EQ(entry.relay->host, "mx.example.org");
  EXPECT_EQ(entry.relay->address, IpAddress::parse("2001:db8:feed::25").value());
  EXPECT_EQ(entry.relay->port, 25);
  EXPECT_EQ(entry.connection_use, 3U);
  EXPECT_EQ(entry.delay, 11.0);
  EXPECT_EQ(entry.delays, (Delays{5.4, 0.06, 5.1, 0.03}));
  EXPECT_EQ(entry.dsn, "2.0.0");
  EXPECT_EQ(entry.status, "sent");
  EXPECT_EQ(entry.reply, "250 2.0.0 Ok: queued as F12");
}

TEST(PostfixLog, quoted_refusal_gives_reply_and_stage) {
  const auto entry = parse_postfix(
      "postfix-out/smtp",
      "0F38D150: to=<a@gmail.com>, relay=gmail-smtp-in.l.google.com[2001:db8:feed::25]:25, delay=0.06, "
      "delays=0.01/0/0.02/0.03, dsn=5.7.1, status=bounced (host gmail-smtp-in.l.google.com[2001:db8:feed::25] said: "
      "550-5.7.1 [2001:db8::1] Our system has detected 550 5.7.1 . id - gsmtp (in reply to end of DATA command))");
  EXPECT_EQ(entry.status, "bounced");
  EXPECT_EQ(entry.reply, "550-5.7.1 [2001:db8::1] Our system has detected 550 5.7.1 . id - gsmtp");
  EXPECT_EQ(entry.stage, "end of DATA");
}

TEST(PostfixLog, deferral_without_relay_names_the_host_that_did_not_answer) {
  const auto entry = parse_postfix(
      "postfix/smtp",
      "0F38D150: to=<a@example.org>, relay=none, delay=30, delays=0/0/30/0, dsn=4.4.1, status=deferred (connect to "
      "mx.example.org[203.0.113.25]:25: Connection timed out)");
  ASSERT_TRUE(entry.relay);
  EXPECT_EQ(entry.relay->host, "mx.example.org");
  EXPECT_EQ(entry.words, "connect to mx.example.org[203.0.113.25]:25: Connection timed out");
  EXPECT_EQ(entry.reply, "");
}

TEST(PostfixLog, local_agents_are_relays_without_address) {
  const auto entry = parse_postfix("postfix/local",
                                   "0F38D150: to=<root@localhost>, orig_to=<root>, relay=local, delay=0.1, "
                                   "delays=0/0/0/0.1, dsn=2.0.0, status=sent (delivered to mailbox)");
  ASSERT_TRUE(entry.relay);
  EXPECT_EQ(entry.relay->service, "local");
  EXPECT_EQ(entry.field_of("postfix_local_response"), "delivered to mailbox");
  EXPECT_EQ(entry.reply, "");
}

TEST(PostfixLog, an_address_with_a_comma_and_status_inside_is_one_value) {
  const auto entry = parse_postfix(
      "postfix/error", R"(0F38D150: to=<"a, status=sent (b"@example.org>, relay=none, delay=1, delays=1/0/0/0, )"
                       "dsn=5.1.1, status=bounced (bad address)");
  EXPECT_EQ(entry.status, "bounced");
  EXPECT_EQ(entry.recipient, R"("a, status=sent (b"@example.org)");
}

TEST(PostfixLog, host_that_refuses_to_talk) {
  const auto entry = parse_postfix(
      "postfix/smtp", "0F38D150: host mx.example.org[203.0.113.25] refused to talk to me: 421 4.7.0 try again later");
  EXPECT_EQ(entry.kind, Kind::refusal);
  EXPECT_EQ(entry.reply, "421 4.7.0 try again later");
  EXPECT_EQ(entry.stage, "CONNECT");
}

TEST(PostfixLog, conversation_that_timed_out) {
  const auto entry = parse_postfix("postfix/smtp",
                                   "0F38D150: conversation with mx.example.org[203.0.113.25] timed out while receiving "
                                   "the initial server greeting");
  EXPECT_EQ(entry.kind, Kind::lost);
  EXPECT_EQ(entry.stage, "receiving the initial server greeting");
}

TEST(PostfixLog, queue_manager_lines) {
  const auto active =
      parse_postfix("postfix/qmgr", "0F38D150: from=<a@example.com>, size=4051, nrcpt=2 (queue active)");
  EXPECT_EQ(active.kind, Kind::active);
  EXPECT_EQ(active.sender, "a@example.com");
  EXPECT_EQ(active.size, 4051U);
  EXPECT_EQ(active.field_of("postfix_keyvalue_data"), "from=<a@example.com>, size=4051, nrcpt=2");
  EXPECT_EQ(parse_postfix("postfix/qmgr", "0F38D150: removed").kind, Kind::removed);
  const auto null = parse_postfix("postfix/qmgr", "0F38D150: from=<>, status=force-expired, returned to sender");
  EXPECT_EQ(null.kind, Kind::expired);
  EXPECT_TRUE(null.has_sender);
  EXPECT_EQ(null.status, "force-expired");
}

TEST(PostfixLog, cleanup_and_pickup_lines) {
  EXPECT_EQ(parse_postfix("postfix/cleanup", "0F38D150: message-id=<1@example.com>").message_id, "1@example.com");
  const auto pickup = parse_postfix("postfix/pickup", "0F38D150: uid=0 from=<root>");
  EXPECT_EQ(pickup.kind, Kind::arrival);
  EXPECT_EQ(pickup.sender, "root");
  const auto smtpd = parse_postfix("postfix/smtpd", "0F38D150: client=h.example[192.0.2.9]:4711, sasl_method=PLAIN");
  ASSERT_TRUE(smtpd.client);
  EXPECT_EQ(smtpd.client->host, "h.example");
  EXPECT_EQ(smtpd.client->port, 4711);
}

TEST(PostfixLog, refused_clients) {
  const auto entry =
      parse_postfix("postfix/smtpd",
                    "NOQUEUE: reject: RCPT from unknown[192.0.2.9]: 554 5.7.1 <b@example.org>: Relay access denied; "
                    "from=<a@example.com> to=<b@example.org> proto=ESMTP helo=<h.example>");
  EXPECT_EQ(entry.kind, Kind::rejected);
  EXPECT_EQ(entry.field_of("postfix_action"), "reject");
  EXPECT_EQ(entry.field_of("postfix_status_code"), "554");
  EXPECT_EQ(entry.field_of("postfix_status_code_enhanced"), "5.7.1");
  EXPECT_EQ(entry.field_of("postfix_status_data"), "b@example.org");
  EXPECT_EQ(entry.field_of("postfix_status_message"), "Relay access denied");
  EXPECT_EQ(entry.recipient, "b@example.org");
}

TEST(PostfixLog, clients_that_come_and_go) {
  const auto gone =
      parse_postfix("postfix/smtpd", "disconnect from h.example[2001:db8::9] ehlo=1 auth=0/1 quit=1 commands=2/3");
  EXPECT_EQ(gone.kind, Kind::client);
  EXPECT_EQ(gone.field_of("postfix_cmd_auth_accepted"), "0");
  EXPECT_EQ(gone.field_of("postfix_cmd_commands"), "3");
  const auto lost = parse_postfix("postfix/smtpd", "lost connection after DATA (18 bytes) from h.example[192.0.2.9]");
  EXPECT_EQ(lost.field_of("postfix_smtp_stage"), "DATA");
  const auto screened = parse_postfix("postfix/postscreen", "DNSBL rank 3 for [192.0.2.9]:1025");
  EXPECT_EQ(screened.field_of("postfix_postscreen_dnsbl_rank"), "3");
  const auto early = parse_postfix("postfix/postscreen", "PREGREET 14 after 0.22 from [192.0.2.9]:1025: EHLO x\\r\\n");
  EXPECT_EQ(early.field_of("postfix_postscreen_violation_time"), "0.22");
  EXPECT_EQ(early.field_of("postfix_postscreen_data"), "EHLO x\\r\\n");
}

TEST(PostfixLog, tls_of_an_incoming_session_with_key_sizes) {
  const auto entry = parse_postfix(
      "postfix/smtpd",
      "Anonymous TLS connection established from h.example[192.0.2.9]: TLSv1.3 with cipher TLS_AES_256_GCM_SHA384 "
      "(256/256 bits) key-exchange ECDHE (P-384) server-signature RSA-PSS (2048 bits) server-digest SHA256");
  EXPECT_EQ(entry.kind, Kind::tls);
  EXPECT_EQ(entry.field_of("postfix_client_ip"), "192.0.2.9");
  EXPECT_EQ(entry.field_of("postfix_tls_key_exchange_curve"), "P-384");
  EXPECT_EQ(entry.field_of("postfix_tls_server_signature_size"), "2048");
  EXPECT_EQ(entry.field_of("postfix_tls_server_digest"), "SHA256");
}

TEST(PostfixLog, words_that_look_like_a_queue_id_are_none) {
  EXPECT_EQ(parse_postfix("postfix/anvil", "statistics: max cache size 2 at Nov 23 21:17:00").queue_id, "");
  EXPECT_EQ(parse_postfix("postfix/smtp", "warning: x").queue_id, "");
}

TEST(PostfixLog, nothing_that_is_not_known_is_lost) {
  const auto entry = parse_postfix("postfix/master", "terminating on signal 15");
  EXPECT_EQ(entry.kind, Kind::other);
  EXPECT_EQ(entry.words, "terminating on signal 15");
}

}  // namespace
}  // namespace ptarmigan::logs
