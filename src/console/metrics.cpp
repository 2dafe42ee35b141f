// console/metrics.cpp - see metrics.hpp.
#include "console/metrics.hpp"

#include <algorithm>
#include <iterator>

#include <fmt/format.h>

namespace ptarmigan::console {
namespace {

std::string escaped(std::string_view value) {
  std::string out;
  for (const char c : value) {
    if (c == '\\' || c == '"') out += '\\';
    if (c == '\n')
      out += "\\n";
    else
      out += c;
  }
  return out;
}

/// a="x",b="y"
std::string written(const Labels& labels) {
  std::string out;
  for (const auto& [name, value] : labels) out += (out.empty() ? "" : ",") + name + "=\"" + escaped(value) + "\"";
  return out;
}

template <typename Series>
Series& series_of(std::map<std::string, std::unique_ptr<Series>>& all, Labels labels) {
  auto key = written(labels);
  if (!all.contains(key) && all.size() >= Metrics::max_series) {
    for (auto& label : labels) label.second = "others";
    key = written(labels);
  }
  auto& found = all[key];
  if (!found) found = std::make_unique<Series>();
  return *found;
}

std::string braced(const std::string& labels) {
  return labels.empty() ? "" : "{" + labels + "}";
}

}  // namespace

void Histogram::observe(double seconds) {
  const auto* const at = std::ranges::lower_bound(bounds, seconds);
  buckets_[at - std::begin(bounds)].fetch_add(1, std::memory_order_relaxed);
  microseconds_.fetch_add(static_cast<std::uint64_t>(std::max(0.0, seconds) * 1e6), std::memory_order_relaxed);
}

Metrics::Family& Metrics::family(std::string_view name, std::string_view help, Type type) {
  const auto found = families_.find(name);
  if (found != families_.end()) return found->second;
  return families_
      .emplace(std::string(name), Family{.type = type, .help = std::string(help), .counters = {}, .histograms = {}})
      .first->second;
}

Counter& Metrics::counter(std::string_view name, std::string_view help, Labels labels) {
  const std::lock_guard lock(mutex_);
  return series_of(family(name, help, Type::counter).counters, std::move(labels));
}

Counter& Metrics::gauge(std::string_view name, std::string_view help, Labels labels) {
  const std::lock_guard lock(mutex_);
  return series_of(family(name, help, Type::gauge).counters, std::move(labels));
}

Histogram& Metrics::histogram(std::string_view name, std::string_view help, Labels labels) {
  const std::lock_guard lock(mutex_);
  return series_of(family(name, help, Type::histogram).histograms, std::move(labels));
}

void Metrics::clear_gauge(std::string_view name) {
  const std::lock_guard lock(mutex_);
  const auto found = families_.find(name);
  if (found == families_.end()) return;
  for (auto& [labels, gauge] : found->second.counters) gauge->set(0);
}

std::string Metrics::text() const {
  const std::lock_guard lock(mutex_);
  std::string out;
  for (const auto& [name, family] : families_) {
    const auto* const type = family.type == Type::counter ? "counter"
                             : family.type == Type::gauge ? "gauge"
                                                          : "histogram";
    out += "# HELP " + name + " " + family.help + "\n# TYPE " + name + " " + type + "\n";
    for (const auto& [labels, counter] : family.counters)
      out += name + braced(labels) + " " + std::to_string(counter->value()) + "\n";
    for (const auto& [labels, histogram] : family.histograms) {
      const auto with = [&](const std::string& bound) {
        return "{" + labels + (labels.empty() ? "" : ",") + "le=\"" + bound + "\"}";
      };
      std::uint64_t count = 0;
      for (std::size_t i = 0; i < std::size(Histogram::bounds); ++i) {
        count += histogram->buckets_[i].load(std::memory_order_relaxed);
        out += fmt::format("{}_bucket{} {}\n", name, with(fmt::format("{:g}", Histogram::bounds[i])), count);
      }
      count += histogram->buckets_[std::size(Histogram::bounds)].load(std::memory_order_relaxed);
      out += fmt::format("{0}_bucket{1} {2}\n{0}_sum{3} {4:g}\n{0}_count{3} {2}\n", name, with("+Inf"), count,
                         braced(labels),
                         static_cast<double>(histogram->microseconds_.load(std::memory_order_relaxed)) / 1e6);
    }
  }
  return out;
}

}  // namespace ptarmigan::console
