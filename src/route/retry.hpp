// route/retry.hpp - when a deferred message is tried again (RFC 5321#4.5.4.1). Pure; the jitter is passed in.
#pragma once

#include <cstdint>
#include <optional>

#include "base/time.hpp"

namespace ptarmigan::route {

struct RetryPolicy {
  milliseconds first{5 * 60'000};
  milliseconds longest{4 * 3'600'000};
  milliseconds lifetime{5LL * 24 * 3'600'000};
};

/// How long to wait after the `attempts`-th attempt (1 for the first): doubled each time, up to the longest, spread by
/// +-10 %. `random` is any number.
[[nodiscard]] milliseconds retry_delay(const RetryPolicy& policy, unsigned attempts, std::uint32_t random);

/// How old a message is, for its lifetime: no older than the wall clock says, and of the time since `start`, when this
/// process began, only what has really passed. A clock that is set forward ends no message's life.
[[nodiscard]] milliseconds age_of(WallTime created, Moment start, Moment now);

/// The wait, cut so that one last attempt falls on the end of the message's life; nothing where its life is over.
[[nodiscard]] std::optional<milliseconds> next_attempt(const RetryPolicy& policy, unsigned attempts, milliseconds age,
                                                       std::uint32_t random);

}  // namespace ptarmigan::route
