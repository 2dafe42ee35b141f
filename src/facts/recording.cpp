// facts/recording.cpp - see recording.hpp.
#include "facts/recording.hpp"

#include <algorithm>
#include <array>

#include <nlohmann/json.hpp>

#include "base/text.hpp"
#include "dns/zone.hpp"

namespace ptarmigan {
namespace {

using nlohmann::json;

constexpr int recording_version = 1;
constexpr std::uint32_t default_ttl = 300;
constexpr std::size_t max_alias_chain = 16;
constexpr std::size_t max_recording_octets = std::size_t{256} * 1024 * 1024;

json entry_of(const Question& question, const Answer& answer) {
  json entry{{"name", question.name.text()}, {"type", dns::to_string(question.type)}};
  switch (answer.status) {
    case AnswerStatus::found:
    case AnswerStatus::no_data: entry["rcode"] = "NOERROR"; break;
    case AnswerStatus::no_such_name: entry["rcode"] = "NXDOMAIN"; break;
    case AnswerStatus::failed: entry["rcode"] = "SERVFAIL"; break;
    case AnswerStatus::timed_out: entry["timeout"] = true; break;
  }
  for (const auto& alias : answer.aliases) entry["cname"].push_back(std::get<dns::Target>(alias.data).name.text());
  for (const auto& record : answer.records) entry["data"].push_back(dns::data_text(record.data));
  entry["ttl"] = answer.ttl;
  entry["dnssec"] = to_string(answer.dnssec);
  if (answer.asked_at != WallTime{}) entry["asked_at"] = rfc3339(answer.asked_at);
  if (!answer.detail.empty()) entry["detail"] = answer.detail;
  return entry;
}

std::string text_at(const json& object, const char* key, std::string otherwise = {}) {
  const auto found = object.find(key);
  return found == object.end() || !found->is_string() ? std::move(otherwise) : found->get<std::string>();
}

Result<AnswerStatus> status_of(std::string_view rcode, bool has_data) {
  if (iequals(rcode, "NOERROR")) return has_data ? AnswerStatus::found : AnswerStatus::no_data;
  if (iequals(rcode, "NXDOMAIN")) return AnswerStatus::no_such_name;
  if (iequals(rcode, "TIMEOUT")) return AnswerStatus::timed_out;
  static constexpr std::array failures{"SERVFAIL", "REFUSED", "FORMERR", "NOTIMP"};
  for (const auto* known : failures)
    if (iequals(rcode, known)) return AnswerStatus::failed;
  return failure("rcode '" + printable(rcode, 20) + "' is not known",
                 "use NOERROR, NXDOMAIN, SERVFAIL, REFUSED or TIMEOUT");
}

Result<std::vector<std::string>> strings_at(const json& entry, const char* key) {
  std::vector<std::string> out;
  const auto found = entry.find(key);
  if (found == entry.end()) return out;
  if (found->is_string()) return std::vector{found->get<std::string>()};
  if (!found->is_array()) return failure(std::string("'") + key + "' is not a list of strings");
  for (const auto& item : *found) {
    if (!item.is_string()) return failure(std::string("'") + key + "' is not a list of strings");
    out.push_back(item.get<std::string>());
  }
  return out;
}

Result<dns::Record> read_record(const dns::DomainName& owner, dns::RecordType type, std::uint32_t ttl,
                                const std::string& data) {
  // Zone text would take each word as a string of its own.
  if (type == dns::RecordType::txt && !trim(data).starts_with('"'))
    return dns::Record{owner, type, ttl, dns::txt_of(data)};
  return dns::parse_record(owner.absolute() + " " + std::to_string(ttl) + " IN " + std::string(dns::to_string(type)) +
                           " " + data);
}

Result<std::pair<Question, Answer>> read_entry(const json& entry) {
  if (!entry.is_object()) return failure("it is not an object");
  auto name = dns::DomainName::parse(text_at(entry, "name"));
  if (!name) return std::unexpected(name.error());
  const auto type = dns::parse_record_type(text_at(entry, "type"));
  if (!type) return failure("type '" + printable(text_at(entry, "type"), 20) + "' is not known");
  const auto data = strings_at(entry, "data");
  if (!data) return std::unexpected(data.error());
  const auto aliases = strings_at(entry, "cname");
  if (!aliases) return std::unexpected(aliases.error());
  Answer answer;
  answer.source = "recording";
  answer.ttl =
      entry.contains("ttl") && entry["ttl"].is_number_unsigned() ? entry["ttl"].get<std::uint32_t>() : default_ttl;
  answer.detail = text_at(entry, "detail");
  const auto dnssec = text_at(entry, "dnssec", "insecure");
  answer.dnssec = dnssec == "secure" ? Dnssec::secure : dnssec == "bogus" ? Dnssec::bogus : Dnssec::insecure;
  const bool timeout = entry.contains("timeout") && entry["timeout"] == true;
  const auto status = status_of(timeout ? "TIMEOUT" : text_at(entry, "rcode", "NOERROR"), !data->empty());
  if (!status) return std::unexpected(status.error());
  answer.status = *status;
  dns::DomainName owner = *name;
  for (const auto& alias : *aliases) {
    auto target = dns::DomainName::parse(alias);
    if (!target) return std::unexpected(target.error());
    answer.aliases.push_back({owner, dns::RecordType::cname, answer.ttl, dns::Target{*target}});
    owner = *target;
  }
  if (answer.found()) {
    for (const auto& text : *data) {
      auto record = read_record(owner, *type, answer.ttl, text);
      if (!record) return std::unexpected(record.error());
      answer.records.push_back(*std::move(record));
    }
  }
  return std::pair{Question{*std::move(name), *type}, std::move(answer)};
}

/// An entry of a question that was there before adds its records, else it speaks in its place.
void add_entry(Facts& facts, Question question, Answer answer) {
  const auto* known = facts.find(question);
  if (known != nullptr && known->found() && answer.found() && known->aliases == answer.aliases) {
    answer.records.insert(answer.records.begin(), known->records.begin(), known->records.end());
    answer.ttl = std::min(answer.ttl, known->ttl);
  }
  facts.add(std::move(question), std::move(answer));
}

std::set<dns::DomainName> existing_names(const Facts& facts) {
  std::set<dns::DomainName> out;
  const auto add = [&](dns::DomainName name) {
    while (!name.is_root() && out.insert(name).second) name = name.parent();
  };
  for (const auto& [question, answer] : facts.answers()) {
    if (answer.temporary()) continue;
    if (answer.status != AnswerStatus::no_such_name || !answer.aliases.empty()) add(question.name);
    for (const auto& record : answer.records) add(record.owner);
  }
  return out;
}

}  // namespace

std::string write_recording(const Facts& facts) {
  std::string out = "{\"version\": " + std::to_string(recording_version) + ", \"dns\": [";
  bool first = true;
  for (const auto& [question, answer] : facts.answers()) {
    out += first ? "\n  " : ",\n  ";
    out += entry_of(question, answer).dump(-1, ' ', true, json::error_handler_t::replace);
    first = false;
  }
  return out + "]}\n";
}

Answer Recording::answer(const Question& question) const {
  Answer answer;
  answer.source = "recording";
  answer.ttl = default_ttl;
  Question at = question;
  for (std::size_t hop = 0; hop <= max_alias_chain; ++hop) {
    if (const auto* known = facts.find(at)) {
      auto out = *known;
      out.aliases.insert(out.aliases.begin(), answer.aliases.begin(), answer.aliases.end());
      return out;
    }
    const auto* alias = facts.find({at.name, dns::RecordType::cname});
    if (alias == nullptr || !alias->found()) {
      const bool exists = otherwise == AnswerStatus::no_such_name && names.contains(at.name);
      answer.status = exists ? AnswerStatus::no_data : otherwise;
      return answer;
    }
    answer.aliases.push_back(alias->records.front());
    at.name = std::get<dns::Target>(alias->records.front().data).name;
  }
  answer.status = AnswerStatus::failed;
  answer.detail = "CNAME loop";
  return answer;
}

Result<Recording> read_recording(std::string_view text) {
  if (text.size() > max_recording_octets) return failure("the recording is larger than 256 MiB");
  const json document = json::parse(text, nullptr, false);
  if (document.is_discarded() || !document.is_object()) return failure("the recording is not a JSON object");
  if (document.contains("version") && document["version"] != recording_version)
    return failure("the recording has version " + document["version"].dump() + ", not 1",
                   "record it again with this version");
  Recording recording;
  const auto otherwise = text_at(document, "default", "NXDOMAIN");
  const auto status = status_of(otherwise, false);
  if (!status) return failure("default: " + status.error().message, status.error().remedy);
  recording.otherwise = *status;
  const auto entries = document.find("dns");
  if (entries == document.end() || !entries->is_array()) return failure("the recording has no list 'dns'");
  std::size_t number = 0;
  for (const auto& entry : *entries) {
    ++number;
    auto read = read_entry(entry);
    if (!read) return failure("entry " + std::to_string(number) + ": " + read.error().message, read.error().remedy);
    add_entry(recording.facts, std::move(read->first), std::move(read->second));
  }
  recording.names = existing_names(recording.facts);
  return recording;
}

}  // namespace ptarmigan
