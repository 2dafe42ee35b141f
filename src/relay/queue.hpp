// relay/queue.hpp - which message is tried next: jobs by due time, by domain until its destination is known, then by
// site. A slow or dead site holds only its own places: no site has more than its share of workers, and jobs of other
// sites never wait behind it. Pure: time is passed in. Threads: one object, one thread.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/queue_id.hpp"
#include "base/time.hpp"
#include "route/destination.hpp"

namespace ptarmigan::relay {

/// One recipient group of one message.
struct Job {
  QueueId message;
  std::uint32_t group = 0;
  friend auto operator<=>(const Job&, const Job&) = default;
};

class Queue {
 public:
  struct Limits {
    unsigned workers_per_site = 20;
    unsigned workers = 500;
  };
  explicit Queue(Limits limits) : limits_(limits) {}

  void add(Job job, const std::string& domain, SteadyTime due);

  /// Moves what is due to its domain. Returns the domains whose destination must be found (again); each is returned
  /// once until resolved() answers for it.
  [[nodiscard]] std::vector<std::string> take_due(SteadyTime now);
  /// The destination of a domain, to be believed until `good_until`.
  void resolved(const std::string& domain, std::shared_ptr<const route::Destination> destination,
                SteadyTime good_until);

  /// A site that has waiting jobs and a free place, which is then taken: run a worker for it, then end_worker().
  [[nodiscard]] std::optional<std::string> start_worker();
  void end_worker(const std::string& site);

  struct Work {
    Job job;
    std::string domain;
    std::shared_ptr<const route::Destination> destination;
  };
  /// The next job of the site; nothing where none waits.
  [[nodiscard]] std::optional<Work> next(const std::string& site);

  /// When take_due() has something to do; nothing while nothing waits for a time.
  [[nodiscard]] std::optional<SteadyTime> next_due() const;
  /// Jobs that wait, for a time, a destination or a worker.
  [[nodiscard]] std::size_t waiting() const { return waiting_; }
  [[nodiscard]] unsigned workers() const { return workers_; }

 private:
  struct Domain {
    std::deque<Job> unresolved;
    bool asked = false;
    std::shared_ptr<const route::Destination> destination = {};
    SteadyTime good_until = {};
  };
  struct SiteJob {
    Job job;
    std::string domain;
  };
  struct Site {
    std::deque<SiteJob> jobs;
    unsigned workers = 0;
    bool listed = false;  ///< in startable_
  };
  void to_site(const std::string& domain, const Domain& known, Job job);
  void list(const std::string& key, Site& site);

  Limits limits_;
  std::multimap<SteadyTime, std::pair<Job, std::string>> due_;
  std::unordered_map<std::string, Domain> domains_;
  std::unordered_map<std::string, Site> sites_;
  std::deque<std::string> startable_;  ///< sites with jobs and a free place, in turn
  std::size_t waiting_ = 0;
  unsigned workers_ = 0;
};

/// The name under which a destination is worked on: its site, or the domain itself where there is none.
[[nodiscard]] std::string site_key(const route::Destination& destination, const std::string& domain);

}  // namespace ptarmigan::relay
