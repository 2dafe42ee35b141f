// net/settle.hpp - drives a judgement that may lack answers: asks what it needs, in parallel, and judges again
// (facts/facts.hpp).
//
//   auto settled = co_await net::settle([query](const Facts& f) { return spf::check_host(query, f); }, Facts{}, source,
//   net::in(20s)); settled.value     the judgement settled.facts     what it rests on: the evidence
//
// A question that gets no answer in time is answered "timed out", and the judgement decides what follows from that; so
// there is a value even when the network is down. Limits: SettleLimits; what is asked beyond them is answered "failed".
#pragma once

#include <cstddef>
#include <optional>
#include <utility>
#include <vector>

#include <boost/asio/awaitable.hpp>

#include "base/time.hpp"
#include "facts/facts.hpp"
#include "net/answer_source.hpp"

namespace ptarmigan::net {

struct SettleLimits {
  std::size_t rounds = 64;
  std::size_t questions = 512;
};

template <typename T>
struct Settled {
  /// Empty only where the judgement goes on asking after every question has been answered: a bug of the judgement.
  std::optional<T> value;
  Facts facts;
  std::size_t rounds = 0;
};

/// One answer for each question, in order, asked at the same time.
[[nodiscard]] boost::asio::awaitable<std::vector<Answer>> answer_all(AnswerSource& source,
                                                                     std::vector<Question> questions,
                                                                     SteadyTime deadline);

/// Where settle() stands.
struct SettleProgress {
  Facts facts;
  SettleLimits limits;
  std::size_t rounds = 0;
  std::size_t asked = 0;
};
/// Adds an answer to each question of `need`, asked as far as the limits allow.
[[nodiscard]] boost::asio::awaitable<void> fetch(SettleProgress& progress, Need need, AnswerSource& source,
                                                 SteadyTime deadline);

/// `judge` is called with const Facts& and returns Known<T>. `source` must outlive the call.
template <typename Judge>
auto settle(Judge judge, Facts facts, AnswerSource& source, SteadyTime deadline, SettleLimits limits = SettleLimits())
    -> boost::asio::awaitable<Settled<std::decay_t<decltype(judge(std::as_const(facts)).value())>>> {
  using T = std::decay_t<decltype(judge(std::as_const(facts)).value())>;
  SettleProgress progress{.facts = std::move(facts), .limits = limits};
  Settled<T> settled;
  while (true) {
    Known<T> judged = judge(std::as_const(progress.facts));
    if (judged.known()) {
      settled.value = std::move(judged).value();
      break;
    }
    // Twice the rounds: the second half is answered without asking anyone.
    if (progress.rounds == 2 * limits.rounds) break;
    co_await fetch(progress, judged.need(), source, deadline);
  }
  settled.rounds = progress.rounds;
  settled.facts = std::move(progress.facts);
  co_return settled;
}

}  // namespace ptarmigan::net
