// dns/packet.hpp - DNS messages (RFC 1035#4.1) as values: the edge sends and receives the octets.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "dns/record.hpp"

namespace ptarmigan::dns {

/// Response codes that mail cares about (RFC 1035#4.1.1); any other value is possible.
enum class Rcode : std::uint8_t { noerror = 0, formerr = 1, servfail = 2, nxdomain = 3, notimp = 4, refused = 5 };
/// "NOERROR", "SERVFAIL" ... or "RCODE 9".
[[nodiscard]] std::string to_string(Rcode rcode);

/// Records of types outside RecordType are left out.
struct Packet {
  std::uint16_t id = 0;
  Rcode rcode = Rcode::noerror;
  bool response = false;
  bool authoritative = false;
  bool truncated = false;
  bool authenticated = false;  ///< AD, RFC 4035#3.2.3
  DomainName question;
  std::uint16_t question_type = 0;
  std::vector<Record> answers;
  std::vector<Record> authority;
  std::vector<Record> additional;
};

/// A whole message, at most 65535 octets; an error where it is malformed or has not exactly one question.
[[nodiscard]] Result<Packet> parse_packet(std::string_view wire);

enum class Recursion { desired, not_desired };

/// A query with EDNS0 (RFC 6891#6.2.3, 1232 octets) in wire form.
[[nodiscard]] std::string build_query(std::uint16_t id, const DomainName& name, RecordType type, Recursion recursion);

}  // namespace ptarmigan::dns
