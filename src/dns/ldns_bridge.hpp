// dns/ldns_bridge.hpp - ldns records as Record values. Private to this library.
#pragma once

#include <memory>
#include <optional>

#include <ldns/ldns.h>

#include "dns/record.hpp"

namespace ptarmigan::dns {

/// Nothing for a type outside RecordType, a class other than IN, or a name that DomainName refuses.
[[nodiscard]] std::optional<Record> from_ldns(const ldns_rr& rr);
/// Nothing for a name with escapes or blanks.
[[nodiscard]] std::optional<DomainName> name_from_ldns(const ldns_rdf& rdf);

struct LdnsFree {
  void operator()(ldns_rr* rr) const { ldns_rr_free(rr); }
  void operator()(ldns_rdf* rdf) const { ldns_rdf_deep_free(rdf); }
  void operator()(ldns_pkt* packet) const { ldns_pkt_free(packet); }
  void operator()(char* text) const { LDNS_FREE(text); }
  void operator()(std::uint8_t* octets) const { LDNS_FREE(octets); }
};
template <typename T>
using LdnsPtr = std::unique_ptr<T, LdnsFree>;

}  // namespace ptarmigan::dns
