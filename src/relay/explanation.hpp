// relay/explanation.hpp - why a message went where it went, as the JSON that is stored with each attempt.
//
// {"standing": "enforce", "prefer": "ipv6", "routes": [
//    {"route": "192.0.2.1", "source": "main", "family": "IPv4", "standing": "good", "why": "...", "rules": [],
//    "reason": "...",
//     "chosen": true, "last_resort": false, "usable": true}, ...]}
#pragma once

#include <string>

#include "config/config.hpp"
#include "route/plan.hpp"

namespace ptarmigan::relay {

[[nodiscard]] std::string considered_json(const route::Plan& plan, const config::Delivery& delivery,
                                          const std::string& chosen_route);

}  // namespace ptarmigan::relay
