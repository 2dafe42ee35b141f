// relay/queue_change.hpp - what an operator can do to a queued recipient group. Pure.
#pragma once

#include <cstddef>

#include "spool/spool.hpp"

namespace ptarmigan::relay {

enum class QueueChange {
  hold,     ///< not delivered until released
  release,  ///< what was held is due now
  retry,    ///< due now; what is held stays held
  remove,   ///< deleted; the sender is not told
};

struct QueueChanged {
  std::size_t messages = 0;
  std::size_t groups = 0;       ///< changed, on disk
  std::size_t in_delivery = 0;  ///< changed when their attempt has ended, unless it ends them
  friend bool operator==(const QueueChanged&, const QueueChanged&) = default;
};

/// The group after the change; not for remove.
[[nodiscard]] spool::GroupRecord changed(QueueChange what, spool::GroupRecord group, WallTime now);
void add_change(spool::Transaction& transaction, QueueChange what, spool::GroupRecord group, WallTime now);

}  // namespace ptarmigan::relay
