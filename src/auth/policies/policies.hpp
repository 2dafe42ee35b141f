// auth/policies/policies.hpp - the TXT records by which a domain announces MTA-STS (RFC 8461#3.1), TLS reporting (RFC
// 8460#3) and a brand indicator (BIMI, draft-brand-indicators-for-message-identification; no RFC). Pure: the finders
// ask for DNS through Need. MTA-STS policy files are read in tls/, since deliveries need them. Errors: none from the
// finders; a broken record is a Presence with a reason. Threads: free functions on values.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "auth/dmarc/evaluate.hpp"
#include "base/result.hpp"
#include "facts/facts.hpp"

namespace ptarmigan::policies {

enum class Presence : std::uint8_t {
  present,
  absent,
  invalid,    ///< there is a record, and it does not count: `reason` says why
  temperror,  ///< it could not be looked up now
};
[[nodiscard]] std::string_view to_string(Presence presence);

template <typename Record>
struct Found {
  Presence presence = Presence::absent;
  std::optional<Record> record = {};  ///< where present
  dns::DomainName name;               ///< where it was looked for
  std::string text = {};              ///< of the single record, also an invalid one
  std::string reason = {};            ///< where it is not present; a sentence without a full stop
  friend bool operator==(const Found&, const Found&) = default;
};

struct MtaStsRecord {
  /// Changes whenever the policy file does: 1 to 32 letters and digits.
  std::string id;
  static Result<MtaStsRecord> parse(std::string_view text);
  friend bool operator==(const MtaStsRecord&, const MtaStsRecord&) = default;
};
/// At _mta-sts.<domain>. Several records are as none (RFC 8461#3.1): invalid.
[[nodiscard]] Known<Found<MtaStsRecord>> find_mta_sts(const dns::DomainName& domain, const Facts& facts);

struct TlsReportRecord {
  /// mailto: and https: URIs, at least one, as published.
  std::vector<std::string> rua;
  static Result<TlsReportRecord> parse(std::string_view text);
  friend bool operator==(const TlsReportRecord&, const TlsReportRecord&) = default;
};
/// At _smtp._tls.<domain>.
[[nodiscard]] Known<Found<TlsReportRecord>> find_tls_report(const dns::DomainName& domain, const Facts& facts);

struct BimiRecord {
  std::string location;                           ///< l: https URI of the SVG image; "" declines
  std::string authority;                          ///< a: https URI of the evidence document; may be ""
  std::string avatar_preference;                  ///< avp: "brand" or "personal"
  std::vector<std::string> local_part_selectors;  ///< lps
  [[nodiscard]] bool declines() const { return location.empty() && authority.empty(); }
  static Result<BimiRecord> parse(std::string_view text);
  friend bool operator==(const BimiRecord&, const BimiRecord&) = default;
};
/// At <selector>._bimi.<author domain>, and where nothing is there, at the organizational domain.
[[nodiscard]] Known<Found<BimiRecord>> find_bimi(const dns::DomainName& author,
                                                 const dns::DomainName& organizational_domain, const Facts& facts,
                                                 std::string_view selector = "default");

/// May an indicator be shown for this message? "" where it may, else why not. DMARC must pass, and the policy, that for
/// subdomains included, must be quarantine or reject.
[[nodiscard]] std::string bimi_obstacle(const dmarc::Result& result);

}  // namespace ptarmigan::policies
