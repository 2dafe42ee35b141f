// relay/queue.cpp - see queue.hpp.
#include "relay/queue.hpp"

namespace ptarmigan::relay {

std::string site_key(const route::Destination& destination, const std::string& domain) {
  return destination.site.key.empty() ? "domain " + domain : destination.site.key;
}

void Queue::add(Job job, const std::string& domain, SteadyTime due) {
  due_.emplace(due, std::pair(job, domain));
  ++waiting_;
}

std::vector<std::string> Queue::take_due(SteadyTime now) {
  std::vector<std::string> to_resolve;
  while (!due_.empty() && due_.begin()->first <= now) {
    auto [job, domain] = std::move(due_.begin()->second);
    due_.erase(due_.begin());
    auto& known = domains_[domain];
    if (known.destination && known.good_until > now) {
      to_site(domain, known, job);
      continue;
    }
    known.unresolved.push_back(job);
    if (known.asked) continue;
    known.asked = true;
    to_resolve.push_back(domain);
  }
  return to_resolve;
}

void Queue::resolved(const std::string& domain, std::shared_ptr<const route::Destination> destination,
                     SteadyTime good_until) {
  const auto found = domains_.find(domain);
  if (found == domains_.end()) return;
  auto& known = found->second;
  known.asked = false;
  known.destination = std::move(destination);
  known.good_until = good_until;
  while (!known.unresolved.empty()) {
    to_site(domain, known, known.unresolved.front());
    known.unresolved.pop_front();
  }
}

void Queue::to_site(const std::string& domain, const Domain& known, Job job) {
  const auto key = site_key(*known.destination, domain);
  auto& site = sites_[key];
  site.jobs.push_back({job, domain});
  list(key, site);
}

void Queue::list(const std::string& key, Site& site) {
  // Workers that run already take further jobs; another one is worth it only for jobs beyond theirs.
  if (site.listed || site.jobs.empty() || site.workers >= limits_.workers_per_site) return;
  site.listed = true;
  startable_.push_back(key);
}

std::optional<std::string> Queue::start_worker() {
  if (startable_.empty() || workers_ >= limits_.workers) return std::nullopt;
  std::string key = std::move(startable_.front());
  startable_.pop_front();
  auto& site = sites_[key];
  site.listed = false;
  ++site.workers;
  ++workers_;
  if (site.jobs.size() > site.workers) list(key, site);
  return key;
}

void Queue::end_worker(const std::string& key) {
  const auto found = sites_.find(key);
  if (found == sites_.end()) return;
  auto& site = found->second;
  --site.workers;
  --workers_;
  list(key, site);
  if (site.workers == 0 && site.jobs.empty()) sites_.erase(found);
}

std::optional<Queue::Work> Queue::next(const std::string& key) {
  const auto found = sites_.find(key);
  if (found == sites_.end() || found->second.jobs.empty()) return std::nullopt;
  auto& site = found->second;
  SiteJob taken = std::move(site.jobs.front());
  site.jobs.pop_front();
  --waiting_;
  return Work{taken.job, taken.domain, domains_[taken.domain].destination};
}

std::optional<SteadyTime> Queue::next_due() const {
  if (due_.empty()) return std::nullopt;
  return due_.begin()->first;
}

}  // namespace ptarmigan::relay
