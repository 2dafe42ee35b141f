// relay/queue.cpp - see queue.hpp.
#include "relay/queue.hpp"

#include <algorithm>

namespace ptarmigan::relay {
namespace {

/// Of a stream that waits, the domains of so many jobs are shown.
constexpr std::size_t shown_jobs = 100;

}  // namespace

std::uint32_t stream_of(std::string_view mail_from, std::string_view header_from_domain) {
  // FNV-1a, 32 bits.
  constexpr std::uint32_t offset_basis = 2'166'136'261U;
  constexpr std::uint32_t prime = 16'777'619U;
  std::uint32_t hash = offset_basis;
  const auto at = mail_from.rfind('@');
  const auto add = [&](std::string_view text) {
    for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * prime;
  };
  add(at == std::string_view::npos ? mail_from : mail_from.substr(at));
  add(" ");
  add(header_from_domain);
  return hash;
}

std::string site_key(const route::Destination& destination, const std::string& domain) {
  return destination.site.key.empty() ? "domain " + domain : destination.site.key;
}

void Queue::add(Job job, const std::string& domain, SteadyTime due) {
  due_.emplace(due, std::pair(job, domain));
  ++waiting_;
}

std::vector<std::string> Queue::take_due(SteadyTime now) {
  end_waits(now);
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
  auto& stream = site.streams[job.stream];
  stream.jobs.push_back({job, domain});
  if (stream.wait) return;
  ++site.ready;
  if (stream.jobs.size() == 1) site.turn.push_back(job.stream);
  list(key, site);
}

void Queue::list(const std::string& key, Site& site) {
  // Workers that run already take further jobs; another one is worth it only for jobs beyond theirs.
  if (site.listed || site.ready == 0 || site.workers >= limits_.workers_per_site) return;
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
  if (site.ready > site.workers) list(key, site);
  return key;
}

void Queue::end_worker(const std::string& key) {
  const auto found = sites_.find(key);
  if (found == sites_.end()) return;
  auto& site = found->second;
  --site.workers;
  --workers_;
  list(key, site);
  if (site.workers == 0 && site.streams.empty() && !site.listed) sites_.erase(found);
}

std::optional<Queue::Work> Queue::next(const std::string& key) {
  const auto found = sites_.find(key);
  if (found == sites_.end() || found->second.turn.empty()) return std::nullopt;
  auto& site = found->second;
  const auto number = site.turn.front();
  site.turn.pop_front();
  auto& stream = site.streams[number];
  SiteJob taken = std::move(stream.jobs.front());
  stream.jobs.pop_front();
  if (stream.jobs.empty()) {
    site.streams.erase(number);
  } else {
    site.turn.push_back(number);
  }
  --site.ready;
  --waiting_;
  return Work{taken.job, taken.domain, domains_[taken.domain].destination};
}

void Queue::put_back(const std::string& key, Work work, Wait wait) {
  auto& site = sites_[key];
  const auto number = work.job.stream;
  auto& stream = site.streams[number];
  if (!stream.wait && !stream.jobs.empty()) {
    site.ready -= stream.jobs.size();
    std::erase(site.turn, number);
  }
  stream.jobs.push_front({work.job, std::move(work.domain)});
  ++waiting_;
  // Where two of its jobs came back, the stream waits for the later time.
  const bool later = !stream.wait || (wait.until && (!stream.wait->until || *wait.until > *stream.wait->until));
  if (!later) return;
  if (wait.until) wakes_.emplace(*wait.until, std::pair(key, number));
  stream.wait = std::move(wait);
}

void Queue::make_ready(Site& site, std::uint32_t number, Stream& stream) {
  stream.wait.reset();
  site.ready += stream.jobs.size();
  site.turn.push_back(number);
}

void Queue::end_waits(SteadyTime now) {
  while (!wakes_.empty() && wakes_.begin()->first <= now) {
    const auto [key, number] = std::move(wakes_.begin()->second);
    wakes_.erase(wakes_.begin());
    const auto site = sites_.find(key);
    if (site == sites_.end()) continue;
    const auto stream = site->second.streams.find(number);
    if (stream == site->second.streams.end()) continue;
    const auto& wait = stream->second.wait;
    // Another wait has begun meanwhile: it has a wake of its own, or ends with a place.
    if (!wait || !wait->until || *wait->until > now) continue;
    make_ready(site->second, number, stream->second);
    list(key, site->second);
  }
}

void Queue::place_freed(const std::string& key, More more) {
  const auto found = sites_.find(key);
  if (found == sites_.end()) return;
  for (auto& [number, stream] : found->second.streams)
    if (stream.wait && !stream.wait->until) make_ready(found->second, number, stream);
  if (more == More::yes) list(key, found->second);
}

std::vector<Queue::Held> Queue::held() const {
  std::vector<Held> out;
  for (const auto& [key, site] : sites_) {
    for (const auto& [number, stream] : site.streams) {
      if (!stream.wait) continue;
      auto& held = out.emplace_back(Held{key, *stream.wait, stream.jobs.size(), {}});
      for (std::size_t i = 0; i < std::min(shown_jobs, stream.jobs.size()); ++i)
        if (std::ranges::find(held.domains, stream.jobs[i].domain) == held.domains.end())
          held.domains.push_back(stream.jobs[i].domain);
    }
  }
  return out;
}

const Queue::Wait* Queue::wait_of(const std::string& domain, std::uint32_t stream) const {
  const auto known = domains_.find(domain);
  if (known == domains_.end() || !known->second.destination) return nullptr;
  const auto site = sites_.find(site_key(*known->second.destination, domain));
  if (site == sites_.end()) return nullptr;
  const auto found = site->second.streams.find(stream);
  return found == site->second.streams.end() || !found->second.wait ? nullptr : &*found->second.wait;
}

std::optional<SteadyTime> Queue::next_due() const {
  if (due_.empty() && wakes_.empty()) return std::nullopt;
  if (due_.empty()) return wakes_.begin()->first;
  if (wakes_.empty()) return due_.begin()->first;
  return std::min(due_.begin()->first, wakes_.begin()->first);
}

}  // namespace ptarmigan::relay
