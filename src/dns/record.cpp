// dns/record.cpp - see record.hpp.
#include "dns/record.hpp"

#include <array>

#include "base/encoding.hpp"
#include "base/text.hpp"

namespace ptarmigan::dns {
namespace {

constexpr std::size_t max_character_string = 255;

struct TypeName {
  RecordType type;
  std::string_view name;
};
constexpr std::array type_names{
    TypeName{RecordType::a, "A"},     TypeName{RecordType::ns, "NS"},     TypeName{RecordType::cname, "CNAME"},
    TypeName{RecordType::soa, "SOA"}, TypeName{RecordType::ptr, "PTR"},   TypeName{RecordType::mx, "MX"},
    TypeName{RecordType::txt, "TXT"}, TypeName{RecordType::aaaa, "AAAA"}, TypeName{RecordType::tlsa, "TLSA"},
    TypeName{RecordType::spf, "SPF"},
};

/// Quoted, with the escapes of RFC 1035#5.1.
std::string quoted(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') {
      out += {'\\', c};
    } else if (is_printable_ascii(c)) {
      out += c;
    } else {
      const auto octet = static_cast<unsigned char>(c);
      out += {'\\', static_cast<char>('0' + octet / 100), static_cast<char>('0' + octet / 10 % 10),
              static_cast<char>('0' + octet % 10)};
    }
  }
  return out + "\"";
}

struct DataText {
  std::string operator()(const IpAddress& address) const { return address.text(); }
  std::string operator()(const Target& target) const { return target.name.absolute(); }
  std::string operator()(const Mx& mx) const { return std::to_string(mx.preference) + " " + mx.exchange.absolute(); }
  std::string operator()(const Txt& txt) const {
    std::vector<std::string> parts;
    for (const auto& string : txt.strings) parts.push_back(quoted(string));
    return join(parts, " ");
  }
  std::string operator()(const Soa& soa) const {
    std::string out = soa.primary.absolute() + " " + soa.mailbox.absolute();
    for (const auto number : {soa.serial, soa.refresh, soa.retry, soa.expire, soa.minimum})
      out += " " + std::to_string(number);
    return out;
  }
  std::string operator()(const Tlsa& tlsa) const {
    return std::to_string(tlsa.usage) + " " + std::to_string(tlsa.selector) + " " + std::to_string(tlsa.matching_type) +
           " " + hex_encode(tlsa.association);
  }
};

}  // namespace

std::string_view to_string(RecordType type) {
  for (const auto& entry : type_names)
    if (entry.type == type) return entry.name;
  return "";
}

std::optional<RecordType> parse_record_type(std::string_view text) {
  for (const auto& entry : type_names)
    if (iequals(entry.name, text)) return entry.type;
  return std::nullopt;
}

std::string Txt::joined() const {
  return join(strings, "");
}

std::string data_text(const Data& data) {
  return std::visit(DataText{}, data);
}

std::string zone_line(const Record& record) {
  return record.owner.absolute() + " " + std::to_string(record.ttl) + " IN " + std::string(to_string(record.type)) +
         " " + data_text(record.data);
}

Txt txt_of(std::string_view text) {
  Txt txt;
  do {
    txt.strings.emplace_back(text.substr(0, max_character_string));
    text.remove_prefix(txt.strings.back().size());
  } while (!text.empty());
  return txt;
}

}  // namespace ptarmigan::dns
