// adapt/supervise.hpp - keeps an answering process alive. Postfix defers all mail while its filter's socket does not
// answer, so the sockets are held by a small process that only watches: one that has died is started again, one that
// does not answer within `patience` is ended and started again. Where the watcher dies, the worker starts the program
// anew with the same sockets. Call before any thread is started. Threads: none.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "adapt/process.hpp"
#include "base/result.hpp"
#include "base/time.hpp"

namespace ptarmigan::adapt {

struct Supervision {
  std::vector<int> sockets;      ///< listening; stay open in both processes
  milliseconds interval{250};    ///< between two questions to the worker
  milliseconds patience{1'000};  ///< for one answer
  milliseconds pause{200};       ///< before a worker that has ended is started again
  std::function<void(const std::string&)> log;
  /// Runs in the worker. `lifeline` is a connection on which the watcher asks; it must be answered as a tcp_table is,
  /// and its end means that the watcher is gone. Returns the exit code.
  std::function<int(Descriptor lifeline)> work;
};

/// Until SIGTERM or SIGINT, or until a worker ends with a code that says it cannot work (2). Returns the exit code.
[[nodiscard]] int supervise(const Supervision& supervision);

/// For the worker whose watcher is gone: becomes a new run of this program with the same arguments and sockets. Returns
/// only where that failed.
void start_anew(const std::vector<int>& sockets);

}  // namespace ptarmigan::adapt
