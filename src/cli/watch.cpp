// cli/watch.cpp - `ptarmigan watch import`: reports about our mail from files, as text or JSON.
#include <algorithm>
#include <cstdio>
#include <iostream>
#include <memory>
#include <utility>

#include <CLI/CLI.hpp>

#include "base/encoding.hpp"
#include "cli/commands.hpp"
#include "cli/dns_options.hpp"
#include "cli/run.hpp"
#include "cli/server_files.hpp"
#include "cli/terminal.hpp"
#include "cli/watch_views.hpp"
#include "net/clock.hpp"
#include "net/password.hpp"
#include "net/resolver.hpp"
#include "net/run.hpp"
#include "relay/alerts.hpp"
#include "relay/figure_sources.hpp"
#include "relay/whole_file.hpp"
#include "reports/json.hpp"
#include "store/from_report.hpp"
#include "store/recorder.hpp"
#include "store/views.hpp"
#include "watch/alert.hpp"
#include "watch/snds.hpp"

namespace ptarmigan::cli {
namespace {

using reports::Report;

struct Options {
  std::vector<std::string> files;
  std::string config;
  std::string history;
  bool json = false;
};

std::string counted(std::uint64_t count, std::string_view what) {
  return std::to_string(count) + " " + std::string(what) + (count == 1 ? "" : "s");
}

/// The first of these that says something.
std::string named(const std::string& name, const std::string& otherwise) {
  if (!name.empty()) return displayable(name);
  return otherwise.empty() ? "somebody unnamed" : displayable(otherwise);
}

std::string day(const std::optional<WallTime>& time) {
  return time ? rfc3339(*time).substr(0, 10) : "?";
}

/// One line about each kind of report.
struct Summary {
  std::string operator()(const std::monostate& /*none*/) const { return "not readable as a report"; }

  std::string operator()(const reports::AggregateReport& report) const {
    std::uint64_t messages = 0;
    std::uint64_t passed = 0;
    for (const auto& record : report.records) {
      messages += record.count;
      if (record.dkim == "pass" || record.spf == "pass") passed += record.count;
    }
    return "DMARC aggregate report of " + named(report.org_name, report.email) + " about " +
           displayable(report.policy.domain) + ", " + day(report.begin) + " to " + day(report.end) + ": " +
           counted(messages, "message") + " from " + counted(report.records.size(), "row") + ", " +
           std::to_string(passed) + " passed DMARC";
  }

  std::string operator()(const reports::FeedbackReport& report) const {
    const auto what =
        report.auth_failure.empty() ? report.feedback_type : report.feedback_type + " (" + report.auth_failure + ")";
    const auto about = report.reported_domains.empty() ? report.original_mail_from : report.reported_domains.front();
    return "feedback report of " + named(report.reporting_mta.value, report.user_agent) + ": " + displayable(what) +
           (about.empty() ? "" : " about " + displayable(about)) +
           (report.source_ip.empty() ? "" : " from " + displayable(report.source_ip));
  }

  std::string operator()(const reports::TlsReport& report) const {
    std::uint64_t good = 0;
    std::uint64_t failed = 0;
    for (const auto& policy : report.policies) {
      good += policy.successful_sessions;
      failed += policy.failed_sessions;
    }
    return "TLS report of " + named(report.organization_name, report.contact_info) + ", " + day(report.start) + " to " +
           day(report.end) + ": " + counted(good, "session") + " with TLS, " + std::to_string(failed) + " failed";
  }

