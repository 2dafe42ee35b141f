// base/encoding.cpp - see encoding.hpp.
#include "base/encoding.hpp"

#include <algorithm>
#include <array>
#include <cstdint>

namespace ptarmigan {
namespace {

constexpr std::string_view alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr std::int8_t not_in_alphabet = -1;

constexpr std::array<std::int8_t, 256> make_reverse() {
  std::array<std::int8_t, 256> reverse{};
  reverse.fill(not_in_alphabet);
  for (std::size_t i = 0; i < alphabet.size(); ++i)
    reverse[static_cast<unsigned char>(alphabet[i])] = static_cast<std::int8_t>(i);
  return reverse;
}
constexpr auto reverse_alphabet = make_reverse();

}  // namespace

std::string base64_encode(std::string_view octets) {
  std::string out;
  out.reserve((octets.size() + 2) / 3 * 4);
  std::uint32_t bits = 0;
  int count = 0;
  for (const char c : octets) {
    bits = (bits << 8) | static_cast<unsigned char>(c);
    if (++count == 3) {
      for (int shift = 18; shift >= 0; shift -= 6) out += alphabet[(bits >> shift) & 63];
      bits = 0;
      count = 0;
    }
  }
  if (count == 1) {
    out += {alphabet[(bits >> 2) & 63], alphabet[(bits << 4) & 63], '=', '='};
  } else if (count == 2) {
    out += {alphabet[(bits >> 10) & 63], alphabet[(bits >> 4) & 63], alphabet[(bits << 2) & 63], '='};
  }
  return out;
}

std::string base64url_encode(std::string_view octets) {
  auto out = base64_encode(octets);
  while (out.ends_with('=')) out.pop_back();
  std::ranges::replace(out, '+', '-');
  std::ranges::replace(out, '/', '_');
  return out;
}

std::optional<std::string> base64_decode(std::string_view text, Base64Blanks blanks) {
  std::string out;
  out.reserve(text.size() / 4 * 3);
  std::uint32_t bits = 0;
  int count = 0;
  int padding = 0;
  for (const char c : text) {
    if (blanks == Base64Blanks::ignore && (c == ' ' || c == '\t' || c == '\r' || c == '\n')) continue;
    if (c == '=') {
      if (++padding > 2) return std::nullopt;
      continue;
    }
    const auto value = reverse_alphabet[static_cast<unsigned char>(c)];
    if (value == not_in_alphabet || padding > 0) return std::nullopt;
    bits = (bits << 6) | static_cast<std::uint32_t>(value);
    if (++count == 4) {
      out += {static_cast<char>(bits >> 16), static_cast<char>(bits >> 8), static_cast<char>(bits)};
      bits = 0;
      count = 0;
    }
  }
  if (count == 0) return padding == 0 ? std::optional(out) : std::nullopt;
  if (count + padding != 4) return std::nullopt;
  if (count == 2) {
    if ((bits & 15) != 0) return std::nullopt;
    out += static_cast<char>(bits >> 4);
  } else if (count == 3) {
    if ((bits & 3) != 0) return std::nullopt;
    out += {static_cast<char>(bits >> 10), static_cast<char>(bits >> 2)};
  } else {
    return std::nullopt;
  }
  return out;
}

std::string hex_encode(std::string_view octets) {
  static constexpr char digits[] = "0123456789abcdef";
  std::string out;
  out.reserve(octets.size() * 2);
  for (const char c : octets) {
    const auto octet = static_cast<unsigned char>(c);
    out += digits[octet >> 4];
    out += digits[octet & 15];
  }
  return out;
}

}  // namespace ptarmigan
