// logs/tests/exim_test.cpp - lines of Exim's main log.
#include "logs/exim.hpp"

#include <gtest/gtest.h>

namespace ptarmigan::logs {
namespace {

TEST(EximLog, delivery_with_tls_and_interface) {
  const auto entry = parse_exim(
      R"(1aBcDe-000abc-Xy => b@example.org <list@example.com> F=<a@example.com> R=dnslookup T=remote_smtp )"
      R"(H=mx.example.org [2001:db8:feed::25]:25 I=[2001:db8::1]:41234 X=TLS1.3:ECDHE_X25519__RSA_PSS_RSAE_SHA256__AES_256_GCM:256 )"
      R"(CV=yes DN="CN=mx.example.org" K C="250- 5000 byte chunk\n250 2.0.0 \"OK\"" QT=1m2s DT=0.5s)");
  EXPECT_EQ(entry.kind, Kind::attempt);
  EXPECT_EQ(entry.queue_id, "1aBcDe-000abc-Xy");
  EXPECT_EQ(entry.recipient, "b@example.org");
  EXPECT_EQ(entry.original_recipient, "list@example.com");
  EXPECT_EQ(entry.sender, "a@example.com");
  ASSERT_TRUE(entry.relay);
  EXPECT_EQ(entry.relay->host, "mx.example.org");
  EXPECT_EQ(entry.relay->port, 25);
  EXPECT_EQ(entry.local_address, IpAddress::parse("2001:db8::1").value());
  ASSERT_TRUE(entry.tls);
  EXPECT_EQ(entry.tls->version, "TLSv1.3");
  EXPECT_EQ(entry.tls->trust, "yes");
  EXPECT_EQ(entry.reply, "250- 5000 byte chunk\n250 2.0.0 \"OK\"");
  EXPECT_EQ(entry.delay, 62.0);
  EXPECT_EQ(entry.status, "sent");
}

TEST(EximLog, bounce_with_the_receivers_lines) {
  const auto entry = parse_exim(
      R"(1aBcDe-000abc-Xy ** a@gmail.com R=dns T=smtp H=gmail-smtp-in.l.google.com [2001:db8:feed::25] X=TLS1.2:AES:256 CV=no: )"
      R"(SMTP error from remote mail server after end of data: 550-5.7.1 [2001:db8::1] Our system\n550 5.7.1 . - gsmtp)");
  EXPECT_EQ(entry.status, "bounced");
  EXPECT_EQ(entry.stage, "end of data");
  EXPECT_EQ(entry.reply, "550-5.7.1 [2001:db8::1] Our system 550 5.7.1 . - gsmtp");
  EXPECT_EQ(entry.dsn, "5.7.1");
}

TEST(EximLog, bounce_without_any_field) {
  const auto entry = parse_exim("1aBcDe-000abc-Xy ** a@v6only.test: retry timeout exceeded");
  EXPECT_EQ(entry.recipient, "a@v6only.test");
  EXPECT_EQ(entry.words, "retry timeout exceeded");
}

TEST(EximLog, deferral_with_the_host_behind_the_number) {
  const auto entry = parse_exim(
      "1aBcDe-00000000abc-XyZa == a@example.org R=dns T=smtp defer (-44) H=mx.example.org [203.0.113.25]: SMTP error "
      "from remote mail server after RCPT TO:<a@example.org>: 450 4.2.1 busy: later");
  EXPECT_EQ(entry.queue_id, "1aBcDe-00000000abc-XyZa");
  EXPECT_EQ(entry.status, "deferred");
  EXPECT_EQ(entry.field_of("exim_errno"), "-44");
  ASSERT_TRUE(entry.relay);
  EXPECT_EQ(entry.relay->host, "mx.example.org");
  EXPECT_EQ(entry.reply, "450 4.2.1 busy: later");
  EXPECT_EQ(entry.stage, "RCPT TO:<a@example.org>");
  const auto plain = parse_exim("1aBcDe-000abc-Xy == a@example.org R=dns T=smtp defer (111): Connection refused");
  EXPECT_EQ(plain.words, "Connection refused");
}

TEST(EximLog, arrival_and_end) {
  const auto entry = parse_exim(
      "1aBcDe-000abc-Xy <= a@example.com H=(laptop) [192.0.2.9]:4711 P=esmtpsa X=TLS1.3:C:256 CV=no S=812 "
      "id=1@example.com");
  EXPECT_EQ(entry.kind, Kind::arrival);
  EXPECT_EQ(entry.sender, "a@example.com");
  ASSERT_TRUE(entry.client);
  EXPECT_EQ(entry.client->host, "laptop");
  EXPECT_EQ(entry.size, 812U);
  EXPECT_EQ(entry.message_id, "1@example.com");
  const auto bounce = parse_exim("1aBcDe-000abd-Xy <= <> R=1aBcDe-000abc-Xy U=Debian-exim P=local S=1");
  EXPECT_TRUE(bounce.has_sender);
  EXPECT_EQ(bounce.sender, "");
  EXPECT_EQ(parse_exim("1aBcDe-000abc-Xy Completed QT=2s").kind, Kind::removed);
}

TEST(EximLog, local_deliveries_keep_both_names) {
  const auto entry = parse_exim("1aBcDe-000abc-Xy => user <user@example.com> R=local_user T=mail_spool");
  EXPECT_EQ(entry.recipient, "user@example.com");
  EXPECT_EQ(entry.field_of("exim_local"), "user");
}

TEST(EximLog, refusals_on_the_way_to_the_next_host) {
  const auto entry = parse_exim(
      "1aBcDe-000abc-Xy H=mx.example.org [203.0.113.25]: SMTP error from remote mail server after initial connection: "
      "421 4.7.0 later");
  EXPECT_EQ(entry.kind, Kind::refusal);
  EXPECT_EQ(entry.reply, "421 4.7.0 later");
  const auto refused = parse_exim("1aBcDe-000abc-Xy H=mx.example.org [2001:db8::25] Connection refused");
  EXPECT_EQ(refused.kind, Kind::connect_failed);
}

TEST(EximLog, connection_that_was_used_before) {
  const auto entry =
      parse_exim(R"(1aBcDe-000abc-Xy => b@example.org R=d T=s H=mx.example.org [203.0.113.25]* C="250 OK")");
  EXPECT_EQ(entry.connection_use, 2U);
  EXPECT_EQ(entry.reply, "250 OK");
}

}  // namespace
}  // namespace ptarmigan::logs
