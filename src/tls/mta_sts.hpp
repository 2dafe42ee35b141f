// tls/mta_sts.hpp - the MTA-STS policy file (RFC 8461#3.2), which MX hosts it allows (RFC 8461#4.1), and how long it is
// believed (RFC 8461#3.3, RFC 8461#5.1). The TXT record that announces it is read by auth/policies/policies.hpp; the
// file is fetched at the edge. Pure: the time is passed in. Limits: 64 KiB a file (RFC 8461#3.3). Deviations: blank
// lines are passed over, and a max_age beyond the largest is taken as the largest: to drop the policy for it would
// leave its domain without protection. Threads: free functions on values.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "base/time.hpp"
#include "dns/name.hpp"

namespace ptarmigan::tls {

inline constexpr std::size_t max_sts_policy_octets = 65'536;
/// RFC 8461#3.2
inline constexpr seconds max_sts_age{31'557'600};

enum class StsMode : std::uint8_t {
  none,     ///< the domain has no policy any more (RFC 8461#8.3)
  testing,  ///< deliver as without it, and report what would have failed
  enforce,  ///< only to allowed hosts whose certificate is good
};
[[nodiscard]] std::string_view to_string(StsMode mode);

struct StsPolicy {
  StsMode mode = StsMode::none;
  seconds max_age{0};
  /// "mx.example.com" or "*.example.com", lower-case; empty only in mode none.
  std::vector<std::string> mx = {};

  /// The file's octets; lines end in LF or CRLF. An error says which line is wrong.
  static Result<StsPolicy> parse(std::string_view file);
  /// True where a pattern is the host's name, or "*." and the name without its first label.
  [[nodiscard]] bool allows(const dns::DomainName& host) const;
  /// As a policy file with LF.
  [[nodiscard]] std::string text() const;
  friend bool operator==(const StsPolicy&, const StsPolicy&) = default;
};

/// What a sender remembers of one domain. Survives restarts where the edge keeps it.
struct StsMemory {
  std::string id = {};  ///< of the TXT record under which `policy` was fetched
  std::optional<StsPolicy> policy = {};
  WallTime fetched = {};
  std::string failed_id = {};  ///< the record whose file could not be had; empty: none
  WallTime failed = {};
  friend bool operator==(const StsMemory&, const StsMemory&) = default;
};

/// A file that could not be had is not asked for again before this (RFC 8461#3.3), under the same id.
inline constexpr milliseconds sts_retry{5 * 60'000};
/// A policy is fetched again so often though its id is the same, so that it does not expire while mail flows.
inline constexpr milliseconds sts_refresh{24LL * 3'600'000};

/// The policy to apply now; nullptr where there is none or its max_age is over. A clock that was set back makes it no
/// older. Valid while `memory` is.
[[nodiscard]] const StsPolicy* current_policy(const StsMemory& memory, WallTime now);

/// Whether the file is to be fetched, now that the TXT record says `live_id`; nothing: there is no usable record, so
/// there is nothing to fetch and a remembered policy still applies (RFC 8461#3.3).
[[nodiscard]] bool must_fetch(const StsMemory& memory, const std::optional<std::string>& live_id, WallTime now);

void remember(StsMemory& memory, std::string id, StsPolicy policy, WallTime now);
/// Keeps what was known before.
void remember_failure(StsMemory& memory, std::string id, WallTime now);

}  // namespace ptarmigan::tls
