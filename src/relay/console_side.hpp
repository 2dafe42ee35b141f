// relay/console_side.hpp - the server's side of the console: counts for /metrics, the state that the page shows, and
// the commands that it gives. Threads: one executor that runs on one thread; counting from any.
#pragma once

#include <functional>
#include <memory>
#include <vector>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include "console/console.hpp"
#include "relay/control.hpp"
#include "relay/delivery.hpp"
#include "relay/http_intake.hpp"
#include "relay/server.hpp"
#include "relay/suppression.hpp"
#include "relay/watcher.hpp"

namespace ptarmigan::relay {

/// What is counted while the server runs, and who is told of changes.
class ServerCounts {
 public:
  [[nodiscard]] std::function<void(const store::Attempt&)> on_attempt();
  [[nodiscard]] std::function<void(const spool::Synced&)> on_synced();
  [[nodiscard]] console::Metrics& metrics() { return metrics_; }
  [[nodiscard]] net::EventHub& events() { return events_; }

 private:
  console::Metrics metrics_;
  net::EventHub events_;
};

class ConsoleSide {
 public:
  /// Everything but `log` outlives *this.
  struct Parts {
    boost::asio::any_io_executor executor;
    const config::Config& config;
    const Origin& origin;
    ServerCounts& counts;
    spool::Spool& spool;
    store::History& history;
    Router& router;
    Delivery& delivery;
    Control& control;
    HttpIntake& intake;
    Watcher& watcher;
    const SuppressionList& suppressed;
    Log log;
  };
  /// An error says which setting is wrong.
  static Result<std::unique_ptr<ConsoleSide>> open(Parts parts, std::vector<net::InheritedSocket> inherited);
  ~ConsoleSide();
  ConsoleSide(const ConsoleSide&) = delete;
  ConsoleSide& operator=(const ConsoleSide&) = delete;

  void start();
  [[nodiscard]] boost::asio::awaitable<void> close();

 private:
  explicit ConsoleSide(Parts parts) : parts_(std::move(parts)) {}
  [[nodiscard]] std::string not_ready() const;
  void measure();

  Parts parts_;
  std::unique_ptr<console::Console> console_;
};

}  // namespace ptarmigan::relay
