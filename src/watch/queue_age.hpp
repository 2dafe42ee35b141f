// watch/queue_age.hpp - mail that waits too long, from the server's own answers (relay/control.hpp). Pure.
#pragma once

#include <optional>
#include <string_view>

#include "watch/incidents.hpp"

namespace ptarmigan::watch {

/// When the first message of an answer to "list" was accepted; nothing where none is listed.
[[nodiscard]] std::optional<WallTime> oldest_of(std::string_view list);

/// The incident, with the sites that wait longest and what holds them, from an answer to "summary".
[[nodiscard]] Incident queue_is_old(std::string_view summary, milliseconds oldest, WallTime now);

}  // namespace ptarmigan::watch
