// smtp/tests/client_machine_test.cpp - dialogues with the sending side.
#include "smtp/client_machine.hpp"

#include <gtest/gtest.h>

#include "base/encoding.hpp"
#include "smtp/tests/dialogue.hpp"

namespace ptarmigan::smtp {
namespace {

using testing::ClientRun;

Envelope envelope_to(const std::vector<std::string>& recipients) {
  Envelope envelope{*ReversePath::parse("<a@example.com>"), {}, {}};
  for (const auto& address : recipients)
    envelope.recipients.push_back({*ForwardPath::parse("<" + address + ">"), {}, {}});
  return envelope;
}
const Envelope to_b = envelope_to({"b@example.net"});
const Envelope to_three = envelope_to({"b@example.net", "c@example.net", "d@example.net"});

const std::string greeting = "220 mx.example.net ESMTP\r\n";
const std::string plain_ehlo = "250 mx.example.net\r\n";
const std::string pipelining_ehlo = "250-mx.example.net\r\n250-PIPELINING\r\n250 SIZE 1000\r\n";
const std::string ok = "250 2.0.0 ok\r\n";
const std::string go = "354 go\r\n";

/// "stage code" of each recipient: "end_of_data 250, rcpt 550".
std::string told(const client::Transaction& transaction) {
  std::string out;
  for (const auto& answer : transaction.recipients) {
    out += (out.empty() ? "" : ", ") + std::string(to_string(answer.stage)) + " ";
    out += answer.reply ? std::to_string(answer.reply->code) : std::string(to_string(*answer.problem));
  }
  return out;
}

TEST(ClientMachine, delivers_a_message_and_quits) {
  ClientRun run{.envelopes = {to_b}};
  run.run({greeting, plain_ehlo, ok, ok, go, ok, "221 bye\r\n"});
  EXPECT_EQ(run.sent,
            "EHLO out.example.com\r\nMAIL FROM:<a@example.com>\r\nRCPT TO:<b@example.net>\r\nDATA\r\n"
            "Subject: x\r\n\r\n..dot\r\n.\r\nQUIT\r\n");
  ASSERT_EQ(run.done.size(), 1U);
  EXPECT_EQ(told(run.done[0]), "end_of_data 250");
  EXPECT_TRUE(run.done[0].recipients[0].accepted());
  EXPECT_FALSE(run.session_failure);
  EXPECT_EQ(run.sends.size(), 6U);
}

TEST(ClientMachine, pipelines_a_transaction_in_one_send) {
  ClientRun run{.envelopes = {to_three, to_b}};
  run.run({greeting, pipelining_ehlo, ok + ok + ok + ok + go, ok, ok + ok + go, ok, "221 bye\r\n"});
  EXPECT_EQ(run.sends.at(1),
            "MAIL FROM:<a@example.com>\r\nRCPT TO:<b@example.net>\r\nRCPT TO:<c@example.net>\r\n"
            "RCPT TO:<d@example.net>\r\nDATA\r\n");
  EXPECT_EQ(run.sends.size(), 6U);
  EXPECT_EQ(told(run.done.at(0)), "end_of_data 250, end_of_data 250, end_of_data 250");
  EXPECT_EQ(told(run.done.at(1)), "end_of_data 250");
}

TEST(ClientMachine, every_split_of_the_replies_gives_the_same_dialogue) {
  const std::vector<std::string> pieces{greeting, "250-mx.example.net\r\n250-PIPELINING\r\n250 STARTTLS\r\n",
                                        ok + "550-5.1.1 User\r\n550 5.1.1 unknown\r\n" + ok + ok + go, ok,
                                        "421 bye\r\n"};
  ClientRun whole{.envelopes = {to_three}};
  whole.run(pieces);
  std::vector<std::string> octets;
  for (const auto& piece : pieces)
    for (const char c : piece) octets.emplace_back(1, c);
  ClientRun split{.envelopes = {to_three}};
  split.run(octets);
  EXPECT_EQ(whole.sends, split.sends);
  EXPECT_EQ(told(whole.done.at(0)), "rcpt 550, end_of_data 250, end_of_data 250");
  EXPECT_EQ(told(split.done.at(0)), told(whole.done.at(0)));
}

TEST(ClientMachine, nobody_accepted_after_pipelined_data_sends_the_empty_message) {
  ClientRun run{.envelopes = {to_b, to_b}};
  run.run({greeting, pipelining_ehlo, ok + "550 no\r\n" + go, "554 no valid recipients\r\n", ok + ok + ok + go, ok});
  EXPECT_EQ(run.sends.at(2), ".\r\n");
  EXPECT_EQ(told(run.done.at(0)), "rcpt 550");
  // The next transaction begins with RSET.
  EXPECT_TRUE(run.sends.at(3).starts_with("RSET\r\nMAIL FROM:"));
  EXPECT_EQ(told(run.done.at(1)), "end_of_data 250");
}

TEST(ClientMachine, a_refused_sender_is_the_answer_for_all) {
  ClientRun run{.envelopes = {to_three, to_b}};
  run.run({greeting, pipelining_ehlo, "550 5.7.1 no\r\n503 a\r\n503 b\r\n503 c\r\n503 d\r\n", ok + ok + ok + go, ok});
  EXPECT_EQ(told(run.done.at(0)), "mail 550, mail 550, mail 550");
  EXPECT_EQ(told(run.done.at(1)), "end_of_data 250");
}

TEST(ClientMachine, data_refused_answers_only_who_was_accepted) {
  ClientRun run{.envelopes = {to_three}};
  run.run({greeting, pipelining_ehlo, ok + ok + "452 4.5.3 later\r\n" + ok + "451 4.3.0 no\r\n", "221 bye\r\n"});
  EXPECT_EQ(told(run.done.at(0)), "data 451, rcpt 452, data 451");
}

TEST(ClientMachine, a_refusal_after_data_is_kept_word_for_word) {
  ClientRun run{.envelopes = {to_b}};
  const std::string refusal = "550-5.7.1 [2001:db8::1] Our system has detected\r\n550 5.7.1 . x - gsmtp\r\n";
  run.run({greeting, pipelining_ehlo, ok + ok + go, refusal, "221 bye\r\n"});
  EXPECT_EQ(run.done.at(0).recipients.at(0).reply->wire(),
            "550-5.7.1 [2001:db8::1] Our system has detected\r\n550 5.7.1 . x - gsmtp\r\n");
}

TEST(ClientMachine, many_recipients_go_in_bounded_batches) {
  ClientRun run{.envelopes = {to_three}};
  run.options.max_pipelined = 2;
  run.run({greeting, pipelining_ehlo, ok + ok, ok + ok, go, ok});
  EXPECT_EQ(run.sends.at(1), "MAIL FROM:<a@example.com>\r\nRCPT TO:<b@example.net>\r\n");
  EXPECT_EQ(run.sends.at(2), "RCPT TO:<c@example.net>\r\nRCPT TO:<d@example.net>\r\n");
  EXPECT_EQ(run.sends.at(3), "DATA\r\n");
  EXPECT_EQ(told(run.done.at(0)), "end_of_data 250, end_of_data 250, end_of_data 250");
}

TEST(ClientMachine, falls_back_to_helo_only_where_ehlo_is_unknown) {
  ClientRun old{.envelopes = {to_b}};
  old.run({greeting, "502 5.5.1 what?\r\n", "250 hello\r\n", ok, ok, go, ok});
  EXPECT_EQ(old.sends.at(1), "HELO out.example.com\r\n");
  EXPECT_EQ(told(old.done.at(0)), "end_of_data 250");
  ClientRun refused{.envelopes = {to_b}};
  refused.run({greeting, "550 5.7.1 go away\r\n"});
  EXPECT_EQ(refused.session_failure->stage, Stage::ehlo);
  EXPECT_EQ(refused.session_failure->reply->code, 550);
  EXPECT_EQ(refused.sends.at(1), "QUIT\r\n");
}

TEST(ClientMachine, starttls_says_ehlo_again_and_believes_only_that) {
  ClientRun run{.options = {.ehlo_name = "out.example.com"}, .envelopes = {to_b}};
  run.run({greeting, "250-mx\r\n250-STARTTLS\r\n250 PIPELINING\r\n", "220 go\r\n", plain_ehlo, ok, ok, go, ok});
  EXPECT_EQ(run.sends.at(1), "STARTTLS\r\n");
  EXPECT_EQ(run.sends.at(2), "EHLO out.example.com\r\n");
  EXPECT_EQ(run.sends.at(3), "MAIL FROM:<a@example.com>\r\n");
  EXPECT_EQ(run.handshakes, 1U);
}

TEST(ClientMachine, octets_behind_the_220_of_starttls_are_an_attack) {
  ClientRun run{.options = {}, .envelopes = {to_b}};
  run.run({greeting, "250-mx\r\n250 STARTTLS\r\n", "220 go\r\n250 mx\r\n"});
  EXPECT_EQ(run.handshakes, 0U);
  EXPECT_EQ(run.session_failure->problem, Problem::protocol);
  EXPECT_EQ(run.session_failure->stage, Stage::starttls);
}

TEST(ClientMachine, required_tls_is_never_gone_without) {
  const client::Options required{.tls = client::TlsUse::required};
  ClientRun missing{.options = required};
  missing.run({greeting, plain_ehlo});
  EXPECT_EQ(missing.session_failure->problem, Problem::tls_not_offered);
  ClientRun refused{.options = required};
  refused.run({greeting, "250-mx\r\n250 STARTTLS\r\n", "454 4.7.0 not now\r\n"});
  EXPECT_EQ(refused.session_failure->reply->code, 454);
  ClientRun failed{.options = required, .handshake = client::TlsFailed{}};
  failed.run({greeting, "250-mx\r\n250 STARTTLS\r\n", "220 go\r\n"});
  EXPECT_EQ(failed.session_failure->problem, Problem::tls_failed);
  ClientRun unknown_ehlo{.options = required};
  unknown_ehlo.run({greeting, "502 what?\r\n"});
  EXPECT_EQ(unknown_ehlo.session_failure->reply->code, 502);
  ClientRun opportunistic{.options = {}, .envelopes = {to_b}};
  opportunistic.run({greeting, "250-mx\r\n250 STARTTLS\r\n", "454 4.7.0 not now\r\n", ok, ok, go, ok});
  EXPECT_EQ(told(opportunistic.done.at(0)), "end_of_data 250");
}

TEST(ClientMachine, credentials_go_only_through_tls_unless_allowed) {
  const PlainCredentials tim{"", "tim", Secret("tanstaaftanstaaf")};
  ClientRun plain{.options = {.tls = client::TlsUse::none, .credentials = tim}};
  plain.run({greeting, "250-mx\r\n250 AUTH PLAIN\r\n"});
  EXPECT_EQ(plain.session_failure->problem, Problem::auth_needs_tls);
  ClientRun tls{.options = {.credentials = tim}, .security = client::Security::tls, .envelopes = {to_b}};
  tls.run({greeting, "250-mx\r\n250 AUTH LOGIN PLAIN\r\n", "235 2.7.0 ok\r\n", ok, ok, go, ok});
  // RFC 4616#4
  EXPECT_EQ(tls.sends.at(1), "AUTH PLAIN AHRpbQB0YW5zdGFhZnRhbnN0YWFm\r\n");
  EXPECT_EQ(told(tls.done.at(0)), "end_of_data 250");
  ClientRun login{.options = {.credentials = tim}, .security = client::Security::tls};
  login.run(
      {greeting, "250-mx\r\n250 AUTH=LOGIN\r\n", "334 VXNlcm5hbWU6\r\n", "334 UGFzc3dvcmQ6\r\n", "535 5.7.8 no\r\n"});
  EXPECT_EQ(login.sent, "EHLO localhost\r\nAUTH LOGIN\r\n" + base64_encode("tim") + "\r\n" +
                            base64_encode("tanstaaftanstaaf") + "\r\nQUIT\r\n");
  EXPECT_EQ(login.session_failure->stage, Stage::auth);
  ClientRun none{.options = {.credentials = tim}, .security = client::Security::tls};
  none.run({greeting, "250-mx\r\n250 AUTH GSSAPI\r\n"});
  EXPECT_EQ(none.session_failure->problem, Problem::auth_not_offered);
}

/// SHA-256 exchange of RFC 7677#3, with tables in the place of the crypto: the texts that reach it are those of the
/// RFC.
TEST(ClientMachine, scram_is_preferred_and_the_server_must_prove_itself_too) {
  const PlainCredentials user{"", "user", Secret("pencil")};
  client::Options options{.credentials = user};
  options.scram_nonce = "rOprNGfwEbeRWgbNEkqO";
  options.scram = {
      .hash = [](std::string_view text) { return "H(" + std::string(text) + ")"; },
      .hmac = [](std::string_view key,
                 std::string_view text) { return "M(" + std::string(key) + "|" + std::string(text) + ")"; },
      .derive =
          [](std::string_view password, std::string_view salt, unsigned iterations) {
            return std::string(password) + std::to_string(salt.size()) + "/" + std::to_string(iterations);
          }};
  const std::string ehlo = "250-mx\r\n250 AUTH PLAIN SCRAM-SHA-256 LOGIN\r\n";
  const std::string first = "r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096";
  const std::string without_proof = "c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0";
  const std::string signed_text = "n=user,r=rOprNGfwEbeRWgbNEkqO," + first + "," + without_proof;
  const std::string proof_of_server = "v=" + base64_encode("M(M(pencil16/4096|Server Key)|" + signed_text + ")");
  const auto challenge = [](const std::string& text) { return "334 " + base64_encode(text) + "\r\n"; };
  ClientRun good{.options = options, .security = client::Security::tls, .envelopes = {to_b}};
  good.run({greeting, ehlo, challenge(first), challenge(proof_of_server), "235 2.7.0 ok\r\n", ok, ok, go, ok});
  EXPECT_EQ(good.sends.at(1), "AUTH SCRAM-SHA-256 " + base64_encode("n,,n=user,r=rOprNGfwEbeRWgbNEkqO") + "\r\n");
  const auto final_message = base64_decode(good.sends.at(2).substr(0, good.sends.at(2).size() - 2));
  ASSERT_TRUE(final_message);
  EXPECT_TRUE(final_message->starts_with(without_proof + ",p=")) << *final_message;
  EXPECT_EQ(good.sends.at(3), "\r\n");
  EXPECT_EQ(told(good.done.at(0)), "end_of_data 250");
  for (const std::string& bad :
       {challenge("v=" + base64_encode("another")), challenge("e=invalid-proof"), std::string("235 2.7.0 ok\r\n")}) {
    ClientRun liar{.options = options, .security = client::Security::tls, .envelopes = {to_b}};
    liar.run({greeting, ehlo, challenge(first), bad, "235 2.7.0 ok\r\n"});
    ASSERT_TRUE(liar.session_failure) << bad;
    EXPECT_EQ(liar.session_failure->problem, Problem::protocol) << bad;
  }
  for (const std::string& bad :
       {std::string("r=other,s=W22Z,i=4096"), std::string("r=rOprNGfwEbeRWgbNEkqO,s=W22Z,i=4096"),
        std::string("r=rOprNGfwEbeRWgbNEkqOx,s=W22Z,i=1"), std::string("r=rOprNGfwEbeRWgbNEkqOx,s=W22Z,i=4000000000"),
        std::string("m=x,r=rOprNGfwEbeRWgbNEkqOx,s=W22Z,i=4096"), std::string()}) {
    ClientRun liar{.options = options, .security = client::Security::tls, .envelopes = {to_b}};
    liar.run({greeting, ehlo, challenge(bad)});
    ASSERT_TRUE(liar.session_failure) << bad;
    EXPECT_EQ(liar.session_failure->problem, Problem::protocol) << bad;
    EXPECT_EQ(liar.sent.find("pencil"), std::string::npos);
  }
}

TEST(ClientMachine, a_chosen_mechanism_is_used_or_nothing) {
  const PlainCredentials tim{"", "tim", Secret("tanstaaftanstaaf")};
  ClientRun login{.options = {.credentials = tim, .mechanism = client::SaslMechanism::login},
                  .security = client::Security::tls};
  login.run({greeting, "250-mx\r\n250 AUTH PLAIN LOGIN\r\n", "535 5.7.8 no\r\n"});
  EXPECT_EQ(login.sends.at(1), "AUTH LOGIN\r\n");
  ClientRun missing{.options = {.credentials = tim, .mechanism = client::SaslMechanism::scram_sha_256},
                    .security = client::Security::tls};
  missing.run({greeting, "250-mx\r\n250 AUTH PLAIN LOGIN\r\n"});
  EXPECT_EQ(missing.session_failure->problem, Problem::auth_not_offered);
}

/// As Google and Microsoft describe it: user, token and two ^A; a refusal is a challenge that is answered by nothing.
TEST(ClientMachine, a_token_goes_by_xoauth2) {
  const PlainCredentials someone{"", "someuser@example.com", Secret("ya29.vF9dft4qmTc2Nvb3RlckBhdHRhdmlzdGEuY29tCg")};
  const client::Options options{.credentials = someone, .mechanism = client::SaslMechanism::xoauth2};
  const std::string ehlo = "250-mx\r\n250 AUTH LOGIN PLAIN XOAUTH2\r\n";
  ClientRun good{.options = options, .security = client::Security::tls, .envelopes = {to_b}};
  good.run({greeting, ehlo, "334 \r\n", "235 2.7.0 ok\r\n", ok, ok, go, ok});
  EXPECT_EQ(good.sends.at(1), "AUTH XOAUTH2\r\n");
  EXPECT_EQ(
      good.sends.at(2),
      "dXNlcj1zb21ldXNlckBleGFtcGxlLmNvbQFhdXRoPUJlYXJlciB5YTI5LnZGOWRmdDRxbVRjMk52YjNSbGNrQmhkSFJoZG1semRHRXVZMjl0"
      "Q2cBAQ==\r\n");
  EXPECT_EQ(told(good.done.at(0)), "end_of_data 250");
  ClientRun old{.options = options, .security = client::Security::tls};
  old.run({greeting, ehlo, "334 \r\n", "334 eyJzdGF0dXMiOiI0MDEifQ==\r\n", "535 5.7.8 token is too old\r\n"});
  EXPECT_EQ(old.sends.at(3), "\r\n");
  ASSERT_TRUE(old.session_failure && old.session_failure->reply);
  EXPECT_EQ(old.session_failure->reply->code, 535);
}

TEST(ClientMachine, parameters_are_sent_only_where_they_are_offered) {
  Envelope envelope = to_b;
  envelope.parameters.size = 400;
  envelope.parameters.body = BodyType::eight_bit_mime;
  envelope.parameters.ret = Ret::hdrs;
  envelope.parameters.envelope_id = "a=b";
  envelope.recipients[0].notify = Notify{.failure = true, .delay = true};
  envelope.recipients[0].original = OriginalRecipient{"rfc822", "b+x@example.net"};
  ClientRun run{.envelopes = {envelope}};
  run.run({greeting, "250-mx\r\n250-8BITMIME\r\n250-SIZE\r\n250-DSN\r\n250 PIPELINING\r\n", ok + ok + go, ok});
  EXPECT_EQ(run.sends.at(1),
            "MAIL FROM:<a@example.com> SIZE=400 BODY=8BITMIME RET=HDRS ENVID=a+3Db\r\n"
            "RCPT TO:<b@example.net> NOTIFY=FAILURE,DELAY ORCPT=rfc822;b+2Bx@example.net\r\nDATA\r\n");
  envelope.parameters.body = BodyType::seven_bit;
  ClientRun bare{.envelopes = {envelope}};
  bare.run({greeting, plain_ehlo, ok, ok, go, ok});
  EXPECT_EQ(bare.sends.at(1), "MAIL FROM:<a@example.com>\r\n");
  EXPECT_EQ(bare.sends.at(2), "RCPT TO:<b@example.net>\r\n");
}

TEST(ClientMachine, what_the_server_cannot_take_is_not_tried) {
  Envelope eight_bit = to_b;
  eight_bit.parameters.body = BodyType::eight_bit_mime;
  Envelope utf8{*ReversePath::parse("<\xc3\xbc@example.com>"), {}, to_b.recipients};
  Envelope large = to_b;
  large.parameters.size = 1001;
  Envelope require_tls = to_b;
  require_tls.parameters.require_tls = true;
  ClientRun run{.envelopes = {eight_bit, utf8, large, require_tls, to_b}};
  run.run({greeting, pipelining_ehlo, ok + ok + go, ok});
  EXPECT_EQ(told(run.done.at(0)), "mail needs_8bitmime");
  EXPECT_EQ(told(run.done.at(1)), "mail needs_smtputf8");
  EXPECT_EQ(told(run.done.at(2)), "mail too_large");
  EXPECT_EQ(told(run.done.at(3)), "mail needs_requiretls");
  EXPECT_EQ(told(run.done.at(4)), "end_of_data 250");
  ClientRun anyway{.envelopes = {eight_bit}};
  anyway.options.eight_bit = client::EightBit::send_anyway;
  anyway.run({greeting, pipelining_ehlo, ok + ok + go, ok});
  EXPECT_EQ(told(anyway.done.at(0)), "end_of_data 250");
}

TEST(ClientMachine, a_connection_that_breaks_answers_every_recipient) {
  const std::vector<std::string> pieces{greeting, plain_ehlo, ok, ok, "550 no\r\n", ok, go, ok};
  const std::vector<std::string> answers{"",
                                         "",
                                         "mail closed, mail closed, mail closed",
                                         "rcpt closed, rcpt closed, rcpt closed",
                                         "rcpt closed, rcpt closed, rcpt closed",
                                         "rcpt closed, rcpt 550, rcpt closed",
                                         "data closed, rcpt 550, data closed",
                                         "end_of_data closed, rcpt 550, end_of_data closed",
                                         "end_of_data 250, rcpt 550, end_of_data 250"};
  for (std::size_t given = 0; given <= pieces.size(); ++given) {
    for (const bool times_out : {false, true}) {
      ClientRun run{.envelopes = {to_three}};
      if (times_out) run.at_end = client::TimedOut{};
      run.run({pieces.begin(), pieces.begin() + static_cast<std::ptrdiff_t>(given)});
      auto expected = answers[given];
      if (times_out)
        for (auto at = expected.find("closed"); at != std::string::npos; at = expected.find("closed"))
          expected.replace(at, 6, "timed_out");
      EXPECT_EQ(run.done.empty() ? "" : told(run.done[0]), expected) << given;
      // Only what was sent whole and never answered may have been accepted.
      if (!run.done.empty()) EXPECT_EQ(run.done[0].uncertain, given == 7) << given;
      if (given < 2) EXPECT_TRUE(run.session_failure) << given;
    }
  }
}

TEST(ClientMachine, a_server_that_says_421_is_believed_and_left) {
  ClientRun run{.envelopes = {to_three}};
  run.run({greeting, pipelining_ehlo, ok + ok + "421 4.7.0 closing\r\n"});
  EXPECT_EQ(told(run.done.at(0)), "rcpt 421, rcpt 421, rcpt 421");
  EXPECT_EQ(run.session_failure->reply->code, 421);
  EXPECT_EQ(run.sends.size(), 2U);  // no QUIT
}

TEST(ClientMachine, nonsense_is_a_protocol_problem_never_a_hang) {
  for (const std::string& reply : std::vector<std::string>{"HTTP/1.1 200 OK\r\n", "99 too low\r\n", "650 too high\r\n",
                                                           "250x\r\n", "\r\n", std::string(3000, '2'), "354 go\r\n"}) {
    ClientRun run{.envelopes = {to_b}};
    run.run({greeting, plain_ehlo, reply});
    EXPECT_EQ(told(run.done.at(0)), "mail protocol") << reply.substr(0, 20);
  }
  ClientRun endless{.envelopes = {to_b}};
  std::string lines;
  for (int i = 0; i < 200; ++i) lines += "250-more\r\n";
  endless.run({greeting, lines});
  EXPECT_EQ(endless.session_failure->problem, Problem::protocol);
}

TEST(ClientMachine, replies_that_nobody_asked_for_end_the_session) {
  ClientRun doubled{.envelopes = {to_b}};
  doubled.run({greeting, plain_ehlo, ok + ok, ok});
  EXPECT_EQ(told(doubled.done.at(0)), "mail protocol");
  ClientRun early{.envelopes = {to_b}};
  early.run({greeting + plain_ehlo});
  EXPECT_EQ(early.session_failure->problem, Problem::protocol);
  // After the answer to the message: it counts, the session does not go on.
  ClientRun after{.envelopes = {to_b, to_b}};
  after.run({greeting, plain_ehlo, ok, ok, go, ok + "421 4.3.2 enough\r\n"});
  EXPECT_EQ(told(after.done.at(0)), "end_of_data 250");
  EXPECT_EQ(after.done.size(), 1U);
  EXPECT_EQ(after.session_failure->reply->code, 421);
}

TEST(ClientMachine, an_answer_before_the_end_of_the_message_counts_only_as_refusal) {
  ClientRun refused{.envelopes = {to_b}};
  refused.run({greeting, plain_ehlo, ok, ok, go + "552 5.3.4 too much\r\n"});
  EXPECT_EQ(told(refused.done.at(0)), "end_of_data 552");
  ClientRun lied{.envelopes = {to_b}};
  lied.run({greeting, plain_ehlo, ok, ok, go + ok});
  EXPECT_EQ(told(lied.done.at(0)), "end_of_data protocol");
  EXPECT_TRUE(lied.done.at(0).uncertain);
}

TEST(ClientMachine, a_message_cut_off_never_looks_complete) {
  ClientRun source{.envelopes = {to_b}, .body_event = client::BodyFailed{client::BodyFault::source}};
  source.run({greeting, plain_ehlo, ok, ok, go});
  EXPECT_EQ(told(source.done.at(0)), "end_of_data message_unreadable");
  EXPECT_FALSE(source.done.at(0).uncertain);
  EXPECT_EQ(source.sends.back(), "DATA\r\n");
  ClientRun peer{.envelopes = {to_b}, .body_event = client::BodyFailed{client::BodyFault::peer}};
  peer.run({greeting, plain_ehlo, ok, ok, go, "550 5.7.1 spam\r\n"});
  EXPECT_EQ(told(peer.done.at(0)), "end_of_data 550");
}

TEST(ClientMachine, each_wait_has_its_time) {
  ClientMachine machine({.tls = client::TlsUse::none});
  EXPECT_EQ(std::get<client::ReadMore>(machine.step(client::Connected{})).timeout, std::chrono::minutes(5));
  (void)machine.step(client::Input{greeting});
  (void)machine.step(client::Done{});
  (void)machine.step(client::Input{pipelining_ehlo});
  (void)machine.step(client::Deliver{&to_b});
  EXPECT_EQ(std::get<client::ReadMore>(machine.step(client::Done{})).timeout, std::chrono::minutes(5));
  const std::string two = ok + ok;
  EXPECT_EQ(std::get<client::ReadMore>(machine.step(client::Input{two})).timeout, std::chrono::minutes(2));
  (void)machine.step(client::Input{go});
  EXPECT_EQ(std::get<client::ReadMore>(machine.step(client::BodySent{})).timeout, std::chrono::minutes(10));
}

}  // namespace
}  // namespace ptarmigan::smtp
