// dns/reverse.cpp - see reverse.hpp.
#include "dns/reverse.hpp"

#include <array>
#include <cassert>

#include "base/text.hpp"

namespace ptarmigan::dns {
namespace {

constexpr std::size_t ipv4_labels = 4;
constexpr std::size_t ipv6_nibbles = 32;
constexpr std::size_t zone_labels = 2;  // "in-addr.arpa", "ip6.arpa"

}  // namespace

DomainName reverse_name(const IpAddress& any_address) {
  static constexpr char digits[] = "0123456789abcdef";
  const IpAddress address = any_address.unmapped();
  const auto octets = address.octets();
  std::string text;
  for (auto octet = octets.rbegin(); octet != octets.rend(); ++octet) {
    if (address.is_v4()) {
      text += std::to_string(*octet) + ".";
    } else {
      text += {digits[*octet & 15], '.', digits[*octet >> 4], '.'};
    }
  }
  return name(text + (address.is_v4() ? "in-addr.arpa" : "ip6.arpa"));
}

std::optional<IpAddress> address_of_reverse_name(const DomainName& name) {
  const auto labels = name.labels();
  const auto zone = name.last_labels(zone_labels).text();
  if (zone == "in-addr.arpa" && labels.size() == ipv4_labels + zone_labels) {
    std::array<std::uint8_t, 4> octets{};
    for (std::size_t i = 0; i < ipv4_labels; ++i) {
      const auto number = parse_number<std::uint8_t>(labels[i]);
      if (!number || std::to_string(*number) != labels[i]) return std::nullopt;
      octets[ipv4_labels - 1 - i] = *number;
    }
    return IpAddress::v4(octets);
  }
  if (zone == "ip6.arpa" && labels.size() == ipv6_nibbles + zone_labels) {
    std::array<std::uint8_t, 16> octets{};
    for (std::size_t i = 0; i < ipv6_nibbles; ++i) {
      const auto nibble = parse_number<std::uint8_t>(labels[i], 16);
      if (!nibble || labels[i].size() != 1) return std::nullopt;
      auto& octet = octets[15 - i / 2];
      octet = static_cast<std::uint8_t>(octet | (i % 2 == 0 ? *nibble : *nibble << 4));
    }
    return IpAddress::v6(octets);
  }
  return std::nullopt;
}

std::string relative_to(const DomainName& name, const DomainName& zone) {
  assert(name.is_at_or_below(zone));
  if (name == zone) return "@";
  if (zone.is_root()) return name.text();
  const auto text = name.text();
  return text.substr(0, text.size() - zone.text().size() - 1);
}

}  // namespace ptarmigan::dns
