// net/listener.hpp - listening sockets: opened here or inherited, an accept loop with limits, and closing in order.
//
//   auto listener = net::Listener::open(reactors, {.endpoints = {{address, 25}}});
//   (*listener)->start([&](std::unique_ptr<net::Stream> stream) { return session(std::move(stream)); });
//   ...
//   co_await (*listener)->close();        // stops accepting, cancels the sessions, waits for their end
//
// Sessions are spread over the reactors in turn; each stays on one. Threads: open(), start() and close() from the first
// reactor or before the reactors run.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include "base/ip_address.hpp"
#include "base/result.hpp"
#include "net/stream.hpp"

namespace ptarmigan::net {

/// A listening socket that was opened by who started us.
struct InheritedSocket {
  int descriptor = -1;
  std::string name;  ///< of LISTEN_FDNAMES, or empty
};

/// As systemd passes them: LISTEN_FDS, LISTEN_FDNAMES, and LISTEN_PID, which must be this process where it is set.
/// Empty where there are none. The variables are removed, so that no child takes them for its own.
[[nodiscard]] Result<std::vector<InheritedSocket>> inherited_sockets();

struct ListenerOptions {
  /// IPv6 endpoints take IPv6 only (RFC 3493#5.3): [::] and 0.0.0.0 stand side by side.
  std::vector<Endpoint> endpoints = {};
  /// Owned by the listener from then on, also where open() fails.
  std::vector<InheritedSocket> inherited = {};
  std::size_t max_sessions = 1'000;
  std::size_t max_per_client = 50;  ///< one IPv4 address, or one IPv6 /64
  /// Load balancers, behind which many clients stand: max_per_client does not count for them.
  std::vector<IpNetwork> proxies = {};
  /// Written, with CRLF, to a connection over a limit before it is closed; empty: closed without a word.
  std::string refusal = {};
  std::function<void(std::string)> on_exception = {};
};

/// The most descriptors that this process may have, after its soft limit was raised to the hard one.
std::size_t raise_descriptor_limit();

/// The PROXY header that a trusted load balancer puts before the connection's first octet (smtp/proxy_header.hpp): the
/// client behind it, or nothing where the balancer speaks for itself. An error where there is none.
[[nodiscard]] boost::asio::awaitable<StreamResult<std::optional<Endpoint>>> read_proxy_header(Stream& stream,
                                                                                              SteadyTime deadline);

class Listener {
 public:
  using Session = std::function<boost::asio::awaitable<void>(std::unique_ptr<Stream>)>;

  /// Errors name the endpoint: the port is in use, the address is not on this host, a port below 1024 needs privilege.
  static Result<std::unique_ptr<Listener>> open(std::vector<boost::asio::any_io_executor> reactors,
                                                ListenerOptions options);
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;
  /// Sessions must have ended: see close().
  ~Listener();

  /// What is listened on, with the port that the system chose where 0 was asked for.
  [[nodiscard]] std::vector<Endpoint> endpoints() const;
  /// Accepts from now on.
  void start(Session session);
  [[nodiscard]] std::size_t sessions() const;
  [[nodiscard]] boost::asio::awaitable<void> close();

 private:
  class Impl;
  explicit Listener(std::shared_ptr<Impl> impl);
  std::shared_ptr<Impl> impl_;
};

}  // namespace ptarmigan::net
