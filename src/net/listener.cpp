// net/listener.cpp - see listener.hpp.
#include "net/listener.hpp"

#include <algorithm>
#include <atomic>
#include <map>
#include <mutex>
#include <utility>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ip/v6_only.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "net/clock.hpp"
#include "net/gate.hpp"
#include "net/stream_impl.hpp"
#include "smtp/proxy_header.hpp"

namespace ptarmigan::net {
namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

namespace {

constexpr auto await = asio::as_tuple(asio::use_awaitable);
/// After accept has failed: descriptors may have run out.
constexpr milliseconds pause_after_failure{100};
constexpr milliseconds refusal_timeout{2'000};
constexpr unsigned ipv6_client_bits = 64;

std::unexpected<Error> open_error(const Endpoint& endpoint, const error_code& code) {
  const std::string where = "cannot listen on " + endpoint.text() + ": ";
  if (code == boost::system::errc::address_in_use)
    return failure(where + "the port is in use", "stop the other server, or choose another port");
  if (code == boost::system::errc::address_not_available)
    return failure(where + "the address is not on this host", "use an address that `ip addr` shows");
  if (code == boost::system::errc::permission_denied)
    return failure(where + "not allowed", "ports below 1024 need root, CAP_NET_BIND_SERVICE or a passed socket");
  if (code == boost::system::errc::address_family_not_supported)
    return failure(where + "this host has no " + std::string(to_string(endpoint.address.family())));
  return failure(where + code.message());
}

Result<tcp::acceptor> listen_on(const asio::any_io_executor& executor, const Endpoint& endpoint) {
  tcp::acceptor acceptor(executor);
  error_code code;
  acceptor.open(endpoint.address.is_v6() ? tcp::v6() : tcp::v4(), code);
  if (!code && endpoint.address.is_v6()) acceptor.set_option(asio::ip::v6_only(true), code);
  if (!code) acceptor.set_option(asio::socket_base::reuse_address(true), code);
  if (!code) acceptor.bind(to_asio(endpoint), code);
  if (!code) acceptor.listen(asio::socket_base::max_listen_connections, code);
  if (code) return open_error(endpoint, code);
  return acceptor;
}

Result<tcp::acceptor> adopt(const asio::any_io_executor& executor, const InheritedSocket& socket) {
  const std::string which = "the inherited socket " + std::to_string(socket.descriptor);
  sockaddr_storage address{};
  socklen_t size = sizeof address;
  int listening = 0;
  socklen_t listening_size = sizeof listening;
  const bool ok = getsockname(socket.descriptor, reinterpret_cast<sockaddr*>(&address), &size) == 0 &&
                  getsockopt(socket.descriptor, SOL_SOCKET, SO_ACCEPTCONN, &listening, &listening_size) == 0;
  if (!ok || listening == 0 || (address.ss_family != AF_INET && address.ss_family != AF_INET6)) {
    ::close(socket.descriptor);
    return failure(which + " is not a listening TCP socket");
  }
  tcp::acceptor acceptor(executor);
  error_code code;
  acceptor.assign(address.ss_family == AF_INET6 ? tcp::v6() : tcp::v4(), socket.descriptor, code);
  if (code) return failure(which + ": " + code.message());
  return acceptor;
}

/// One IPv6 client has a whole /64 to come from.
std::string client_of(const IpAddress& address) {
  if (address.is_v4()) return address.text();
  const auto octets = address.octets();
  return {reinterpret_cast<const char*>(octets.data()), ipv6_client_bits / 8};
}

/// Who is connected. Shared by all reactors.
class Census {
 public:
  Census(std::size_t max_sessions, std::size_t max_per_client)
      : max_sessions_(max_sessions), max_per_client_(max_per_client) {}

  enum class Client { own, proxy };
  bool enter(const std::string& client, Client kind) {
    const std::lock_guard lock(mutex_);
    if (sessions_ >= max_sessions_) return false;
    auto& count = clients_[client];
    if (kind == Client::own && count >= max_per_client_) return false;
    ++count;
    ++sessions_;
    return true;
  }
  void leave(const std::string& client) {
    const std::lock_guard lock(mutex_);
    --sessions_;
    const auto found = clients_.find(client);
    if (--found->second == 0) clients_.erase(found);
  }
  std::size_t sessions() const {
    const std::lock_guard lock(mutex_);
    return sessions_;
  }

 private:
  mutable std::mutex mutex_;
  std::size_t max_sessions_;
  std::size_t max_per_client_;
  std::size_t sessions_ = 0;
  std::map<std::string, std::size_t> clients_;
};

class Presence {
 public:
  Presence(std::shared_ptr<Census> census, std::string client)
      : census_(std::move(census)), client_(std::move(client)) {}
  Presence(Presence&& other) noexcept = default;
  Presence(const Presence&) = delete;
  Presence& operator=(const Presence&) = delete;
  Presence& operator=(Presence&&) = delete;
  ~Presence() {
    if (census_) census_->leave(client_);
  }

 private:
  std::shared_ptr<Census> census_;
  std::string client_;
};

}  // namespace

class Listener::Impl : public std::enable_shared_from_this<Listener::Impl> {
 public:
  struct Reactor {
    asio::any_io_executor executor;
    std::unique_ptr<Gate> sessions;
  };

  Impl(std::vector<asio::any_io_executor> reactors, const ListenerOptions& options)
      : refusal_(options.refusal),
        proxies_(options.proxies),
        census_(std::make_shared<Census>(options.max_sessions, options.max_per_client)),
        accepting_(reactors.front()) {
    for (auto& executor : reactors)
      reactors_.push_back({.executor = executor, .sessions = std::make_unique<Gate>(executor, options.on_exception)});
  }

