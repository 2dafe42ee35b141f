// cli/check_setup.hpp - the options of `ptarmigan check`, and the setup that they describe.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "cli/dns_options.hpp"
#include "doctor/examine.hpp"

namespace ptarmigan::cli {

struct CheckOptions {
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
  std::string html;  ///< file to write
  std::string list;  ///< file of domains
  bool resume = false;
  std::string results;        ///< file of JSON lines, with list
  std::size_t parallel = 64;  ///< domains at a time, with list
  std::string history;        ///< file of JSON lines
  bool diff = false;
  bool no_checks = false;
  bool no_block_lists = false;
  bool visit = false;                ///< own MX hosts, the MTA-STS policy file, the page behind the EHLO name
  std::string probe;                 ///< with visit: whose mail hosts tell whether port 25 is open outwards
  bool authority = false;            ///< ask the authoritative servers beside the cache
  std::vector<std::string> compare;  ///< further resolvers
  std::vector<std::string> block_lists;
  std::string live;  ///< address for the canary
};

/// Selector and private key file of each signature that is named by the options or, without any, by the configuration.
[[nodiscard]] std::vector<std::pair<std::string, std::string>> key_files(const CheckOptions& options,
                                                                         const dns::DomainName& domain,
                                                                         const std::optional<config::Config>& config);
/// An error names the option. `domain` is as typed.
[[nodiscard]] Result<doctor::Setup> setup_of(const CheckOptions& options, const std::string& domain,
                                             const std::optional<config::Config>& config);
/// Adds header, verified signatures and form of the message in options.message.
[[nodiscard]] Result<> read_message(const CheckOptions& options, World& world, doctor::Setup& setup);

}  // namespace ptarmigan::cli
