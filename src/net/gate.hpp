// net/gate.hpp - the one way to start a coroutine that nobody awaits: it is counted, can be cancelled, and is waited
// for.
//
//   gate.spawn(session(std::move(stream)));
//   ...
//   listener.close(); gate.cancel(); co_await gate.closed();      // then destroy what the coroutines use
//
// In a coroutine that is cancelled nothing is thrown: waits end (Fault::cancelled), cancelled() of stream.hpp is true,
// and the coroutine ends in its own order. Threads: one executor, which runs on one thread at a time.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

namespace ptarmigan::net {

class Gate {
 public:
  /// `on_exception` is told what escaped from a coroutine: a bug, or memory that ran out.
  explicit Gate(boost::asio::any_io_executor executor, std::function<void(std::string)> on_exception = {});
  Gate(const Gate&) = delete;
  Gate& operator=(const Gate&) = delete;
  /// Everything spawned must have ended: see closed().
  ~Gate();

  /// Starts `task` on the gate's executor. After cancel() it is not started, and destroyed.
  void spawn(boost::asio::awaitable<void> task);
  [[nodiscard]] std::size_t running() const;
  /// Cancels what runs, and refuses what comes.
  void cancel();
  /// Returns when everything that was spawned has ended.
  [[nodiscard]] boost::asio::awaitable<void> closed();

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace ptarmigan::net
