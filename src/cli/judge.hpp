// cli/judge.hpp - one judgement in the DNS world that the options choose.
#pragma once

#include <type_traits>
#include <utility>

#include "cli/dns_options.hpp"
#include "facts/facts.hpp"
#include "net/run.hpp"
#include "net/settle.hpp"

namespace ptarmigan::cli {

/// What `judge` (const Facts& -> Known<T>) comes to. Writes --record-dns. An error where the world cannot be opened,
/// nobody answers, or the recording cannot be written.
template <typename Judge>
auto judge_in(const DnsOptions& options, Judge judge)
    -> Result<std::decay_t<decltype(judge(std::declval<const Facts&>()).value())>> {
  const auto world = World::open(options);
  if (!world) return std::unexpected(world.error());
  auto settled = net::run_blocking(net::settle(judge, Facts(), (*world)->dns(), (*world)->deadline()));
  if (const auto saved = (*world)->finish(); !saved) return std::unexpected(saved.error());
  if (const auto trouble = (*world)->trouble()) return std::unexpected(*trouble);
  if (!settled.value) return failure("the judgement goes on asking; please report this with --record-dns");
  return *std::move(settled.value);
}

}  // namespace ptarmigan::cli
