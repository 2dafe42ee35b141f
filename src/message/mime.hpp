// message/mime.hpp - the parts of a message (RFC 2045#5.1, RFC 2046#5.1), as views into it; nothing is copied before
// decode(). Lenient as readers of mail must be: what cannot be read is text/plain (RFC 2045#5.2), a multipart without
// its last delimiter ends with the message. Limits: MimeLimits. Parameters of RFC 2231 are kept as they are written.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.hpp"
#include "message/header.hpp"

namespace ptarmigan::message {

struct ContentType {
  std::string type = "text";      ///< lower-case
  std::string subtype = "plain";  ///< lower-case
  /// Names lower-case, values without quotes, in order.
  std::vector<std::pair<std::string, std::string>> parameters = {};

  /// Of a Content-Type field's body; text/plain where that cannot be read.
  static ContentType parse(std::string_view body);
  /// is("multipart", "report"); without case.
  [[nodiscard]] bool is(std::string_view wanted_type, std::string_view wanted_subtype) const;
  /// The first of that name, or nullptr.
  [[nodiscard]] const std::string* parameter(std::string_view name) const;
};

/// Content-Transfer-Encoding (RFC 2045#6.1). identity: 7bit, 8bit, binary and absent.
enum class TransferEncoding { identity, quoted_printable, base64, unknown };

struct Part {
  HeaderSection header = {};
  std::string_view body = {};  ///< still encoded, without the CRLF that belongs to the delimiter after it
  ContentType content_type = {};
  TransferEncoding encoding = TransferEncoding::identity;
  unsigned depth = 0;                      ///< 0 for the message itself
  std::optional<std::size_t> parent = {};  ///< index of the multipart or message/rfc822 that holds it

  /// The body without its transfer encoding. Octets outside the encoding are skipped (RFC 2045#6.8); an unknown
  /// encoding is left.
  [[nodiscard]] std::string decode() const;
};

struct MimeLimits {
  std::size_t parts = 1000;
  unsigned depth = 20;
  HeaderLimits header = {};
};

/// The message, then its parts in order, each before its own parts; message/rfc822 parts are opened. Beyond the depth
/// limit parts are left closed; an error for too many parts and for a header beyond its limits. `message` must outlive
/// the parts.
[[nodiscard]] Result<std::vector<Part>> walk_parts(std::string_view message, const MimeLimits& limits = {});

[[nodiscard]] std::string decode_quoted_printable(std::string_view text);
/// Skips what is not in the alphabet and ends at the padding.
[[nodiscard]] std::string decode_base64_text(std::string_view text);

}  // namespace ptarmigan::message
