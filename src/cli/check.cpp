// cli/check.cpp - `ptarmigan check DOMAIN`: would mail be accepted, from each own address, by each receiver; and what
// to publish.
#include <memory>

#include <CLI/CLI.hpp>

#include "cli/check_history.hpp"
#include "cli/check_list.hpp"
#include "cli/check_setup.hpp"
#include "cli/check_visit.hpp"
#include "cli/commands.hpp"
#include "cli/run.hpp"
#include "cli/terminal.hpp"
#include "doctor/render.hpp"
#include "net/run.hpp"
#include "net/settle.hpp"

namespace ptarmigan::cli {
namespace {

ExitCode exit_code(doctor::Forecast worst) {
  switch (worst) {
    case doctor::Forecast::accepted: return good;
    case doctor::Forecast::spam:
    case doctor::Forecast::deferred:
    case doctor::Forecast::refused: return findings;
    case doctor::Forecast::unknown: return unusable;
  }
  return unusable;
}

WallTime now() {
  return std::chrono::time_point_cast<milliseconds>(std::chrono::system_clock::now());
}

/// The report, with what only visits and other servers can tell.
Result<doctor::Report> examine(const CheckOptions& options, World& world, doctor::Setup& setup) {
  if (!options.message.empty())
    if (const auto read = read_message(options, world, setup); !read) return std::unexpected(read.error());
  if (options.visit) {
    const auto probe = dns::DomainName::from_unicode(options.probe);
    if (!options.probe.empty() && !probe)
      return failure("--probe " + options.probe + ": " + probe.error().message, "write it like example.net");
    visit(setup, world, options.probe.empty() ? std::nullopt : std::optional(*probe));
  }
  auto settled = net::run_blocking(net::settle([&](const Facts& facts) { return doctor::examine(setup, facts); },
                                               Facts(), world.dns(), world.deadline()));
  if (!settled.value) return failure("the answers contradict each other");
  if (options.authority || !options.compare.empty())
    if (const auto compared = compare(options, world, *settled.value); !compared)
      return std::unexpected(compared.error());
  return *std::move(settled.value);
}

void print_text(const CheckOptions& options, const doctor::Report& report) {
  doctor::TextOptions text;
  text.colour = colour_of_output() == Colour::yes ? doctor::Colour::on : doctor::Colour::off;
  if (options.verbose) text.detail = doctor::TextOptions::Detail::full;
  text.now = now();
  print(doctor::text(report, text));
}

int check(const CheckOptions& options) {
  if (options.domain.empty() == options.list.empty())
    return complain({"name one domain, or a file of domains with --list", "see `ptarmigan check --help`"});
  if (!options.list.empty()) return check_list(options);
  const auto world = World::open(options.dns);
  if (!world) return complain(world.error());
  auto setup = setup_of(options, options.domain, (*world)->config());
  if (!setup) return complain(setup.error());
  const auto examined = examine(options, **world, *setup);
  if (const auto saved = (*world)->finish(); !saved) return complain(saved.error());
  if (!examined) return complain(examined.error());
  const auto& report = *examined;
  const auto code = exit_code(report.worst());
  if (const auto trouble = (*world)->trouble(); trouble && code == unusable) return complain(*trouble);
  const auto json = doctor::json(report);
  if (!options.html.empty())
    if (const auto written = write_file(options.html, doctor::html(report, now()), 0644, Existing::replace); !written)
      return complain(written.error());
  std::string changed;
  if (!options.history.empty()) {
    auto difference = keep_history(options.history, json, now());
    if (!difference) return complain(difference.error());
    changed = *std::move(difference);
  }
  if (options.json)
    print(json);
  else if (options.diff)
    print(changed);
  else
    print_text(options, report);
  if (options.live.empty()) return code;
  const auto sent = send_canaries(options, **world, *setup);
  return sent == good ? code : sent;
}

void add_more(CLI::App& command, CheckOptions& options) {
  command.add_flag("--no-checks", options.no_checks, "Only the receivers' rules, without the named checks");
  command.add_flag("--no-block-lists", options.no_block_lists, "Ask no block list");
  command
      .add_option("--block-list", options.block_lists,
                  "Ask this list of addresses, in place of the usual ones. May be repeated")
      ->type_name("ZONE")
      ->allow_extra_args(false);
  auto* visited = command.add_flag("--visit", options.visit,
                                   "Connect to the domain's MX hosts for their TLS, fetch its MTA-STS policy, and look "
                                   "for the page behind the EHLO name");
  command
      .add_option("--probe", options.probe,
                  "With --visit: try port 25 of this domain's mail hosts from each own address")
      ->type_name("DOMAIN")
      ->needs(visited);
  command.add_flag("--authority", options.authority,
                   "Ask the authoritative servers, too: what is published already, and what caches still say");
  command
      .add_option("--compare", options.compare,
                  "Ask this resolver the same questions, and tell differences. May be repeated")
      ->type_name("ADDRESS[:PORT]")
      ->allow_extra_args(false);
  auto* history =
      command.add_option("--history", options.history, "Keep each verdict in this file, one JSON line a check");
  history->type_name("FILE");
  command.add_flag("--diff", options.diff, "Print only what has changed since the last check in --history")
      ->needs(history);
  auto* list =
      command.add_option("--list", options.list, "Check each domain of this file, one a line; '-' is standard input");
  list->type_name("FILE");
  auto* out = command.add_option("--out", options.results, "With --list: write the JSON lines here");
  out->type_name("FILE")->needs(list);
  command.add_flag("--resume", options.resume, "With --list: leave out the domains that --out holds already")
      ->needs(out);
  command.add_option("--parallel", options.parallel, "With --list: domains at a time, 64 where nothing is said")
      ->check(CLI::Range(1, 1000))
      ->needs(list);
  command
      .add_option("--live", options.live,
                  "Send a signed message from each own address to this one, and tell the answer")
      ->type_name("ADDRESS");
}

}  // namespace

void add_check(CLI::App& app, Action& action) {
  auto options = std::make_shared<CheckOptions>();
  auto* command = app.add_subcommand(
      "check", "Would mail be accepted, from each own address, by each receiver; and what to publish");
  command->footer("Exit code: 0 accepted, 1 would be refused, deferred or marked as spam, 2 could not be decided.");
  command->add_option("DOMAIN", options->domain, "The domain in From")->type_name("");
  command
      ->add_option("--source", options->sources,
                   "The addresses that mail leaves from; this host's own where none is given. May be repeated")
      ->type_name("IPV4,IPV6")
      ->allow_extra_args(false);
  command->add_option("--ehlo", options->ehlo, "The name that the server says in EHLO")->type_name("NAME");
  command->add_option("--receiver", options->receivers, "Whose rules; all where none is given. May be repeated")
      ->type_name("ID")
      ->allow_extra_args(false);
  command
      ->add_option(
          "--dkim", options->dkim,
          "The selector that mail is signed with, and its private key, whose record is then compared. May be repeated")
      ->type_name("SELECTOR[=FILE]")
      ->allow_extra_args(false);
  command->add_flag("--unsigned", options->not_signed, "Mail is not signed with DKIM");
  command
      ->add_option("--mail-from", options->mail_from,
                   "The envelope sender; postmaster@DOMAIN where none is given, '<>' for bounces")
      ->type_name("ADDRESS");
  command->add_option("--message", options->message, "A real message: its header and signatures are judged too")
      ->type_name("FILE");
  command->add_flag("--bulk", options->bulk,
                    "This domain sends about 5,000 messages a day or more: the rules for bulk senders bind");
  command->add_flag("--no-tls", options->clear, "Connections are not encrypted");
  command->add_flag("-v,--verbose", options->verbose, "Show what is in order, too");
  command->add_flag("--json", options->json, "For programs");
  command->add_option("--html", options->html, "Write the report as one HTML file, too")->type_name("FILE");
  add_more(*command, *options);
  add_dns_options(*command, options->dns);
  command->callback([options, &action] { action = [options] { return check(*options); }; });
}

}  // namespace ptarmigan::cli
