// dns/record.hpp - record types and their data as values, as far as mail needs them (RFC 1035#3.3, RFC 3596#2.1, RFC
// 6698#2.1).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/ip_address.hpp"
#include "dns/name.hpp"

namespace ptarmigan::dns {

/// Values are the wire's own.
enum class RecordType : std::uint16_t {
  a = 1,
  ns = 2,
  cname = 5,
  soa = 6,
  ptr = 12,
  mx = 15,
  txt = 16,
  aaaa = 28,
  tlsa = 52,
  spf = 99
};

/// "AAAA"
[[nodiscard]] std::string_view to_string(RecordType type);
/// Ignores case; nothing for a type that is not in the enumeration.
[[nodiscard]] std::optional<RecordType> parse_record_type(std::string_view text);

struct Mx {
  std::uint16_t preference = 0;
  DomainName exchange;  ///< the root for a null MX (RFC 7505#3)
  friend auto operator<=>(const Mx&, const Mx&) = default;
};
/// The character-strings as published; most readers want joined() (RFC 7208#3.3, RFC 6376#3.6.2.2).
struct Txt {
  std::vector<std::string> strings;
  [[nodiscard]] std::string joined() const;
  friend auto operator<=>(const Txt&, const Txt&) = default;
};
struct Soa {
  DomainName primary;
  DomainName mailbox;
  std::uint32_t serial = 0;
  std::uint32_t refresh = 0;
  std::uint32_t retry = 0;
  std::uint32_t expire = 0;
  std::uint32_t minimum = 0;  ///< seconds; bounds negative caching (RFC 2308#4)
  friend auto operator<=>(const Soa&, const Soa&) = default;
};
struct Tlsa {
  std::uint8_t usage = 0;
  std::uint8_t selector = 0;
  std::uint8_t matching_type = 0;
  std::string association;  ///< raw octets
  friend auto operator<=>(const Tlsa&, const Tlsa&) = default;
};
struct Target {  ///< of CNAME, NS and PTR
  DomainName name;
  friend auto operator<=>(const Target&, const Target&) = default;
};

using Data = std::variant<IpAddress, Target, Mx, Txt, Soa, Tlsa>;

struct Record {
  DomainName owner;
  RecordType type = RecordType::a;
  std::uint32_t ttl = 0;  ///< seconds
  Data data;
  friend auto operator<=>(const Record&, const Record&) = default;
};

/// The data of a record in zone-file form: "10 mx.example.com." or "\"v=spf1 -all\"", strings cut at 255 octets.
[[nodiscard]] std::string data_text(const Data& data);
/// One zone-file line, absolute names, no line end: "example.com. 300 IN MX 10 mx.example.com.".
[[nodiscard]] std::string zone_line(const Record& record);
/// A TXT record whose text is cut into character-strings of at most 255 octets (RFC 1035#3.3.14).
[[nodiscard]] Txt txt_of(std::string_view text);

}  // namespace ptarmigan::dns
