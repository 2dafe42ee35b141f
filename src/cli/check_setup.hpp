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
  bool visit = false;                ///< own MX hosts and the MTA-STS policy file
  bool authority = false;            ///< ask the authoritative servers beside the cache
  std::vector<std::string> compare;  ///< further resolvers
  std::vector<std::string> block_lists;
  std::string live;  ///< address for the canary
};

/// An error names the option. `domain` is as typed.
[[nodiscard]] Result<doctor::Setup> setup_of(const CheckOptions& options, const std::string& domain,
                                             const std::optional<config::Config>& config);
/// Adds header, verified signatures and form of the message in options.message.
[[nodiscard]] Result<> read_message(const CheckOptions& options, World& world, doctor::Setup& setup);

}  // namespace ptarmigan::cli
