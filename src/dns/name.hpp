// dns/name.hpp - DomainName: an absolute domain name as a value (RFC 1035#3.1), compared without case (RFC 4343#3).
// Limits: 63 octets a label, 255 octets on the wire (RFC 1035#2.3.4). Underscores and any other octets are allowed in
// labels, as RFC 2181#11 says; is_hostname() asks for the letters, digits and hyphens of RFC 1123#2.1.
#pragma once

#include <compare>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"

namespace ptarmigan::dns {

inline constexpr std::size_t max_label_octets = 63;
/// Longest text without the final dot: 255 wire octets less the length octet of the first label and the root.
inline constexpr std::size_t max_name_text = 253;

/// Always absolute; kept lower-case (ASCII) without the final dot; "" is the root. The text is presentation form (RFC
/// 1035#5.1): blanks, control and 8-bit octets, quote, backslash and a dot within a label stand as \DDD, and nothing
/// else is escaped, so equal names have equal texts.
class DomainName {
 public:
  /// The root.
  DomainName() = default;

  /// "example.com" or "example.com."; "." is the root. \DDD and \X are decoded; no empty labels, no blanks. U-labels
  /// are refused: see from_unicode().
  static Result<DomainName> parse(std::string_view text);
  /// As parse(), with U-labels turned into A-labels (IDNA2008, RFC 5891). For names given by people and RFC 8616
  /// identities.
  static Result<DomainName> from_unicode(std::string_view text);
  /// Labels as they go on the wire, joined by dots: any octet stands for itself, as in names that SPF macros make (RFC
  /// 7208#7.3). A final dot is allowed.
  static Result<DomainName> from_labels(std::string_view octets);

  /// "example.com"; "." for the root.
  [[nodiscard]] std::string text() const { return text_.empty() ? "." : text_; }
  /// "example.com."
  [[nodiscard]] std::string absolute() const { return text_ + "."; }

  [[nodiscard]] bool is_root() const { return text_.empty(); }
  [[nodiscard]] std::size_t label_count() const;
  /// From the left: "www", "example", "com". Views into *this.
  [[nodiscard]] std::vector<std::string_view> labels() const&;
  std::vector<std::string_view> labels() && = delete;
  /// Without the leftmost label; the root's parent is the root.
  [[nodiscard]] DomainName parent() const;
  /// The rightmost `count` labels; *this where it has fewer.
  [[nodiscard]] DomainName last_labels(std::size_t count) const;
  /// True for the name itself and everything below it.
  [[nodiscard]] bool is_at_or_below(const DomainName& ancestor) const;
  /// `prefix` (one or more labels, "_dmarc") in front of *this; an error where the result is too long or malformed.
  [[nodiscard]] Result<DomainName> prefixed(std::string_view prefix) const;
  /// Letters, digits and inner hyphens in each label, at least two labels, last label not all digits.
  [[nodiscard]] bool is_hostname() const;

  friend auto operator<=>(const DomainName&, const DomainName&) = default;

 private:
  explicit DomainName(std::string text) : text_(std::move(text)) {}
  std::string text_;
};

/// For names that the program itself writes: asserts that `text` is a name.
[[nodiscard]] DomainName name(std::string_view text);

}  // namespace ptarmigan::dns

template <>
struct std::hash<ptarmigan::dns::DomainName> {
  std::size_t operator()(const ptarmigan::dns::DomainName& name) const noexcept {
    return std::hash<std::string>{}(name.text());
  }
};
