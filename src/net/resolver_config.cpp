// net/resolver_config.cpp - resolver options as libunbound's configuration text; see resolver.hpp.
#include <fstream>
#include <string>

#include "base/text.hpp"
#include "net/resolver.hpp"

namespace ptarmigan::net {
namespace {

/// DS of the root's key signing keys of 2017 and 2024, from IANA's root-anchors.xml.
constexpr const char* root_anchors[] = {
    ". IN DS 20326 8 2 E06D44B80B8F1D39A95C0B0D7C65D08458E880409BBC683457104237C7F8EC8D",
    ". IN DS 38696 8 2 683D2D0ACB8C9B712A1948B27F741219298D0A450D612C483AF444A4C0FB2B16",
};

/// Zones that libunbound would answer as empty by itself (RFC 6303). In a private world, and behind forwarders, they
/// are real.
constexpr const char* built_in_zones[] = {
    "test.",
    "home.arpa.",
    "254.169.in-addr.arpa.",
    "2.0.192.in-addr.arpa.",
    "100.51.198.in-addr.arpa.",
    "113.0.203.in-addr.arpa.",
    "8.b.d.0.1.0.0.2.ip6.arpa.",
};

constexpr unsigned outgoing_ports = 512;
constexpr unsigned outgoing_tcp = 32;
/// How long a server that did not answer is left alone. libunbound's 900 s would outlive the fault by far.
constexpr unsigned server_memory_seconds = 10;
constexpr unsigned shares_for_records = 2;  ///< the record cache is advised to be twice the message cache

Result<std::string> quoted(const std::string& path, const char* option) {
  for (const char c : path)
    if (c == '"' || static_cast<unsigned char>(c) < 0x20)
      return failure(std::string(option) + " has a quotation mark or control character in its path");
  return '"' + path + '"';
}

}  // namespace

ResolverOptions resolver_options(const config::Dns& dns) {
  ResolverOptions options{.forwarders = dns.servers,
                          .root_hints_file = dns.root_hints,
                          .validation = Validation::none,
                          .trust_anchor_file = dns.trust_anchor,
                          .longest_wait = dns.deadline};
  if (!dns.trust_anchor.empty()) {
    options.validation = Validation::anchor_file;
  } else if (dns.servers.empty() && dns.root_hints.empty()) {
    options.validation = Validation::root_keys;
  }
  return options;
}

Result<std::string> unbound_configuration(const ResolverOptions& options) {
  std::string text = "server:\n";
  const auto line = [&text](std::string_view key, const std::string& value) {
    text += "  " + std::string(key) + ": " + value + "\n";
  };
  const std::size_t share = options.cache_octets / (1 + shares_for_records);
  line("do-not-query-localhost", "no");
  line("edns-buffer-size", "1232");
  line("qname-minimisation", "yes");
  // An answer is about what was asked: a denial is not stretched over names that were never asked.
  line("aggressive-nsec", "no");
  line("outgoing-range", std::to_string(outgoing_ports));
  line("outgoing-num-tcp", std::to_string(outgoing_tcp));
  line("infra-host-ttl", std::to_string(server_memory_seconds));
  line("infra-keep-probing", "yes");
  line("msg-cache-size", std::to_string(share));
  line("rrset-cache-size", std::to_string(share * shares_for_records));
  line("cache-max-ttl", std::to_string(options.max_ttl));
  line("cache-max-negative-ttl", std::to_string(options.max_negative_ttl));
  line("module-config", options.validation == Validation::none ? "\"iterator\"" : "\"validator iterator\"");
  switch (options.validation) {
    case Validation::root_keys:
      for (const auto* anchor : root_anchors) line("trust-anchor", '"' + std::string(anchor) + '"');
      break;
    case Validation::anchor_file: {
      auto path = quoted(options.trust_anchor_file, "trust_anchor_file");
      if (!path) return std::unexpected(path.error());
      line("trust-anchor-file", *path);
      break;
    }
    case Validation::none: break;
  }
  const bool private_world = !options.root_hints_file.empty() || !options.forwarders.empty();
  if (private_world) {
    line("unblock-lan-zones", "yes");
    for (const auto* zone : built_in_zones) line("local-zone", '"' + std::string(zone) + "\" nodefault");
  }
  if (!options.root_hints_file.empty()) {
    auto path = quoted(options.root_hints_file, "root_hints_file");
    if (!path) return std::unexpected(path.error());
    line("root-hints", *path);
  }
  if (!options.forwarders.empty()) {
    text += "forward-zone:\n";
    line("name", "\".\"");
    for (const auto& server : options.forwarders)
      line("forward-addr", server.address.text() + "@" + std::to_string(server.port));
  }
  return text;
}

Result<std::vector<Endpoint>> name_servers_of(const std::string& resolv_conf) {
  std::ifstream file(resolv_conf);
  if (!file) return failure("cannot read " + resolv_conf, "name a resolver in the configuration");
  std::vector<Endpoint> servers;
  for (std::string text; std::getline(file, text);) {
    const auto trimmed = trim(std::string_view(text));
    if (!istarts_with(trimmed, "nameserver")) continue;
    auto address = IpAddress::parse(trim(trimmed.substr(std::string_view("nameserver").size())));
    if (address) servers.push_back({.address = *address, .port = 53});
  }
  if (servers.empty()) return failure(resolv_conf + " names no name server", "name a resolver in the configuration");
  return servers;
}

}  // namespace ptarmigan::net
