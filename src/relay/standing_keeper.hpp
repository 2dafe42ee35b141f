// relay/standing_keeper.hpp - what the server learnt of its routes, kept over restarts in one file of the spool's
// folder (route/standing_text.hpp): read at start, written some time after a change and at the end. Never on the path
// of a message: it is written by a thread of its own, whole or not at all. A file that is damaged or cannot be written
// is told, and stops nothing. Threads: one executor that runs on one thread.
#pragma once

#include <filesystem>
#include <functional>
#include <memory>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include "relay/log.hpp"
#include "relay/pacer.hpp"
#include "relay/router.hpp"

namespace ptarmigan::relay {

class StandingKeeper {
 public:
  struct Parts {
    boost::asio::any_io_executor executor;
    std::filesystem::path spool;
    Router& router;
    Pacer& pacer;
    Log log;
  };
  /// Everything outlives *this.
  explicit StandingKeeper(Parts parts);
  /// Writes what has changed.
  ~StandingKeeper();
  StandingKeeper(const StandingKeeper&) = delete;
  StandingKeeper& operator=(const StandingKeeper&) = delete;

  void restore();
  /// Until it is cancelled.
  [[nodiscard]] boost::asio::awaitable<void> save_forever();

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace ptarmigan::relay
