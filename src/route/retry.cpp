// route/retry.cpp - see retry.hpp.
#include "route/retry.hpp"

#include <algorithm>

namespace ptarmigan::route {
namespace {

constexpr unsigned most_doublings = 30;
constexpr std::uint32_t jitter_steps = 2001;  // -10.00 % to +10.00 % in steps of 0.01 %

}  // namespace

milliseconds retry_delay(const RetryPolicy& policy, unsigned attempts, std::uint32_t random) {
  const unsigned doublings = std::min(attempts == 0 ? 0 : attempts - 1, most_doublings);
  milliseconds delay = policy.first;
  for (unsigned i = 0; i < doublings && delay < policy.longest; ++i) delay *= 2;
  delay = std::min(delay, policy.longest);
  const auto offset = static_cast<milliseconds::rep>(random % jitter_steps) - 1000;
  return delay + milliseconds(delay.count() * offset / 10'000);
}

milliseconds age_of(WallTime created, Moment start, Moment now) {
  const milliseconds before = std::max(milliseconds(0), milliseconds(start.wall - created));
  return std::min(milliseconds(now.wall - created), before + milliseconds(now.steady - start.steady));
}

std::optional<milliseconds> next_attempt(const RetryPolicy& policy, unsigned attempts, milliseconds age,
                                         std::uint32_t random) {
  if (age >= policy.lifetime) return std::nullopt;
  return std::min(retry_delay(policy, attempts, random), std::max(policy.lifetime - age, milliseconds(1)));
}

}  // namespace ptarmigan::route
