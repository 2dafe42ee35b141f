// dns/name.cpp - see name.hpp.
#include "dns/name.hpp"

#include <algorithm>
#include <cassert>
#include <cstdint>
#include <optional>

#include <idn2.h>

#include "base/text.hpp"

namespace ptarmigan::dns {

namespace {

/// What a label's octet means in zone text unless it is escaped (RFC 1035#5.1).
constexpr std::string_view special_in_zone_text = ".\"\\;()";

/// A name's presentation text, built octet by octet within the limits of RFC 1035#2.3.4.
class NameText {
 public:
  explicit NameText(std::size_t expected_size) { text_.reserve(expected_size); }

  /// False where the octet does not fit: see problem().
  bool add(char octet) {
    if (++label_octets_ > max_label_octets) return fail("a label is longer than 63 characters");
    if (++octets_ > max_name_text) return fail("it is longer than 253 characters");
    const auto value = static_cast<unsigned char>(octet);
    const bool origin_sign = octet == '@' && text_.empty();
    if (value > 0x20 && value < 0x7f && !special_in_zone_text.contains(octet) && !origin_sign) {
      text_ += ascii_lower(octet);
    } else {
      text_ += {'\\', static_cast<char>('0' + value / 100), static_cast<char>('0' + value / 10 % 10),
                static_cast<char>('0' + value % 10)};
    }
    return true;
  }
  bool end_label() {
    if (label_octets_ == 0) return fail("a label is empty");
    label_octets_ = 0;
    if (++octets_ > max_name_text + 1) return fail("it is longer than 253 characters");
    text_ += '.';
    return true;
  }
  /// After the last octet; a final dot is dropped.
  bool end() {
    if (text_.empty()) return fail("it is empty");
    if (label_octets_ == 0) {
      text_.pop_back();
      --octets_;
    }
    return octets_ <= max_name_text || fail("it is longer than 253 characters");
  }
  bool fail(std::string_view problem) {
    problem_ = problem;
    return false;
  }
  [[nodiscard]] std::string_view problem() const { return problem_; }
  [[nodiscard]] std::string take() { return std::move(text_); }

 private:
  std::string text_;
  std::size_t label_octets_ = 0;
  std::size_t octets_ = 0;
  std::string_view problem_;
};

std::unexpected<Error> not_a_name(std::string_view text, std::string_view why) {
  return failure("'" + printable(text, 80) + "' is not a domain name: " + std::string(why));
}

/// The octet that the escape after text[at] == '\\' stands for, and moves `at` to its last character (RFC 1035#5.1).
std::optional<char> unescape(std::string_view text, std::size_t& at) {
  if (at + 1 >= text.size()) return std::nullopt;
  if (!is_digit(text[at + 1])) return text[++at];
  if (text.size() - at < 4) return std::nullopt;
  const auto value = parse_number<std::uint8_t>(text.substr(at + 1, 3));
  if (!value) return std::nullopt;
  at += 3;
  return static_cast<char>(*value);
}

bool may_stand_plain(char c) {
  return c > 0x20 && c < 0x7f && c != '"';
}

}  // namespace

Result<DomainName> DomainName::parse(std::string_view text) {
  if (text == ".") return DomainName();
  NameText name(text.size());
  bool good = true;
  for (std::size_t at = 0; good && at < text.size(); ++at) {
    if (text[at] == '.') {
      good = name.end_label();
    } else if (text[at] == '\\') {
      const auto octet = unescape(text, at);
      good = octet ? name.add(*octet) : name.fail("an escape is not \\DDD");
    } else {
      good = may_stand_plain(text[at]) ? name.add(text[at])
                                       : name.fail("a label holds a character that a name cannot have");
    }
  }
  if (!good || !name.end()) return not_a_name(text, name.problem());
  return DomainName(name.take());
}

Result<DomainName> DomainName::from_labels(std::string_view octets) {
  NameText name(octets.size());
  bool good = true;
  for (std::size_t at = 0; good && at < octets.size(); ++at)
    good = octets[at] == '.' ? name.end_label() : name.add(octets[at]);
  if (!good || !name.end()) return not_a_name(octets, name.problem());
  return DomainName(name.take());
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
