// relay/watcher.hpp - what the running server notices: incidents of its own attempts, changes of its own records, block
// lists, lost standings, a full disk, reports in the drop folder; and whom it tells. What is judged is in watch/.
// Threads: one executor that runs on one thread; reports are read on a thread of their own.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include "config/config.hpp"
#include "net/answer_source.hpp"
#include "net/gate.hpp"
#include "relay/alerts.hpp"
#include "relay/figure_sources.hpp"
#include "relay/router.hpp"
#include "store/attempt.hpp"
#include "store/history.hpp"
#include "store/records.hpp"
#include "watch/queue_age.hpp"

namespace ptarmigan::relay {

/// All of it outlives the Watcher.
struct WatcherParts {
  boost::asio::any_io_executor executor;
  const config::Config& config;
  store::History& history;
  net::AnswerSource& dns;
  net::Gate& gate;
  Router& router;
  std::function<boost::asio::awaitable<std::string>(std::string)> control;  ///< commands: control.hpp
  std::function<void(const std::string&)> warn;                             ///< into the server's log
  std::function<void()> changed;                       ///< incidents did, and the history has it; from any thread
  std::function<void(const watch::Alert&)> send_mail;  ///< to watch.alert_mail
  /// A recipient of ours reported our mail as abuse, or opted out of it.
  std::function<void(const store::FeedbackRow&)> complained;
  std::vector<std::unique_ptr<FigureSource>> figures = {};  ///< asked every few hours
};

class Watcher {
 public:
  /// An error names the setting that cannot be used. Takes up what an earlier run left open.
  static Result<std::unique_ptr<Watcher>> create(WatcherParts parts);
  ~Watcher();
  Watcher(const Watcher&) = delete;
  Watcher& operator=(const Watcher&) = delete;

  /// As it happens.
  void attempt(const store::Attempt& attempt);
  /// Ends with the gate.
  void start();
  /// What the incident is about is asked anew, past caches where it is in DNS; the incident's story keeps the answer.
  [[nodiscard]] boost::asio::awaitable<watch::Checked> look_again(watch::Incident incident);
  /// Of the oldest mail in the queue that is not held, when it was last looked at.
  [[nodiscard]] milliseconds oldest_wait() const;
  /// What waits in the queue by site and cause, when it was last looked at.
  [[nodiscard]] const std::vector<watch::QueueWait>& queue_waits() const;
  /// Open incidents by kind and site, for the metrics.
  [[nodiscard]] std::map<std::pair<std::string, std::string>, std::size_t> open() const;

 private:
  class Impl;
  explicit Watcher(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace ptarmigan::relay
