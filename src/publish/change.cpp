// publish/change.cpp - see change.hpp.
#include "publish/change.hpp"

#include <algorithm>

#include <nlohmann/json.hpp>

#include "base/text.hpp"
#include "dns/zone.hpp"

namespace ptarmigan::publish {
namespace {

constexpr std::string_view version_ends = " ;";

/// "v=spf1", "v=DMARC1": which TXT records are of one kind; the whole text where there is no version.
std::string kind_of(const dns::Data& data) {
  const auto* txt = std::get_if<dns::Txt>(&data);
  if (txt == nullptr) return {};
  const auto text = to_lower(txt->joined());
  if (!text.starts_with("v=")) return text;
  return text.substr(0, text.find_first_of(version_ends));
}

bool holds(const std::vector<dns::Record>& records, const dns::Record& record) {
  return std::ranges::any_of(records, [&](const dns::Record& other) { return other.data == record.data; });
}

bool same_set(const std::vector<dns::Record>& a, const std::vector<dns::Record>& b) {
  return a.size() == b.size() && std::ranges::all_of(a, [&](const dns::Record& record) { return holds(b, record); });
}

}  // namespace

bool Change::changes() const {
  return !same_set(before, after);
}

Result<std::vector<Intent>> intents_of_check(std::string_view text) {
  using Json = nlohmann::json;
  const auto json = Json::parse(text, nullptr, false);
  if (!json.is_object() || !json.contains("repairs") || !json["repairs"].is_array())
    return failure("this is no report of check", "make one: ptarmigan check DOMAIN --json");
  std::vector<Intent> out;
  for (const auto& repair : json["repairs"]) {
    const auto word = [&](const char* name) {
      return repair.is_object() && repair.contains(name) && repair[name].is_string() ? repair[name].get<std::string>()
                                                                                     : std::string();
    };
    const auto record = dns::parse_record(word("zone_line"));
    const auto action = word("action");
    if (!record || (action != "add" && action != "replace"))
      return failure("repair " + std::to_string(out.size() + 1) + " of the report has no zone_line or action");
    out.push_back({*record, action == "add" ? Intent::Action::add : Intent::Action::replace});
  }
  return out;
}

Known<std::vector<Change>> changes_of(const std::vector<Intent>& intents, const Facts& facts) {
  Gather gather(facts);
  std::vector<Change> out;
  for (const auto& [record, action] : intents) {
    const auto* now = gather.ask({record.owner, record.type});
    if (now == nullptr) continue;
    auto at =
        std::ranges::find_if(out, [&](const Change& c) { return c.owner == record.owner && c.type == record.type; });
    if (at == out.end()) {
      // An alias answers with its target's records: they are not the owner's own.
      std::vector<dns::Record> own;
      for (const auto& found : now->records)
        if (found.owner == record.owner) own.push_back(found);
      out.push_back({record.owner, record.type, own, own});
      at = out.end() - 1;
    }
    if (action == Intent::Action::replace)
      std::erase_if(at->after, [&](const dns::Record& old) {
        return kind_of(old.data) == kind_of(record.data) && old.data != record.data && holds(at->before, old);
      });
    if (!holds(at->after, record)) at->after.push_back(record);
  }
  if (gather.lacks()) return gather.need();
  return out;
}

bool shows(const Answer& answer, const std::vector<dns::Record>& after) {
  if (answer.temporary()) return false;
  return same_set(answer.records, after);
}

std::string difference(const Change& change) {
  std::string out;
  for (const auto& record : change.before)
    if (!holds(change.after, record)) out += "- " + dns::zone_line(record) + "\n";
  for (const auto& record : change.after)
    if (!holds(change.before, record)) out += "+ " + dns::zone_line(record) + "\n";
  return out;
}

}  // namespace ptarmigan::publish
