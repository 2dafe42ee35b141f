// cli/watch.cpp - `ptarmigan watch import`: reports about our mail from files, as text or JSON.
#include <algorithm>
#include <memory>

#include <CLI/CLI.hpp>

#include "cli/commands.hpp"
#include "cli/run.hpp"
#include "cli/terminal.hpp"
#include "reports/json.hpp"

namespace ptarmigan::cli {
namespace {

using reports::Report;

struct Options {
  std::vector<std::string> files;
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

int import(const Options& options) {
  int code = good;
  for (const auto& file : options.files) {
    const auto octets = read_file(file);
    if (!octets) {
      code = complain(octets.error());
      continue;
    }
    for (const auto& report : reports::read_reports(*octets)) {
      print(options.json ? reports::json(report, file) + "\n" : text_of(report, file));
      if (!report.readable() || report.notes.any_loss()) code = std::max<int>(code, findings);
    }
  }
  return code;
}

}  // namespace

void add_watch(CLI::App& app, Action& action) {
  auto* watch = app.add_subcommand("watch", "Reports about our mail, read");
  watch->require_subcommand(1);
  auto options = std::make_shared<Options>();
  auto* command = watch->add_subcommand(
      "import", "DMARC aggregate and failure reports, complaints, TLS reports and bounces, from files");
  command->footer(
      "A file may be the report itself, a message that carries it, or gzip or ZIP around either; its name does not "
      "matter.\n"
      "With --json each report is one line. Exit code: 0 all read, 1 a report was unreadable, whole or in part, 2 a "
      "file\n"
      "could not be opened.");
  command->add_option("FILE", options->files, "Files; - for standard input")->required()->type_name("");
  command->add_flag("--json", options->json, "For programs: docs/reference/watch-json.md");
  command->callback([options, &action] { action = [options] { return import(*options); }; });
}

}  // namespace ptarmigan::cli
