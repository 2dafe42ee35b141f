// adapt/tests/milter_session_test.cpp - dialogues of a mail server with the filter: what is signed, judged, added,
// removed and refused.
#include "adapt/milter_session.hpp"

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include <gtest/gtest.h>
#include <unistd.h>

#include "auth/authres/authres.hpp"
#include "auth/dkim/tests/vectors.hpp"
#include "auth/dkim/verify.hpp"
#include "config/parse.hpp"
#include "dns/zone.hpp"
#include "facts/zone_facts.hpp"

namespace ptarmigan::adapt {
namespace {

namespace milter = mta::milter;
using namespace std::string_literals;
using namespace std::string_view_literals;
using Next = MilterSession::Next;

constexpr WallTime now = WallTime(seconds(1795456323));
/// Postfix 3.7 offers all.
constexpr milter::Options all{.version = 6, .actions = 0x1ff, .steps = 0x1fffff};

const ZoneFacts& world() {
  static const ZoneFacts facts(dns::parse_zone("s._domainkey.example.com. TXT \"" +
                                               std::string(dkim::test::rfc8463_ed25519_record) +
                                               "\"\nexample.com. TXT \"v=spf1 ip4:192.0.2.1 -all\"\n"
                                               "_dmarc.example.com. TXT \"v=DMARC1; p=reject\"\n")
                                   .value());
  return facts;
}

std::shared_ptr<const MilterPolicy> policy(const std::string& more = "") {
  const auto key = std::filesystem::temp_directory_path() / ("milter-key-" + std::to_string(::getpid()));
  std::ofstream(key) << dkim::test::rfc8463_ed25519_seed;
  const auto config = config::parse_config(
      "hostname = \"mx.example.com\"\n[[domain]]\nname = \"example.com\"\n"
      "[[domain.dkim]]\nselector = \"s\"\nkey_file = \"" +
          key.string() + "\"\n[milter]\nnetworks = [\"198.51.100.0/24\"]\n" + more,
      "ptarmigan.toml");
  EXPECT_TRUE(config) << config.error().text();
  auto loaded = MilterPolicy::load(*config);
  std::filesystem::remove(key);
  EXPECT_TRUE(loaded) << loaded.error().text();
  return *loaded;
}

struct Sent {
  char command;
  std::string data;
  friend bool operator==(const Sent&, const Sent&) = default;
};

/// A mail server that keeps what it is answered.
class Server {
 public:
  explicit Server(std::shared_ptr<const MilterPolicy> with = policy(), milter::Options offered = all)
      : session_([with] { return with; }), leading_((offered.steps & milter::leading_space) != 0) {
    std::string numbers;
    for (const auto number : {offered.version, offered.actions, offered.steps})
      for (int shift = 24; shift >= 0; shift -= 8) numbers += static_cast<char>(number >> shift & 0xff);
    say('O', numbers);
  }

  Next say(char command, const std::string& data = "") {
    std::string out;
    const auto next = session_.take({.command = command, .data = data}, now, out);
    if (next == Next::judge)
      session_.conclude(settle_with(world(), [&](const Facts& facts) { return session_.judge(facts, {}); }), out);
    keep(out);
    return next;
  }
  void client(const std::string& address, const std::string& macros = "") {
    const bool v6 = address.contains(':');
    say('C', "client.example\0"s + (v6 ? '6' : '4') + "\0\x19"s + address + '\0');
    say('H', "client.example\0"s);
    if (!macros.empty()) say('D', macros);
  }
  /// One message; what was answered at its end.
  std::vector<Sent> message(const std::vector<std::pair<std::string, std::string>>& fields, const std::string& body,
                            const std::string& from = "<joe@example.com>") {
    say('M', from + '\0' + "SIZE=10"s + '\0');
    for (const auto& [name, value] : fields) say('L', name + '\0' + (leading_ ? " " : "") + value + '\0');
    say('N');
    if (!body.empty()) say('B', body);
    answers.clear();
    say('E');
    return answers;
  }
  std::string summary() { return session_.take_summary(); }

  std::vector<Sent> answers;

 private:
  void keep(const std::string& out) {
    milter::PacketReader reader;
    for (auto state = reader.feed(out); state == milter::PacketReader::State::complete; state = reader.feed(""))
      answers.push_back({reader.packet().command, std::string(reader.packet().data)});
  }

