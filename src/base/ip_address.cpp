// base/ip_address.cpp - see ip_address.hpp.
#include "base/ip_address.hpp"

#include <algorithm>

#include <arpa/inet.h>

#include "base/text.hpp"

namespace ptarmigan {
namespace {

constexpr std::size_t longest_address_text = 45;

}  // namespace

std::string_view to_string(Family family) {
  return family == Family::ipv4 ? "IPv4" : "IPv6";
}

Result<IpAddress> IpAddress::parse(std::string_view text) {
  if (text.size() > longest_address_text || text.find('\0') != std::string_view::npos)
    return failure("'" + printable(text, 60) + "' is not an IP address");
  const std::string terminated(text);
  IpAddress address;
  if (inet_pton(AF_INET, terminated.c_str(), address.octets_.data()) == 1) return address;
  address.octets_.fill(0);
  if (inet_pton(AF_INET6, terminated.c_str(), address.octets_.data()) == 1) {
    address.family_ = Family::ipv6;
    return address;
  }
  return failure("'" + printable(text, 60) + "' is not an IP address", "write it as 192.0.2.1 or 2001:db8::1");
}

IpAddress IpAddress::v4(std::array<std::uint8_t, 4> octets) {
  IpAddress address;
  std::ranges::copy(octets, address.octets_.begin());
  return address;
}

IpAddress IpAddress::v6(std::array<std::uint8_t, 16> octets) {
  IpAddress address;
  address.family_ = Family::ipv6;
  address.octets_ = octets;
  return address;
}

bool IpAddress::is_loopback() const {
  if (is_v4()) return octets_[0] == 127;
  return std::all_of(octets_.begin(), octets_.end() - 1, [](auto o) { return o == 0; }) && octets_[15] == 1;
}

bool IpAddress::is_unspecified() const {
  return std::ranges::all_of(octets(), [](auto o) { return o == 0; });
}

bool IpAddress::is_link_local() const {
  return is_v4() ? octets_[0] == 169 && octets_[1] == 254 : octets_[0] == 0xfe && (octets_[1] & 0xc0) == 0x80;
}

bool IpAddress::is_private() const {
  if (is_v6()) return (octets_[0] & 0xfe) == 0xfc;
  return octets_[0] == 10 || (octets_[0] == 172 && (octets_[1] & 0xf0) == 16) ||
         (octets_[0] == 192 && octets_[1] == 168) || (octets_[0] == 100 && (octets_[1] & 0xc0) == 64);
}

bool IpAddress::is_multicast() const {
  return is_v4() ? (octets_[0] & 0xf0) == 0xe0 : octets_[0] == 0xff;
}

IpAddress IpAddress::unmapped() const {
  static constexpr std::array<std::uint8_t, 12> mapped_prefix{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
  if (is_v4() || !std::equal(mapped_prefix.begin(), mapped_prefix.end(), octets_.begin())) return *this;
  return v4({octets_[12], octets_[13], octets_[14], octets_[15]});
}

bool IpAddress::in_network(const IpAddress& network, unsigned prefix_length) const {
  if (family_ != network.family_ || prefix_length > octets().size() * 8) return false;
  const unsigned whole = prefix_length / 8;
  if (!std::equal(octets_.begin(), octets_.begin() + whole, network.octets_.begin())) return false;
  const unsigned rest = prefix_length % 8;
  if (rest == 0) return true;
  const auto mask = static_cast<std::uint8_t>(0xff << (8 - rest));
  return (octets_[whole] & mask) == (network.octets_[whole] & mask);
}

std::string IpAddress::text() const {
  char buffer[INET6_ADDRSTRLEN] = {};
  inet_ntop(is_v4() ? AF_INET : AF_INET6, octets_.data(), buffer, sizeof buffer);
  return buffer;
}

std::string IpAddress::literal() const {
  return is_v4() ? "[" + text() + "]" : "[IPv6:" + text() + "]";
}

Result<IpNetwork> IpNetwork::parse(std::string_view text) {
  const auto slash = text.find('/');
  auto address = IpAddress::parse(text.substr(0, slash));
  if (!address) return std::unexpected(address.error());
  const unsigned longest = address->is_v4() ? 32 : 128;
  if (slash == std::string_view::npos) return IpNetwork{*address, longest};
  const auto length = parse_number<unsigned>(text.substr(slash + 1));
  if (!length || *length > longest)
    return failure("'" + printable(text, 60) + "' is not a network",
                   "the prefix length is 0 to " + std::to_string(longest));
  return IpNetwork{*address, *length};
}

std::string IpNetwork::text() const {
  return address.text() + "/" + std::to_string(prefix_length);
}

Result<Endpoint> Endpoint::parse(std::string_view text, std::uint16_t default_port) {
  const auto wrong = [&] {
    return failure("'" + printable(text, 60) + "' is not an address with a port",
                   "write it as 192.0.2.1:25 or [2001:db8::1]:25");
  };
  std::string_view host = text;
  std::string_view port;
  if (text.starts_with('[')) {
    const auto close = text.find(']');
    if (close == std::string_view::npos) return wrong();
    host = text.substr(1, close - 1);
    port = text.substr(close + 1);
    if (!port.empty() && port[0] != ':') return wrong();
    if (!port.empty()) port.remove_prefix(1);
    if (port.empty() && close + 1 != text.size()) return wrong();
  } else if (const auto colon = text.find(':');
             colon != std::string_view::npos && text.find(':', colon + 1) == std::string_view::npos) {
    host = text.substr(0, colon);
    port = text.substr(colon + 1);
    if (port.empty()) return wrong();
  }
  auto address = IpAddress::parse(host);
  if (!address) return wrong();
  if (port.empty()) {
    if (default_port == 0) return wrong();
    return Endpoint{*address, default_port};
  }
  const auto number = parse_number<std::uint16_t>(port);
  if (!number) return wrong();
  return Endpoint{*address, *number};
}

std::string Endpoint::text() const {
  return (address.is_v4() ? address.text() : "[" + address.text() + "]") + ":" + std::to_string(port);
}

}  // namespace ptarmigan

std::size_t std::hash<ptarmigan::IpAddress>::operator()(const ptarmigan::IpAddress& address) const noexcept {
  const auto octets = address.octets();
  return std::hash<std::string_view>{}({reinterpret_cast<const char*>(octets.data()), octets.size()});
}
