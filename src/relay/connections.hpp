// relay/connections.hpp - outgoing SMTP sessions: opened over a planned route, kept for the next message of the same
// site and route. Binds to the route's own source address and reads it back: mail never leaves from another one.
// Limits: config::Delivery. Threads: one executor that runs on one thread.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include "config/config.hpp"
#include "net/answer_source.hpp"
#include "net/gate.hpp"
#include "net/smtp_client.hpp"
#include "route/plan.hpp"
#include "tls/hop_policy.hpp"

namespace ptarmigan::relay {

struct Connection {
  std::unique_ptr<net::SmtpClientSession> session;
  dns::DomainName host;  ///< MX host or relay
  std::string ehlo_name;
  std::string key;        ///< site and route, for Connections::give
  unsigned messages = 0;  ///< delivered or tried over it
  SteadyTime idle_since = {};
  tls::HopPolicy hop = {};  ///< under which it was opened
};

/// Why no session could be opened over a route, of the last target that was tried.
struct OpenFailure {
  smtp::client::Answer answer;
  std::string problem;  ///< the transport's words; may be empty
  std::optional<Endpoint> peer = {};
  dns::DomainName host = {};
};

class Connections {
 public:
  /// Reads relays' passwords and authorities. An error names the relay and the file.
  static Result<std::unique_ptr<Connections>> create(boost::asio::any_io_executor executor,
                                                     const config::Config& config, net::AnswerSource& dns,
                                                     net::Gate& gate);
  ~Connections();
  Connections(const Connections&) = delete;
  Connections& operator=(const Connections&) = delete;

  enum class Reuse { allowed, fresh };
  enum class TlsWish { as_published, required };  ///< required: the message has REQUIRETLS (RFC 8689#4.2.1)
  /// An idle session of this site and route that was opened under the same demands on TLS, or a new one: over the
  /// route's targets in their order, until one takes mail.
  [[nodiscard]] boost::asio::awaitable<std::expected<Connection, OpenFailure>> open(
      std::string site, route::Route route, Reuse reuse, TlsWish wish = TlsWish::as_published);
  /// Keeps a session that can take another message, or ends it: also after `most_messages`.
  void give(Connection connection, unsigned most_messages);
  /// Ends sessions that were idle too long. Ends with the gate.
  void start();

  /// What the relays of a configuration need. An error names the relay and the file.
  struct RelayAccess;
  using Relays = std::vector<std::shared_ptr<const RelayAccess>>;
  [[nodiscard]] static Result<Relays> read_relays(const std::vector<config::Relay>& relays);
  /// New sessions use these from now on.
  void set_relays(Relays relays) { relays_ = std::move(relays); }

 private:
  Connections(boost::asio::any_io_executor executor, const config::Config& config, net::AnswerSource& dns,
              net::Gate& gate);
  [[nodiscard]] std::optional<Connection> take_idle(const std::string& key, const route::Route& route, TlsWish wish);
  [[nodiscard]] boost::asio::awaitable<std::expected<Connection, OpenFailure>> open_direct(route::SourceAddress source,
                                                                                           route::Target target,
                                                                                           TlsWish wish);
  [[nodiscard]] boost::asio::awaitable<std::expected<Connection, OpenFailure>> open_relay(std::string route_id,
                                                                                          TlsWish wish);
  [[nodiscard]] boost::asio::awaitable<std::expected<Connection, OpenFailure>> open_session(
      Endpoint remote, std::optional<IpAddress> source, dns::DomainName host, net::SmtpClientOptions options);
  [[nodiscard]] boost::asio::awaitable<void> close_idle_forever();

  boost::asio::any_io_executor executor_;
  const config::Config& config_;
  net::AnswerSource& dns_;
  net::Gate& gate_;
  Relays relays_;
  // One context for each kind of trust: what was agreed with less is never resumed where more is demanded.
  std::shared_ptr<const net::TlsContext> opportunistic_;
  std::shared_ptr<const net::TlsContext> verified_;
  std::shared_ptr<const net::TlsContext> dane_;
  std::unordered_map<std::string, std::vector<Connection>> idle_;
};

}  // namespace ptarmigan::relay
