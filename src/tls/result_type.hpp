// tls/result_type.hpp - what went wrong with a hop's TLS or its policy, in the words of TLS reports (RFC 8460#4.3).
#pragma once

#include <cstdint>
#include <string_view>

namespace ptarmigan::tls {

/// Enumerators are the wire words, with "_" for "-".
enum class ResultType : std::uint8_t {
  starttls_not_supported,
  certificate_host_mismatch,
  certificate_expired,
  certificate_not_trusted,
  validation_failure,
  tlsa_invalid,
  dnssec_invalid,
  dane_required,
  sts_policy_fetch_error,
  sts_policy_invalid,
  sts_webpki_invalid,
};

/// "starttls-not-supported"
[[nodiscard]] constexpr std::string_view to_string(ResultType type) {
  switch (type) {
    case ResultType::starttls_not_supported: return "starttls-not-supported";
    case ResultType::certificate_host_mismatch: return "certificate-host-mismatch";
    case ResultType::certificate_expired: return "certificate-expired";
    case ResultType::certificate_not_trusted: return "certificate-not-trusted";
    case ResultType::validation_failure: return "validation-failure";
    case ResultType::tlsa_invalid: return "tlsa-invalid";
    case ResultType::dnssec_invalid: return "dnssec-invalid";
    case ResultType::dane_required: return "dane-required";
    case ResultType::sts_policy_fetch_error: return "sts-policy-fetch-error";
    case ResultType::sts_policy_invalid: return "sts-policy-invalid";
    case ResultType::sts_webpki_invalid: return "sts-webpki-invalid";
  }
  return "";
}

}  // namespace ptarmigan::tls
