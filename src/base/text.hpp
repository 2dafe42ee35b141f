// base/text.hpp - ASCII text: case-insensitive comparison, trimming, splitting, strict numbers. Locale never matters.
#pragma once

#include <charconv>
#include <concepts>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace ptarmigan {

constexpr char ascii_lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c;
}
constexpr bool is_digit(char c) {
  return c >= '0' && c <= '9';
}
constexpr bool is_alpha(char c) {
  return ascii_lower(c) >= 'a' && ascii_lower(c) <= 'z';
}
constexpr bool is_alnum(char c) {
  return is_digit(c) || is_alpha(c);
}
/// WSP of RFC 5234: space and tab, nothing else.
constexpr bool is_wsp(char c) {
  return c == ' ' || c == '\t';
}
constexpr bool is_printable_ascii(char c) {
  return c >= 0x20 && c < 0x7f;
}

[[nodiscard]] bool iequals(std::string_view a, std::string_view b);
[[nodiscard]] bool istarts_with(std::string_view text, std::string_view prefix);
[[nodiscard]] bool iends_with(std::string_view text, std::string_view suffix);
/// First position of `needle` at or after `from`, ignoring ASCII case; npos when absent.
[[nodiscard]] std::size_t ifind(std::string_view text, std::string_view needle, std::size_t from = 0);
[[nodiscard]] std::string to_lower(std::string_view text);
[[nodiscard]] std::string to_upper(std::string_view text);

/// Without leading and trailing characters of `set`. A view into `text`.
[[nodiscard]] std::string_view trim(std::string_view text, std::string_view set = " \t\r\n");
[[nodiscard]] std::string_view trim(std::string&& text, std::string_view set = " \t\r\n") = delete;

/// Pieces between separators; "a,,b" has three, "" has one empty piece. Views into `text`.
[[nodiscard]] std::vector<std::string_view> split(std::string_view text, char separator);
[[nodiscard]] std::string join(const std::vector<std::string>& parts, std::string_view separator);

/// The whole of `text` as a number in `base`; nothing on a sign (for unsigned), blanks, overflow or trailing
/// characters.
template <std::integral T>
[[nodiscard]] std::optional<T> parse_number(std::string_view text, int base = 10) {
  T value{};
  const char* end = text.data() + text.size();
  const auto [at, code] = std::from_chars(text.data(), end, value, base);
  if (code != std::errc() || at != end || text.empty()) return std::nullopt;
  return value;
}

/// One line of printable ASCII for logs and messages: other octets as \xHH, cut at `limit` characters with "...".
[[nodiscard]] std::string printable(std::string_view text, std::size_t limit = 200);

}  // namespace ptarmigan
