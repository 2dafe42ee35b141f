// cli/top.cpp - `ptarmigan top`: the console's home in a terminal, from the history, beside a running server or
// without.
#include <chrono>
#include <memory>
#include <thread>

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>
#include <unistd.h>

#include "cli/commands.hpp"
#include "cli/dns_options.hpp"
#include "cli/run.hpp"
#include "cli/terminal.hpp"
#include "console/answers.hpp"
#include "net/clock.hpp"
#include "store/views.hpp"

namespace ptarmigan::cli {
namespace {

using console::Json;

struct Options {
  std::string config = "/etc/ptarmigan/ptarmigan.toml";
  unsigned hours = 24;
  unsigned seconds = 2;
  bool once = false;
  bool json = false;
};

std::string text_at(const Json& object, const char* key) {
  return object.at(key).is_string() ? displayable(object.at(key).get<std::string>()) : std::string();
}

/// Cut or filled up to `width` characters.
std::string column(std::string text, std::size_t width) {
  text.resize(width, ' ');
  return text + " ";
}

Tint tint_of(const std::string& standing) {
  if (standing == "good") return Tint::good;
  if (standing == "poor") return Tint::bad;
  return standing.empty() ? Tint::faint : Tint::warn;
}

std::string cell_text(const Json& cell, Colour colour) {
  constexpr std::size_t width = 11;
  constexpr std::size_t most_cells_rules = 3;
  const auto& tally = cell.at("tally");
  const auto delivered = tally.at("delivered").get<std::uint64_t>();
  const auto tried = delivered + tally.at("deferred").get<std::uint64_t>() + tally.at("bounced").get<std::uint64_t>() +
                     tally.at("rescued").get<std::uint64_t>();
  const auto standing = text_at(cell, "standing");
  std::string out = "  " + column(text_at(cell, "site"), 28) + column(text_at(cell, "route"), 30) +
                    painted(colour, tint_of(standing), column(standing.empty() ? "-" : standing, width)) +
                    std::to_string(delivered) + "/" + std::to_string(tried) + " delivered";
  std::size_t shown = 0;
  if (standing == "poor" || standing == "probation")
    for (const auto& rule : cell.at("rules"))
      if (rule.is_string() && ++shown <= most_cells_rules) out += "  " + displayable(rule.get<std::string>());
  return out + "\n";
}

std::string home_text(const Json& home, Colour colour) {
  const auto& incidents = home.at("incidents");
  const auto& total = home.at("total");
  std::string out = painted(colour, Tint::strong, "Ptarmigan") + "  " + text_at(home, "hostname") + "  " +
                    text_at(home, "now") + "\n\n";
  out += incidents.empty() ? painted(colour, Tint::good, "Nothing is open")
                           : painted(colour, Tint::bad, std::to_string(incidents.size()) + " open");
  out += "   delivered " + total.at("delivered").dump() + "   rescued " + total.at("rescued").dump() + "   deferred " +
         total.at("deferred").dump() + "   bounced " + total.at("bounced").dump() + "\n";
  for (const auto& incident : incidents) {
    out += "\n" + painted(colour, Tint::bad, "! ") + painted(colour, Tint::strong, text_at(incident, "title")) + "\n";
    if (const auto why = text_at(incident, "why"); !why.empty()) out += "  " + why + "\n";
    if (const auto fix = text_at(incident, "fix"); !fix.empty()) out += "  to mend it: " + fix + "\n";
  }
  out += "\n  " + painted(colour, Tint::faint, column("receiver", 28) + column("from", 30) + column("standing", 11)) +
         "\n";
  if (home.at("cells").empty())
    out += "  no mail has gone out in this time; `ptarmigan check` says whether it would be accepted\n";
  for (const auto& cell : home.at("cells")) out += cell_text(cell, colour);
  return out;
}

int top(const Options& options) {
  const auto config = read_config(options.config);
  if (!config) return complain(config.error());
  const auto views = store::Views::open(config->watch.database.empty() ? config->store.path : config->watch.database);
  if (!views) return complain(views.error());
  const bool stay = !options.once && !options.json && ::isatty(STDOUT_FILENO) != 0;
  for (;;) {
    const auto now = net::now().wall;
    const auto home =
        console::home(**views, *config, Json(), Json(), {.from = now - std::chrono::hours(options.hours), .to = now});
    if (!home) return complain(home.error());
    if (options.json) {
      print(home->dump(2, ' ', false, Json::error_handler_t::replace) + "\n");
    } else {
      // Home, then the rest of each line and of the screen is cleared: nothing flickers.
      std::string text = home_text(*home, colour_of_output());
      if (stay) {
        std::string screen = "\x1b[H";
        for (const char c : text) screen += c == '\n' ? "\x1b[K\n" : std::string(1, c);
        text = screen + "\x1b[J";
      }
      print(text);
    }
    if (!stay) return home->at("incidents").empty() ? good : findings;
    std::fflush(stdout);
    std::this_thread::sleep_for(std::chrono::seconds(options.seconds));
  }
}

}  // namespace

void add_top(CLI::App& app, Action& action) {
  auto* command =
      app.add_subcommand("top", "Is mail getting through: addresses, receivers and incidents, renewed as they change");
  auto options = std::make_shared<Options>();
  command->add_option("--config,-c", options->config, "The configuration file")->capture_default_str();
  command->add_option("--hours", options->hours, "Count so many hours")
      ->check(CLI::Range(1, 9600))
      ->capture_default_str();
  command->add_option("--every", options->seconds, "Seconds between looks")
      ->check(CLI::Range(1, 3600))
      ->capture_default_str();
  command->add_flag("--once", options->once, "Look once");
  command->add_flag("--json", options->json, "For programs, once");
  command->footer("Exit code: 0 nothing is open, 1 an incident is, 2 the history cannot be read. Ctrl-C ends it.");
  command->callback([&action, options] { action = [options] { return top(*options); }; });
}

}  // namespace ptarmigan::cli
