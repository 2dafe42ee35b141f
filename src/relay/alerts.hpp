// relay/alerts.hpp - where alerts go: a command, a webhook. Off unless configured.
// Limits: a command has a minute; a webhook is tried five times, with growing pauses. Threads: one executor that runs
// on one thread; commands run on a thread of their own.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include <boost/asio/awaitable.hpp>

#include "config/config.hpp"
#include "net/answer_source.hpp"
#include "watch/alert.hpp"

namespace ptarmigan::relay {

struct AlertResult {
  std::string channel;  ///< "command FILE", "webhook HOST"
  Result<> result;
};

class Alerts {
 public:
  /// An error names the setting that cannot be used. `dns` outlives *this.
  static Result<std::unique_ptr<Alerts>> create(const config::Watch& settings, net::AnswerSource& dns);
  ~Alerts();
  Alerts(const Alerts&) = delete;
  Alerts& operator=(const Alerts&) = delete;

  /// Over every channel that is configured; one result for each.
  [[nodiscard]] boost::asio::awaitable<std::vector<AlertResult>> send(watch::Alert alert);

 private:
  class Impl;
  explicit Alerts(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace ptarmigan::relay
