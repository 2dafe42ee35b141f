// console/answers.cpp - see answers.hpp.
#include "console/answers.hpp"

#include <algorithm>
#include <map>
#include <set>

#include <nlohmann/json.hpp>

#include "base/text.hpp"
#include "config/settings.hpp"
#include "route/plan.hpp"
#include "rulebook/registry.hpp"

namespace ptarmigan::console {
namespace {

constexpr int version = 1;
/// Of one provider: 30 days of 20 metrics for 80 domains.
constexpr std::size_t max_figures = 50'000;

Json time_json(const std::optional<WallTime>& time) {
  return time ? Json(rfc3339(*time)) : Json();
}

std::string text_at(const Json& object, const char* key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
}

template <typename Rows>
Json list(const Rows& rows) {
  Json out = Json::array();
  for (const auto& row : rows) out.push_back(json_of(row));
  return out;
}

Json rule_or_null(const std::string& id) {
  const auto* rule = rulebook::find_rule(id);
  return rule == nullptr ? Json() : json_of(*rule);
}

Json json_of(const store::Snapshot& snapshot) {
  return {{"time", rfc3339(snapshot.time)}, {"name", snapshot.name},       {"type", snapshot.type},
          {"status", snapshot.status},      {"records", snapshot.records}, {"diff", snapshot.diff}};
}

/// Ways out: each own address, then relays; what was used and is no longer configured behind them.
Json sources_json(const config::Config& config) {
  Json out = Json::array();
  for (const auto& source : route::addresses_of(config.sources))
    out.push_back({{"route", source.address.text()},
                   {"name", source.source},
                   {"family", to_string(source.address.family())},
                   {"kind", "address"},
                   {"ehlo", source.ehlo_name.text()}});
  for (const auto& relay : config.relays)
    out.push_back({{"route", "relay " + relay.name},
                   {"name", relay.name},
                   {"family", ""},
                   {"kind", "relay"},
                   {"ehlo", relay.host.text()}});
  return out;
}

struct Cell {
  std::string standing;
  std::string why;
  Json rules = Json::array();
  Json since;
  store::Tally tally;
  std::string kind;
  std::string rule;
};
using Cells = std::map<std::pair<std::string, std::string>, Cell>;  ///< by site and route

/// The running server's word; without one, what it last kept.
void add_live(const Json& standing, Cells& cells) {
  const auto rows = standing.find("standing");
  if (rows == standing.end() || !rows->is_array()) return;
  for (const auto& row : *rows) {
    if (!text_at(row, "sender").empty()) continue;
    auto& cell = cells[{text_at(row, "site"), text_at(row, "source")}];
    cell.standing = text_at(row, "standing");
    cell.why = text_at(row, "why");
    const auto since = row.find("since_ms");
    if (since != row.end() && since->is_number_integer())
      cell.since = rfc3339(WallTime(milliseconds(since->get<std::int64_t>())));
    const auto refusal = row.find("refusal");
    if (refusal != row.end() && refusal->is_object() && refusal->contains("rules")) cell.rules = (*refusal)["rules"];
  }
}

void add_kept(const std::vector<store::StandingRow>& rows, Cells& cells) {
  for (const auto& row : rows) {
    if (!row.sender.empty()) continue;
    auto& cell = cells[{row.site, row.source}];
    if (!cell.standing.empty()) {
      if (cell.rules.empty() && !row.rules.empty())
        for (const auto id : split(row.rules, ' ')) cell.rules.push_back(id);
      continue;
    }
    cell.standing = row.standing;
    cell.why = row.why;
    cell.since = rfc3339(row.since);
    if (!row.rules.empty())
      for (const auto id : split(row.rules, ' ')) cell.rules.push_back(id);
  }
}

/// The text of a file's value without its quotes.
Json settings_row(const config::Setting& setting, const std::string& path, std::string value, std::string origin) {
  return {{"path", path},
          {"kind", setting.kind},
          {"default", setting.default_value},
          {"bounds", setting.bounds},
          {"meaning", setting.meaning},
          {"value", std::move(value)},
          {"origin", std::move(origin)}};
}

}  // namespace

Json json_of(const store::Tally& tally) {
  return {{"delivered", tally.delivered},
          {"deferred", tally.deferred},
          {"bounced", tally.bounced},
          {"rescued", tally.rescued},
          {"recipients", tally.recipients}};
}

Json json_of(const store::Incident& i) {
  return {{"id", i.id},
          {"key", i.key},
          {"kind", i.kind},
          {"opened", rfc3339(i.opened)},
          {"closed", time_json(i.closed)},
          {"last_seen", rfc3339(i.last_seen)},
          {"hits", i.hits},
          {"site", i.site},
          {"source", i.source},
          {"domain", i.domain},
          {"cause", i.cause},
          {"rule", i.rule_id},
          {"title", i.title},
          {"why", i.why},
          {"fix", i.fix},
          {"closed_why", i.closed_why}};
}

Json json_of(const store::Attempt& a) {
  auto considered = Json::parse(a.considered, nullptr, false);
  if (!considered.is_object()) considered = Json::object();
  return {{"id", a.origin.empty() ? a.queue_id.text() : a.external_id},
          {"group", a.group},
          {"time", rfc3339(a.time)},
          {"duration_ms", a.duration.count()},
          {"mail_from", a.mail_from},
          {"recipients", a.recipients},
          {"site", a.site},
          {"route", a.route},
          {"family", a.family ? Json(to_string(*a.family)) : Json()},
          {"peer", a.peer ? Json(a.peer->text()) : Json()},
          {"mx_host", a.mx_host},
          {"ehlo_name", a.ehlo_name},
          {"tls", a.tls ? Json{{"version", a.tls->version}, {"cipher", a.tls->cipher}, {"verified", a.tls->verified}}
                        : Json()},
          {"reply_code", a.reply_code},
          {"enhanced_status", a.enhanced_status},
          {"reply", a.reply_text},
          {"stage", a.stage},
          {"cause", a.cause},
          {"kind", a.kind},
          {"rule", a.rule_id},
          {"outcome", store::to_string(a.outcome)},
          {"next_step", a.next_step},
          {"message_id", a.message_id},
          {"considered", std::move(considered)}};
}

Json json_of(const rulebook::Rule& rule) {
  const auto families = rule.families == rulebook::Families::both   ? "both"
                        : rule.families == rulebook::Families::ipv4 ? "IPv4"
                                                                    : "IPv6";
  return {{"id", rule.id},
          {"receiver", rule.receiver()},
          {"title", rule.title},
          {"consequence", rule.consequence},
          {"remedy", rule.remedy},
          {"effect", to_string(rule.effect)},
          {"scope", rule.scope == rulebook::Scope::all_senders ? "all senders" : "bulk senders"},
          {"families", families},
          {"visibility", rule.visibility == rulebook::Visibility::judged ? "judged" : "seen by the receiver only"},
          {"source",
           {{"title", rule.source.title},
            {"url", rule.source.url},
            {"date", rule.source.date},
            {"confidence", to_string(rule.source.confidence)}}}};
}

Result<Json> home(store::Views& views, const config::Config& config, const Json& standing, const Json& queue,
                  store::Range range) {
  const auto matrix = views.matrix(range);
  if (!matrix) return std::unexpected(matrix.error());
  const auto kept = views.standings();
  if (!kept) return std::unexpected(kept.error());
  const auto open = views.incidents(store::Which::open);
  if (!open) return std::unexpected(open.error());
  Cells cells;
  add_live(standing, cells);
  add_kept(*kept, cells);
  std::vector<std::string> sites;
  const auto name_site = [&](const std::string& site) {
    if (!site.empty() && std::ranges::find(sites, site) == sites.end()) sites.push_back(site);
  };
  store::Tally total;
  for (const auto& row : *matrix) {
    name_site(row.site);
    auto& cell = cells[{row.site, row.route}];
    for (auto* sum : {&cell.tally, &total}) {
      sum->delivered += row.tally.delivered;
      sum->deferred += row.tally.deferred;
      sum->bounced += row.tally.bounced;
      sum->rescued += row.tally.rescued;
      sum->recipients += row.tally.recipients;
    }
    if (cell.kind.empty()) {
      cell.kind = row.kind;
      cell.rule = row.rule_id;
    }
  }
  Json list_of_cells = Json::array();
  for (const auto& [key, cell] : cells) {
    name_site(key.first);
    list_of_cells.push_back({{"route", key.second},
                             {"site", key.first},
                             {"standing", cell.standing},
                             {"why", cell.why},
                             {"rules", cell.rules},
                             {"since", cell.since},
                             {"tally", json_of(cell.tally)},
                             {"kind", cell.kind},
                             {"rule", cell.rule}});
  }
  Json waiting;
  if (queue.is_object() && queue.contains("sites"))
    for (const auto* const member : {"messages", "groups", "octets", "held", "sites"}) waiting[member] = queue[member];
  const auto server = queue.is_object() && queue.contains("server") ? queue["server"] : Json();
  return Json{{"version", version},
              {"now", rfc3339(range.to)},
              {"hostname", config.hostname ? config.hostname->text() : std::string()},
              {"server", server},
              {"sources", sources_json(config)},
              {"sites", sites},
              {"cells", std::move(list_of_cells)},
              {"total", json_of(total)},
              {"queue", std::move(waiting)},
              {"incidents", list(*open)}};
}

Result<Json> rates(store::Views& views, const store::RateQuery& query) {
  const auto points = views.rates(query);
  if (!points) return std::unexpected(points.error());
  Json out = Json::array();
  for (const auto& point : *points)
    out.push_back({{"time", rfc3339(point.time)}, {"of", point.of}, {"tally", json_of(point.tally)}});
  return Json{
      {"version", version}, {"step", query.step == store::Step::hour ? "hour" : "day"}, {"points", std::move(out)}};
}

Result<Json> refusals(store::Views& views, store::Range range) {
  const auto rows = views.refusals(range);
  if (!rows) return std::unexpected(rows.error());
  Json out = Json::array();
  for (const auto& row : *rows)
    out.push_back({{"kind", row.kind},
                   {"rule", row.rule_id},
                   {"site", row.site},
                   {"route", row.route},
                   {"attempts", row.attempts}});
  return Json{{"version", version}, {"refusals", std::move(out)}};
}

Result<Json> replies(store::Views& views, store::Views::Replies which, WallTime since) {
  const auto rows = views.replies(which, since);
  if (!rows) return std::unexpected(rows.error());
  Json out = Json::array();
  for (const auto& row : *rows)
    out.push_back({{"site", row.site},
                   {"reply_code", row.reply_code},
                   {"enhanced_status", row.enhanced_status},
                   {"sample", row.sample},
                   {"kind", row.kind},
                   {"rule", row.rule_id},
                   {"first_seen", rfc3339(row.first_seen)},
                   {"last_seen", rfc3339(row.last_seen)},
                   {"attempts", row.attempts}});
  return Json{{"version", version}, {"replies", std::move(out)}};
}

Result<Json> incidents(store::Views& views, store::Which which) {
  const auto rows = views.incidents(which);
  if (!rows) return std::unexpected(rows.error());
  return Json{{"version", version}, {"incidents", list(*rows)}};
}

Result<Json> incident(store::Views& views, std::int64_t id) {
  const auto found = views.incident(id);
  if (!found) return std::unexpected(found.error());
  if (!*found) return Json();
  const auto events = views.events(id);
  if (!events) return std::unexpected(events.error());
  const auto affected = views.affected(**found);
  if (!affected) return std::unexpected(affected.error());
  Json story = Json::array();
  for (const auto& event : *events)
    story.push_back({{"time", rfc3339(event.time)}, {"what", event.what}, {"text", event.text}});
  auto evidence = Json::parse((*found)->evidence, nullptr, false);
  if (evidence.is_discarded()) evidence = Json();
  return Json{{"version", version},
              {"incident", json_of(**found)},
              {"evidence", evidence},
              {"events", std::move(story)},
              {"rule", rule_or_null((*found)->rule_id)},
              {"affected", list(*affected)}};
}

Result<Json> messages(store::Views& views, const store::Search& search) {
  const auto rows = views.search(search);
  if (!rows) return std::unexpected(rows.error());
  return Json{{"version", version}, {"attempts", list(*rows)}};
}

Result<Json> message(store::Views& views, const std::string& id, const Json& queued) {
  constexpr std::size_t most = 500;
  auto rows = views.search({.id = id, .limit = most});
  if (!rows) return std::unexpected(rows.error());
  if (rows->empty() && queued.is_null()) return Json();
  std::ranges::stable_sort(*rows, {}, &store::Attempt::time);
  std::set<std::string> named;
  for (const auto& attempt : *rows)
    if (!attempt.rule_id.empty()) named.insert(attempt.rule_id);
  Json explained = Json::array();
  for (const auto& rule : named)
    if (auto found = rule_or_null(rule); !found.is_null()) explained.push_back(std::move(found));
  return Json{
      {"version", version}, {"id", id}, {"queued", queued}, {"attempts", list(*rows)}, {"rules", std::move(explained)}};
}

Json domains(const config::Config& config) {
  Json out = Json::array();
  for (const auto& domain : config.domains) {
    Json selectors = Json::array();
    for (const auto& key : domain.dkim) selectors.push_back(key.selector);
    out.push_back({{"name", domain.name.text()}, {"selectors", std::move(selectors)}});
  }
  return {{"version", version}, {"domains", std::move(out)}};
}

Result<Json> figures(store::Views& views, store::Range range) {
  Json list = Json::array();
  for (const auto provider : {watch::google_postmaster, watch::snds}) {
    const auto found = views.figures(std::string(provider), range, max_figures);
    if (!found) return std::unexpected(found.error());
    for (const auto& figure : *found)
      list.push_back({{"provider", figure.provider},
                      {"subject", figure.subject},
                      {"day", rfc3339(figure.day)},
                      {"metric", figure.metric},
                      {"millionths", figure.millionths},
                      {"text", figure.text}});
  }
  return Json{{"version", 1}, {"figures", std::move(list)}};
}

Result<Json> domain(store::Views& views, const config::Domain& domain, store::Range range) {
  const auto name = domain.name.text();
  const auto last = views.last_snapshots();
  if (!last) return std::unexpected(last.error());
  const auto days = views.dmarc_days(name, range);
  if (!days) return std::unexpected(days.error());
  const auto sources = views.dmarc_sources(name, range, 200);
  if (!sources) return std::unexpected(sources.error());
  const auto tls = views.tls(name, range, 500);
  if (!tls) return std::unexpected(tls.error());
  const auto all = views.snapshots("", 500);
  if (!all) return std::unexpected(all.error());
  const auto belongs = [&](const store::Snapshot& snapshot) {
    const std::string_view owner = trim(std::string_view(snapshot.name), ".");
    return iequals(owner, name) || iends_with(owner, "." + name);
  };
  Json seen = Json::array();
  for (const auto& snapshot : *last)
    if (belongs(snapshot)) seen.push_back(json_of(snapshot));
  Json history = Json::array();
  for (const auto& snapshot : *all)
    if (belongs(snapshot) && !snapshot.diff.empty()) history.push_back(json_of(snapshot));
  Json dmarc = Json::array();
  for (const auto& day : *days)
    dmarc.push_back({{"day", rfc3339(day.day)},
                     {"family", day.family},
                     {"own", day.own},
                     {"messages", day.messages},
                     {"passed", day.passed},
                     {"dkim", day.dkim},
                     {"spf", day.spf}});
  Json senders = Json::array();
  for (const auto& source : *sources)
    senders.push_back({{"source_ip", source.source_ip},
                       {"own", source.own},
                       {"header_from", source.header_from},
                       {"dkim", source.dkim},
                       {"spf", source.spf},
                       {"dkim_domain", source.dkim_domain},
                       {"spf_domain", source.spf_domain},
                       {"disposition", source.disposition},
                       {"messages", source.messages}});
  Json sessions = Json::array();
  for (const auto& count : *tls)
    sessions.push_back({{"day", rfc3339(count.day)},
                        {"policy", count.policy},
                        {"result", count.result},
                        {"mx_host", count.mx_host},
                        {"sessions", count.sessions}});
  return Json{{"version", version},
              {"name", name},
              {"planned", Json::array()},
              {"seen", std::move(seen)},
              {"history", std::move(history)},
              {"dmarc", std::move(dmarc)},
              {"sources", std::move(senders)},
              {"tls", std::move(sessions)}};
}

Json rules() {
  Json out = Json::array();
  for (const auto& receiver : rulebook::receivers())
    for (const auto& rule : receiver.rules) out.push_back(json_of(rule));
  return {{"version", version}, {"rules", std::move(out)}};
}

Json settings(const std::string& file, const std::vector<config::Given>& given) {
  Json out = Json::array();
  for (const auto& setting : config::settings()) {
    bool found = false;
    for (const auto& one : given) {
      if (config::table_path(one.path) != setting.path) continue;
      found = true;
      out.push_back(settings_row(setting, one.path, one.value, file + ":" + std::to_string(one.line)));
    }
    if (!found && setting.path.find("[]") == std::string_view::npos)
      out.push_back(settings_row(setting, std::string(setting.path), std::string(setting.default_value), "default"));
  }
  return {{"version", version}, {"file", file}, {"settings", std::move(out)}};
}

Result<Json> audit(store::Views& views) {
  const auto rows = views.audit();
  if (!rows) return std::unexpected(rows.error());
  Json out = Json::array();
  for (const auto& row : *rows)
    out.push_back({{"time", rfc3339(row.time)},
                   {"who", row.who},
                   {"address", row.address},
                   {"action", row.action},
                   {"detail", row.detail}});
  return Json{{"version", version}, {"lines", std::move(out)}};
}

}  // namespace ptarmigan::console
