// watch/postmaster.cpp - see postmaster.hpp.
#include "watch/postmaster.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <optional>

#include <nlohmann/json.hpp>

#include "base/encoding.hpp"
#include "base/text.hpp"

namespace ptarmigan::watch {
namespace {

using Json = nlohmann::json;

constexpr std::string_view scopes =
    "https://www.googleapis.com/auth/postmaster.traffic.readonly "
    "https://www.googleapis.com/auth/postmaster.domain";
constexpr int page_size = 200;
/// RFC 7523#3: an assertion is young. Google takes at most an hour.
constexpr seconds assertion_lasts{600};
constexpr std::size_t max_value_text = 300;

struct Metric {
  std::string_view name;
  std::string_view base;
  std::string_view filter;
};
constexpr std::array metrics{
    Metric{"spam_rate", "SPAM_RATE", ""},
    Metric{"auth_spf", "AUTH_SUCCESS_RATE", "auth_type = \"spf\""},
    Metric{"auth_dkim", "AUTH_SUCCESS_RATE", "auth_type = \"dkim\""},
    Metric{"auth_dmarc", "AUTH_SUCCESS_RATE", "auth_type = \"dmarc\""},
    Metric{"tls_inbound", "TLS_ENCRYPTION_RATE", "traffic_direction = \"inbound\""},
    Metric{"tls_outbound", "TLS_ENCRYPTION_RATE", "traffic_direction = \"outbound\""},
    Metric{"reject", "DELIVERY_ERROR_RATE", "error_type = \"reject\""},
    Metric{"temp_fail", "DELIVERY_ERROR_RATE", "error_type = \"temp_fail\""},
    Metric{"reject_bad_or_missing_ptr_record", "DELIVERY_ERROR_RATE",
           "error_type = \"reject\" AND error_reason = \"bad_or_missing_ptr_record\""},
    Metric{"reject_ip_in_rbls", "DELIVERY_ERROR_RATE", "error_type = \"reject\" AND error_reason = \"ip_in_rbls\""},
    Metric{"reject_low_domain_reputation", "DELIVERY_ERROR_RATE",
           "error_type = \"reject\" AND error_reason = \"low_domain_reputation\""},
    Metric{"reject_low_ip_reputation", "DELIVERY_ERROR_RATE",
           "error_type = \"reject\" AND error_reason = \"low_ip_reputation\""},
    Metric{"reject_spammy_content", "DELIVERY_ERROR_RATE",
           "error_type = \"reject\" AND error_reason = \"spammy_content\""},
    Metric{"reject_stamp_policy_error", "DELIVERY_ERROR_RATE",
           "error_type = \"reject\" AND error_reason = \"stamp_policy_error\""},
};

Result<Json> object_of(std::string_view text) {
  auto json = Json::parse(text, nullptr, false);
  if (!json.is_object()) return failure("the reply is not a JSON object");
  return json;
}

/// "" where it is absent or no text.
std::string text_of(const Json& json, std::string_view name) {
  const auto found = json.find(name);
  return found != json.end() && found->is_string() ? found->get<std::string>() : std::string();
}

const Json& member(const Json& json, std::string_view name) {
  static const Json none = Json::object();
  const auto found = json.find(name);
  return found != json.end() ? *found : none;
}

std::chrono::year_month_day date_of(WallTime time) {
  return std::chrono::year_month_day(std::chrono::floor<std::chrono::days>(time));
}

Json date_json(WallTime time) {
  const auto date = date_of(time);
  return {{"year", static_cast<int>(date.year())},
          {"month", static_cast<unsigned>(date.month())},
          {"day", static_cast<unsigned>(date.day())}};
}

std::optional<WallTime> day_of(const Json& date) {
  const auto part = [&](const char* name) {
    const auto found = date.find(name);
    return found != date.end() && found->is_number_integer() ? found->get<std::int64_t>() : 0;
  };
  const auto year = part("year");
  const auto month = part("month");
  const auto day = part("day");
  if (year < 2000 || year > 9999 || month < 1 || month > 12 || day < 1 || day > 31) return std::nullopt;
  const std::chrono::year_month_day out(std::chrono::year(static_cast<int>(year)),
                                        std::chrono::month(static_cast<unsigned>(month)),
                                        std::chrono::day(static_cast<unsigned>(day)));
  if (!out.ok()) return std::nullopt;
  return WallTime(std::chrono::sys_days(out));
}

/// A rate or a count. 64-bit numbers come as text (the JSON form of protocol buffers).
bool put_value(const Json& value, Figure& figure) {
  for (const auto* const name : {"doubleValue", "floatValue"}) {
    const auto& number = member(value, name);
    if (!number.is_number()) continue;
    figure.millionths = static_cast<std::int64_t>(std::llround(std::clamp(number.get<double>(), 0.0, 1e12) * 1e6));
    return true;
  }
  if (const auto& number = member(value, "intValue"); number.is_string() || number.is_number_integer()) {
    const auto count = number.is_string() ? parse_number<std::int64_t>(number.get_ref<const std::string&>())
                                          : std::optional(number.get<std::int64_t>());
    if (!count) return false;
    figure.millionths = std::clamp<std::int64_t>(*count, 0, 1'000'000'000'000) * 1'000'000;
    return true;
  }
  figure.text = text_of(value, "stringValue").substr(0, max_value_text);
  return !figure.text.empty();
}

Json query_json(const std::string& domain, WallTime first, WallTime last, const std::string& page) {
  Json definitions = Json::array();
  for (const auto& metric : metrics) {
    Json one{{"name", metric.name}, {"baseMetric", {{"standardMetric", metric.base}}}};
    if (!metric.filter.empty()) one["filter"] = metric.filter;
    definitions.push_back(std::move(one));
  }
  const Json range{{"start", date_json(first)}, {"end", date_json(last)}};
  Json query{{"parent", "domains/" + domain},
             {"metricDefinitions", std::move(definitions)},
             {"timeQuery", {{"dateRanges", {{"dateRanges", Json::array({range})}}}}},
             {"aggregationGranularity", "DAILY"},
             {"pageSize", page_size}};
  if (!page.empty()) query["pageToken"] = page;
  return query;
}

StatsPage stats_of(const Json& json, const std::string& domain) {
  StatsPage page{.figures = {}, .next = text_of(json, "nextPageToken"), .error = {}};
  for (const auto& stat : member(json, "domainStats")) {
    if (!stat.is_object()) continue;
    Figure figure{.provider = std::string(google_postmaster), .subject = domain, .metric = text_of(stat, "metric")};
    const auto day = day_of(member(stat, "date"));
    const bool asked = std::ranges::find(metrics, figure.metric, &Metric::name) != metrics.end();
    if (!day || !asked || !put_value(member(stat, "value"), figure)) continue;
    figure.day = *day;
    page.figures.push_back(std::move(figure));
  }
  return page;
}

std::string said(const Json& status) {
  const auto word = text_of(status, "status");
  const auto message = printable(text_of(status, "message"), max_value_text);
  return word.empty() || message.empty() ? word + message : word + ": " + message;
}

}  // namespace

Result<ServiceAccount> ServiceAccount::parse(std::string_view text) {
  const auto json = object_of(text);
  if (!json || text_of(*json, "type") != "service_account")
    return failure("this is no key file of a Google service account",
                   "make a key of type JSON for it in the Google Cloud console");
  auto key = dkim::PrivateKey::parse(text_of(*json, "private_key"));
  if (!key || key->type() != dkim::KeyType::rsa)
    return failure("its private_key is not usable" + (key ? "" : ": " + key.error().message), "download the key anew");
  ServiceAccount out{text_of(*json, "client_email"), text_of(*json, "private_key_id"), text_of(*json, "token_uri"),
                     *std::move(key)};
  if (out.email.empty() || !out.token_address.starts_with("https://"))
    return failure("client_email or token_uri is missing in it", "download the key anew");
  return out;
}

Result<std::string> token_request(const ServiceAccount& account, const std::string& user, WallTime now) {
  const auto issued = std::chrono::floor<seconds>(now.time_since_epoch()).count();
  Json claims{{"iss", account.email},
              {"scope", scopes},
              {"aud", account.token_address},
              {"iat", issued},
              {"exp", issued + assertion_lasts.count()}};
  if (!user.empty()) claims["sub"] = user;
  const Json header{{"alg", "RS256"}, {"typ", "JWT"}, {"kid", account.key_id}};
  const auto assertion = base64url_encode(header.dump()) + "." + base64url_encode(claims.dump());
  const auto signature = account.key.sign(dkim::sha256(assertion));
  if (!signature) return std::unexpected(signature.error());
  return "grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Ajwt-bearer&assertion=" + assertion + "." +
         base64url_encode(*signature);
}

Result<AccessToken> parse_token(std::string_view text) {
  const auto json = object_of(text);
  if (!json) return std::unexpected(json.error());
  AccessToken out{.token = text_of(*json, "access_token"), .refresh_token = text_of(*json, "refresh_token")};
  if (out.token.empty()) {
    const auto word = printable(text_of(*json, "error"), 100);
    return failure("no access token: " +
                   (word.empty() ? "nothing is said" : word + " " + printable(text_of(*json, "error_description"))));
  }
  // It goes into a header field.
  if (!std::ranges::all_of(out.token, [](char c) { return is_printable_ascii(c) && c != ' '; }))
    return failure("the access token is not usable");
  const auto& lasts = member(*json, "expires_in");
  out.lasts = seconds(lasts.is_number_integer() ? std::clamp<std::int64_t>(lasts.get<std::int64_t>(), 0, 86'400) : 0);
  return out;
}

std::string error_of(std::string_view text) {
  const auto json = Json::parse(text, nullptr, false);
  if (!json.is_object()) return {};
  const auto& error = member(json, "error");
  return error.is_string() ? printable(error.get_ref<const std::string&>(), 100) : error.is_object() ? said(error) : "";
}

Result<DomainsPage> parse_domains(std::string_view text) {
  const auto json = object_of(text);
  if (!json) return std::unexpected(json.error());
  DomainsPage page{.domains = {}, .next = text_of(*json, "nextPageToken")};
  for (const auto& one : member(*json, "domains")) {
    if (!one.is_object()) continue;
    const auto name = text_of(one, "name");
    const auto permission = text_of(one, "permission");
    if (!name.starts_with("domains/") || permission == "NONE" || text_of(one, "verificationState") == "UNVERIFIED")
      continue;
    // It goes into a path.
    const auto domain = to_lower(std::string_view(name).substr(8));
    if (std::ranges::all_of(domain, [](char c) { return is_alnum(c) || c == '-' || c == '.' || c == '_'; }))
      page.domains.push_back(domain);
  }
  return page;
}

std::string stats_query(const std::string& domain, WallTime first, WallTime last, const std::string& page) {
  auto query = query_json(domain, first, last, page);
  query.erase("parent");  // of the path
  return query.dump();
}

std::string batch_query(std::span<const std::string> domains, WallTime first, WallTime last) {
  Json requests = Json::array();
  for (const auto& domain : domains.first(std::min(domains.size(), max_batch)))
    requests.push_back(query_json(domain, first, last, {}));
  return Json{{"requests", std::move(requests)}}.dump();
}

Result<StatsPage> parse_stats(std::string_view text, const std::string& domain) {
  const auto json = object_of(text);
  if (!json) return std::unexpected(json.error());
  return stats_of(*json, domain);
}

Result<std::vector<StatsPage>> parse_batch(std::string_view text, std::span<const std::string> domains) {
  const auto json = object_of(text);
  if (!json) return std::unexpected(json.error());
  const auto& results = member(*json, "results");
  if (!results.is_array() || results.size() != domains.size())
    return failure("the batch has " + std::to_string(results.size()) + " results for " +
                   std::to_string(domains.size()) + " queries");
  std::vector<StatsPage> out;
  for (std::size_t i = 0; i < domains.size(); ++i) {
    const auto& error = member(results[i], "error");
    out.push_back(stats_of(member(results[i], "response"), domains[i]));
    if (error.is_object() && !error.empty()) out.back().error = said(error);
  }
  return out;
}

Result<std::vector<Figure>> parse_compliance(std::string_view text, const std::string& domain, WallTime day) {
  const auto json = object_of(text);
  if (!json) return std::unexpected(json.error());
  // A subdomain's own rows, where there are any, else those of its organisational domain.
  const auto& own = member(*json, "subdomainComplianceData");
  const auto& data = own.empty() ? member(*json, "complianceData") : own;
  if (!data.is_object()) return failure("the compliance status has no rows");
  const auto put = [&](std::vector<Figure>& out, const std::string& row, const Json& verdict) {
    auto status = text_of(member(verdict, "status"), "status");
    const auto reason = text_of(verdict, "reason");
    if (row.empty() || row.size() > 60 || (status != "COMPLIANT" && status != "NEEDS_WORK")) return;
    if (!reason.empty()) status += ": " + reason.substr(0, 100);
    out.push_back({.provider = std::string(google_postmaster),
                   .subject = domain,
                   .day = day,
                   .metric = "compliance." + row,
                   .millionths = 0,
                   .text = std::move(status)});
  };
  std::vector<Figure> out;
  for (const auto& row : member(data, "rowData"))
    if (row.is_object()) put(out, text_of(row, "requirement"), row);
  put(out, "ONE_CLICK_UNSUBSCRIBE", member(data, "oneClickUnsubscribeVerdict"));
  put(out, "HONOR_UNSUBSCRIBE", member(data, "honorUnsubscribeVerdict"));
  return out;
}

}  // namespace ptarmigan::watch
