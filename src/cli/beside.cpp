// cli/beside.cpp - `ptarmigan postfix` and `ptarmigan exim`: inspect what runs, patch it so that it asks `ptarmigan
// map`, undo that, and prove that it works.
#include <algorithm>
#include <filesystem>
#include <iostream>
#include <memory>

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>
#include <unistd.h>

#include "adapt/gate.hpp"
#include "adapt/map_client.hpp"
#include "adapt/running_mta.hpp"
#include "base/text.hpp"
#include "cli/commands.hpp"
#include "cli/dns_options.hpp"
#include "cli/run.hpp"
#include "cli/terminal.hpp"
#include "net/run.hpp"
#include "net/settle.hpp"

namespace ptarmigan::cli {
namespace {

using adapt::FileChange;
using Json = nlohmann::ordered_json;

constexpr const char* own_config = "/etc/ptarmigan/ptarmigan.toml";
constexpr int json_version = 1;

struct Options {
  DnsOptions dns;
  std::string config_dir;  ///< Postfix
  adapt::EximHome exim;
  std::string map = "127.0.0.1:7225";
  bool same_delivery = false;
  bool yes = false;
  bool dry_run = false;
  bool reload = false;
  bool without_map = false;
  bool json = false;
};

/// What both commands do, over what differs.
class Mta {
 public:
  explicit Mta(Options options) : options_(std::move(options)) {}
  virtual ~Mta() = default;
  Mta(const Mta&) = delete;
  Mta& operator=(const Mta&) = delete;

  [[nodiscard]] const Options& options() const { return options_; }
  [[nodiscard]] virtual std::string name() const = 0;
  virtual Result<> read() = 0;
  [[nodiscard]] virtual Known<std::vector<adapt::SetupFinding>> inspect(const adapt::OwnHouse& house,
                                                                        const Facts& facts) const = 0;
  /// The file that is changed, with `after` still as `before`.
  [[nodiscard]] virtual Result<FileChange> file() const = 0;
  [[nodiscard]] virtual std::string patched(const FileChange& file) const = 0;
  [[nodiscard]] virtual Result<> apply(const FileChange& change) const = 0;
  [[nodiscard]] virtual Result<> reload() const = 0;
  [[nodiscard]] virtual std::string reload_command() const = 0;
  [[nodiscard]] virtual std::vector<adapt::SetupFinding> unlike() const = 0;
  /// The canary by the mail server's own programs.
  [[nodiscard]] virtual adapt::Proof ask_by_its_own() const = 0;

 private:
  Options options_;
};

class Postfix final : public Mta {
 public:
  using Mta::Mta;
  std::string name() const override { return "postfix"; }
  Result<> read() override {
    auto read = adapt::read_postfix(options().config_dir);
    if (!read) return std::unexpected(read.error());
    setup_ = *std::move(read);
    return {};
  }
  Known<std::vector<adapt::SetupFinding>> inspect(const adapt::OwnHouse& house, const Facts& facts) const override {
    return adapt::inspect_postfix(setup_, house, facts);
  }
  Result<FileChange> file() const override {
    return FileChange{setup_.folder + "/main.cf", adapt::Original::file, setup_.main_cf, setup_.main_cf};
  }
  std::string patched(const FileChange& file) const override { return adapt::patched_main_cf(file.before, patch()); }
  Result<> apply(const FileChange& change) const override { return adapt::apply_to_postfix(setup_, change); }
  Result<> reload() const override { return adapt::reload_postfix(setup_); }
  std::string reload_command() const override { return "postfix -c " + setup_.folder + " reload"; }
  std::vector<adapt::SetupFinding> unlike() const override { return adapt::unlike_patch(setup_, patch()); }
  adapt::Proof ask_by_its_own() const override {
    const auto said = adapt::ask_by_postmap(setup_, std::string(adapt::canary_host) + ". 60 IN AAAA 2001:db8::1",
                                            adapt::socketmap(options().map, "dns"));
    return {"postmap -q", said && *said == "IGNORE", said ? "answered '" + *said + "'" : said.error().message};
  }

