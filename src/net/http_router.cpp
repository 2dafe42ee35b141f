// net/http_router.cpp - see http_router.hpp.
#include "net/http_router.hpp"

#include <algorithm>

#include "base/text.hpp"

namespace ptarmigan::net {
namespace {

bool is_name(std::string_view segment) {
  return segment.size() > 2 && segment.front() == '{' && segment.back() == '}';
}

/// How many literal segments agree; nothing where the pattern is not for this path.
std::optional<std::size_t> agreement(const std::vector<std::string>& pattern, const std::vector<std::string>& path) {
  if (pattern.size() != path.size()) return std::nullopt;
  std::size_t literal = 0;
  for (std::size_t i = 0; i < pattern.size(); ++i) {
    if (is_name(pattern[i])) {
      if (path[i].empty()) return std::nullopt;
      continue;
    }
    if (pattern[i] != path[i]) return std::nullopt;
    ++literal;
  }
  return literal;
}

bool serves(std::string_view route_method, std::string_view method) {
  return route_method == method || (route_method == "GET" && method == "HEAD");
}

}  // namespace

Result<std::size_t> HttpRouter::add(std::string method, std::string pattern) {
  if (std::ranges::any_of(routes_, [&](const Route& r) { return r.method == method && r.pattern == pattern; }))
    return failure(method + " " + pattern + " is there already");
  Route route{.method = std::move(method), .pattern = std::move(pattern), .segments = {}};
  if (route.pattern != "/")
    for (const auto segment : split(std::string_view(route.pattern).substr(1), '/'))
      route.segments.emplace_back(segment);
  routes_.push_back(std::move(route));
  return routes_.size() - 1;
}

HttpRouter::Match HttpRouter::match(const HttpRequest& request) const {
  Match match;
  std::size_t best = 0;
  for (std::size_t i = 0; i < routes_.size(); ++i) {
    const auto literal = agreement(routes_[i].segments, request.segments);
    if (!literal) continue;
    match.allowed.push_back(routes_[i].method);
    if (!serves(routes_[i].method, request.method) || (match.route && *literal <= best)) continue;
    match.route = i;
    best = *literal;
  }
  if (!match.route) return match;
  match.allowed.clear();
  const auto& pattern = routes_[*match.route].segments;
  for (std::size_t i = 0; i < pattern.size(); ++i)
    if (is_name(pattern[i]))
      match.parameters.emplace_back(pattern[i].substr(1, pattern[i].size() - 2), request.segments[i]);
  return match;
}

}  // namespace ptarmigan::net
