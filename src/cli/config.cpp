// cli/config.cpp - `ptarmigan config check|show|reference`: does the file say what can be done on this host, what is in
// force and why, and what can it say.
#include <memory>

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "auth/dkim/key_record.hpp"
#include "cli/commands.hpp"
#include "cli/dns_options.hpp"
#include "cli/host_checks.hpp"
#include "cli/run.hpp"
#include "cli/terminal.hpp"
#include "config/given.hpp"
#include "config/reference.hpp"
#include "console/answers.hpp"
#include "net/run.hpp"
#include "net/settle.hpp"

namespace ptarmigan::cli {
namespace {

using Json = nlohmann::ordered_json;

struct Options {
  DnsOptions dns;
  bool offline = false;
  bool json = false;
};

void compare_with_record(const ReadKey& key, const Answer& answer, ConfigFindings& findings) {
  const auto name = dkim::key_name(key.selector, key.domain);
  if (!name) return findings.push_back({key.place, name.error().message, name.error().remedy});
  const dns::Record wanted{*name, dns::RecordType::txt, 3600, dns::txt_of(dkim::public_record(key.key))};
  const auto publish = "publish " + dns::zone_line(wanted);
  if (answer.temporary())
    return findings.push_back(
        {key.place, "DNS does not answer for " + name->text() + " (" + std::string(to_string(answer.status)) + ")",
         "ask again later"});
  if (!answer.found())
    return findings.push_back({key.place, name->text() + " has no TXT record, so no receiver can verify", publish});
  std::string problem;
  for (const auto& text : answer.all<dns::Txt>()) {
    const auto record = dkim::KeyRecord::parse(text.joined());
    if (record && dkim::matches(*record, key.key)) return;
    problem = record ? name->text() + " holds another key than the file" : name->text() + ": " + record.error().message;
  }
  findings.push_back({key.place, displayable(problem), publish});
}

/// Everything that is asked of DNS: whether it answers, and the keys' records.
Result<> check_dns(const Options& options, const config::Config& config, const std::vector<ReadKey>& keys,
                   ConfigFindings& findings) {
  const auto world = World::open(options.dns);
  if (!world) {
    findings.push_back({"dns", world.error().message, world.error().remedy});
    return {};
  }
  std::vector<Question> questions;
  for (const auto& key : keys) questions.push_back({*dkim::key_name(key.selector, key.domain), dns::RecordType::txt});
  const std::size_t records = questions.size();
  for (const auto& domain : config.domains) questions.push_back({domain.name, dns::RecordType::soa});
  if (questions.empty()) questions.push_back({dns::DomainName(), dns::RecordType::ns});
  const auto answers = net::run_blocking(net::answer_all((*world)->dns(), questions, (*world)->deadline()));
  if (const auto trouble = (*world)->trouble()) {
    findings.push_back({"dns.servers", trouble->message, "check the network and the setting"});
  } else {
    for (std::size_t i = 0; i < records; ++i) compare_with_record(keys[i], answers[i], findings);
  }
  return (*world)->finish();
}

int check(const Options& options) {
  const auto config = read_config(options.dns.config);
  if (!config) return complain(config.error());
  ConfigFindings problems;
  if (!config->hostname) problems.push_back({"hostname", "is not set", "set it to this server's own host name"});
  check_sources(*config, problems);
  check_ports(*config, problems);
  check_certificates(*config, problems);
  check_folders(*config, problems);
  check_files(*config, problems);
  const auto keys = read_keys(*config, problems);
  if (!options.offline)
    if (const auto checked = check_dns(options, *config, keys, problems); !checked) return complain(checked.error());
  if (options.json) {
    Json out{{"version", 1}, {"file", options.dns.config}, {"findings", Json::array()}};
    for (const auto& problem : problems)
      out["findings"].push_back({{"setting", problem.place}, {"message", problem.message}, {"remedy", problem.remedy}});
    print(out.dump(2, ' ', false, Json::error_handler_t::replace) + "\n");
    return problems.empty() ? good : findings;
  }
  const auto colour = colour_of_output();
  std::string text;
  for (const auto& problem : problems) {
    text += painted(colour, Tint::bad, problem.place) + ": " + problem.message + "\n";
    if (!problem.remedy.empty()) text += "  to mend it: " + problem.remedy + "\n";
  }
  if (problems.empty()) text = painted(colour, Tint::good, options.dns.config + " is good for this host") + "\n";
  print(text);
  return problems.empty() ? good : findings;
}

struct ShowOptions {
  std::string file;
  bool given_only = false;
  bool json = false;
};

/// The same rows as the console's page: one table says what is in force and where it came from.
int show(const ShowOptions& options) {
  const auto text = read_file(options.file);
  if (!text) return complain(text.error());
  if (const auto whole = read_config(options.file); !whole) return complain(whole.error());
  const auto given = config::given_settings(*text, options.file);
  if (!given) return complain(given.error());
  auto shown = console::settings(options.file, *given);
  std::string lines;
  auto rows = console::Json::array();
  for (const auto& row : shown["settings"]) {
    const auto origin = row["origin"].get<std::string>();
    if (options.given_only && origin == "default") continue;
    const auto value = row["value"].get<std::string>();
    lines +=
        displayable(row["path"].get<std::string>() + " = " + (value.empty() ? "(none)" : value) + "  # " + origin) +
        "\n";
    rows.push_back(row);
  }
  shown["settings"] = std::move(rows);
  print(options.json ? shown.dump(2, ' ', false, Json::error_handler_t::replace) + "\n" : lines);
  return good;
}

}  // namespace

void add_config(CLI::App& app, Action& action) {
  auto* config = app.add_subcommand("config", "The configuration file");
  config->require_subcommand(1);

  auto options = std::make_shared<Options>();
  auto* command = config->add_subcommand("check", "Can the server run with this file, on this host?");
  command->footer("Exit code: 0 good, 1 findings, 2 the file cannot be used.");
  add_dns_options(*command, options->dns);
  command->remove_option(command->get_option("--config"));
  command->add_option("FILE", options->dns.config, "ptarmigan.toml")->required()->type_name("");
  command->add_flag("--offline", options->offline, "Ask no DNS");
  command->add_flag("--json", options->json, "For programs");
  command->callback([options, &action] { action = [options] { return check(*options); }; });

  auto shown = std::make_shared<ShowOptions>();
  command = config->add_subcommand("show", "Every setting with its value and where that came from; secrets are hidden");
  command->footer("Exit code: 0 good, 2 the file cannot be used.");
  command->add_option("FILE", shown->file, "ptarmigan.toml")->required()->type_name("");
  command->add_flag("--given", shown->given_only, "Only what the file says");
  command->add_flag("--json", shown->json, "For programs");
  command->callback([shown, &action] { action = [shown] { return show(*shown); }; });

  command = config->add_subcommand("reference", "Every setting: unit, default, bounds, meaning (Markdown)");
  command->callback([&action] {
    action = [] {
      print(config::settings_reference());
      return int{good};
    };
  });
}

}  // namespace ptarmigan::cli
