// auth/spf/macro.cpp - see macro.hpp.
#include "auth/spf/macro.hpp"

#include <algorithm>
#include <array>
#include <cassert>
#include <chrono>

#include "base/text.hpp"

namespace ptarmigan::spf {
namespace {

constexpr std::string_view delimiters = ".-+,/_=";
constexpr std::string_view letters = "slodiphvcrt";
constexpr std::string_view explanation_letters = "crt";
/// RFC 7208#7.3: implementations must support at least 128 labels; a larger count keeps everything, as 128 does.
constexpr unsigned max_parts = 1'000'000;

/// One macro-expand or a run of literal text.
struct Piece {
  enum class Kind { literal, percent, space, encoded_space, macro } kind = Kind::literal;
  std::string_view literal = {};
  char letter = 0;  ///< lower-case
  bool escape = false;
  bool reverse = false;
  unsigned parts = 0;  ///< how many right-hand parts to keep; 0: all
  std::string_view split_at = {};
};

/// The piece at the front of `text`, which is not empty, and cuts it off; an error says what is wrong.
ptarmigan::Result<Piece> next_piece(std::string_view& text) {
  if (text.front() != '%') {
    const auto literal = text.substr(0, text.find('%'));
    text.remove_prefix(literal.size());
    return Piece{.literal = literal};
  }
  if (text.size() < 2) return failure("'%' at the end is no macro", "a percent sign is written %%");
  const char kind = text[1];
  if (kind != '{') {
    text.remove_prefix(2);
    if (kind == '%') return Piece{.kind = Piece::Kind::percent};
    if (kind == '_') return Piece{.kind = Piece::Kind::space};
    if (kind == '-') return Piece{.kind = Piece::Kind::encoded_space};
    return failure("'%' is followed by '" + printable({&kind, 1}) + "'", "a percent sign is written %%");
  }
  const auto close = text.find('}');
  if (close == std::string_view::npos || close < 3) return failure("a macro is %{letter...}");
  std::string_view body = text.substr(2, close - 2);
  text.remove_prefix(close + 1);

  Piece piece{.kind = Piece::Kind::macro};
  piece.letter = ascii_lower(body.front());
  piece.escape = piece.letter != body.front();
  if (letters.find(piece.letter) == std::string_view::npos)
    return failure("there is no macro letter '" + printable(body.substr(0, 1)) + "'");
  body.remove_prefix(1);
  const auto digits = body.substr(0, std::min(body.find_first_not_of("0123456789"), body.size()));
  if (!digits.empty()) {
    piece.parts = std::min(parse_number<unsigned>(digits).value_or(max_parts), max_parts);
    if (piece.parts == 0) return failure("the number of parts in a macro is 0");
    body.remove_prefix(digits.size());
  }
  if (body.starts_with('r') || body.starts_with('R')) {
    piece.reverse = true;
    body.remove_prefix(1);
  }
  if (body.find_first_not_of(delimiters) != std::string_view::npos)
    return failure("after a macro letter only digits, r and the delimiters " + std::string(delimiters) + " may stand");
  piece.split_at = body;
  return piece;
}

enum class Blanks { refuse, allow };

/// The last piece of good `text`, or nothing for empty text.
ptarmigan::Result<std::optional<Piece>> check_pieces(std::string_view text, Blanks blanks,
                                                     std::string_view forbidden_letters) {
  std::optional<Piece> last;
  while (!text.empty()) {
    auto piece = next_piece(text);
    if (!piece) return std::unexpected(piece.error());
    const bool visible = std::ranges::all_of(
        piece->literal, [&](char c) { return is_printable_ascii(c) && (c != ' ' || blanks == Blanks::allow); });
    if (!visible) return failure("it holds a character that is not visible ASCII");
    if (piece->kind == Piece::Kind::macro && forbidden_letters.find(piece->letter) != std::string_view::npos)
      return failure(std::string("the macro letter '") + piece->letter + "' may stand only in explanation text");
    last = *piece;
  }
  return last;
}

/// RFC 7208#7.1: letters and digits with at least one letter, or with inner hyphens.
bool is_toplabel(std::string_view label) {
  return !label.empty() && label.front() != '-' && label.back() != '-' &&
         std::ranges::all_of(label, [](char c) { return is_alnum(c) || c == '-'; }) &&
         !std::ranges::all_of(label, is_digit);
}

void append_nibbles(std::string& out, const IpAddress& address) {
  static constexpr std::string_view digits = "0123456789ABCDEF";
  for (const auto octet : address.octets()) {
    if (!out.empty()) out += '.';
    out += digits[octet >> 4];
    out += '.';
    out += digits[octet & 15];
  }
}

std::string value_of(char letter, const MacroValues& values) {
  switch (letter) {
    case 's': return std::string(values.local_part) + "@" + std::string(values.sender_domain);
    case 'l': return std::string(values.local_part);
    case 'o': return std::string(values.sender_domain);
    case 'd': return std::string(values.domain);
    case 'p': return std::string(values.validated);
    case 'h': return std::string(values.helo);
    case 'c': return values.client.text();
    case 'r': return std::string(values.receiver);
    case 'v': return values.client.is_v4() ? "in-addr" : "ip6";
    case 't': {
      const auto now = values.now.value_or(WallTime{}).time_since_epoch();
      return std::to_string(std::chrono::duration_cast<seconds>(now).count());
    }
    case 'i': {
      if (values.client.is_v4()) return values.client.text();
      std::string nibbles;
      append_nibbles(nibbles, values.client);
      return nibbles;
    }
    default: return {};
  }
}

/// Splits, reverses, keeps the right-hand parts, joins with dots (RFC 7208#7.3).
std::string transform(const std::string& value, const Piece& piece) {
  const bool plain = piece.split_at.empty() || piece.split_at == ".";
  if (plain && !piece.reverse && piece.parts == 0) return value;
  const std::string_view split_at = piece.split_at.empty() ? "." : piece.split_at;
  std::vector<std::string_view> parts;
  for (std::string_view rest = value;;) {
    const auto end = rest.find_first_of(split_at);
    parts.push_back(rest.substr(0, end));
    if (end == std::string_view::npos) break;
    rest.remove_prefix(end + 1);
  }
  if (piece.reverse) std::ranges::reverse(parts);
  const auto keep = piece.parts == 0 ? parts.size() : std::min<std::size_t>(piece.parts, parts.size());
  std::string out;
  for (auto at = parts.size() - keep; at < parts.size(); ++at) {
    if (at > parts.size() - keep) out += '.';
    out += parts[at];
  }
  return out;
}

/// RFC 3986#2.3: everything outside the unreserved set.
void append_escaped(std::string& out, std::string_view value) {
  static constexpr std::string_view digits = "0123456789ABCDEF";
  for (const char c : value) {
    if (is_alnum(c) || c == '-' || c == '.' || c == '_' || c == '~') {
      out += c;
    } else {
      const auto octet = static_cast<unsigned char>(c);
      out += {'%', digits[octet >> 4], digits[octet & 15]};
    }
  }
}

}  // namespace

ptarmigan::Result<> check_macro_string(std::string_view text) {
  auto pieces = check_pieces(text, Blanks::refuse, "");
  if (!pieces) return std::unexpected(std::move(pieces.error()));
  return {};
}

ptarmigan::Result<> check_explanation(std::string_view text) {
  auto pieces = check_pieces(text, Blanks::allow, "");
  if (!pieces) return std::unexpected(std::move(pieces.error()));
  return {};
}

ptarmigan::Result<> check_domain_spec(std::string_view text) {
  if (text.empty()) return failure("the domain is empty");
  auto last = check_pieces(text, Blanks::refuse, explanation_letters);
  if (!last) return std::unexpected(std::move(last.error()));
  if ((*last)->kind != Piece::Kind::literal) return {};
  std::string_view literal = (*last)->literal;
  if (literal.ends_with('.')) literal.remove_suffix(1);
  const auto dot = literal.rfind('.');
  if (dot == std::string_view::npos)
    return failure("the domain has only one label", "write the whole domain name, as in example.com");
  if (!is_toplabel(literal.substr(dot + 1)))
    return failure("'" + std::string(literal.substr(dot + 1)) + "' is not a top-level domain");
  return {};
}

bool uses_macro(std::string_view text, char letter) {
  for (auto at = text.find('%'); at != std::string_view::npos && at + 2 < text.size(); at = text.find('%', at + 2))
    if (text[at + 1] == '{' && ascii_lower(text[at + 2]) == letter) return true;
  return false;
}

bool uses_local_part(std::string_view text) {
  return uses_macro(text, 'l') || uses_macro(text, 's');
}

std::string expand(std::string_view text, const MacroValues& values) {
  std::string out;
  out.reserve(text.size() + 64);
  while (!text.empty()) {
    const auto piece = next_piece(text);
    assert(piece && "the syntax was checked when the record was parsed");
    if (!piece) return {};
    switch (piece->kind) {
      case Piece::Kind::literal: out += piece->literal; break;
      case Piece::Kind::percent: out += '%'; break;
      case Piece::Kind::space: out += ' '; break;
      case Piece::Kind::encoded_space: out += "%20"; break;
      case Piece::Kind::macro: {
        const auto value = transform(value_of(piece->letter, values), *piece);
        if (piece->escape) {
          append_escaped(out, value);
        } else {
          out += value;
        }
        break;
      }
    }
  }
  return out;
}

ptarmigan::Result<dns::DomainName> target_name(std::string_view expanded) {
  if (expanded.ends_with('.')) expanded.remove_suffix(1);
  while (expanded.size() > dns::max_name_text) {
    const auto dot = expanded.find('.');
    if (dot == std::string_view::npos) break;
    expanded.remove_prefix(dot + 1);
  }
  return dns::DomainName::from_labels(expanded);
}

}  // namespace ptarmigan::spf
