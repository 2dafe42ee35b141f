// console/answers.hpp - what the history, the rulebook and the settings say, as the JSON objects of the API (schemas:
// calls.cpp). Pure but for the database behind Views. Errors: the database's.
#pragma once

#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "config/config.hpp"
#include "config/given.hpp"
#include "route/standing.hpp"
#include "store/views.hpp"

namespace ptarmigan::console {

using Json = nlohmann::ordered_json;

[[nodiscard]] Json json_of(const store::Tally& tally);
[[nodiscard]] Json json_of(const store::Incident& incident);
[[nodiscard]] Json json_of(const store::Attempt& attempt);
[[nodiscard]] Json json_of(const rulebook::Rule& rule);

/// `control` is the server's answer to "standing" and `queue` to "summary"; null where no server runs.
[[nodiscard]] Result<Json> home(store::Views& views, const config::Config& config, const Json& standing,
                                const Json& queue, store::Range range);
[[nodiscard]] Result<Json> rates(store::Views& views, const store::RateQuery& query);
[[nodiscard]] Result<Json> refusals(store::Views& views, store::Range range);
[[nodiscard]] Result<Json> replies(store::Views& views, store::Views::Replies which, WallTime since);
[[nodiscard]] Result<Json> figures(store::Views& views, store::Range range);
[[nodiscard]] Result<Json> incidents(store::Views& views, store::Which which);
/// null where there is none of that id.
[[nodiscard]] Result<Json> incident(store::Views& views, std::int64_t id);
[[nodiscard]] Result<Json> messages(store::Views& views, const store::Search& search);
/// `queued` is the message as the queue shows it, or null. null where neither knows it.
[[nodiscard]] Result<Json> message(store::Views& views, const std::string& id, const Json& queued);
[[nodiscard]] Json domains(const config::Config& config);
[[nodiscard]] Result<Json> domain(store::Views& views, const config::Domain& domain, store::Range range);
[[nodiscard]] Json rules();
[[nodiscard]] Json settings(const std::string& file, const std::vector<config::Given>& given);
[[nodiscard]] Result<Json> audit(store::Views& views);

}  // namespace ptarmigan::console
