// watch/blocklist.hpp - block lists in DNS (RFC 5782): what to ask, and what an answer says. IPv6 addresses are asked
// with all 32 nibbles; lists of IPv6 list whole /64s, so a listing may be a neighbour's doing. Answers that refuse the
// question (127.255.255.x: an open resolver, too many questions) are never listings. Pure.
#pragma once

#include <string>
#include <variant>
#include <vector>

#include "base/ip_address.hpp"
#include "dns/name.hpp"
#include "facts/facts.hpp"

namespace ptarmigan::watch {

struct Listing {
  enum class State {
    clean,
    listed,
    refused,  ///< the list does not answer us: ask it over an own resolver, or with a key
    unknown,  ///< no answer
  };
  State state = State::unknown;
  std::string codes = {};  ///< "127.0.0.2 127.0.0.4", as the list answered
  std::string why = {};    ///< one sentence
};
[[nodiscard]] std::string_view to_string(Listing::State state);

using Listed = std::variant<IpAddress, dns::DomainName>;
[[nodiscard]] std::string text_of(const Listed& subject);

/// The name to ask for A records: "1.2.0.192.zen.example" and 32 nibbles for IPv6 (RFC 5782#2.1, RFC 5782#2.4).
/// An error where the name would be too long.
[[nodiscard]] Result<dns::DomainName> blocklist_name(const Listed& subject, const dns::DomainName& list);
[[nodiscard]] Known<Listing> blocklisted(const Listed& subject, const dns::DomainName& list, const Facts& facts);

}  // namespace ptarmigan::watch
