// smtp/tests/command_test.cpp - command lines: RFC 5321#4.1.1, parameters of RFC 1870, RFC 3461, RFC 4954, RFC 6152.
#include "smtp/command.hpp"

#include <gtest/gtest.h>

#include "smtp/credentials.hpp"

namespace ptarmigan::smtp {
namespace {

template <typename T>
T parsed(std::string_view line) {
  const auto command = parse_command(line);
  EXPECT_TRUE(command) << line << ": " << command.error().text();
  return command ? std::get<T>(*command) : T{};
}

int refused(std::string_view line) {
  const auto command = parse_command(line);
  return command ? 0 : command.error().code;
}

TEST(Command, verbs_are_read_in_any_case) {
  EXPECT_EQ(parsed<Ehlo>("eHLo mail.example.com").name, "mail.example.com");
  EXPECT_FALSE(parsed<Ehlo>("HELO mail.example.com").esmtp);
  parsed<Data>("data");
  parsed<Rset>("RSET ");
  parsed<Quit>("quit");
  parsed<Noop>("NOOP anything at all");
  parsed<StartTls>("STARTTLS");
  EXPECT_EQ(parsed<Vrfy>("VRFY someone").argument, "someone");
}

TEST(Command, ehlo_wants_a_name_or_a_literal) {
  for (const auto* name : {"localhost", "mail.example.com", "[192.0.2.1]", "[IPv6:2001:db8::1]", "my_pc"})
    EXPECT_EQ(parsed<Ehlo>("EHLO " + std::string(name)).name, name);
  for (const auto* line : {"EHLO", "EHLO ", "EHLO a b", "EHLO [192.0.2]", "EHLO -x", "EHLO 2001:db8::1", "HELO <x>"})
    EXPECT_EQ(refused(line), 501) << line;
}

TEST(Command, mail_has_a_path_and_parameters) {
  const auto mail = parsed<Mail>(
      "MAIL FROM:<a@example.com> SIZE=1000 body=8bitmime RET=HDRS ENVID=x+3Dy AUTH=<> REQUIRETLS SMTPUTF8");
  EXPECT_EQ(mail.mail_from.text(), "<a@example.com>");
  EXPECT_EQ(mail.parameters, (MailParameters{.size = 1000,
                                             .body = BodyType::eight_bit_mime,
                                             .smtputf8 = true,
                                             .require_tls = true,
                                             .ret = Ret::hdrs,
                                             .envelope_id = "x=y",
                                             .auth = "<>"}));
  EXPECT_TRUE(parsed<Mail>("mail from:<>").mail_from.is_null());
}

TEST(Command, rcpt_has_dsn_parameters) {
  // RFC 3461, its first example with other addresses.
  const auto recipient =
      parsed<Rcpt>("RCPT TO:<Bob@example.com> NOTIFY=SUCCESS,FAILURE ORCPT=rfc822;Bob+2Bx@Example.com").recipient;
  EXPECT_EQ(recipient.notify, (Notify{.success = true, .failure = true}));
  EXPECT_EQ(recipient.original, (OriginalRecipient{"rfc822", "Bob+x@Example.com"}));
  EXPECT_EQ(parsed<Rcpt>("RCPT TO:<b@example.com> NOTIFY=NEVER").recipient.notify, Notify{});
}

TEST(Command, wrong_syntax_has_its_reply) {
  const std::pair<const char*, int> lines[] = {
      {"", 500},
      {"FOO", 500},
      {"MAILFROM:<a@example.com>", 500},
      {"MAIL", 501},
      {"MAIL TO:<a@example.com>", 501},
      {"MAIL FROM: <a@example.com>", 501},
      {"MAIL FROM :<a@example.com>", 501},
      {"MAIL FROM:a@example.com", 501},
      {"MAIL FROM:<a@example.com>SIZE=1", 501},
      {"MAIL FROM:<a@exa_mple.com>", 553},
      {"MAIL FROM:<a>", 553},
      {"MAIL FROM:<\xc3\xbc@example.com>", 553},
      {"MAIL FROM:<a@example.com> FOO=1", 555},
      {"MAIL FROM:<a@example.com> NOTIFY=NEVER", 555},
      {"MAIL FROM:<a@example.com> SIZE=1 SIZE=2", 501},
      {"MAIL FROM:<a@example.com> SIZE", 501},
      {"MAIL FROM:<a@example.com> SIZE=-1", 501},
      {"MAIL FROM:<a@example.com> SIZE=99999999999999999999", 501},
      {"MAIL FROM:<a@example.com> BODY=9BIT", 501},
      {"MAIL FROM:<a@example.com> SMTPUTF8=1", 501},
      {"MAIL FROM:<a@example.com> ENVID=a=b", 501},
      {"MAIL FROM:<a@example.com> ENVID=a+3db", 501},
      {"MAIL FROM:<a@example.com> ENVID=a+0Db", 501},
      {"MAIL FROM:<a@example.com> AUTH=nobody", 501},
      {"RCPT TO:<>", 553},
      {"RCPT TO:<b@example.com> SIZE=1", 555},
      {"RCPT TO:<b@example.com> NOTIFY=NEVER,DELAY", 501},
      {"RCPT TO:<b@example.com> NOTIFY=DELAY,DELAY", 501},
      {"RCPT TO:<b@example.com> NOTIFY=SOON", 501},
      {"RCPT TO:<b@example.com> ORCPT=b@example.com", 501},
      {"RCPT TO:<b@example.com> ORCPT=rfc822;", 501},
      {"DATA now", 501},
      {"QUIT now", 501},
      {"STARTTLS now", 501},
      {"BDAT", 501},
      {"BDAT x", 501},
      {"BDAT 1 FIRST", 501},
      {"BDAT 1 LAST x", 501},
      {"AUTH", 501},
      {"AUTH PLAIN a b", 501},
      {"AUTH PL\xc3\xbc", 501},
  };
  for (const auto& [line, code] : lines) EXPECT_EQ(refused(line), code) << line;
}

TEST(Command, bdat_and_auth_have_their_arguments) {
  EXPECT_EQ(parsed<Bdat>("BDAT 1000").size, 1000U);
  EXPECT_FALSE(parsed<Bdat>("BDAT 1000").last);
  EXPECT_TRUE(parsed<Bdat>("bdat 0 last").last);
  EXPECT_EQ(parsed<Auth>("auth plain").mechanism, "PLAIN");
  EXPECT_EQ(parsed<Auth>("AUTH SCRAM-SHA-256 =").response, "=");
}

TEST(Command, what_a_client_prints_a_server_reads) {
  const Envelope envelope{*ReversePath::parse("<\"a b\"@example.com>"),
                          {.size = 5, .body = BodyType::eight_bit_mime, .ret = Ret::full, .envelope_id = "q 7=+"},
                          {{*ForwardPath::parse("<b@example.net>"), Notify{}, OriginalRecipient{"rfc822", "b c@x"}}}};
  auto line = mail_line(envelope.mail_from, envelope.parameters);
  ASSERT_TRUE(line.ends_with("\r\n"));
  const auto mail = parsed<Mail>(line.substr(0, line.size() - 2));
  EXPECT_EQ(mail.mail_from, envelope.mail_from);
  EXPECT_EQ(mail.parameters, envelope.parameters);
  line = rcpt_line(envelope.recipients[0]);
  EXPECT_EQ(parsed<Rcpt>(line.substr(0, line.size() - 2)).recipient, envelope.recipients[0]);
}

TEST(PlainCredentials, are_the_message_of_rfc_4616) {
  // RFC 4616#4, both examples.
  const auto tim = PlainCredentials::decode("AHRpbQB0YW5zdGFhZnRhbnN0YWFm");
  ASSERT_TRUE(tim);
  EXPECT_EQ(tim->authorization_id, "");
  EXPECT_EQ(tim->user, "tim");
  EXPECT_EQ(tim->password.reveal(), "tanstaaftanstaaf");
  EXPECT_EQ(tim->encode().reveal(), "AHRpbQB0YW5zdGFhZnRhbnN0YWFm");
  const auto kurt = PlainCredentials::decode("VXJzZWwAS3VydAB4aXBqM3BsbXE=");
  ASSERT_TRUE(kurt);
  EXPECT_EQ(kurt->authorization_id, "Ursel");
  EXPECT_EQ(kurt->user, "Kurt");
  EXPECT_EQ(kurt->password.reveal(), "xipj3plmq");
}

TEST(PlainCredentials, refuse_what_is_malformed) {
  for (const auto* text : {"", "=", "!", "AHRpbQ==", "AAAA", "AAB4", "AHgA", "AHgAeQB6"})
    EXPECT_FALSE(PlainCredentials::decode(text)) << text;
}

}  // namespace
}  // namespace ptarmigan::smtp
