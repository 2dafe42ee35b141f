// cli/check_setup.cpp - see check_setup.hpp.
#include "cli/check_setup.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstring>
#include <filesystem>

#include <ifaddrs.h>
#include <netinet/in.h>
#include <unistd.h>

#include "auth/dkim/key_record.hpp"
#include "auth/dkim/verify.hpp"
#include "base/encoding.hpp"
#include "base/text.hpp"
#include "cli/terminal.hpp"
#include "net/run.hpp"
#include "net/settle.hpp"
#include "rulebook/observe.hpp"

namespace ptarmigan::cli {
namespace {

IpAddress address_of(const sockaddr& socket_address) {
  if (socket_address.sa_family == AF_INET) {
    sockaddr_in in{};
    std::memcpy(&in, &socket_address, sizeof in);
    std::array<std::uint8_t, 4> octets{};
    std::memcpy(octets.data(), &in.sin_addr, octets.size());
    return IpAddress::v4(octets);
  }
  sockaddr_in6 in{};
  std::memcpy(&in, &socket_address, sizeof in);
  std::array<std::uint8_t, 16> octets{};
  std::memcpy(octets.data(), &in.sin6_addr, octets.size());
  return IpAddress::v6(octets);
}

/// This host's addresses that the outside world can see.
std::vector<IpAddress> own_addresses() {
  std::vector<IpAddress> out;
  ifaddrs* list = nullptr;
  if (getifaddrs(&list) != 0) return out;
  for (const auto* at = list; at != nullptr; at = at->ifa_next) {
    if (at->ifa_addr == nullptr || (at->ifa_addr->sa_family != AF_INET && at->ifa_addr->sa_family != AF_INET6))
      continue;
    const auto address = address_of(*at->ifa_addr);
    const bool hidden = address.is_loopback() || address.is_link_local() || address.is_private() ||
                        address.is_multicast() || address.is_unspecified();
    if (!hidden && std::ranges::find(out, address) == out.end()) out.push_back(address);
  }
  freeifaddrs(list);
  return out;
}

std::string own_host_name() {
  std::array<char, 256> name{};
  if (gethostname(name.data(), name.size() - 1) != 0) return {};
  const auto parsed = dns::DomainName::parse(name.data());
  return parsed && parsed->is_hostname() ? parsed->text() : std::string();
}

/// "192.0.2.1,2001:db8::1", either half alone, in any order.
Result<doctor::Source> parse_source(const std::string& text) {
  doctor::Source source;
  for (const auto part : split(text, ',')) {
    const auto address = IpAddress::parse(trim(part));
    if (!address)
      return failure("--source " + displayable(text) + ": " + address.error().message,
                     "write it as: --source 192.0.2.1,2001:db8::1");
    auto& slot = address->unmapped().is_v4() ? source.ipv4 : source.ipv6;
    if (slot)
      return failure("--source " + displayable(text) + " names two addresses of one family",
                     "give each pair its own --source");
    slot = address->unmapped();
  }
  return source;
}

Result<std::vector<doctor::Source>> sources_of(const CheckOptions& options,
                                               const std::optional<config::Config>& config) {
  std::vector<doctor::Source> out;
  for (const auto& text : options.sources) {
    auto source = parse_source(text);
    if (!source) return std::unexpected(source.error());
    out.push_back(*std::move(source));
  }
  if (out.empty() && config) {
    for (const auto& source : config->sources) {
      const auto& name = source.ehlo ? source.ehlo : config->hostname;
      out.push_back({source.ipv4, source.ipv6, name ? name->text() : std::string()});
    }
  }
  const auto own = own_addresses();
  if (out.empty())
    for (const auto& address : own)
      out.push_back(address.is_v4() ? doctor::Source{address, {}, {}} : doctor::Source{{}, address, {}});
  if (out.empty())
    return failure("this host has no address that receivers can see",
                   "name the addresses that mail leaves from: --source 192.0.2.1,2001:db8::1");
  for (auto& source : out) {
    if (!options.ehlo.empty()) source.ehlo_name = options.ehlo;
    if (!source.ehlo_name.empty()) continue;
    const auto is_own = [&](const std::optional<IpAddress>& address) {
      return !address || std::ranges::find(own, *address) != own.end();
    };
    if (is_own(source.ipv4) && is_own(source.ipv6)) source.ehlo_name = own_host_name();
    if (source.ehlo_name.empty())
      return failure("the name that the server says in EHLO is not known", "name it: --ehlo mail." + options.domain);
  }
  return out;
}

Result<rulebook::IntendedSignature> signature_of(const dns::DomainName& domain, const std::string& selector,
                                                 const std::string& key_file) {
  rulebook::IntendedSignature out{domain, selector, {}, {}};
  if (const auto name = dkim::key_name(selector, domain); !name)
    return failure("--dkim " + displayable(selector) + ": " + name.error().message);
  if (key_file.empty()) return out;
  const auto text = read_file(key_file);
  if (!text) return std::unexpected(text.error());
  const auto key = dkim::PrivateKey::parse(*text);
  if (!key) return failure(key_file + ": " + key.error().message, key.error().remedy);
  out.key_type = dkim::to_string(key->type());
  out.public_key = base64_encode(key->public_octets());
  return out;
}

Result<std::optional<std::vector<rulebook::Signature>>> signatures_of(const CheckOptions& options,
                                                                      const dns::DomainName& domain,
                                                                      const std::optional<config::Config>& config) {
  using Signatures = std::vector<rulebook::Signature>;
  if (options.not_signed) return std::optional(Signatures());
  Signatures out;
  for (const auto& text : options.dkim) {
    const auto equals = text.find('=');
    auto signature = signature_of(domain, text.substr(0, equals),
                                  equals == std::string::npos ? std::string() : text.substr(equals + 1));
    if (!signature) return std::unexpected(signature.error());
    out.emplace_back(*std::move(signature));
  }
  if (out.empty() && config) {
    for (const auto& configured : config->domains) {
      if (configured.name != domain) continue;
      for (const auto& key : configured.dkim) {
        auto signature = signature_of(domain, key.selector, key.key_file);
        if (!signature) return std::unexpected(signature.error());
        out.emplace_back(*std::move(signature));
      }
    }
    return std::optional(std::move(out));
  }
  if (out.empty()) return std::optional<Signatures>();
  return std::optional(std::move(out));
}

/// What people call a receiver.
std::string known_as(const std::string& name) {
  if (name == "microsoft") return "outlook";
  if (name == "google") return "gmail";
  if (name == "icloud") return "apple";
  return name;
}

Result<std::vector<const rulebook::Receiver*>> receivers_of(const CheckOptions& options) {
  std::vector<const rulebook::Receiver*> out;
  for (const auto& name : options.receivers) {
    const auto id = known_as(name);
    const auto* receiver = rulebook::find_receiver(id);
    if (receiver == nullptr || receiver->rules.empty()) {
      return failure("there are no rules for a receiver '" + displayable(id) + "'",
                     "known: " + rulebook::profile_ids());
    }
    out.push_back(receiver);
  }
  if (!out.empty()) return out;
  for (const auto& receiver : rulebook::receivers())
    if (!receiver.rules.empty()) out.push_back(&receiver);
  out.push_back(&rulebook::strict());
  return out;
}

Result<std::vector<dns::DomainName>> names_of(const std::vector<std::string>& texts) {
  std::vector<dns::DomainName> out;
  for (const auto& text : texts) {
    const auto name = dns::DomainName::parse(text);
    if (!name || name->label_count() < 2)
      return failure("--block-list " + displayable(text) + " is no domain name", "write it like zen.spamhaus.org");
    out.push_back(*name);
  }
  return out;
}

Result<> choose_lists(const CheckOptions& options, doctor::Setup& setup) {
  if (options.no_checks) setup.checks = doctor::Setup::Checks::none;
  if (options.no_block_lists) return {};
  const auto usual = doctor::usual_address_lists();
  auto chosen = names_of(options.block_lists.empty() ? std::vector<std::string>(usual.begin(), usual.end())
                                                     : options.block_lists);
  if (!chosen) return std::unexpected(chosen.error());
  setup.address_lists = *std::move(chosen);
  if (options.block_lists.empty())
    for (const auto list : doctor::usual_domain_lists())
      setup.domain_lists.push_back(dns::DomainName::parse(list).value());
  return {};
}

std::vector<doctor::SeenKey> key_ages(const CheckOptions& options, const dns::DomainName& domain,
                                      const std::optional<config::Config>& config) {
  std::vector<doctor::SeenKey> out;
  for (const auto& [selector, file] : key_files(options, domain, config)) {
    std::error_code code;
    const auto written = std::filesystem::last_write_time(file, code);
    if (code) continue;  // whoever reads the key says so
    const auto age = std::chrono::floor<std::chrono::days>(std::filesystem::file_time_type::clock::now() - written);
    out.push_back({domain, selector, static_cast<unsigned>(std::max<std::int64_t>(age.count(), 0))});
  }
  return out;
}

}  // namespace

std::vector<std::pair<std::string, std::string>> key_files(const CheckOptions& options, const dns::DomainName& domain,
                                                           const std::optional<config::Config>& config) {
  std::vector<std::pair<std::string, std::string>> out;
  for (const auto& text : options.dkim)
    if (const auto at = text.find('='); at != std::string::npos)
      out.emplace_back(text.substr(0, at), text.substr(at + 1));
  if (!out.empty() || !options.dkim.empty() || !config) return out;
  for (const auto& configured : config->domains)
    if (configured.name == domain)
      for (const auto& key : configured.dkim) out.emplace_back(key.selector, key.key_file);
  return out;
}

Result<doctor::Setup> setup_of(const CheckOptions& options, const std::string& typed,
                               const std::optional<config::Config>& config) {
  doctor::Setup setup;
  const auto domain = dns::DomainName::from_unicode(typed);
  if (!domain || !domain->is_hostname())
    return failure("'" + displayable(typed) + "' is no domain name", "write it like example.com");
  setup.domain = *domain;
  auto sources = sources_of(options, config);
  if (!sources) return std::unexpected(sources.error());
  setup.sources = *std::move(sources);
  auto signatures = signatures_of(options, *domain, config);
  if (!signatures) return std::unexpected(signatures.error());
  setup.signatures = *std::move(signatures);
  setup.seen.keys = key_ages(options, *domain, config);
  if (!options.mail_from.empty()) {
    auto path = smtp::ReversePath::parse(options.mail_from == "<>" ? options.mail_from : "<" + options.mail_from + ">");
    if (!path)
      return failure("--mail-from " + displayable(options.mail_from) + ": " + path.error().message,
                     "write it like user@example.com, or '<>' for bounces");
    setup.mail_from = *std::move(path);
  }
  auto receivers = receivers_of(options);
  if (!receivers) return std::unexpected(receivers.error());
  setup.receivers = *std::move(receivers);
  setup.hop = options.clear ? rulebook::Hop::clear : rulebook::Hop::tls;
  if (auto chosen = choose_lists(options, setup); !chosen) return std::unexpected(chosen.error());
  setup.stream = options.bulk ? rulebook::Stream::bulk : rulebook::Stream::unknown;
  return setup;
}

/// Header and verified signatures of a real message.
Result<> read_message(const CheckOptions& options, World& world, doctor::Setup& setup) {
  const auto& path = options.message;
  const auto text = read_file(path);
  if (!text) return std::unexpected(text.error());
  const auto section = message::HeaderSection::parse(*text);
  if (!section) return failure(path + ": " + section.error().message, section.error().remedy);
  rulebook::Subject seen;
  rulebook::observe_header(seen, *section);
  setup.header = seen.header;
  auto facts = doctor::MessageFacts::read(*text);
  if (!facts) return failure(path + ": " + facts.error().message, facts.error().remedy);
  setup.message = *std::move(facts);
  const auto verification = dkim::verify_message(*text);
  if (!verification) return failure(path + ": " + verification.error().message, verification.error().remedy);
  if (verification->none()) {
    setup.signatures = std::vector<rulebook::Signature>();
    return {};
  }
  const auto now = std::chrono::time_point_cast<milliseconds>(std::chrono::system_clock::now());
  const auto settled = net::run_blocking(net::settle(
      [&](const Facts& facts) { return verification->judge(facts, now); }, Facts(), world.dns(), world.deadline()));
  if (!settled.value) return failure("the answers contradict each other");
  rulebook::observe_signatures(seen, *settled.value);
  setup.signatures = seen.signatures;
  return {};
}

}  // namespace ptarmigan::cli
