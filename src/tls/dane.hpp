// tls/dane.hpp - DANE for SMTP (RFC 7672): whether a receiving host is to be authenticated by TLSA records, and by
// which. Pure: asks for DNS through Need, and believes only answers that DNSSEC has proved. Errors: none. Threads: free
// functions on values.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "facts/facts.hpp"

namespace ptarmigan::tls {

// Certificate usages that count for SMTP (RFC 7672#3.1).
inline constexpr std::uint8_t usage_dane_ta = 2;
inline constexpr std::uint8_t usage_dane_ee = 3;

enum class DaneStatus : std::uint8_t {
  none,      ///< no TLSA records apply, and that is certain or cannot be proved otherwise: as without DANE
  required,  ///< the host must have a certificate that one of `associations` matches
  encrypt,   ///< there are TLSA records and none is usable: TLS, but nothing to authenticate with (RFC 7672#2.2)
  failed,    ///< DNS did not answer, or lied: the host is not to be used now (RFC 7672#2.1.2)
};

struct Dane {
  DaneStatus status = DaneStatus::none;
  std::string reason = {};           ///< one sentence without a full stop
  dns::DomainName base_domain = {};  ///< where required: the TLSA base domain, which is also the SNI (RFC 7672#8.1)
  std::vector<dns::DomainName> names = {};   ///< where required: whom a DANE-TA certificate may name
  std::vector<dns::Tlsa> associations = {};  ///< where required: usable ones, at least one
  /// The MX records, or that there are none, are proved: nobody in between has chosen the host.
  bool mx_proved = false;
  friend bool operator==(const Dane&, const Dane&) = default;
};

/// What a client can match an SMTP server with: usages DANE-TA(2) and DANE-EE(3) only (RFC 7672#3.1.3), known selectors
/// and matching types, data of the right length, or a certificate or key in full; and of several digests of one usage
/// and selector only the strongest (RFC 7671#9).
[[nodiscard]] std::vector<dns::Tlsa> usable_associations(const std::vector<dns::Tlsa>& records);

/// _25._tcp.<base>, of a base that leaves room for it.
[[nodiscard]] Result<dns::DomainName> tlsa_name(const dns::DomainName& base, std::uint16_t port);

/// For mail to `domain` that goes to `host`, one of its MX hosts or itself where it has none (RFC 7672#2.2.1, RFC
/// 7672#2.2.2).
[[nodiscard]] Known<Dane> find_dane(const dns::DomainName& domain, const dns::DomainName& host, std::uint16_t port,
                                    const Facts& facts);

}  // namespace ptarmigan::tls
