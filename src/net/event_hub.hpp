// net/event_hub.hpp - one place to publish events to, and event streams that get them.
//
//   net::EventHub hub;
//   reply.events = hub.subscribe();
//   hub.publish({.name = "incident", .data = "{...}"});
//
// A reader that falls behind by max_waiting events misses them and is told so by one event "missed": it then asks for
// the whole again. Threads: publish() from any; streams on any executor. The hub may go before its streams: they end.
#pragma once

#include <cstddef>
#include <memory>

#include "net/http_message.hpp"

namespace ptarmigan::net {

class EventHub {
 public:
  static constexpr std::size_t max_waiting = 256;
  static constexpr std::size_t max_streams = 64;

  EventHub();
  EventHub(const EventHub&) = delete;
  EventHub& operator=(const EventHub&) = delete;
  ~EventHub();

  void publish(HttpEvent event);
  /// Nothing where max_streams are open. What is published from now on; it ends with the hub.
  [[nodiscard]] std::optional<HttpEvents> subscribe();
  [[nodiscard]] std::size_t streams() const;

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace ptarmigan::net
