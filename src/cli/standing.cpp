// cli/standing.cpp - `ptarmigan standing`: what the server knows of each route: standing, pace, warm-up, and what waits
// for them. From the running server; from the file that it keeps where none runs. `set` and `clear` need a server.
#include <fstream>
#include <memory>

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "cli/commands.hpp"
#include "cli/run.hpp"
#include "cli/server_files.hpp"
#include "cli/terminal.hpp"
#include "net/clock.hpp"
#include "relay/control.hpp"
#include "relay/control_socket.hpp"
#include "route/standing_text.hpp"

namespace ptarmigan::cli {
namespace {

using Json = nlohmann::ordered_json;

struct Options {
  ServerFiles files;
  std::string site;
  std::string source;
  std::string sender;
  std::string reason;
  std::int64_t seconds = 24LL * 3600;
  bool json = false;
};

/// The server's answer; nothing where none runs.
Result<std::optional<std::string>> ask(const ServerFiles& files, const Json& command) {
  auto answered = relay::ask_server(files.spool, command.dump(-1, ' ', false, Json::error_handler_t::replace));
  if (!answered || !*answered) return answered;
  const auto json = Json::parse(**answered, nullptr, false);
  if (!json.is_object()) return failure("the server's answer is not understood", "is it of another version?");
  if (json.contains("error")) return failure(json.value("error", ""), json.value("remedy", ""));
  return answered;
}

Result<std::string> standing_of(const ServerFiles& files) {
  auto live = ask(files, {{"do", "standing"}});
  if (!live) return std::unexpected(live.error());
  if (*live) return **std::move(live);
  const auto path = std::filesystem::path(files.spool) / "standing.json";
  std::ifstream file(path, std::ios::binary);
  if (!file) return failure("no server runs on " + files.spool + ", and there is no " + path.string());
  return std::string{std::istreambuf_iterator<char>(file), {}};
}

Tint tint_of(route::Standing standing) {
  switch (standing) {
    case route::Standing::good: return Tint::good;
    case route::Standing::probation:
    case route::Standing::unknown: return Tint::warn;
    case route::Standing::poor: return Tint::bad;
  }
  return Tint::none;
}

bool meant(const Options& options, const std::string& site, const std::string& source) {
  return (options.site.empty() || options.site == site) && (options.source.empty() || options.source == source);
}

std::string standing_line(const route::StandingTable::Saved& row, WallTime saved_at, Colour colour) {
  std::string out = row.key.source.text() + " at " + displayable(row.key.site) +
                    (row.key.sender.empty() ? "" : " for " + displayable(row.key.sender)) + ": " +
                    painted(colour, tint_of(row.standing), route::to_string(row.standing)) + " since " +
                    rfc3339(row.since) + "\n    " + displayable(row.why) + "\n";
  if (!row.refusal) return out;
  out += "    evidence: " + displayable(row.refusal->reply) + "\n    until ";
  return out +
         (row.facts_explained_refusal ? "what it blames has changed"
                                      : rfc3339(saved_at + row.left) + ", or cleared by the operator") +
         "\n";
}

std::string pace_line(const route::Pacing::Row& row, WallTime saved_at) {
  std::string out = displayable(row.lane.value) + " (" + std::string(to_string(row.lane.axis)) + ") at " +
                    displayable(row.lane.site) + ": " + std::string(to_string(row.phase));
  if (row.left.count() > 0) out += " until " + rfc3339(saved_at + row.left);
  if (row.connections > 0) out += ", then " + std::to_string(row.connections) + " at once";
  if (row.messages_a_minute > 0)
    out += ", " + std::to_string(static_cast<std::uint64_t>(row.messages_a_minute)) + " messages a minute";
  return out + "\n    evidence: " + displayable(row.reply) + "\n";
}

std::string text_of(const route::SavedStanding& saved, const Options& options, Colour colour) {
  std::string out;
  for (const auto& row : saved.standing)
    if (meant(options, row.key.site, row.key.source.text())) out += standing_line(row, saved.saved_at, colour);
  for (const auto& row : saved.pacing)
    if (meant(options, row.lane.site, row.lane.value)) out += pace_line(row, saved.saved_at);
  for (const auto& row : saved.warm_up) {
    if (!options.source.empty() && options.source != row.source.text()) continue;
    out += row.source.text() + " warms up: day " + std::to_string(row.day + 1) + ", " + std::to_string(row.used) +
           " sent today of " + (row.allowance ? std::to_string(*row.allowance) : "as many as there are") + "\n";
  }
  for (const auto& row : saved.held) {
    if (!options.site.empty() && options.site != row.site) continue;
    out += std::to_string(row.messages) + " of " + displayable(row.sender) + " wait for " + displayable(row.site) +
           (row.left.count() > 0 ? " until " + rfc3339(saved.saved_at + row.left) : " for a free connection") + ": " +
           displayable(row.why) + "\n";
  }
  return out.empty() ? "nothing is known of these routes yet\n" : out;
}

int show(Options options) {
  if (auto found = find_server_files(options.files); !found) return complain(found.error());
  const auto text = standing_of(options.files);
  if (!text) return complain(text.error());
  auto saved = route::parse_standing(*text);
  if (!saved) return complain({"what the server knows of its routes cannot be read: " + saved.error().message});
  if (!options.json) {
    print(text_of(*saved, options, colour_of_output()));
    return good;
  }
  std::erase_if(saved->standing, [&](const auto& row) { return !meant(options, row.key.site, row.key.source.text()); });
  std::erase_if(saved->pacing, [&](const auto& row) { return !meant(options, row.lane.site, row.lane.value); });
  std::erase_if(saved->held, [&](const auto& row) { return !options.site.empty() && options.site != row.site; });
  print(route::standing_text(*saved));
  return good;
}

int change(Options options, const char* verb) {
  if (auto found = find_server_files(options.files); !found) return complain(found.error());
  Json command{{"do", verb}};
  if (!options.source.empty()) command["source"] = options.source;
  if (!options.site.empty()) command["site"] = options.site;
  if (!options.sender.empty()) command["sender"] = options.sender;
  if (!options.reason.empty()) command["reason"] = options.reason;
  if (std::string_view(verb) == "standing-set") command["seconds"] = options.seconds;
  const auto answer = ask(options.files, command);
  if (!answer) return complain(answer.error());
  if (!*answer) return complain({"no server runs on the spool " + options.files.spool, "start it: `ptarmigan serve`"});
  const auto json = Json::parse(**answer);
  if (!json.contains("cleared")) {
    print(options.source + " is in poor standing at " + options.site + "\n");
    return good;
  }
  const auto cleared = json["cleared"].get<std::uint64_t>();
  print(std::to_string(cleared) + (cleared == 1 ? " standing" : " standings") + " forgotten\n");
  return cleared == 0 ? findings : good;
}

}  // namespace

void add_standing(CLI::App& app, Action& action) {
  auto shown = std::make_shared<Options>();
  auto* command =
      app.add_subcommand("standing", "What each of our addresses is worth at each site, and how fast it may send");
  command->add_option("--site", shown->site, "Only at this site")->type_name("SITE");
  command->add_option("--source", shown->source, "Only of this address")->type_name("ADDRESS");
  command->add_flag("--json", shown->json, "For programs");
  add_server_files(*command, shown->files);
  command->require_subcommand(0, 1);
  command->callback([shown, command, &action] {
    if (command->get_subcommands().empty()) action = [shown] { return show(*shown); };
  });

  auto set = std::make_shared<Options>();
  auto* setter = command->add_subcommand("set", "Do not use an address at a site while a better route exists");
  setter->add_option("--source", set->source, "The address")->required()->type_name("ADDRESS");
  setter->add_option("--site", set->site, "The site")->required()->type_name("SITE");
  setter->add_option("--sender", set->sender, "Only for this domain of From")->type_name("DOMAIN");
  setter->add_option("--reason", set->reason, "Shown wherever the standing is")->type_name("TEXT");
  setter->add_option("--for", set->seconds, "For so many seconds")
      ->capture_default_str()
      ->check(CLI::Range(1, 2'592'000));
  add_server_files(*setter, set->files);
  setter->callback([set, &action] { action = [set] { return change(*set, "standing-set"); }; });

  auto cleared = std::make_shared<Options>();
  auto* clearer = command->add_subcommand("clear", "Forget what replies and operators taught; facts speak again");
  clearer->add_option("--source", cleared->source, "Only of this address")->type_name("ADDRESS");
  clearer->add_option("--site", cleared->site, "Only at this site")->type_name("SITE");
  clearer->add_option("--sender", cleared->sender, "Only for this domain of From")->type_name("DOMAIN");
  add_server_files(*clearer, cleared->files);
  clearer->callback([cleared, &action] { action = [cleared] { return change(*cleared, "standing-clear"); }; });
}

}  // namespace ptarmigan::cli
