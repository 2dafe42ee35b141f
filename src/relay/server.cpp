// relay/server.cpp - see server.hpp.
#include "relay/server.hpp"

#include <algorithm>
#include <csignal>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "config/reload.hpp"
#include "net/clock.hpp"
#include "net/listener.hpp"
#include "net/notify_socket.hpp"
#include "net/resolver.hpp"
#include "relay/console_side.hpp"
#include "relay/control.hpp"
#include "relay/control_socket.hpp"
#include "relay/delivery.hpp"
#include "relay/facts_cache.hpp"
#include "relay/keys.hpp"
#include "relay/notices.hpp"
#include "relay/pacer.hpp"
#include "relay/router.hpp"
#include "relay/standing_keeper.hpp"
#include "relay/submission.hpp"
#include "relay/users.hpp"
#include "relay/watcher.hpp"
#include "spool/spool.hpp"
#include "store/history.hpp"

namespace ptarmigan::relay {
namespace asio = boost::asio;
namespace {

/// How long deliveries in progress may take after the server was told to stop.
constexpr milliseconds longest_farewell{10'000};
constexpr milliseconds look_for_end{20};
/// How long a load balancer may take to say whom it speaks for.
constexpr milliseconds proxy_header_timeout{10'000};
/// Descriptors beside those of sessions and deliveries: databases, resolver, log.
constexpr std::size_t other_descriptors = 500;

bool contains(const std::vector<IpNetwork>& networks, const IpAddress& address) {
  return std::ranges::any_of(networks, [&](const IpNetwork& network) { return network.contains(address); });
}

}  // namespace

class Server::Impl {
 public:
  Impl(config::Config config, Log log, Origin origin)
      : config_(std::move(config)),
        log_(std::move(log)),
        origin_(std::move(origin)),
        gate_(reactor_.get_executor(),
              [this](const std::string& what) { log_(LogLevel::error, "unexpected failure: " + what); }) {}

  ~Impl() {
    // Callbacks of the spool and the resolver post to the reactor: they end first, the reactor last.
    console_.reset();
    listener_.reset();
    control_socket_.reset();
    control_.reset();
    keeper_.reset();
    delivery_.reset();
    spool_.reset();
    // What the watcher posted to the history speaks of the watcher.
    if (history_) history_->flush();
    watcher_.reset();
    history_.reset();
    facts_.reset();
    fresh_.reset();
    resolver_.reset();
  }

  Result<> open() {
    if (auto usable = check_whole(config_); !usable) return usable;
    if (auto opened = open_keys(); !opened) return opened;
    if (auto opened = open_storage(); !opened) return opened;
    if (auto opened = open_dns(); !opened) return opened;
    if (auto opened = open_submission(); !opened) return opened;
    if (auto opened = open_watcher(); !opened) return opened;
    return open_console();
  }

  Result<> run() {
    if (console_) console_->start();
    for (const auto& endpoint : listener_->endpoints()) log_(LogLevel::info, "listening on " + endpoint.text());
    restore();
    keeper_->restore();
    gate_.spawn(keeper_->save_forever());
    control_socket_->start();
    facts_->start();
    watcher_->start();
    gate_.spawn(begin_delivery());
    listener_->start([this](std::unique_ptr<net::Stream> stream) { return session(std::move(stream)); });
    asio::signal_set signals(reactor_, SIGTERM, SIGINT);
    signals.async_wait([this](const boost::system::error_code& error, int) {
      if (!error) stop();
    });
    asio::signal_set hangups(reactor_, SIGHUP);
    wait_for_reload(hangups);
    stop_signals_ = [&signals, &hangups] {
      signals.cancel();
      hangups.cancel();
    };
    reactor_.run();
    stop_signals_ = {};
    if (spool_error_) return std::unexpected(*spool_error_);
    return {};
  }

 private:
  void wait_for_reload(asio::signal_set& hangups) {
    hangups.async_wait([this, &hangups](const boost::system::error_code& error, int) {
      if (error || stopping_) return;
      reload();
      wait_for_reload(hangups);
    });
  }

  void reload() {
    if (!origin_.again) return;
    net::notify_supervisor("RELOADING=1");
    auto read = origin_.again();
    const auto done = read ? take_over(*std::move(read)) : Result<>(std::unexpected(read.error()));
    if (!done) log_(LogLevel::error, "reload: nothing is changed: " + done.error().text());
    net::notify_supervisor("READY=1");
  }

  /// All that can fail comes first.
  Result<> take_over(Origin::Read read) {
    auto next = config::reloaded(config_, origin_.given, std::move(read.config), read.given);
    if (auto usable = check_whole(next.config); !usable) return usable;
    auto keys = Keys::load(next.config.domains);
    if (!keys) return std::unexpected(keys.error());
    auto users = Users::load(next.config.submission.users_file);
    if (!users) return std::unexpected(users.error());
    auto tls = server_tls(next.config.submission);
    if (!tls) return std::unexpected(tls.error());
    auto use_relays = delivery_->prepare_reload(next.config);
    if (!use_relays) return std::unexpected(use_relays.error());

    const auto& submission = next.config.submission;
    if (submission.user_recipients_per_hour != config_.submission.user_recipients_per_hour)
      intake_.users = Rates(submission.user_recipients_per_hour, std::chrono::hours(1));
    if (submission.network_recipients_per_hour != config_.submission.network_recipients_per_hour)
      intake_.networks = Rates(submission.network_recipients_per_hour, std::chrono::hours(1));
    config_ = std::move(next.config);
    origin_.given = std::move(read.given);
    keys_ = *std::move(keys);
    users_->replace_by(**users);
    tls_ = *std::move(tls);
    (*use_relays)();
    router_->reload();
    pacer_->reload(config_);
    std::string told = "reloaded";
    for (const auto& path : next.changed) told += (&path == &next.changed.front() ? ": " : ", ") + path;
    log_(LogLevel::info, told);
    for (const auto& path : next.waiting)
      log_(LogLevel::warning, path + " was changed too, and counts after a restart");
    return {};
  }

  /// What no file can tell by itself.
  Result<> check_whole(const config::Config& config) {
    if (!config.hostname)
      return failure("hostname is not set", "set hostname = \"mail.example.com\" in the configuration");
    if (config.sources.empty() && config.relays.empty())
      return failure("there is no [[source]] and no [[relay]]: mail could not leave",
                     "add a [[source]] with this host's addresses");
    return check_sources(config);
  }

  /// Every configured address must be on this host: mail from another one would have the wrong PTR and SPF.
  Result<> check_sources(const config::Config& config) {
    for (const auto& source : route::addresses_of(config.sources)) {
      auto probe = net::Listener::open({reactor_.get_executor()}, {.endpoints = {{source.address, 0}}});
      if (!probe) return failure("source " + source.source + ": " + probe.error().message, probe.error().remedy);
    }
    return {};
  }

  Result<> open_keys() {
    auto keys = Keys::load(config_.domains);
    if (!keys) return std::unexpected(keys.error());
    keys_ = *std::move(keys);
    auto users = Users::load(config_.submission.users_file);
    if (!users) return std::unexpected(users.error());
    users_ = *std::move(users);
    auto tls = server_tls(config_.submission);
    if (!tls) return std::unexpected(tls.error());
    tls_ = *std::move(tls);
    return {};
  }

  /// Null where there is no certificate.
  static Result<std::shared_ptr<const net::TlsContext>> server_tls(const config::Submission& settings) {
    if (settings.certificate.empty()) return nullptr;
    return net::TlsContext::server(settings.certificate, settings.key);
  }

  Result<> open_storage() {
    auto spool = spool::Spool::open(
        {.folder = config_.spool.path, .minimum_free_space = config_.spool.min_free, .on_synced = counts_.on_synced()});
    if (!spool) return std::unexpected(spool.error());
    spool_ = *std::move(spool);
    if (!spool_->recovery_warning().empty()) log_(LogLevel::warning, spool_->recovery_warning());
    auto suppressed = SuppressionList::open(config_.spool.path);
    if (!suppressed) return std::unexpected(suppressed.error());
    if (suppressed->damaged() > 0)
      log_(LogLevel::warning,
           std::to_string(suppressed->damaged()) + " lines of the suppression list are not understood");
    suppressed_ = std::make_unique<SuppressionList>(*std::move(suppressed));
    const auto& watch = config_.watch;
    auto history = store::History::open(
        {.file = config_.store.path,
         .database = watch.database,
         .keep = {.attempts = watch.keep_attempts, .rows = watch.keep_reports, .totals = watch.keep_totals},
         .observe = [this](const store::Attempt& attempt) {
           if (watcher_) watcher_->attempt(attempt);
         }});
    if (!history) return std::unexpected(history.error());
    history_ = *std::move(history);
    return {};
  }

  Result<> open_dns() {
    auto resolver = net::Resolver::open(net::resolver_options(config_.dns));
    if (!resolver) return std::unexpected(resolver.error());
    resolver_ = *std::move(resolver);
    fresh_ = std::make_unique<net::FreshSource>(*resolver_);
    facts_ = std::make_unique<FactsCache>(
        reactor_.get_executor(), *resolver_, *fresh_, gate_,
        FactsCacheLimits{.shortest_refresh = config_.delivery.refresh_shortest, .deadline = config_.dns.deadline});
    router_ = std::make_unique<Router>(config_, keys_, *facts_);
    pacer_ = std::make_unique<Pacer>(config_, keys_);
    return {};
  }

  Result<> open_submission() {
    auto spool_stopped = [this](const Error& error) { spool_stopped_with(error); };
    auto delivery = Delivery::create({reactor_.get_executor(), config_, keys_, *router_, *pacer_, *suppressed_, *spool_,
                                      *history_, *resolver_, gate_, spool_stopped, log_, counts_.on_attempt()});
    if (!delivery) return std::unexpected(delivery.error());
    delivery_ = *std::move(delivery);
    control_ = std::make_unique<Control>(Control::Parts{reactor_.get_executor(), *spool_, *delivery_, *router_, *pacer_,
                                                        intake_, *suppressed_, config_.spool.path});
    intake_.draining = was_draining(config_.spool.path);
    if (intake_.draining)
      log_(LogLevel::warning,
           "draining, as before the restart: no new mail is taken (`ptarmigan queue resume` ends that)");
    auto socket = ControlSocket::open(reactor_.get_executor(), gate_, *control_, config_.spool.path);
    if (!socket) return std::unexpected(socket.error());
    control_socket_ = *std::move(socket);
    keeper_ = std::make_unique<StandingKeeper>(
        StandingKeeper::Parts{reactor_.get_executor(), config_.spool.path, *router_, *pacer_, log_});
    submission_ = std::make_unique<SubmissionParts>(SubmissionParts{reactor_.get_executor(), config_, *users_, keys_,
                                                                    intake_, *spool_, *delivery_, *suppressed_,
                                                                    reports_, spool_stopped, log_});
    http_intake_ = std::make_unique<HttpIntake>(*submission_);
    const auto& settings = config_.submission;
    const auto descriptors = net::raise_descriptor_limit();
    if (descriptors < settings.max_sessions + config_.delivery.max_connections + other_descriptors)
      log_(LogLevel::warning, "only " + std::to_string(descriptors) +
                                  " files may be open: fewer sessions than submission.max_sessions and "
                                  "delivery.max_connections allow (raise LimitNOFILE or ulimit -n)");
    auto endpoints = settings.listen;
    endpoints.insert(endpoints.end(), settings.listen_tls.begin(), settings.listen_tls.end());
    auto listener = net::Listener::open(
        {reactor_.get_executor()},
        {.endpoints = std::move(endpoints),
         .max_sessions = settings.max_sessions,
         .max_per_client = settings.max_sessions_per_client,
         .proxies = settings.proxy_networks,
         .refusal = "421 4.3.2 " + config_.hostname->text() + " Too many connections, try again later\r\n"});
    if (!listener) return failure("submission.listen: " + listener.error().message, listener.error().remedy);
    listener_ = *std::move(listener);
    return {};
  }

  Result<> open_console() {
    auto inherited = net::inherited_sockets();
    if (!inherited) return std::unexpected(inherited.error());
    std::erase_if(*inherited, [](const auto& socket) { return socket.name != console::inherited_name; });
    if (config_.console.listen.empty() && inherited->empty()) return {};
    ConsoleSide::Parts parts{.executor = reactor_.get_executor(),
                             .config = config_,
                             .origin = origin_,
                             .counts = counts_,
                             .spool = *spool_,
                             .history = *history_,
                             .router = *router_,
                             .delivery = *delivery_,
                             .control = *control_,
                             .intake = *http_intake_,
                             .watcher = *watcher_,
                             .suppressed = *suppressed_,
                             .log = log_};
    auto console = ConsoleSide::open(std::move(parts), *std::move(inherited));
    if (!console) return std::unexpected(console.error());
    console_ = *std::move(console);
    return {};
  }

  Result<> open_watcher() {
    auto figures = figure_sources(config_.watch, *resolver_);
    if (!figures) return std::unexpected(std::move(figures.error()));
    auto watcher =
        Watcher::create({.executor = reactor_.get_executor(),
                         .config = config_,
                         .history = *history_,
                         .dns = *resolver_,
                         .gate = gate_,
                         .router = *router_,
                         .control = [this](std::string command) { return control_->answer(std::move(command)); },
                         .warn = [this](const std::string& what) { log_(LogLevel::warning, what); },
                         .changed = [this] { counts_.events().publish({.name = "incident", .data = "{}"}); },
                         .send_mail = [this](const watch::Alert& alert) { mail_alert(alert); },
                         .complained = [this](const store::FeedbackRow& row) { suppress(row); },
                         .figures = *std::move(figures)});
    if (!watcher) return std::unexpected(watcher.error());
    watcher_ = *std::move(watcher);
    return {};
  }

  /// Who complained about mail of ours gets no more of it.
  void suppress(const store::FeedbackRow& complaint) {
    auto address = suppressible(complaint.recipient);
    if (!address) return;
    const auto why = "reported as " + complaint.type + (complaint.reporter.empty() ? "" : " to " + complaint.reporter) +
                     ", message " + complaint.queue_id.text();
    const auto added = suppressed_->add({{*address, Suppressed::Origin::complaint, why, net::now().wall}});
    if (!added) return log_(LogLevel::error, "suppression list: " + added.error().text());
    if (*added > 0) log_(LogLevel::info, "suppressed recipient=<" + *address + "> " + why);
  }

  /// As mail of ours: the order of routes leaves the broken one out.
  void mail_alert(const watch::Alert& alert) {
    auto mail = alert_mail(alert, config_.watch.alert_mail, spool_->next_id(), net::now().wall, *config_.hostname);
    if (!mail) return log_(LogLevel::warning, "alert by mail: " + mail.error().text());
    const Job job{mail->message.id, 0, stream_of("", mail->message.header_from_domain)};
    const auto domain = mail->groups.front().domain;
    spool::Transaction change;
    change.add(std::move(mail->message), std::move(mail->groups), std::move(mail->octets));
    spool_->commit(std::move(change), [this, job, domain](const spool::Committed& committed) {
      if (committed) asio::post(reactor_, [this, job, domain] { delivery_->enqueue(job, domain, net::steady_now()); });
    });
  }

  /// What an earlier run left in the queue. A clock that was set back must not keep mail waiting: the wait is bounded.
  void restore() {
    const auto now = net::now();
    std::size_t count = 0;
    auto read = spool_->reader().for_each({.held = false}, [&](const spool::Queued& queued) {
      const auto stream = stream_of(queued.message.mail_from, queued.message.header_from_domain);
      for (const auto& group : queued.groups) {
        const auto wait =
            std::clamp(milliseconds(group.next_attempt - now.wall), milliseconds(0), config_.delivery.retry_longest);
        delivery_->enqueue({queued.message.id, group.number, stream, group.attempts}, group.domain, now.steady + wait);
        ++count;
      }
      return spool::Walk::go_on;
    });
    if (!read) log_(LogLevel::error, "the queue could not be read whole: " + read.error().text());
    if (count > 0) log_(LogLevel::info, "took up " + std::to_string(count) + " queued deliveries");
  }

  asio::awaitable<void> begin_delivery() {
    co_await router_->warm_up();
    if (co_await net::cancelled()) co_return;
    delivery_->start();
    log_(LogLevel::info, "delivering");
    net::notify_supervisor("READY=1\nSTATUS=delivering");
  }

  asio::awaitable<void> session(std::unique_ptr<net::Stream> stream) {
    auto client = stream->remote().address;
    if (contains(config_.submission.proxy_networks, client)) {
      const auto behind = co_await net::read_proxy_header(*stream, net::in(proxy_header_timeout));
      if (!behind) co_return;
      // Who stands behind a proxy that does not say is trusted with nothing.
      client = *behind ? (*behind)->address : IpAddress();
    }
    net::ServerSessionOptions options;
    options.machine.host_name = config_.hostname->text();
    options.machine.extensions.size = config_.submission.max_message;
    options.machine.max_recipients = config_.submission.max_recipients;
    options.machine.extensions.dsn = options.machine.extensions.chunking = true;
    options.machine.extensions.require_tls = tls_ != nullptr;
    options.tls = tls_;
    options.start = begins_with_tls(stream->local()) ? net::SessionStart::tls : net::SessionStart::plain;
    if (contains(config_.submission.xclient_networks, stream->remote().address))
      options.machine.xclient = smtp::server::XclientUse::offered;
    if (tls_) options.machine.tls = smtp::server::TlsUse::offered;
    if (tls_ && !users_->empty()) options.machine.auth = smtp::server::AuthUse::offered;
    options.machine.sasl_mechanisms = {"SCRAM-SHA-256"};
    Submission handler(*submission_, client);
    co_await net::run_server_session(std::move(stream), std::move(options), handler);
  }

  [[nodiscard]] bool begins_with_tls(const Endpoint& local) const {
    return std::ranges::any_of(config_.submission.listen_tls, [&](const Endpoint& endpoint) {
      return endpoint.port == local.port && (endpoint.address == local.address || endpoint.address.is_unspecified());
    });
  }

  void stop() {
    if (stopping_) return;
    stopping_ = true;
    log_(LogLevel::info, "stopping");
    net::notify_supervisor("STOPPING=1");
    asio::co_spawn(reactor_, end_everything(), asio::detached);
  }

  asio::awaitable<void> end_everything() {
    co_await listener_->close();
    // What is being delivered comes to its end, so that no receiver's answer is lost; within a bound.
    delivery_->take_no_more();
    asio::steady_timer timer(reactor_);
    for (const auto deadline = net::in(longest_farewell); delivery_->busy() > 0 && net::steady_now() < deadline;) {
      timer.expires_after(look_for_end);
      co_await timer.async_wait(asio::use_awaitable);
    }
    if (console_) co_await console_->close();
    gate_.cancel();
    co_await gate_.closed();
    if (stop_signals_) stop_signals_();
    reactor_.stop();
  }

  /// The server stays, so that an operator sees why: what was acknowledged is on disk, and nothing is written any more.
  void spool_stopped_with(const Error& error) {
    if (spool_error_) return;
    spool_error_ = error;
    intake_.stopped = true;
    delivery_->take_no_more();
    log_(LogLevel::error, "the spool has stopped, so nothing is taken or delivered any more: " + error.text());
    net::notify_supervisor("STATUS=the spool has stopped, nothing is taken or delivered: " + error.message);
  }

  config::Config config_;
  Log log_;
  Origin origin_;
  ServerCounts counts_;
  asio::io_context reactor_{1};
  net::Gate gate_;
  Keys keys_;
  std::unique_ptr<Users> users_;
  std::shared_ptr<const net::TlsContext> tls_;
  std::unique_ptr<net::Resolver> resolver_;
  std::unique_ptr<net::FreshSource> fresh_;
  std::unique_ptr<FactsCache> facts_;
  std::unique_ptr<Router> router_;
  std::unique_ptr<Pacer> pacer_;
  std::unique_ptr<store::History> history_;
  std::unique_ptr<spool::Spool> spool_;
  std::unique_ptr<SuppressionList> suppressed_;
  std::unique_ptr<Delivery> delivery_;
  Intake intake_{config_.submission};
  ReportIntake reports_{config_.watch};
  std::unique_ptr<Control> control_;
  std::unique_ptr<ControlSocket> control_socket_;
  std::unique_ptr<StandingKeeper> keeper_;
  std::unique_ptr<Watcher> watcher_;
  std::unique_ptr<SubmissionParts> submission_;
  std::unique_ptr<HttpIntake> http_intake_;
  std::unique_ptr<net::Listener> listener_;
  std::unique_ptr<ConsoleSide> console_;
  std::function<void()> stop_signals_;
  std::optional<Error> spool_error_;
  bool stopping_ = false;
};

Server::Server(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

Server::~Server() = default;

Result<std::unique_ptr<Server>> Server::create(config::Config config, Log log, Origin origin) {
  auto impl = std::make_unique<Impl>(std::move(config), std::move(log), std::move(origin));
  if (auto opened = impl->open(); !opened) return std::unexpected(opened.error());
  return std::unique_ptr<Server>(new Server(std::move(impl)));
}

Result<> Server::run() {
  return impl_->run();
}

}  // namespace ptarmigan::relay