 private:
  adapt::PostfixPatch patch() const {
    using Rescue = adapt::PostfixPatch::Rescue;
    // What is in force stays: status and a second patch need not be told again.
    const bool rescue =
        options().same_delivery || setup_.value("smtp_reply_filter") == adapt::socketmap(options().map, "reply");
    return {options().map, rescue ? Rescue::same_delivery : Rescue::no};
  }
  adapt::PostfixSetup setup_;
};

class Exim final : public Mta {
 public:
  using Mta::Mta;
  std::string name() const override { return "exim"; }
  Result<> read() override {
    home_ = adapt::find_exim(options().exim);
    auto read = adapt::read_exim(home_);
    if (!read) return std::unexpected(read.error());
    setup_ = *std::move(read);
    return {};
  }
  Known<std::vector<adapt::SetupFinding>> inspect(const adapt::OwnHouse& house, const Facts& facts) const override {
    return adapt::inspect_exim(setup_, house, facts);
  }
  Result<FileChange> file() const override { return adapt::exim_source(setup_); }
  std::string patched(const FileChange& file) const override {
    return adapt::patched_exim(file.before, {options().map}, file.original);
  }
  Result<> apply(const FileChange& change) const override { return adapt::apply_to_exim(home_, setup_, change); }
  Result<> reload() const override { return adapt::reload_exim(setup_); }
  std::string reload_command() const override { return "systemctl reload exim4 (SIGHUP to its daemon)"; }
  std::vector<adapt::SetupFinding> unlike() const override { return adapt::unlike_patch(setup_, {options().map}); }
  adapt::Proof ask_by_its_own() const override {
    auto expansion = adapt::exim_lookup({options().map}, "nobody answers");
    const std::string_view variable = "$domain";
    expansion.replace(expansion.find(variable), variable.size(), adapt::canary_host);
    const auto said = adapt::expand_by_exim(home_, expansion);
    return {"exim -be", said && *said == adapt::canary_host, said ? "answered '" + *said + "'" : said.error().message};
  }

