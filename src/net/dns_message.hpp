// net/dns_message.hpp - what a DNS message says about a question, as the values of facts/. No sockets.
// Limits: 64 KiB a message, 16 CNAMEs a chain.
#pragma once

#include <optional>
#include <string_view>

#include "dns/packet.hpp"
#include "facts/facts.hpp"

namespace ptarmigan::net {

inline constexpr std::size_t max_cname_chain = 16;

struct MessageAnswer {
  /// status, records, aliases, ttl, detail; the rest is the caller's.
  Answer answer;
  bool authoritative = false;
  bool truncated = false;
  /// The owner of the SOA in the authority section: the zone that says "nothing there" (RFC 2308#2).
  std::optional<dns::DomainName> zone;
  /// No answer and no SOA, but the NS records of a zone further down.
  bool referral = false;
};

/// A malformed message, or one about another question, is an answer with status failed.
[[nodiscard]] MessageAnswer read_message(std::string_view wire, const Question& question);

}  // namespace ptarmigan::net
