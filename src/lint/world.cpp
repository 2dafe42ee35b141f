// lint/world.cpp - what all inputs together say, and the snippets of documents.
#include <algorithm>
#include <array>

#include <re2/re2.h>

#include "base/text.hpp"
#include "dns/reverse.hpp"
#include "lint/postfix.hpp"
#include "lint/source.hpp"
#include "lint/zone_text.hpp"

namespace ptarmigan::lint {
namespace {

constexpr std::size_t max_mentioned = 64;

std::string bare(std::string_view name) {
  if (name.ends_with('.')) name.remove_suffix(1);
  return to_lower(name);
}

void observe_zone(std::string_view text, std::string_view origin, World& world) {
  for (const auto& entry : parse_zone_text(text, origin)) {
    const auto absolute = [&](std::string_view name) {
      if (name.ends_with('.') || entry.origin.empty()) return bare(name);
      return name == "@" ? entry.origin : bare(name) + "." + entry.origin;
    };
    const auto first = entry.data.front().text;
    if (entry.type == "A" || entry.type == "AAAA") {
      if (const auto address = IpAddress::parse(first)) world.addresses[entry.owner].push_back(*address);
    } else if (entry.type == "MX" && entry.data.size() > 1) {
      world.mail_hosts.insert(absolute(entry.data[1].text));
    } else if (entry.type == "PTR") {
      world.mail_hosts.insert(bare(first));
      world.publishes = true;
    } else if (entry.type == "CNAME") {
      world.aliases.insert(entry.owner);
    } else if (entry.type == "TXT" && istarts_with(trim(first, "\""), "v=spf1")) {
      world.spf_owners.insert(entry.owner);
      world.publishes = true;
    }
  }
}

void observe_words(std::string_view text, World& world) {
  static const RE2 address("((?:[0-9A-Fa-f]{0,4}:){2,7}[0-9A-Fa-f]{0,4})(/[0-9]+)?");
  re2::StringPiece rest(text.data(), text.size());
  std::string found;
  std::string prefix;
  while (world.mentioned.size() < max_mentioned && RE2::FindAndConsume(&rest, address, &found, &prefix)) {
    if (!prefix.empty() && prefix != "/128") continue;
    const auto parsed = IpAddress::parse(found);
    if (parsed && parsed->is_v6() && !parsed->is_unspecified() && !parsed->is_loopback() &&
        std::ranges::find(world.mentioned, *parsed) == world.mentioned.end())
      world.mentioned.push_back(*parsed);
  }
  static const RE2 single("(?i)\\bip6:[0-9a-f:]+(?:/128)?(?:[\\s\"]|$)");
  if (RE2::PartialMatch(text, single)) world.spf_names_one_ipv6 = true;
  static const RE2 postmap("\\b(?:postmap|postalias)\\s+(?:-\\w+\\s+)*(?:\\w+:)?(/[^\\s`;&|<]+)");
  re2::StringPiece commands(text.data(), text.size());
  while (RE2::FindAndConsume(&commands, postmap, &found)) world.postmapped.insert(found);
  static const RE2 forced(R"((?m)inet_protocols\s*=\s*ipv4\b|disable_ipv6\s*=\s*true)");
  world.forces_ipv4 |= RE2::PartialMatch(text, forced);
  static const RE2 protocols(R"(inet_(protocols|interfaces)\s*=)");
  world.sets_inet_protocols |= RE2::PartialMatch(text, protocols);
  static const RE2 relay(R"((?m)^\s*relayhost\s*=\s*\S)");
  world.relays |= RE2::PartialMatch(text, relay);
}

}  // namespace

void observe(const Input& input, World& world) {
  observe_words(input.text, world);
  if (input.kind == Kind::zone) observe_zone(input.text, input.origin, world);
  if (input.kind != Kind::document) return;
  for (const auto& snippet : snippets_of(input.text))
    if (snippet.kind == Kind::zone) observe_zone(snippet.text, input.origin, world);
}

std::string list_prefix(const IpAddress& address) {
  const auto name = dns::reverse_name(address);
  return dns::relative_to(name, name.last_labels(2));
}

bool looks_generic(std::string_view host) {
  static const RE2 spelled(
      R"((?:^|[^0-9])\d{1,3}[-.]\d{1,3}[-.]\d{1,3}[-.]\d{1,3}(?:[^0-9]|$)|[0-9a-f]{1,4}(?:-[0-9a-f]{0,4}){4,7})");
  static const RE2 kinds(R"((?:^|[.-])(dynamic|dyn|dsl|adsl|dialup|pool|dhcp|cable|ppp|broadband)(?:[.-]|\d))");
  const auto lower = to_lower(host);
  return RE2::PartialMatch(lower, spelled) || RE2::PartialMatch(lower, kinds);
}

}  // namespace ptarmigan::lint
