// cli/watch_views.cpp - `ptarmigan watch summary`, `incidents`, `replies`, `dmarc`, `backup`: what the history says, as
// text or JSON.
#include "cli/watch_views.hpp"

#include <algorithm>
#include <map>
#include <memory>

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "auth/dmarc/public_suffix.hpp"
#include "cli/run.hpp"
#include "cli/server_files.hpp"
#include "cli/terminal.hpp"
#include "net/clock.hpp"
#include "store/recorder.hpp"
#include "store/views.hpp"
#include "watch/alert.hpp"
#include "watch/figures.hpp"
#include "watch/kind.hpp"
#include "watch/readiness.hpp"

namespace ptarmigan::cli {
namespace {

using Json = nlohmann::ordered_json;

struct Options {
  ServerFiles files;
  std::string domain;
  std::string file;
  std::int64_t incident = 0;
  unsigned days = 7;
  bool json = false;
  bool all = false;
  bool unclassified = false;
};

constexpr int json_version = 1;

std::string dump(Json json) {
  json.emplace("version", json_version);
  return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

store::Range last_days(unsigned days) {
  const auto now = net::now().wall;
  const auto today = std::chrono::floor<std::chrono::days>(now);
  return {today - std::chrono::days(days - 1), now + std::chrono::hours(1)};
}

Result<std::unique_ptr<store::Views>> open_views(Options& options) {
  if (auto found = find_server_files(options.files); !found) return std::unexpected(found.error());
  return store::Views::open(options.files.history);
}

std::string percent(std::uint64_t part, std::uint64_t whole) {
  if (whole == 0) return "-";
  const auto thousandths = part * 1000 / whole;
  return std::to_string(thousandths / 10) + "." + std::to_string(thousandths % 10) + " %";
}

Json tally_json(const store::Tally& tally) {
  return {{"attempts", tally.attempts()}, {"delivered", tally.delivered}, {"deferred", tally.deferred},
          {"bounced", tally.bounced},     {"rescued", tally.rescued},     {"recipients", tally.recipients}};
}

std::string tally_text(const store::Tally& tally) {
  return std::to_string(tally.attempts()) + " attempts, " + percent(tally.delivered, tally.attempts()) + " accepted, " +
         percent(tally.deferred, tally.attempts()) + " deferred, " + percent(tally.bounced, tally.attempts()) +
         " refused, " + percent(tally.rescued, tally.attempts()) + " rescued";
}

Json incident_json(const store::Incident& one) {
  return {{"id", one.id},
          {"state", one.closed ? "closed" : "open"},
          {"kind", one.kind},
          {"cause", one.cause},
          {"rule", one.rule_id},
          {"site", one.site},
          {"source", one.source},
          {"domain", one.domain},
          {"title", one.title},
          {"why", one.why},
          {"fix", one.fix},
          {"opened", rfc3339(one.opened)},
          {"closed", one.closed ? Json(rfc3339(*one.closed)) : Json()},
          {"closed_why", one.closed_why},
          {"last_seen", rfc3339(one.last_seen)},
          {"hits", one.hits}};
}

std::string incident_text(const store::Incident& one) {
  std::string out = "#" + std::to_string(one.id) + "  " + displayable(one.title) + "\n";
  out += "    since " + rfc3339(one.opened) + ", seen " + std::to_string(one.hits) + " times" +
         (one.closed ? ", closed " + rfc3339(*one.closed) + ": " + displayable(one.closed_why) : "") + "\n";
  if (one.closed) return out;
  if (!one.why.empty()) out += "    reply: " + displayable(one.why) + "\n";
  if (!one.rule_id.empty()) out += "    rule:  " + displayable(one.rule_id) + "\n";
  return out + "    fix:   " + displayable(one.fix) + "\n";
}

/// Messages of the busiest day to Gmail, by primary domain.
Result<std::vector<watch::BulkDay>> bulk(store::Views& views, const store::Range& range) {
  const auto days = views.senders("gmail", range);
  if (!days) return std::unexpected(days.error());
  // Without the list of public suffixes the last two labels stand for the primary domain.
  std::map<std::pair<std::string, WallTime>, std::uint64_t> by_day;
  for (const auto& day : *days) {
    const auto name = dns::DomainName::parse(day.stream);
    const auto primary = name ? dmarc::registered_domain(*name, dmarc::PublicSuffixList()).text() : day.stream;
    by_day[{primary, day.day}] += day.recipients;
  }
  std::map<std::string, std::uint64_t> busiest;
  for (const auto& [key, messages] : by_day) busiest[key.first] = std::max(busiest[key.first], messages);
  std::vector<watch::BulkDay> out;
  for (const auto& [domain, messages] : busiest) out.push_back({domain, messages});
  std::ranges::sort(out, std::ranges::greater(), &watch::BulkDay::messages);
  return out;
}

struct Summary {
  std::vector<store::RatePoint> families;
  std::vector<store::MatrixCell> matrix;
  std::vector<store::Incident> open;
  std::vector<store::RefusalCount> refusals;
  std::vector<watch::BulkDay> bulk;
};

Result<Summary> summarize(store::Views& views, unsigned days) {
  const auto range = last_days(days);
  auto families = views.rates({.range = range, .step = store::Step::day, .by = store::By::family});
  auto matrix = views.matrix(range, 20);
  auto open = views.incidents(store::Which::open);
  auto refusals = views.refusals(range, 10);
  auto bulk_days = bulk(views, range);
  if (!families) return std::unexpected(families.error());
  if (!matrix) return std::unexpected(matrix.error());
  if (!open) return std::unexpected(open.error());
  if (!refusals) return std::unexpected(refusals.error());
  if (!bulk_days) return std::unexpected(bulk_days.error());
  return Summary{*std::move(families), *std::move(matrix), *std::move(open), *std::move(refusals),
                 *std::move(bulk_days)};
}

void add_to(store::Tally& sum, const store::Tally& part) {
  sum.delivered += part.delivered;
  sum.deferred += part.deferred;
  sum.bounced += part.bounced;
  sum.rescued += part.rescued;
  sum.recipients += part.recipients;
}

std::map<std::string, store::Tally> by_family(const Summary& summary) {
  std::map<std::string, store::Tally> out;
  for (const auto& point : summary.families) add_to(out[point.of], point.tally);
  return out;
}

std::string summary_json(const Summary& summary, unsigned days) {
  Json families = Json::object();
  for (const auto& [family, tally] : by_family(summary)) families[family.empty() ? "none" : family] = tally_json(tally);
  Json matrix = Json::array();
  for (const auto& cell : summary.matrix)
    matrix.push_back({{"site", cell.site},
                      {"source", cell.route},
                      {"tally", tally_json(cell.tally)},
                      {"kind", cell.kind},
                      {"rule", cell.rule_id}});
  Json refusals = Json::array();
  for (const auto& one : summary.refusals)
    refusals.push_back({{"kind", one.kind},
                        {"rule", one.rule_id},
                        {"site", one.site},
                        {"source", one.route},
                        {"attempts", one.attempts}});
  Json open = Json::array();
  for (const auto& one : summary.open) open.push_back(incident_json(one));
  Json bulk_list = Json::array();
  for (const auto& one : summary.bulk)
    bulk_list.push_back({{"domain", one.primary_domain}, {"busiest_day", one.messages}, {"bulk", one.bulk()}});
  return dump({{"days", days},
               {"families", families},
               {"matrix", matrix},
               {"refusals", refusals},
               {"incidents", open},
               {"gmail_bulk", bulk_list}});
}

std::string summary_text(const Summary& summary, unsigned days) {
  std::string out;
  if (summary.matrix.empty() && summary.open.empty())
    return "No attempts in the last " + std::to_string(days) +
           " days. Send mail through the server, or import a log: ptarmigan log FILE\n";
  for (const auto& [family, tally] : by_family(summary))
    out += (family.empty() ? std::string("not connected") : family) + ": " + tally_text(tally) + "\n";
  std::string site;
  for (const auto& cell : summary.matrix) {
    if (cell.site != site) out += "\n" + displayable(cell.site) + "\n";
    site = cell.site;
    out += "  " + displayable(cell.route) + ": " + tally_text(cell.tally);
    if (!cell.kind.empty())
      out += "; mostly " + std::string(watch::words_of(watch::kind_of_word(cell.kind))) +
             (cell.rule_id.empty() ? "" : " (" + displayable(cell.rule_id) + ")");
    out += "\n";
  }
  for (const auto& one : summary.bulk)
    if (one.bulk())
      out += "\n" + displayable(one.primary_domain) + " is a bulk sender for Gmail: " + std::to_string(one.messages) +
             " messages on its busiest day\n";
  out += "\n" + std::to_string(summary.open.size()) + " open incidents\n";
  for (const auto& one : summary.open) out += incident_text(one);
  return out;
}

int show_summary(Options options) {
  const auto views = open_views(options);
  if (!views) return complain(views.error());
  const auto summary = summarize(**views, options.days);
  if (!summary) return complain(summary.error());
  print(options.json ? summary_json(*summary, options.days) : summary_text(*summary, options.days));
  return summary->open.empty() ? good : findings;
}

int show_one_incident(store::Views& views, const Options& options) {
  const auto found = views.incident(options.incident);
  if (!found) return complain(found.error());
  if (!*found)
    return complain(
        {"there is no incident " + std::to_string(options.incident), "run: ptarmigan watch incidents --all"});
  const auto events = views.events(options.incident);
  const auto affected = views.affected(**found, 20);
  if (!events) return complain(events.error());
  if (!affected) return complain(affected.error());
  Json json = incident_json(**found);
  json["events"] = Json::array();
  json["messages"] = Json::array();
  std::string text = incident_text(**found);
  for (const auto& event : *events) {
    json["events"].push_back({{"time", rfc3339(event.time)}, {"what", event.what}, {"text", event.text}});
    text += "    " + rfc3339(event.time) + " " + displayable(event.what) + " " + displayable(event.text) + "\n";
  }
  for (const auto& attempt : *affected) {
    json["messages"].push_back({{"id", attempt.queue_id.text()},
                                {"time", rfc3339(attempt.time)},
                                {"from", attempt.mail_from},
                                {"to", attempt.recipients},
                                {"reply", attempt.reply_text},
                                {"outcome", to_string(attempt.outcome)}});
    text += "    " + rfc3339(attempt.time) + " " + attempt.queue_id.text() + " " +
            std::string(to_string(attempt.outcome)) + "\n";
  }
  print(options.json ? dump(std::move(json)) : text);
  return (*found)->closed ? good : findings;
}

int show_incidents(Options options) {
  const auto views = open_views(options);
  if (!views) return complain(views.error());
  if (options.incident != 0) return show_one_incident(**views, options);
  const auto list = (*views)->incidents(options.all ? store::Which::all : store::Which::open);
  if (!list) return complain(list.error());
  Json json = Json::array();
  std::string text;
  bool any_open = false;
  for (const auto& one : *list) {
    json.push_back(incident_json(one));
    text += incident_text(one);
    any_open = any_open || !one.closed;
  }
  print(options.json ? dump({{"incidents", json}}) : text.empty() ? "No incidents.\n" : text);
  return any_open ? findings : good;
}

int show_replies(Options options) {
  const auto views = open_views(options);
  if (!views) return complain(views.error());
  const auto which = options.unclassified ? store::Views::Replies::unclassified : store::Views::Replies::all;
  const auto groups = (*views)->replies(which, last_days(options.days).from);
  if (!groups) return complain(groups.error());
  Json json = Json::array();
  std::string text;
  for (const auto& one : *groups) {
    json.push_back({{"site", one.site},
                    {"code", one.reply_code},
                    {"enhanced", one.enhanced_status},
                    {"text", one.sample},
                    {"kind", one.kind},
                    {"rule", one.rule_id},
                    {"attempts", one.attempts},
                    {"first_seen", rfc3339(one.first_seen)},
                    {"last_seen", rfc3339(one.last_seen)}});
    text += std::to_string(one.attempts) + " x " + displayable(one.site) + ": " +
            std::string(watch::words_of(watch::kind_of_word(one.kind))) +
            (one.rule_id.empty() ? "" : " (" + displayable(one.rule_id) + ")") + "\n    " +
            std::to_string(one.reply_code) + " " + displayable(one.enhanced_status) + " " + displayable(one.sample) +
            "\n";
  }
  if (text.empty()) text = options.unclassified ? "Every refusal has a cause.\n" : "No refusals.\n";
  print(options.json ? dump({{"replies", json}}) : text);
  return options.unclassified && !groups->empty() ? findings : good;
}

Json share_json(const watch::Share& share) {
  return {{"messages", share.messages}, {"passed", share.passed}};
}

std::string share_text(std::string_view name, const watch::Share& share) {
  return "  " + std::string(name) + ": " + std::to_string(share.messages) + " messages, " +
         percent(share.passed, share.messages) + " pass\n";
}

int show_dmarc(Options options) {
  const auto views = open_views(options);
  if (!views) return complain(views.error());
  const auto rows = (*views)->dmarc_sources(options.domain, last_days(options.days));
  if (!rows) return complain(rows.error());
  std::vector<watch::ReportedSource> sources;
  for (const auto& row : *rows)
    sources.push_back({.source_ip = row.source_ip,
                       .family = row.family,
                       .own = row.own,
                       .domain = options.domain.empty() ? row.header_from : options.domain,
                       .dkim = row.dkim,
                       .spf = row.spf,
                       .dkim_domain = row.dkim_domain,
                       .dkim_result = row.dkim_result,
                       .spf_domain = row.spf_domain,
                       .reason = row.reason,
                       .messages = row.messages});
  const auto ready = watch::readiness(sources);
  Json breaks = Json::array();
  std::string text = options.domain.empty() ? "All domains\n" : displayable(options.domain) + "\n";
  text += share_text("own and known sources", ready.own) + share_text("  of these over IPv4", ready.ipv4) +
          share_text("  of these over IPv6", ready.ipv6) + share_text("forwarded", ready.forwarded) +
          share_text("unknown sources", ready.unknown);
  text += "  ready for p=quarantine: " + std::string(ready.quarantine ? "yes" : "no") +
          ", for p=reject: " + (ready.reject ? "yes" : "no") + " (" + ready.why + ")\n";
  for (const auto& one : ready.breaks) {
    breaks.push_back({{"source", one.source_ip},
                      {"origin", to_string(one.origin)},
                      {"messages", one.messages},
                      {"why", one.why},
                      {"fix", one.fix}});
    text += "  would break: " + std::to_string(one.messages) + " messages of " + displayable(one.source_ip) + " (" +
            std::string(to_string(one.origin)) + "): " + displayable(one.why) + "\n    fix: " + displayable(one.fix) +
            "\n";
  }
  print(options.json ? dump({{"domain", options.domain},
                             {"own", share_json(ready.own)},
                             {"ipv4", share_json(ready.ipv4)},
                             {"ipv6", share_json(ready.ipv6)},
                             {"forwarded", share_json(ready.forwarded)},
                             {"unknown", share_json(ready.unknown)},
                             {"ready_for_quarantine", ready.quarantine},
                             {"ready_for_reject", ready.reject},
                             {"why", ready.why},
                             {"would_break", breaks}})
                     : text);
  return ready.breaks.empty() ? good : findings;
}

std::string value_text(const store::Figure& figure) {
  if (!figure.text.empty()) return displayable(figure.text);
  const bool count = figure.metric == "rcpt" || figure.metric == "data" || figure.metric == "recipients" ||
                     figure.metric == "trap_hits";
  return count ? std::to_string(figure.millionths / 1'000'000) : fmt::format("{:.2f} %", figure.millionths / 10'000.0);
}

/// The last of each, and what of it is wrong.
int show_figures(Options options) {
  const auto views = open_views(options);
  if (!views) return complain(views.error());
  Json list = Json::array();
  std::string text;
  bool wrong = false;
  for (const auto provider : {watch::google_postmaster, watch::snds}) {
    const auto found = (*views)->figures(std::string(provider), last_days(options.days), 100'000);
    if (!found) return complain(found.error());
    std::map<std::pair<std::string, std::string>, const store::Figure*> last;
    for (const auto& figure : *found) {
      last[{figure.subject, figure.metric}] = &figure;
      list.push_back({{"provider", figure.provider},
                      {"subject", figure.subject},
                      {"day", rfc3339(figure.day)},
                      {"metric", figure.metric},
                      {"millionths", figure.millionths},
                      {"text", figure.text}});
    }
    for (const auto& [key, figure] : last)
      text += fmt::format("{:17} {:24} {:34} {:10} {}\n", provider, displayable(key.first), displayable(key.second),
                          rfc3339(figure->day).substr(0, 10), value_text(*figure));
    for (const auto& one : watch::wrong_figures(*found)) {
      wrong = true;
      text += "  " + displayable(one.title) + ": " + displayable(one.why) + "\n    fix: " + displayable(one.fix) + "\n";
    }
  }
  if (text.empty())
    text =
        "No figures are kept. Set watch.google_key_file or watch.snds_token_file, then: ptarmigan watch "
        "fetch-figures\n";
  print(options.json ? dump({{"figures", std::move(list)}}) : text);
  return wrong ? findings : good;
}

int back_up(Options options) {
  if (auto found = find_server_files(options.files); !found) return complain(found.error());
  const auto importer = store::Importer::open(options.files.history);
  if (!importer) return complain(importer.error());
  if (auto made = (*importer)->back_up(options.file); !made) return complain(made.error());
  print("The history is copied to " + options.file + "\n");
  return good;
}

using Show = int (*)(Options);

CLI::App* add_view(CLI::App& watch, Action& action, const std::shared_ptr<Options>& options, const char* name,
                   const char* about, Show show) {
  auto* command = watch.add_subcommand(name, about);
  add_server_files(*command, options->files);
  command->callback([options, show, &action] { action = [options, show] { return show(*options); }; });
  return command;
}

}  // namespace

void add_watch_views(CLI::App& watch, Action& action) {
  const auto options = std::make_shared<Options>();
  const auto json = [&](CLI::App* command) {
    command->add_flag("--json", options->json, "For programs: docs/reference/watch-json.md");
  };
  const auto days = [&](CLI::App* command) {
    command->add_option("--days", options->days, "How far back")->check(CLI::Range(1, 1100))->capture_default_str();
  };
  auto* summary =
      add_view(watch, action, options, "summary",
               "Is mail getting through: rates by family and source, open incidents with their fix", show_summary);
  json(summary);
  days(summary);
  auto* incidents =
      add_view(watch, action, options, "incidents", "What is wrong now, since when, and what mends it", show_incidents);
  json(incidents);
  incidents->add_option("ID", options->incident, "One incident with its story and the mail that it is about")
      ->type_name("");
  incidents->add_flag("--all", options->all, "Closed ones too");
  auto* replies =
      add_view(watch, action, options, "replies", "Refusals by their words, the most frequent first", show_replies);
  json(replies);
  days(replies);
  replies->add_flag("--unclassified", options->unclassified, "Only those whose cause is not known");
  auto* dmarc = add_view(watch, action, options, "dmarc",
                         "What DMARC reports say: who passes, and whether a stricter policy is safe", show_dmarc);
  json(dmarc);
  days(dmarc);
  dmarc->add_option("DOMAIN", options->domain, "Of this domain alone")->type_name("");
  auto* figures = add_view(watch, action, options, "figures",
                           "What Google Postmaster Tools and Microsoft SNDS measured, as last fetched", show_figures);
  json(figures);
  days(figures);
  auto* backup = add_view(watch, action, options, "backup", "Copy the history while the server runs", back_up);
  backup->add_option("FILE", options->file, "A file that does not exist")->required()->type_name("");
  auto* rules = watch.add_subcommand("prometheus-rules", "Alerting rules for Prometheus, over the server's /metrics");
  rules->callback([&action] {
    action = [] {
      print(watch::prometheus_rules());
      return int{good};
    };
  });
}

}  // namespace ptarmigan::cli
