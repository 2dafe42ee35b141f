// relay/log.cpp - see log.hpp.
#include "relay/log.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "base/text.hpp"

namespace ptarmigan::relay {
namespace {

constexpr std::size_t longest_value = 1'000;

/// As other mail servers say it.
std::string_view status_of(store::Outcome outcome) {
  switch (outcome) {
    case store::Outcome::delivered: return "sent";
    case store::Outcome::deferred: return "deferred";
    case store::Outcome::bounced: return "bounced";
    case store::Outcome::rescued: return "rescued";
  }
  return "";
}

std::string bracketed(std::string_view address) {
  return "<" + std::string(address) + ">";
}

std::string relay_of(const store::Attempt& attempt) {
  if (!attempt.peer) return attempt.mx_host.empty() ? "none" : attempt.mx_host;
  const auto address = "[" + attempt.peer->address.text() + "]:" + std::to_string(attempt.peer->port);
  return attempt.mx_host + address;
}

bool needs_quotes(std::string_view value) {
  return value.empty() || value.find_first_of(" \"=") != std::string_view::npos;
}

std::string in_quotes(std::string_view value) {
  std::string out = "\"";
  for (const char c : value) {
    if (c == '"') out += '\\';
    out += c;
  }
  return out + "\"";
}

std::string text_line(const LogEvent& event, WallTime time) {
  std::string line = rfc3339(time) + " " + std::string(to_string(event.level));
  if (event.fields.empty()) return line + " " + printable(event.message, longest_value);
  line += " " + event.name;
  for (const auto& [name, value] : event.fields) {
    const auto safe = printable(value, longest_value);
    line += " " + name + "=" + (needs_quotes(safe) ? in_quotes(safe) : safe);
  }
  if (!event.message.empty()) line += " (" + printable(event.message, longest_value) + ")";
  return line;
}

/// Invalid UTF-8, which a peer may send, becomes the replacement character.
std::string json_line(const LogEvent& event, WallTime time) {
  nlohmann::ordered_json line = {{"time", rfc3339(time)}, {"level", to_string(event.level)}, {"event", event.name}};
  for (const auto& [name, value] : event.fields) {
    if (name == "to") {
      line[name].push_back(value.substr(0, longest_value));
    } else {
      line[name] = value.substr(0, longest_value);
    }
  }
  if (!event.message.empty()) line["message"] = event.message.substr(0, longest_value);
  return line.dump(-1, ' ', true, nlohmann::ordered_json::error_handler_t::replace);
}

}  // namespace

std::string_view to_string(LogLevel level) {
  switch (level) {
    case LogLevel::info: return "info";
    case LogLevel::warning: return "warning";
    case LogLevel::error: return "error";
  }
  return "";
}

LogEvent accepted_event(const spool::MessageRecord& message, std::size_t recipients) {
  LogEvent event{LogLevel::info, "accepted", "", {}};
  event.fields = {{"id", message.id.text()},
                  {"from", bracketed(message.mail_from)},
                  {"size", std::to_string(message.size)},
                  {"nrcpt", std::to_string(recipients)}};
  if (message.submitter.client) event.fields.emplace_back("client", message.submitter.client->text());
  if (!message.submitter.user.empty()) event.fields.emplace_back("user", message.submitter.user);
  return event;
}

LogEvent attempt_event(const store::Attempt& attempt) {
  const bool refused = attempt.outcome != store::Outcome::delivered;
  LogEvent event{refused ? LogLevel::warning : LogLevel::info, "attempt", attempt.reply_text, {}};
  const auto add = [&](std::string name, std::string value) {
    if (!value.empty()) event.fields.emplace_back(std::move(name), std::move(value));
  };
  add("id", attempt.queue_id.text());
  add("from", bracketed(attempt.mail_from));
  for (const auto& recipient : attempt.recipients) add("to", bracketed(recipient));
  add("relay", relay_of(attempt));
  add("site", attempt.site);
  add("route", attempt.route);
  if (attempt.family) add("family", std::string(ptarmigan::to_string(*attempt.family)));
  if (attempt.tls) add("tls", attempt.tls->version + "/" + attempt.tls->cipher + "/" + attempt.tls->verified);
  add("delay", fmt::format("{:.3f}", static_cast<double>(attempt.duration.count()) / 1000));
  add("stage", refused ? attempt.stage : "");
  add("code", attempt.reply_code == 0 ? "" : std::to_string(attempt.reply_code));
  add("dsn", attempt.enhanced_status);
  add("cause", attempt.cause);
  add("rule", attempt.rule_id);
  add("status", std::string(status_of(attempt.outcome)));
  add("next", refused ? attempt.next_step : "");
  return event;
}

std::string line_of(const LogEvent& event, WallTime time, config::LogFormat format) {
  return format == config::LogFormat::json ? json_line(event, time) : text_line(event, time);
}

}  // namespace ptarmigan::relay
