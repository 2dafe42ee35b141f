// relay/verp.hpp - variable envelope return paths (https://cr.yp.to/proto/verp.txt): a reverse-path that names the
// recipient, so that a bounce, however it is written, says whom it is about. In the form that Postfix made common.
// Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace ptarmigan::relay {

/// "news+user=example.net@example.com" of "news@example.com" and "user@example.net". Nothing where one of them is no
/// address with a domain, the local-part is quoted, or the result would be longer than a path may be
/// (RFC 5321#4.5.3.1.3): then the mail goes with its own reverse-path.
[[nodiscard]] std::optional<std::string> verp_sender(std::string_view mail_from, std::string_view recipient);

struct Verp {
  std::string mail_from;
  std::string recipient;
  friend bool operator==(const Verp&, const Verp&) = default;
};
/// What verp_sender() was made of; nothing for another address.
[[nodiscard]] std::optional<Verp> read_verp(std::string_view address);

}  // namespace ptarmigan::relay