 private:
  adapt::EximHome home_;
  adapt::EximSetup setup_;
};

int inspect(Mta& mta) {
  auto dns = mta.options().dns;
  if (dns.config.empty() && ::access(own_config, R_OK) == 0) dns.config = own_config;
  const auto world = World::open(dns);
  if (!world) return complain(world.error());
  if (const auto read = mta.read(); !read) return complain(read.error());
  adapt::OwnHouse house;
  if (const auto& config = (*world)->config())
    for (const auto& source : config->sources)
      for (const auto& address : {source.ipv4, source.ipv6})
        if (address) house.sources.push_back(*address);
  const auto settled = net::run_blocking(net::settle([&](const Facts& facts) { return mta.inspect(house, facts); },
                                                     Facts(), (*world)->dns(), (*world)->deadline()));
  if (const auto saved = (*world)->finish(); !saved) return complain(saved.error());
  if (!settled.value) return complain({"the answers contradict each other"});
  if (const auto trouble = (*world)->trouble()) complain(*trouble);  // what the files say counts all the same
  const auto& found = *settled.value;
  if (mta.options().json) {
    print(adapt::json_of(mta.name(), found));
  } else {
    print(adapt::text_of(found));
    print(found.empty() ? "No contradiction found.\n"
                        : std::to_string(found.size()) + (found.size() == 1 ? " finding\n" : " findings\n"));
  }
  return found.empty() ? good : findings;
}

Result<> agree(const Options& options, const std::string& question) {
  if (options.yes) return {};
  if (isatty(STDIN_FILENO) == 0) return failure("nobody is there to agree", "add --yes, or --dry-run to look only");
  print(question + " [y/N] ");
  std::cout.flush();
  std::string answer;
  std::getline(std::cin, answer);
  if (answer == "y" || answer == "Y" || answer == "yes") return {};
  return failure("nothing was changed");
}

enum class State { nothing_to_do, dry_run, changed };

void tell(const Mta& mta, State state, const FileChange& change, const std::string& shown, const std::string& note,
          bool reloaded) {
  constexpr std::array words{"nothing to do", "dry run", "changed"};
  if (mta.options().json) {
    const Json out{{"version", json_version}, {"server", mta.name()}, {"state", words[static_cast<std::size_t>(state)]},
                   {"file", change.path},     {"difference", shown},  {"note", note},
                   {"reloaded", reloaded}};
    print(out.dump(2, ' ', false, Json::error_handler_t::replace) + "\n");
    return;
  }
  if (!note.empty()) print(note + "\n");
  if (state == State::nothing_to_do) print(change.path + ": nothing to do\n");
  if (state == State::changed)
    print(change.path + ": changed, and found right by " + mta.name() + "'s own check\n" +
          (reloaded ? "reloaded\n" : "It is in force after: " + mta.reload_command() + "\n"));
}

/// Shows, asks, writes, reloads.
int make_change(const Mta& mta, const FileChange& change, const std::string& note) {
  const auto shown = adapt::difference(change);
  if (!shown) return complain(shown.error());
  if (shown->empty() && !change.remove) {
    tell(mta, State::nothing_to_do, change, "", note, false);
    return good;
  }
  if (!mta.options().json) print(*shown);
  if (mta.options().dry_run) {
    tell(mta, State::dry_run, change, *shown, note, false);
    return findings;
  }
  if (const auto yes = agree(mta.options(), "Change " + change.path + "?"); !yes) return complain(yes.error());
  if (const auto applied = mta.apply(change); !applied) return complain(applied.error());
  if (mta.options().reload)
    if (const auto reloaded = mta.reload(); !reloaded) return complain(reloaded.error());
  tell(mta, State::changed, change, *shown, note, mta.options().reload);
  return good;
}

int damaged(const FileChange& file) {
  return complain({file.path + " holds a mark of Ptarmigan without its counterpart",
                   "restore the line \"# Ptarmigan ...\" that is missing, or take out what is left by hand"});
}

int patch(Mta& mta) {
  if (const auto read = mta.read(); !read) return complain(read.error());
  auto file = mta.file();
  if (!file) return complain(file.error());
  const auto before = adapt::without_block(file->before);
  if (before.state == adapt::WithoutBlock::State::damaged) return damaged(*file);
  file->after = mta.patched(*file);
  if (!mta.options().dry_run && !mta.options().without_map)
    for (const auto& proof : adapt::prove_map(mta.options().map))
      if (!proof.holds)
        return complain(
            {"the map at " + mta.options().map + " does not answer as it must (" + proof.name + "): " + proof.detail,
             "start `ptarmigan map` first: mail would wait for its answers (--without-map changes the file "
             "all the same)"});
  return make_change(mta, *file, "");
}

int undo(Mta& mta) {
  if (const auto read = mta.read(); !read) return complain(read.error());
  auto file = mta.file();
  if (!file) return complain(file.error());
  auto before = adapt::without_block(file->before);
  using WasBlock = adapt::WithoutBlock::State;
  if (before.state == WasBlock::damaged) return damaged(*file);
  file->after = before.text;
  file->remove = before.original == adapt::Original::none && before.text.empty();
  std::string note;
  if (before.state == WasBlock::changed_since)
    note = file->path + " was changed after the patch: only the patch is taken out, that change stays";
  return make_change(mta, *file, note);
}

/// What the map says that it has closed.
Json closed_now(const std::string& where) {
  const auto status = adapt::map_status(where);
  if (!status) return nullptr;
  const auto parsed = Json::parse(*status, nullptr, false);
  return parsed.is_object() && parsed.contains("closed") ? parsed["closed"] : Json(nullptr);
}

int status(Mta& mta) {
  if (const auto read = mta.read(); !read) return complain(read.error());
  auto proofs = adapt::prove_map(mta.options().map);
  proofs.insert(proofs.begin(), mta.ask_by_its_own());
  adapt::Proof settings{"settings", true, "in force"};
  for (const auto& finding : mta.unlike()) {
    settings.detail = (settings.holds ? "" : settings.detail + "; ") + finding.what;
    settings.holds = false;
  }
  proofs.insert(proofs.begin(), std::move(settings));
  const bool works = std::ranges::all_of(proofs, &adapt::Proof::holds);
  const auto closed = closed_now(mta.options().map);
  if (mta.options().json) {
    Json out{{"version", json_version},
             {"server", mta.name()},
             {"works", works},
             {"proofs", Json::array()},
             {"closed", closed}};
    for (const auto& proof : proofs)
      out["proofs"].push_back({{"name", proof.name}, {"holds", proof.holds}, {"detail", proof.detail}});
    print(out.dump(2, ' ', false, Json::error_handler_t::replace) + "\n");
    return works ? good : findings;
  }
  const auto colour = colour_of_output();
  for (const auto& proof : proofs)
    print(painted(colour, proof.holds ? Tint::good : Tint::bad, proof.holds ? "ok    " : "FAILS ") + proof.name + ": " +
          displayable(proof.detail) + "\n");
  if (closed.is_object()) {
    print(closed.empty() ? "IPv6 is open for every receiver.\n" : "IPv6 is closed now:\n");
    for (const auto& [site, why] : closed.items())
      print("  " + displayable(site) + ": " + displayable(why.is_string() ? why.get<std::string>() : "") + "\n");
  }
  print(works ? "It works.\n" : "It does not work.\n");
  return works ? good : findings;
}

template <typename Kind>
void add_place(CLI::App& command, Options& options) {
  if constexpr (std::is_same_v<Kind, Postfix>) {
    command
        .add_option("--config-dir", options.config_dir, "The folder of main.cf; Postfix's own choice where not given")
        ->type_name("DIR");
  } else {
    command.add_option("--exim-config,-C", options.exim.file, "Exim's file; its own choice where not given")
        ->type_name("FILE");
    command.add_option("--exim", options.exim.program, "The Exim program")->type_name("PROGRAM");
  }
  command.add_flag("--json", options.json, "For programs: docs/reference/beside.md");
}

void add_map_option(CLI::App& command, Options& options) {
  command.add_option("--map", options.map, "Where `ptarmigan map` answers: address with port, or path of a socket")
      ->type_name("WHERE")
      ->capture_default_str();
}

void add_change_options(CLI::App& command, Options& options) {
  command.add_flag("--yes,-y", options.yes, "Do not ask");
  command.add_flag("--dry-run", options.dry_run, "Show the change, and exit with 1 where there is one");
  command.add_flag("--reload", options.reload, "Put it in force");
}

template <typename Kind>
void add_verb(CLI::App& parent, Action& action, const std::string& name, const std::string& about, int (*run)(Mta&)) {
  auto* command = parent.add_subcommand(name, about);
  auto options = std::make_shared<Options>();
  add_place<Kind>(*command, *options);
  if (name == "inspect") add_dns_options(*command, options->dns);
  if (name == "patch" || name == "status") add_map_option(*command, *options);
  if (name == "patch" || name == "undo") add_change_options(*command, *options);
  if (name == "patch")
    command->add_flag("--without-map", options->without_map, "Although no map answers there: mail waits until it does");
  if (std::is_same_v<Kind, Postfix> && name == "patch")
    command->add_flag("--same-delivery", options->same_delivery,
                      "Also turn a refusal of the IPv6 address into a try over IPv4 in the same delivery");
  command->callback([options, &action, run] {
    action = [options, run] {
      Kind mta(*options);
      return run(mta);
    };
  });
}

template <typename Kind>
void add_mta(CLI::App& app, Action& action, const std::string& name, const std::string& shown) {
  auto* command = app.add_subcommand(name, "At home beside " + shown + ": inspect, patch, undo, status");
  command->require_subcommand(1);
  command->footer("Exit code: 0 good, 1 findings or a proof that fails, 2 it cannot be read or changed.");
  add_verb<Kind>(*command, action, "inspect", "What contradicts itself in the configuration that runs", inspect);
  add_verb<Kind>(*command, action, "patch", "Make " + shown + " ask `ptarmigan map`: shows the change, asks, writes",
                 patch);
  add_verb<Kind>(*command, action, "undo", "Take the patch out again, octet for octet", undo);
  add_verb<Kind>(*command, action, "status", "Prove by a canary that " + shown + " gets its answers", status);
}

}  // namespace

void add_beside(CLI::App& app, Action& action) {
  add_mta<Postfix>(app, action, "postfix", "Postfix");
  add_mta<Exim>(app, action, "exim", "Exim");
}

}  // namespace ptarmigan::cli
