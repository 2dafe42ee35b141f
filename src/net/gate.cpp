// net/gate.cpp - see gate.hpp.
#include "net/gate.hpp"

#include <cassert>
#include <exception>
#include <list>
#include <utility>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/system/system_error.hpp>

namespace ptarmigan::net {
namespace asio = boost::asio;

struct Gate::State {
  explicit State(asio::any_io_executor on, std::function<void(std::string)> told)
      : executor(on), on_exception(std::move(told)), empty(on) {}

  asio::any_io_executor executor;
  std::function<void(std::string)> on_exception;
  std::list<asio::cancellation_signal> signals;  ///< one for each coroutine that runs
  asio::steady_timer empty;                      ///< cancelled when the last one ends
  bool cancelled = false;
};

namespace {

/// A cancelled coroutine goes on, with its waits ended: it looks (cancelled(), Fault::cancelled) and ends in its own
/// order.
asio::awaitable<void> without_throwing(asio::awaitable<void> task) {
  co_await asio::this_coro::throw_if_cancelled(false);
  co_await std::move(task);
}

}  // namespace

Gate::Gate(asio::any_io_executor executor, std::function<void(std::string)> on_exception)
    : state_(std::make_shared<State>(std::move(executor), std::move(on_exception))) {}

Gate::~Gate() = default;

void Gate::spawn(asio::awaitable<void> task) {
  if (state_->cancelled) return;
  const auto signal = state_->signals.emplace(state_->signals.end());
  auto ended = [state = state_, signal](std::exception_ptr exception) {
    state->signals.erase(signal);
    if (state->signals.empty()) state->empty.cancel();
    if (!exception) return;
    try {
      std::rethrow_exception(exception);
    } catch (const boost::system::system_error& error) {
      // How Asio unwinds a cancelled coroutine.
      if (error.code() != asio::error::operation_aborted && state->on_exception) state->on_exception(error.what());
    } catch (const std::exception& error) {
      if (state->on_exception) state->on_exception(error.what());
    }
  };
  asio::co_spawn(state_->executor, without_throwing(std::move(task)),
                 asio::bind_cancellation_slot(signal->slot(), std::move(ended)));
}

std::size_t Gate::running() const {
  return state_->signals.size();
}

void Gate::cancel() {
  state_->cancelled = true;
  // A coroutine may end inside emit() and take its signal away.
  for (auto next = state_->signals.begin(); next != state_->signals.end();) {
    auto& signal = *next++;
    signal.emit(asio::cancellation_type::terminal);
  }
}

asio::awaitable<void> Gate::closed() {
  const auto state = state_;
  co_await asio::this_coro::throw_if_cancelled(false);
  while (!state->signals.empty()) {
    state->empty.expires_at(asio::steady_timer::time_point::max());
    co_await state->empty.async_wait(asio::as_tuple(asio::use_awaitable));
  }
}

}  // namespace ptarmigan::net
