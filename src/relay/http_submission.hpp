// relay/http_submission.hpp - POST /api/v1/messages as a pure function: the request's text to messages for
// accept_message(), and what came of them to a reply. docs/reference/http-submission.md describes both.
//
// A body of message/rfc822 is taken as it is, with ?from= and ?to= (several) as its envelope. One of application/json
// is one message, or {"messages": [...]}, each with its parts and attachments. Limits: max_http_messages,
// max_idempotency_key; sizes are the server's. Errors: per message, with a remedy; the others of a batch go on.
#pragma once

#include <expected>
#include <string>
#include <string_view>
#include <vector>

#include "base/queue_id.hpp"
#include "base/result.hpp"
#include "net/http_message.hpp"
#include "smtp/envelope.hpp"

namespace ptarmigan::relay {

inline constexpr std::size_t max_http_messages = 500;
inline constexpr std::size_t max_idempotency_key = 255;

struct RefusedRecipient {
  std::string address;
  Error error;
};

struct HttpMessage {
  smtp::Envelope envelope;
  std::string octets;                          ///< header and body, CRLF line ends
  std::vector<RefusedRecipient> refused = {};  ///< those that are no addresses; the others go on
};

struct HttpSubmission {
  std::vector<Result<HttpMessage>> messages;
  std::string key;          ///< Idempotency-Key of the request; "" where there is none
  std::string fingerprint;  ///< with a key: fingerprint_of() the request
};

/// Or the reply: 400, 413 or 415.
[[nodiscard]] std::expected<HttpSubmission, net::HttpReply> read_submission(const net::HttpRequest& request,
                                                                            std::size_t max_recipients);

/// What became of one message.
struct HttpOutcome {
  QueueId id = {};                           ///< of a message that was accepted
  std::vector<std::string> recipients = {};  ///< accepted ones
  std::vector<RefusedRecipient> refused = {};
  std::vector<std::string> warnings = {};
  std::optional<Error> error = {};  ///< the whole message was refused
};

/// 202 where at least one message was accepted, else 422.
[[nodiscard]] net::HttpReply submission_reply(const std::vector<HttpOutcome>& outcomes);
/// {"version": 1, "error": "...", "remedy": "..."}
[[nodiscard]] net::HttpReply submission_error(unsigned status, const Error& error);
/// The key of Reader::recall(): one user's keys are not another's.
[[nodiscard]] std::string recalled_key(std::string_view user, std::string_view key);
/// Of all that makes a request what it is: type, query and body. Hexadecimal SHA-256.
[[nodiscard]] std::string fingerprint_of(const net::HttpRequest& request);
/// What is kept under an idempotency key.
[[nodiscard]] std::string remembered_text(std::string_view fingerprint, std::string_view reply_body);
/// The reply to a request whose key is known: the first one's, or 422 where this request is another one.
[[nodiscard]] net::HttpReply replayed(std::string_view remembered, std::string_view fingerprint);

}  // namespace ptarmigan::relay
