// adapt/exim_setup.hpp - a running Exim's configuration as a value: its contradictions, and the line that lets it ask
// `ptarmigan map` (Exim specification, chapters 11, 14 and 15; what Exim 4.96 does with the answer was measured:
// docs/howto/beside-postfix-and-exim.md). Pure: reading and writing is running_mta.hpp's. Threads: free functions on
// values.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "adapt/config_block.hpp"
#include "adapt/setup_finding.hpp"

namespace ptarmigan::adapt {

/// Options of one router or transport, or of the main section. A boolean is "true" or "false".
using EximOptions = std::map<std::string, std::string>;
struct EximDriver {
  std::string name;
  EximOptions options;
};

/// What `exim -bP` prints: "name = value", "name", "no_name".
[[nodiscard]] EximOptions parse_exim_options(std::string_view printed);
/// What `exim -bP routers` and `exim -bP transports` print, in order.
[[nodiscard]] std::vector<EximDriver> parse_exim_drivers(std::string_view printed);

struct EximSetup {
  std::string file;  ///< that Exim reads
  std::string text;
  EximOptions main;
  std::vector<EximDriver> routers;
  std::vector<EximDriver> transports;
};

struct EximPatch {
  std::string map = "127.0.0.1:7225";  ///< where `ptarmigan map` answers: address with port, or path of a unix socket
};

/// What counts where nobody answers: hosts for which IPv4 is safe at any time.
inline constexpr std::string_view exim_fallback = "*.google.com : *.googlemail.com";

/// The value of dns_ipv4_lookup.
[[nodiscard]] std::string exim_lookup(const EximPatch& patch, std::string_view fallback = exim_fallback);

/// The file with the patch; the same text where it has it already. A list of hosts that was there counts from then on
/// where nobody answers.
[[nodiscard]] std::string patched_exim(std::string_view text, const EximPatch& patch,
                                       Original original = Original::file);

/// What keeps Exim from asking. Empty: in force.
[[nodiscard]] std::vector<SetupFinding> unlike_patch(const EximSetup& setup, const EximPatch& patch);

[[nodiscard]] Known<std::vector<SetupFinding>> inspect_exim(const EximSetup& setup, const OwnHouse& house,
                                                            const Facts& facts);

}  // namespace ptarmigan::adapt
