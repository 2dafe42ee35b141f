// logs/postfix.hpp - what a line of Postfix's log says, from Postfix 2.3 to 3.10: smtp, lmtp, local, virtual, pipe,
// error, discard, qmgr, cleanup, bounce, smtpd, postscreen, dnsblog, tlsproxy, anvil, scache, postsuper, master.
// Errors: none; a line that is not known is Kind::other. Threads: free functions on values.
#pragma once

#include <string_view>

#include "logs/entry.hpp"

namespace ptarmigan::logs {

/// `program` is the syslog tag ("postfix/smtp", "postfix-out/smtp", "postfix/submission/smtpd"); "" where it is not
/// known, and then the words of the line alone decide.
[[nodiscard]] Entry parse_postfix(std::string_view program, std::string_view text);

/// "postfix/smtp", "postfix-out/cleanup": a tag of Postfix.
[[nodiscard]] bool is_postfix(std::string_view program);

/// "host[192.0.2.1]:25", "host[private/lmtp]", "host[IPv6:...]", "local".
[[nodiscard]] Peer parse_peer(std::string_view text);

}  // namespace ptarmigan::logs
