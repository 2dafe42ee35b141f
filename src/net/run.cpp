// net/run.cpp - see run.hpp.
#include "net/run.hpp"

#include <exception>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>

namespace ptarmigan::net {
namespace asio = boost::asio;

void run_blocking(asio::awaitable<void> task) {
  asio::io_context reactor(1);
  std::exception_ptr thrown;
  asio::co_spawn(reactor, std::move(task), [&thrown](std::exception_ptr exception) { thrown = exception; });
  reactor.run();
  if (thrown) std::rethrow_exception(thrown);
}

}  // namespace ptarmigan::net
