// net/stream.hpp - one connection over TCP, with TLS from the moment it is started.
//
//   auto stream = co_await net::connect(remote, source_address, net::in(30s));
//   if (!stream) co_return stream.error().message;
//   auto octets = co_await (*stream)->read(net::in(300s));        // a view into the stream's buffer
//   auto written = co_await (*stream)->write("EHLO a.example\r\n", net::in(300s));
//
// Every wait ends at its deadline. Where the coroutine has been cancelled (gate.hpp), read, handshake and connect end
// at once with Fault::cancelled; write still works for `last_words`, so that a server can say 421. Octets that arrived
// before TLS and were not read are never seen: start_tls() drops them (RFC 3207#4.2). Limits: 16 KiB a read. Threads:
// one object, one executor.
#pragma once

#include <expected>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include "base/ip_address.hpp"
#include "base/time.hpp"
#include "net/tls.hpp"

namespace ptarmigan::net {

inline constexpr std::size_t read_octets = 16'384;
/// How long a write may take after the coroutine was cancelled.
inline constexpr milliseconds last_words{2'000};

enum class Fault {
  closed,  ///< by the peer: end of file, reset
  timed_out,
  cancelled,
  refused,           ///< nobody listens
  no_route,          ///< the network or the host cannot be reached from here
  address_not_here,  ///< the source address is not on this host
  no_ipv6,           ///< this host has no IPv6
  tls,               ///< handshake or certificate
  other,
};

struct StreamError {
  Fault fault = Fault::other;
  std::string message;  ///< for people; names the address where one matters
};
template <typename T>
using StreamResult = std::expected<T, StreamError>;

class Stream {
 public:
  class Impl;
  explicit Stream(std::shared_ptr<Impl> impl);
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;
  /// Closes without a farewell: see shutdown().
  ~Stream();

  /// At least one octet; valid until the next call of read, start_tls or the end of *this.
  [[nodiscard]] boost::asio::awaitable<StreamResult<std::string_view>> read(SteadyTime deadline);
  /// The same, at most `most` octets.
  [[nodiscard]] boost::asio::awaitable<StreamResult<std::string_view>> read(SteadyTime deadline, std::size_t most);
  /// All of it. `octets` must stay unchanged until the call is complete.
  [[nodiscard]] boost::asio::awaitable<StreamResult<void>> write(std::string_view octets, SteadyTime deadline);
  [[nodiscard]] boost::asio::awaitable<StreamResult<void>> write(std::span<const std::string_view> pieces,
                                                                 SteadyTime deadline);

  [[nodiscard]] boost::asio::awaitable<StreamResult<TlsInfo>> start_tls_server(
      std::shared_ptr<const TlsContext> context, SteadyTime deadline);
  /// `host_name` is what the certificate must say, and what the peer is told (SNI); an address or empty: neither. With
  /// `dane`, it is the TLSA base domain.
  [[nodiscard]] boost::asio::awaitable<StreamResult<TlsInfo>> start_tls_client(
      std::shared_ptr<const TlsContext> context, std::string host_name, SteadyTime deadline, DanePeer dane = {});
  /// What the handshake came to; nothing before it.
  [[nodiscard]] const std::optional<TlsInfo>& tls() const;

  /// Read back from the socket, once, when the connection was made. IPv4-mapped addresses appear as IPv4.
  [[nodiscard]] const Endpoint& local() const;
  [[nodiscard]] const Endpoint& remote() const;

  /// Tells the peer that nothing more is written, where there is no TLS; reading goes on.
  void end_writing();
  /// Ends TLS and TCP in good order, then closes; never longer than until `deadline`.
  [[nodiscard]] boost::asio::awaitable<void> shutdown(SteadyTime deadline);
  /// Closes now; a wait in progress ends with Fault::closed.
  void abort();

 private:
  enum class TlsSide { server, client };
  [[nodiscard]] boost::asio::awaitable<StreamResult<TlsInfo>> handshake(std::shared_ptr<const TlsContext> context,
                                                                        TlsSide side, std::string host_name,
                                                                        DanePeer dane, SteadyTime deadline);
  std::shared_ptr<Impl> impl_;
};

/// Binds to `source` where one is given (any port), else the system chooses.
[[nodiscard]] boost::asio::awaitable<StreamResult<std::unique_ptr<Stream>>> connect(Endpoint remote,
                                                                                    std::optional<IpAddress> source,
                                                                                    SteadyTime deadline);

/// True when the calling coroutine has been cancelled.
[[nodiscard]] boost::asio::awaitable<bool> cancelled();

}  // namespace ptarmigan::net
