// net/run.hpp - runs one coroutine to its end on the calling thread: for commands and tests.
#pragma once

#include <optional>
#include <utility>

#include <boost/asio/awaitable.hpp>

namespace ptarmigan::net {

/// On a reactor of its own. An exception that leaves the coroutine is thrown here.
void run_blocking(boost::asio::awaitable<void> task);

/// The same, with the coroutine's value.
template <typename T>
T run_blocking(boost::asio::awaitable<T> task) {
  std::optional<T> value;
  auto keep = [](boost::asio::awaitable<T> inner, std::optional<T>& out) -> boost::asio::awaitable<void> {
    out.emplace(co_await std::move(inner));
  };
  run_blocking(keep(std::move(task), value));
  return *std::move(value);
}

}  // namespace ptarmigan::net
