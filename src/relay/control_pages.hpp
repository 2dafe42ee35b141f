// relay/control_pages.hpp - the queue read page by page, and the suppression list, for commands on them. Blocks on the
// disk.
#pragma once

#include <optional>
#include <vector>

#include "relay/control.hpp"
#include "relay/control_json.hpp"

namespace ptarmigan::relay {

struct Page {
  std::vector<spool::Queued> messages;  ///< in the order of ids
  std::optional<QueueId> next;          ///< to go on after
};
/// What matches, after `after`, at most `limit` messages.
[[nodiscard]] Result<Page> read_page(const spool::Reader& reader, const Selection& what, std::optional<QueueId> after,
                                     std::size_t limit);
[[nodiscard]] Result<Summing> sum_up(const spool::Reader& reader, const Selection& what, WallTime now);
/// suppress, unsuppress and suppressed.
[[nodiscard]] Result<std::string> run_on(SuppressionList& list, const Command& command, WallTime now);
/// Of a verb that changes the queue.
[[nodiscard]] std::optional<QueueChange> change_of(Command::Verb verb);

}  // namespace ptarmigan::relay