  std::string operator()(const reports::DeliveryReport& report) const {
    std::string out = "delivery report of " + named(report.reporting_mta.value, std::string(to_string(report.form)));
    for (const auto& recipient : report.recipients) {
      const auto& code = recipient.enhanced_code.empty() ? recipient.status : recipient.enhanced_code;
      out += "\n  " + displayable(recipient.address) + " " + displayable(recipient.action) + " " + displayable(code) +
             (recipient.diagnostic_code.empty() ? "" : ": " + displayable(recipient.diagnostic_code.value));
    }
    return out;
  }
};

std::string text_of(const Report& report, const std::string& file) {
  std::string out = displayable(file) + ": " + std::visit(Summary{}, report.content) + "\n";
  for (const auto& note : report.notes.all())
    out += "  note: " + displayable(note.text) + (note.count > 1 ? " (" + std::to_string(note.count) + " times)" : "") +
           "\n";
  return out;
}

/// Where reports go, and what came of it.
struct Intake {
  std::unique_ptr<store::Importer> importer;
  std::unique_ptr<store::Views> views;
  store::Ours ours;
  std::size_t fresh = 0;
  std::size_t known = 0;
  std::size_t foreign = 0;
};

/// Nothing where no history was named: reports are then only shown.
Result<std::unique_ptr<Intake>> open_intake(const Options& options) {
  if (options.config.empty() && options.history.empty()) return nullptr;
  auto intake = std::make_unique<Intake>();
  std::string where = options.history;
  if (!options.config.empty()) {
    const auto config = read_config(options.config);
    if (!config) return std::unexpected(config.error());
    intake->ours = store::ours_of(*config);
    if (where.empty()) where = config->watch.database.empty() ? config->store.path : config->watch.database;
  }
  auto importer = store::Importer::open(where);
  if (!importer) return std::unexpected(importer.error());
  auto views = store::Views::open(where);
  if (!views) return std::unexpected(views.error());
  intake->importer = *std::move(importer);
  intake->views = *std::move(views);
  return intake;
}

Result<> keep(Intake& intake, std::vector<store::FullReport> reports) {
  for (auto& full : reports)
    if (auto joined = store::join_messages(full, *intake.views); !joined) return joined;
  return intake.importer->transact([&](store::Recorder& recorder) -> Result<> {
    for (const auto& full : reports) {
      const auto kept = recorder.keep(full);
      if (!kept) return std::unexpected(kept.error());
      ++(!*kept ? intake.known : full.report.ours ? intake.fresh : intake.foreign);
    }
    return {};
  });
}

int test_alert(const Options& options) {
  const auto config = read_config(options.config.empty() ? ServerFiles().config : options.config);
  if (!config) return complain(config.error());
  const auto& watch = config->watch;
  if (watch.alert_command.empty() && watch.alert_webhook.empty())
    return complain({"no alert is configured that can be tested", "set watch.alert_command or watch.alert_webhook"});
  const auto resolver = net::Resolver::open(net::resolver_options(config->dns));
  if (!resolver) return complain(resolver.error());
  const auto alerts = relay::Alerts::create(watch, **resolver);
  if (!alerts) return complain(alerts.error());
  const auto host = config->hostname ? config->hostname->text() : std::string("this server");
  const auto results = net::run_blocking((*alerts)->send(watch::test_alert(host, net::now().wall)));
  int code = good;
  for (const auto& one : results) {
    print(one.channel + ": " + (one.result ? "sent" : displayable(one.result.error().text())) + "\n");
    if (!one.result) code = findings;
  }
  return code;
}

/// Fetched now and kept, each provider's trouble told.
int fetch_figures(const std::string& file) {
  const auto config = read_config(file);
  if (!config) return complain(config.error());
  const auto resolver = net::Resolver::open(net::resolver_options(config->dns));
  if (!resolver) return complain(resolver.error());
  const auto sources = relay::figure_sources(config->watch, **resolver);
  if (!sources) return complain(sources.error());
  if (sources->empty())
    return complain({"no provider of figures is configured", "set watch.google_key_file or watch.snds_token_file"});
  const auto& where = config->watch.database.empty() ? config->store.path : config->watch.database;
  const auto importer = store::Importer::open(where);
  if (!importer) return complain(importer.error());
  int code = good;
  for (const auto& source : *sources) {
    const std::string name(source->provider());
    const auto fetched = net::run_blocking(source->fetch(net::now().wall));
    if (!fetched) {
      code = complain({name + ": " + fetched.error().message, fetched.error().remedy});
      continue;
    }
    for (const auto& problem : fetched->problems) print(name + ": " + displayable(problem) + "\n");
    if (!fetched->problems.empty()) code = std::max<int>(code, findings);
    const auto kept = (*importer)->transact([&](store::Recorder& recorder) -> Result<> {
      for (const auto& figure : fetched->figures)
        if (auto saved = recorder.save(figure); !saved) return saved;
      return {};
    });
    if (!kept) return complain(kept.error());
    print(name + ": " + counted(fetched->figures.size(), "figure") + "\n");
  }
  return code;
}

/// A person signs in with a browser, on whatever machine it is.
int sign_in_at_snds(const std::string& file) {
  const auto config = read_config(file);
  if (!config) return complain(config.error());
  if (config->watch.snds_token_file.empty())
    return complain({"watch.snds_token_file is not set", "name a file in a folder that the server may write"});
  const auto resolver = net::Resolver::open(net::resolver_options(config->dns));
  if (!resolver) return complain(resolver.error());
  const auto random = [] { return base64url_encode(net::scram_nonce()); };
  const watch::SndsSignIn sign_in{.verifier = random() + random(), .state = random()};
  print("Open this in a browser and sign in with the account that has access to SNDS:\n\n" + sign_in.address() +
        "\n\nIt ends on a page at localhost that cannot be shown. Paste its whole address here, within a minute:\n");
  std::fflush(stdout);
  std::string arrived;
  std::getline(std::cin, arrived);
  auto request = sign_in.token_request(arrived);
  if (!request) return complain(request.error());
  const auto token = net::run_blocking(relay::end_snds_sign_in(**resolver, *std::move(request)));
  if (!token) return complain(token.error());
  if (auto kept = relay::write_whole_file(config->watch.snds_token_file, *token + "\n"); !kept)
    return complain(kept.error());
  print("kept in " + config->watch.snds_token_file + "; now: ptarmigan watch fetch-figures\n");
  return good;
}

constexpr std::size_t reports_at_once = 500;

int import(const Options& options) {
  const auto intake = open_intake(options);
  if (!intake) return complain(intake.error());
  int code = good;
  std::vector<store::FullReport> waiting;
  const auto flush = [&]() -> Result<> { return keep(**intake, std::exchange(waiting, {})); };
  for (const auto& file : options.files) {
    const auto octets = read_file(file);
    if (!octets) {
      code = complain(octets.error());
      continue;
    }
    for (const auto& report : reports::read_reports(*octets)) {
      if (options.json) {
        print(reports::json(report, file) + "\n");
      } else if (!*intake || !report.readable()) {
        print(text_of(report, file));
      }
      if (!report.readable() || report.notes.any_loss()) code = std::max<int>(code, findings);
      if (*intake && report.readable())
        waiting.push_back(store::full_report(report, file, (*intake)->ours, net::now().wall));
    }
    if (waiting.size() < reports_at_once) continue;
    if (auto kept = flush(); !kept) return complain(kept.error());
  }
  if (!*intake) return code;
  if (auto kept = flush(); !kept) return complain(kept.error());
  if (!options.json)
    print(counted((*intake)->fresh, "report") + " kept, " + std::to_string((*intake)->known) + " known before, " +
          std::to_string((*intake)->foreign) + " not about our domains\n");
  return code;
}

}  // namespace

void add_watch(CLI::App& app, Action& action) {
  auto* watch =
      app.add_subcommand("watch", "What happened to our mail, why, and what to do: incidents, rates, reports");
  watch->require_subcommand(1);
  add_watch_views(*watch, action);
  auto tested = std::make_shared<Options>();
  auto* test = watch->add_subcommand("test-alert", "Send a test over the configured command and webhook");
  test->add_option("--config,-c", tested->config, "The server's configuration")->type_name("FILE");
  test->callback([tested, &action] { action = [tested] { return test_alert(*tested); }; });
  auto fetched = std::make_shared<Options>();
  auto* fetch = watch->add_subcommand("fetch-figures", "Ask Google Postmaster Tools and Microsoft SNDS now");
  fetch->add_option("--config,-c", fetched->config, "The server's configuration")->type_name("FILE");
  fetch->callback([fetched, &action] {
    action = [fetched] { return fetch_figures(fetched->config.empty() ? ServerFiles().config : fetched->config); };
  });
  auto signed_in = std::make_shared<Options>();
  auto* sign_in = watch->add_subcommand("sign-in-at-snds", "Let the server read Microsoft SNDS: sign in, once");
  sign_in->add_option("--config,-c", signed_in->config, "The server's configuration")->type_name("FILE");
  sign_in->callback([signed_in, &action] {
    action = [signed_in] {
      return sign_in_at_snds(signed_in->config.empty() ? ServerFiles().config : signed_in->config);
    };
  });
  auto options = std::make_shared<Options>();
  auto* command = watch->add_subcommand(
      "import", "DMARC aggregate and failure reports, complaints, TLS reports and bounces, from files");
  command->footer(
      "A file may be the report itself, a message that carries it, or gzip or ZIP around either; its name does not "
      "matter.\n"
      "With --config or --history they are kept, each once, and joined with the mail that they are about; else they "
      "are\n"
      "only shown. With --json each report is one line. Exit code: 0 all read, 1 a report was unreadable, whole or in "
      "part, 2 a "
      "file\n"
      "could not be opened.");
  command->add_option("FILE", options->files, "Files; - for standard input")->required()->type_name("");
  command->add_option("--config,-c", options->config, "The server's configuration: keeps the reports")
      ->type_name("FILE");
  command->add_option("--history", options->history, "Keeps them in this history")->type_name("FILE");
  command->add_flag("--json", options->json, "For programs: docs/reference/watch-json.md");
  command->callback([options, &action] { action = [options] { return import(*options); }; });
}

}  // namespace ptarmigan::cli
