// net/unbound_events.hpp - libunbound's pluggable event base over an Asio io_context.
// Threads: all events belong to the one thread that runs the io_context. Private to the resolver.
#pragma once

#include <memory>

#include <boost/asio/io_context.hpp>

struct ub_event_base;

namespace ptarmigan::net {

class UnboundEvents {
 public:
  /// `reactor` must outlive *this, and *this every libunbound context made with base().
  explicit UnboundEvents(boost::asio::io_context& reactor);
  UnboundEvents(const UnboundEvents&) = delete;
  UnboundEvents& operator=(const UnboundEvents&) = delete;
  ~UnboundEvents();

  [[nodiscard]] ub_event_base* base();

 private:
  struct Base;
  std::unique_ptr<Base> base_;
};

}  // namespace ptarmigan::net
