// dns/name.cpp - see name.hpp.
#include "dns/name.hpp"

#include <algorithm>
#include <cassert>

#include <idn2.h>

#include "base/text.hpp"

namespace ptarmigan::dns {

Result<DomainName> DomainName::parse(std::string_view text) {
  const auto wrong = [&](std::string why) {
    return failure("'" + printable(text, 80) + "' is not a domain name: " + std::move(why));
  };
  if (text == ".") return DomainName();
  if (text.empty()) return wrong("it is empty");
  std::string_view body = text;
  if (body.ends_with('.')) body.remove_suffix(1);
  if (body.size() > max_name_text) return wrong("it is longer than 253 characters");
  for (const auto label : split(body, '.')) {
    if (label.empty()) return wrong("a label is empty");
    if (label.size() > max_label_octets) return wrong("a label is longer than 63 characters");
    if (!std::ranges::all_of(label, [](char c) { return c > 0x20 && c < 0x7f && c != '\\' && c != '"'; }))
      return wrong("a label holds a character that a name cannot have");
  }
  return DomainName(to_lower(body));
}

Result<DomainName> DomainName::from_unicode(std::string_view text) {
  const bool ascii = std::ranges::all_of(text, [](char c) { return (static_cast<unsigned char>(c) & 0x80) == 0; });
  if (ascii) return parse(text);
  // 4 octets for each character of the longest name; libidn2 reads up to the NUL that std::string adds.
  if (text.size() > 4 * max_name_text || text.find('\0') != std::string_view::npos)
    return failure("the domain name is too long or holds NUL");
  const std::string terminated(text);
  char* converted = nullptr;
  const int code = idn2_to_ascii_8z(terminated.c_str(), &converted, IDN2_NONTRANSITIONAL | IDN2_NFC_INPUT);
  if (code != IDN2_OK)
    return failure("'" + printable(text, 80) + "' is not an internationalised domain name: " + idn2_strerror(code));
  const std::string a_labels(converted);
  idn2_free(converted);
  return parse(a_labels);
}

std::size_t DomainName::label_count() const {
  return text_.empty() ? 0 : static_cast<std::size_t>(std::ranges::count(text_, '.')) + 1;
}

std::vector<std::string_view> DomainName::labels() const& {
  return text_.empty() ? std::vector<std::string_view>{} : split(text_, '.');
}

DomainName DomainName::parent() const {
  const auto dot = text_.find('.');
  return dot == std::string::npos ? DomainName() : DomainName(text_.substr(dot + 1));
}

DomainName DomainName::last_labels(std::size_t count) const {
  std::size_t at = text_.size();
  for (; count > 0 && at != 0; --count) {
    const auto dot = at == 0 ? std::string::npos : text_.rfind('.', at - 1);
    if (dot == std::string::npos) return *this;
    at = dot;
  }
  if (at == text_.size()) return DomainName();
  return at == 0 ? *this : DomainName(text_.substr(at + 1));
}

bool DomainName::is_at_or_below(const DomainName& ancestor) const {
  if (ancestor.is_root()) return true;
  if (!text_.ends_with(ancestor.text_)) return false;
  return text_.size() == ancestor.text_.size() || text_[text_.size() - ancestor.text_.size() - 1] == '.';
}

Result<DomainName> DomainName::prefixed(std::string_view prefix) const {
  return is_root() ? parse(prefix) : parse(std::string(prefix) + "." + text_);
}

bool DomainName::is_hostname() const {
  const auto all = labels();
  if (all.size() < 2) return false;
  const bool letters_digits_hyphens = std::ranges::all_of(all, [](std::string_view label) {
    return std::ranges::all_of(label, [](char c) { return is_alnum(c) || c == '-'; }) && label.front() != '-' &&
           label.back() != '-';
  });
  return letters_digits_hyphens && !std::ranges::all_of(all.back(), is_digit);
}

DomainName name(std::string_view text) {
  auto parsed = DomainName::parse(text);
  assert(parsed && "a name written in the program is well-formed");
  return *std::move(parsed);
}

}  // namespace ptarmigan::dns
