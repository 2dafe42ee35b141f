// auth/policies/policies.cpp - see policies.hpp.
#include "auth/policies/policies.hpp"

#include <algorithm>

#include "auth/policies/tags.hpp"
#include "base/text.hpp"

namespace ptarmigan::policies {
namespace {

using dns::DomainName;

constexpr std::size_t max_id_characters = 32;

std::string value_of(const std::vector<Tag>& tags, std::string_view name) {
  const auto found = std::ranges::find(tags, name, &Tag::name);
  return found == tags.end() ? std::string() : std::string(found->value);
}

Result<std::vector<Tag>> tags_of(std::string_view text, std::string_view version) {
  if (!has_version(text, version)) return failure("the record does not begin with v=" + std::string(version) + ";");
  auto tags = split_tags(text);
  if (!tags) return failure("a part between semicolons is not name=value, or a name stands twice");
  return *std::move(tags);
}

bool is_uri(std::string_view text, std::string_view scheme) {
  return istarts_with(text, scheme) && text.size() > scheme.size() && std::ranges::all_of(text, [](char c) {
           return is_printable_ascii(c) && c != ' ' && c != '"' && c != '<' && c != '>';
         });
}

/// The single record of this version at `name`.
template <typename Record>
Known<Found<Record>> find_record(const Result<DomainName>& name, std::string_view version, const Facts& facts) {
  Found<Record> found;
  if (!name) {
    found.reason = "the domain name is too long to hold such a record";
    return found;
  }
  found.name = *name;
  Gather gather(facts);
  const Answer* answer = gather.ask({*name, dns::RecordType::txt});
  if (answer == nullptr) return gather.need();
  if (answer->temporary()) {
    found.presence = Presence::temperror;
    found.reason = "the TXT query for " + name->text() +
                   (answer->status == AnswerStatus::timed_out ? " was not answered in time" : " failed");
    return found;
  }
  std::size_t count = 0;
  for (const auto& txt : answer->all<dns::Txt>()) {
    auto text = txt.joined();
    if (!has_version(text, version)) continue;
    ++count;
    found.text = std::move(text);
  }
  if (count == 0) {
    found.reason = "there is no v=" + std::string(version) + " record at " + name->text();
    return found;
  }
  found.presence = Presence::invalid;
  if (count > 1) {
    found.text.clear();
    found.reason = "there are " + std::to_string(count) + " v=" + std::string(version) + " records at " + name->text();
    return found;
  }
  auto record = Record::parse(found.text);
  if (!record) {
    found.reason = std::move(record.error().message);
    return found;
  }
  found.presence = Presence::present;
  found.record = *std::move(record);
  return found;
}

}  // namespace

std::string_view to_string(Presence presence) {
  switch (presence) {
    case Presence::present: return "present";
    case Presence::absent: return "absent";
    case Presence::invalid: return "invalid";
    case Presence::temperror: return "temperror";
  }
  return "";
}

Result<MtaStsRecord> MtaStsRecord::parse(std::string_view text) {
  const auto tags = tags_of(text, "STSv1");
  if (!tags) return std::unexpected(tags.error());
  MtaStsRecord record{value_of(*tags, "id")};
  if (record.id.empty() || record.id.size() > max_id_characters || !std::ranges::all_of(record.id, is_alnum))
    return failure("id is not 1 to 32 letters and digits",
                   "write it as id=20260101000000, and change it with the policy");
  return record;
}

Known<Found<MtaStsRecord>> find_mta_sts(const DomainName& domain, const Facts& facts) {
  return find_record<MtaStsRecord>(domain.prefixed("_mta-sts"), "STSv1", facts);
}

Result<TlsReportRecord> TlsReportRecord::parse(std::string_view text) {
  const auto tags = tags_of(text, "TLSRPTv1");
  if (!tags) return std::unexpected(tags.error());
  TlsReportRecord record;
  const auto rua = value_of(*tags, "rua");
  for (const auto piece : split(rua, ',')) {
    const auto uri = trim(piece, " \t");
    if (!is_uri(uri, "mailto:") && !is_uri(uri, "https:"))
      return failure("rua holds '" + printable(uri, 60) + "', which is neither mailto: nor https:");
    record.rua.emplace_back(uri);
  }
  return record;
}

Known<Found<TlsReportRecord>> find_tls_report(const DomainName& domain, const Facts& facts) {
  return find_record<TlsReportRecord>(domain.prefixed("_smtp._tls"), "TLSRPTv1", facts);
}

Result<BimiRecord> BimiRecord::parse(std::string_view text) {
  const auto tags = tags_of(text, "BIMI1");
  if (!tags) return std::unexpected(tags.error());
  if (std::ranges::find(*tags, std::string_view("l"), &Tag::name) == tags->end()) return failure("there is no tag l");
  BimiRecord record{value_of(*tags, "l"), value_of(*tags, "a"), value_of(*tags, "avp"), {}};
  for (const auto* uri : {&record.location, &record.authority})
    if (!uri->empty() && !is_uri(*uri, "https://")) return failure("'" + printable(*uri, 60) + "' is not an https URI");
  if (!record.avatar_preference.empty() && record.avatar_preference != "brand" &&
      record.avatar_preference != "personal")
    return failure("avp is neither brand nor personal");
  const auto selectors = value_of(*tags, "lps");
  if (!selectors.empty())
    for (const auto selector : split(selectors, ',')) record.local_part_selectors.emplace_back(trim(selector, " \t"));
  return record;
}

Known<Found<BimiRecord>> find_bimi(const DomainName& author, const DomainName& organizational_domain,
                                   const Facts& facts, std::string_view selector) {
  const std::string prefix = std::string(selector) + "._bimi";
  auto found = find_record<BimiRecord>(author.prefixed(prefix), "BIMI1", facts);
  if (!found.known() || found->presence != Presence::absent || author == organizational_domain) return found;
  return find_record<BimiRecord>(organizational_domain.prefixed(prefix), "BIMI1", facts);
}

std::string bimi_obstacle(const dmarc::Result& result) {
  if (result.outcome != dmarc::Outcome::pass)
    return "DMARC is " + std::string(dmarc::to_string(result.outcome)) + ", not pass";
  const auto& policy = *result.discovery.policy;
  if (policy.effective == dmarc::Policy::none || policy.record.p.value_or(dmarc::Policy::none) == dmarc::Policy::none)
    return "the DMARC policy of " + policy.domain.text() + " is none";
  if (policy.record.sp == dmarc::Policy::none)
    return "the DMARC policy for subdomains of " + policy.domain.text() + " is none";
  return "";
}

}  // namespace ptarmigan::policies
