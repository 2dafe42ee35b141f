// cli/deployment.hpp - a domain and what its mail leaves from, as options and ptarmigan.toml say: shared by records,
// plan and publish.
#pragma once

#include <string>
#include <vector>

#include "cli/dns_options.hpp"
#include "publish/wanted.hpp"

namespace ptarmigan::cli {

struct DeploymentOptions {
  DnsOptions dns;
  std::string domain;
  std::vector<std::string> sources;  ///< "IPV4,IPV6"
  std::string ehlo;
  std::vector<std::string> dkim;  ///< SELECTOR=FILE
  std::string reports;
};

enum class DomainIs { optional, needed };
void add_deployment_options(CLI::App& command, DeploymentOptions& options, DomainIs domain);

/// An error says which option or setting is missing.
[[nodiscard]] Result<publish::Deployment> deployment_of(const DeploymentOptions& options,
                                                        const std::optional<config::Config>& config);
/// "SELECTOR=FILE" as a key record.
[[nodiscard]] Result<publish::Key> key_of(const std::string& text);

}  // namespace ptarmigan::cli
