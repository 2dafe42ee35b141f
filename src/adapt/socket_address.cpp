// adapt/socket_address.cpp - see socket_address.hpp.
#include "adapt/socket_address.hpp"

#include <cstddef>
#include <cstring>

#include <netinet/in.h>
#include <sys/un.h>

#include "base/ip_address.hpp"

namespace ptarmigan::adapt {
namespace {

SocketAddress of_endpoint(const Endpoint& endpoint) {
  SocketAddress out;
  const auto octets = endpoint.address.octets();
  if (endpoint.address.is_v4()) {
    auto* in = reinterpret_cast<sockaddr_in*>(&out.storage);
    in->sin_family = AF_INET;
    in->sin_port = htons(endpoint.port);
    std::memcpy(&in->sin_addr, octets.data(), octets.size());
    out.size = sizeof *in;
  } else {
    auto* in = reinterpret_cast<sockaddr_in6*>(&out.storage);
    in->sin6_family = AF_INET6;
    in->sin6_port = htons(endpoint.port);
    std::memcpy(&in->sin6_addr, octets.data(), octets.size());
    out.size = sizeof *in;
  }
  out.family = out.storage.ss_family;
  return out;
}

Result<SocketAddress> of_path(const std::string& path) {
  SocketAddress out;
  auto* unix_address = reinterpret_cast<sockaddr_un*>(&out.storage);
  if (path.size() >= sizeof unix_address->sun_path)
    return failure("the path of the socket is too long: " + path, "choose one below 108 octets");
  unix_address->sun_family = AF_UNIX;
  std::memcpy(unix_address->sun_path, path.data(), path.size());
  out.size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + path.size() + 1);
  out.family = AF_UNIX;
  return out;
}

}  // namespace

Result<SocketAddress> socket_address(const std::string& where) {
  if (where.starts_with('/')) return of_path(where);
  const auto endpoint = Endpoint::parse(where);
  if (!endpoint)
    return failure("'" + where + "' is no address with a port and no path",
                   "write 127.0.0.1:7225 or /run/ptarmigan/map");
  return of_endpoint(*endpoint);
}

}  // namespace ptarmigan::adapt
