// config/reload.cpp - see reload.hpp.
#include "config/reload.hpp"

#include <algorithm>
#include <array>
#include <map>
#include <set>

namespace ptarmigan::config {
namespace {

/// Whole tables, ended by a dot, and single settings. What stands here is kept by keep_what_needs_restart() too.
constexpr std::array<std::string_view, 13> at_a_start = {
    "dns.",
    "spool.",
    "store.",
    "process.",
    "watch.",
    "console.",
    "submission.listen",
    "submission.listen_tls",
    "submission.max_sessions",
    "submission.max_sessions_per_client",
    "submission.proxy_networks",
    "delivery.max_connections",
    "delivery.max_connections_per_site",
};

void keep_what_needs_restart(const Config& running, Config& next) {
  next.dns = running.dns;
  next.spool = running.spool;
  next.store = running.store;
  next.process = running.process;
  next.watch = running.watch;
  next.console = running.console;
  next.submission.listen = running.submission.listen;
  next.submission.listen_tls = running.submission.listen_tls;
  next.submission.max_sessions = running.submission.max_sessions;
  next.submission.max_sessions_per_client = running.submission.max_sessions_per_client;
  next.submission.proxy_networks = running.submission.proxy_networks;
  next.delivery.max_connections = running.delivery.max_connections;
  next.delivery.max_connections_per_site = running.delivery.max_connections_per_site;
}

std::map<std::string, std::string> values_of(const std::vector<Given>& given) {
  std::map<std::string, std::string> out;
  for (const auto& one : given) out[one.path] = one.value;
  return out;
}

}  // namespace

bool needs_restart(std::string_view table_path) {
  return std::ranges::any_of(at_a_start, [&](std::string_view known) {
    return known.ends_with('.') ? table_path.starts_with(known) : table_path == known;
  });
}

Reload reloaded(const Config& running, const std::vector<Given>& running_given, Config next,
                const std::vector<Given>& next_given) {
  const auto before = values_of(running_given);
  const auto after = values_of(next_given);
  std::set<std::string> differ;
  for (const auto& [path, value] : before) {
    const auto found = after.find(path);
    if (found == after.end() || found->second != value) differ.insert(table_path(path));
  }
  for (const auto& [path, value] : after)
    if (!before.contains(path)) differ.insert(table_path(path));
  Reload out;
  for (const auto& path : differ) (needs_restart(path) ? out.waiting : out.changed).push_back(path);
  keep_what_needs_restart(running, next);
  out.config = std::move(next);
  return out;
}

}  // namespace ptarmigan::config
