// receive/rehearsal_session.hpp - one client of the rehearsal: gathers what the session shows, asks DNS, decides as the
// receiver would. Threads: one session, one executor.
#pragma once

#include <functional>
#include <string>

#include "config/config.hpp"
#include "net/answer_source.hpp"
#include "net/smtp_server.hpp"
#include "rehearsal/decide.hpp"

namespace ptarmigan::receive {

struct RehearsalParts {
  const rulebook::Receiver& receiver;
  const config::Rehearsal& settings;
  std::string hostname;
  net::AnswerSource& dns;
  /// Makes session ids: never the same twice.
  std::function<std::string()> next_id;
  /// One line for whoever watches.
  std::function<void(const std::string&)> tell;
};

class RehearsalSession final : public net::ServerHandler {
 public:
  /// `parts` outlives the session.
  RehearsalSession(const RehearsalParts& parts, Endpoint peer);

  [[nodiscard]] boost::asio::awaitable<std::optional<smtp::Reply>> decide(
      smtp::Stage stage, const smtp::server::Session& session) override;
  [[nodiscard]] boost::asio::awaitable<smtp::server::CredentialsVerdict> check_credentials(
      smtp::PlainCredentials credentials) override;
  void body(std::string_view octets) override { body_ += octets; }
  void discard() override { body_.clear(); }

 private:
  /// Fills the subject with what is known at this stage.
  void observe(const smtp::server::Session& session);
  [[nodiscard]] boost::asio::awaitable<void> observe_message();
  [[nodiscard]] boost::asio::awaitable<std::optional<smtp::Reply>> keep(const smtp::server::Session& session);
  void journal(const smtp::server::Session& session, smtp::Stage stage, const rehearsal::Decision& decision,
               const std::string& file) const;

  const RehearsalParts& parts_;
  Endpoint peer_;
  std::string id_;
  rulebook::Subject subject_;
  std::vector<dkim::SignatureResult> signatures_;
  Facts facts_;
  std::string body_;
};

}  // namespace ptarmigan::receive
