// auth/spf/record.hpp - an SPF record as a value (RFC 7208#4.5, RFC 7208#4.6.1, RFC 7208#12).
// A syntax error anywhere in a record is found here, before anything is evaluated (RFC 7208#4.6). Terms are separated
// by SP only; non-ASCII and control octets are syntax errors. Threads: free functions on values.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/ip_address.hpp"
#include "base/result.hpp"

namespace ptarmigan::spf {

/// RFC 7208#4.6.2; the value is the character in the record.
enum class Qualifier : char { pass = '+', fail = '-', softfail = '~', neutral = '?' };

enum class MechanismType : std::uint8_t { all, include, a, mx, ptr, ip4, ip6, exists };
/// "include"
[[nodiscard]] std::string_view to_string(MechanismType type);

struct Mechanism {
  Qualifier qualifier = Qualifier::pass;
  MechanismType type = MechanismType::all;
  /// Macros not expanded, syntax checked; empty where the record has none.
  std::string_view domain_spec = {};
  /// Of ip4 and ip6, as written: host bits may be set.
  IpAddress network = {};
  /// CIDR lengths of a, mx (both) and ip4 or ip6 (its own).
  std::uint8_t prefix_v4 = 32;
  std::uint8_t prefix_v6 = 128;
  /// The whole term as published: "~include:_spf.example.com".
  std::string_view text = {};

  /// True where evaluating this term counts against the limit of RFC 7208#4.6.4.
  [[nodiscard]] bool asks_dns() const;
};

struct Modifier {
  std::string_view name;
  std::string_view value;
};

/// True where `text`, one joined TXT record, has the version section of an SPF record (RFC 7208#4.5).
[[nodiscard]] bool is_record(std::string_view text);

/// Holds views: the text that it was parsed from must outlive it.
struct Record {
  std::vector<Mechanism> mechanisms;
  /// Domain-specs, syntax checked (RFC 7208#6.1, RFC 7208#6.2).
  std::optional<std::string_view> redirect;
  std::optional<std::string_view> exp;
  /// Ignored by evaluation (RFC 7208#6).
  std::vector<Modifier> unknown_modifiers;

  /// `text` is one joined TXT record for which is_record() holds. An error names the term and what is wrong with it.
  static ptarmigan::Result<Record> parse(std::string_view text);
  static ptarmigan::Result<Record> parse(std::string&&) = delete;
};

}  // namespace ptarmigan::spf
