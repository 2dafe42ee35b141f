// net/unbound_events.cpp - see unbound_events.hpp.
#include "net/unbound_events.hpp"

#include <chrono>
#include <cstdint>
#include <memory>
#include <utility>

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <sys/time.h>
#include <unbound-event.h>

namespace ptarmigan::net {
namespace asio = boost::asio;

struct UnboundEvents::Base : ub_event_base {
  explicit Base(asio::io_context& io) : ub_event_base{}, reactor(io) {}
  asio::io_context& reactor;
};

namespace {

using Callback = void (*)(int, short, void*);

/// One libunbound event: a descriptor's readiness, a timer, or both. libunbound may free an event inside the event's
/// own callback, so handlers share ownership, and a generation number tells a handler whether it is still wanted.
class Event : public ub_event, public std::enable_shared_from_this<Event> {
 public:
  static ub_event* make(asio::io_context& reactor, int fd, short bits, Callback callback, void* argument) {
    auto event = std::make_shared<Event>(reactor, fd, bits, callback, argument);
    event->self_ = event;
    return event.get();
  }
  static Event& of(ub_event* event) { return *static_cast<Event*>(event); }

  Event(asio::io_context& reactor, int fd, short bits, Callback callback, void* argument);
  Event(const Event&) = delete;
  Event& operator=(const Event&) = delete;
  ~Event() { deactivate(); }

  void release() {
    deactivate();
    self_.reset();
  }
  void change_bits(short bits) {
    deactivate();
    bits_ = bits;
  }
  void change_fd(int fd) {
    deactivate();
    fd_ = fd;
  }
  void change_callback(Callback callback, void* argument) {
    deactivate();
    callback_ = callback;
    argument_ = argument;
    bits_ = static_cast<short>(bits_ | UB_EV_TIMEOUT);
  }
  [[nodiscard]] short bits() const { return bits_; }
  bool activate(const timeval* timeout);
  void deactivate();

 private:
  void wait_ready(short bit, std::uint64_t generation);
  void wait_timer(std::uint64_t generation);
  void fire(short bit, std::uint64_t generation);

  asio::posix::stream_descriptor descriptor_;
  asio::steady_timer timer_;
  int fd_;
  short bits_;
  Callback callback_;
  void* argument_;
  std::chrono::microseconds timeout_{-1};  ///< negative: no timer
  std::uint64_t generation_ = 0;           ///< moves on at every activation and deactivation
  std::shared_ptr<Event> self_;            ///< libunbound's own share
};

bool Event::activate(const timeval* timeout) {
  deactivate();
  const std::uint64_t generation = ++generation_;
  if (fd_ >= 0 && (bits_ & (UB_EV_READ | UB_EV_WRITE)) != 0) {
    boost::system::error_code error;
    descriptor_.assign(fd_, error);
    if (error) return false;
    if ((bits_ & UB_EV_READ) != 0) wait_ready(UB_EV_READ, generation);
    if ((bits_ & UB_EV_WRITE) != 0) wait_ready(UB_EV_WRITE, generation);
  }
  timeout_ = std::chrono::microseconds(-1);
  if (timeout != nullptr) {
    timeout_ = std::chrono::seconds(timeout->tv_sec) + std::chrono::microseconds(timeout->tv_usec);
    wait_timer(generation);
  }
  return true;
}

void Event::deactivate() {
  ++generation_;
  // The descriptor is libunbound's to close: it is only handed back.
  if (descriptor_.is_open()) descriptor_.release();
  timer_.cancel();
}

void Event::wait_ready(short bit, std::uint64_t generation) {
  const auto direction =
      bit == UB_EV_READ ? asio::posix::descriptor_base::wait_read : asio::posix::descriptor_base::wait_write;
  descriptor_.async_wait(direction,
                         [self = shared_from_this(), bit, generation](const boost::system::error_code& error) {
                           if (!error) self->fire(bit, generation);
                         });
}

void Event::wait_timer(std::uint64_t generation) {
  timer_.expires_after(timeout_);
  timer_.async_wait([self = shared_from_this(), generation](const boost::system::error_code& error) {
    if (!error) self->fire(UB_EV_TIMEOUT, generation);
  });
}

void Event::fire(short bit, std::uint64_t generation) {
  if (generation != generation_) return;
  const bool persistent = (bits_ & UB_EV_PERSIST) != 0;
  if (!persistent) deactivate();
  callback_(fd_, bit, argument_);
  if (!persistent || generation != generation_) return;
  if (bit != UB_EV_TIMEOUT) wait_ready(bit, generation);
  if (timeout_.count() >= 0) wait_timer(generation);
}

int set(bool ok) {
  return ok ? 0 : -1;
}

ub_event_vmt& event_table() {
  static ub_event_vmt table = {
      .add_bits = [](ub_event* e,
                     short bits) { Event::of(e).change_bits(static_cast<short>(Event::of(e).bits() | bits)); },
      .del_bits = [](ub_event* e,
                     short bits) { Event::of(e).change_bits(static_cast<short>(Event::of(e).bits() & ~bits)); },
      .set_fd = [](ub_event* e, int fd) { Event::of(e).change_fd(fd); },
      .free = [](ub_event* e) { Event::of(e).release(); },
      .add = [](ub_event* e, timeval* timeout) { return set(Event::of(e).activate(timeout)); },
      .del =
          [](ub_event* e) {
            Event::of(e).deactivate();
            return 0;
          },
      .add_timer =
          [](ub_event* e, ub_event_base*, Callback callback, void* argument, timeval* timeout) {
            Event::of(e).change_callback(callback, argument);
            return set(Event::of(e).activate(timeout));
          },
      .del_timer =
          [](ub_event* e) {
            Event::of(e).deactivate();
            return 0;
          },
      .add_signal = [](ub_event*, timeval*) { return -1; },
      .del_signal = [](ub_event*) { return -1; },
      .winsock_unregister_wsaevent = [](ub_event*) {},
      .winsock_tcp_wouldblock = [](ub_event*, int) {},
  };
  return table;
}

Event::Event(asio::io_context& reactor, int fd, short bits, Callback callback, void* argument)
    : ub_event{UB_EVENT_MAGIC, &event_table()},
      descriptor_(reactor),
      timer_(reactor),
      fd_(fd),
      bits_(bits),
      callback_(callback),
      argument_(argument) {}

}  // namespace

UnboundEvents::UnboundEvents(asio::io_context& reactor) : base_(std::make_unique<Base>(reactor)) {
  static ub_event_base_vmt table = {
      .free = [](ub_event_base*) {},
      .dispatch = [](ub_event_base*) { return 0; },
      .loopexit = [](ub_event_base*, timeval*) { return 0; },
      .new_event =
          [](ub_event_base* base, int fd, short bits, Callback callback, void* argument) {
            return Event::make(static_cast<Base*>(base)->reactor, fd, bits, callback, argument);
          },
      .new_signal = [](ub_event_base*, int, Callback, void*) -> ub_event* { return nullptr; },
      .winsock_register_wsaevent = [](ub_event_base*, void*, Callback, void*) -> ub_event* { return nullptr; },
  };
  base_->magic = UB_EVENT_MAGIC;
  base_->vmt = &table;
}

UnboundEvents::~UnboundEvents() = default;

ub_event_base* UnboundEvents::base() {
  return base_.get();
}

}  // namespace ptarmigan::net
