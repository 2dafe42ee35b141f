// receive/service_session.hpp - one client of the rehearsal service: takes mail for tests that are open, judges it as
// every receiver, and answers as the test's profile and fault want. Threads: one session, one executor.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "net/answer_source.hpp"
#include "net/smtp_server.hpp"
#include "receive/content_filter.hpp"
#include "receive/test_book.hpp"

namespace ptarmigan::receive {

struct ServiceParts {
  TestBook& book;
  net::AnswerSource& dns;
  std::string domain;    ///< of the addresses given out
  std::string hostname;  ///< in Authentication-Results and the greeting
  std::vector<std::pair<FilterKind, Endpoint>> filters;
  std::function<void(const std::string&)> tell;
};

inline constexpr std::size_t max_transcript_octets = 16'384;

class ServiceSession final : public net::ServerHandler {
 public:
  /// `parts` outlives the session.
  ServiceSession(const ServiceParts& parts, Endpoint peer);

  [[nodiscard]] boost::asio::awaitable<std::optional<smtp::Reply>> decide(
      smtp::Stage stage, const smtp::server::Session& session) override;
  [[nodiscard]] boost::asio::awaitable<smtp::server::CredentialsVerdict> check_credentials(
      smtp::PlainCredentials credentials) override;
  void body(std::string_view octets) override { body_ += octets; }
  void discard() override { body_.clear(); }
  /// For the transcript; what comes beyond max_transcript_octets is left out.
  void note(net::Line kind, const std::string& line);

 private:
  [[nodiscard]] boost::asio::awaitable<std::optional<smtp::Reply>> at_rcpt(std::string local_part);
  [[nodiscard]] boost::asio::awaitable<std::optional<smtp::Reply>> at_end();
  [[nodiscard]] boost::asio::awaitable<void> observe_message();
  /// The profile's refusal at any stage up to the last, where the test has a profile.
  [[nodiscard]] std::optional<smtp::Reply> refusal(const Test& test, const doctor::Report& report) const;
  void keep(Test& test, TestResult result, const std::optional<smtp::Reply>& reply);

  const ServiceParts& parts_;
  Endpoint peer_;
  rulebook::Subject subject_;
  std::string test_;  ///< local part of the test that the message is for
  std::string transcript_;
  std::string body_;
  Facts facts_;
};

}  // namespace ptarmigan::receive
