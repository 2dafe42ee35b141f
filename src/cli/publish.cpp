// cli/publish.cpp - `ptarmigan publish`: makes the changes that check or records ask for by dynamic update (RFC 2136),
// shows them first, proves them at every authoritative server, and takes them back where that fails.
#include <algorithm>
#include <iostream>
#include <memory>
#include <thread>

#include <CLI/CLI.hpp>
#include <unistd.h>

#include "base/text.hpp"
#include "cli/commands.hpp"
#include "cli/deployment.hpp"
#include "cli/ptr_plugin.hpp"
#include "cli/run.hpp"
#include "cli/terminal.hpp"
#include "dns/zone.hpp"
#include "net/authority.hpp"
#include "net/clock.hpp"
#include "net/dns_update.hpp"
#include "net/run.hpp"
#include "net/settle.hpp"
#include "publish/change.hpp"

namespace ptarmigan::cli {
namespace {

constexpr std::uint16_t dns_port = 53;
constexpr milliseconds update_time{15'000};
constexpr milliseconds between_looks{250};

struct Options {
  DeploymentOptions deployment;
  std::string check;
  std::string records;
  std::string server;
  std::string key;
  std::string plugin;
  unsigned wait = 60;
  bool yes = false;
  bool dry_run = false;
};

/// The changes of one zone: one update, all or nothing.
struct ZoneWork {
  dns::DomainName zone;
  std::vector<Endpoint> servers;  ///< primary first
  std::vector<publish::Change> changes;
  bool by_plugin = false;
};

class Publisher {
 public:
  Publisher(const Options& options, World& world, net::Resolver& resolver)
      : options_(options), world_(world), resolver_(resolver), authority_(resolver) {}

  Result<std::vector<publish::Intent>> intents() {
    if (!options_.check.empty()) {
      const auto text = read_file(options_.check);
      if (!text) return std::unexpected(text.error());
      return publish::intents_of_check(*text);
    }
    if (!options_.records.empty()) {
      const auto text = read_file(options_.records);
      if (!text) return std::unexpected(text.error());
      const auto records = dns::parse_zone(*text);
      if (!records) return failure(options_.records + ": " + records.error().message, records.error().remedy);
      std::vector<publish::Intent> out;
      for (const auto& record : *records) {
        const bool is_one = record.type == dns::RecordType::txt || record.type == dns::RecordType::ptr;
        out.push_back({record, is_one ? publish::Intent::Action::replace : publish::Intent::Action::add});
      }
      return out;
    }
    return intents_of_deployment();
  }

  /// What is there now, from the authoritative servers; grouped by zone.
  Result<std::vector<ZoneWork>> work(const std::vector<publish::Intent>& intents) {
    Facts now;
    for (const auto& intent : intents) {
      const Question question{intent.record.owner, intent.record.type};
      auto said = net::run_blocking(authority_.ask(question, net::in(update_time)));
      if (said.answer.temporary())
        return failure(question.name.absolute() + " " + std::string(dns::to_string(question.type)) +
                           ": no authoritative server answers: " + said.answer.detail,
                       "see that the zone is delegated and its servers run");
      if (!said.answer.aliases.empty()) said.answer.records.clear();  // not the owner's own
      now.add(question, said.answer);
    }
    const auto changes = publish::changes_of(intents, now);
    if (!changes) return failure("a question was forgotten; this is a defect");
    std::vector<ZoneWork> out;
    for (const auto& change : *changes) {
      if (!change.changes()) continue;
      const bool by_plugin = !options_.plugin.empty() && change.type == dns::RecordType::ptr;
      auto place = zone_of(change.owner);
      if (!place) return std::unexpected(place.error());
      auto at = std::ranges::find_if(
          out, [&](const ZoneWork& w) { return w.zone == place->zone && w.by_plugin == by_plugin; });
      if (at == out.end()) {
        place->by_plugin = by_plugin;
        at = out.insert(out.end(), *std::move(place));
      }
      at->changes.push_back(change);
    }
    return out;
  }

  /// An error where the change was not made.
  Result<> apply(const ZoneWork& work) {
    if (work.by_plugin) {
      for (const auto& change : work.changes)
        if (auto done = run_ptr_plugin(options_.plugin, change); !done) return done;
      return {};
    }
    std::vector<net::RrsetChange> changes;
    for (const auto& change : work.changes) changes.push_back({change.owner, change.type, change.before, change.after});
    net::UpdateReply last;
    last.detail = "no server of " + work.zone.text() + " has an address";
    for (const auto& server : work.servers) {
      last = net::run_blocking(net::send_update(server, work.zone, changes, key_, net::in(update_time)));
      if (last.outcome == net::UpdateOutcome::applied) return {};
      const bool try_next =
          last.outcome == net::UpdateOutcome::no_answer || (last.outcome == net::UpdateOutcome::not_its_zone && key_);
      if (!try_next) break;
    }
    return failure("zone " + work.zone.text() + ": " + std::string(net::to_string(last.outcome)) + ": " + last.detail);
  }

  /// All authoritative servers show the change within the time; otherwise which one does not.
  Result<> verify(const ZoneWork& work) {
    const auto deadline = net::in(seconds(options_.wait));
    std::string lagging;
    do {
      lagging.clear();
      for (const auto& change : work.changes)
        for (const auto& said : net::run_blocking(authority_.ask_each(change.probe(), net::in(update_time))))
          if (!publish::shows(said.answer, change.after))
            lagging = said.answer.source + " does not show " + change.owner.absolute() + " " +
                      std::string(dns::to_string(change.type)) +
                      (said.answer.detail.empty() ? "" : " (" + said.answer.detail + ")");
      if (lagging.empty()) return {};
      std::this_thread::sleep_for(between_looks);
    } while (net::steady_now() < deadline);
    return failure("not proved within " + std::to_string(options_.wait) + " s: " + lagging);
  }

  Result<> read_key() {
    if (options_.key.empty()) return {};
    const auto text = read_file(options_.key);
    if (!text) return std::unexpected(text.error());
    auto key = net::TsigKey::parse(*text);
    if (!key) return failure(options_.key + ": " + key.error().message, key.error().remedy);
    key_ = *std::move(key);
    return {};
  }

 private:
  Result<std::vector<publish::Intent>> intents_of_deployment() {
    const auto deployment = deployment_of(options_.deployment, world_.config());
    if (!deployment) return std::unexpected(deployment.error());
    const auto settled =
        net::run_blocking(net::settle([&](const Facts& facts) { return publish::everything(*deployment, facts); },
                                      Facts(), world_.dns(), world_.deadline()));
    if (const auto trouble = world_.trouble()) return std::unexpected(*trouble);
    if (!settled.value) return failure("the answers contradict each other");
    std::vector<publish::Intent> out;
    for (const auto& wanted : settled.value->records)
      if (!wanted.present)
        out.push_back(
            {wanted.record, wanted.before.empty() ? publish::Intent::Action::add : publish::Intent::Action::replace});
    return out;
  }

  Result<ZoneWork> zone_of(const dns::DomainName& owner) {
    const auto found = net::run_blocking(authority_.servers_of(owner, net::in(update_time)));
    if (!found) return std::unexpected(found.error());
    ZoneWork out;
    out.zone = found->zone;
    if (!options_.server.empty()) {
      const auto server = Endpoint::parse(options_.server, dns_port);
      if (!server) return failure("--server " + displayable(options_.server) + ": " + server.error().message);
      out.servers = {*server};
      return out;
    }
    if (found->soa)
      for (const auto type : {dns::RecordType::a, dns::RecordType::aaaa})
        for (const auto& address :
             net::run_blocking(resolver_.answer({found->soa->primary, type}, net::in(update_time))).all<IpAddress>())
          out.servers.push_back({address, dns_port});
    for (const auto& server : found->servers)
      for (const auto& address : server.addresses)
        if (std::ranges::find(out.servers, Endpoint{address, dns_port}) == out.servers.end())
          out.servers.push_back({address, dns_port});
    return out;
  }

  const Options& options_;
  World& world_;
  net::Resolver& resolver_;
  net::Authority authority_;
  std::optional<net::TsigKey> key_;
};

ZoneWork undone(const ZoneWork& work) {
  auto out = work;
  for (auto& change : out.changes) change = change.undone();
  return out;
}

void show(const std::vector<ZoneWork>& works) {
  for (const auto& work : works) {
    print("zone " + work.zone.text() + (work.by_plugin ? " (by the plug-in)" : "") + "\n");
    for (const auto& change : work.changes)
      for (const auto line : split(publish::difference(change), '\n'))
        if (!line.empty()) print("  " + displayable(line) + "\n");
  }
}

/// Yes from a person at a terminal, or by --yes.
Result<> agree(const Options& options) {
  if (options.yes) return {};
  if (isatty(STDIN_FILENO) == 0) return failure("nobody is there to agree", "add --yes, or --dry-run to look only");
  print("Publish this? [y/N] ");
  std::cout.flush();
  std::string answer;
  std::getline(std::cin, answer);
  if (answer == "y" || answer == "Y" || answer == "yes") return {};
  return failure("nothing was changed");
}

int take_back(Publisher& publisher, const std::vector<ZoneWork>& made, const Error& cause) {
  complain(cause);
  for (auto work = made.rbegin(); work != made.rend(); ++work) {
    const auto back = publisher.apply(undone(*work));
    print("zone " + work->zone.text() +
          (back ? ": taken back\n" : ": NOT taken back: " + displayable(back.error().text()) + "\n"));
  }
  return findings;
}

int publish_all(const Options& options) {
  const auto world = World::open(options.deployment.dns);
  if (!world) return complain(world.error());
  auto* resolver = (*world)->resolver();
  if (resolver == nullptr)
    return complain(
        {"publishing needs live DNS", "leave --replay-dns away; name your own --resolver where you need one"});
  Publisher publisher(options, **world, *resolver);
  if (const auto read = publisher.read_key(); !read) return complain(read.error());
  const auto intents = publisher.intents();
  if (!intents) return complain(intents.error());
  const auto works = publisher.work(*intents);
  if (!works) return complain(works.error());
  if (works->empty()) {
    print("Everything is published.\n");
    return good;
  }
  show(*works);
  if (options.dry_run) return findings;
  if (const auto agreed = agree(options); !agreed) return complain(agreed.error());
  std::vector<ZoneWork> made;
  for (const auto& work : *works) {
    if (const auto applied = publisher.apply(work); !applied) return take_back(publisher, made, applied.error());
    made.push_back(work);
  }
  for (const auto& work : made)
    if (const auto proved = publisher.verify(work); !proved) return take_back(publisher, made, proved.error());
  print("Published, and shown by every authoritative server.\n");
  return good;
}

}  // namespace

void add_publish(CLI::App& app, Action& action) {
  auto options = std::make_shared<Options>();
  auto* command = app.add_subcommand("publish", "Publish what check or records ask for, by dynamic update (RFC 2136)");
  command->footer(
      "Shows what changes and asks; all authoritative servers must show it, or it is taken back.\n"
      "Exit code: 0 published or nothing to do, 1 refused, taken back or --dry-run, 2 could not be used.");
  add_deployment_options(*command, options->deployment, DomainIs::optional);
  command
      ->add_option("--from-check", options->check,
                   "Publish the repairs of `ptarmigan check --json`; - is standard input")
      ->type_name("FILE");
  command->add_option("--records", options->records, "Publish these zone-file records; - is standard input")
      ->type_name("FILE");
  command->add_option("--server", options->server, "The primary server; the one in the zone's SOA where none is given")
      ->type_name("ADDRESS[:PORT]");
  command->add_option("--key", options->key, "The TSIG key: ALGORITHM:NAME:SECRET, or as tsig-keygen prints it")
      ->type_name("FILE");
  command->add_option("--ptr-plugin", options->plugin, "The program that publishes PTR records at your hoster")
      ->type_name("PROGRAM");
  command->add_option("--wait", options->wait, "How long all servers may take to show it")->type_name("SECONDS");
  command->add_flag("--yes", options->yes, "Do not ask");
  command->add_flag("--dry-run", options->dry_run, "Show what would change");
  command->callback([options, &action] { action = [options] { return publish_all(*options); }; });
}

}  // namespace ptarmigan::cli
