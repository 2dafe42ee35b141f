// smtp/proxy_header.hpp - what a load balancer puts before a connection's first octet: the PROXY protocol, versions 1
// and 2 (https://www.haproxy.org/download/2.9/doc/proxy-protocol.txt). To be read from trusted peers only. The octets
// behind it belong to the connection (a TLS handshake may follow at once), so the reader says how many it may be given:
//
//   ProxyHeaderReader reader;
//   while (const auto most = reader.wanted()) reader.feed(read(at most `most` octets));
//   if (reader.problem().empty()) use reader.client();             // nothing: the proxy speaks for itself (health
//   check)
//
// Limits: 107 octets (version 1), 16 + 2048 (version 2; TLV fields are skipped). Threads: one object, one thread.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "base/ip_address.hpp"

namespace ptarmigan::smtp {

inline constexpr std::size_t max_proxy_v1 = 107;
inline constexpr std::size_t max_proxy_v2_body = 2048;

class ProxyHeaderReader {
 public:
  /// Octets that surely belong to the header and are still missing; 0: it is complete, or there is a problem.
  [[nodiscard]] std::size_t wanted() const;
  /// At most wanted() octets.
  void feed(std::string_view octets);
  /// Why this is no header; "" while all is well.
  [[nodiscard]] const std::string& problem() const { return problem_; }
  /// The client behind the proxy, where the header is complete and names one over TCP.
  [[nodiscard]] const std::optional<Endpoint>& client() const { return client_; }

 private:
  void finish_v1();
  void finish_v2();

  std::string octets_;
  std::string problem_;
  std::optional<Endpoint> client_;
  bool complete_ = false;
};

}  // namespace ptarmigan::smtp
