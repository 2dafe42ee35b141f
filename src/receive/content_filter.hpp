// receive/content_filter.hpp - what SpamAssassin (spamd, SPAMC protocol 1.5) or rspamd (HTTP /checkv2) thinks of a
// message. Limits: max_filter_reply, the deadline. Errors are FilterOpinion::problem. Threads: any executor.
#pragma once

#include <string>
#include <string_view>

#include <boost/asio/awaitable.hpp>

#include "base/result.hpp"
#include "receive/test_book.hpp"

namespace ptarmigan::receive {

inline constexpr std::size_t max_filter_reply = std::size_t{256} << 10;

enum class FilterKind { spamd, rspamd };

[[nodiscard]] boost::asio::awaitable<FilterOpinion> ask_filter(FilterKind kind, Endpoint filter, std::string message,
                                                               SteadyTime deadline);

/// The answer to SYMBOLS: "SPAMD/1.1 0 EX_OK", "Spam: True ; 6.4 / 5.0", and the names of the rules.
[[nodiscard]] Result<FilterOpinion> parse_spamd_reply(std::string_view octets);
/// The whole HTTP reply, its body JSON with score, required_score and symbols.
[[nodiscard]] Result<FilterOpinion> parse_rspamd_reply(std::string_view octets);

}  // namespace ptarmigan::receive
