// logs/postfix_parts.hpp - what the forms of Postfix's lines have in common. Inside src/logs only.
#pragma once

#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "logs/entry.hpp"
#include "logs/scan.hpp"

namespace ptarmigan::logs {

/// Short (upper-case hexadecimal), long (enable_long_queue_ids: without vowels), or NOQUEUE.
[[nodiscard]] bool is_queue_id(std::string_view text);

/// "host[192.0.2.1]:25"; nothing, and unmoved, where no name with brackets stands here.
[[nodiscard]] std::optional<Peer> take_peer(Scan& scan);

/// postfix_relay_hostname, ..._ip or ..._service, ..._port; `who` is "relay" or "client".
void peer_fields(Entry& entry, const Peer& peer, std::string_view who);

/// First place of `mark` that is not inside "<...>"; npos where there is none.
[[nodiscard]] std::size_t find_outside_brackets(std::string_view text, std::string_view mark);

/// "key=value, key=value" and "key=value key=value". Views into `data`.
[[nodiscard]] std::vector<std::pair<std::string_view, std::string_view>> pairs_of(std::string_view data);

/// "<a@b>" as "a@b".
[[nodiscard]] std::string_view unbracketed(std::string_view text);

/// A number of seconds with or without a fraction; nothing on anything else.
[[nodiscard]] std::optional<double> parse_seconds(std::string_view text);

/// "250 2.0.0 Ok", "550-5.1.1 ..."
[[nodiscard]] bool is_reply(std::string_view text);

/// Lines about TLS: agreed, or not verified.
[[nodiscard]] bool tls_line(std::string_view text, Entry& entry);
/// "reject: RCPT from h[a]: 450 4.1.8 <x>: words; from=<> to=<> proto=ESMTP helo=<h>" and its likes
[[nodiscard]] bool rejection(std::string_view text, Entry& entry);
/// smtpd, postscreen, tlsproxy, dnsblog: clients that come and go.
[[nodiscard]] bool client_line(std::string_view text, Entry& entry);
/// master, postsuper.
[[nodiscard]] bool server_line(std::string_view text, Entry& entry);
/// anvil and scache, behind "statistics: ".
void statistics_fields(std::string_view text, Entry& entry);

}  // namespace ptarmigan::logs
