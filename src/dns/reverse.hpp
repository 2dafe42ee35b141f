// dns/reverse.hpp - the name that a PTR lookup of an address asks for.
#pragma once

#include <optional>
#include <string>

#include "base/ip_address.hpp"
#include "dns/name.hpp"

namespace ptarmigan::dns {

/// IPv4: four octets reversed below in-addr.arpa (RFC 1035#3.5). IPv6: all 32 nibbles, least significant first, below
/// ip6.arpa (RFC 3596#2.5). An IPv4-mapped IPv6 address is its IPv4 address.
[[nodiscard]] DomainName reverse_name(const IpAddress& address);

/// The address that a complete reverse name stands for; nothing for a name with too few or too many labels, or
/// elsewhere.
[[nodiscard]] std::optional<IpAddress> address_of_reverse_name(const DomainName& name);

/// The part of `name` below `zone` as it is typed into a zone's own file or panel: "1.0.0.0" ; "@" where they are
/// equal. `name` must be at or below `zone`.
[[nodiscard]] std::string relative_to(const DomainName& name, const DomainName& zone);

}  // namespace ptarmigan::dns
