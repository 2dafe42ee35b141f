// watch/postmaster.hpp - Google Postmaster Tools API v2: what is asked, and what the replies say. A service account
// proves itself by a signed assertion (RFC 7523#2.1, RS256 of RFC 7518#3.3), which the token address trades for an
// access token. Pure: relay/figure_sources.hpp has the connections. Limits: 200 values a page, 100 queries a batch (the
// API's own); replies bounded by who reads them. Threads: free functions on values.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "auth/dkim/crypto.hpp"
#include "base/result.hpp"
#include "watch/figures.hpp"

namespace ptarmigan::watch {

/// The key file that Google gives for a service account.
struct ServiceAccount {
  std::string email;
  std::string key_id;
  std::string token_address;  ///< "https://oauth2.googleapis.com/token"
  dkim::PrivateKey key;
  static Result<ServiceAccount> parse(std::string_view json);
};

/// The body of the request for an access token (application/x-www-form-urlencoded). `user`: on whose behalf, where the
/// account has the whole organisation's trust; else "".
[[nodiscard]] Result<std::string> token_request(const ServiceAccount& account, const std::string& user, WallTime now);
struct AccessToken {
  std::string token;
  seconds lasts{0};
  std::string refresh_token = {};  ///< a new one in place of what was used; "" where none came
};
/// RFC 6749#5.1. An error names what the server said (RFC 6749#5.2).
[[nodiscard]] Result<AccessToken> parse_token(std::string_view json);

/// "PERMISSION_DENIED: ..." of a reply that is no 2xx; "" where it says nothing.
[[nodiscard]] std::string error_of(std::string_view json);

struct DomainsPage {
  std::vector<std::string> domains;  ///< that are verified and may be read
  std::string next;                  ///< page token; "" on the last one
};
[[nodiscard]] Result<DomainsPage> parse_domains(std::string_view json);

/// Every metric of these days (whole days, both included), `page` as an earlier reply named it or "".
[[nodiscard]] std::string stats_query(const std::string& domain, WallTime first, WallTime last,
                                      const std::string& page = {});
/// Many of them in one body. At most max_batch.
[[nodiscard]] std::string batch_query(std::span<const std::string> domains, WallTime first, WallTime last);
inline constexpr std::size_t max_batch = 100;

struct StatsPage {
  std::vector<Figure> figures;
  std::string next;
  std::string error;  ///< of this query in a batch
};
[[nodiscard]] Result<StatsPage> parse_stats(std::string_view json, const std::string& domain);
/// One page for each domain, in their order.
[[nodiscard]] Result<std::vector<StatsPage>> parse_batch(std::string_view json, std::span<const std::string> domains);
/// Rows as "compliance.SPF": "COMPLIANT" or "NEEDS_WORK", with the verdict's reason behind a colon.
[[nodiscard]] Result<std::vector<Figure>> parse_compliance(std::string_view json, const std::string& domain,
                                                           WallTime day);

}  // namespace ptarmigan::watch
