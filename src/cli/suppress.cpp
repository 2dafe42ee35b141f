// cli/suppress.cpp - `ptarmigan suppress add|remove|list|import`: who gets no more mail from here. Asks the running
// server over its control socket, or works on the spool's file where none runs.
#include <memory>

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "base/text.hpp"
#include "cli/commands.hpp"
#include "cli/run.hpp"
#include "cli/server_files.hpp"
#include "cli/terminal.hpp"
#include "net/clock.hpp"
#include "relay/control.hpp"
#include "relay/control_socket.hpp"

namespace ptarmigan::cli {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::size_t addresses_at_once = 1'000;
constexpr std::size_t max_import = std::size_t{256} << 20;
constexpr std::size_t told_problems = 10;

struct Options {
  ServerFiles files;
  std::vector<std::string> addresses;
  std::string reason;
  std::string origin = "operator";
  std::string file;
  bool json = false;
};

Result<Json> ask(const ServerFiles& files, const Json& command) {
  const auto text = command.dump(-1, ' ', false, Json::error_handler_t::replace);
  auto answered = relay::ask_server(files.spool, text);
  if (!answered) return std::unexpected(answered.error());
  if (!*answered) {
    const auto parsed = relay::parse_command(text);
    if (!parsed) return std::unexpected(parsed.error());
    auto offline = relay::run_offline(files.spool, *parsed, net::now());
    if (!offline) return std::unexpected(offline.error());
    *answered = *std::move(offline);
  }
  auto json = Json::parse(**answered, nullptr, false);
  if (!json.is_object()) return failure("the server's answer is not understood", "is it of another version?");
  if (json.contains("error")) return failure(json.value("error", ""), json.value("remedy", ""));
  return json;
}

std::string counted(std::uint64_t count) {
  return std::to_string(count) + (count == 1 ? " entry" : " entries");
}

struct Sent {
  std::uint64_t changed = 0;
  std::uint64_t count = 0;
};

/// In steps, so that the server takes each in a moment.
Result<Sent> send(const Options& options, const char* verb, const std::vector<std::string>& addresses) {
  Sent out;
  for (std::size_t at = 0; at < addresses.size(); at += addresses_at_once) {
    const auto end = std::min(addresses.size(), at + addresses_at_once);
    Json command{{"do", verb}, {"addresses", Json::array()}, {"reason", options.reason}, {"origin", options.origin}};
    for (auto i = at; i < end; ++i) command["addresses"].push_back(addresses[i]);
    const auto answer = ask(options.files, command);
    if (!answer) return std::unexpected(answer.error());
    out.changed += answer->value("changed", std::uint64_t{0});
    out.count = answer->value("count", std::uint64_t{0});
  }
  return out;
}

int told(const Options& options, const Result<Sent>& sent, const char* done) {
  if (!sent) return complain(sent.error());
  if (options.json) {
    print(Json{{"version", 1}, {"changed", sent->changed}, {"count", sent->count}}.dump() + "\n");
  } else {
    print(counted(sent->changed) + " " + done + ", " + std::to_string(sent->count) + " on the list\n");
  }
  return sent->changed == 0 ? findings : good;
}

int add(Options options) {
  if (auto found = find_server_files(options.files); !found) return complain(found.error());
  for (const auto& address : options.addresses)
    if (const auto good_one = relay::suppressible(address); !good_one) return complain(good_one.error());
  return told(options, send(options, "suppress", options.addresses), "added");
}

int remove(Options options) {
  if (auto found = find_server_files(options.files); !found) return complain(found.error());
  for (const auto& address : options.addresses)
    if (const auto good_one = relay::suppressible(address); !good_one) return complain(good_one.error());
  return told(options, send(options, "unsuppress", options.addresses), "taken off");
}

/// The address of a line: alone, or the first field of CSV or of a table with tabs; "" for none.
std::string address_of(std::string_view line) {
  line = trim(line.substr(0, line.find_first_of(",;\t")), " \r\"");
  return line.starts_with('#') ? std::string() : std::string(line);
}

int import(Options options) {
  if (auto found = find_server_files(options.files); !found) return complain(found.error());
  const auto text = read_file(options.file, max_import);
  if (!text) return complain(text.error());
  std::vector<std::string> addresses;
  std::size_t number = 0;
  std::size_t problems = 0;
  for (const auto line : split(*text, '\n')) {
    ++number;
    const auto written = address_of(line);
    if (written.empty()) continue;
    auto address = relay::suppressible(written);
    if (address) {
      addresses.push_back(*std::move(address));
    } else if (number > 1 && ++problems <= told_problems) {  // the first line may be a head
      complain({options.file + ":" + std::to_string(number) + ": " + address.error().message, address.error().remedy});
    }
  }
  if (problems > 0)
    return complain(
        {std::to_string(problems) + (problems == 1 ? " line is" : " lines are") + " no address: nothing was added",
         "mend the file and import it again"});
  return told(options, send(options, "suppress", addresses), "added");
}

int list(Options options) {
  if (auto found = find_server_files(options.files); !found) return complain(found.error());
  Json all = Json::array();
  std::string from;
  std::uint64_t count = 0;
  do {
    const auto page = ask(options.files, {{"do", "suppressed"}, {"from", from}, {"limit", relay::max_listed}});
    if (!page) return complain(page.error());
    count = page->value("count", std::uint64_t{0});
    from = page->value("next", "");
    for (const auto& entry : (*page)["suppressed"]) {
      if (options.json) {
        all.push_back(entry);
      } else {
        print(displayable(entry.value("address", "")) + "  " + entry.value("since", "") + "  " +
              entry.value("origin", "") + "  " + displayable(entry.value("reason", "")) + "\n");
      }
    }
  } while (!from.empty());
  if (options.json)
    print(Json{{"version", 1}, {"suppressed", std::move(all)}, {"count", count}}.dump(2) + "\n");
  else if (count == 0)
    print("nobody is suppressed\n");
  return good;
}

CLI::App* add_verb(CLI::App& suppress, Action& action, const std::shared_ptr<Options>& options, const char* name,
                   const char* text, int (*run)(Options)) {
  auto* command = suppress.add_subcommand(name, text);
  command->add_flag("--json", options->json, "For programs");
  add_server_files(*command, options->files);
  command->callback([options, &action, run] { action = [options, run] { return run(*options); }; });
  return command;
}

}  // namespace

