// auth/tests/auth_lines.cpp - a program for tests/crosscheck: JSON lines in, JSON lines out, one answer for each line.
// It reaches what the `ptarmigan` command does not offer: every canonicalization, and results as
// Authentication-Results.
//
//   {"do": "sign", "message": BASE64, "keys": [{"pem": ..., "domain": ..., "selector": ...}], "header": "simple",
//    "body": "relaxed", "oversigned": [...], "signed_at": 1795456323}           -> {"message": BASE64}
//   {"do": "results", "authserv_id": ..., "world": RECORDING, "message": BASE64, "ip": ..., "helo": ...,
//    "mail_from": ..., "received_at": ...}                                      -> {"field": ...}
// Any failure is {"error": ...}.
#include <iostream>

#include <nlohmann/json.hpp>

#include "auth/authres/report.hpp"
#include "auth/dkim/sign.hpp"
#include "auth/dkim/verify.hpp"
#include "auth/iprev/iprev.hpp"
#include "auth/spf/check_host.hpp"
#include "base/encoding.hpp"
#include "facts/recording.hpp"
#include "facts/zone_facts.hpp"

namespace ptarmigan {
namespace {

using nlohmann::json;

dkim::Canonicalization canonicalization_of(const json& name) {
  return name == "simple" ? dkim::Canonicalization::simple : dkim::Canonicalization::relaxed;
}

std::string message_of(const json& order) {
  return base64_decode(order.at("message").get<std::string>()).value();
}

json error_of(const Error& error) {
  return {{"error", error.text()}};
}

json sign(const json& order) {
  dkim::SigningSettings settings{.header = canonicalization_of(order.at("header")),
                                 .body = canonicalization_of(order.at("body"))};
  if (order.contains("oversigned")) settings.oversigned_fields = order["oversigned"];
  std::vector<dkim::SigningKey> keys;
  for (const auto& one : order.at("keys")) {
    auto key = dkim::PrivateKey::parse(one.at("pem").get<std::string>());
    if (!key) return error_of(key.error());
    keys.push_back({*std::move(key), dns::name(one.at("domain").get<std::string>()), one.at("selector")});
  }
  const auto message = message_of(order);
  const auto fields =
      dkim::sign_message(message, keys, WallTime(seconds(order.at("signed_at").get<std::int64_t>())), settings);
  if (!fields) return error_of(fields.error());
  return {{"message", base64_encode(*fields + message)}};
}

json results(const json& order) {
  const auto world = read_recording(order.at("world").dump());
  if (!world) return error_of(world.error());
  const auto client = IpAddress::parse(order.at("ip").get<std::string>());
  if (!client) return error_of(client.error());
  const auto verification = dkim::verify_message(message_of(order));
  if (!verification) return error_of(verification.error());

  authres::Header header{.authserv_id = order.at("authserv_id")};
  header.results.push_back(
      authres::result_of(settle_with(*world, [&](const Facts& facts) { return iprev::check_iprev(*client, facts); })));
  spf::Query query{.client = *client, .helo = order.at("helo"), .mail_from = order.at("mail_from")};
  for (const auto identity : {spf::Identity::helo, spf::Identity::mail_from}) {
    query.identity = identity;
    header.results.push_back(
        authres::result_of(settle_with(*world, [&](const Facts& facts) { return spf::check_host(query, facts); })));
  }
  const WallTime received(seconds(order.at("received_at").get<std::int64_t>()));
  const auto signatures = settle_with(*world, [&](const Facts& facts) { return verification->judge(facts, received); });
  for (auto& result : authres::results_of(signatures)) header.results.push_back(std::move(result));
  const auto field = authres::build(header);
  if (!field) return error_of(field.error());
  return {{"field", *field}};
}

json answer(const std::string& line) {
  const json order = json::parse(line);
  const auto what = order.at("do").get<std::string>();
  if (what == "sign") return sign(order);
  if (what == "results") return results(order);
  return {{"error", "there is no " + what}};
}

}  // namespace
}  // namespace ptarmigan

int main() {
  std::string line;
  while (std::getline(std::cin, line)) {
    nlohmann::json out;
    try {
      out = ptarmigan::answer(line);
    } catch (const std::exception& exception) {
      out = {{"error", exception.what()}};
    }
    std::cout << out.dump() << '\n' << std::flush;
  }
  return 0;
}
