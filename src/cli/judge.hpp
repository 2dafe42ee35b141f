// cli/judge.hpp - one judgement in the DNS world that the options choose.
#pragma once

#include <optional>
#include <type_traits>
#include <utility>

#include "cli/dns_options.hpp"
#include "facts/facts.hpp"
#include "net/clock.hpp"
#include "net/run.hpp"
#include "net/settle.hpp"

namespace ptarmigan::cli {

/// How long ago it was made.
class Stopwatch {
 public:
  [[nodiscard]] milliseconds elapsed() const { return net::now().steady - began_; }

 private:
  SteadyTime began_ = net::now().steady;
};

/// What `judge` (const Facts& -> Known<T>) comes to, within `time_limit` where it is given. Writes --record-dns. An
/// error where the world cannot be opened, nobody answers, or the recording cannot be written.
template <typename Judge>
auto judge_in(const DnsOptions& options, Judge judge, std::optional<milliseconds> time_limit = std::nullopt)
    -> Result<std::decay_t<decltype(judge(std::declval<const Facts&>()).value())>> {
  const auto world = World::open(options);
  if (!world) return std::unexpected(world.error());
  const auto deadline = time_limit ? net::in(*time_limit) : (*world)->deadline();
  auto settled = net::run_blocking(net::settle(judge, Facts(), (*world)->dns(), deadline));
  if (const auto saved = (*world)->finish(); !saved) return std::unexpected(saved.error());
  if (const auto trouble = (*world)->trouble()) return std::unexpected(*trouble);
  if (!settled.value) return failure("the judgement goes on asking; please report this with --record-dns");
  return *std::move(settled.value);
}

}  // namespace ptarmigan::cli
