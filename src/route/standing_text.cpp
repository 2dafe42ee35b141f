// route/standing_text.cpp - see standing_text.hpp.
#include "route/standing_text.hpp"

#include <cmath>

#include <nlohmann/json.hpp>

namespace ptarmigan::route {
namespace {

using Json = nlohmann::ordered_json;

constexpr int version = 1;

std::int64_t number_of(WallTime time) {
  return time.time_since_epoch().count();
}

Json json_of(const StandingTable::Saved& saved) {
  Json out{
      {"source", saved.key.source.text()},     {"site", saved.key.site},          {"sender", saved.key.sender},
      {"standing", to_string(saved.standing)}, {"facts", to_string(saved.facts)}, {"why", saved.why},
      {"since_ms", number_of(saved.since)},    {"refusals", saved.refusals},      {"probes_left", saved.probes_left}};
  if (saved.refusal) {
    out["refusal"] = {{"rules", saved.refusal->rules},
                      {"reply", saved.refusal->reply},
                      {"at_ms", number_of(saved.refusal->at)},
                      {"explained_by_facts", saved.facts_explained_refusal},
                      {"left_ms", saved.left.count()}};
  }
  return out;
}

Json json_of(const Pacing::Row& row) {
  return {{"site", row.lane.site},
          {"axis", to_string(row.lane.axis)},
          {"value", row.lane.value},
          {"phase", to_string(row.phase)},
          {"left_ms", row.left.count()},
          {"connections", row.connections},
          {"messages_a_minute", row.messages_a_minute},
          {"refused_at", row.refused_at},
          {"reply", row.reply},
          {"since_ms", number_of(row.since)}};
}

Json json_of(const WarmUp::Row& row) {
  return {{"source", row.source.text()},
          {"day", row.day},
          {"allowance", row.allowance ? Json(*row.allowance) : Json()},
          {"used", row.used}};
}

Json json_of(const WarmUp::Count& count) {
  return {{"source", count.source.text()}, {"day", count.day.time_since_epoch().count()}, {"used", count.used}};
}

Json json_of(const HeldMail& held) {
  return {{"site", held.site},         {"sender", held.sender},        {"domains", held.domains},
          {"messages", held.messages}, {"left_ms", held.left.count()}, {"why", held.why}};
}

template <typename Row>
Json list_of(const std::vector<Row>& rows) {
  Json out = Json::array();
  for (const auto& row : rows) out.push_back(json_of(row));
  return out;
}

constexpr std::int64_t longest_left = std::int64_t{30} * 24 * 3600 * 1000;
constexpr std::int64_t largest_number = std::int64_t{1} << 53;

/// Reads members of objects; remembers the first that is missing or of another kind, and gives something empty for it.
class Fields {
 public:
  [[nodiscard]] const std::string& wrong() const { return wrong_; }

  std::string text(const Json& object, const char* key) {
    const auto found = object.find(key);
    if (found != object.end() && found->is_string()) return found->get<std::string>();
    return refuse(key), std::string();
  }
  std::vector<std::string> texts(const Json& object, const char* key) {
    std::vector<std::string> out;
    for (const auto& item : list(object, key)) {
      if (!item.is_string()) return refuse(key), out;
      out.push_back(item.get<std::string>());
    }
    return out;
  }
  std::int64_t number(const Json& object, const char* key, std::int64_t most = largest_number) {
    const auto found = object.find(key);
    if (found == object.end() || !found->is_number_integer()) return refuse(key), 0;
    const auto value = found->get<std::int64_t>();
    if (value < -most || value > most) return refuse(key), 0;
    return value;
  }
  unsigned count(const Json& object, const char* key) {
    const auto value = number(object, key, 1'000'000);
    if (value < 0) return refuse(key), 0U;
    return static_cast<unsigned>(value);
  }
  std::uint64_t total(const Json& object, const char* key) {
    const auto value = number(object, key);
    if (value < 0) return refuse(key), std::uint64_t{0};
    return static_cast<std::uint64_t>(value);
  }
  double rate(const Json& object, const char* key) {
    const auto found = object.find(key);
    if (found == object.end() || !found->is_number()) return refuse(key), 0.0;
    const auto value = found->get<double>();
    if (!std::isfinite(value) || value < 0) return refuse(key), 0.0;
    return value;
  }
  bool flag(const Json& object, const char* key) {
    const auto found = object.find(key);
    if (found == object.end() || !found->is_boolean()) return refuse(key), false;
    return found->get<bool>();
  }
  milliseconds left(const Json& object) {
    return milliseconds(std::max<std::int64_t>(0, number(object, "left_ms", longest_left)));
  }
  WallTime time(const Json& object, const char* key) { return WallTime(milliseconds(number(object, key))); }
  IpAddress address(const Json& object) {
    const auto parsed = IpAddress::parse(text(object, "source"));
    if (!parsed) return refuse("source"), IpAddress();
    return *parsed;
  }
  Standing standing(const Json& object, const char* key) {
    const auto found = standing_of_word(text(object, key));
    if (!found) refuse(key);
    return found.value_or(Standing::unknown);
  }
  /// The objects of a list.
  const Json& list(const Json& object, const char* key) {
    static const Json none = Json::array();
    const auto found = object.find(key);
    if (found != object.end() && found->is_array()) return *found;
    return refuse(key), none;
  }
  void refuse(const char* key) {
    if (wrong_.empty()) wrong_ = key;
  }

