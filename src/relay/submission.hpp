// relay/submission.hpp - one submitting client's session: who may send, and what becomes of a message.
// Never an open relay: mail is taken from loopback, from the configured networks and from authenticated users, and from
// nobody else. 250 is said only when the spool has the message on disk. Threads: one session, one executor.
#pragma once

#include <functional>
#include <string>

#include <boost/asio/any_io_executor.hpp>

#include "config/config.hpp"
#include "net/smtp_server.hpp"
#include "relay/delivery.hpp"
#include "relay/log.hpp"
#include "relay/users.hpp"
#include "spool/spool.hpp"

namespace ptarmigan::relay {

struct SubmissionParts {
  boost::asio::any_io_executor executor;
  const config::Config& config;
  const Users& users;
  spool::Spool& spool;
  Delivery& delivery;
  std::function<void(const Error&)> on_spool_stopped;
  const Log& log;
};

class Submission final : public net::ServerHandler {
 public:
  /// `parts` outlives the session.
  Submission(const SubmissionParts& parts, IpAddress client) : parts_(parts), client_(client) {}

  [[nodiscard]] boost::asio::awaitable<std::optional<smtp::Reply>> decide(
      smtp::Stage stage, const smtp::server::Session& session) override;
  [[nodiscard]] boost::asio::awaitable<smtp::server::CredentialsVerdict> check_credentials(
      smtp::PlainCredentials credentials) override;
  void body(std::string_view octets) override { body_ += octets; }
  void discard() override { body_.clear(); }

 private:
  [[nodiscard]] bool trusted() const;
  [[nodiscard]] boost::asio::awaitable<smtp::Reply> take_message(const smtp::server::Session& session);

  const SubmissionParts& parts_;
  IpAddress client_;
  std::string body_;
};

}  // namespace ptarmigan::relay
