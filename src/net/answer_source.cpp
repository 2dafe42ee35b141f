// net/answer_source.cpp - see answer_source.hpp.
#include "net/answer_source.hpp"

#include "net/clock.hpp"

namespace ptarmigan::net {

boost::asio::awaitable<Answer> DraftSource::answer(Question question, SteadyTime deadline) {
  if (!draft_.covers(question.name)) co_return co_await world_.answer(std::move(question), deadline);
  Answer answer = draft_.answer(question);
  // A CNAME may lead out of the draft: the rest of the chain is the world's.
  if (answer.aliases.empty() || answer.found()) co_return answer;
  const auto* target = std::get_if<dns::Target>(&answer.aliases.back().data);
  if (target == nullptr || draft_.covers(target->name)) co_return answer;
  Question rest{.name = target->name, .type = question.type};
  Answer outside = co_await world_.answer(std::move(rest), deadline);
  outside.aliases.insert(outside.aliases.begin(), answer.aliases.begin(), answer.aliases.end());
  co_return outside;
}

boost::asio::awaitable<Answer> ReplaySource::answer(Question question, SteadyTime) {
  co_return recording_.answer(question);
}

boost::asio::awaitable<Answer> RecordingSource::answer(Question question, SteadyTime deadline) {
  Question asked = question;
  Answer answer = co_await world_.answer(std::move(asked), deadline);
  recorded_.add(std::move(question), answer);
  co_return answer;
}

}  // namespace ptarmigan::net
