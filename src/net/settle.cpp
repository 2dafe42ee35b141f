// net/settle.cpp - see settle.hpp.
#include "net/settle.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/experimental/parallel_group.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "net/clock.hpp"

namespace ptarmigan::net {
namespace asio = boost::asio;

namespace {
/// Cancelled, it ends with what the source says to that, not with an exception.
asio::awaitable<Answer> answer_one(AnswerSource& source, Question question, SteadyTime deadline) {
  co_await asio::this_coro::throw_if_cancelled(false);
  co_return co_await source.answer(std::move(question), deadline);
}
}  // namespace

asio::awaitable<std::vector<Answer>> answer_all(AnswerSource& source, std::vector<Question> questions,
                                                SteadyTime deadline) {
  std::vector<Answer> answers;
  if (questions.empty()) co_return answers;
  if (questions.size() == 1) {
    answers.push_back(co_await source.answer(std::move(questions.front()), deadline));
    co_return answers;
  }
  const auto executor = co_await asio::this_coro::executor;
  const auto ask = [&](Question question) {
    return asio::co_spawn(executor, answer_one(source, std::move(question), deadline), asio::deferred);
  };
  std::vector<decltype(ask(Question()))> operations;
  operations.reserve(questions.size());
  for (auto& question : questions) operations.push_back(ask(std::move(question)));
  auto group = asio::experimental::make_parallel_group(std::move(operations));
  auto [order, exceptions, results] =
      co_await group.async_wait(asio::experimental::wait_for_all(), asio::use_awaitable);
  for (const auto& exception : exceptions)
    if (exception) std::rethrow_exception(exception);
  co_return std::move(results);
}

asio::awaitable<void> fetch(SettleProgress& progress, Need need, AnswerSource& source, SteadyTime deadline) {
  ++progress.rounds;
  std::vector<Question> questions = need.questions();
  const std::size_t allowed = progress.rounds > progress.limits.rounds
                                  ? 0
                                  : std::min(questions.size(), progress.limits.questions - progress.asked);
  for (std::size_t i = allowed; i < questions.size(); ++i) {
    Answer refused;
    refused.asked_at = now().wall;
    refused.source = "limit";
    refused.detail = "this judgement asked too many DNS questions";
    progress.facts.add(questions[i], std::move(refused));
  }
  questions.resize(allowed);
  progress.asked += allowed;
  std::vector<Question> asked = questions;
  auto answers = co_await answer_all(source, std::move(asked), deadline);
  for (std::size_t i = 0; i < answers.size(); ++i) progress.facts.add(std::move(questions[i]), std::move(answers[i]));
}

}  // namespace ptarmigan::net
