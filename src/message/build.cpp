// message/build.cpp - see build.hpp.
#include "message/build.hpp"

#include <algorithm>

#include "base/encoding.hpp"
#include "base/text.hpp"
#include "message/lines.hpp"

namespace ptarmigan::message {
namespace {

constexpr std::string_view word_begin = "=?utf-8?B?";
constexpr std::string_view word_end = "?=";
/// Octets of UTF-8 in one encoded word: 75 less the frame, in base64 (RFC 2047#2).
constexpr std::size_t word_octets = (75 - word_begin.size() - word_end.size()) / 4 * 3;

bool is_field_name(std::string_view name) {
  return !name.empty() &&
         std::ranges::all_of(name, [](char c) { return is_printable_ascii(c) && c != ' ' && c != ':'; });
}

bool is_dot_atom_text(std::string_view text) {
  if (text.empty() || text.front() == '.' || text.back() == '.' || text.contains("..")) return false;
  return std::ranges::all_of(
      text, [](char c) { return is_alnum(c) || std::string_view("!#$%&'*+-/=?^_`{|}~.").contains(c); });
}

/// Appends `value` to `out`, whose last line is `column` octets long; false where a piece without blanks is too long.
bool append_folded(std::string& out, std::size_t column, std::string_view value) {
  while (!value.empty()) {
    // A piece is its leading blanks and the word after them; only a piece with a word may begin a line.
    const auto word = value.find_first_not_of(" \t");
    const auto end =
        word == std::string_view::npos ? value.size() : std::min(value.find_first_of(" \t", word), value.size());
    const auto piece = value.substr(0, end);
    value.remove_prefix(end);
    const bool may_fold = word != 0 && word != std::string_view::npos;
    if (may_fold && column + piece.size() > fold_octets) {
      out += "\r\n";
      column = 0;
    }
    out += piece;
    column += piece.size();
    if (column > max_line_octets) return false;
  }
  return true;
}

std::string display(std::string_view name) {
  const bool plain = std::ranges::all_of(name, is_printable_ascii);
  if (!plain) return encoded_text(name);
  const bool atoms = std::ranges::all_of(
      name, [](char c) { return is_alnum(c) || c == ' ' || std::string_view("!#$%&'*+-/=?^_`{|}~").contains(c); });
  if (atoms && trim(name).size() == name.size() && !name.contains("  ")) return std::string(name);
  std::string out = "\"";
  for (const char c : name) {
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  return out + '"';
}

}  // namespace

Result<std::string> header_field(std::string_view name, std::string_view value) {
  if (!is_field_name(name)) return failure("\"" + printable(name, 80) + "\" is not the name of a header field");
  if (value.find_first_of(std::string_view("\r\n\0", 3)) != std::string_view::npos)
    return failure("The value of " + std::string(name) + " holds a line end or NUL");
  std::string out(name);
  out += ':';
  const auto text = trim(value, " \t");
  if (!text.empty() && !append_folded(out, out.size(), " " + std::string(text)))
    return failure("The value of " + std::string(name) + " cannot be folded to lines of 998 octets");
  return out + "\r\n";
}

Result<std::string> address_list(const std::vector<Mailbox>& mailboxes) {
  std::string out;
  for (const auto& mailbox : mailboxes) {
    const auto address = mailbox.address();
    const auto again = parse_mailbox(address);
    if (!again || again->local_part != mailbox.local_part || again->domain != mailbox.domain)
      return failure("\"" + printable(address, 80) + "\" is not an address");
    if (!out.empty()) out += ", ";
    out += mailbox.display_name.empty() ? address : display(mailbox.display_name) + " <" + address + ">";
  }
  return out;
}

std::string encoded_text(std::string_view utf8) {
  if (std::ranges::all_of(utf8, is_printable_ascii) && !utf8.contains("=?")) return std::string(utf8);
  std::string out;
  while (!utf8.empty()) {
    auto size = std::min(word_octets, utf8.size());
    // Each word holds whole characters (RFC 2047#5): step back over continuation octets.
    const auto whole = [&](std::size_t at) {
      return at == utf8.size() || (static_cast<unsigned char>(utf8[at]) & 0xc0) != 0x80;
    };
    for (auto back = size; back > size - std::min<std::size_t>(size, 3); --back)
      if (whole(back)) {
        size = back;
        break;
      }
    if (!out.empty()) out += ' ';
    out.append(word_begin).append(base64_encode(utf8.substr(0, size))).append(word_end);
    utf8.remove_prefix(size);
  }
  return out;
}

std::string date_field(WallTime time) {
  return "Date: " + rfc5322_date(time) + "\r\n";
}

Result<std::string> message_id_field(std::string_view left, std::string_view right) {
  if (!is_dot_atom_text(left) || !is_dot_atom_text(right))
    return failure("\"" + printable(std::string(left) + "@" + std::string(right), 80) +
                   "\" is not a message identifier");
  return "Message-ID: <" + std::string(left) + "@" + std::string(right) + ">\r\n";
}

}  // namespace ptarmigan::message
