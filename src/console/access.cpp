// console/access.cpp - see access.hpp.
#include "console/access.hpp"

#include <algorithm>

#include <nlohmann/json.hpp>

#include "auth/dkim/crypto.hpp"
#include "base/encoding.hpp"
#include "base/text.hpp"

namespace ptarmigan::console {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::string_view token_prefix = "ptm_";
constexpr std::size_t hash_digits = 64;
constexpr std::size_t max_clients = 10'000;
constexpr unsigned ipv6_client_octets = 8;

bool is_name(std::string_view name) {
  return !name.empty() && name.size() <= 64 &&
         std::ranges::all_of(name, [](char c) { return is_printable_ascii(c) && c != ':' && c != ' '; });
}

bool is_hash(std::string_view hash) {
  return hash.size() == hash_digits && hash.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

std::string client_of(const IpAddress& address) {
  if (address.is_v4()) return address.text();
  const auto octets = address.octets();
  return {reinterpret_cast<const char*>(octets.data()), ipv6_client_octets};
}

std::optional<std::string_view> bearer_of(const net::HttpRequest& request) {
  const auto field = request.header("authorization");
  constexpr std::string_view scheme = "bearer ";
  if (!field || !istarts_with(*field, scheme)) return std::nullopt;
  return trim(field->substr(scheme.size()), " ");
}

/// A browser says whose page asks; a program says nothing.
bool asked_by_another_site(const net::HttpRequest& request) {
  for (const auto& [name, value] : request.headers) {
    if (name == "sec-fetch-site" && value != "same-origin" && value != "none") return true;
    if (name != "origin") continue;
    const auto host = request.header("host");
    const auto slashes = value.find("://");
    if (!host || slashes == std::string::npos || value.substr(slashes + 3) != *host) return true;
  }
  return false;
}

}  // namespace

std::string_view to_string(Role role) {
  switch (role) {
    case Role::submit: return "submit";
    case Role::read: return "read";
    case Role::operate: return "operate";
  }
  return "";
}

std::optional<Role> role_of_word(std::string_view word) {
  if (word == "submit") return Role::submit;
  if (word == "read") return Role::read;
  if (word == "operate") return Role::operate;
  return std::nullopt;
}

bool allows(Role has, Role needed) {
  return has == Role::operate || has == needed;
}

Result<std::vector<Token>> parse_tokens(std::string_view text) {
  std::vector<Token> tokens;
  std::size_t number = 0;
  for (const auto line : split(text, '\n')) {
    ++number;
    const auto trimmed = trim(line);
    if (trimmed.empty() || trimmed.front() == '#') continue;
    const auto fields = split(trimmed, ':');
    const auto role = fields.size() == 4 ? role_of_word(fields[1]) : std::nullopt;
    if (!role || !is_name(fields[0]) || !is_hash(fields[2]))
      return failure("line " + std::to_string(number) + " is no token", "`ptarmigan console token add` writes them");
    tokens.push_back({.name = std::string(fields[0]),
                      .role = *role,
                      .hash = std::string(fields[2]),
                      .made = std::string(fields[3])});
    if (tokens.size() > max_tokens) return failure("there are more than 1000 tokens");
  }
  return tokens;
}

std::string token_line(const Token& token) {
  return token.name + ":" + std::string(to_string(token.role)) + ":" + token.hash + ":" + token.made;
}

std::string token_text(const std::array<unsigned char, token_octets>& random) {
  return std::string(token_prefix) + hex_encode({reinterpret_cast<const char*>(random.data()), random.size()});
}

std::string token_hash(std::string_view token) {
  const auto digest = dkim::sha256(token);
  return hex_encode({reinterpret_cast<const char*>(digest.data()), digest.size()});
}

std::optional<Person> Access::known(const net::HttpRequest& request) const {
  if (const auto bearer = bearer_of(request)) {
    const auto hash = token_hash(*bearer);
    std::optional<Person> found;
    for (const auto& token : tokens_)
      if (constant_time_equal(token.hash, hash)) found = Person{token.name, token.role};
    return found;
  }
  const bool trusted = std::ranges::any_of(
      proxy_.trusted, [&](const IpNetwork& network) { return network.contains(request.peer.address); });
  const auto user = trusted ? request.header(proxy_.header) : std::nullopt;
  if (!user || !is_name(*user)) return std::nullopt;
  return Person{std::string(*user), proxy_.role};
}

std::expected<Person, net::HttpReply> Access::admit(const net::HttpRequest& request, Role needed, SteadyTime now) {
  const auto client = client_of(request.peer.address);
  if (blocked(client, now)) {
    auto reply = error_reply(429, {"too many wrong tokens came from this address", "wait a minute"});
    reply.headers.emplace_back("Retry-After", "60");
    return std::unexpected(std::move(reply));
  }
  const auto person = known(request);
  if (!person) {
    if (request.header("authorization")) failed(client, now);
    auto reply = error_reply(401, {"a token is needed", "`ptarmigan console token add NAME` makes one"});
    reply.headers.emplace_back("WWW-Authenticate", "Bearer realm=\"ptarmigan\"");
    return std::unexpected(std::move(reply));
  }
  if (needed != Role::read && asked_by_another_site(request))
    return std::unexpected(error_reply(403, {"the request comes from another site's page"}));
  if (!allows(person->role, needed))
    return std::unexpected(error_reply(
        403, {"'" + person->name + "' may " + std::string(to_string(person->role)) + " only",
              "use a token made with `ptarmigan console token add --role " + std::string(to_string(needed)) + "`"}));
  return *person;
}

bool Access::blocked(const std::string& client, SteadyTime now) const {
  const auto found = failures_.find(client);
  return found != failures_.end() && found->second.count >= max_failures && now - found->second.since < failure_window;
}

void Access::failed(const std::string& client, SteadyTime now) {
  if (failures_.size() >= max_clients)
    std::erase_if(failures_, [&](const auto& entry) { return now - entry.second.since >= failure_window; });
  if (failures_.size() >= max_clients) return;
  auto& failures = failures_[client];
  if (failures.count == 0 || now - failures.since >= failure_window) failures = {.since = now, .count = 0};
  ++failures.count;
}

net::HttpReply error_reply(unsigned status, const Error& error) {
  const Json body{{"version", 1}, {"error", error.message}, {"remedy", error.remedy}};
  return {.status = status,
          .headers = {{"Content-Type", "application/json"}, {"Cache-Control", "no-store"}},
          .body = body.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n"};
}

}  // namespace ptarmigan::console
