// net/stream_impl.hpp - the sockets behind Stream. Private to net: heavy with Asio.
#pragma once

#include <array>
#include <memory>
#include <optional>
#include <vector>

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/steady_timer.hpp>

#include "net/stream.hpp"

namespace ptarmigan::net {

[[nodiscard]] Endpoint from_asio(const boost::asio::ip::tcp::endpoint& endpoint);
[[nodiscard]] boost::asio::ip::tcp::endpoint to_asio(const Endpoint& endpoint);
[[nodiscard]] std::unique_ptr<Stream> make_stream(boost::asio::ip::tcp::socket socket);

class Stream::Impl : public std::enable_shared_from_this<Stream::Impl> {
 public:
  explicit Impl(boost::asio::ip::tcp::socket connected);

  /// Cancels what the socket waits for at `time`. One timer serves all waits: it is set anew only where the new
  /// deadline is earlier than the moment it is set to.
  void set_deadline(SteadyTime time);
  void clear_deadline() { deadline_.reset(); }
  [[nodiscard]] bool timed_out() const { return timed_out_; }
  void close();

  boost::asio::ip::tcp::socket socket;
  std::optional<boost::asio::ssl::stream<boost::asio::ip::tcp::socket&>> tls_stream;
  std::shared_ptr<const TlsContext> context;
  std::optional<TlsInfo> tls;
  Endpoint local;
  Endpoint remote;
  /// Of the last read; given back while a plain connection waits for its peer.
  std::unique_ptr<std::array<char, read_octets>> buffer;

 private:
  void wait(SteadyTime time);

  boost::asio::steady_timer timer_;
  std::optional<SteadyTime> deadline_;  ///< of the wait in progress
  std::optional<SteadyTime> set_to_;    ///< when the timer goes off
  bool timed_out_ = false;
};

}  // namespace ptarmigan::net
