// facts/zone_facts.cpp - see zone_facts.hpp.
#include "facts/zone_facts.hpp"

#include <algorithm>

namespace ptarmigan {
namespace {

constexpr int max_alias_chain = 16;

const dns::Record* alias_in(const std::vector<dns::Record>& records) {
  const auto found = std::ranges::find(records, dns::RecordType::cname, &dns::Record::type);
  return found == records.end() ? nullptr : &*found;
}

}  // namespace

ZoneFacts::ZoneFacts(const std::vector<dns::Record>& records) {
  for (const auto& record : records) {
    by_owner_[record.owner].push_back(record);
    for (auto at = record.owner; !at.is_root(); at = at.parent()) existing_.insert(at);
  }
}

bool ZoneFacts::covers(const dns::DomainName& name) const {
  return std::ranges::any_of(by_owner_, [&](const auto& entry) { return name.is_at_or_below(entry.first); });
}

Answer ZoneFacts::answer(const Question& question) const {
  Answer out;
  out.source = "zone file";
  out.status = AnswerStatus::no_such_name;
  out.ttl = 300;
  dns::DomainName at = question.name;
  for (int hop = 0; hop <= max_alias_chain; ++hop) {
    auto owner = by_owner_.find(at);
    if (owner == by_owner_.end() && !existing_.contains(at)) {
      // The closest encloser's wildcard (RFC 4592#3.3.1).
      auto encloser = at.parent();
      while (!encloser.is_root() && !existing_.contains(encloser)) encloser = encloser.parent();
      if (const auto wildcard = encloser.prefixed("*")) owner = by_owner_.find(*wildcard);
      if (owner == by_owner_.end()) return out;
    }
    out.status = AnswerStatus::no_data;
    if (owner == by_owner_.end()) return out;
    for (const auto& record : owner->second) {
      if (record.type != question.type) continue;
      out.records.push_back(record);
      out.records.back().owner = at;
      out.ttl = std::min(out.ttl, record.ttl);
    }
    if (!out.records.empty()) {
      out.status = AnswerStatus::found;
      return out;
    }
    const auto* alias = alias_in(owner->second);
    if (alias == nullptr) return out;
    out.aliases.push_back(*alias);
    out.aliases.back().owner = at;
    at = std::get<dns::Target>(alias->data).name;
    out.status = AnswerStatus::no_such_name;
  }
  out.status = AnswerStatus::failed;
  out.detail = "CNAME loop";
  return out;
}

}  // namespace ptarmigan
