// net/dns_message.cpp - see dns_message.hpp.
#include "net/dns_message.hpp"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

namespace ptarmigan::net {
namespace {

MessageAnswer failed(std::string detail) {
  MessageAnswer out;
  out.answer.status = AnswerStatus::failed;
  out.answer.detail = std::move(detail);
  return out;
}

/// Follows the CNAMEs of the answer section into `aliases`; gives the name where the chain ends, nothing where it has
/// no end.
std::optional<dns::DomainName> follow_aliases(const std::vector<dns::Record>& section, const Question& question,
                                              std::vector<dns::Record>& aliases) {
  dns::DomainName name = question.name;
  if (question.type == dns::RecordType::cname) return name;
  while (true) {
    const auto next = std::ranges::find_if(section, [&name](const dns::Record& record) {
      return record.type == dns::RecordType::cname && record.owner == name;
    });
    if (next == section.end()) return name;
    if (aliases.size() == max_cname_chain) return std::nullopt;
    aliases.push_back(*next);
    name = std::get<dns::Target>(next->data).name;
  }
}

std::uint32_t smallest_ttl(const std::vector<dns::Record>& records, std::uint32_t ttl) {
  for (const auto& record : records) ttl = std::min(ttl, record.ttl);
  return ttl;
}

}  // namespace

MessageAnswer read_message(std::string_view wire, const Question& question) {
  auto packet = dns::parse_packet(wire);
  if (!packet) return failed(packet.error().message);
  if (!packet->response || packet->question != question.name ||
      packet->question_type != std::to_underlying(question.type))
    return failed("the answer is to another question");

  MessageAnswer out;
  out.authoritative = packet->authoritative;
  out.truncated = packet->truncated;
  if (packet->rcode != dns::Rcode::noerror && packet->rcode != dns::Rcode::nxdomain) {
    out.answer.detail = dns::to_string(packet->rcode);
    return out;
  }

  const auto end = follow_aliases(packet->answers, question, out.answer.aliases);
  if (!end) return failed("the CNAME chain is longer than " + std::to_string(max_cname_chain));
  for (auto& record : packet->answers)
    if (record.type == question.type && record.owner == *end) out.answer.records.push_back(std::move(record));
  const std::uint32_t aliases_ttl = smallest_ttl(out.answer.aliases, UINT32_MAX);
  if (!out.answer.records.empty()) {
    out.answer.status = AnswerStatus::found;
    out.answer.ttl = smallest_ttl(out.answer.records, aliases_ttl);
    return out;
  }

  out.answer.status = packet->rcode == dns::Rcode::nxdomain ? AnswerStatus::no_such_name : AnswerStatus::no_data;
  const auto soa = std::ranges::find(packet->authority, dns::RecordType::soa, &dns::Record::type);
  if (soa != packet->authority.end()) {
    out.zone = soa->owner;
    out.answer.ttl = std::min({aliases_ttl, soa->ttl, std::get<dns::Soa>(soa->data).minimum});
    return out;
  }
  // Without a SOA nothing says how long the denial may be believed (RFC 2308#5): its TTL stays 0.
  out.referral =
      packet->rcode == dns::Rcode::noerror && !out.authoritative && out.answer.aliases.empty() &&
      std::ranges::find(packet->authority, dns::RecordType::ns, &dns::Record::type) != packet->authority.end();
  return out;
}

}  // namespace ptarmigan::net
