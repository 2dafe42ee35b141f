// relay/connections.cpp - see connections.hpp.
#include "relay/connections.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "net/clock.hpp"
#include "net/password.hpp"
#include "net/settle.hpp"

namespace ptarmigan::relay {
namespace asio = boost::asio;
namespace {

constexpr milliseconds look_for_idle{500};

tls::HopPolicy hop_of(const route::Target& target, Connections::TlsWish wish) {
  auto hop = target.hop ? *target.hop : tls::HopPolicy{.reason = "no policy is known", .server_name = target.host};
  return wish == Connections::TlsWish::required ? tls::with_requiretls(std::move(hop)) : hop;
}

asio::awaitable<void> quit(std::unique_ptr<net::SmtpClientSession> session) {
  co_await session->quit();
}

OpenFailure no_session(smtp::Problem problem, std::string words, dns::DomainName host,
                       std::optional<Endpoint> peer = {}) {
  return {{.stage = smtp::Stage::connect, .reply = {}, .problem = problem}, std::move(words), peer, std::move(host)};
}

smtp::Problem problem_of(net::Fault fault) {
  switch (fault) {
    case net::Fault::timed_out: return smtp::Problem::timed_out;
    case net::Fault::tls: return smtp::Problem::tls_failed;
    case net::Fault::closed:
    case net::Fault::cancelled:
    case net::Fault::refused:
    case net::Fault::no_route:
    case net::Fault::address_not_here:
    case net::Fault::no_ipv6:
    case net::Fault::other: return smtp::Problem::closed;
  }
  return smtp::Problem::closed;
}

}  // namespace

struct Connections::RelayAccess {
  config::Relay relay;
  std::optional<smtp::PlainCredentials> credentials;
  std::shared_ptr<const net::TlsContext> tls;
};

namespace {

Result<Secret> password_of(const config::Relay& relay) {
  if (relay.password_file.empty()) return Secret(relay.password);
  std::ifstream file(relay.password_file);
  std::string line;
  if (!file || !std::getline(file, line))
    return failure(
        "relay " + relay.name + ": cannot read password_file " + relay.password_file + ": " + std::strerror(errno),
        "write the password on its first line and let this user read it");
  return Secret(std::move(line));
}

smtp::client::SaslMechanism mechanism_of(config::RelayAuth auth) {
  using smtp::client::SaslMechanism;
  switch (auth) {
    case config::RelayAuth::best: return SaslMechanism::best;
    case config::RelayAuth::plain: return SaslMechanism::plain;
    case config::RelayAuth::login: return SaslMechanism::login;
    case config::RelayAuth::scram_sha_256: return SaslMechanism::scram_sha_256;
    case config::RelayAuth::xoauth2: return SaslMechanism::xoauth2;
  }
  return SaslMechanism::best;
}

}  // namespace

Connections::Connections(asio::any_io_executor executor, const config::Config& config, net::AnswerSource& dns,
                         net::Gate& gate)
    : executor_(std::move(executor)), config_(config), dns_(dns), gate_(gate) {}

Connections::~Connections() = default;

Result<std::unique_ptr<Connections>> Connections::create(asio::any_io_executor executor, const config::Config& config,
                                                         net::AnswerSource& dns, net::Gate& gate) {
  std::unique_ptr<Connections> out(new Connections(std::move(executor), config, dns, gate));
  auto opportunistic = net::TlsContext::client_opportunistic();
  if (!opportunistic) return std::unexpected(opportunistic.error());
  auto pkix = net::TlsContext::client_verified();
  if (!pkix) return std::unexpected(pkix.error());
  auto dane = net::TlsContext::client_dane();
  if (!dane) return std::unexpected(dane.error());
  out->opportunistic_ = *std::move(opportunistic);
  out->verified_ = *std::move(pkix);
  out->dane_ = *std::move(dane);
  auto relays = read_relays(config.relays);
  if (!relays) return std::unexpected(relays.error());
  out->relays_ = *std::move(relays);
  return out;
}

Result<Connections::Relays> Connections::read_relays(const std::vector<config::Relay>& relays) {
  Relays out;
  for (const auto& relay : relays) {
    RelayAccess access{.relay = relay, .credentials = {}, .tls = {}};
    if (!relay.user.empty()) {
      auto password = password_of(relay);
      if (!password) return std::unexpected(password.error());
      access.credentials =
          smtp::PlainCredentials{.authorization_id = {}, .user = relay.user, .password = *std::move(password)};
    }
    if (relay.encrypt != config::Encrypt::none) {
      auto verified = net::TlsContext::client_verified(relay.ca_file);
      if (!verified) return failure("relay " + relay.name + ": " + verified.error().message, verified.error().remedy);
      access.tls = *std::move(verified);
    }
    out.push_back(std::make_shared<const RelayAccess>(std::move(access)));
  }
  return out;
}

asio::awaitable<std::expected<Connection, OpenFailure>> Connections::open(std::string site, route::Route route,
                                                                          Reuse reuse, TlsWish wish) {
  const std::string key = site + "|" + route.id;
  if (reuse == Reuse::allowed)
    if (auto idle = take_idle(key, route, wish)) co_return *std::move(idle);
  std::expected<Connection, OpenFailure> opened =
      std::unexpected(no_session(smtp::Problem::closed, "there is no address to connect to", {}));
  if (route.relay) {
    opened = co_await open_relay(route.id, wish);
  } else {
    for (const auto& target : route.targets) {
      opened = co_await open_direct(*route.source, target, wish);
      if (opened) break;
      // A receiver that refuses our address at the greeting would do so at its other hosts too.
      if (opened.error().answer.reply && opened.error().answer.reply->permanent()) break;
      if (co_await net::cancelled()) break;
    }
  }
  if (opened) opened->key = key;
  co_return opened;
}

/// The last that was given back, of those that serve; sessions that have ended are dropped on the way.
std::optional<Connection> Connections::take_idle(const std::string& key, const route::Route& route, TlsWish wish) {
  const auto serves = [&](const Connection& connection) {
    if (route.relay) return wish == TlsWish::as_published || connection.session->tls().has_value();
    return std::ranges::any_of(route.targets, [&](const route::Target& target) {
      return target.host == connection.host && hop_of(target, wish).demands_as(connection.hop);
    });
  };
  const auto entry = idle_.find(key);
  if (entry == idle_.end()) return std::nullopt;
  auto& kept = entry->second;
  std::erase_if(kept, [](const Connection& connection) { return !connection.session->usable(); });
  for (auto found = kept.rbegin(); found != kept.rend(); ++found) {
    if (!serves(*found)) continue;
    std::optional<Connection> taken(std::move(*found));
    kept.erase(std::next(found).base());
    return taken;
  }
  return std::nullopt;
}

asio::awaitable<std::expected<Connection, OpenFailure>> Connections::open_direct(route::SourceAddress source,
                                                                                 route::Target target, TlsWish wish) {
  const auto hop = hop_of(target, wish);
  if (hop.tls == tls::HopTls::refuse)
    co_return std::unexpected(no_session(smtp::Problem::tls_failed, hop.reason, target.host));
  const bool opportunistic = hop.tls == tls::HopTls::opportunistic;
  net::SmtpClientOptions options;
  options.machine.ehlo_name = source.ehlo_name.text();
  options.machine.tls = opportunistic ? smtp::client::TlsUse::opportunistic : smtp::client::TlsUse::required;
  // Eight-bit content was announced by nobody, and is what the sender wrote: receivers of today take it.
  options.machine.eight_bit = smtp::client::EightBit::send_anyway;
  options.tls = hop.tls == tls::HopTls::dane ? dane_ : hop.tls == tls::HopTls::pkix ? verified_ : opportunistic_;
  options.tls_host = hop.server_name.is_root() ? std::string() : hop.server_name.text();
  options.dane.associations = hop.associations;
  for (const auto& name : hop.other_names) options.dane.other_names.push_back(name.text());
  auto opened = co_await open_session({target.address, config_.delivery.port}, source.address, target.host, options);
  // TLS that was offered and failed: in the clear is better than not at all (RFC 7435#3), unless a policy demands it.
  if (!opened && opportunistic && opened.error().answer.problem == smtp::Problem::tls_failed) {
    options.machine.tls = smtp::client::TlsUse::none;
    opened =
        co_await open_session({target.address, config_.delivery.port}, source.address, target.host, std::move(options));
  }
  if (opened) {
    opened->hop = hop;
  } else if (!opportunistic && !opened.error().answer.reply) {
    opened.error().problem += (opened.error().problem.empty() ? "" : "; ") + hop.reason;
  }
  co_return opened;
}

asio::awaitable<std::expected<Connection, OpenFailure>> Connections::open_relay(std::string route_id, TlsWish wish) {
  const auto found = std::ranges::find_if(
      relays_, [&](const auto& known) { return route_id == route::relay_route_id(known->relay.name); });
  if (found == relays_.end())
    co_return std::unexpected(no_session(smtp::Problem::closed, "this relay is no longer configured", {}));
  // Kept: a reload may replace the list meanwhile.
  const auto kept = *found;
  const auto& access = *kept;
  const auto& relay = access.relay;
  if (wish == TlsWish::required && !access.tls)
    co_return std::unexpected(no_session(smtp::Problem::tls_failed,
                                         "REQUIRETLS was asked for, and this relay is used without TLS", relay.host));
  net::SmtpClientOptions options;
  options.machine.ehlo_name = config_.hostname ? config_.hostname->text() : relay.host.text();
  options.machine.tls =
      relay.encrypt == config::Encrypt::none ? smtp::client::TlsUse::none : smtp::client::TlsUse::required;
  options.machine.credentials = access.credentials;
  // Tokens are short-lived: what keeps the file fresh does not tell us.
  if (auto fresh = password_of(relay); options.machine.credentials && fresh && !fresh->empty())
    options.machine.credentials->password = *std::move(fresh);
  options.machine.mechanism = mechanism_of(relay.auth);
  options.machine.scram = net::scram_sha256();
  options.machine.scram_nonce = net::scram_nonce();
  options.machine.eight_bit = smtp::client::EightBit::send_anyway;
  options.tls = access.tls;
  options.tls_host = relay.host.text();
  options.tls_start = relay.encrypt == config::Encrypt::tls ? net::TlsStart::at_once : net::TlsStart::starttls;
  const auto deadline = net::in(config_.dns.deadline);
  const std::vector<Question> questions{{relay.host, dns::RecordType::aaaa}, {relay.host, dns::RecordType::a}};
  const auto answers = co_await net::answer_all(dns_, questions, deadline);
  std::expected<Connection, OpenFailure> opened = std::unexpected(
      no_session(smtp::Problem::closed, "the relay " + relay.host.text() + " has no address", relay.host));
  for (const auto& answer : answers) {
    for (const auto& address : answer.all<IpAddress>()) {
      opened = co_await open_session({address, relay.port}, std::nullopt, relay.host, options);
      if (opened || co_await net::cancelled()) co_return opened;
    }
  }
  co_return opened;
}

asio::awaitable<std::expected<Connection, OpenFailure>> Connections::open_session(Endpoint remote,
                                                                                  std::optional<IpAddress> source,
                                                                                  dns::DomainName host,
                                                                                  net::SmtpClientOptions options) {
  auto stream = co_await net::connect(remote, source, net::in(config_.delivery.connect_timeout));
  if (!stream)
    co_return std::unexpected(no_session(problem_of(stream.error().fault), stream.error().message, host, remote));
  if (source && (*stream)->local().address != *source)
    co_return std::unexpected(
        no_session(smtp::Problem::closed,
                   "the connection left from " + (*stream)->local().address.text() + " and not from " + source->text(),
                   host, remote));
  Connection connection{.session = {}, .host = host, .ehlo_name = options.machine.ehlo_name, .key = {}};
  connection.session = std::make_unique<net::SmtpClientSession>(*std::move(stream), std::move(options));
  const bool open = co_await connection.session->open();
  if (open) co_return connection;
  OpenFailure failed{.answer = {.stage = smtp::Stage::connect, .reply = {}, .problem = smtp::Problem::closed},
                     .problem = connection.session->problem(),
                     .peer = remote,
                     .host = host};
  if (connection.session->failure()) failed.answer = *connection.session->failure();
  co_return std::unexpected(std::move(failed));
}

void Connections::give(Connection connection, unsigned most_messages) {
  ++connection.messages;
  if (!connection.session->usable()) return;
  if (config_.delivery.idle_connection.count() == 0 || connection.messages >= most_messages) {
    gate_.spawn(quit(std::move(connection.session)));
    return;
  }
  connection.idle_since = net::steady_now();
  idle_[connection.key].push_back(std::move(connection));
}

void Connections::start() {
  gate_.spawn(close_idle_forever());
}

asio::awaitable<void> Connections::close_idle_forever() {
  asio::steady_timer timer(executor_);
  while (true) {
    timer.expires_after(look_for_idle);
    const auto [error] = co_await timer.async_wait(asio::as_tuple(asio::use_awaitable));
    if (error || co_await net::cancelled()) break;
    const auto oldest = net::steady_now() - config_.delivery.idle_connection;
    for (auto entry = idle_.begin(); entry != idle_.end();) {
      std::erase_if(entry->second, [&](Connection& connection) {
        if (connection.idle_since > oldest) return false;
        gate_.spawn(quit(std::move(connection.session)));
        return true;
      });
      entry = entry->second.empty() ? idle_.erase(entry) : std::next(entry);
    }
  }
  idle_.clear();
}

}  // namespace ptarmigan::relay
