// watch/alert.cpp - see alert.hpp.
#include "watch/alert.hpp"

#include <map>

#include <nlohmann/json.hpp>

#include "base/text.hpp"

namespace ptarmigan::watch {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::size_t max_told = 50;
constexpr std::size_t max_words = 2000;

Json json_of(const Incident& incident) {
  return {{"id", incident.id},
          {"state", incident.closed ? "closed" : "open"},
          {"kind", incident.kind},
          {"cause", incident.cause},
          {"rule", incident.rule_id.empty() ? Json() : Json(incident.rule_id)},
          {"site", incident.site},
          {"source", incident.source},
          {"domain", incident.domain},
          {"title", incident.title},
          {"why", incident.why},
          {"fix", incident.fix},
          {"opened", rfc3339(incident.opened)},
          {"closed", incident.closed ? Json(rfc3339(*incident.closed)) : Json()},
          {"closed_why", incident.closed_why},
          {"hits", incident.hits}};
}

/// Lines after the first stand below it: foreign words never begin one.
std::string in_lines(std::string_view text) {
  std::vector<std::string> lines;
  for (const auto line : split(trim(text.substr(0, max_words), "\n"), '\n')) lines.push_back(printable(line));
  return join(lines, "\n           ");
}

std::string text_of(const Incident& incident) {
  std::string out = printable(incident.title, 300) + "\n";
  if (incident.closed)
    return out + "  closed:  " + printable(incident.closed_why, 300) + ", after " +
           human(*incident.closed - incident.opened) + "\n";
  out += "  since:   " + rfc3339(incident.opened) + "\n";
  if (!incident.why.empty()) out += "  why:     " + in_lines(incident.why) + "\n";
  if (!incident.rule_id.empty()) out += "  rule:    " + incident.rule_id + "\n";
  return out + "  fix:     " + in_lines(incident.fix) + "\n";
}

Alert alert_of(std::vector<Incident> incidents, const std::string& host, WallTime now) {
  Alert out;
  Json list = Json::array();
  std::size_t open = 0;
  for (const auto& incident : incidents) {
    if (list.size() < max_told) {
      list.push_back(json_of(incident));
      out.text += text_of(incident) + "\n";
    }
    if (!incident.closed) ++open;
  }
  if (incidents.size() > max_told) out.text += "and " + std::to_string(incidents.size() - max_told) + " more\n";
  const auto& first = incidents.front();
  out.subject = incidents.size() == 1 ? (first.closed ? "Closed: " : "Open: ") + printable(first.title, 150)
                                      : std::to_string(open) + " opened, " + std::to_string(incidents.size() - open) +
                                            " closed: " + printable(first.title, 100);
  out.text += "See: ptarmigan watch incidents (on " + host + ")\n";
  out.json =
      Json{{"version", 1}, {"host", host}, {"time", rfc3339(now)}, {"subject", out.subject}, {"incidents", list}}.dump(
          -1, ' ', false, Json::error_handler_t::replace);
  out.incidents = std::move(incidents);
  return out;
}

}  // namespace

std::optional<Alert> compose_alert(const std::vector<Change>& changes, const std::string& host, WallTime now) {
  std::vector<std::string> order;
  std::map<std::string, Incident> last;
  for (const auto& change : changes) {
    const auto key = change.incident.key;
    if (change.what == Change::What::seen) {
      if (const auto known = last.find(key); known != last.end()) known->second = change.incident;
      continue;
    }
    if (!last.contains(key)) order.push_back(key);
    last[key] = change.incident;
  }
  if (order.empty()) return std::nullopt;
  std::vector<Incident> incidents;
  for (const auto& key : order) incidents.push_back(last.at(key));
  return alert_of(std::move(incidents), host, now);
}

Alert test_alert(const std::string& host, WallTime now) {
  Incident incident{.key = "test",
                    .kind = "test",
                    .opened = now,
                    .last_seen = now,
                    .title = "A test of alerts by " + host,
                    .why = "ptarmigan watch test-alert was run",
                    .fix = "Nothing: alerts reach you"};
  return alert_of({std::move(incident)}, host, now);
}

std::string prometheus_rules() {
  return R"(# Written by: ptarmigan watch prometheus-rules
groups:
  - name: ptarmigan
    rules:
      - alert: PtarmiganIncident
        expr: sum by (kind, site) (ptarmigan_incidents_open) > 0
        labels: {severity: warning}
        annotations:
          summary: "{{ $labels.kind }} at {{ $labels.site }}"
          description: "Run: ptarmigan watch incidents. It names the rule and the fix."
      - alert: PtarmiganRefusals
        expr: sum by (site) (rate(ptarmigan_attempts_by_site_total{outcome=~"bounced|deferred"}[15m])) > 0.5 * sum by (site) (rate(ptarmigan_attempts_by_site_total[15m])) and sum by (site) (rate(ptarmigan_attempts_by_site_total[15m])) > 0.05
        for: 15m
        labels: {severity: warning}
        annotations:
          summary: "More than half of the mail to {{ $labels.site }} is not accepted"
          description: "Run: ptarmigan watch summary."
      - alert: PtarmiganQueueOld
        expr: ptarmigan_queue_oldest_seconds > 14400
        for: 15m
        labels: {severity: warning}
        annotations:
          summary: "Mail has waited for more than four hours"
          description: "Run: ptarmigan queue."
      - alert: PtarmiganDown
        expr: up{job="ptarmigan"} == 0
        for: 2m
        labels: {severity: critical}
        annotations:
          summary: "Ptarmigan does not answer"
          description: "Look at its log."
)";
}

}  // namespace ptarmigan::watch
