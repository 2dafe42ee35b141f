// base/ip_address.hpp - IpAddress: an IPv4 or IPv6 address as a value, printed as RFC 5952 says.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace ptarmigan {

enum class Family { ipv4, ipv6 };

/// "IPv4" or "IPv6".
[[nodiscard]] std::string_view to_string(Family family);

class IpAddress {
 public:
  /// 0.0.0.0
  IpAddress() = default;

  /// Dotted quad or RFC 4291 text, no zone id, no prefix, no brackets. An IPv4-mapped IPv6 address stays IPv6: see
  /// unmapped().
  static Result<IpAddress> parse(std::string_view text);
  static IpAddress v4(std::array<std::uint8_t, 4> octets);
  static IpAddress v6(std::array<std::uint8_t, 16> octets);

  [[nodiscard]] Family family() const { return family_; }
  [[nodiscard]] bool is_v4() const { return family_ == Family::ipv4; }
  [[nodiscard]] bool is_v6() const { return family_ == Family::ipv6; }
  [[nodiscard]] bool is_loopback() const;
  /// ::, or 0.0.0.0
  [[nodiscard]] bool is_unspecified() const;
  /// fe80::/10 or 169.254.0.0/16
  [[nodiscard]] bool is_link_local() const;
  /// Private or unique-local space (RFC 1918, RFC 6598 and RFC 4193): not an address that the outside world sees.
  [[nodiscard]] bool is_private() const;
  [[nodiscard]] bool is_multicast() const;

  /// ::ffff:a.b.c.d as a.b.c.d; any other address unchanged.
  [[nodiscard]] IpAddress unmapped() const;

  /// 4 or 16 octets in network order, valid while *this lives.
  [[nodiscard]] std::span<const std::uint8_t> octets() const { return {octets_.data(), is_v4() ? 4U : 16U}; }

  /// True where the first `prefix_length` bits of both, of one family, agree. prefix_length is at most 32 or 128.
  [[nodiscard]] bool in_network(const IpAddress& network, unsigned prefix_length) const;

  /// RFC 5952 text.
  [[nodiscard]] std::string text() const;
  /// Address literal of RFC 5321#4.1.3: "[192.0.2.1]" or "[IPv6:2001:db8::1]".
  [[nodiscard]] std::string literal() const;

  friend auto operator<=>(const IpAddress&, const IpAddress&) = default;

 private:
  Family family_ = Family::ipv4;
  std::array<std::uint8_t, 16> octets_{};
};

/// "192.0.2.0/24" or a bare address (then the full length).
struct IpNetwork {
  IpAddress address;
  unsigned prefix_length = 32;

  static Result<IpNetwork> parse(std::string_view text);
  [[nodiscard]] bool contains(const IpAddress& candidate) const { return candidate.in_network(address, prefix_length); }
  [[nodiscard]] std::string text() const;
  friend bool operator==(const IpNetwork&, const IpNetwork&) = default;
};

/// An address and a TCP port: "192.0.2.1:25", "[2001:db8::1]:25".
struct Endpoint {
  IpAddress address;
  std::uint16_t port = 0;

  /// `default_port` is used where the text has none; 0 means that the port is required.
  static Result<Endpoint> parse(std::string_view text, std::uint16_t default_port = 0);
  [[nodiscard]] std::string text() const;
  friend auto operator<=>(const Endpoint&, const Endpoint&) = default;
};

}  // namespace ptarmigan

template <>
struct std::hash<ptarmigan::IpAddress> {
  std::size_t operator()(const ptarmigan::IpAddress& address) const noexcept;
};
