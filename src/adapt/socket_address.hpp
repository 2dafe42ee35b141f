// adapt/socket_address.hpp - where a map answers, as the system takes it. Threads: free functions on values.
#pragma once

#include <string>

#include <sys/socket.h>

#include "base/result.hpp"

namespace ptarmigan::adapt {

struct SocketAddress {
  sockaddr_storage storage{};
  socklen_t size = 0;
  int family = AF_UNSPEC;
  [[nodiscard]] const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&storage); }
};

/// "127.0.0.1:7225", "[::1]:7225", or the absolute path of a unix socket.
[[nodiscard]] Result<SocketAddress> socket_address(const std::string& where);

}  // namespace ptarmigan::adapt
