// reports/delivery.hpp - bounces, read: delivery status notices (RFC 3464, RFC 6533) and the plain texts that older
// systems send (qmail, sendmail, Exim, Postfix-like, Exchange). What is absent is empty.
// Limits: fields.hpp, max_bounce_text, max_text_recipients. Errors: no recipient in it. Threads: free functions on
// values.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "base/time.hpp"
#include "message/header.hpp"
#include "reports/fields.hpp"
#include "reports/notes.hpp"

namespace ptarmigan::reports {

inline constexpr std::size_t max_bounce_text = 256U << 10;
inline constexpr std::size_t max_text_recipients = 1000;

struct RecipientStatus {
  std::string address = {};  ///< the final recipient without type and angle brackets
  TypedValue original_recipient = {};
  TypedValue final_recipient = {};
  std::string action = {};  ///< "failed", "delayed", "delivered", "relayed", "expanded"
  std::string status = {};  ///< "5.1.1", without the comment that may follow it
  TypedValue remote_mta = {};
  TypedValue diagnostic_code = {};  ///< the receiver's own words, on one line
  std::string reply_code = {};      ///< "550" of the diagnostic; "" where none is in it
  std::string enhanced_code = {};   ///< "5.4.1" of the diagnostic, often better than `status`
  std::string last_attempt_date = {};
  std::optional<WallTime> last_attempt = {};
  std::optional<WallTime> retry_until = {};
  std::string final_log_id = {};
};

/// How it was written.
enum class BounceForm { rfc3464, failed_recipients_field, qmail, sendmail, exim, plain_text };

[[nodiscard]] std::string_view to_string(BounceForm form);

struct DeliveryReport {
  BounceForm form = BounceForm::rfc3464;
  TypedValue reporting_mta;
  TypedValue received_from_mta;
  TypedValue dsn_gateway;
  std::string original_envelope_id;
  std::string arrival_date;  ///< as written
  std::optional<WallTime> arrived;
  std::vector<RecipientStatus> recipients;
  std::vector<OtherField> other;  ///< X-Postfix-Queue-ID and the like, of message and recipients
  OriginalMail original;
};

/// `status` is the message/delivery-status part with CRLF line ends, `original` the third part ("" where absent).
[[nodiscard]] Result<DeliveryReport> parse_delivery_status(std::string_view status, std::string_view original,
                                                           Notes& notes);

/// A bounce that has no such part: `header` is the bounce's own, `body` its decoded text.
[[nodiscard]] Result<DeliveryReport> parse_bounce_text(const message::HeaderSection& header, std::string_view body,
                                                       Notes& notes);

/// The codes of a reply within foreign text: "said: 552 5.2.2 over quota" gives 552 and 5.2.2.
struct ReplyCodes {
  std::string code;
  std::string enhanced;
};
[[nodiscard]] ReplyCodes find_reply_codes(std::string_view text);

}  // namespace ptarmigan::reports
