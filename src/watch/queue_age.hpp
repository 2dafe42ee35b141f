// watch/queue_age.hpp - mail that waits too long, from the server's own answers (relay/control.hpp). Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "watch/incidents.hpp"

namespace ptarmigan::watch {

/// When the first message of an answer to "list" was accepted; nothing where none is listed.
[[nodiscard]] std::optional<WallTime> oldest_of(std::string_view list);

/// Deliveries that wait for one reason at one site.
struct QueueWait {
  std::string site;   ///< "" before the first attempt
  std::string cause;  ///< a word of smtp::Cause, "dns", or "" before the first attempt
  std::uint64_t groups = 0;
  friend bool operator==(const QueueWait&, const QueueWait&) = default;
};
/// Of an answer to "summary"; empty where it is none.
[[nodiscard]] std::vector<QueueWait> queue_waits(std::string_view summary);

/// The incident, with the sites that wait longest and what holds them, from an answer to "summary".
[[nodiscard]] Incident queue_is_old(std::string_view summary, milliseconds oldest, WallTime now);

}  // namespace ptarmigan::watch
