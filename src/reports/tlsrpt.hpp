// reports/tlsrpt.hpp - SMTP TLS reports (RFC 8460#4.4). Values are as written but for words, which are in lower case.
// What is absent is empty. Limits: max_tls_report, max_json_depth. Errors: text that is no JSON object, or not this
// one. Threads: free functions on values.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "base/time.hpp"
#include "reports/notes.hpp"

namespace ptarmigan::reports {

/// A JSON value takes up to 40 times its text in memory.
inline constexpr std::size_t max_tls_report = std::size_t{16} << 20;
inline constexpr std::size_t max_json_depth = 32;

/// RFC 8460#4.3: sessions that failed in the same way.
struct TlsFailure {
  std::string result_type;  ///< "starttls-not-supported", "certificate-expired", "sts-policy-fetch-error", ...
  std::string sending_mta_ip;
  std::string receiving_mx_hostname;
  std::string receiving_mx_helo;
  std::string receiving_ip;
  std::uint64_t failed_session_count = 0;
  std::string additional_information;
  std::string failure_reason_code;
};

struct TlsPolicyResult {
  std::string policy_type;  ///< "tlsa", "sts", "no-policy-found"
  std::vector<std::string> policy_string;
  std::string policy_domain;
  std::vector<std::string> mx_host;
  std::uint64_t successful_sessions = 0;
  std::uint64_t failed_sessions = 0;
  std::vector<TlsFailure> failures;
};

struct TlsReport {
  std::string organization_name;
  std::string contact_info;
  std::string report_id;
  std::string start_datetime;  ///< as written
  std::string end_datetime;
  std::optional<WallTime> start;
  std::optional<WallTime> end;
  std::vector<TlsPolicyResult> policies;
};

[[nodiscard]] Result<TlsReport> parse_tls_report(std::string_view json, Notes& notes);

}  // namespace ptarmigan::reports