  MilterSession session_;
  bool leading_;
};

/// Fields as they would stand in the message: with its inserted ones on top.
std::string applied(const std::vector<Sent>& answers, const std::string& message, bool leading = true) {
  auto out = message;
  for (const auto& one : answers) {
    if (one.command != 'i') continue;
    const auto name_end = one.data.find('\0', 4);
    std::string value = one.data.substr(name_end + 1);
    value.pop_back();
    std::string field = one.data.substr(4, name_end - 4) + (leading ? ":" : ": ");
    for (const char c : value) field += c == '\n' ? "\r\n" : std::string(1, c);
    out.insert(0, field + "\r\n");
  }
  return out;
}

const std::vector<std::pair<std::string, std::string>> fields{
    {"From", "Joe <joe@example.com>"}, {"To", "a@example.net"}, {"Subject", "a long\n one"}};
const std::string text =
    "From: Joe <joe@example.com>\r\nTo: a@example.net\r\nSubject: a long\r\n one\r\n\r\nHello \r\n";

dkim::Outcome verified(const std::string& message) {
  const auto verification = dkim::verify_message(message);
  const auto results = settle_with(world(), [&](const Facts& facts) { return verification->judge(facts, now); });
  return results.empty() ? dkim::Outcome::neutral : results.front().outcome;
}

TEST(MilterSession, agrees_to_what_is_offered_and_wanted) {
  const Server server;
  ASSERT_EQ(server.answers.size(), 1U);
  const auto agreed = milter::read_options(server.answers[0].data);
  EXPECT_EQ(agreed->version, 6U);
  EXPECT_EQ(agreed->actions, 0x11U);
  EXPECT_EQ(agreed->steps & ~all.steps, 0U);
  Server old(policy(), {.version = 2, .actions = 0x1f, .steps = 0x7f});
  EXPECT_EQ(milter::read_options(old.answers.at(0).data)->version, 2U);
  Server refused(policy(), {.version = 6, .actions = 0x1, .steps = 0});
  EXPECT_TRUE(refused.answers.empty());
}

TEST(MilterSession, our_mail_is_signed_so_that_it_verifies) {
  Server server;
  server.client("198.51.100.7");
  const auto answers = server.message(fields, "Hello \r\n");
  ASSERT_EQ(answers.size(), 2U);
  EXPECT_EQ(answers[0].command, 'i');
  EXPECT_FALSE(answers[0].data.contains('\r'));
  EXPECT_EQ(answers[1], (Sent{'c', ""}));
  EXPECT_EQ(verified(applied(answers, text)), dkim::Outcome::pass);
  EXPECT_EQ(server.summary(), "signed for example.com");
}

TEST(MilterSession, whose_mail_is_ours) {
  const auto signs = [](const std::string& address, const std::string& macros) {
    Server server;
    server.client(address, macros);
    const auto answers = server.message(fields, "x\r\n");
    return answers.at(0).data.contains("DKIM-Signature");
  };
  EXPECT_TRUE(signs("198.51.100.7", ""));
  EXPECT_TRUE(signs("192.0.2.1", "M{auth_authen}\0joe\0"s));
  EXPECT_TRUE(signs("IPv6:2001:db8::1", "M{daemon_name}\0ORIGINATING\0"s));
  EXPECT_FALSE(signs("192.0.2.1", ""));
  EXPECT_FALSE(signs("192.0.2.1", "M{auth_authen}\0\0"s));
  EXPECT_FALSE(signs("127.0.0.1", ""));  // milter.networks names others here
  Server local;
  local.say('C', "localhost\0L\0\0/run/x\0"s);
  EXPECT_TRUE(local.message(fields, "x\r\n").at(0).data.contains("DKIM-Signature"));
}

TEST(MilterSession, a_user_who_logged_in_does_not_vouch_for_the_next_client) {
  Server server;
  server.client("192.0.2.9", "M{auth_authen}\0joe\0"s);
  EXPECT_TRUE(server.message(fields, "x\r\n").at(0).data.contains("DKIM-Signature"));
  server.say('K');
  server.client("192.0.2.9");
  EXPECT_FALSE(server.message(fields, "x\r\n").at(0).data.contains("DKIM-Signature"));
  // Nor for a second message of the same client that he did not log in for.
  server.say('D', "M{auth_authen}\0joe\0"s);
  server.say('D', "Mi\0004bX\0"s);
  EXPECT_FALSE(server.message(fields, "x\r\n").at(0).data.contains("DKIM-Signature"));
}

TEST(MilterSession, each_message_of_a_connection_stands_alone) {
  Server server;
  server.client("198.51.100.7");
  server.say('M', "<other@example.com>\0"s);
  server.say('L', "From\0 x@example.com\0"s);
  server.say('A');
  for (int i = 0; i < 3; ++i)
    EXPECT_EQ(verified(applied(server.message(fields, "Hello \r\n"), text)), dkim::Outcome::pass);
}

TEST(MilterSession, an_empty_body_and_one_in_pieces_are_signed) {
  Server server;
  server.client("198.51.100.7");
  EXPECT_EQ(verified(applied(server.message(fields, ""), text.substr(0, text.find("Hello")))), dkim::Outcome::pass);
  server.say('M', "<joe@example.com>\0"s);
  for (const auto& [name, value] : fields) server.say('L', name + "\0 "s + value + '\0');
  server.say('N');
  server.say('B', "Hel");
  server.answers.clear();
  server.say('E', "lo \r\n");
  EXPECT_EQ(verified(applied(server.answers, text)), dkim::Outcome::pass);
}

TEST(MilterSession, what_cannot_be_signed_goes_on_and_says_why) {
  Server server;
  server.client("198.51.100.7");
  const std::pair<std::vector<std::pair<std::string, std::string>>, std::string> cases[] = {
      {{{"From", "joe@example.net"}}, "not signed: there is no key for example.net"},
      {{{"Subject", "x"}}, "not signed: it has no From, or several"},
      {{{"From", "joe@example.com"}, {"from", "eve@example.com"}}, "not signed: it has no From, or several"},
      {{{"From", "joe@example.com, eve@example.org"}}, "not signed: its authors are of several domains"},
  };
  for (const auto& [header, why] : cases) {
    EXPECT_EQ(server.message(header, "x\r\n"), std::vector<Sent>({{'c', ""}}));
    EXPECT_EQ(server.summary(), why);
  }
}

TEST(MilterSession, absent_fields_that_a_server_may_add_are_not_signed_as_absent) {
  Server server;
  server.client("198.51.100.7");
  const auto answers = server.message(fields, "Hello \r\n");
  const auto later = "Date: Mon, 23 Nov 2026 17:52:03 +0000\r\nMessage-ID: <1@example.com>\r\n";
  EXPECT_EQ(verified(applied(answers, later + text)), dkim::Outcome::pass);
  EXPECT_EQ(verified(applied(answers, "Subject: other\r\n" + text)), dkim::Outcome::fail);
}

/// The Authentication-Results field that was added.
authres::Header results_in(const std::vector<Sent>& answers) {
  const auto header = message::HeaderSection::parse(applied(answers, "").append("\r\n"));
  for (const auto& one : answers)
    if (one.command == 'i') {
      const auto field = applied({one}, "");
      auto read = authres::parse(std::string_view(field).substr(field.find(':') + 1), authres::Strictness::strict);
      EXPECT_TRUE(read) << field;
      return read.value_or(authres::Header());
    }
  return {};
}

std::string said(const authres::Header& header) {
  std::string out;
  for (const auto& one : header.results) out += one.method + "=" + one.result + " ";
  return out;
}

TEST(MilterSession, mail_that_comes_in_is_judged_and_marked) {
  Server server;
  server.client("192.0.2.1");
  const auto answers = server.message(fields, "Hello \r\n");
  const auto results = results_in(answers);
  EXPECT_EQ(results.authserv_id, "mx.example.com");
  EXPECT_EQ(said(results), "iprev=permerror spf=none spf=pass dkim=none arc=none dmarc=pass ");
  EXPECT_EQ(answers.back(), (Sent{'c', ""}));
}

TEST(MilterSession, a_signature_of_ours_verifies_when_it_comes_back) {
  Server out;
  out.client("198.51.100.7");
  const auto signature = out.message(fields, "Hello \r\n").at(0).data;
  const auto name_end = signature.find('\0', 4);
  auto with = fields;
  with.insert(with.begin(), {"DKIM-Signature", signature.substr(name_end + 2, signature.size() - name_end - 3)});
  for (const auto steps : {all.steps, all.steps & ~milter::leading_space}) {
    Server in(policy(), {.version = 6, .actions = 0x1ff, .steps = steps});
    in.client("203.0.113.9");
    EXPECT_EQ(said(results_in(in.message(with, "Hello \r\n"))),
              "iprev=permerror spf=none spf=fail dkim=pass arc=none dmarc=pass ");
  }
}

TEST(MilterSession, forged_results_are_removed_from_the_bottom_up_and_others_stay) {
  Server server;
  server.client("203.0.113.9");
  auto with = fields;
  with.insert(with.begin(), {"Authentication-Results", "mx.example.com; dmarc=pass"});
  with.insert(with.begin(), {"authentication-results", "mx.example.org; dmarc=pass"});
  with.emplace_back("AUTHENTICATION-RESULTS", "(x) MX.example.com 1; dmarc=pass");
  const auto answers = server.message(with, "x\r\n");
  ASSERT_EQ(answers.size(), 4U);
  EXPECT_EQ(answers[0], (Sent{'m',
                              "\0\0\0\x03"
                              "Authentication-Results\0\0"s}));
  EXPECT_EQ(answers[1], (Sent{'m',
                              "\0\0\0\x02"
                              "Authentication-Results\0\0"s}));
  EXPECT_EQ(answers[2].command, 'i');
}

TEST(MilterSession, dmarc_refuses_only_where_it_is_told_to) {
  Server marks;
  marks.client("203.0.113.9");
  EXPECT_EQ(marks.message(fields, "x\r\n").back(), (Sent{'c', ""}));
  Server refuses(policy("dmarc = \"reject\"\n"));
  refuses.client("203.0.113.9");
  const auto answers = refuses.message(fields, "x\r\n");
  ASSERT_EQ(answers.size(), 1U);
  EXPECT_EQ(answers[0].command, 'y');
  EXPECT_TRUE(answers[0].data.starts_with("550 5.7.1 example.com ")) << answers[0].data;
  refuses.client("192.0.2.1");
  EXPECT_EQ(refuses.message(fields, "x\r\n").back(), (Sent{'c', ""}));
}

TEST(MilterSession, a_failure_of_ours_is_answered_as_configured) {
  for (const auto& [setting, answer] : {std::pair("tempfail", 't'), std::pair("accept", 'c')}) {
    const auto with = policy("on_failure = \"" + std::string(setting) + "\"\n");
    MilterSession session([with] { return with; });
    std::string out;
    session.take({.command = 'C',
                  .data = "x\0004\0\x19"
                          "203.0.113.9\0"sv},
                 now, out);
    session.take({.command = 'M', .data = "<a@example.net>\0"sv}, now, out);
    EXPECT_EQ(session.take({.command = 'E', .data = ""}, now, out), Next::judge);
    out.clear();
    session.give_up(out);
    EXPECT_EQ(out, "\0\0\0\x01"s + answer);
  }
}

TEST(MilterSession, a_header_without_end_is_refused_and_not_kept) {
  Server server;
  server.client("203.0.113.9");
  std::vector<std::pair<std::string, std::string>> many(2000, {"X-Long", std::string(1000, 'x')});
  const auto answers = server.message(many, "x\r\n");
  ASSERT_EQ(answers.size(), 1U);
  EXPECT_TRUE(answers[0].data.starts_with("552 5.3.4 ")) << answers[0].data;
}

TEST(MilterSession, every_step_is_answered_where_silence_was_not_agreed) {
  Server server(policy(), {.version = 6, .actions = 0x1ff, .steps = 0});
  server.answers.clear();
  server.client("203.0.113.9");
  server.say('M', "<a@example.com>\0"s);
  server.say('R', "<b@example.com>\0"s);
  server.say('T');
  server.say('L', "From\0x@example.com\0"s);
  server.say('N');
  server.say('B', "x\r\n");
  EXPECT_EQ(server.answers, std::vector<Sent>(8, {'c', ""}));
}

TEST(MilterSession, nonsense_ends_the_conversation) {
  for (const auto& [command, data] : {std::pair('?', ""s), std::pair('C', "x"s), std::pair('L', "x"s),
                                      std::pair('D', ""s), std::pair('O', "x"s), std::pair('Q', ""s)})
    EXPECT_EQ(Server().say(command, data), Next::close) << command;
}

}  // namespace
}  // namespace ptarmigan::adapt
