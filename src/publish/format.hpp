// publish/format.hpp - records in the forms that DNS is published with. Pure. Threads: free functions on values.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "publish/wanted.hpp"

namespace ptarmigan::publish {

enum class Format : std::uint8_t {
  bind,        ///< zone-file lines, absolute names, strings of at most 255 octets
  nsupdate,    ///< a script for nsupdate and knsupdate, with prerequisites (RFC 2136#2.4)
  dnscontrol,  ///< dnsconfig.js
  octodns,     ///< one YAML document for each zone
  terraform,   ///< HCL with cloudflare_dns_record resources
  cloudflare,  ///< JSON body of a batch of DNS records
  table,       ///< to paste into a panel: names without the zone
  json,        ///< docs/reference/records-json.md
};
[[nodiscard]] std::optional<Format> parse_format(std::string_view text);

/// Lines end in LF. What is published already stands in the forms that describe a whole zone, and is left out of those
/// that change one (nsupdate, cloudflare).
[[nodiscard]] std::string formatted(const Everything& everything, Format format);

/// A DNS answer's text as JSON, JavaScript and HCL take it: quoted.
[[nodiscard]] std::string quoted_text(std::string_view text);

}  // namespace ptarmigan::publish
