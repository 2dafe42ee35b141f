// console/metrics.hpp - counts for Prometheus (text format 0.0.4). Who counts asks for a counter once and keeps it.
//
//   auto& sent = metrics.counter("ptarmigan_attempts_total", "Attempts to deliver.", {{"outcome", "delivered"}});
//   sent.add();
//
// Limits: max_series of one name; what is beyond goes to one series whose labels all say "others". Threads: any; adding
// takes no lock.
#pragma once

#include <atomic>
#include <cstdint>
#include <initializer_list>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace ptarmigan::console {

using Labels = std::vector<std::pair<std::string, std::string>>;

class Counter {
 public:
  void add(std::uint64_t more = 1) { value_.fetch_add(more, std::memory_order_relaxed); }
  /// For what is measured, not counted.
  void set(std::uint64_t value) { value_.store(value, std::memory_order_relaxed); }
  [[nodiscard]] std::uint64_t value() const { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<std::uint64_t> value_ = 0;
};

/// Durations in buckets of seconds.
class Histogram {
 public:
  static constexpr double bounds[] = {0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60};
  void observe(double seconds);

 private:
  friend class Metrics;
  std::atomic<std::uint64_t> buckets_[std::size(bounds) + 1] = {};
  std::atomic<std::uint64_t> microseconds_ = 0;
};

class Metrics {
 public:
  static constexpr std::size_t max_series = 2'000;

  /// Valid as long as *this. `help` counts the first time.
  Counter& counter(std::string_view name, std::string_view help, Labels labels = {});
  Counter& gauge(std::string_view name, std::string_view help, Labels labels = {});
  Histogram& histogram(std::string_view name, std::string_view help, Labels labels = {});
  /// Before gauges of changing labels are set anew.
  void clear_gauge(std::string_view name);

  [[nodiscard]] std::string text() const;

 private:
  enum class Type { counter, gauge, histogram };
  struct Family {
    Type type = Type::counter;
    std::string help;
    std::map<std::string, std::unique_ptr<Counter>> counters;  ///< by labels as written
    std::map<std::string, std::unique_ptr<Histogram>> histograms;
  };
  Family& family(std::string_view name, std::string_view help, Type type);

  mutable std::mutex mutex_;
  std::map<std::string, Family, std::less<>> families_;
};

}  // namespace ptarmigan::console
