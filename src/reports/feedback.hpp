// reports/feedback.hpp - feedback reports: complaints of users (ARF, RFC 5965) and authentication failures (RFC 6591,
// RFC 9991). Values are as written but for words, which are in lower case. What is absent is empty.
// Limits: fields.hpp, message/header.hpp. Errors: no Feedback-Type. Threads: free functions on values.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "base/time.hpp"
#include "reports/fields.hpp"
#include "reports/notes.hpp"

namespace ptarmigan::reports {

struct FeedbackReport {
  std::string feedback_type;  ///< "abuse", "auth-failure", "fraud", "virus", "not-spam", "opt-out", "other", ...
  std::string user_agent;
  std::string version;
  std::uint64_t incidents = 1;  ///< how many complaints this report stands for
  std::string original_envelope_id;
  std::string original_mail_from;  ///< with its angle brackets where it was written with them
  std::vector<std::string> original_rcpt_to;
  std::vector<std::string> removal_recipients;
  std::string arrival_date;  ///< as written
  std::optional<WallTime> arrived;
  TypedValue reporting_mta;
  std::string source_ip;
  std::optional<unsigned> source_port;
  std::vector<std::string> reported_domains;
  std::vector<std::string> reported_uris;
  std::vector<std::string> authentication_results;
  /// RFC 6591#3.1 and RFC 9991: "adsp", "bodyhash", "revoked", "signature", "spf", "dmarc".
  std::string auth_failure;
  std::vector<std::string> identity_alignment;  ///< RFC 9991: what failed to align, of "dkim" and "spf", or "none"
  std::string delivery_result;                  ///< "delivered", "spam", "policy", "reject", "other"
  std::string dkim_domain;
  std::string dkim_identity;
  std::string dkim_selector;
  std::string dkim_selector_dns;
  std::string dkim_adsp_dns;
  std::string dkim_canonicalized_header;  ///< base64 without blanks
  std::string dkim_canonicalized_body;    ///< base64 without blanks
  std::vector<std::string> spf_dns;
  std::vector<OtherField> other;
  OriginalMail original;
};

/// `fields` is the message/feedback-report part with CRLF line ends, `original` the third part ("" where absent).
[[nodiscard]] Result<FeedbackReport> parse_feedback(std::string_view fields, std::string_view original, Notes& notes);

/// A DMARC failure report in words alone, as Exim writes it into the first part of a report that has no second.
/// Errors: `text` is none.
[[nodiscard]] Result<FeedbackReport> parse_feedback_text(std::string_view text, Notes& notes);

}  // namespace ptarmigan::reports
