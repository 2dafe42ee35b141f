// relay/control_command.cpp - commands as text, and what they select; see control.hpp.
#include <algorithm>
#include <array>
#include <utility>

#include <nlohmann/json.hpp>

#include "base/nearest.hpp"
#include "base/text.hpp"
#include "relay/control.hpp"

namespace ptarmigan::relay {
namespace {

using Json = nlohmann::ordered_json;
using Verb = Command::Verb;

constexpr std::array<std::pair<std::string_view, Verb>, 14> verbs{{{"list", Verb::list},
                                                                   {"summary", Verb::summary},
                                                                   {"hold", Verb::hold},
                                                                   {"release", Verb::release},
                                                                   {"retry", Verb::retry},
                                                                   {"delete", Verb::remove},
                                                                   {"drain", Verb::drain},
                                                                   {"resume", Verb::resume},
                                                                   {"standing", Verb::standing},
                                                                   {"standing-set", Verb::standing_set},
                                                                   {"standing-clear", Verb::standing_clear},
                                                                   {"suppress", Verb::suppress},
                                                                   {"unsuppress", Verb::unsuppress},
                                                                   {"suppressed", Verb::suppressed}}};
constexpr std::size_t max_ids = 10'000;
constexpr std::size_t max_addresses = 1'000;
constexpr std::int64_t longest_standing = std::int64_t{30} * 24 * 3600;

std::unexpected<Error> wrong(std::string_view key, std::string_view kind) {
  return failure("\"" + std::string(key) + "\" of the command must be " + std::string(kind));
}

Result<Verb> verb_of(const Json& value) {
  if (!value.is_string()) return wrong("do", "a text");
  const auto word = value.get<std::string>();
  std::vector<std::string_view> known;
  for (const auto& [name, verb] : verbs) {
    if (name == word) return verb;
    known.push_back(name);
  }
  const auto near = nearest(word, known);
  return failure("there is no command \"" + printable(word, 40) + "\"",
                 near.empty() ? "" : "did you mean \"" + std::string(near) + "\"?");
}

Result<QueueId> id_of(const Json& value) {
  if (!value.is_string()) return failure("a queue id must be a text");
  const auto text = value.get<std::string>();
  auto id = QueueId::parse(text);
  if (!id) return failure("'" + printable(text, 40) + "' is no queue id: " + id.error().message);
  return id;
}

Result<> put_ids(const Json& value, std::vector<QueueId>& ids) {
  if (!value.is_array() || value.size() > max_ids) return wrong("ids", "a list of at most 10000 queue ids");
  for (const auto& item : value) {
    auto id = id_of(item);
    if (!id) return std::unexpected(id.error());
    ids.push_back(*id);
  }
  std::ranges::sort(ids);
  ids.erase(std::ranges::unique(ids).begin(), ids.end());
  return {};
}

Result<> put_addresses(const Json& value, std::vector<std::string>& addresses) {
  if (!value.is_array() || value.size() > max_addresses) return wrong("addresses", "a list of at most 1000 addresses");
  for (const auto& item : value) {
    if (!item.is_string()) return wrong("addresses", "a list of texts");
    auto address = suppressible(item.get<std::string>());
    if (!address) return std::unexpected(address.error());
    addresses.push_back(*std::move(address));
  }
  return {};
}

Result<> put_flag(std::string_view key, const Json& value, Command& command) {
  if (!value.is_boolean()) return wrong(key, "true or false");
  if (key == "all") {
    command.what.all = value.get<bool>();
  } else {
    command.what.query.held = value.get<bool>();
  }
  return {};
}

Result<> put_number(std::string_view key, const Json& value, Command& command) {
  const bool is_limit = key == "limit";
  const std::int64_t most = is_limit ? static_cast<std::int64_t>(max_listed) : longest_standing;
  if (!value.is_number_integer() || value.get<std::int64_t>() < 1 || value.get<std::int64_t>() > most)
    return wrong(key, "a number from 1 to " + std::to_string(most));
  if (is_limit) {
    command.limit = value.get<std::size_t>();
  } else {
    command.duration = seconds(value.get<std::int64_t>());
  }
  return {};
}

Result<> put_text(std::string_view key, const Json& value, Command& command) {
  if (!value.is_string()) return wrong(key, "a text");
  auto text = value.get<std::string>();
  auto& query = command.what.query;
  if (key == "domain") {
    query.domain = to_lower(text);
  } else if (key == "site") {
    query.site = command.site = std::move(text);
  } else if (key == "sender") {
    query.mail_from = command.sender = std::move(text);
  } else if (key == "recipient") {
    query.recipient = std::move(text);
  } else if (key == "cause") {
    query.cause = std::move(text);
  } else if (key == "reason") {
    command.reason = std::move(text);
  } else if (key == "from") {
    command.from = to_lower(text);
  } else if (key == "origin") {
    const auto origin = suppression_origin(text);
    if (!origin) return wrong(key, "operator, complaint or bounce");
    command.origin = *origin;
  } else if (key == "source") {
    const auto address = IpAddress::parse(text);
    if (!address) return failure("\"source\": " + address.error().message, address.error().remedy);
    command.source = *address;
  } else {
    return failure("\"" + printable(key, 40) + "\" is no part of a command");
  }
  return {};
}

Result<> put(std::string_view key, const Json& value, Command& command) {
  if (key == "do") {
    auto verb = verb_of(value);
    if (!verb) return std::unexpected(verb.error());
    command.verb = *verb;
    return {};
  }
  if (key == "ids") return put_ids(value, command.what.ids);
  if (key == "addresses") return put_addresses(value, command.addresses);
  if (key == "all" || key == "held") return put_flag(key, value, command);
  if (key == "limit" || key == "seconds") return put_number(key, value, command);
  if (key == "after") {
    auto id = id_of(value);
    if (!id) return std::unexpected(id.error());
    command.after = *id;
    return {};
  }
  return put_text(key, value, command);
}

bool is_change(Verb verb) {
  return verb == Verb::hold || verb == Verb::release || verb == Verb::retry || verb == Verb::remove;
}

}  // namespace

bool Selection::selects() const {
  return all || !ids.empty() || query.domain || query.mail_from || query.recipient || query.site || query.cause ||
         query.held;
}

Result<Command> parse_command(std::string_view json) {
  if (json.size() > max_command) return failure("the command is longer than 256 KiB");
  const auto whole = Json::parse(json, nullptr, false);
  if (!whole.is_object()) return failure("the command is no JSON object");
  if (!whole.contains("do")) return failure("the command says nothing to do", R"(for example {"do": "summary"})");
  Command command;
  for (const auto& [key, value] : whole.items())
    if (auto done = put(key, value, command); !done) return std::unexpected(done.error());
  if (is_change(command.verb) && !command.what.selects())
    return failure("nothing was selected", "name queue ids, a condition, or \"all\": true");
  if ((command.verb == Verb::suppress || command.verb == Verb::unsuppress) && command.addresses.empty())
    return failure("no address was named", R"(name some: "addresses": ["user@example.net"])");
  if (command.verb == Verb::standing_set && (!command.source || command.site.empty()))
    return failure("a standing needs \"source\" and \"site\"");
  return command;
}

std::string error_json(const Error& error) {
  return Json{{"version", 1}, {"error", error.message}, {"remedy", error.remedy}}.dump(-1, ' ', false,
                                                                                       Json::error_handler_t::replace);
}

std::filesystem::path control_socket(const std::filesystem::path& spool) {
  return spool / "control";
}

}  // namespace ptarmigan::relay
