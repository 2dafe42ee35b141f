// route/warm_up.hpp - how much a new source address may send each day, so that receivers get to know it: a first day's
// allowance that grows by a share each day until the plan ends (Google's sender guidelines, 2026-03-21: no bursts, no
// sudden doubling).
//
// Days are UTC days of the wall clock. A clock that is set wrong gives an address at most one day's allowance more or
// makes it wait until the next day begins, at most 24 hours. Threads: one object, one thread. Time is passed in.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <vector>

#include "base/ip_address.hpp"
#include "base/time.hpp"

namespace ptarmigan::route {

struct WarmUpPlan {
  std::chrono::sys_days first_day = {};
  std::uint64_t first_allowance = 50;      ///< messages on the first day
  unsigned growth_percent = 40;            ///< each day; at most 100: never more than doubled
  std::uint64_t full_allowance = 100'000;  ///< the plan ends on the day that would allow so many

  /// Messages of a day; nothing where the plan has ended. Before the first day it allows nothing.
  [[nodiscard]] std::optional<std::uint64_t> allowance(std::chrono::sys_days day) const;
  /// 0 for the first day.
  [[nodiscard]] std::chrono::days day_of_plan(std::chrono::sys_days day) const { return day - first_day; }
  friend bool operator==(const WarmUpPlan&, const WarmUpPlan&) = default;
};

class WarmUp {
 public:
  void set_plan(const IpAddress& source, const WarmUpPlan& plan) { sources_[source].plan = plan; }
  /// These and no others; what they have sent today stays counted.
  void set_plans(const std::map<IpAddress, WarmUpPlan>& plans) {
    std::erase_if(sources_, [&](const auto& entry) { return !plans.contains(entry.first); });
    for (const auto& [source, plan] : plans) set_plan(source, plan);
  }

  /// True where the address has a plan that has not ended.
  [[nodiscard]] bool is_warming(const IpAddress& source, WallTime now) const;
  /// Counts one message. False: today's allowance is used up, and nothing is counted.
  [[nodiscard]] bool take(const IpAddress& source, WallTime now);
  /// The message did not go after all.
  void give_back(const IpAddress& source, WallTime now);
  /// Until the next day's allowance: more than 0, at most 24 hours.
  [[nodiscard]] static milliseconds until_next_day(WallTime now);

  struct Row {
    IpAddress source;
    std::int64_t day = 0;                    ///< of the plan, 0 for the first
    std::optional<std::uint64_t> allowance;  ///< nothing where the plan has ended
    std::uint64_t used = 0;
    friend bool operator==(const Row&, const Row&) = default;
  };
  /// Every address with a plan, as it stands today.
  [[nodiscard]] std::vector<Row> rows(WallTime now) const;

  struct Count {
    IpAddress source;
    std::chrono::sys_days day;
    std::uint64_t used = 0;
    friend bool operator==(const Count&, const Count&) = default;
  };
  [[nodiscard]] std::vector<Count> counts() const;
  /// Of addresses that still have a plan.
  void restore(const std::vector<Count>& counts);
  /// Grows with every count.
  [[nodiscard]] std::uint64_t revision() const { return revision_; }

 private:
  struct Source {
    WarmUpPlan plan = {};
    std::chrono::sys_days day = {};
    std::uint64_t used = 0;
  };
  std::map<IpAddress, Source> sources_;
  std::uint64_t revision_ = 0;
};

}  // namespace ptarmigan::route
