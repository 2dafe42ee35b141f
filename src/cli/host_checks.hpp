// cli/host_checks.hpp - does a configuration fit this host: addresses, ports, files, folders? Each check looks and
// changes nothing.
#pragma once

#include <string>
#include <vector>

#include "auth/dkim/crypto.hpp"
#include "config/config.hpp"

namespace ptarmigan::cli {

/// What is wrong, at which setting, and what mends it.
struct ConfigFinding {
  std::string place;  ///< "source[0].ipv6"
  std::string message;
  std::string remedy;
};
using ConfigFindings = std::vector<ConfigFinding>;

/// A key that could be read and has a name in DNS, to be compared with its record.
struct ReadKey {
  std::string place;
  dns::DomainName domain;
  std::string selector;
  dkim::PrivateKey key;
};

void check_sources(const config::Config& config, ConfigFindings& findings);
/// Ports that something listens on already, that this user may not bind, or whose address is not here.
void check_ports(const config::Config& config, ConfigFindings& findings);
void check_certificates(const config::Config& config, ConfigFindings& findings);
void check_folders(const config::Config& config, ConfigFindings& findings);
/// Password, user and authority files.
void check_files(const config::Config& config, ConfigFindings& findings);
[[nodiscard]] std::vector<ReadKey> read_keys(const config::Config& config, ConfigFindings& findings);

}  // namespace ptarmigan::cli
