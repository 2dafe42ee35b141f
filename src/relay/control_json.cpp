// relay/control_json.cpp - see control_json.hpp.
#include "relay/control_json.hpp"

#include <algorithm>

#include <nlohmann/json.hpp>

namespace ptarmigan::relay {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::string_view others = "others";

std::string text_of(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

std::string_view word(spool::Stream stream) {
  switch (stream) {
    case spool::Stream::unspecified: return "";
    case spool::Stream::transactional: return "transactional";
    case spool::Stream::bulk: return "bulk";
  }
  return "";
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
          {"site", group.site},
          {"cause", group.cause},
          {"last_reply", group.last_reply},
          {"first_refusal", group.first_refusal
                                ? Json{{"route", group.first_refusal->route}, {"reply", group.first_refusal->reply}}
                                : Json()},
          {"tried_routes", group.tried_routes}};
}

Json message_json(const Listed& listed) {
  const auto& message = listed.queued.message;
  Json groups = Json::array();
  for (std::size_t i = 0; i < listed.queued.groups.size(); ++i) {
    auto& group = groups.emplace_back(group_json(listed.queued.groups[i]));
    if (i >= listed.states.size()) continue;
    const auto& state = listed.states[i];
    group["in_delivery"] = state.in_delivery;
    group["waits_for"] = state.waits_for;
    if (state.left) group["waits_ms"] = state.left->count();
  }
  return {{"id", message.id.text()},
          {"accepted_at", rfc3339(message.accepted_at)},
          {"mail_from", message.mail_from},
          {"header_from_domain", message.header_from_domain},
          {"size", message.size},
          {"stream", word(message.stream)},
          {"client", message.submitter.client ? Json(message.submitter.client->text()) : Json()},
          {"user", message.submitter.user},
          {"groups", std::move(groups)}};
}

Json server_json(const ServerState& state) {
  return {{"running", state.running}, {"draining", state.draining}, {"spool", state.spool},
          {"reason", state.reason},   {"waiting", state.waiting},   {"in_delivery", state.in_delivery}};
}

Json site_json(const std::string& name, const Summing::Site& site) {
  Json causes = Json::object();
  for (const auto& [cause, groups] : site.causes) causes[cause] = groups;
  return {{"site", name},      {"groups", site.groups},          {"due", site.due},
          {"held", site.held}, {"oldest", rfc3339(site.oldest)}, {"causes", std::move(causes)}};
}

}  // namespace

void Summing::add(const spool::Queued& queued) {
  ++messages;
  octets += queued.message.size;
  for (const auto& group : queued.groups) {
    ++groups;
    const bool room = sites.size() < max_sites || sites.contains(group.site);
    auto& site = sites[room ? group.site : std::string(others)];
    if (site.groups == 0 || group.created < site.oldest) site.oldest = group.created;
    ++site.groups;
    ++site.causes[group.cause];
    if (group.held) {
      ++held;
      ++site.held;
    } else if (group.next_attempt <= now_) {
      ++site.due;
    }
  }
}

std::string list_json(const std::vector<Listed>& messages, std::optional<QueueId> next) {
  Json list = Json::array();
  for (const auto& listed : messages) list.push_back(message_json(listed));
  Json out{{"version", 1}, {"messages", std::move(list)}};
  if (next) out["next"] = next->text();
  return text_of(out);
}

std::string summary_json(const Summing& sum, const ServerState& state) {
  std::vector<const decltype(sum.sites)::value_type*> sites;
  for (const auto& site : sum.sites) sites.push_back(&site);
  std::ranges::sort(sites, std::ranges::greater(), [](const auto* site) { return site->second.groups; });
  Json list = Json::array();
  for (std::size_t i = 0; i < std::min(sites.size(), Summing::shown_sites); ++i)
    list.push_back(site_json(sites[i]->first, sites[i]->second));
  return text_of({{"version", 1},
                  {"messages", sum.messages},
                  {"groups", sum.groups},
                  {"octets", sum.octets},
                  {"held", sum.held},
                  {"sites", std::move(list)},
                  {"sites_left_off", sites.size() - std::min(sites.size(), Summing::shown_sites)},
                  {"server", server_json(state)}});
}

std::string changed_json(const QueueChanged& changed) {
  return text_of({{"version", 1},
                  {"messages", changed.messages},
                  {"groups", changed.groups},
                  {"in_delivery", changed.in_delivery}});
}

std::string state_json(const ServerState& state) {
  return text_of({{"version", 1}, {"server", server_json(state)}});
}

std::string cleared_json(std::size_t entries) {
  return text_of({{"version", 1}, {"cleared", entries}});
}

std::string suppression_changed_json(std::size_t entries, std::size_t count) {
  return text_of({{"version", 1}, {"changed", entries}, {"count", count}});
}

std::string suppressed_json(const std::vector<Suppressed>& entries, std::size_t count, const std::string& next) {
  Json list = Json::array();
  for (const auto& entry : entries)
    list.push_back({{"address", entry.address},
                    {"since", rfc3339(entry.since)},
                    {"origin", to_string(entry.origin)},
                    {"reason", entry.reason}});
  Json out{{"version", 1}, {"suppressed", std::move(list)}, {"count", count}};
  if (!next.empty()) out["next"] = next;
  return text_of(out);
}

}  // namespace ptarmigan::relay
