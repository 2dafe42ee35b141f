// net/event_hub.cpp - see event_hub.hpp.
#include "net/event_hub.hpp"

#include <deque>
#include <list>
#include <mutex>
#include <utility>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "net/clock.hpp"

namespace ptarmigan::net {
namespace asio = boost::asio;
namespace {

struct Reader {
  std::mutex mutex;
  std::deque<HttpEvent> waiting;
  bool missed = false;
  bool ended = false;
  std::shared_ptr<asio::steady_timer> waking;  ///< of the wait in progress

  std::optional<std::vector<HttpEvent>> take() {
    if (ended && waiting.empty()) return std::nullopt;
    std::vector<HttpEvent> out;
    if (std::exchange(missed, false)) out.push_back({.name = "missed", .data = "{}"});
    out.insert(out.end(), std::make_move_iterator(waiting.begin()), std::make_move_iterator(waiting.end()));
    waiting.clear();
    return out;
  }
  /// With the lock held. The timer belongs to its own executor.
  void wake() {
    if (!waking) return;
    asio::post(waking->get_executor(), [timer = waking] { timer->cancel(); });
  }
};

asio::awaitable<std::optional<std::vector<HttpEvent>>> wait(std::shared_ptr<Reader> reader, SteadyTime deadline) {
  auto timer = std::make_shared<asio::steady_timer>(co_await asio::this_coro::executor);
  timer->expires_at(timer_point(deadline));
  {
    const std::lock_guard lock(reader->mutex);
    if (!reader->waiting.empty() || reader->missed || reader->ended) co_return reader->take();
    reader->waking = timer;
  }
  co_await timer->async_wait(asio::as_tuple(asio::use_awaitable));
  const std::lock_guard lock(reader->mutex);
  reader->waking.reset();
  co_return reader->take();
}

}  // namespace

struct EventHub::State {
  mutable std::mutex mutex;
  std::list<std::weak_ptr<Reader>> readers;

  void forget_gone() {
    std::erase_if(readers, [](const auto& reader) { return reader.expired(); });
  }
};

EventHub::EventHub() : state_(std::make_shared<State>()) {}

EventHub::~EventHub() {
  const std::lock_guard lock(state_->mutex);
  for (const auto& weak : state_->readers) {
    const auto reader = weak.lock();
    if (!reader) continue;
    const std::lock_guard reading(reader->mutex);
    reader->ended = true;
    reader->wake();
  }
}

void EventHub::publish(HttpEvent event) {
  const std::lock_guard lock(state_->mutex);
  state_->forget_gone();
  for (const auto& weak : state_->readers) {
    const auto reader = weak.lock();
    if (!reader) continue;
    const std::lock_guard reading(reader->mutex);
    if (reader->waiting.size() >= max_waiting) {
      reader->waiting.clear();
      reader->missed = true;
    } else if (!reader->missed) {
      reader->waiting.push_back(event);
    }
    reader->wake();
  }
}

std::optional<HttpEvents> EventHub::subscribe() {
  const std::lock_guard lock(state_->mutex);
  state_->forget_gone();
  if (state_->readers.size() >= max_streams) return std::nullopt;
  auto reader = std::make_shared<Reader>();
  state_->readers.push_back(reader);
  return [reader](SteadyTime deadline) { return wait(reader, deadline); };
}

std::size_t EventHub::streams() const {
  const std::lock_guard lock(state_->mutex);
  state_->forget_gone();
  return state_->readers.size();
}

}  // namespace ptarmigan::net
