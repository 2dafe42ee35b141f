// relay/commit.cpp - see commit.hpp.
#include "relay/commit.hpp"

#include <boost/asio/async_result.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace ptarmigan::relay {
namespace asio = boost::asio;

asio::awaitable<spool::Committed> committed(spool::Spool& spool, spool::Transaction change) {
  auto start = [&spool](auto handler, spool::Transaction what) {
    const auto executor = asio::get_associated_executor(handler);
    spool.commit(std::move(what), [handler = std::move(handler), executor](spool::Committed done) mutable {
      asio::post(executor, [handler = std::move(handler), done = std::move(done)]() mutable {
        std::move(handler)(std::move(done));
      });
    });
  };
  return asio::async_initiate<const asio::use_awaitable_t<>, void(spool::Committed)>(
      std::move(start), asio::use_awaitable, std::move(change));
}

}  // namespace ptarmigan::relay
