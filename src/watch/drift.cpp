// watch/drift.cpp - see drift.hpp.
#include "watch/drift.hpp"

#include <algorithm>
#include <set>

#include "base/text.hpp"
#include "dns/reverse.hpp"

namespace ptarmigan::watch {

std::optional<RecordSet> record_set(const Answer& answer) {
  if (answer.temporary()) return std::nullopt;
  std::vector<std::string> lines;
  for (auto record : answer.records) {
    record.ttl = 0;
    lines.push_back(dns::zone_line(record));
  }
  std::ranges::sort(lines);
  return RecordSet{.status = std::string(to_string(answer.status)), .records = join(lines, "\n")};
}

std::string difference(const RecordSet& before, const RecordSet& now) {
  const auto lines_of = [](const RecordSet& set) {
    std::set<std::string, std::less<>> out;
    for (const auto line : split(set.records, '\n'))
      if (!line.empty()) out.emplace(line);
    return out;
  };
  const auto old_lines = lines_of(before);
  const auto new_lines = lines_of(now);
  std::string out;
  for (const auto& line : old_lines)
    if (!new_lines.contains(line)) out += "- " + line + "\n";
  for (const auto& line : new_lines)
    if (!old_lines.contains(line)) out += "+ " + line + "\n";
  return out;
}

std::vector<Question> own_questions(const config::Config& config) {
  std::set<Question> out;
  const auto host = [&](const dns::DomainName& name) {
    out.insert({name, dns::RecordType::a});
    out.insert({name, dns::RecordType::aaaa});
  };
  if (config.hostname) host(*config.hostname);
  for (const auto& source : config.sources) {
    if (source.ehlo) host(*source.ehlo);
    for (const auto& address : {source.ipv4, source.ipv6})
      if (address) out.insert({dns::reverse_name(*address), dns::RecordType::ptr});
  }
  for (const auto& domain : config.domains) {
    out.insert({domain.name, dns::RecordType::mx});
    out.insert({domain.name, dns::RecordType::txt});
    std::vector<std::string> prefixes{"_dmarc", "_mta-sts", "_smtp._tls"};
    for (const auto& key : domain.dkim) prefixes.push_back(key.selector + "._domainkey");
    for (const auto& prefix : prefixes)
      if (const auto name = domain.name.prefixed(prefix)) out.insert({*name, dns::RecordType::txt});
  }
  return {out.begin(), out.end()};
}

bool explains(const Question& changed, const Incident& incident) {
  if (incident.kind != "refusal" && incident.kind != "standing") return false;
  const auto kind = kind_of_word(incident.cause);
  const bool of_the_name = kind == Kind::ptr || kind == Kind::ipv6 || kind == Kind::ehlo;
  const bool of_the_sender = kind == Kind::spf || kind == Kind::dkim || kind == Kind::dmarc ||
                             kind == Kind::alignment || kind == Kind::authentication;
  switch (changed.type) {
    case dns::RecordType::ptr: {
      const auto source = IpAddress::parse(incident.source);
      return (of_the_name || kind == Kind::unknown) && source && dns::reverse_name(*source) == changed.name;
    }
    case dns::RecordType::a:
    case dns::RecordType::aaaa: return of_the_name || kind == Kind::spf;
    case dns::RecordType::txt:
      // SPF at the domain, DMARC and keys below it.
      return of_the_sender && (incident.domain.empty() || iequals(changed.name.text(), incident.domain) ||
                               iends_with(changed.name.text(), "." + incident.domain));
    case dns::RecordType::mx: return kind == Kind::sender_domain;
    case dns::RecordType::ns:
    case dns::RecordType::cname:
    case dns::RecordType::soa:
    case dns::RecordType::tlsa:
    case dns::RecordType::spf: return false;
  }
  return false;
}

}  // namespace ptarmigan::watch
