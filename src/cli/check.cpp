// cli/check.cpp - `ptarmigan check DOMAIN`: would mail be accepted, from each own address, by each receiver; and what
// to publish.
#include <algorithm>
#include <array>
#include <cstring>
#include <memory>

#include <CLI/CLI.hpp>
#include <ifaddrs.h>
#include <netinet/in.h>
#include <unistd.h>

#include "auth/dkim/key_record.hpp"
#include "auth/dkim/verify.hpp"
#include "base/encoding.hpp"
#include "base/text.hpp"
#include "cli/commands.hpp"
#include "cli/dns_options.hpp"
#include "cli/run.hpp"
#include "cli/terminal.hpp"
#include "doctor/examine.hpp"
#include "doctor/render.hpp"
#include "net/run.hpp"
#include "net/settle.hpp"
#include "rulebook/observe.hpp"

namespace ptarmigan::cli {
namespace {

struct Options {
  DnsOptions dns;
  std::string domain;
  std::vector<std::string> sources;
  std::string ehlo;
  std::vector<std::string> receivers;
  std::vector<std::string> dkim;
  std::string mail_from;
  std::string message;
  bool not_signed = false;
  bool bulk = false;
  bool clear = false;
  bool verbose = false;
  bool json = false;
};

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

Result<std::vector<doctor::Source>> sources_of(const Options& options, const std::optional<config::Config>& config) {
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

Result<std::optional<std::vector<rulebook::Signature>>> signatures_of(const Options& options,
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

Result<std::vector<const rulebook::Receiver*>> receivers_of(const Options& options) {
  std::vector<const rulebook::Receiver*> out;
  for (const auto& id : options.receivers) {
    const auto* receiver = rulebook::find_receiver(id);
    if (receiver == nullptr || receiver->rules.empty()) {
      return failure("there are no rules for a receiver '" + displayable(id) + "'",
                     "known: " + rulebook::profile_ids());
    }
    out.push_back(receiver);
  }
  return out;
}

Result<doctor::Setup> setup_of(const Options& options, const std::optional<config::Config>& config) {
  doctor::Setup setup;
  const auto domain = dns::DomainName::from_unicode(options.domain);
  if (!domain || !domain->is_hostname())
    return failure("'" + displayable(options.domain) + "' is no domain name", "write it like example.com");
  setup.domain = *domain;
  auto sources = sources_of(options, config);
  if (!sources) return std::unexpected(sources.error());
  setup.sources = *std::move(sources);
  auto signatures = signatures_of(options, *domain, config);
  if (!signatures) return std::unexpected(signatures.error());
  setup.signatures = *std::move(signatures);
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
  setup.stream = options.bulk ? rulebook::Stream::bulk : rulebook::Stream::unknown;
  return setup;
}

/// Header and verified signatures of a real message.
Result<> read_message(const std::string& path, World& world, doctor::Setup& setup) {
  const auto text = read_file(path);
  if (!text) return std::unexpected(text.error());
  const auto section = message::HeaderSection::parse(*text);
  if (!section) return failure(path + ": " + section.error().message, section.error().remedy);
  rulebook::Subject seen;
  rulebook::observe_header(seen, *section);
  setup.header = seen.header;
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

ExitCode exit_code(doctor::Forecast worst) {
  switch (worst) {
    case doctor::Forecast::accepted: return good;
    case doctor::Forecast::spam:
    case doctor::Forecast::deferred:
    case doctor::Forecast::refused: return findings;
    case doctor::Forecast::unknown: return unusable;
  }
  return unusable;
}

int check(const Options& options) {
  const auto world = World::open(options.dns);
  if (!world) return complain(world.error());
  auto setup = setup_of(options, (*world)->config());
  if (!setup) return complain(setup.error());
  if (!options.message.empty())
    if (const auto read = read_message(options.message, **world, *setup); !read) return complain(read.error());
  const auto settled = net::run_blocking(net::settle([&](const Facts& facts) { return doctor::examine(*setup, facts); },
                                                     Facts(), (*world)->dns(), (*world)->deadline()));
  if (const auto saved = (*world)->finish(); !saved) return complain(saved.error());
  if (!settled.value) return complain({"the answers contradict each other"});
  const auto& report = *settled.value;
  const auto code = exit_code(report.worst());
  if (const auto trouble = (*world)->trouble(); trouble && code == unusable) return complain(*trouble);
  if (options.json) {
    print(doctor::json(report));
    return code;
  }
  doctor::TextOptions text;
  text.colour = colour_of_output() == Colour::yes ? doctor::Colour::on : doctor::Colour::off;
  if (options.verbose) text.detail = doctor::TextOptions::Detail::full;
  text.now = std::chrono::time_point_cast<milliseconds>(std::chrono::system_clock::now());
  print(doctor::text(report, text));
  return code;
}

}  // namespace

void add_check(CLI::App& app, Action& action) {
  auto options = std::make_shared<Options>();
  options->receivers = {"gmail"};
  auto* command = app.add_subcommand(
      "check", "Would mail be accepted, from each own address, by each receiver; and what to publish");
  command->footer("Exit code: 0 accepted, 1 would be refused, deferred or marked as spam, 2 could not be decided.");
  command->add_option("DOMAIN", options->domain, "The domain in From")->required()->type_name("");
  command
      ->add_option("--source", options->sources,
                   "The addresses that mail leaves from; this host's own where none is given. May be repeated")
      ->type_name("IPV4,IPV6")
      ->allow_extra_args(false);
  command->add_option("--ehlo", options->ehlo, "The name that the server says in EHLO")->type_name("NAME");
  command->add_option("--receiver", options->receivers, "Whose rules; gmail where none is given. May be repeated")
      ->type_name("ID")
      ->allow_extra_args(false);
  command
      ->add_option(
          "--dkim", options->dkim,
          "The selector that mail is signed with, and its private key, whose record is then compared. May be repeated")
      ->type_name("SELECTOR[=FILE]")
      ->allow_extra_args(false);
  command->add_flag("--unsigned", options->not_signed, "Mail is not signed with DKIM");
  command
      ->add_option("--mail-from", options->mail_from,
                   "The envelope sender; postmaster@DOMAIN where none is given, '<>' for bounces")
      ->type_name("ADDRESS");
  command->add_option("--message", options->message, "A real message: its header and signatures are judged too")
      ->type_name("FILE");
  command->add_flag("--bulk", options->bulk,
                    "This domain sends about 5,000 messages a day or more: the rules for bulk senders bind");
  command->add_flag("--no-tls", options->clear, "Connections are not encrypted");
  command->add_flag("-v,--verbose", options->verbose, "Show what is in order, too");
  command->add_flag("--json", options->json, "For programs");
  add_dns_options(*command, options->dns);
  command->callback([options, &action] { action = [options] { return check(*options); }; });
}

}  // namespace ptarmigan::cli
