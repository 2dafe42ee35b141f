// relay/queue_change.cpp - see queue_change.hpp.
#include "relay/queue_change.hpp"

namespace ptarmigan::relay {

spool::GroupRecord changed(QueueChange what, spool::GroupRecord group, WallTime now) {
  switch (what) {
    case QueueChange::hold: group.held = true; break;
    case QueueChange::release:
      group.held = false;
      group.next_attempt = now;
      break;
    case QueueChange::retry: group.next_attempt = now; break;
    case QueueChange::remove: break;
  }
  return group;
}

void add_change(spool::Transaction& transaction, QueueChange what, spool::GroupRecord group, WallTime now) {
  if (what == QueueChange::remove) return transaction.remove(group.message, group.number);
  transaction.put(changed(what, std::move(group), now));
}

}  // namespace ptarmigan::relay
