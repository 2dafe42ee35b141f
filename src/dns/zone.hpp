// dns/zone.hpp - zone text (RFC 1035#5.1) as records: the "what if" input and the test worlds.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "dns/record.hpp"

namespace ptarmigan::dns {

/// An owner written with more characters, escapes and final dot included, is refused: ldns reads no longer word there.
inline constexpr std::size_t max_owner_text = 254;

/// Records in file order. $ORIGIN, $TTL, @, relative names, parentheses and comments as in RFC 1035#5.1; no $INCLUDE.
/// `origin` is used for relative names before a $ORIGIN line; `default_ttl` where there is no $TTL.
/// An error names the line. Records of types outside RecordType are left out.
[[nodiscard]] Result<std::vector<Record>> parse_zone(std::string_view text, const DomainName& origin = {},
                                                     std::uint32_t default_ttl = 3600);

/// One record in zone-file form with an absolute owner: "example.com. 300 IN TXT \"v=spf1 -all\"". TTL and class may be
/// absent.
[[nodiscard]] Result<Record> parse_record(std::string_view text, std::uint32_t default_ttl = 3600);

}  // namespace ptarmigan::dns
