// publish/plan.hpp - what to do in which order: publish, wait as long as caches may keep the old answer, prove, go on.
// DKIM keys change by two selectors, so that mail under way stays verifiable. Pure: the time is passed in. Threads:
// free functions on values.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/time.hpp"
#include "publish/wanted.hpp"

namespace ptarmigan::publish {

/// Mail may wait in queues so long before its signature is verified (RFC 5321#4.5.4.1).
inline constexpr std::uint32_t longest_in_queues = 5 * 86'400;

struct Rotation {
  std::string old_selector;
  Key next;
};

struct PlanStep {
  std::string title;
  std::vector<std::string> publish;  ///< zone lines
  std::vector<std::string> remove;
  std::string action;                ///< what to do that is no record; "" where there is nothing
  std::vector<std::string> proofs;   ///< commands
  std::uint32_t wait = 0;            ///< seconds from publishing until the last cache shows it
  std::optional<WallTime> earliest;  ///< when the step can be complete, where each step begins as soon as it may
};

/// Steps in order; what is published already is left out. Each begins when the one before is complete. Empty: nothing
/// is left to do.
[[nodiscard]] std::vector<PlanStep> plan(const Everything& everything, const Deployment& deployment,
                                         std::optional<WallTime> now, const std::optional<Rotation>& rotation = {});

[[nodiscard]] std::string text(const std::vector<PlanStep>& steps);
[[nodiscard]] std::string json(const std::vector<PlanStep>& steps);

}  // namespace ptarmigan::publish
