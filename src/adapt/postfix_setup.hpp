// adapt/postfix_setup.hpp - a running Postfix's configuration as a value: its contradictions, and the lines that let it
// ask `ptarmigan map` (postconf(5); what Postfix 3.7 does with the answers was measured: docs/howto/
// beside-postfix-and-exim.md). Pure: reading and writing is running_mta.hpp's. Threads: free functions on values.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "adapt/setup_finding.hpp"

namespace ptarmigan::adapt {

/// The source of a table that transport_maps names.
struct TransportTable {
  std::string path;
  std::string text;
};

struct PostfixSetup {
  std::string folder;  ///< of main.cf and master.cf
  std::string main_cf;
  std::string master_cf;
  std::map<std::string, std::string> values;  ///< every parameter with its names expanded: `postconf -x`
  std::vector<std::string> map_types;         ///< `postconf -m`
  std::vector<std::string> complaints;        ///< postconf's own warnings
  std::vector<lint::MapFile> maps;
  std::vector<TransportTable> transports;
  /// Whether the running server listens on IPv6, where it can be told.
  enum class Listener { unknown, open, closed } ipv6_listener = Listener::unknown;

  [[nodiscard]] std::string value(const std::string& name) const;
};

/// What Postfix is to be told.
struct PostfixPatch {
  std::string map = "127.0.0.1:7225";  ///< where `ptarmigan map` answers: address with port, or path of a unix socket
  /// Also turn a refusal of the IPv6 address into a retry within the same delivery.
  enum class Rescue { no, same_delivery } rescue = Rescue::no;
};

/// A map as main.cf names it: "socketmap:inet:127.0.0.1:7225:dns"; by way of proxymap(8) for a unix socket, which
/// the chroot of smtp(8) would hide.
[[nodiscard]] std::string socketmap(const std::string& map, std::string_view name);

/// Name and value, in the order of the file.
[[nodiscard]] std::vector<std::pair<std::string, std::string>> postfix_settings(const PostfixPatch& patch);

/// main.cf with the patch; the same text where it has it already.
[[nodiscard]] std::string patched_main_cf(std::string_view main_cf, const PostfixPatch& patch);

/// What keeps Postfix from asking: settings that differ from the patch, and services that override it. Empty: in force.
[[nodiscard]] std::vector<SetupFinding> unlike_patch(const PostfixSetup& setup, const PostfixPatch& patch);

[[nodiscard]] Known<std::vector<SetupFinding>> inspect_postfix(const PostfixSetup& setup, const OwnHouse& house,
                                                               const Facts& facts);

}  // namespace ptarmigan::adapt
