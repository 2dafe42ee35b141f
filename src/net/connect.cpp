// net/connect.cpp - making a connection from a chosen address; see stream.hpp.
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/detail/socket_option.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/ip/v6_only.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <netinet/in.h>

#include "net/clock.hpp"
#include "net/stream.hpp"
#include "net/stream_impl.hpp"

namespace ptarmigan::net {
namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

namespace {

constexpr auto await = asio::as_tuple(asio::use_awaitable);

/// The port is chosen at connect, so that one source address can hold more connections than it has ports.
using BindAddressNoPort = asio::detail::socket_option::boolean<IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT>;

std::unexpected<StreamError> error(Fault fault, std::string message) {
  return std::unexpected(StreamError{.fault = fault, .message = std::move(message)});
}

StreamResult<void> bind_to(tcp::socket& socket, const IpAddress& source) {
  error_code code;
  socket.set_option(BindAddressNoPort(true), code);
  socket.bind(to_asio({.address = source, .port = 0}), code);
  if (!code) return {};
  if (code == boost::system::errc::address_not_available)
    return error(Fault::address_not_here, "the source address " + source.text() + " is not on this host");
  return error(Fault::other, "cannot send from " + source.text() + ": " + code.message());
}

std::unexpected<StreamError> connect_error(const error_code& code, const Endpoint& remote, bool bound) {
  const std::string peer = remote.text();
  if (code == asio::error::connection_refused) return error(Fault::refused, peer + " refused the connection");
  if (code == asio::error::network_unreachable || code == asio::error::host_unreachable)
    return error(Fault::no_route, "no route to " + peer + (bound ? " from the source address" : ""));
  // Without a chosen source address this means that no address of the family is there to choose.
  if (code == boost::system::errc::address_not_available && !bound)
    return error(Fault::no_route, "this host has no " + std::string(to_string(remote.address.family())) +
                                      " address that reaches " + peer);
  if (code == asio::error::timed_out) return error(Fault::timed_out, peer + " did not answer");
  if (code == asio::error::connection_reset) return error(Fault::closed, peer + " reset the connection");
  if (code == asio::error::operation_aborted) return error(Fault::cancelled, "cancelled");
  return error(Fault::other, "cannot connect to " + peer + ": " + code.message());
}

}  // namespace

asio::awaitable<StreamResult<std::unique_ptr<Stream>>> connect(Endpoint remote, std::optional<IpAddress> source,
                                                               SteadyTime deadline) {
  using namespace asio::experimental::awaitable_operators;
  if (co_await cancelled()) co_return error(Fault::cancelled, "cancelled");
  if (source && source->family() != remote.address.family())
    co_return error(Fault::other,
                    "cannot reach " + remote.text() + " from " + source->text() + ": one is IPv4, the other IPv6");
  tcp::socket socket(co_await asio::this_coro::executor);
  error_code code;
  socket.open(remote.address.is_v6() ? tcp::v6() : tcp::v4(), code);
  if (code == boost::system::errc::address_family_not_supported)
    co_return error(Fault::no_ipv6, "this host has no " + std::string(to_string(remote.address.family())));
  if (code) co_return error(Fault::other, "cannot open a socket: " + code.message());
  if (remote.address.is_v6()) socket.set_option(asio::ip::v6_only(true), code);
  if (source)
    if (auto bound = bind_to(socket, *source); !bound) co_return std::unexpected(std::move(bound).error());

  asio::steady_timer timer(socket.get_executor(), timer_point(deadline));
  const auto outcome = co_await (socket.async_connect(to_asio(remote), await) || timer.async_wait(await));
  if (outcome.index() == 1) {
    if (co_await cancelled()) co_return error(Fault::cancelled, "cancelled");
    co_return error(Fault::timed_out, remote.text() + " did not answer in time");
  }
  if (const error_code connected = std::get<0>(std::get<0>(outcome)); connected)
    co_return connect_error(connected, remote, source.has_value());
  co_return make_stream(std::move(socket));
}

}  // namespace ptarmigan::net
