// cli/records.cpp - `ptarmigan records DOMAIN`: everything to publish, in the form that you publish with; and
// `ptarmigan plan DOMAIN`: the same in steps, with waiting times and proofs.
#include <memory>

#include <CLI/CLI.hpp>

#include "cli/commands.hpp"
#include "cli/deployment.hpp"
#include "cli/run.hpp"
#include "cli/terminal.hpp"
#include "net/clock.hpp"
#include "net/run.hpp"
#include "net/settle.hpp"
#include "publish/format.hpp"
#include "publish/plan.hpp"

namespace ptarmigan::cli {
namespace {

struct Options {
  DeploymentOptions deployment;
  std::string format = "table";
  bool policy = false;
  bool json = false;
  std::string old_selector;
  std::string next_key;
};

struct Found {
  publish::Deployment deployment;
  publish::Everything everything;
};

Result<Found> find(const Options& options) {
  const auto world = World::open(options.deployment.dns);
  if (!world) return std::unexpected(world.error());
  auto deployment = deployment_of(options.deployment, (*world)->config());
  if (!deployment) return std::unexpected(deployment.error());
  auto settled =
      net::run_blocking(net::settle([&](const Facts& facts) { return publish::everything(*deployment, facts); },
                                    Facts(), (*world)->dns(), (*world)->deadline()));
  if (const auto saved = (*world)->finish(); !saved) return std::unexpected(saved.error());
  if (const auto trouble = (*world)->trouble()) return std::unexpected(*trouble);
  if (!settled.value) return failure("the answers contradict each other");
  return Found{*std::move(deployment), *std::move(settled.value)};
}

int records(const Options& options) {
  const auto format = publish::parse_format(options.json ? "json" : options.format);
  if (!format)
    return complain({"there is no format '" + displayable(options.format) + "'",
                     "formats: bind, nsupdate, dnscontrol, octodns, terraform, cloudflare, table, json"});
  const auto found = find(options);
  if (!found) return complain(found.error());
  if (options.policy) {
    if (found->everything.mta_sts_policy.empty())
      return complain({"the domain takes no mail: it has no MX record, and needs no MTA-STS policy"});
    print(found->everything.mta_sts_policy);
    return good;
  }
  print(publish::formatted(found->everything, *format));
  return good;
}

int plan(const Options& options) {
  std::optional<publish::Rotation> rotation;
  if (options.old_selector.empty() != options.next_key.empty())
    return complain({"a rotation needs both selectors", "write --rotate OLD --to NEW=FILE"});
  if (!options.next_key.empty()) {
    auto key = key_of(options.next_key);
    if (!key) return complain(key.error());
    rotation = publish::Rotation{options.old_selector, *std::move(key)};
  }
  auto asked = options;
  if (rotation) asked.deployment.dkim.push_back(options.next_key);
  const auto found = find(asked);
  if (!found) return complain(found.error());
  const auto steps = publish::plan(found->everything, found->deployment, net::now().wall, rotation);
  print(options.json ? publish::json(steps) : publish::text(steps));
  return steps.empty() ? good : findings;
}

}  // namespace

void add_records(CLI::App& app, Action& action) {
  auto options = std::make_shared<Options>();
  auto* command = app.add_subcommand("records", "Every record to publish for a domain, in the form you publish with");
  add_deployment_options(*command, options->deployment, DomainIs::needed);
  command
      ->add_option("--format", options->format,
                   "bind, nsupdate, dnscontrol, octodns, terraform, cloudflare, table or json")
      ->type_name("FORMAT");
  command->add_flag("--mta-sts-policy", options->policy, "Print the policy file of MTA-STS instead");
  command->add_flag("--json", options->json, "As --format json");
  command->callback([options, &action] { action = [options] { return records(*options); }; });
}

void add_plan(CLI::App& app, Action& action) {
  auto options = std::make_shared<Options>();
  auto* command = app.add_subcommand("plan", "What to publish, step by step, each with its proof and earliest time");
  command->footer("Exit code: 0 everything is published, 1 there are steps to take, 2 could not be decided.");
  add_deployment_options(*command, options->deployment, DomainIs::needed);
  command->add_option("--rotate", options->old_selector, "Replace this DKIM selector")->type_name("SELECTOR");
  command->add_option("--to", options->next_key, "The new selector and its private key")->type_name("SELECTOR=FILE");
  command->add_flag("--json", options->json, "For programs");
  command->callback([options, &action] { action = [options] { return plan(*options); }; });
}

}  // namespace ptarmigan::cli
