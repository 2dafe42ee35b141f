// reports/encode.cpp - see encode.hpp.
#include "reports/encode.hpp"

#include <algorithm>
#include <cstdint>
#include <optional>
#include <utility>

#include "base/text.hpp"

namespace ptarmigan::reports {
namespace {

constexpr std::size_t fold_at = 76;
constexpr std::size_t quoted_line = 76;
constexpr std::string_view hex = "0123456789ABCDEF";

struct CodePoint {
  std::uint32_t value;
  std::size_t size;
};

/// The code point that `text` begins with; nothing where it is not valid UTF-8 (RFC 3629#4).
std::optional<CodePoint> next_code_point(std::string_view text) {
  const auto octet = [&](std::size_t at) { return static_cast<std::uint32_t>(static_cast<unsigned char>(text[at])); };
  const std::uint32_t first = octet(0);
  if (first < 0x80) return CodePoint{first, 1};
  const std::size_t size = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
  if (first < 0xc2 || first > 0xf4 || text.size() < size) return std::nullopt;
  std::uint32_t value = first & (0x7fU >> size);
  for (std::size_t at = 1; at < size; ++at) {
    if ((octet(at) & 0xc0) != 0x80) return std::nullopt;
    value = value << 6 | (octet(at) & 0x3f);
  }
  constexpr std::uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
  const bool surrogate = value >= 0xd800 && value < 0xe000;
  if (value < least[size] || surrogate || value > 0x10ffff) return std::nullopt;
  return CodePoint{value, size};
}

void append_escaped(std::string& out, char octet) {
  const auto value = static_cast<unsigned char>(octet);
  out += {'\\', 'x', hex[value >> 4], hex[value & 15]};
}

std::string ascii_line(std::string_view text) {
  std::string out;
  for (const char octet : text) {
    if (is_printable_ascii(octet))
      out += octet;
    else if (octet == '\r' || octet == '\n' || octet == '\t')
      out += ' ';
    else
      append_escaped(out, octet);
  }
  return out;
}

/// Breaks at blanks near 76 characters; a word that no line can hold is cut. Every line after the first begins with a
/// blank, and none is blank throughout.
std::string folded(std::string_view name, std::string_view value) {
  std::string out(name);
  out += ':';
  std::size_t column = out.size();
  for (std::string_view word : split(value, ' ')) {
    if (word.empty()) continue;
    do {
      std::size_t size = std::min(word.size(), max_line / 2);
      while (size < word.size() && size > 1 && (static_cast<unsigned char>(word[size]) & 0xc0) == 0x80) --size;
      const std::string_view piece = word.substr(0, size);
      const bool first = column == name.size() + 1;
      if (!first && column + 1 + piece.size() > fold_at) {
        out += "\r\n";
        column = 0;
      }
      out += ' ';
      out += piece;
      column += 1 + piece.size();
      word.remove_prefix(size);
    } while (!word.empty());
  }
  return out + "\r\n";
}

}  // namespace

std::string field(std::string_view name, std::string_view value) {
  return folded(name, ascii_line(value.substr(0, max_field_value)));
}

std::string utf8_field(std::string_view name, std::string_view value) {
  return folded(name, one_line(value.substr(0, max_field_value)));
}

std::string one_line(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const auto point = next_code_point(text);
    if (!point) {
      append_escaped(out, text.front());
      text.remove_prefix(1);
      continue;
    }
    const bool control = point->value < 0x20 || (point->value >= 0x7f && point->value < 0xa0);
    if (control)
      out += ' ';
    else
      out += text.substr(0, point->size);
    text.remove_prefix(point->size);
  }
  return out;
}

bool is_ascii(std::string_view text) {
  return std::ranges::all_of(text, [](char octet) { return static_cast<unsigned char>(octet) < 0x80; });
}

bool is_wire_text(std::string_view text) {
  if (text.contains('\0')) return false;
  while (!text.empty()) {
    const std::size_t end = text.find("\r\n");
    if (end > max_line) return false;  // npos too
    if (text.substr(0, end).find_first_of("\r\n") != std::string_view::npos) return false;
    text.remove_prefix(end + 2);
  }
  return true;
}

std::string quoted_printable(std::string_view text) {
  std::string out;
  std::size_t column = 0;
  while (!text.empty()) {
    if (text.starts_with("\r\n")) {
      out += "\r\n";
      column = 0;
      text.remove_prefix(2);
      continue;
    }
    const char octet = text.front();
    const bool at_end = text.size() == 1 || text.substr(1).starts_with("\r\n");
    const bool plain =
        (is_printable_ascii(octet) && octet != '=' && !(octet == ' ' && at_end)) || (octet == '\t' && !at_end);
    const std::size_t size = plain ? 1 : 3;
    if (column + size > quoted_line - 1) {
      out += "=\r\n";
      column = 0;
    }
    if (plain) {
      out += octet;
    } else {
      const auto value = static_cast<unsigned char>(octet);
      out += {'=', hex[value >> 4], hex[value & 15]};
    }
    column += size;
    text.remove_prefix(1);
  }
  return out;
}

std::string decode_xtext(std::string_view text) {
  std::string out;
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (text[at] != '+') {
      out += text[at];
      continue;
    }
    const auto value = parse_number<unsigned>(text.substr(std::min(at + 1, text.size()), 2), 16);
    if (!value || at + 2 >= text.size()) return std::string(text);
    out += static_cast<char>(*value);
    at += 2;
  }
  return out;
}

std::string typed_address(std::string_view address) {
  if (is_ascii(address)) return "rfc822; " + std::string(address);
  std::string out = "utf-8; ";
  const std::string printable = one_line(address);
  for (std::string_view rest = printable; !rest.empty();) {
    const auto point = next_code_point(rest).value_or(CodePoint{.value = '?', .size = 1});
    // QUCHAR of RFC 6533#3 is printable ASCII but "+", "=" and backslash.
    const bool plain = point.value < 0x80 && !std::string_view("+=\\ ").contains(static_cast<char>(point.value));
    if (plain) {
      out += static_cast<char>(point.value);
    } else {
      std::string digits;
      for (std::uint32_t value = point.value; value != 0 || digits.size() < 2; value >>= 4)
        digits.insert(digits.begin(), hex[value & 15]);
      out += "\\x{" + digits + "}";
    }
    rest.remove_prefix(point.size);
  }
  return out;
}

}  // namespace ptarmigan::reports
