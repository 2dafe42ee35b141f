// tls/dane.cpp - see dane.hpp.
#include "tls/dane.hpp"

#include <algorithm>
#include <memory>
#include <optional>

#include <openssl/x509.h>

namespace ptarmigan::tls {
namespace {

using dns::DomainName;
using dns::RecordType;
using dns::Tlsa;

// RFC 6698#2.1.2, RFC 6698#2.1.3
constexpr std::uint8_t selector_certificate = 0;
constexpr std::uint8_t selector_key = 1;
constexpr std::uint8_t in_full = 0;
constexpr std::uint8_t sha256 = 1;
constexpr std::uint8_t sha512 = 2;
constexpr std::size_t sha256_octets = 32;
constexpr std::size_t sha512_octets = 64;

/// The whole of `der` is one certificate or one public key.
bool is_der_of(std::uint8_t selector, const std::string& der) {
  const auto* begin = reinterpret_cast<const unsigned char*>(der.data());
  const auto* at = begin;
  const auto size = static_cast<long>(der.size());
  if (selector == selector_certificate) {
    const std::unique_ptr<X509, decltype(&X509_free)> certificate(d2i_X509(nullptr, &at, size), X509_free);
    return certificate && at == begin + size && X509_get0_pubkey(certificate.get()) != nullptr;
  }
  const std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> key(d2i_PUBKEY(nullptr, &at, size), EVP_PKEY_free);
  return key && at == begin + size;
}

bool is_usable(const Tlsa& record) {
  if (record.usage != usage_dane_ta && record.usage != usage_dane_ee) return false;
  if (record.selector != selector_certificate && record.selector != selector_key) return false;
  switch (record.matching_type) {
    case in_full: return is_der_of(record.selector, record.association);
    case sha256: return record.association.size() == sha256_octets;
    case sha512: return record.association.size() == sha512_octets;
    default: return false;
  }
}

Dane result(DaneStatus status, std::string reason) {
  return {.status = status, .reason = std::move(reason)};
}

/// The name that the followed aliases end in.
std::optional<DomainName> expanded(const Answer& answer) {
  if (answer.aliases.empty()) return std::nullopt;
  const auto* target = std::get_if<dns::Target>(&answer.aliases.back().data);
  return target == nullptr ? std::nullopt : std::optional(target->name);
}

bool proved(const Answer* answer) {
  return answer->found() && answer->dnssec == Dnssec::secure;
}

/// Where TLSA records of `host` may stand, in the order to look (RFC 7672#2.2.2, RFC 7672#2.2.3). Empty: its addresses
/// are not proved. Notes what is missing.
std::vector<DomainName> base_domains(const DomainName& host, Gather& gather) {
  const Answer* v6 = gather.ask({host, RecordType::aaaa});
  const Answer* v4 = gather.ask({host, RecordType::a});
  if (v6 == nullptr || v4 == nullptr) return {};
  const Answer* addresses = proved(v6) ? v6 : proved(v4) ? v4 : v6->found() ? v6 : v4;
  if (!addresses->found()) return {};
  const auto alias = expanded(*addresses);
  if (proved(addresses)) return alias ? std::vector{*alias, host} : std::vector{host};
  if (!alias) return {};
  // An alias that leads out of the signed zones: the name that holds it may still be proved.
  const Answer* cname = gather.ask({host, RecordType::cname});
  return cname != nullptr && proved(cname) ? std::vector{host} : std::vector<DomainName>{};
}

/// The names of a DANE-TA certificate: the TLSA base domain, and whom the mail is for (RFC 7672#3.2.2).
std::vector<DomainName> reference_names(const DomainName& base, const DomainName& domain, const Answer& mx) {
  std::vector<DomainName> names{base};
  for (const auto& name : {std::optional(domain), expanded(mx)})
    if (name && std::ranges::find(names, *name) == names.end()) names.push_back(*name);
  return names;
}

Dane with_records(const Answer& tlsa, const DomainName& base, const DomainName& domain, const Answer& mx) {
  auto usable = usable_associations(tlsa.all<Tlsa>());
  if (usable.empty()) return result(DaneStatus::encrypt, "the TLSA records of " + base.text() + " are not usable");
  return {.status = DaneStatus::required,
          .reason = base.text() + " publishes TLSA records",
          .base_domain = base,
          .names = reference_names(base, domain, mx),
          .associations = std::move(usable)};
}

}  // namespace

std::vector<Tlsa> usable_associations(const std::vector<Tlsa>& records) {
  std::vector<Tlsa> usable;
  std::ranges::copy_if(records, std::back_inserter(usable), is_usable);
  const auto has_stronger = [&](const Tlsa& record) {
    return record.matching_type == sha256 && std::ranges::any_of(usable, [&](const Tlsa& other) {
             return other.usage == record.usage && other.selector == record.selector && other.matching_type == sha512;
           });
  };
  std::vector<Tlsa> out;
  for (const auto& record : usable)
    if (!has_stronger(record) && std::ranges::find(out, record) == out.end()) out.push_back(record);
  return out;
}

Result<DomainName> tlsa_name(const DomainName& base, std::uint16_t port) {
  return base.prefixed("_" + std::to_string(port) + "._tcp");
}

Known<Dane> find_dane(const DomainName& domain, const DomainName& host, std::uint16_t port, const Facts& facts) {
  Gather gather(facts);
  const Answer* mx = gather.ask({domain, RecordType::mx});
  if (mx == nullptr) return gather.need();
  if (mx->temporary())
    return result(DaneStatus::failed, "the MX records of " + domain.text() + " cannot be proved now");
  if (mx->dnssec != Dnssec::secure)
    return result(DaneStatus::none, "the MX records of " + domain.text() + " are not signed");

  const auto bases = base_domains(host, gather);
  if (gather.lacks()) return gather.need();
  auto found = result(DaneStatus::none, "the addresses of " + host.text() + " are not signed");
  for (const auto& base : bases) {
    found.reason = host.text() + " publishes no TLSA records";
    const auto name = tlsa_name(base, port);
    if (!name) continue;
    const Answer* tlsa = gather.ask({*name, RecordType::tlsa});
    if (tlsa == nullptr) return gather.need();
    if (tlsa->temporary())
      found =
          result(DaneStatus::failed, "the TLSA records at " + name->text() + " cannot be looked up: " +
                                         (tlsa->detail.empty() ? std::string(to_string(tlsa->status)) : tlsa->detail));
    else if (proved(tlsa))
      found = with_records(*tlsa, base, domain, *mx);
    if (found.status != DaneStatus::none) break;
  }
  found.mx_proved = true;
  return found;
}

}  // namespace ptarmigan::tls
