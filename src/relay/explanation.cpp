// relay/explanation.cpp - see explanation.hpp.
#include "relay/explanation.hpp"

#include <nlohmann/json.hpp>

namespace ptarmigan::relay {
namespace {

using nlohmann::json;

std::string_view word(config::StandingMode mode) {
  switch (mode) {
    case config::StandingMode::enforce: return "enforce";
    case config::StandingMode::advise: return "advise";
    case config::StandingMode::off: return "off";
  }
  return "";
}

json route_json(const route::Candidate& candidate, const std::string& chosen, bool usable) {
  json out{{"route", candidate.route.id},
           {"chosen", candidate.route.id == chosen},
           {"usable", usable},
           {"last_resort", candidate.last_resort},
           {"reason", candidate.reason}};
  if (candidate.route.source) {
    out["source"] = candidate.route.source->source;
    out["family"] = to_string(candidate.route.source->address.family());
    out["standing"] = route::to_string(candidate.standing.standing);
    out["why"] = candidate.standing.why;
    out["rules"] = candidate.standing.rules;
  }
  return out;
}

}  // namespace

std::string considered_json(const route::Plan& plan, const config::Delivery& delivery,
                            const std::string& chosen_route) {
  json routes = json::array();
  for (const auto& candidate : plan.order) routes.push_back(route_json(candidate, chosen_route, true));
  for (const auto& candidate : plan.unused) routes.push_back(route_json(candidate, chosen_route, false));
  const json out{{"standing", word(delivery.standing)},
                 {"prefer", delivery.prefer == config::Preference::ipv6 ? "ipv6" : "ipv4"},
                 {"routes", routes}};
  return out.dump(-1, ' ', false, json::error_handler_t::replace);
}

}  // namespace ptarmigan::relay
