// relay/queue.hpp - which message is tried next: jobs by due time, by domain until its destination is known, then by
// site, and within a site by sender in turn. A slow or dead site holds only its own places, and a sender whom pacing
// stops at a site holds only their own mail: no other job ever waits behind it. Pure: time is passed in.
// Threads: one object, one thread.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
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
  std::uint32_t stream = 0;    ///< stream_of() its sender
  std::uint32_t attempts = 0;  ///< GroupRecord::attempts: a job that another one has overtaken is dropped
  friend auto operator<=>(const Job&, const Job&) = default;
};

/// Mail of one sender, as receivers count it, is one stream. A number, so that a waiting job stays small; two senders
/// that share one by chance wait for each other.
[[nodiscard]] std::uint32_t stream_of(std::string_view mail_from, std::string_view header_from_domain);

class Queue {
 public:
  struct Limits {
    unsigned workers_per_site = 20;
    unsigned workers = 500;
  };
  explicit Queue(Limits limits) : limits_(limits) {}

  void add(Job job, const std::string& domain, SteadyTime due);

  /// Moves what is due to its domain, and lets streams go on whose wait is over. Returns the domains whose destination
  /// must be found (again); each is returned once until resolved() answers for it.
  [[nodiscard]] std::vector<std::string> take_due(SteadyTime now);
  /// The destination of a domain, to be believed until `good_until`.
  void resolved(const std::string& domain, std::shared_ptr<const route::Destination> destination,
                SteadyTime good_until);

  /// A site that has ready jobs and a free place, which is then taken: run a worker for it, then end_worker().
  [[nodiscard]] std::optional<std::string> start_worker();
  void end_worker(const std::string& site);

  struct Work {
    Job job;
    std::string domain;
    std::shared_ptr<const route::Destination> destination;
  };
  /// The next job of the site, of each sender in turn; nothing where none is ready.
  [[nodiscard]] std::optional<Work> next(const std::string& site);

  /// Why a stream waits.
  struct Wait {
    std::optional<SteadyTime> until;  ///< nothing: until place_freed()
    std::string sender;               ///< for people
    std::string why;
  };
  /// Gives a job back that may not go now. It and all of its stream at this site wait.
  void put_back(const std::string& site, Work work, Wait wait);
  /// An attempt at the site has ended: streams that waited for that may go on. The worker that calls it goes on with
  /// next(); `more`: another worker is worth it too.
  enum class More { no, yes };
  void place_freed(const std::string& site, More more);

  /// When take_due() has something to do; nothing while nothing waits for a time.
  [[nodiscard]] std::optional<SteadyTime> next_due() const;
  /// Jobs that wait, for a time, a destination or a worker.
  [[nodiscard]] std::size_t waiting() const { return waiting_; }
  [[nodiscard]] unsigned workers() const { return workers_; }

  struct Held {
    std::string site;
    Wait wait;
    std::size_t jobs = 0;
    std::vector<std::string> domains;  ///< of the first of them, each once
  };
  /// The streams that wait by put_back().
  [[nodiscard]] std::vector<Held> held() const;
  /// What mail of this stream to this domain waits for, where it waits by put_back(). Valid until the next change.
  [[nodiscard]] const Wait* wait_of(const std::string& domain, std::uint32_t stream) const;

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
  struct Stream {
    std::deque<SiteJob> jobs;
    std::optional<Wait> wait = {};  ///< not ready
  };
  struct Site {
    std::unordered_map<std::uint32_t, Stream> streams;  ///< with jobs
    std::deque<std::uint32_t> turn;                     ///< the ready streams, each once
    std::size_t ready = 0;                              ///< jobs of ready streams
    unsigned workers = 0;
    bool listed = false;  ///< in startable_
  };
  void to_site(const std::string& domain, const Domain& known, Job job);
  void list(const std::string& key, Site& site);
  static void make_ready(Site& site, std::uint32_t number, Stream& stream);
  void end_waits(SteadyTime now);

  Limits limits_;
  std::multimap<SteadyTime, std::pair<Job, std::string>> due_;
  std::multimap<SteadyTime, std::pair<std::string, std::uint32_t>> wakes_;  ///< site and stream
  std::unordered_map<std::string, Domain> domains_;
  std::unordered_map<std::string, Site> sites_;
  std::deque<std::string> startable_;  ///< sites with ready jobs and a free place, in turn
  std::size_t waiting_ = 0;
  unsigned workers_ = 0;
};

/// The name under which a destination is worked on: its site, or the domain itself where there is none.
[[nodiscard]] std::string site_key(const route::Destination& destination, const std::string& domain);

}  // namespace ptarmigan::relay