  void start(Session session) {
    session_ = std::move(session);
    for (auto& acceptor : acceptors) accepting_.spawn(accept(acceptor));
  }
  asio::awaitable<void> close();
  [[nodiscard]] std::size_t sessions() const { return census_->sessions(); }

  std::vector<tcp::acceptor> acceptors;

 private:
  asio::awaitable<void> accept(tcp::acceptor& acceptor);
  asio::awaitable<void> serve(std::unique_ptr<Stream> stream, Presence presence);
  asio::awaitable<void> refuse(std::unique_ptr<Stream> stream);
  void admit(Reactor& reactor, tcp::socket socket);

  std::string refusal_;
  std::vector<IpNetwork> proxies_;
  std::shared_ptr<Census> census_;
  Gate accepting_;
  std::vector<Reactor> reactors_;
  std::size_t next_reactor_ = 0;
  Session session_;
};

asio::awaitable<void> Listener::Impl::accept(tcp::acceptor& acceptor) {
  while (!co_await cancelled()) {
    Reactor& reactor = reactors_[next_reactor_++ % reactors_.size()];
    auto [error, socket] = co_await acceptor.async_accept(reactor.executor, await);
    if (!error) {
      admit(reactor, std::move(socket));
      continue;
    }
    if (!acceptor.is_open()) co_return;
    asio::steady_timer timer(acceptor.get_executor(), pause_after_failure);
    co_await timer.async_wait(await);
  }
}

void Listener::Impl::admit(Reactor& reactor, tcp::socket socket) {
  // Everything about the connection happens on its own reactor.
  asio::dispatch(reactor.executor, [self = shared_from_this(), &reactor, socket = std::move(socket)]() mutable {
    auto stream = make_stream(std::move(socket));
    const std::string client = client_of(stream->remote().address);
    const bool proxy = std::ranges::any_of(
        self->proxies_, [&](const IpNetwork& network) { return network.contains(stream->remote().address); });
    if (!self->census_->enter(client, proxy ? Census::Client::proxy : Census::Client::own))
      return reactor.sessions->spawn(self->refuse(std::move(stream)));
    reactor.sessions->spawn(self->serve(std::move(stream), Presence(self->census_, client)));
  });
}

asio::awaitable<void> Listener::Impl::serve(std::unique_ptr<Stream> stream, Presence presence) {
  static_cast<void>(presence);
  co_await session_(std::move(stream));
}

asio::awaitable<void> Listener::Impl::refuse(std::unique_ptr<Stream> stream) {
  if (!refusal_.empty()) static_cast<void>(co_await stream->write(refusal_, in(refusal_timeout)));
  co_await stream->shutdown(in(refusal_timeout));
}

asio::awaitable<void> Listener::Impl::close() {
  for (auto& acceptor : acceptors) {
    error_code ignored;
    acceptor.close(ignored);
  }
  accepting_.cancel();
  co_await accepting_.closed();
  for (auto& reactor : reactors_) {
    auto end = [](Gate& gate) -> asio::awaitable<void> {
      gate.cancel();
      co_await gate.closed();
    };
    co_await asio::co_spawn(reactor.executor, end(*reactor.sessions), asio::use_awaitable);
  }
}

std::size_t raise_descriptor_limit() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return 0;
  if (limit.rlim_cur < limit.rlim_max) {
    const rlimit raised{limit.rlim_max, limit.rlim_max};
    if (setrlimit(RLIMIT_NOFILE, &raised) == 0) limit = raised;
  }
  return limit.rlim_cur;
}

asio::awaitable<StreamResult<std::optional<Endpoint>>> read_proxy_header(Stream& stream, SteadyTime deadline) {
  smtp::ProxyHeaderReader reader;
  while (const auto most = reader.wanted()) {
    const auto octets = co_await stream.read(deadline, most);
    if (!octets) co_return std::unexpected(octets.error());
    reader.feed(*octets);
  }
  if (!reader.problem().empty())
    co_return std::unexpected(StreamError{.fault = Fault::other, .message = reader.problem()});
  co_return reader.client();
}

Result<std::unique_ptr<Listener>> Listener::open(std::vector<asio::any_io_executor> reactors, ListenerOptions options) {
  const asio::any_io_executor first = reactors.front();
  auto impl = std::make_shared<Impl>(std::move(reactors), options);
  std::optional<Error> error;
  const auto keep = [&](Result<tcp::acceptor> acceptor) {
    if (acceptor)
      impl->acceptors.push_back(std::move(*acceptor));
    else if (!error)
      error = acceptor.error();
  };
  for (const auto& socket : options.inherited) keep(adopt(first, socket));
  for (const auto& endpoint : options.endpoints) keep(listen_on(first, endpoint));
  if (error) return std::unexpected(*error);
  return std::unique_ptr<Listener>(new Listener(std::move(impl)));
}

Listener::Listener(std::shared_ptr<Impl> impl) : impl_(std::move(impl)) {}
Listener::~Listener() = default;

std::vector<Endpoint> Listener::endpoints() const {
  std::vector<Endpoint> out;
  for (const auto& acceptor : impl_->acceptors) {
    error_code ignored;
    out.push_back(from_asio(acceptor.local_endpoint(ignored)));
  }
  return out;
}

void Listener::start(Session session) {
  impl_->start(std::move(session));
}
std::size_t Listener::sessions() const {
  return impl_->sessions();
}

asio::awaitable<void> Listener::close() {
  const auto impl = impl_;
  co_await impl->close();
}

}  // namespace ptarmigan::net
