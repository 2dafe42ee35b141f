// cli/explain.cpp - `ptarmigan explain QUEUE-ID`: why a message went where it went, attempt by attempt, from the
// history, and what still waits, from the spool.
#include <filesystem>
#include <map>
#include <memory>

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "base/text.hpp"
#include "cli/commands.hpp"
#include "cli/run.hpp"
#include "cli/server_files.hpp"
#include "cli/terminal.hpp"
#include "net/clock.hpp"
#include "relay/control_socket.hpp"
#include "rulebook/registry.hpp"
#include "spool/spool.hpp"
#include "store/history.hpp"

namespace ptarmigan::cli {
namespace {

using Json = nlohmann::ordered_json;

struct Options {
  ServerFiles files;
  std::string id;
  bool json = false;
};

struct Story {
  QueueId id;
  std::vector<store::Attempt> attempts;
  std::optional<spool::Queued> queued;
  std::map<std::uint32_t, std::string>
      now;  ///< what the running server does with a group, where it is not just waiting
};

std::string row(std::string_view label, const std::string& text) {
  constexpr std::size_t column = 11;
  return "  " + std::string(label) + std::string(column - std::min(column, label.size()), ' ') + text + "\n";
}

std::string string_at(const Json& object, const char* key) {
  const auto found = object.find(key);
  return found == object.end() || !found->is_string() ? std::string() : found->get<std::string>();
}

bool flag_at(const Json& object, const char* key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_boolean() && found->get<bool>();
}

Json considered_of(const store::Attempt& attempt) {
  auto parsed = Json::parse(attempt.considered, nullptr, false);
  return parsed.is_object() ? parsed : Json::object();
}

Tint tint_of(const std::string& standing) {
  if (standing == "good") return Tint::good;
  if (standing == "poor") return Tint::bad;
  return standing.empty() ? Tint::none : Tint::warn;
}

std::string route_text(const Json& route, Colour colour) {
  const auto standing = string_at(route, "standing");
  std::string out = flag_at(route, "chosen") ? "-> " : "   ";
  out += displayable(string_at(route, "route"));
  if (const auto source = string_at(route, "source"); !source.empty())
    out += " (" + displayable(source) + ", " + string_at(route, "family") + ")";
  if (!standing.empty()) out += "  " + painted(colour, tint_of(standing), standing);
  if (const auto why = string_at(route, "why"); !why.empty()) out += ": " + displayable(why);
  if (!flag_at(route, "usable")) out += "; " + painted(colour, Tint::faint, "not used");
  if (flag_at(route, "last_resort")) out += "; last resort";
  if (const auto reason = string_at(route, "reason"); !reason.empty())
    out += "\n                 " + painted(colour, Tint::faint, displayable(reason));
  return out;
}

std::string considered_text(const store::Attempt& attempt, Colour colour) {
  const auto considered = considered_of(attempt);
  const auto routes = considered.find("routes");
  if (routes == considered.end() || !routes->is_array()) return {};
  std::string out;
  for (const auto& route : *routes) out += row(out.empty() ? "routes" : "", route_text(route, colour));
  return out + row("settings",
                   "standing = " + string_at(considered, "standing") + ", prefer = " + string_at(considered, "prefer"));
}

std::string reply_text(const store::Attempt& attempt, Colour colour) {
  if (attempt.reply_text.empty()) return {};
  std::string out;
  const auto tint = attempt.reply_code >= 200 && attempt.reply_code < 300 ? Tint::good
                    : attempt.reply_code == 0                             ? Tint::warn
                                                                          : Tint::bad;
  for (const auto line : split(attempt.reply_text, '\n'))
    out += row(out.empty() ? (attempt.reply_code != 0 ? "reply" : "problem") : "",
               painted(colour, tint, displayable(line)));
  if (!attempt.stage.empty()) out += row("", "at " + attempt.stage);
  return out;
}

Tint tint_of(store::Outcome outcome) {
  switch (outcome) {
    case store::Outcome::delivered: return Tint::good;
    case store::Outcome::rescued:
    case store::Outcome::deferred: return Tint::warn;
    case store::Outcome::bounced: return Tint::bad;
  }
  return Tint::none;
}

std::string attempt_text(const store::Attempt& attempt, std::size_t number, Colour colour) {
  std::string recipients;
  for (const auto& recipient : attempt.recipients)
    recipients += (recipients.empty() ? "" : ", ") + displayable(recipient);
  std::string out = painted(colour, Tint::strong, "attempt " + std::to_string(number)) + "  " + rfc3339(attempt.time) +
                    ", took " + human(attempt.duration) + ": " +
                    painted(colour, tint_of(attempt.outcome), store::to_string(attempt.outcome)) + "\n";
  out += row("to", recipients + (attempt.site.empty() ? "" : "  (site " + displayable(attempt.site) + ")"));
  out += considered_text(attempt, colour);
  if (attempt.peer) {
    const auto family = attempt.family ? ", " + std::string(to_string(*attempt.family)) : std::string();
    out += row("peer",
               (attempt.mx_host.empty() ? "" : displayable(attempt.mx_host) + " ") + attempt.peer->text() + family);
  }
  if (!attempt.ehlo_name.empty()) out += row("EHLO", attempt.ehlo_name);
  if (attempt.tls) {
    const auto proof = attempt.tls->verified == "no" ? std::string("certificate not verified")
                                                     : "verified (" + attempt.tls->verified + ")";
    out += row("TLS", attempt.tls->version + ", " + attempt.tls->cipher + ", " + proof);
  } else if (attempt.peer) {
    out += row("TLS", "none: in the clear");
  }
  out += reply_text(attempt, colour);
  if (!attempt.cause.empty())
    out += row("cause", attempt.cause + (attempt.rule_id.empty() ? "" : ", rule " + attempt.rule_id));
  if (const auto* rule = rulebook::find_rule(attempt.rule_id); rule != nullptr) {
    out += row("required", std::string(rule->title));
    out += row("mend it", std::string(rule->remedy));
  }
  if (!attempt.next_step.empty()) out += row("then", displayable(attempt.next_step));
  return out;
}

std::string waiting_text(const Story& story, Colour colour) {
  std::string out;
  const auto now = net::now().wall;
  for (const auto& group : story.queued->groups) {
    std::string recipients;
    for (const auto& recipient : group.recipients)
      recipients += (recipients.empty() ? "" : ", ") + displayable(recipient.address);
    const auto wait = group.next_attempt - now;
    const auto known = story.now.find(group.number);
    const auto when = group.held                 ? std::string("held")
                      : known != story.now.end() ? known->second
                      : wait <= milliseconds(0)  ? "due now"
                                                 : "tried again in " + human(wait);
    out += painted(colour, Tint::warn, "in the queue") + "  " + recipients + ": " + when + "\n";
  }
  return out;
}

std::string text_of(const Story& story, Colour colour) {
  const auto& sender = story.attempts.empty() ? story.queued->message.mail_from : story.attempts.front().mail_from;
  std::string out = painted(colour, Tint::strong, story.id.text()) + "  from <" + displayable(sender) + ">";
  if (story.queued) out += ", accepted " + rfc3339(story.queued->message.accepted_at);
  out += "\n";
  std::size_t number = 0;
  for (const auto& attempt : story.attempts) out += "\n" + attempt_text(attempt, ++number, colour);
  out += "\n" + (story.queued ? waiting_text(story, colour) : std::string("no longer in the queue\n"));
  return out;
}

Json attempt_json(const store::Attempt& attempt) {
  return {{"group", attempt.group},
          {"time", rfc3339(attempt.time)},
          {"duration_ms", attempt.duration.count()},
          {"mail_from", attempt.mail_from},
          {"recipients", attempt.recipients},
          {"site", attempt.site},
          {"route", attempt.route},
          {"family", attempt.family ? Json(to_string(*attempt.family)) : Json()},
          {"peer", attempt.peer ? Json(attempt.peer->text()) : Json()},
          {"mx_host", attempt.mx_host},
          {"ehlo_name", attempt.ehlo_name},
          {"tls", attempt.tls ? Json{{"version", attempt.tls->version},
                                     {"cipher", attempt.tls->cipher},
                                     {"verified", attempt.tls->verified}}
                              : Json()},
          {"reply_code", attempt.reply_code},
          {"enhanced_status", attempt.enhanced_status},
          {"reply", attempt.reply_text},
          {"stage", attempt.stage},
          {"cause", attempt.cause},
          {"rule", attempt.rule_id},
          {"outcome", store::to_string(attempt.outcome)},
          {"next_step", attempt.next_step},
          {"considered", considered_of(attempt)}};
}

Json json_of(const Story& story) {
  Json attempts = Json::array();
  for (const auto& attempt : story.attempts) attempts.push_back(attempt_json(attempt));
  Json waiting = Json::array();
  if (story.queued) {
    for (const auto& group : story.queued->groups) {
      Json recipients = Json::array();
      for (const auto& recipient : group.recipients) recipients.push_back(recipient.address);
      waiting.push_back({{"group", group.number},
                         {"recipients", std::move(recipients)},
                         {"held", group.held},
                         {"attempts", group.attempts},
                         {"next_attempt", rfc3339(group.next_attempt)},
                         {"now", story.now.contains(group.number) ? Json(story.now.at(group.number)) : Json()}});
    }
  }
  return {{"version", 1}, {"id", story.id.text()}, {"attempts", std::move(attempts)}, {"waiting", std::move(waiting)}};
}

/// Asks the server, where one runs: what a group waits for is known by it alone.
void ask_what_it_does(Story& story, const ServerFiles& files) {
  const auto command = Json{{"do", "list"}, {"ids", {story.id.text()}}}.dump();
  const auto answer = relay::ask_server(files.spool, command);
  if (!answer || !*answer) return;
  const auto json = Json::parse(**answer, nullptr, false);
  if (!json.is_object() || !json.contains("messages") || json["messages"].empty()) return;
  for (const auto& group : json["messages"].front()["groups"]) {
    const auto number = group.value("group", std::uint32_t{0});
    const auto why = displayable(string_at(group, "waits_for"));
    if (flag_at(group, "in_delivery")) {
      story.now[number] = "being delivered";
    } else if (!why.empty() && group.contains("waits_ms")) {
      const auto left = milliseconds(group.value("waits_ms", std::int64_t{0}));
      story.now[number] = "waits for pacing until " + rfc3339(net::now().wall + left) + ": " + why;
    } else if (!why.empty()) {
      story.now[number] = "waits for pacing, for a free connection: " + why;
    }
  }
}

/// An absent spool or history holds nothing; one that cannot be read is an error.
Result<Story> read_story(QueueId id, const ServerFiles& files) {
  Story story{.id = id, .attempts = {}, .queued = {}, .now = {}};
  if (!files.spool.empty() && std::filesystem::exists(files.spool)) {
    const auto reader = spool::Spool::open_read_only(files.spool);
    if (!reader) return std::unexpected(reader.error());
    auto queued = (*reader)->find(id);
    if (!queued) return std::unexpected(queued.error());
    story.queued = *std::move(queued);
    if (story.queued) ask_what_it_does(story, files);
  }
  if (!files.history.empty() && std::filesystem::exists(files.history)) {
    const auto history = store::HistoryReader::open(files.history);
    if (!history) return std::unexpected(history.error());
    auto attempts = (*history)->of_message(id);
    if (!attempts) return std::unexpected(attempts.error());
    story.attempts = *std::move(attempts);
  }
  return story;
}

int explain(Options options) {
  const auto id = QueueId::parse(options.id);
  if (!id)
    return complain({"'" + displayable(options.id) + "' is no queue id: " + id.error().message,
                     "it is in the server's reply to the message; `ptarmigan queue list` shows what waits"});
  if (auto found = find_server_files(options.files); !found) return complain(found.error());
  const auto story = read_story(*id, options.files);
  if (!story) return complain(story.error());
  if (story->attempts.empty() && !story->queued) {
    std::fprintf(stderr, "nothing is known of %s: not in the queue %s, no attempt in the history %s\n",
                 id->text().c_str(), options.files.spool.c_str(), options.files.history.c_str());
    return findings;
  }
  print(options.json ? json_of(*story).dump(2, ' ', false, Json::error_handler_t::replace) + "\n"
                     : text_of(*story, colour_of_output()));
  return good;
}

}  // namespace

void add_explain(CLI::App& app, Action& action) {
  auto options = std::make_shared<Options>();
  auto* command = app.add_subcommand("explain", "Why a message went where it went: every attempt with its reasons");
  command->footer(
      "Exit code: 0 explained, 1 nothing is known of it, 2 could not be read. Works beside a running server.");
  command->add_option("ID", options->id, "Its queue id")->required()->type_name("");
  command->add_flag("--json", options->json, "For programs");
  add_server_files(*command, options->files);
  command->callback([options, &action] { action = [options] { return explain(*options); }; });
}

}  // namespace ptarmigan::cli
