// cli/queue.cpp - `ptarmigan queue list|show|hold|release|retry|delete|drain|resume`: asks the running server over its
// control socket (relay/control.hpp), or reads and changes the spool itself where none runs.
#include <algorithm>
#include <memory>

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "base/text.hpp"
#include "cli/commands.hpp"
#include "cli/run.hpp"
#include "cli/server_files.hpp"
#include "cli/terminal.hpp"
#include "message/header.hpp"
#include "net/clock.hpp"
#include "relay/control.hpp"
#include "relay/control_socket.hpp"
#include "spool/spool.hpp"

namespace ptarmigan::cli {
namespace {

using Json = nlohmann::ordered_json;

struct Options {
  ServerFiles files;
  std::vector<std::string> ids;
  std::string domain;
  std::string site;
  std::string mail_from;
  std::string recipient;
  std::string cause;
  bool held = false;
  bool all = false;
  bool json = false;
  bool raw = false;
  std::size_t limit = relay::max_listed;
};

std::string octets_text(std::uint64_t octets) {
  constexpr std::uint64_t kib = 1024;
  if (octets < kib) return std::to_string(octets) + " octets";
  if (octets < kib * kib) return std::to_string((octets + kib / 2) / kib) + " kB";
  return std::to_string((octets + kib * kib / 2) / (kib * kib)) + " MB";
}

std::string counted(std::uint64_t count, const std::string& what) {
  return std::to_string(count) + " " + what + (count == 1 ? "" : "s");
}

std::string string_at(const Json& object, const char* key) {
  const auto found = object.find(key);
  return found == object.end() || !found->is_string() ? std::string() : displayable(found->get<std::string>());
}

std::uint64_t number_at(const Json& object, const char* key) {
  const auto found = object.find(key);
  return found == object.end() || !found->is_number_unsigned() ? 0 : found->get<std::uint64_t>();
}

bool flag_at(const Json& object, const char* key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_boolean() && found->get<bool>();
}

std::string group_text(const Json& group, Colour colour) {
  std::string recipients;
  for (const auto& recipient : group["recipients"])
    recipients += (recipients.empty() ? "" : ", ") + displayable(recipient.get<std::string>());
  std::string when = "next at " + string_at(group, "next_attempt");
  if (string_at(group, "next_attempt") <= rfc3339(net::now().wall)) when = "due now";
  if (flag_at(group, "held")) when = painted(colour, Tint::warn, "held");
  if (flag_at(group, "in_delivery")) when = "being delivered";
  std::string out = "    to " + recipients + "  " + when + ", " + counted(number_at(group, "attempts"), "attempt");
  if (const auto site = string_at(group, "site"); !site.empty()) out += ", site " + site;
  if (const auto cause = string_at(group, "cause"); !cause.empty()) out += ", cause " + cause;
  out += "\n";
  if (const auto why = string_at(group, "waits_for"); !why.empty()) {
    const auto left = milliseconds(number_at(group, "waits_ms"));
    out += "       waits for pacing " +
           (group.contains("waits_ms") ? "until " + rfc3339(net::now().wall + left)
                                       : std::string("for a free connection")) +
           ": " + why + "\n";
  }
  if (const auto reply = string_at(group, "last_reply"); !reply.empty())
    out += "       " + painted(colour, Tint::faint, reply) + "\n";
  return out;
}

std::string message_text(const Json& message, Colour colour) {
  std::string out = painted(colour, Tint::strong, string_at(message, "id")) + "  " +
                    octets_text(number_at(message, "size")) + ", accepted " + string_at(message, "accepted_at") +
                    ", from <" + string_at(message, "mail_from") + ">\n";
  for (const auto& group : message["groups"]) out += group_text(group, colour);
  return out;
}

/// What stops the server as a whole, in words; "" where nothing does.
std::string trouble_text(const Json& server, Colour colour) {
  std::string out;
  if (string_at(server, "spool") == "stopped")
    out +=
        painted(colour, Tint::bad, "The spool has stopped after a disk error: nothing is taken or delivered.") +
        "\n  " + string_at(server, "reason") +
        "\n  What was acknowledged is on disk: restart the server once the disk is sound, and it goes on from there.\n";
  if (string_at(server, "spool") == "no_space")
    out += painted(colour, Tint::warn, "The disk is full: new mail is answered 452.") + "\n  " +
           string_at(server, "reason") + "\n";
  if (flag_at(server, "draining"))
    out += painted(colour, Tint::warn, "Draining: no new mail is taken (`ptarmigan queue resume`).") + "\n";
  return out;
}

/// The server's answer, or that of the spool itself where no server has it open.
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
  if (json.contains("error")) return failure(string_at(json, "error"), string_at(json, "remedy"));
  return json;
}

Json command_of(const char* verb, const Options& options) {
  Json out{{"do", verb}};
  if (!options.ids.empty()) out["ids"] = options.ids;
  if (!options.domain.empty()) out["domain"] = options.domain;
  if (!options.site.empty()) out["site"] = options.site;
  if (!options.mail_from.empty()) out["sender"] = options.mail_from == "<>" ? "" : options.mail_from;
  if (!options.recipient.empty()) out["recipient"] = options.recipient;
  if (!options.cause.empty()) out["cause"] = options.cause;
  if (options.held) out["held"] = true;
  if (options.all) out["all"] = true;
  return out;
}

std::string sites_text(const Json& summary) {
  std::string out;
  for (const auto& site : summary["sites"]) {
    const auto name = string_at(site, "site");
    out += "  " + (name.empty() ? std::string("(not tried yet)") : name) + ": " +
           counted(number_at(site, "groups"), "group") + ", " + std::to_string(number_at(site, "due")) + " due, " +
           std::to_string(number_at(site, "held")) + " held";
    for (const auto& [cause, count] : site["causes"].items())
      if (!cause.empty()) out += ", " + displayable(cause) + " " + std::to_string(count.get<std::uint64_t>());
    out += "\n";
  }
  return out;
}

int list(Options options) {
  if (auto found = find_server_files(options.files); !found) return complain(found.error());
  const auto summary = ask(options.files, command_of("summary", options));
  if (!summary) return complain(summary.error());
  Json messages = Json::array();
  bool complete = false;
  for (std::string after; !complete && messages.size() < options.limit;) {
    auto command = command_of("list", options);
    command["limit"] = std::min(options.limit - messages.size(), relay::max_listed);
    if (!after.empty()) command["after"] = after;
    auto page = ask(options.files, command);
    if (!page) return complain(page.error());
    for (auto& message : (*page)["messages"]) messages.push_back(std::move(message));
    after = string_at(*page, "next");
    complete = after.empty();
  }
  // The server sums up once in a while; what was listed whole is known better.
  const auto count = complete ? messages.size() : number_at(*summary, "messages");
  if (options.json) {
    Json out = *summary;
    out["count"] = count;
    out["messages"] = std::move(messages);
    print(out.dump(2, ' ', false, Json::error_handler_t::replace) + "\n");
    return good;
  }
  const auto colour = colour_of_output();
  std::string text = trouble_text((*summary)["server"], colour);
  for (const auto& message : messages) text += message_text(message, colour);
  if (count > messages.size()) text += "... and " + std::to_string(count - messages.size()) + " more (--limit)\n";
  text += count == 0 ? std::string("nothing is queued\n")
                     : counted(count, "message") + ", " + counted(number_at(*summary, "groups"), "recipient group") +
                           ", " + octets_text(number_at(*summary, "octets")) + "\n" + sites_text(*summary);
  print(text);
  return good;
}

Result<QueueId> parse_id(const std::string& text) {
  auto id = QueueId::parse(text);
  if (!id)
    return failure("'" + displayable(text) + "' is no queue id: " + id.error().message,
                   "`ptarmigan queue list` shows them");
  return id;
}

std::string header_text(const std::string& octets) {
  constexpr const char* shown[] = {"From", "To", "Cc", "Subject", "Date", "Message-ID"};
  const auto header = message::HeaderSection::parse(octets);
  if (!header) return {};
  std::string out;
  for (const auto* name : shown)
    for (const auto* field : header->all(name))
      out += "  " + std::string(name) + ": " + displayable(field->value()) + "\n";
  return out;
}

int show(Options options) {
  const auto id = parse_id(options.ids.front());
  if (!id) return complain(id.error());
  if (auto found = find_server_files(options.files); !found) return complain(found.error());
  const auto page = ask(options.files, command_of("list", options));
  if (!page) return complain(page.error());
  if ((*page)["messages"].empty()) {
    std::fprintf(stderr, "%s is not in the queue: delivered, returned, or never here; `ptarmigan explain %s` knows\n",
                 id->text().c_str(), id->text().c_str());
    return findings;
  }
  const auto& message = (*page)["messages"].front();
  if (options.json) {
    Json out{{"version", 1}};
    out.update(message);
    print(out.dump(2, ' ', false, Json::error_handler_t::replace) + "\n");
    return good;
  }
  const auto reader = spool::Spool::open_read_only(options.files.spool);
  if (!reader) return complain(reader.error());
  spool::MessageRecord record;
  record.id = *id;
  record.size = number_at(message, "size");
  const auto octets = (*reader)->octets(record);
  if (!octets) return complain(octets.error());
  if (options.raw) {
    print(*octets);
    return good;
  }
  std::string text = message_text(message, colour_of_output());
  if (const auto client = string_at(message, "client"); !client.empty()) text += "  from client " + client + "\n";
  if (const auto user = string_at(message, "user"); !user.empty()) text += "  by user " + user + "\n";
  print(text + header_text(*octets));
  return good;
}

struct Change {
  const char* verb;
  const char* done;  ///< "held"
};

int change(Options options, Change what) {
  for (const auto& id : options.ids)
    if (auto parsed = parse_id(id); !parsed) return complain(parsed.error());
  const auto command = command_of(what.verb, options);
  if (command.size() == 1)
    return complain(
        {"nothing was selected",
         "name queue ids, a condition (--site, --domain, --sender, --recipient, --cause, --held), or --all"});
  if (auto found = find_server_files(options.files); !found) return complain(found.error());
  const auto answer = ask(options.files, command);
  if (!answer) return complain(answer.error());
  const auto messages = number_at(*answer, "messages");
  if (options.json) {
    print(answer->dump(2) + "\n");
  } else {
    std::string text = counted(messages, "message") + " (" + counted(number_at(*answer, "groups"), "recipient group") +
                       ") " + what.done + "\n";
    if (const auto later = number_at(*answer, "in_delivery"); later > 0)
      text +=
          counted(later, "recipient group") + " being delivered at this moment: changed when the attempt has ended\n";
    print(text);
  }
  return messages == 0 ? findings : good;
}

int drain(Options options, const char* verb) {
  if (auto found = find_server_files(options.files); !found) return complain(found.error());
  const auto answer = ask(options.files, {{"do", verb}});
  if (!answer) return complain(answer.error());
  const auto& server = (*answer)["server"];
  if (options.json) {
    print(answer->dump(2) + "\n");
    return good;
  }
  print(flag_at(server, "draining")
            ? "no new mail is taken (421); " + counted(number_at(server, "waiting"), "recipient group") + " wait, " +
                  std::to_string(number_at(server, "in_delivery")) + " are being delivered\n"
            : std::string("new mail is taken\n"));
  return good;
}

void add_conditions(CLI::App& command, Options& options) {
  command.add_option("--domain", options.domain, "Only for recipients of this domain")->type_name("DOMAIN");
  command.add_option("--site", options.site, "Only what was last tried at this site")->type_name("SITE");
  command.add_option("--sender,--from", options.mail_from, "Only with this envelope sender; <> for bounces")
      ->type_name("ADDRESS");
  command.add_option("--recipient", options.recipient, "Only for this recipient")->type_name("ADDRESS");
  command
      .add_option("--cause", options.cause,
                  "Only what waits for this: rate, site, sending_address, sender_authentication, dns ...")
      ->type_name("WORD");
  command.add_flag("--held", options.held, "Only what is held");
}

void add_change(CLI::App& queue, Action& action, const char* name, const char* text, Change what) {
  auto options = std::make_shared<Options>();
  auto* command = queue.add_subcommand(name, text);
  command->footer(
      "Asks the running server, or changes the spool itself where none runs. What is being delivered at this moment is "
      "changed when its attempt has ended. Exit code: 0 changed, 1 nothing matched, 2 could not be done.");
  command->add_option("ID", options->ids, "Queue ids")->type_name("");
  add_conditions(*command, *options);
  command->add_flag("--all", options->all, "Everything that is queued");
  command->add_flag("--json", options->json, "For programs");
  add_server_files(*command, options->files);
  command->callback([options, &action, what] { action = [options, what] { return change(*options, what); }; });
}

void add_drain(CLI::App& queue, Action& action, const char* name, const char* text) {
  auto options = std::make_shared<Options>();
  auto* command = queue.add_subcommand(name, text);
  command->footer("Until the server is started again, or the other of drain and resume.");
  command->add_flag("--json", options->json, "For programs");
  add_server_files(*command, options->files);
  command->callback([options, &action, name] { action = [options, name] { return drain(*options, name); }; });
}

}  // namespace

