// net/tests/smtp_session_test.cpp - the two SMTP drivers against each other and against scripted peers, over loopback.
#include <optional>
#include <string>
#include <vector>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <gtest/gtest.h>

#include "net/clock.hpp"
#include "net/listener.hpp"
#include "net/smtp_client.hpp"
#include "net/smtp_server.hpp"

namespace ptarmigan::net {
namespace {

namespace asio = boost::asio;
namespace server = smtp::server;
using namespace std::chrono_literals;

struct Seen {
  std::vector<std::string> messages;
  std::vector<std::string> senders;
  std::string ehlo_name;
  std::optional<std::string> user;
  std::string tls_version;
  int discarded = 0;
};

/// Keeps what it accepts; refuses what `refuse` says.
class Keeper final : public ServerHandler {
 public:
  using Refuse = std::function<std::optional<smtp::Reply>(smtp::Stage, const server::Session&)>;
  Keeper(Seen& seen, Refuse refuse) : seen_(seen), refuse_(std::move(refuse)) {}

  asio::awaitable<std::optional<smtp::Reply>> decide(smtp::Stage stage, const server::Session& session) override {
    if (refuse_)
      if (auto reply = refuse_(stage, session)) co_return reply;
    if (stage == smtp::Stage::end_of_data) {
      seen_.messages.push_back(std::exchange(text_, {}));
      seen_.senders.push_back(session.envelope.mail_from.text());
      seen_.ehlo_name = session.ehlo_name;
      seen_.user = session.user;
    }
    co_return std::nullopt;
  }
  asio::awaitable<server::CredentialsVerdict> check_credentials(smtp::PlainCredentials credentials) override {
    const bool good = credentials.user == "alice" && credentials.password == Secret("wonder land");
    co_return good ? server::CredentialsVerdict::accepted : server::CredentialsVerdict::refused;
  }
  void body(std::string_view octets) override { text_ += octets; }
  void discard() override {
    text_.clear();
    ++seen_.discarded;
  }
  void tls_started(const TlsInfo& info) override { seen_.tls_version = info.version; }

 private:
  Seen& seen_;
  Refuse refuse_;
  std::string text_;
};

class SmtpSession : public testing::Test {
 protected:
  SmtpSession() {
    client_options_.machine.ehlo_name = "mail.example.com";
    client_options_.tls = TlsContext::client_opportunistic().value();
    client_options_.tls_host = "mx.example.net";
    client_options_.transcript = [this](Line who, std::string text) {
      static constexpr const char* marks[] = {"C: ", "S: ", "-- ", "!! "};
      transcript_ += marks[static_cast<int>(who)] + text + "\n";
    };
    server_options_.machine.host_name = "mx.example.net";
  }

  /// Each connection is served by `session`; `client` runs beside it.
  void run(Listener::Session session, std::function<asio::awaitable<void>(Endpoint)> client) {
    asio::io_context reactor(1);
    auto listener =
        Listener::open({reactor.get_executor()}, {.endpoints = {{.address = *IpAddress::parse("127.0.0.1")}}}).value();
    listener->start(std::move(session));
    std::exception_ptr thrown;
    auto all = [&]() -> asio::awaitable<void> {
      co_await client(listener->endpoints().front());
      co_await listener->close();
    };
    asio::co_spawn(reactor, all(), [&](std::exception_ptr exception) { thrown = exception; });
    reactor.run();
    if (thrown) std::rethrow_exception(thrown);
  }

  void with_tls() {
    server_options_.tls = TlsContext::server_self_signed("mx.example.net").value();
    server_options_.machine.tls = server::TlsUse::offered;
  }

  [[nodiscard]] Listener::Session keeper() {
    return [this](std::unique_ptr<Stream> stream) -> asio::awaitable<void> {
      Keeper handler(seen_, refuse_);
      co_await run_server_session(std::move(stream), server_options_, handler);
    };
  }

  /// A peer that says each text after it has heard something, then closes.
  [[nodiscard]] static Listener::Session script(std::vector<std::string> lines) {
    return [lines](std::unique_ptr<Stream> stream) -> asio::awaitable<void> {
      for (std::size_t i = 0; i < lines.size(); ++i) {
        if (i > 0 && !co_await stream->read(in(5s))) co_return;
        if (!co_await stream->write(lines[i], in(5s))) co_return;
      }
      co_await stream->shutdown(in(1s));
    };
  }

