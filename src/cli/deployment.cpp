// cli/deployment.cpp - see deployment.hpp.
#include "cli/deployment.hpp"

#include <CLI/CLI.hpp>

#include "auth/dkim/key_record.hpp"
#include "base/text.hpp"
#include "cli/terminal.hpp"

namespace ptarmigan::cli {
namespace {

Result<publish::Key> read_key(const std::string& selector, const std::string& path) {
  const auto text = read_file(path);
  if (!text) return std::unexpected(text.error());
  const auto key = dkim::PrivateKey::parse(*text);
  if (!key) return failure(path + ": " + key.error().message, key.error().remedy);
  return publish::Key{selector, dkim::public_record(*key)};
}

Result<std::vector<publish::Host>> hosts_of(const DeploymentOptions& options,
                                            const std::optional<config::Config>& config) {
  std::vector<publish::Host> out;
  const auto ehlo = dns::DomainName::parse(options.ehlo);
  if (!options.ehlo.empty() && (!ehlo || !ehlo->is_hostname()))
    return failure("--ehlo " + displayable(options.ehlo) + " is no host name", "write it like mail.example.com");
  for (const auto& text : options.sources) {
    publish::Host host;
    for (const auto part : split(text, ',')) {
      const auto address = IpAddress::parse(trim(part));
      if (!address)
        return failure("--source " + displayable(text) + ": " + address.error().message,
                       "write it as: --source 192.0.2.1,2001:db8::1");
      host.addresses.push_back(address->unmapped());
    }
    if (options.ehlo.empty()) return failure("the name that the server says in EHLO is not known", "name it: --ehlo");
    host.ehlo_name = *ehlo;
    out.push_back(std::move(host));
  }
  if (!out.empty() || !config) return out;
  for (const auto& source : config->sources) {
    publish::Host host;
    if (source.ipv4) host.addresses.push_back(*source.ipv4);
    if (source.ipv6) host.addresses.push_back(*source.ipv6);
    const auto name = !options.ehlo.empty() ? std::optional(*ehlo) : source.ehlo ? source.ehlo : config->hostname;
    if (!name) return failure("source " + source.name + " has no EHLO name", "set `hostname`, or `ehlo` of the source");
    host.ehlo_name = *name;
    out.push_back(std::move(host));
  }
  return out;
}

}  // namespace

void add_deployment_options(CLI::App& command, DeploymentOptions& options, DomainIs domain) {
  auto* name = command.add_option("DOMAIN", options.domain, "The domain in From")->type_name("");
  if (domain == DomainIs::needed) name->required();
  command.add_option("--source", options.sources, "The addresses that mail leaves from. May be repeated")
      ->type_name("IPV4,IPV6")
      ->allow_extra_args(false);
  command.add_option("--ehlo", options.ehlo, "The name that the server says in EHLO")->type_name("NAME");
  command.add_option("--dkim", options.dkim, "A selector and its private key. May be repeated")
      ->type_name("SELECTOR=FILE")
      ->allow_extra_args(false);
  command.add_option("--reports", options.reports, "Where DMARC and TLS reports go")->type_name("ADDRESS");
  add_dns_options(command, options.dns);
}

Result<publish::Key> key_of(const std::string& text) {
  const auto equals = text.find('=');
  if (equals == std::string::npos || equals == 0)
    return failure("'" + displayable(text) + "' names no key", "write it as SELECTOR=FILE");
  return read_key(text.substr(0, equals), text.substr(equals + 1));
}

Result<publish::Deployment> deployment_of(const DeploymentOptions& options,
                                          const std::optional<config::Config>& config) {
  publish::Deployment out;
  const auto domain = dns::DomainName::from_unicode(options.domain);
  if (!domain || !domain->is_hostname())
    return failure("'" + displayable(options.domain) + "' is no domain name", "write it like example.com");
  out.domain = *domain;
  out.report_address = options.reports;
  auto hosts = hosts_of(options, config);
  if (!hosts) return std::unexpected(hosts.error());
  if (hosts->empty())
    return failure("the addresses that mail leaves from are not known",
                   "name them: --source 192.0.2.1,2001:db8::1 --ehlo mail." + domain->text() + ", or --config FILE");
  out.hosts = *std::move(hosts);
  for (const auto& text : options.dkim) {
    auto key = key_of(text);
    if (!key) return std::unexpected(key.error());
    out.keys.push_back(*std::move(key));
  }
  if (options.dkim.empty() && config)
    for (const auto& configured : config->domains)
      for (const auto& each : configured.dkim) {
        if (configured.name != out.domain) continue;
        auto key = read_key(each.selector, each.key_file);
        if (!key) return std::unexpected(key.error());
        out.keys.push_back(*std::move(key));
      }
  return out;
}

}  // namespace ptarmigan::cli
