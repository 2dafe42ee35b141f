// adapt/setup_finding.cpp - see setup_finding.hpp.
#include "adapt/setup_finding.hpp"

#include <algorithm>
#include <array>

#include <nlohmann/json.hpp>

#include "auth/iprev/iprev.hpp"
#include "base/text.hpp"

namespace ptarmigan::adapt {
namespace {

constexpr int json_version = 1;
constexpr std::size_t longest_shown = 400;

constexpr std::array kinds{
    SetupKind{"M01", "Family, bind address, TLS, relay or map settings that contradict each other"},
    SetupKind{"M02", "Exim: a guard that is never defined, an option set twice, a router that declines into another"},
    SetupKind{"M03", "The IPv6 listener is closed while an AAAA record is published"},
    SetupKind{"M04",
              "A setting without effect: a map not compiled or of a missing type, a change that was only reloaded"},
    SetupKind{"M05", "A transport entry that goes past the relay or misses hosted domains"},
    SetupKind{"M06", "The source address is not the one that has the PTR record"},
    SetupKind{"M07", "The way through a relay: brackets, port, password, TLS, signature"},
};

struct Translation {
  std::string_view lint;
  std::string_view id;
};
constexpr std::array translations{
    Translation{"L02", "M02"}, Translation{"L03", "M03"}, Translation{"L04", "M04"}, Translation{"L10", "M04"},
    Translation{"L11", "M07"}, Translation{"L12", "M07"}, Translation{"L17", "M06"}, Translation{"L19", "M05"},
    Translation{"L21", "M01"}, Translation{"L25", "M01"},
};

}  // namespace

std::span<const SetupKind> setup_kinds() {
  return kinds;
}

std::vector<SetupFinding> findings_of_text(const std::vector<lint::Input>& inputs, const lint::Options& options) {
  std::vector<SetupFinding> out;
  for (const auto& found : lint::examine(inputs, options)) {
    const auto at = std::ranges::find(translations, found.rule->id, &Translation::lint);
    if (at == translations.end()) continue;
    auto remedy = found.remedy;
    if (found.edit && !found.after.empty() && found.after.find('\n') == std::string::npos)
      remedy += "; write: " + found.after;
    out.push_back({std::string(at->id), found.severity, inputs[found.file].name + ":" + std::to_string(found.line),
                   found.what, std::move(remedy)});
  }
  return out;
}

std::string place_in(const std::string& file, std::string_view text, std::string_view part) {
  const auto offset = static_cast<std::size_t>(part.data() - text.data());
  return file + ":" + std::to_string(1 + std::ranges::count(text.substr(0, offset), '\n'));
}

Known<std::vector<SetupFinding>> check_closed_listener(const std::string& host, const std::string& place,
                                                       const std::string& setting, const Facts& facts) {
  const auto name = dns::DomainName::parse(host);
  if (!name) return std::vector<SetupFinding>();
  const Question question{*name, dns::RecordType::aaaa};
  const auto* answer = facts.find(question);
  if (answer == nullptr) return Need(question);
  if (!answer->found()) return std::vector<SetupFinding>();
  const auto addresses = answer->all<IpAddress>();
  return std::vector<SetupFinding>{
      {"M03", lint::Severity::error, place,
       setting + " closes IPv6, and " + name->text() + " has the AAAA record " + addresses.front().text() +
           ": who connects there finds nobody",
       "Open IPv6 again and keep only deliveries off it (`ptarmigan map` decides that for each receiver), or take the "
       "AAAA record away"}};
}

Known<std::vector<SetupFinding>> check_sender_address(const IpAddress& address, const std::string& ehlo,
                                                      const std::string& place, const OwnHouse& house,
                                                      const Facts& facts) {
  std::vector<SetupFinding> out;
  if (!house.sources.empty() && std::ranges::find(house.sources, address) == house.sources.end())
    out.push_back({"M06", lint::Severity::error, place,
                   "mail leaves from " + address.text() +
                       ", which is no [[source]] of ptarmigan.toml: another address "
                       "is judged than the one that receivers see",
                   "Name the same address in both places"});
  if (address.is_private() || address.is_loopback()) return out;
  const auto judged = iprev::check_iprev(address, facts);
  if (!judged) return judged.need();
  if (judged->outcome == iprev::Outcome::temperror) return out;
  if (judged->outcome != iprev::Outcome::pass) {
    out.push_back({"M06", lint::Severity::warning, place, "mail leaves from " + address.text() + ": " + judged->problem,
                   "`ptarmigan ptr " + address.text() + " --name " + ehlo + "` prints the records to publish"});
    return out;
  }
  const auto name = dns::DomainName::parse(ehlo);
  const bool said =
      name && std::ranges::find(judged->candidates, *name, &iprev::Candidate::name) != judged->candidates.end();
  if (!said)
    out.push_back({"M06", lint::Severity::warning, place,
                   "EHLO says " + ehlo + ", and the PTR record of " + address.text() + " says " + judged->name.text(),
                   "Let EHLO say the PTR record's name, or publish the PTR record for " + ehlo});
  return out;
}

std::string text_of(const std::vector<SetupFinding>& findings) {
  std::string out;
  for (const auto& finding : findings)
    out += printable(finding.place, longest_shown) + ": " + std::string(lint::to_string(finding.severity)) + " " +
           finding.id + ": " + printable(finding.what, longest_shown) +
           "\n    fix: " + printable(finding.remedy, longest_shown) + "\n";
  return out;
}

std::string json_of(const std::string& server, const std::vector<SetupFinding>& findings) {
  using Json = nlohmann::ordered_json;
  Json out{{"version", json_version}, {"server", server}, {"findings", Json::array()}};
  for (const auto& finding : findings) {
    const auto kind = std::ranges::find(kinds, std::string_view(finding.id), &SetupKind::id);
    out["findings"].push_back({{"id", finding.id},
                               {"title", kind != kinds.end() ? kind->title : std::string_view()},
                               {"severity", lint::to_string(finding.severity)},
                               {"place", finding.place},
                               {"what", finding.what},
                               {"remedy", finding.remedy}});
  }
  return out.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace ptarmigan::adapt