void add_queue(CLI::App& app, Action& action) {
  auto* queue = app.add_subcommand("queue", "What waits to be delivered, and changes to it");
  queue->require_subcommand(1);

  auto listed = std::make_shared<Options>();
  auto* command = queue->add_subcommand("list", "The queued messages; works beside a running server");
  add_conditions(*command, *listed);
  command->add_option("--limit", listed->limit, "Show at most so many messages; all are counted")
      ->capture_default_str();
  command->add_flag("--json", listed->json, "For programs");
  add_server_files(*command, listed->files);
  command->callback([listed, &action] { action = [listed] { return list(*listed); }; });

  auto shown = std::make_shared<Options>();
  command = queue->add_subcommand("show", "One queued message");
  command->footer("Exit code: 0 shown, 1 not in the queue, 2 could not be read.");
  command->add_option("ID", shown->ids, "Its queue id")->required()->expected(1)->type_name("");
  command->add_flag("--raw", shown->raw, "The message itself");
  command->add_flag("--json", shown->json, "For programs");
  add_server_files(*command, shown->files);
  command->callback([shown, &action] { action = [shown] { return show(*shown); }; });

  add_change(*queue, action, "hold", "Do not deliver until released", {"hold", "held"});
  add_change(*queue, action, "release", "Deliver what was held", {"release", "released"});
  add_change(*queue, action, "retry", "Try again now", {"retry", "due now"});
  add_change(*queue, action, "delete", "Delete; the sender is not told", {"delete", "deleted"});
  add_drain(*queue, action, "drain", "Take no new mail, and deliver what is here");
  add_drain(*queue, action, "resume", "Take new mail again");
}

}  // namespace ptarmigan::cli
