// smtp/path.cpp - see path.hpp.
#include "smtp/path.hpp"

#include <algorithm>

#include "base/text.hpp"

namespace ptarmigan::smtp {
namespace {

constexpr std::string_view atext_marks = "!#$%&'*+-/=?^_`{|}~";

bool is_high(char c) {
  return static_cast<unsigned char>(c) >= 0x80;
}
bool is_atext(char c) {
  return is_alnum(c) || is_high(c) || atext_marks.contains(c);
}

/// Dot-string of RFC 5321#4.1.2.
bool is_dot_string(std::string_view text) {
  return std::ranges::all_of(
      split(text, '.'), [](std::string_view atom) { return !atom.empty() && std::ranges::all_of(atom, is_atext); });
}

/// Length of the quoted string that `text` begins with, quotes included; nothing where it does not end.
std::optional<std::size_t> quoted_length(std::string_view text) {
  for (std::size_t i = 1; i < text.size(); ++i) {
    if (text[i] == '"') return i + 1;
    if (text[i] == '\\') ++i;
  }
  return std::nullopt;
}

/// The content of a Quoted-string without its quotes and backslashes.
std::optional<std::string> unquote(std::string_view inner) {
  std::string out;
  for (std::size_t i = 0; i < inner.size(); ++i) {
    if (inner[i] == '\\' && ++i == inner.size()) return std::nullopt;
    if (!is_printable_ascii(inner[i]) && !is_high(inner[i])) return std::nullopt;
    out += inner[i];
  }
  return out;
}

Result<std::string> parse_local_part(std::string_view text) {
  if (text.empty()) return failure("there is nothing before the '@'");
  if (text.size() > max_local_part)
    return failure("the part before the '@' has more than " + std::to_string(max_local_part) + " octets");
  if (text.front() == '"') {
    const auto inner = text.size() >= 2 ? unquote(text.substr(1, text.size() - 2)) : std::nullopt;
    if (!inner || inner->empty()) return failure("the quoted part before the '@' is malformed");
    return *inner;
  }
  if (!is_dot_string(text))
    return failure("the part before the '@' has a character that must be quoted: " + printable(text, 80));
  return std::string(text);
}

Result<std::string> parse_domain(std::string_view text, Utf8 utf8) {
  if (text.empty()) return failure("there is no domain behind the '@'");
  if (text.front() == '[') {
    const auto address = parse_literal(text);
    if (!address) return failure("the address literal is malformed: " + printable(text, 80));
    return address->literal();
  }
  if (!is_domain(text, utf8)) return failure("the domain is malformed: " + printable(text, 80));
  return to_lower(text);
}

Result<void> check_octets(std::string_view text, Utf8 utf8) {
  if (is_ascii(text)) return {};
  if (utf8 == Utf8::refuse)
    return failure("the address is not ASCII", "use SMTPUTF8, or the A-label form of the domain");
  if (!is_utf8(text)) return failure("the address is not well-formed UTF-8");
  return {};
}

/// Behind a source route ("@a,@b:"), which is checked and dropped.
Result<std::string_view> without_route(std::string_view text, Utf8 utf8) {
  if (!text.starts_with('@')) return text;
  const auto colon = text.find(':');
  if (colon == std::string_view::npos) return failure("the source route has no ':'");
  for (const auto hop : split(text.substr(0, colon), ','))
    if (!hop.starts_with('@') || !is_domain(hop.substr(1), utf8)) return failure("the source route is malformed");
  return text.substr(colon + 1);
}

/// The inside of "<...>", without a source route.
Result<std::string_view> inside(std::string_view text, Utf8 utf8) {
  if (text.size() > max_path) return failure("the path has more than " + std::to_string(max_path) + " octets");
  if (path_length(text) != text.size())
    return failure("the address does not stand between '<' and '>'", "write it as <user@example.com>");
  if (auto octets = check_octets(text, utf8); !octets) return std::unexpected(octets.error());
  return without_route(text.substr(1, text.size() - 2), utf8);
}

std::string quoted(std::string_view local_part) {
  std::string out = "\"";
  for (const char c : local_part) {
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  return out + '"';
}

std::string local_text(std::string_view local_part) {
  return is_dot_string(local_part) ? std::string(local_part) : quoted(local_part);
}

}  // namespace

bool is_ascii(std::string_view text) {
  return std::ranges::none_of(text, is_high);
}

bool is_utf8(std::string_view text) {
  for (std::size_t i = 0; i < text.size();) {
    const auto first = static_cast<unsigned char>(text[i]);
    const std::size_t length = first < 0x80   ? 1
                               : first < 0xc2 ? 0
                               : first < 0xe0 ? 2
                               : first < 0xf0 ? 3
                               : first < 0xf5 ? 4
                                              : 0;
    if (length == 0 || length > text.size() - i) return false;
    for (std::size_t k = 1; k < length; ++k)
      if ((static_cast<unsigned char>(text[i + k]) & 0xc0U) != 0x80) return false;
    const auto second = length > 1 ? static_cast<unsigned char>(text[i + 1]) : 0U;
    if ((first == 0xe0 && second < 0xa0) || (first == 0xed && second > 0x9f) || (first == 0xf0 && second < 0x90) ||
        (first == 0xf4 && second > 0x8f))
      return false;
    i += length;
  }
  return true;
}

bool is_domain(std::string_view text, Utf8 utf8) {
  if (text.empty() || text.size() > max_domain) return false;
  if (!is_ascii(text) && (utf8 == Utf8::refuse || !is_utf8(text))) return false;
  return std::ranges::all_of(split(text, '.'), [](std::string_view label) {
    return !label.empty() && label.size() <= max_label && label.front() != '-' && label.back() != '-' &&
           std::ranges::all_of(label, [](char c) { return is_alnum(c) || c == '-' || is_high(c); });
  });
}

std::optional<IpAddress> parse_literal(std::string_view text) {
  if (text.size() < 2 || text.front() != '[' || text.back() != ']') return std::nullopt;
  auto inner = text.substr(1, text.size() - 2);
  const bool tagged = istarts_with(inner, "IPv6:");
  if (tagged) inner.remove_prefix(5);
  const auto address = IpAddress::parse(inner);
  if (!address || address->is_v6() != tagged) return std::nullopt;
  return *address;
}

std::optional<std::size_t> path_length(std::string_view text) {
  if (!text.starts_with('<')) return std::nullopt;
  for (std::size_t i = 1; i < text.size(); ++i) {
    if (text[i] == '>') return i + 1;
    if (text[i] == '"') {
      const auto quoted = quoted_length(text.substr(i));
      if (!quoted) return std::nullopt;
      i += *quoted - 1;
    }
  }
  return std::nullopt;
}

Result<Mailbox> Mailbox::parse(std::string_view text, Utf8 utf8) {
  if (auto octets = check_octets(text, utf8); !octets) return std::unexpected(octets.error());
  std::size_t at = text.find('@');
  if (text.starts_with('"')) {
    const auto length = quoted_length(text);
    if (!length) return failure("the quoted part before the '@' does not end");
    at = *length < text.size() && text[*length] == '@' ? *length : std::string_view::npos;
  }
  if (at == std::string_view::npos) return failure("the address has no '@'", "write it as user@example.com");
  auto local_part = parse_local_part(text.substr(0, at));
  if (!local_part) return std::unexpected(local_part.error());
  auto domain = parse_domain(text.substr(at + 1), utf8);
  if (!domain) return std::unexpected(domain.error());
  return Mailbox{std::move(*local_part), std::move(*domain)};
}

std::string Mailbox::text() const {
  return domain.empty() ? local_text(local_part) : local_text(local_part) + '@' + domain;
}

bool Mailbox::is_ascii() const {
  return smtp::is_ascii(local_part) && smtp::is_ascii(domain);
}

std::optional<IpAddress> Mailbox::literal() const {
  return parse_literal(domain);
}

Result<ReversePath> ReversePath::parse(std::string_view text, Utf8 utf8) {
  if (text == "<>") return ReversePath{};
  const auto address = inside(text, utf8);
  if (!address) return std::unexpected(address.error());
  auto mailbox = Mailbox::parse(*address, utf8);
  if (!mailbox) return std::unexpected(mailbox.error());
  return ReversePath{std::move(*mailbox)};
}

std::string ReversePath::text() const {
  return mailbox ? '<' + mailbox->text() + '>' : "<>";
}

Result<ForwardPath> ForwardPath::parse(std::string_view text, Utf8 utf8) {
  const auto address = inside(text, utf8);
  if (!address) return std::unexpected(address.error());
  if (iequals(*address, "postmaster")) return ForwardPath{{std::string(*address), {}}};
  auto mailbox = Mailbox::parse(*address, utf8);
  if (!mailbox) return std::unexpected(mailbox.error());
  return ForwardPath{std::move(*mailbox)};
}

std::string ForwardPath::text() const {
  return '<' + mailbox.text() + '>';
}

}  // namespace ptarmigan::smtp
