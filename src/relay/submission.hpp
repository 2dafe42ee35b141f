// relay/submission.hpp - one submitting client's session: who may send, and what becomes of a message.
// Never an open relay: mail is taken from loopback, from the configured networks and from authenticated users, and from
// nobody else. 250 is said only when the spool has the message on disk. What waits in memory is bounded over all
// sessions; users and networks have rates; wrong credentials are answered late, and not without end. Threads: one
// session, one executor.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include <boost/asio/any_io_executor.hpp>

#include "config/config.hpp"
#include "net/smtp_server.hpp"
#include "relay/delivery.hpp"
#include "relay/intake.hpp"
#include "relay/keys.hpp"
#include "relay/log.hpp"
#include "relay/report_intake.hpp"
#include "relay/submission_gate.hpp"
#include "relay/suppression.hpp"
#include "relay/users.hpp"
#include "spool/spool.hpp"

namespace ptarmigan::relay {

struct SubmissionParts {
  boost::asio::any_io_executor executor;
  const config::Config& config;
  const Users& users;
  const Keys& keys;
  Intake& intake;
  spool::Spool& spool;
  Delivery& delivery;
  const SuppressionList& suppressed;
  ReportIntake& reports;
  std::function<void(const Error&)> on_spool_stopped;
  const Log& log;
};

/// Mail with a reverse-path in this domain names its recipient there: domain[].verp.
[[nodiscard]] bool wants_verp(const config::Config& config, const std::string& domain);
/// Whether mail of this From domain is signed.
[[nodiscard]] Signing signing_of(const Keys& keys, const dns::DomainName& author_domain);
/// What a client is told of it.
[[nodiscard]] smtp::Reply refusal_of(const spool::CommitError& error);

class Submission final : public net::ServerHandler {
 public:
  /// `parts` outlives the session.
  Submission(const SubmissionParts& parts, IpAddress client) : parts_(parts), client_(client), waiting_(parts.intake) {}

  [[nodiscard]] boost::asio::awaitable<std::optional<smtp::Reply>> decide(
      smtp::Stage stage, const smtp::server::Session& session) override;
  [[nodiscard]] boost::asio::awaitable<smtp::server::CredentialsVerdict> check_credentials(
      smtp::PlainCredentials credentials) override;
  [[nodiscard]] boost::asio::awaitable<smtp::server::SaslAnswered> sasl(smtp::server::Sasl message) override;
  void body(std::string_view octets) override;
  void discard() override;

 private:
  /// The peer, or whom a trusted front end named.
  [[nodiscard]] IpAddress client_of(const smtp::server::Session& session) const;
  [[nodiscard]] bool trusted(const IpAddress& client) const;
  /// Neither from a trusted network nor authenticated: may send to report addresses alone.
  [[nodiscard]] bool is_stranger(const smtp::server::Session& session) const;
  [[nodiscard]] smtp::Reply no_relaying(const smtp::server::Session& session) const;
  [[nodiscard]] std::optional<smtp::Reply> may_send_to(const smtp::server::Session& session) const;
  /// What is for report addresses; nothing where all went well.
  [[nodiscard]] boost::asio::awaitable<std::optional<smtp::Reply>> keep_report(QueueId id);
  [[nodiscard]] std::optional<smtp::Reply> may_send(const smtp::server::Session& session) const;
  [[nodiscard]] std::optional<smtp::Reply> over_rate(const smtp::server::Session& session, double cost) const;
  [[nodiscard]] bool guesses_passwords() const;
  [[nodiscard]] boost::asio::awaitable<void> count_failed_login();
  [[nodiscard]] boost::asio::awaitable<smtp::Reply> take_message(const smtp::server::Session& session);

  const SubmissionParts& parts_;
  IpAddress client_;
  std::string body_;
  Waiting waiting_;
  bool crowded_out_ = false;  ///< this message found no room in memory
  struct Scram {
    smtp::ScramServer server;
    smtp::ScramHello hello = {};
    bool proved = false;
  };
  std::optional<Scram> scram_;
};

}  // namespace ptarmigan::relay
