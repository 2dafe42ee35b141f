// watch/find_reply.hpp - the SMTP reply inside what people paste: the reply itself, a bounce (RFC 3464, or Postfix's,
// Exim's, qmail's and Sendmail's prose), or a log line of Postfix or Exim. Limits: the first max_text octets are looked
// at. Errors: none; nothing is found. Threads: free functions on values.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "base/ip_address.hpp"
#include "smtp/failure.hpp"
#include "smtp/reply.hpp"

namespace ptarmigan::watch {

inline constexpr std::size_t max_text = std::size_t{1} << 20;

struct FoundReply {
  smtp::Reply reply;
  std::optional<smtp::Stage> stage;  ///< where the text says so: "(in reply to end of DATA command)"
  std::string host;                  ///< the receiver's host name, lower case; "" where it is not told
  std::optional<IpAddress> host_address;
};

/// The first refusal (4xx or 5xx) that a server is quoted with, the most telling form first.
[[nodiscard]] std::optional<FoundReply> find_reply(std::string_view text);

}  // namespace ptarmigan::watch