  static asio::awaitable<std::unique_ptr<Stream>> dial(Endpoint endpoint) {
    auto stream = co_await connect(endpoint, std::nullopt, in(5s));
    EXPECT_TRUE(stream);
    co_return std::move(*stream);
  }

  static smtp::Envelope envelope(const char* from, std::vector<const char*> to) {
    smtp::Envelope out;
    out.mail_from = smtp::ReversePath::parse(from).value();
    for (const auto* path : to) out.recipients.push_back({.path = smtp::ForwardPath::parse(path).value()});
    return out;
  }

  ServerSessionOptions server_options_;
  SmtpClientOptions client_options_;
  Keeper::Refuse refuse_;
  Seen seen_;
  std::string transcript_;
};

constexpr std::string_view mail = "From: a@example.com\r\nSubject: x\r\n\r\n.dot\r\nHello\r\n";

TEST_F(SmtpSession, delivers_several_messages_octet_for_octet) {
  with_tls();
  std::string big(mail);
  for (int i = 0; i < 20'000; ++i)
    big += i % 7 == 0 ? ".a line that begins with a dot\r\n" : "an ordinary line of text\r\n";
  run(keeper(), [&](Endpoint endpoint) -> asio::awaitable<void> {
    SmtpClientSession session(co_await dial(endpoint), client_options_);
    EXPECT_TRUE(co_await session.open());
    for (const auto text : {mail, std::string_view(big), mail}) {
      const auto each = envelope("<a@example.com>", {"<b@example.net>", "<c@example.net>"});
      TextBody body(text);
      const auto transaction = co_await session.deliver(each, body);
      EXPECT_EQ(transaction.recipients.size(), 2U);
      for (const auto& answer : transaction.recipients) EXPECT_TRUE(answer.accepted());
      EXPECT_TRUE(session.usable());
    }
    co_await session.quit();
    EXPECT_FALSE(session.usable());
    EXPECT_FALSE(session.failure());
  });
  EXPECT_EQ(seen_.messages, (std::vector<std::string>{std::string(mail), big, std::string(mail)}));
  EXPECT_EQ(seen_.senders.front(), "<a@example.com>");
  EXPECT_EQ(seen_.ehlo_name, "mail.example.com");
  EXPECT_EQ(seen_.tls_version, "TLSv1.3");
}

TEST_F(SmtpSession, the_transcript_shows_the_dialogue_and_no_secret) {
  with_tls();
  server_options_.machine.auth = server::AuthUse::required;
  client_options_.machine.credentials =
      smtp::PlainCredentials{.authorization_id = {}, .user = "alice", .password = Secret("wonder land")};
  std::vector<std::string> server_lines;
  server_options_.transcript = [&](Line, std::string text) { server_lines.push_back(std::move(text)); };
  run(keeper(), [&](Endpoint endpoint) -> asio::awaitable<void> {
    SmtpClientSession session(co_await dial(endpoint), client_options_);
    EXPECT_TRUE(co_await session.open());
    const auto each = envelope("<a@example.com>", {"<b@example.net>"});
    TextBody body(mail);
    EXPECT_TRUE((co_await session.deliver(each, body)).recipients.at(0).accepted());
    co_await session.quit();
  });
  EXPECT_EQ(seen_.user, "alice");
  for (const char* line :
       {"S: 220 mx.example.net", "C: EHLO mail.example.com\n", "C: STARTTLS\n", "-- TLSv1.3, ",
        "not verified: self-signed certificate", "C: AUTH PLAIN ********\n", "C: MAIL FROM:<a@example.com>",
        "C: RCPT TO:<b@example.net>", "C: DATA\n", "-- message sent, 48 octets\n", "S: 250 2.0.0", "C: QUIT\n"})
    EXPECT_NE(transcript_.find(line), std::string::npos) << line << " in\n" << transcript_;
  EXPECT_EQ(transcript_.find("AGFsaWNl"), std::string::npos);
  for (const auto& line : server_lines) {
    EXPECT_EQ(line.find("AGFsaWNl"), std::string::npos);
    EXPECT_EQ(line.find("Subject"), std::string::npos);
  }
}

TEST_F(SmtpSession, wrong_credentials_end_the_session_with_the_reply) {
  with_tls();
  server_options_.machine.auth = server::AuthUse::required;
  client_options_.machine.credentials =
      smtp::PlainCredentials{.authorization_id = {}, .user = "alice", .password = Secret("guess")};
  run(keeper(), [&](Endpoint endpoint) -> asio::awaitable<void> {
    SmtpClientSession session(co_await dial(endpoint), client_options_);
    EXPECT_FALSE(co_await session.open());
    EXPECT_TRUE(session.failure());
    if (session.failure()) {
      EXPECT_EQ(session.failure()->stage, smtp::Stage::auth);
      EXPECT_TRUE(session.failure()->reply && session.failure()->reply->code == 535);
    }
  });
}

TEST_F(SmtpSession, a_refusal_after_data_reaches_the_client_word_for_word) {
  const smtp::Reply gmail(550, {5, 7, 1},
                          "Our system has detected that this message does not meet IPv6 sending guidelines");
  refuse_ = [&](smtp::Stage stage, const server::Session&) {
    return stage == smtp::Stage::end_of_data ? std::optional(gmail) : std::nullopt;
  };
  client_options_.machine.tls = smtp::client::TlsUse::none;
  run(keeper(), [&](Endpoint endpoint) -> asio::awaitable<void> {
    SmtpClientSession session(co_await dial(endpoint), client_options_);
    EXPECT_TRUE(co_await session.open());
    const auto each = envelope("<a@example.com>", {"<b@example.net>"});
    TextBody body(mail);
    const auto transaction = co_await session.deliver(each, body);
    EXPECT_EQ(transaction.recipients.at(0).stage, smtp::Stage::end_of_data);
    EXPECT_EQ(transaction.recipients.at(0).reply, gmail);
    EXPECT_TRUE(session.usable());
    co_await session.quit();
  });
  EXPECT_TRUE(seen_.messages.empty());
}

TEST_F(SmtpSession, a_body_that_smtp_cannot_carry_is_never_taken_for_complete) {
  run(keeper(), [&](Endpoint endpoint) -> asio::awaitable<void> {
    SmtpClientSession session(co_await dial(endpoint), client_options_);
    EXPECT_TRUE(co_await session.open());
    const auto each = envelope("<a@example.com>", {"<b@example.net>"});
    TextBody body("From: a@example.com\n\nbare line feeds\n");
    const auto transaction = co_await session.deliver(each, body);
    EXPECT_EQ(transaction.recipients.at(0).problem, smtp::Problem::message_unreadable);
    EXPECT_NE(session.problem().find("LF"), std::string::npos) << session.problem();
  });
  EXPECT_TRUE(seen_.messages.empty());
}

TEST_F(SmtpSession, tls_from_the_first_octet) {
  with_tls();
  server_options_.start = SessionStart::tls;
  client_options_.tls_start = TlsStart::at_once;
  run(keeper(), [&](Endpoint endpoint) -> asio::awaitable<void> {
    SmtpClientSession session(co_await dial(endpoint), client_options_);
    EXPECT_TRUE(co_await session.open());
    EXPECT_FALSE(session.extensions().starttls);
    EXPECT_TRUE(session.tls());
    co_await session.quit();
  });
}

TEST_F(SmtpSession, a_handshake_that_fails_is_tls_failed_and_says_why) {
  with_tls();
  client_options_.machine.tls = smtp::client::TlsUse::required;
  client_options_.tls = TlsContext::client_verified().value();
  run(keeper(), [&](Endpoint endpoint) -> asio::awaitable<void> {
    SmtpClientSession session(co_await dial(endpoint), client_options_);
    EXPECT_FALSE(co_await session.open());
    EXPECT_TRUE(session.failure() && session.failure()->problem == smtp::Problem::tls_failed);
    EXPECT_NE(session.problem().find("self-signed certificate"), std::string::npos) << session.problem();
  });
}

TEST_F(SmtpSession, every_recipient_has_an_answer_when_the_server_goes_away_in_mid_dialogue) {
  const std::vector<std::string> dialogue = {"220 mx\r\n", "250 mx\r\n", "250 ok\r\n"};
  for (std::size_t said = 1; said <= dialogue.size(); ++said) {
    const std::vector<std::string> part(dialogue.begin(), dialogue.begin() + static_cast<std::ptrdiff_t>(said));
    run(script(part), [&](Endpoint endpoint) -> asio::awaitable<void> {
      SmtpClientSession session(co_await dial(endpoint), client_options_);
      static_cast<void>(co_await session.open());
      const auto each = envelope("<a@example.com>", {"<b@example.net>", "<c@example.net>"});
      TextBody body(mail);
      const auto transaction = co_await session.deliver(each, body);
      EXPECT_EQ(transaction.recipients.size(), 2U);
      for (const auto& answer : transaction.recipients) EXPECT_FALSE(answer.accepted());
      EXPECT_FALSE(session.usable());
      EXPECT_TRUE(session.failure());
    });
  }
}

TEST_F(SmtpSession, no_answer_to_the_end_of_data_is_uncertain) {
  const auto silent = [](std::unique_ptr<Stream> stream) -> asio::awaitable<void> {
    for (const char* line : {"220 mx\r\n", "250 mx\r\n", "250 ok\r\n", "250 ok\r\n", "354 go\r\n"}) {
      if (!co_await stream->write(line, in(5s))) co_return;
      if (!co_await stream->read(in(5s))) co_return;
    }
  };
  run(silent, [&](Endpoint endpoint) -> asio::awaitable<void> {
    SmtpClientSession session(co_await dial(endpoint), client_options_);
    EXPECT_TRUE(co_await session.open());
    const auto each = envelope("<a@example.com>", {"<b@example.net>"});
    TextBody body("x\r\n");
    const auto transaction = co_await session.deliver(each, body);
    EXPECT_TRUE(transaction.uncertain);
    EXPECT_EQ(transaction.recipients.at(0).problem, smtp::Problem::closed);
  });
}

TEST_F(SmtpSession, a_mute_server_is_timed_out_by_the_machines_own_limit) {
  client_options_.machine.timeouts.greeting = 1s;
  const auto mute = [](std::unique_ptr<Stream> stream) -> asio::awaitable<void> {
    static_cast<void>(co_await stream->read(in(9s)));
  };
  run(mute, [&](Endpoint endpoint) -> asio::awaitable<void> {
    SmtpClientSession session(co_await dial(endpoint), client_options_);
    EXPECT_FALSE(co_await session.open());
    EXPECT_TRUE(session.failure() && session.failure()->problem == smtp::Problem::timed_out);
  });
}

TEST_F(SmtpSession, shutting_down_says_421_to_an_idle_client) {
  asio::io_context reactor(1);
  auto listener =
      Listener::open({reactor.get_executor()}, {.endpoints = {{.address = *IpAddress::parse("127.0.0.1")}}}).value();
  listener->start(keeper());
  std::string heard;
  auto client = [&]() -> asio::awaitable<void> {
    auto stream = co_await dial(listener->endpoints().front());
    static_cast<void>(co_await stream->read(in(5s)));
    co_await listener->close();
    while (true) {
      const auto octets = co_await stream->read(in(5s));
      if (!octets) break;
      heard += *octets;
    }
  };
  asio::co_spawn(reactor, client(), asio::detached);
  reactor.run();
  EXPECT_TRUE(heard.starts_with("421 ")) << heard;
}

TEST_F(SmtpSession, a_client_that_vanishes_in_its_message_leaves_nothing_accepted) {
  run(keeper(), [&](Endpoint endpoint) -> asio::awaitable<void> {
    auto stream = co_await dial(endpoint);
    const std::string_view commands = "EHLO a.example\r\n";
    static_cast<void>(co_await stream->read(in(5s)));
    static_cast<void>(co_await stream->write(commands, in(5s)));
    static_cast<void>(co_await stream->read(in(5s)));
    static_cast<void>(
        co_await stream->write("MAIL FROM:<a@example.com>\r\nRCPT TO:<b@example.net>\r\nDATA\r\n", in(5s)));
    static_cast<void>(co_await stream->read(in(5s)));
    static_cast<void>(co_await stream->write("Subject: half\r\n", in(5s)));
  });
  EXPECT_TRUE(seen_.messages.empty());
}

}  // namespace
}  // namespace ptarmigan::net
