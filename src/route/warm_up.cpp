// route/warm_up.cpp - see warm_up.hpp.
#include "route/warm_up.hpp"

#include <algorithm>

namespace ptarmigan::route {
namespace {

using std::chrono::days;
using std::chrono::floor;
using std::chrono::sys_days;

constexpr unsigned most_growth_percent = 100;
/// A plan that does not grow ends after a year.
constexpr days longest_plan{366};

}  // namespace

std::optional<std::uint64_t> WarmUpPlan::allowance(sys_days day) const {
  if (day < first_day) return 0;
  if (day - first_day > longest_plan) return std::nullopt;
  const std::uint64_t growth = std::min(growth_percent, most_growth_percent);
  auto allowed = first_allowance;
  for (auto at = first_day; at < day && allowed < full_allowance; at += days(1)) allowed += (allowed * growth) / 100;
  if (allowed >= full_allowance) return std::nullopt;
  return allowed;
}

bool WarmUp::is_warming(const IpAddress& source, WallTime now) const {
  const auto found = sources_.find(source);
  return found != sources_.end() && found->second.plan.allowance(floor<days>(now)).has_value();
}

bool WarmUp::take(const IpAddress& source, WallTime now) {
  const auto found = sources_.find(source);
  if (found == sources_.end()) return true;
  auto& known = found->second;
  const auto today = floor<days>(now);
  const auto allowed = known.plan.allowance(today);
  if (!allowed) return true;
  if (known.day != today) {
    known.day = today;
    known.used = 0;
  }
  if (known.used >= *allowed) return false;
  ++known.used;
  ++revision_;
  return true;
}

void WarmUp::give_back(const IpAddress& source, WallTime now) {
  const auto found = sources_.find(source);
  if (found == sources_.end() || found->second.day != floor<days>(now) || found->second.used == 0) return;
  --found->second.used;
  ++revision_;
}

milliseconds WarmUp::until_next_day(WallTime now) {
  return floor<days>(now) + days(1) - now;
}

std::vector<WarmUp::Row> WarmUp::rows(WallTime now) const {
  std::vector<Row> out;
  const auto today = floor<days>(now);
  for (const auto& [address, source] : sources_)
    out.push_back({address, source.plan.day_of_plan(today).count(), source.plan.allowance(today),
                   source.day == today ? source.used : 0});
  return out;
}

std::vector<WarmUp::Count> WarmUp::counts() const {
  std::vector<Count> out;
  for (const auto& [address, source] : sources_)
    if (source.used > 0) out.push_back({address, source.day, source.used});
  return out;
}

void WarmUp::restore(const std::vector<Count>& counts) {
  for (const auto& count : counts) {
    const auto found = sources_.find(count.source);
    if (found == sources_.end()) continue;
    found->second.day = count.day;
    found->second.used = count.used;
  }
}

}  // namespace ptarmigan::route
