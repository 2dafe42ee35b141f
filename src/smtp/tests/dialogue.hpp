// smtp/tests/dialogue.hpp - drives a machine with a literal script and writes down what happened, as
// "C: " and "S: " lines. The driver here is as simple as the sketches in the headers.
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "smtp/client_machine.hpp"
#include "smtp/data.hpp"
#include "smtp/server_machine.hpp"

namespace ptarmigan::smtp::testing {

/// A server under test, and a client that is a list of pieces of octets: each is given at one ReadMore.
struct ServerRun {
  server::Options options = {};
  server::Security security = server::Security::plain;
  std::function<server::Decision(Stage, const server::Session&)> decide = [](Stage, const server::Session&) {
    return server::Decision{};
  };
  server::CredentialsVerdict verdict = server::CredentialsVerdict::accepted;
  std::vector<server::SaslAnswered> sasl = {};  ///< the answers in order; refused when they are used up
  /// What comes when the pieces are used up.
  server::Event at_end = server::Closed{};

  std::string sent = {};                   ///< all octets that the server sent
  std::vector<std::string> sends = {};     ///< the same, one element a Send
  std::vector<std::string> messages = {};  ///< bodies for which end_of_data was accepted
  std::vector<Envelope> envelopes = {};    ///< theirs
  std::vector<Stage> asked = {};
  std::vector<PlainCredentials> credentials = {};
  std::vector<std::string> sasl_messages = {};  ///< of the client; the first of an exchange with a '+' before it
  std::size_t handshakes = 0;
  std::size_t discards = 0;

  ServerRun& run(const std::vector<std::string>& pieces) {
    ServerMachine machine(options);
    std::string body;
    std::string buffer;
    std::size_t piece = 0;
    server::Event event = server::Connected{security};
    for (std::size_t steps = 0; steps < 1'000'000; ++steps) {
      const auto action = machine.step(event);
      event = server::Done{};
      if (const auto* send = std::get_if<server::Send>(&action)) {
        sent += send->octets;
        sends.emplace_back(send->octets);
      } else if (std::holds_alternative<server::ReadMore>(action)) {
        if (piece == pieces.size()) {
          event = at_end;
          continue;
        }
        buffer.assign(buffer.size(), '#');  // what the machine still looks at would show
        buffer = pieces[piece++];
        event = server::Input{buffer};
      } else if (std::holds_alternative<server::Handshake>(action)) {
        ++handshakes;
        event = server::TlsStarted{};
      } else if (const auto* check = std::get_if<server::CheckCredentials>(&action)) {
        credentials.push_back(check->credentials);
        event = server::CredentialsChecked{verdict};
      } else if (const auto* message = std::get_if<server::Sasl>(&action)) {
        sasl_messages.push_back((message->first ? "+" : "") + message->message);
        const auto answered = sasl_messages.size();
        event = answered <= sasl.size() ? sasl[answered - 1] : server::SaslAnswered{};
      } else if (const auto* ask = std::get_if<server::Ask>(&action)) {
        asked.push_back(ask->stage);
        const auto decision = decide(ask->stage, machine.session());
        if (ask->stage == Stage::end_of_data) {
          if (!decision.reply || decision.reply->code < 400) {
            messages.push_back(body);
            envelopes.push_back(machine.session().envelope);
          }
          body.clear();
        }
        event = decision;
      } else if (const auto* content = std::get_if<server::Body>(&action)) {
        body += content->octets;
      } else if (std::holds_alternative<server::Discard>(action)) {
        ++discards;
        body.clear();
      } else {
        return *this;
      }
    }
    sent += "(never ends)";
    return *this;
  }

  /// The reply codes in order: "220 250 354"; one a reply, not one a line.
  [[nodiscard]] std::string codes() const {
    std::string out;
    ReplyParser parser;
    std::string_view rest = sent;
    while (parser.feed(rest) == ReplyParser::State::complete) {
      const auto reply = parser.take();
      out += (out.empty() ? "" : " ") + std::to_string(reply.code);
    }
    return out + (rest.empty() && !parser.in_reply() && parser.problem().empty() ? "" : " (broken)");
  }
  /// The last reply as one line.
  [[nodiscard]] std::string last() const {
    std::string out;
    ReplyParser parser;
    std::string_view rest = sent;
    while (parser.feed(rest) == ReplyParser::State::complete) out = parser.take().text();
    return out;
  }
};

/// A client under test, and a server that is a list of pieces of octets: each is given at one ReadMore.
struct ClientRun {
  client::Options options = {.ehlo_name = "out.example.com", .tls = client::TlsUse::none};
  client::Security security = client::Security::plain;
  std::vector<Envelope> envelopes = {};
  std::vector<std::string> bodies = {};  ///< the last one again where there are fewer than envelopes
  client::Event at_end = client::Closed{};
  client::Event handshake = client::TlsStarted{};
  client::Event body_event = client::BodySent{};

  std::string sent = {};
  std::vector<std::string> sends = {};
  std::vector<client::Transaction> done = {};
  std::optional<client::Answer> session_failure = {};
  std::size_t handshakes = 0;
  bool quit = false;

  ClientRun& run(const std::vector<std::string>& pieces) {
    ClientMachine machine(options);
    std::string buffer;
    std::size_t piece = 0;
    std::size_t envelope = 0;
    client::Event event = client::Connected{security};
    for (std::size_t steps = 0; steps < 1'000'000; ++steps) {
      const auto action = machine.step(event);
      event = client::Done{};
      if (const auto* send = std::get_if<client::Send>(&action)) {
        sent += send->octets;
        sends.emplace_back(send->octets);
      } else if (std::holds_alternative<client::ReadMore>(action)) {
        if (piece == pieces.size()) {
          event = at_end;
          continue;
        }
        buffer.assign(buffer.size(), '#');
        buffer = pieces[piece++];
        event = client::Input{buffer};
      } else if (std::holds_alternative<client::Handshake>(action)) {
        ++handshakes;
        event = handshake;
      } else if (std::holds_alternative<client::Ready>(action)) {
        if (envelope < envelopes.size()) {
          event = client::Deliver{&envelopes[envelope++]};
        } else {
          quit = true;
          event = client::Quit{};
        }
      } else if (std::holds_alternative<client::SendBody>(action)) {
        event = body_event;
        if (std::holds_alternative<client::BodySent>(event)) send_body(envelope - 1);
      } else if (std::holds_alternative<client::TransactionDone>(action)) {
        done.push_back(machine.transaction());
      } else {
        session_failure = machine.session_failure();
        return *this;
      }
    }
    sent += "(never ends)";
    return *this;
  }

 private:
  void send_body(std::size_t index) {
    if (bodies.empty()) bodies.emplace_back("Subject: x\r\n\r\n.dot\r\n");
    DotStuffer stuffer;
    std::vector<std::string_view> views;
    if (stuffer.add(bodies[std::min(index, bodies.size() - 1)], views) != DataFault::none ||
        stuffer.finish(views) != DataFault::none)
      return;
    std::string octets;
    for (const auto view : views) octets += view;
    sent += octets;
    sends.push_back(octets);
  }
};

}  // namespace ptarmigan::smtp::testing
