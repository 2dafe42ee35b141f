// cli/queue.cpp - `ptarmigan queue list|show|hold|release|retry|delete`. list and show read beside a running server;
// the others change the queue, which only one process may do.
#include <algorithm>
#include <future>
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
#include "spool/spool.hpp"

namespace ptarmigan::cli {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::size_t groups_in_a_change = 1000;

struct Options {
  ServerFiles files;
  std::vector<std::string> ids;
  std::string domain;
  std::string mail_from;
  bool held = false;
  bool all = false;
  bool json = false;
  bool raw = false;
  std::size_t limit = 1000;
};

enum class Change { hold, release, retry, remove };

std::string octets_text(std::uint64_t octets) {
  constexpr std::uint64_t kib = 1024;
  if (octets < kib) return std::to_string(octets) + " octets";
  if (octets < kib * kib) return std::to_string((octets + kib / 2) / kib) + " kB";
  return std::to_string((octets + kib * kib / 2) / (kib * kib)) + " MB";
}

std::string sender_text(const spool::MessageRecord& message) {
  return "<" + displayable(message.mail_from) + ">";
}

/// When it is tried again.
std::string next_text(const spool::GroupRecord& group, WallTime now) {
  if (group.held) return "held";
  const auto wait = group.next_attempt - now;
  return wait <= milliseconds(0) ? "due now" : "next in " + human(wait);
}

std::string group_text(const spool::GroupRecord& group, WallTime now, Colour colour) {
  std::string recipients;
  for (const auto& recipient : group.recipients)
    recipients += (recipients.empty() ? "" : ", ") + displayable(recipient.address);
  std::string out = "    to " + recipients + "  " +
                    (group.held ? painted(colour, Tint::warn, "held") : next_text(group, now)) + ", " +
                    std::to_string(group.attempts) + (group.attempts == 1 ? " attempt" : " attempts") + "\n";
  if (!group.last_reply.empty()) out += "       " + painted(colour, Tint::faint, displayable(group.last_reply)) + "\n";
  return out;
}

Json group_json(const spool::GroupRecord& group) {
  Json recipients = Json::array();
  for (const auto& recipient : group.recipients) recipients.push_back(recipient.address);
  return {{"group", group.number},
          {"domain", group.domain},
          {"recipients", std::move(recipients)},
          {"created", rfc3339(group.created)},
          {"next_attempt", rfc3339(group.next_attempt)},
          {"attempts", group.attempts},
          {"held", group.held},
          {"last_reply", group.last_reply},
          {"first_refusal", group.first_refusal
                                ? Json{{"route", group.first_refusal->route}, {"reply", group.first_refusal->reply}}
                                : Json()},
          {"tried_routes", group.tried_routes}};
}

Json message_json(const spool::Queued& queued) {
  const auto& message = queued.message;
  Json groups = Json::array();
  for (const auto& group : queued.groups) groups.push_back(group_json(group));
  return {{"id", message.id.text()},
          {"accepted_at", rfc3339(message.accepted_at)},
          {"mail_from", message.mail_from},
          {"header_from_domain", message.header_from_domain},
          {"size", message.size},
          {"client", message.submitter.client ? Json(message.submitter.client->text()) : Json()},
          {"user", message.submitter.user},
          {"groups", std::move(groups)}};
}

std::string message_line(const spool::MessageRecord& message, WallTime now, Colour colour) {
  return painted(colour, Tint::strong, message.id.text()) + "  " + octets_text(message.size) + ", " +
         human(std::max(milliseconds(0), milliseconds(now - message.accepted_at))) + " old, from " +
         sender_text(message) + "\n";
}

spool::Query query_of(const Options& options) {
  spool::Query query;
  if (!options.domain.empty()) query.domain = to_lower(options.domain);
  if (!options.mail_from.empty()) query.mail_from = options.mail_from == "<>" ? "" : options.mail_from;
  if (options.held) query.held = true;
  return query;
}

int list(Options options) {
  if (auto found = find_server_files(options.files); !found) return complain(found.error());
  const auto reader = spool::Spool::open_read_only(options.files.spool);
  if (!reader) return complain(reader.error());
  const auto now = net::now().wall;
  const auto colour = colour_of_output();
  Json messages = Json::array();
  std::string text;
  std::size_t count = 0;
  std::size_t groups = 0;
  std::uint64_t octets = 0;
  const auto read = (*reader)->for_each(query_of(options), [&](const spool::Queued& queued) {
    ++count;
    groups += queued.groups.size();
    octets += queued.message.size;
    if (count > options.limit) return spool::Walk::go_on;
    if (options.json) {
      messages.push_back(message_json(queued));
    } else {
      text += message_line(queued.message, now, colour);
      for (const auto& group : queued.groups) text += group_text(group, now, colour);
    }
    return spool::Walk::go_on;
  });
  if (!read) return complain(read.error());
  if (options.json) {
    const Json out{
        {"version", 1}, {"count", count}, {"groups", groups}, {"octets", octets}, {"messages", std::move(messages)}};
    print(out.dump(2, ' ', false, Json::error_handler_t::replace) + "\n");
    return good;
  }
  if (count > options.limit) text += "... and " + std::to_string(count - options.limit) + " more (--limit)\n";
  text += count == 0 ? std::string("nothing is queued\n")
                     : std::to_string(count) + (count == 1 ? " message, " : " messages, ") + std::to_string(groups) +
                           (groups == 1 ? " recipient group, " : " recipient groups, ") + octets_text(octets) + "\n";
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
  const auto reader = spool::Spool::open_read_only(options.files.spool);
  if (!reader) return complain(reader.error());
  const auto queued = (*reader)->find(*id);
  if (!queued) return complain(queued.error());
  if (!*queued) {
    std::fprintf(stderr, "%s is not in the queue: delivered, returned, or never here; `ptarmigan explain %s` knows\n",
                 id->text().c_str(), id->text().c_str());
    return findings;
  }
  const auto octets = (*reader)->octets((*queued)->message);
  if (!octets) return complain(octets.error());
  if (options.raw) {
    print(*octets);
    return good;
  }
  if (options.json) {
    Json out{{"version", 1}};
    out.update(message_json(**queued));
    print(out.dump(2, ' ', false, Json::error_handler_t::replace) + "\n");
    return good;
  }
  const auto& message = (*queued)->message;
  const auto now = net::now().wall;
  std::string text = message_line(message, now, colour_of_output());
  text += "  accepted " + rfc3339(message.accepted_at);
  if (message.submitter.client) text += " from " + message.submitter.client->text();
  if (!message.submitter.user.empty()) text += ", user " + displayable(message.submitter.user);
  text += "\n" + header_text(*octets);
  for (const auto& group : (*queued)->groups) text += group_text(group, now, colour_of_output());
  print(text);
  return good;
}

/// What is meant: the ids, or all that match.
Result<std::vector<spool::Queued>> select(const spool::Reader& reader, const Options& options) {
  std::vector<spool::Queued> selected;
  const auto take = [&](spool::Queued queued) {
    selected.push_back(std::move(queued));
    return spool::Walk::go_on;
  };
  auto query = query_of(options);
  if (options.ids.empty()) {
    if (auto read = reader.for_each(query, take); !read) return std::unexpected(read.error());
    return selected;
  }
  for (const auto& text : options.ids) {
    const auto id = parse_id(text);
    if (!id) return std::unexpected(id.error());
    query.id = *id;
    const auto before = selected.size();
    if (auto read = reader.for_each(query, take); !read) return std::unexpected(read.error());
    if (selected.size() == before)
      return failure(id->text() + " is not in the queue, or does not match the other conditions");
  }
  return selected;
}

void add_to(spool::Transaction& transaction, Change change, spool::GroupRecord group, WallTime now) {
  switch (change) {
    case Change::hold: group.held = true; break;
    case Change::release:
      group.held = false;
      group.next_attempt = now;
      break;
    case Change::retry: group.next_attempt = now; break;
    case Change::remove: return transaction.remove(group.message, group.number);
  }
  transaction.put(std::move(group));
}

Result<> commit(spool::Spool& spool, spool::Transaction transaction) {
  std::promise<spool::Committed> done;
  spool.commit(std::move(transaction), [&done](spool::Committed committed) { done.set_value(std::move(committed)); });
  auto committed = done.get_future().get();
  if (!committed) return std::unexpected(committed.error().error);
  return {};
}

int change(Options options, Change what) {
  if (options.ids.empty() && options.domain.empty() && options.mail_from.empty() && !options.held && !options.all)
    return complain({"nothing was selected", "name queue ids, or a condition (--domain, --from, --held), or --all"});
  if (auto found = find_server_files(options.files); !found) return complain(found.error());
  // A folder that is no spool must not become one.
  if (const auto reader = spool::Spool::open_read_only(options.files.spool); !reader) return complain(reader.error());
  auto spool = spool::Spool::open({.folder = options.files.spool});
  if (!spool) {
    auto error = spool.error();
    if (error.message.contains("in use")) error.remedy = "the queue can be changed only while the server is stopped";
    return complain(error);
  }
  const auto selected = select((*spool)->reader(), options);
  if (!selected) return complain(selected.error());
  const auto now = net::now().wall;
  spool::Transaction transaction;
  std::size_t groups = 0;
  for (const auto& queued : *selected) {
    for (const auto& group : queued.groups) {
      add_to(transaction, what, group, now);
      if (++groups % groups_in_a_change != 0) continue;
      if (auto done = commit(**spool, std::exchange(transaction, {})); !done) return complain(done.error());
    }
  }
  if (auto done = commit(**spool, std::move(transaction)); !done) return complain(done.error());
  const char* word = what == Change::hold      ? "held"
                     : what == Change::release ? "released"
                     : what == Change::retry   ? "due now"
                                               : "deleted";
  print(std::to_string(selected->size()) + (selected->size() == 1 ? " message" : " messages") + " (" +
        std::to_string(groups) + (groups == 1 ? " recipient group) " : " recipient groups) ") + word + "\n");
  return selected->empty() ? findings : good;
}

void add_conditions(CLI::App& command, Options& options) {
  command.add_option("--domain", options.domain, "Only for recipients of this domain")->type_name("DOMAIN");
  command.add_option("--from", options.mail_from, "Only with this envelope sender; <> for bounces")
      ->type_name("ADDRESS");
  command.add_flag("--held", options.held, "Only what is held");
}

void add_change(CLI::App& queue, Action& action, const char* name, const char* text, Change what) {
  auto options = std::make_shared<Options>();
  auto* command = queue.add_subcommand(name, text);
  command->footer("Only while the server is stopped: the queue belongs to one process.");
  command->add_option("ID", options->ids, "Queue ids")->type_name("");
  add_conditions(*command, *options);
  command->add_flag("--all", options->all, "Everything that is queued");
  add_server_files(*command, options->files);
  command->callback([options, &action, what] { action = [options, what] { return change(*options, what); }; });
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

  add_change(*queue, action, "hold", "Do not deliver until released", Change::hold);
  add_change(*queue, action, "release", "Deliver what was held", Change::release);
  add_change(*queue, action, "retry", "Try again now", Change::retry);
  add_change(*queue, action, "delete", "Delete; the sender is not told", Change::remove);
}

}  // namespace ptarmigan::cli
