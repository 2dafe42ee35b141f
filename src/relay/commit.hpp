// relay/commit.hpp - a commit that a coroutine waits for. Threads: any executor; the spool completes on its own thread.
#pragma once

#include <boost/asio/awaitable.hpp>

#include "spool/spool.hpp"

namespace ptarmigan::relay {

/// Completes on the waiting coroutine's own executor when the spool has the change on disk. Not cancelled half-way.
[[nodiscard]] boost::asio::awaitable<spool::Committed> committed(spool::Spool& spool, spool::Transaction change);

}  // namespace ptarmigan::relay
