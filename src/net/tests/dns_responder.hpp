// net/tests/dns_responder.hpp - a DNS server on loopback, UDP and TCP, whose world is zone text in the test.
// Answers as a recursive server does: CNAMEs followed, SOA of the closest zone with every denial. Optionally signs what
// it says.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "base/ip_address.hpp"
#include "facts/facts.hpp"

namespace ptarmigan::net::test {

enum class Transport { udp, tcp };
enum class Behaviour { answer, servfail, refused, drop, truncate, spoil_signature };

struct ResponderOptions {
  /// Asked for each question; empty: always answer.
  std::function<Behaviour(const Question&, Transport)> behaviour = {};
  /// Sign every answer with a key for the root, see trust_anchor().
  bool sign = false;
  IpAddress address = *IpAddress::parse("127.0.0.1");
  std::uint16_t port = 0;  ///< 0: any free one
};

class DnsResponder {
 public:
  explicit DnsResponder(std::string_view zone_text, ResponderOptions options = ResponderOptions());
  ~DnsResponder();

  [[nodiscard]] Endpoint endpoint() const;
  /// DNSKEY of the root in zone-file form.
  [[nodiscard]] std::string trust_anchor() const;
  /// Replaces the world.
  void publish(std::string_view zone_text);
  [[nodiscard]] std::size_t queries(Transport transport) const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace ptarmigan::net::test