 private:
  std::string wrong_;
};

StandingTable::Saved saved_of(Fields& fields, const Json& row) {
  StandingTable::Saved out;
  out.key = {fields.address(row), fields.text(row, "site"), fields.text(row, "sender")};
  out.standing = fields.standing(row, "standing");
  out.facts = fields.standing(row, "facts");
  out.why = fields.text(row, "why");
  out.since = fields.time(row, "since_ms");
  out.refusals = fields.count(row, "refusals");
  out.probes_left = fields.count(row, "probes_left");
  const auto refusal = row.find("refusal");
  if (refusal == row.end()) return out;
  out.refusal =
      Refusal{fields.texts(*refusal, "rules"), fields.text(*refusal, "reply"), fields.time(*refusal, "at_ms")};
  out.facts_explained_refusal = fields.flag(*refusal, "explained_by_facts");
  out.left = fields.left(*refusal);
  return out;
}

Pacing::Row pace_of(Fields& fields, const Json& row) {
  Pacing::Row out;
  const auto axis = axis_of(fields.text(row, "axis"));
  if (!axis) fields.refuse("axis");
  out.lane = {fields.text(row, "site"), axis.value_or(Axis::ip), fields.text(row, "value")};
  out.left = fields.left(row);
  out.connections = fields.count(row, "connections");
  out.phase = out.left.count() > 0  ? Pacing::Phase::stopped
              : out.connections > 0 ? Pacing::Phase::recovering
                                    : Pacing::Phase::open;
  out.messages_a_minute = fields.rate(row, "messages_a_minute");
  out.refused_at = fields.rate(row, "refused_at");
  out.reply = fields.text(row, "reply");
  out.since = fields.time(row, "since_ms");
  return out;
}

WarmUp::Row warm_up_of(Fields& fields, const Json& row) {
  WarmUp::Row out{.source = fields.address(row), .day = fields.number(row, "day"), .allowance = {}, .used = 0};
  if (const auto allowance = row.find("allowance"); allowance != row.end() && !allowance->is_null())
    out.allowance = fields.total(row, "allowance");
  out.used = fields.total(row, "used");
  return out;
}

WarmUp::Count count_of(Fields& fields, const Json& row) {
  const auto day = fields.number(row, "day", 10'000'000);
  return {fields.address(row), std::chrono::sys_days(std::chrono::days(day)), fields.total(row, "used")};
}

HeldMail held_of(Fields& fields, const Json& row) {
  HeldMail out;
  out.site = fields.text(row, "site");
  out.sender = fields.text(row, "sender");
  out.domains = fields.texts(row, "domains");
  out.messages = fields.total(row, "messages");
  out.left = fields.left(row);
  out.why = fields.text(row, "why");
  return out;
}

}  // namespace

std::string standing_text(const SavedStanding& saved) {
  const Json out{{"version", version},
                 {"saved_at", rfc3339(saved.saved_at)},
                 {"saved_at_ms", number_of(saved.saved_at)},
                 {"standing", list_of(saved.standing)},
                 {"pacing", list_of(saved.pacing)},
                 {"warm_up", list_of(saved.warm_up)},
                 {"counts", list_of(saved.counts)},
                 {"held", list_of(saved.held)}};
  return out.dump(1, ' ', false, Json::error_handler_t::replace) + "\n";
}

Result<SavedStanding> parse_standing(std::string_view text) {
  if (text.size() > max_standing_octets) return failure("it is larger than 64 MiB");
  const auto whole = Json::parse(text, nullptr, false);
  if (!whole.is_object()) return failure("it is no JSON object");
  Fields fields;
  if (const auto number = fields.number(whole, "version"); fields.wrong().empty() && number != version)
    return failure("it is of version " + std::to_string(number) + ", known is " + std::to_string(version));
  SavedStanding out;
  out.saved_at = fields.time(whole, "saved_at_ms");
  for (const auto& row : fields.list(whole, "standing")) out.standing.push_back(saved_of(fields, row));
  for (const auto& row : fields.list(whole, "pacing")) out.pacing.push_back(pace_of(fields, row));
  for (const auto& row : fields.list(whole, "warm_up")) out.warm_up.push_back(warm_up_of(fields, row));
  for (const auto& row : fields.list(whole, "counts")) out.counts.push_back(count_of(fields, row));
  for (const auto& row : fields.list(whole, "held")) out.held.push_back(held_of(fields, row));
  if (!fields.wrong().empty()) return failure("its member \"" + fields.wrong() + "\" is missing or damaged");
  return out;
}

}  // namespace ptarmigan::route
