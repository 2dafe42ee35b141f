// watch/incidents.cpp - see incidents.hpp.
#include "watch/incidents.hpp"

#include <algorithm>

#include "rulebook/registry.hpp"

namespace ptarmigan::watch {
namespace {

enum class Weight {
  none,      ///< about one recipient or message
  in_a_row,  ///< may pass by itself
  at_once,
};

Weight weight_of(Kind kind) {
  switch (kind) {
    case Kind::ptr:
    case Kind::ipv6:
    case Kind::ehlo:
    case Kind::spf:
    case Kind::dkim:
    case Kind::dmarc:
    case Kind::alignment:
    case Kind::authentication:
    case Kind::tls:
    case Kind::listing:
    case Kind::reputation:
    case Kind::rate:
    case Kind::unsubscribe:
    case Kind::sender_domain: return Weight::at_once;
    case Kind::content:
    case Kind::form:
    case Kind::policy:
    case Kind::connection:
    case Kind::site:
    case Kind::protocol:
    case Kind::unknown: return Weight::in_a_row;
    case Kind::recipient:
    case Kind::mailbox: return Weight::none;
  }
  return Weight::none;
}

/// Whether other senders' mail over the same route is not concerned.
bool is_of_the_sender(Kind kind) {
  switch (kind) {
    case Kind::spf:
    case Kind::dkim:
    case Kind::dmarc:
    case Kind::alignment:
    case Kind::authentication:
    case Kind::unsubscribe:
    case Kind::sender_domain:
    case Kind::content:
    case Kind::form: return true;
    case Kind::ptr:
    case Kind::ipv6:
    case Kind::ehlo:
    case Kind::tls:
    case Kind::listing:
    case Kind::reputation:
    case Kind::rate:
    case Kind::recipient:
    case Kind::mailbox:
    case Kind::policy:
    case Kind::connection:
    case Kind::site:
    case Kind::protocol:
    case Kind::unknown: return false;
  }
  return false;
}

std::string_view advice_of(Kind kind) {
  switch (kind) {
    case Kind::ptr:
    case Kind::ipv6:
      return "Ask whoever gives you the address for a PTR record that leads back to it; ptarmigan check shows which";
    case Kind::ehlo: return "Let the EHLO name have an address record that leads to the sending address";
    case Kind::spf: return "Publish an SPF record that names the sending address";
    case Kind::dkim: return "Sign with a key whose record is published; ptarmigan dkim shows it";
    case Kind::dmarc:
    case Kind::alignment:
    case Kind::authentication: return "Run: ptarmigan check, which names the record that is missing";
    case Kind::tls: return "Check the TLS settings of the route";
    case Kind::listing: return "Find out why the address is listed, mend it, then ask the list to remove it";
    case Kind::reputation:
    case Kind::rate: return "Send less and more evenly, to people who want the mail";
    case Kind::unsubscribe:
      return "Add List-Unsubscribe and List-Unsubscribe-Post fields, covered by the DKIM signature";
    case Kind::sender_domain: return "Give the domain of MAIL FROM and From an MX or address record";
    case Kind::content:
    case Kind::form: return "Change the message; sending it again as it is fails again";
    case Kind::connection:
    case Kind::site: return "Nothing: the mail is tried again. Look at the network where it lasts";
    case Kind::recipient:
    case Kind::mailbox:
    case Kind::policy:
    case Kind::protocol:
    case Kind::unknown: return "Ask the receiver's postmaster, with the whole reply";
  }
  return {};
}

std::string key_of(const Incidents::RefusedAttempt& attempt) {
  const auto& cause = attempt.rule_id.empty() ? std::string(to_string(attempt.kind)) : attempt.rule_id;
  return "route " + cause + " " + attempt.delivery.source + " " + attempt.delivery.site + " " +
         (is_of_the_sender(attempt.kind) ? attempt.delivery.domain : "");
}

bool is_of_a_route(const Incident& incident) {
  return incident.kind == "refusal" || incident.kind == "standing";
}

bool concerns(const Incident& incident, const Delivery& delivery) {
  return is_of_a_route(incident) && incident.site == delivery.site && incident.source == delivery.source &&
         (incident.domain.empty() || incident.domain == delivery.domain);
}

}  // namespace

std::string_view to_string(Change::What what) {
  switch (what) {
    case Change::What::opened: return "opened";
    case Change::What::seen: return "seen";
    case Change::What::closed: return "closed";
  }
  return {};
}

Change Incidents::close(std::map<std::string, Entry>::iterator entry, std::string why, WallTime now) {
  Change change{Change::What::closed, std::move(entry->second.incident)};
  change.incident.closed = now;
  change.incident.closed_why = std::move(why);
  open_.erase(entry);
  return change;
}

Incident Incidents::incident_of(const RefusedAttempt& attempt, Seen seen) {
  const auto& [site, source, domain] = attempt.delivery;
  Incident incident{.key = key_of(attempt),
                    .kind = seen == Seen::by_reply ? "refusal" : "standing",
                    .site = site,
                    .source = source,
                    .domain = is_of_the_sender(attempt.kind) ? domain : "",
                    .cause = std::string(to_string(attempt.kind)),
                    .rule_id = attempt.rule_id,
                    .why = attempt.reply,
                    .fix = attempt.fix.empty() ? std::string(advice_of(attempt.kind)) : attempt.fix};
  const auto* rule = rulebook::find_rule(attempt.rule_id);
  if (rule != nullptr && attempt.fix.empty()) incident.fix = rule->remedy;
  const auto* receiver = rulebook::find_receiver(site);
  incident.title = (receiver == nullptr ? site : std::string(receiver->name)) +
                   (seen == Seen::by_reply ? " refuses" : " would refuse") + " mail from " + source +
                   (incident.domain.empty() ? "" : " for " + incident.domain) + ": " +
                   std::string(words_of(attempt.kind));
  return incident;
}

std::vector<Change> Incidents::refused(const RefusedAttempt& attempt, WallTime now) {
  const auto weight = weight_of(attempt.kind);
  if (weight == Weight::none) return {};
  const auto key = key_of(attempt);
  if (weight == Weight::in_a_row && !open_.contains(key)) {
    if (suspected_.size() >= policy_.max_open) suspected_.clear();
    if (++suspected_[key] < policy_.in_a_row) return {};
    suspected_.erase(key);
  }
  return raise(incident_of(attempt, Seen::by_reply), now);
}

std::vector<Change> Incidents::lost(const RefusedAttempt& route, WallTime now) {
  return raise(incident_of(route, Seen::by_facts), now);
}

std::vector<Change> Incidents::regained(const Delivery& route, WallTime now) {
  std::vector<Change> changes;
  for (auto entry = open_.begin(); entry != open_.end();) {
    const auto next = std::next(entry);
    if (entry->second.incident.kind == "standing" && concerns(entry->second.incident, route))
      changes.push_back(close(entry, "in good standing again", now));
    entry = next;
  }
  return changes;
}

std::vector<Change> Incidents::accepted(const Delivery& delivery, WallTime now) {
  std::vector<Change> changes;
  std::erase_if(suspected_,
                [&](const auto& one) { return one.first.contains(" " + delivery.source + " " + delivery.site + " "); });
  for (auto entry = open_.begin(); entry != open_.end();) {
    const auto next = std::next(entry);
    if (concerns(entry->second.incident, delivery) && ++entry->second.accepted >= policy_.accepted_to_close)
      changes.push_back(close(entry, "mail is accepted again over this route", now));
    entry = next;
  }
  return changes;
}

std::vector<Change> Incidents::raise(Incident condition, WallTime now) {
  const auto found = open_.find(condition.key);
  if (found == open_.end()) {
    if (open_.size() >= policy_.max_open) return {};
    condition.opened = condition.last_seen = now;
    condition.hits = 1;
    open_.emplace(condition.key, Entry{condition});
    return {{Change::What::opened, std::move(condition)}};
  }
  auto& [incident, accepted] = found->second;
  accepted = 0;
  incident.last_seen = std::max(incident.last_seen, now);
  ++incident.hits;
  incident.why = std::move(condition.why);
  if (!condition.fix.empty()) incident.fix = std::move(condition.fix);
  if (!condition.evidence.empty()) incident.evidence = std::move(condition.evidence);
  return {{Change::What::seen, incident}};
}

std::vector<Change> Incidents::clear(const std::string& key, const std::string& why, WallTime now) {
  const auto found = open_.find(key);
  if (found == open_.end()) return {};
  return {close(found, why, now)};
}

std::vector<Change> Incidents::tick(WallTime now) {
  std::vector<Change> changes;
  for (auto entry = open_.begin(); entry != open_.end();) {
    const auto next = std::next(entry);
    const auto& incident = entry->second.incident;
    // Conditions are cleared by who raises them.
    if (incident.kind == "refusal" && now - incident.last_seen >= policy_.forgotten_after)
      changes.push_back(close(entry, "not seen for " + human(policy_.forgotten_after), now));
    entry = next;
  }
  return changes;
}

void Incidents::restore(const std::vector<Incident>& open) {
  for (const auto& incident : open)
    if (open_.size() < policy_.max_open && !incident.closed) open_.emplace(incident.key, Entry{incident});
}

std::vector<Incident> Incidents::open() const {
  std::vector<Incident> out;
  for (const auto& [key, entry] : open_) out.push_back(entry.incident);
  return out;
}

}  // namespace ptarmigan::watch
