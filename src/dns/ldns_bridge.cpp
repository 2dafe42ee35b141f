// dns/ldns_bridge.cpp - see ldns_bridge.hpp.
#include "dns/ldns_bridge.hpp"

#include <algorithm>

namespace ptarmigan::dns {
namespace {

std::string_view octets_of(const ldns_rdf& rdf) {
  return {reinterpret_cast<const char*>(ldns_rdf_data(&rdf)), ldns_rdf_size(&rdf)};
}

std::optional<Data> target_of(const ldns_rdf& rdf) {
  auto name = name_from_ldns(rdf);
  if (!name) return std::nullopt;
  return Target{*std::move(name)};
}

std::optional<Data> address_of(const ldns_rdf& rdf) {
  const auto octets = octets_of(rdf);
  if (octets.size() == 4) {
    std::array<std::uint8_t, 4> v4{};
    std::ranges::copy(octets, v4.begin());
    return IpAddress::v4(v4);
  }
  if (octets.size() != 16) return std::nullopt;
  std::array<std::uint8_t, 16> v6{};
  std::ranges::copy(octets, v6.begin());
  return IpAddress::v6(v6);
}

std::optional<Data> txt_from(const ldns_rr& rr) {
  Txt txt;
  for (std::size_t i = 0; i < ldns_rr_rd_count(&rr); ++i) {
    const auto octets = octets_of(*ldns_rr_rdf(&rr, i));
    if (octets.empty()) return std::nullopt;
    txt.strings.emplace_back(octets.substr(1));  // after the length octet
  }
  return txt;
}

std::optional<Data> soa_from(const ldns_rr& rr) {
  if (ldns_rr_rd_count(&rr) != 7) return std::nullopt;
  auto primary = name_from_ldns(*ldns_rr_rdf(&rr, 0));
  if (!primary) return std::nullopt;
  const auto number = [&](std::size_t i) { return ldns_rdf2native_int32(ldns_rr_rdf(&rr, i)); };
  // A mailbox may have an escaped dot in its first label, which DomainName refuses: mail never needs it.
  return Soa{*std::move(primary),
             name_from_ldns(*ldns_rr_rdf(&rr, 1)).value_or(DomainName()),
             number(2),
             number(3),
             number(4),
             number(5),
             number(6)};
}

std::optional<Data> tlsa_from(const ldns_rr& rr) {
  if (ldns_rr_rd_count(&rr) != 4) return std::nullopt;
  const auto octet = [&](std::size_t i) { return ldns_rdf2native_int8(ldns_rr_rdf(&rr, i)); };
  return Tlsa{octet(0), octet(1), octet(2), std::string(octets_of(*ldns_rr_rdf(&rr, 3)))};
}

std::optional<Data> mx_from(const ldns_rr& rr) {
  if (ldns_rr_rd_count(&rr) != 2) return std::nullopt;
  auto exchange = name_from_ldns(*ldns_rr_rdf(&rr, 1));
  if (!exchange) return std::nullopt;
  return Mx{ldns_rdf2native_int16(ldns_rr_rdf(&rr, 0)), *std::move(exchange)};
}

std::optional<Data> data_from(const ldns_rr& rr, RecordType type) {
  if (ldns_rr_rd_count(&rr) == 0) return std::nullopt;
  const ldns_rdf& first = *ldns_rr_rdf(&rr, 0);
  switch (type) {
    case RecordType::a:
    case RecordType::aaaa: return address_of(first);
    case RecordType::ns:
    case RecordType::cname:
    case RecordType::ptr: return target_of(first);
    case RecordType::mx: return mx_from(rr);
    case RecordType::txt:
    case RecordType::spf: return txt_from(rr);
    case RecordType::soa: return soa_from(rr);
    case RecordType::tlsa: return tlsa_from(rr);
  }
  return std::nullopt;
}

}  // namespace

std::optional<DomainName> name_from_ldns(const ldns_rdf& rdf) {
  const LdnsPtr<char> text(ldns_rdf2str(&rdf));
  if (!text) return std::nullopt;
  auto name = DomainName::parse(text.get());
  if (!name) return std::nullopt;
  return *std::move(name);
}

std::optional<Record> from_ldns(const ldns_rr& rr) {
  if (ldns_rr_get_class(&rr) != LDNS_RR_CLASS_IN) return std::nullopt;
  const LdnsPtr<char> type_text(ldns_rr_type2str(ldns_rr_get_type(&rr)));
  const auto type = parse_record_type(type_text.get());
  if (!type) return std::nullopt;
  auto owner = name_from_ldns(*ldns_rr_owner(&rr));
  auto data = data_from(rr, *type);
  if (!owner || !data) return std::nullopt;
  return Record{*std::move(owner), *type, ldns_rr_ttl(&rr), *std::move(data)};
}

}  // namespace ptarmigan::dns
