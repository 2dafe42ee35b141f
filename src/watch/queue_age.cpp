// watch/queue_age.cpp - see queue_age.hpp.
#include "watch/queue_age.hpp"

#include <algorithm>
#include <vector>

#include <nlohmann/json.hpp>

#include "base/text.hpp"
#include "reports/dates.hpp"

namespace ptarmigan::watch {
namespace {

using Json = nlohmann::ordered_json;
constexpr std::size_t max_sites = 5;

struct Site {
  std::string name;
  std::uint64_t groups = 0;
  WallTime oldest = {};
  std::string causes;
};

std::string causes_of(const Json& site) {
  std::vector<std::string> out;
  for (const auto& [cause, groups] : site.value("causes", Json::object()).items())
    out.push_back((cause.empty() ? "not tried yet" : cause) + " " + std::to_string(groups.get<std::uint64_t>()));
  return join(out, ", ");
}

std::vector<Site> sites_of(const Json& summary, WallTime now) {
  std::vector<Site> out;
  for (const auto& site : summary.value("sites", Json::array()))
    out.push_back({.name = site.value("site", ""),
                   .groups = site.value("groups", std::uint64_t{0}),
                   .oldest = reports::parse_rfc3339(site.value("oldest", "")).value_or(now),
                   .causes = causes_of(site)});
  std::ranges::stable_sort(out, {}, &Site::oldest);
  return out;
}

}  // namespace

std::optional<WallTime> oldest_of(std::string_view list) {
  const auto parsed = Json::parse(list, nullptr, false);
  if (!parsed.is_object()) return std::nullopt;
  const auto messages = parsed.value("messages", Json::array());
  if (!messages.is_array() || messages.empty()) return std::nullopt;
  return reports::parse_rfc3339(messages.front().value("accepted_at", ""));
}

std::vector<QueueWait> queue_waits(std::string_view summary) {
  std::vector<QueueWait> out;
  const auto parsed = Json::parse(summary, nullptr, false);
  if (!parsed.is_object()) return out;
  for (const auto& site : parsed.value("sites", Json::array()))
    for (const auto& [cause, groups] : site.value("causes", Json::object()).items())
      out.push_back({site.value("site", ""), cause, groups.get<std::uint64_t>()});
  return out;
}

Incident queue_is_old(std::string_view summary, milliseconds oldest, WallTime now) {
  const auto parsed = Json::parse(summary, nullptr, false);
  auto sites = parsed.is_object() ? sites_of(parsed, now) : std::vector<Site>();
  if (sites.size() > max_sites) sites.resize(max_sites);
  std::vector<std::string> lines;
  for (const auto& site : sites)
    lines.push_back((site.name.empty() ? "not tried yet" : site.name) + ": " + std::to_string(site.groups) +
                    " deliveries, the oldest for " + human(now - site.oldest) +
                    (site.causes.empty() ? "" : " (" + site.causes + ")"));
  return {.key = "queue",
          .kind = "queue",
          .cause = "queue",
          .title = "Mail waits in the queue: the oldest for " + human(oldest),
          .why = join(lines, "\n"),
          .fix =
              "See what it waits for: ptarmigan queue list. Where a site refuses, its incident says what mends it; "
              "ptarmigan queue retry tries again at once"};
}

}  // namespace ptarmigan::watch