void add_suppress(CLI::App& app, Action& action) {
  auto* suppress = app.add_subcommand("suppress", "Who gets no more mail from here: the suppression list");
  suppress->require_subcommand(1);
  suppress->footer(
      "A suppressed recipient is refused at submission (550 5.7.1, with the reason), and mail that waits for them "
      "fails. "
      "Who complains about mail of ours is added by itself (watch.suppress_complaints).");
  const auto options = std::make_shared<Options>();

  auto* adder = add_verb(*suppress, action, options, "add", "Put addresses, or @domains, on the list", add);
  adder->add_option("ADDRESS", options->addresses, "user@example.net, or @example.net for everybody there")
      ->required()
      ->type_name("");
  auto* remover = add_verb(*suppress, action, options, "remove", "Take addresses off the list", remove);
  remover->add_option("ADDRESS", options->addresses, "As `suppress list` shows it")->required()->type_name("");
  add_verb(*suppress, action, options, "list", "Show the list", list);
  auto* importer = add_verb(*suppress, action, options, "import", "Put the addresses of a file on the list", import);
  importer->add_option("FILE", options->file, "One address a line, or CSV with the address first; - for standard input")
      ->required()
      ->type_name("");
  importer->footer("Nothing is added where a line holds no address. What is on the list stays as it is.");
  for (auto* command : {adder, importer}) {
    command->add_option("--reason", options->reason, "Shown wherever the entry is")->type_name("TEXT");
    command->add_option("--origin", options->origin, "operator, complaint or bounce")
        ->capture_default_str()
        ->check(CLI::IsMember({"operator", "complaint", "bounce"}));
  }
}

}  // namespace ptarmigan::cli
