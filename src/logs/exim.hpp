// logs/exim.hpp - what a line of Exim's main log says (specification 4.99, chapter 53, "Log files"), also of versions
// with short message ids. Errors: none; a line that is not known is Kind::other. Threads: free functions on values.
#pragma once

#include <string_view>

#include "logs/entry.hpp"

namespace ptarmigan::logs {

/// `text` behind the date, with or without "[pid]".
[[nodiscard]] Entry parse_exim(std::string_view text);

[[nodiscard]] bool is_exim(std::string_view program);

/// "1aBcDe-000abc-Xy", or "1aBcDe-00000000abc-XyZa" since 4.97.
[[nodiscard]] bool is_exim_id(std::string_view text);

}  // namespace ptarmigan::logs
