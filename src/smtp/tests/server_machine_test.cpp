// smtp/tests/server_machine_test.cpp - dialogues with the receiving side.
#include "smtp/server_machine.hpp"

#include <gtest/gtest.h>

#include "base/encoding.hpp"
#include "base/text.hpp"
#include "smtp/tests/dialogue.hpp"

namespace ptarmigan::smtp {
namespace {

using testing::ServerRun;
using namespace std::string_literals;

const std::string ehlo = "EHLO client.example\r\n";
const std::string mail = "MAIL FROM:<a@example.com>\r\n";
const std::string rcpt = "RCPT TO:<b@example.net>\r\n";

std::vector<std::string> single_octets(const std::vector<std::string>& pieces) {
  std::vector<std::string> out;
  for (const auto& piece : pieces)
    for (const char c : piece) out.emplace_back(1, c);
  return out;
}

/// The replies to a message whose octets after DATA are `data`, fed whole and octet by octet.
struct Received {
  std::string codes;
  std::vector<std::string> messages;
};
Received receive(const std::string& data) {
  ServerRun whole;
  whole.run({ehlo, mail + rcpt + "DATA\r\n", data});
  ServerRun split;
  split.run(single_octets({ehlo, mail + rcpt + "DATA\r\n", data}));
  EXPECT_EQ(whole.codes(), split.codes());
  EXPECT_EQ(whole.messages, split.messages);
  EXPECT_EQ(whole.sent, split.sent);
  return {whole.codes(), whole.messages};
}

TEST(ServerMachine, takes_a_message_and_says_goodbye) {
  ServerRun run{.options = {.host_name = "mx.example.net"}};
  run.run({ehlo, mail, rcpt, "DATA\r\n", "Subject: hi\r\n\r\n..dot\r\nend\r\n.\r\n", "QUIT\r\n"});
  EXPECT_EQ(run.codes(), "220 250 250 250 354 250 221");
  EXPECT_EQ(run.messages, std::vector<std::string>{"Subject: hi\r\n\r\n.dot\r\nend\r\n"});
  EXPECT_EQ(run.envelopes.at(0).mail_from.text(), "<a@example.com>");
  EXPECT_EQ(run.envelopes.at(0).recipients.at(0).path.text(), "<b@example.net>");
  EXPECT_EQ(run.sends.at(0), "220 mx.example.net ESMTP Ptarmigan\r\n");
  EXPECT_EQ(run.sends.at(1),
            "250-mx.example.net greets client.example\r\n250-PIPELINING\r\n250-8BITMIME\r\n250-ENHANCEDSTATUSCODES\r\n"
            "250-SMTPUTF8\r\n250 SIZE 52428800\r\n");
}

TEST(ServerMachine, asks_at_each_stage_in_order) {
  ServerRun run;
  run.run({ehlo, mail + rcpt + "DATA\r\n", "x\r\n.\r\n", "QUIT\r\n"});
  EXPECT_EQ(run.asked,
            (std::vector{Stage::connect, Stage::ehlo, Stage::mail, Stage::rcpt, Stage::data, Stage::end_of_data}));
}

TEST(ServerMachine, answers_a_pipelined_batch_in_one_send) {
  ServerRun run;
  run.run({ehlo, mail + rcpt + rcpt + "DATA\r\n", "x\r\n.\r\n" + mail + rcpt + "DATA\r\n", "y\r\n.\r\nQUIT\r\n"});
  EXPECT_EQ(run.codes(), "220 250 250 250 250 354 250 250 250 354 250 221");
  EXPECT_EQ(run.sends.size(), 5U);
  EXPECT_EQ(run.messages, (std::vector<std::string>{"x\r\n", "y\r\n"}));
}

TEST(ServerMachine, only_crlf_dot_crlf_ends_a_message) {
  // Each line is one of the known ways to smuggle an end of data; what follows it would be read as commands.
  const std::string smuggled = "MAIL FROM:<evil@example.com>\r\n";
  for (const std::string& end :
       std::vector<std::string>{"\n.\n", "\n.\r\n", "\r\n.\n", "\r.\r", "\r.\r\n", "\r\n.\r", "\r.\n", "\n.\r",
                                "\n\n.\r\n", "\r\n.\0\r\n"s, "\r\n\0.\r\n"s, "\r\n.\r\r\n"}) {
    const auto got = receive("Subject: x\r\n\r\nfirst" + end + smuggled + "\r\n.\r\nQUIT\r\n");
    // Refused after the true end; nothing of it was taken as a command.
    EXPECT_EQ(got.codes, "220 250 250 250 354 550 221") << printable(end);
    EXPECT_TRUE(got.messages.empty()) << printable(end);
  }
}

TEST(ServerMachine, a_nul_octet_in_a_message_is_refused_and_ends_nothing) {
  for (const auto& data : {"Subject: a\0b\r\n\r\n.\r\n"s, "\r\nbody\0\r\nQUIT\r\n.\r\n"s, "\0\r\n.\r\n"s}) {
    const auto got = receive(data + "QUIT\r\n");
    EXPECT_EQ(got.codes, "220 250 250 250 354 550 221") << printable(data);
    EXPECT_TRUE(got.messages.empty());
  }
}

TEST(ServerMachine, an_address_beyond_ascii_needs_smtputf8) {
  const std::string utf8_mail = "MAIL FROM:<\xc3\xbc@example.com>";
  const std::string utf8_rcpt =
      "RCPT TO:<b@b\xc3\xbc"
      "cher.example>\r\n";
  EXPECT_EQ(ServerRun{}.run({ehlo, utf8_mail + "\r\n", mail, utf8_rcpt}).codes(), "220 250 553 250 553");
  EXPECT_EQ(ServerRun{}.run({ehlo, utf8_mail + " SMTPUTF8\r\n", utf8_rcpt}).codes(), "220 250 250 250");
}

TEST(ServerMachine, a_true_end_behind_a_bare_cr_is_the_end) {
  const auto got = receive("first\r\r\n.\r\nQUIT\r\n");
  EXPECT_EQ(got.codes, "220 250 250 250 354 550 221");
  EXPECT_TRUE(got.messages.empty());
}

TEST(ServerMachine, dots_are_unstuffed_only_at_the_beginning_of_a_line) {
  EXPECT_EQ(receive("..\r\n.a\r\nb.\r\n...\r\n.\r\n").messages, std::vector<std::string>{".\r\na\r\nb.\r\n..\r\n"});
  EXPECT_EQ(receive(".\r\n").messages, std::vector<std::string>{""});
}

TEST(ServerMachine, a_line_may_have_998_octets_and_its_end) {
  const std::string longest(998, 'x');
  EXPECT_EQ(receive(longest + "\r\n.\r\n").codes, "220 250 250 250 354 250");
  EXPECT_EQ(receive("." + longest + "\r\n.\r\n").codes, "220 250 250 250 354 250");
  EXPECT_EQ(receive(longest + "x\r\n.\r\n").codes, "220 250 250 250 354 554");
  EXPECT_EQ(receive(longest + "x\r\n.\r\nQUIT\r\n").codes, "220 250 250 250 354 554 221");
}

TEST(ServerMachine, a_session_goes_on_after_a_refused_message) {
  ServerRun run;
  run.run({ehlo, mail + rcpt + "DATA\r\n", "a\nb\r\n.\r\n", mail + rcpt + "DATA\r\n", "good\r\n.\r\n", "QUIT\r\n"});
  EXPECT_EQ(run.codes(), "220 250 250 250 354 550 250 250 354 250 221");
  EXPECT_EQ(run.messages, std::vector<std::string>{"good\r\n"});
}

TEST(ServerMachine, refuses_what_is_too_large_when_announced_and_when_sent) {
  ServerRun run;
  run.options.extensions.size = 10;
  run.run(
      {ehlo, "MAIL FROM:<a@example.com> SIZE=11\r\n", mail + rcpt + "DATA\r\n", "12345678\r\n9\r\n.\r\n", "QUIT\r\n"});
  EXPECT_EQ(run.codes(), "220 250 552 250 250 354 552 221");
  EXPECT_TRUE(run.messages.empty());
}

TEST(ServerMachine, octets_behind_data_before_the_354_end_the_session) {
  ServerRun run;
  run.run({ehlo, mail + rcpt + "DATA\r\nx\r\n.\r\n"});
  EXPECT_EQ(run.codes(), "220 250 250 250 554");
  EXPECT_TRUE(run.messages.empty());
}

TEST(ServerMachine, who_did_not_see_pipelining_offered_may_not_pipeline) {
  EXPECT_EQ(ServerRun{}.run({ehlo + mail}).codes(), "220 554");
  EXPECT_EQ(ServerRun{}.run({"HELO client.example\r\n", mail + rcpt}).codes(), "220 250 554");
  EXPECT_EQ(ServerRun{}.run({"NOOP\r\nNOOP\r\n"}).codes(), "220 250 554");
}

TEST(ServerMachine, plain_octets_behind_starttls_end_the_session) {
  ServerRun run{.options = {.tls = server::TlsUse::offered}};
  run.run({ehlo, "STARTTLS\r\nRSET\r\n"});
  EXPECT_EQ(run.codes(), "220 250 554");
  EXPECT_EQ(run.handshakes, 0U);
}

TEST(ServerMachine, starttls_forgets_what_was_said_before) {
  ServerRun run{.options = {.tls = server::TlsUse::required}};
  run.run({ehlo, mail, "STARTTLS\r\n", mail, ehlo, mail + rcpt + "STARTTLS\r\n"});
  EXPECT_EQ(run.codes(), "220 250 530 220 503 250 250 250 503");
  EXPECT_EQ(run.handshakes, 1U);
  // Offered before TLS, not under it.
  EXPECT_NE(run.sends.at(1).find("STARTTLS"), std::string::npos);
  EXPECT_EQ(run.sends.at(5).find("STARTTLS"), std::string::npos);
}

TEST(ServerMachine, auth_is_offered_and_taken_only_under_tls) {
  const server::Options options{.tls = server::TlsUse::offered, .auth = server::AuthUse::required};
  // RFC 4616#4: user "tim", password "tanstaaftanstaaf".
  const std::string plain = "AUTH PLAIN AHRpbQB0YW5zdGFhZnRhbnN0YWFm\r\n";
  ServerRun run{.options = options};
  run.run({ehlo, plain, mail, "STARTTLS\r\n", ehlo, mail, plain, mail, "RSET\r\n", plain});
  EXPECT_EQ(run.codes(), "220 250 538 530 220 250 530 235 250 250 503");
  ASSERT_EQ(run.credentials.size(), 1U);
  EXPECT_EQ(run.credentials[0].user, "tim");
  EXPECT_EQ(run.credentials[0].password.reveal(), "tanstaaftanstaaf");
}

TEST(ServerMachine, auth_speaks_plain_without_initial_response_and_login) {
  const server::Options options{.auth = server::AuthUse::offered};
  ServerRun plain{.options = options, .security = server::Security::tls};
  plain.run({ehlo, "AUTH PLAIN\r\n", "AHRpbQB0YW5zdGFhZnRhbnN0YWFm\r\n", "QUIT\r\n"});
  EXPECT_EQ(plain.codes(), "220 250 334 235 221");
  ServerRun login{.options = options, .security = server::Security::tls};
  login.run({ehlo, "AUTH LOGIN\r\n", base64_encode("tim") + "\r\n", base64_encode("secret") + "\r\n", "QUIT\r\n"});
  EXPECT_EQ(login.codes(), "220 250 334 334 235 221");
  EXPECT_EQ(login.credentials.at(0).password.reveal(), "secret");
  ServerRun cancelled{.options = options, .security = server::Security::tls};
  cancelled.run({ehlo, "AUTH LOGIN\r\n", "*\r\n", "AUTH SCRAM-SHA-256\r\n", "AUTH PLAIN ====\r\n", "QUIT\r\n"});
  EXPECT_EQ(cancelled.codes(), "220 250 334 501 504 501 221");
}

TEST(ServerMachine, wrong_credentials_three_times_end_the_session) {
  ServerRun run{.options = {.auth = server::AuthUse::offered},
                .security = server::Security::tls,
                .verdict = server::CredentialsVerdict::refused};
  const std::string plain = "AUTH PLAIN AHRpbQB0YW5zdGFhZnRhbnN0YWFm\r\n";
  run.run({ehlo, plain, plain, plain, plain});
  EXPECT_EQ(run.codes(), "220 250 535 535 421");
}

TEST(ServerMachine, policy_refuses_at_the_stage_it_likes_in_its_own_words) {
  const Reply refusal = *Reply::parse("550-5.7.1 [192.0.2.1] Our system has detected\r\n550 5.7.1 . x - gsmtp\r\n");
  for (const auto stage : {Stage::ehlo, Stage::mail, Stage::rcpt, Stage::data, Stage::end_of_data}) {
    ServerRun run;
    run.decide = [&](Stage asked, const server::Session&) {
      return asked == stage ? server::Decision{refusal} : server::Decision{};
    };
    run.run({ehlo, mail, rcpt, "DATA\r\n", "x\r\n.\r\n"});
    EXPECT_NE(run.sent.find("550-5.7.1 [192.0.2.1] Our system has detected\r\n550 5.7.1 . x - gsmtp\r\n"),
              std::string::npos);
    EXPECT_TRUE(run.messages.empty());
  }
}

TEST(ServerMachine, refused_at_connect_only_quit_is_answered) {
  ServerRun run;
  run.decide = [](Stage, const server::Session&) { return server::Decision{Reply(554, "no PTR")}; };
  run.run({ehlo, mail, "QUIT\r\n"});
  EXPECT_EQ(run.codes(), "554 503 503 221");
}

TEST(ServerMachine, a_decision_of_421_ends_the_session) {
  ServerRun run;
  run.decide = [](Stage stage, const server::Session&) {
    return stage == Stage::rcpt ? server::Decision{Reply(421, {4, 7, 28}, "slow down")} : server::Decision{};
  };
  run.run({ehlo, mail + rcpt + rcpt, "QUIT\r\n"});
  EXPECT_EQ(run.codes(), "220 250 250 421");
}

TEST(ServerMachine, commands_out_of_order_are_refused) {
  EXPECT_EQ(ServerRun{}.run({mail, ehlo, rcpt, "DATA\r\n", mail, mail, "DATA\r\n", "QUIT\r\n"}).codes(),
            "220 503 250 503 503 250 503 554 221");
}

TEST(ServerMachine, command_lines_end_with_crlf_and_hold_no_control_octets) {
  EXPECT_EQ(ServerRun{}
                .run({"EHLO client.example\n", "\n", "EHLO\rx\r\n", std::string("EHLO x\0y\r\n", 10), ehlo, "QUIT\r\n"})
                .codes(),
            "220 500 500 500 500 250 221");
  EXPECT_EQ(
      ServerRun{}.run({ehlo, "NOOP " + std::string(3000, 'x'), std::string(3000, 'x') + "\r\n", "QUIT\r\n"}).codes(),
      "220 250 500 221");
}

TEST(ServerMachine, errors_and_idle_commands_are_limited) {
  ServerRun errors{.options = {.max_errors = 2}};
  errors.run({ehlo, "FOO\r\n", "FOO\r\n", "FOO\r\n", "NOOP\r\n"});
  EXPECT_EQ(errors.codes(), "220 250 500 500 500 421");
  ServerRun idle{.options = {.max_idle_commands = 3}};
  idle.run({ehlo, "NOOP\r\n", "NOOP\r\n", "NOOP\r\n", "NOOP\r\n"});
  EXPECT_EQ(idle.codes(), "220 250 250 250 421");
  ServerRun many{.options = {.max_recipients = 2}};
  many.run({ehlo, mail + rcpt + rcpt + rcpt + "DATA\r\n", "x\r\n.\r\n"});
  EXPECT_EQ(many.codes(), "220 250 250 250 250 452 354 250");
  EXPECT_EQ(many.envelopes.at(0).recipients.size(), 2U);
}

TEST(ServerMachine, timeout_shutdown_and_overload_say_421) {
  ServerRun timed_out{.at_end = server::TimedOut{}};
  timed_out.run({ehlo, mail + rcpt + "DATA\r\n", "half a line"});
  EXPECT_EQ(timed_out.codes(), "220 250 250 250 354 421");
  EXPECT_EQ(timed_out.discards, 1U);
  ServerRun stopped{.at_end = server::Stop{server::StopReason::shutting_down}};
  EXPECT_EQ(stopped.run({ehlo}).last(), "421 4.3.2 localhost Shutting down, try later");
  ServerMachine machine({});
  const auto action = machine.step(server::Stop{server::StopReason::overloaded});
  EXPECT_EQ(std::get<server::Send>(action).octets, "421 4.3.2 localhost Too busy, try later\r\n");
  EXPECT_TRUE(std::holds_alternative<server::Close>(machine.step(server::Done{})));
}

TEST(ServerMachine, a_client_that_leaves_in_the_middle_leaves_nothing) {
  ServerRun run;
  run.run({ehlo, mail + rcpt + "DATA\r\n", "half\r\nmessage\r\n"});
  EXPECT_EQ(run.discards, 1U);
  EXPECT_TRUE(run.messages.empty());
}

TEST(ServerMachine, octets_behind_quit_are_ignored) {
  EXPECT_EQ(ServerRun{}.run({ehlo, "QUIT\r\n" + mail}).codes(), "220 250 221");
}

TEST(ServerMachine, parameters_of_extensions_that_are_not_offered_are_refused) {
  ServerRun run;
  run.options.extensions = {.pipelining = true};
  run.run({ehlo, "MAIL FROM:<a@example.com> SIZE=1\r\n", "MAIL FROM:<a@example.com> BODY=8BITMIME\r\n",
           "MAIL FROM:<a@example.com> SMTPUTF8\r\n", "MAIL FROM:<a@example.com> RET=HDRS\r\n",
           "MAIL FROM:<a@example.com> REQUIRETLS\r\n", mail, "RCPT TO:<b@example.net> NOTIFY=NEVER\r\n"});
  EXPECT_EQ(run.codes(), "220 250 555 555 555 555 555 250 555");
}

TEST(ServerMachine, chunks_are_counted_not_searched) {
  ServerRun run;
  run.options.extensions.chunking = true;
  run.run({ehlo, mail + rcpt + "BDAT 8\r\n.\r\nabc\r\n" + "BDAT 3 LAST\r\n.\r\nQUIT\r\n"});
  EXPECT_EQ(run.codes(), "220 250 250 250 250 250 221");
  EXPECT_EQ(run.messages, std::vector<std::string>{".\r\nabc\r\n.\r\n"}) << run.sent;
}

TEST(ServerMachine, a_chunk_is_swallowed_whole_when_it_is_refused) {
  ServerRun run;
  run.options.extensions.chunking = true;
  run.run(
      {ehlo, "BDAT 6 LAST\r\nRSET\r\nNOOP\r\n", mail + rcpt + "BDAT 3\r\na\nb" + "BDAT 6 LAST\r\nRSET\r\nQUIT\r\n"});
  EXPECT_EQ(run.codes(), "220 250 503 250 250 250 550 503 221");
  EXPECT_TRUE(run.messages.empty());
}

TEST(ServerMachine, bdat_that_was_not_offered_ends_the_session) {
  EXPECT_EQ(ServerRun{}.run({ehlo, mail + rcpt + "BDAT 6 LAST\r\nRSET\r\n"}).codes(), "220 250 250 250 503");
}

TEST(ServerMachine, a_mechanism_of_several_messages_goes_to_the_driver) {
  ServerRun run{.security = server::Security::tls};
  run.options.auth = server::AuthUse::offered;
  run.options.sasl_mechanisms = {"SCRAM-SHA-256"};
  run.sasl = {{server::SaslVerdict::challenge, "server-first", {}},
              {server::SaslVerdict::challenge, "v=proof", {}},
              {server::SaslVerdict::accepted, {}, "alice"}};
  run.run({ehlo, "AUTH SCRAM-SHA-256 " + base64_encode("client-first") + "\r\n", base64_encode("client-final") + "\r\n",
           "\r\n", mail, "QUIT\r\n"});
  EXPECT_EQ(run.codes(), "220 250 334 334 235 250 221");
  EXPECT_NE(run.sent.find("250 AUTH SCRAM-SHA-256 PLAIN LOGIN"), std::string::npos) << run.sent;
  EXPECT_NE(run.sent.find("334 " + base64_encode("v=proof")), std::string::npos);
  EXPECT_EQ(run.sasl_messages, (std::vector<std::string>{"+client-first", "client-final", ""}));
}

TEST(ServerMachine, a_cancelled_mechanism_begins_anew) {
  ServerRun run{.security = server::Security::tls};
  run.options.auth = server::AuthUse::offered;
  run.options.sasl_mechanisms = {"SCRAM-SHA-256"};
  run.sasl = {{server::SaslVerdict::challenge, "x", {}},
              {server::SaslVerdict::challenge, "x", {}},
              {server::SaslVerdict::refused, {}, {}}};
  run.run({ehlo, "AUTH SCRAM-SHA-256\r\n", "YQ==\r\n", "*\r\n", "AUTH SCRAM-SHA-256 YQ==\r\n", "YQ==\r\n", "QUIT\r\n"});
  EXPECT_EQ(run.codes(), "220 250 334 334 501 334 535 221");
  EXPECT_EQ(run.sasl_messages, (std::vector<std::string>{"+a", "+a", "a"}));
}

TEST(ServerMachine, xclient_is_for_trusted_peers) {
  ServerRun run;
  run.run({ehlo, "XCLIENT ADDR=192.0.2.9\r\n", "QUIT\r\n"});
  EXPECT_EQ(run.codes(), "220 250 550 221");
  EXPECT_EQ(run.sent.find("250 XCLIENT"), std::string::npos);
}

TEST(ServerMachine, xclient_names_the_client_and_begins_the_session_anew) {
  std::optional<IpAddress> client;
  std::optional<std::string> user;
  std::string name;
  ServerRun run;
  run.options.xclient = server::XclientUse::offered;
  run.decide = [&](Stage stage, const server::Session& session) {
    if (stage == Stage::mail) {
      client = session.client;
      user = session.user;
      name = session.ehlo_name;
    }
    return server::Decision{};
  };
  run.run({ehlo, "XCLIENT NAME=[UNAVAILABLE] ADDR=IPV6:2001:db8::9 HELO=app.example LOGIN=ali+3Dce PROTO=ESMTP\r\n",
           mail, ehlo, mail, "QUIT\r\n"});
  EXPECT_EQ(run.codes(), "220 250 220 503 250 250 221") << "EHLO comes again";
  ASSERT_TRUE(client);
  EXPECT_EQ(client->text(), "2001:db8::9");
  EXPECT_EQ(user, "ali=ce");
  EXPECT_EQ(name, "app.example");
}

TEST(ServerMachine, a_malformed_xclient_changes_nothing) {
  ServerRun run;
  run.options.xclient = server::XclientUse::offered;
  run.run({ehlo, "XCLIENT ADDR=nowhere\r\n", "XCLIENT ROLE=king\r\n", "XCLIENT ADDR\r\n", "XCLIENT LOGIN=+4\r\n", mail,
           "QUIT\r\n"});
  EXPECT_EQ(run.codes(), "220 250 501 501 501 501 250 221");
}

}  // namespace
}  // namespace ptarmigan::smtp
