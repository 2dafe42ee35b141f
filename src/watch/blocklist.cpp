// watch/blocklist.cpp - see blocklist.hpp.
#include "watch/blocklist.hpp"

#include "dns/reverse.hpp"

namespace ptarmigan::watch {
namespace {

/// 127.255.255.x is how lists say that they do not answer (Spamhaus' codes 252, 254 and 255, and others').
bool is_refusal(const IpAddress& answer) {
  const auto octets = answer.octets();
  return answer.is_v4() && octets[0] == 127 && octets[1] == 255 && octets[2] == 255;
}

std::string_view why_refused(const IpAddress& answer) {
  switch (answer.octets()[3]) {
    case 252: return "the list's name is wrong";
    case 254: return "the list does not answer questions of a public resolver: ask over an own one (dns.servers = [])";
    case 255: return "too many questions: the list wants a subscription";
    default: return "the list refuses to answer";
  }
}

}  // namespace

std::string_view to_string(Listing::State state) {
  switch (state) {
    case Listing::State::clean: return "clean";
    case Listing::State::listed: return "listed";
    case Listing::State::refused: return "refused";
    case Listing::State::unknown: return "unknown";
  }
  return {};
}

std::string text_of(const Listed& subject) {
  if (const auto* address = std::get_if<IpAddress>(&subject)) return address->text();
  return std::get<dns::DomainName>(subject).text();
}

Result<dns::DomainName> blocklist_name(const Listed& subject, const dns::DomainName& list) {
  if (const auto* domain = std::get_if<dns::DomainName>(&subject)) return list.prefixed(domain->text());
  auto name = dns::reverse_name(std::get<IpAddress>(subject)).text();
  for (const std::string_view arpa : {".in-addr.arpa", ".ip6.arpa"})
    if (name.ends_with(arpa)) name.resize(name.size() - arpa.size());
  return list.prefixed(name);
}

Known<Listing> blocklisted(const Listed& subject, const dns::DomainName& list, const Facts& facts) {
  const auto name = blocklist_name(subject, list);
  if (!name) return Listing{Listing::State::unknown, {}, name.error().message};
  Gather gather(facts);
  const auto* answer = gather.ask({*name, dns::RecordType::a});
  if (gather.lacks()) return gather.need();
  if (answer->absent()) return Listing{Listing::State::clean, {}, "not on " + list.text()};
  if (!answer->found())
    return Listing{
        Listing::State::unknown, {}, list.text() + " gives no answer: " + std::string(to_string(answer->status))};
  Listing out{Listing::State::unknown, {}, {}};
  for (const auto& address : answer->all<IpAddress>()) {
    if (is_refusal(address)) return Listing{Listing::State::refused, address.text(), std::string(why_refused(address))};
    // What is not in 127.0.0.0/8 is somebody's wildcard, and no list (RFC 5782#2.1).
    if (address.octets()[0] != 127) continue;
    out.state = Listing::State::listed;
    out.codes += (out.codes.empty() ? "" : " ") + address.text();
  }
  if (out.state != Listing::State::listed) {
    out.why = list.text() + " answers with addresses that no list uses: it may be gone";
    return out;
  }
  out.why = text_of(subject) + " is on " + list.text() + " (" + out.codes + ")";
  if (const auto* own = std::get_if<IpAddress>(&subject); own != nullptr && own->is_v6())
    out.why += "; lists of IPv6 hold whole /64 networks, so it may be for a neighbour";
  return out;
}

}  // namespace ptarmigan::watch
