// relay/facts_cache.hpp - what is known about our own addresses and domains, kept fresh in the background.
// The relay plans with what is here and never waits for DNS: a question that is not answered yet is asked, and its
// answer counts from the next message on. Answers are asked again when their TTL ends, and at once after a refusal that
// blames them. Limits: FactsCacheLimits. Threads: one executor that runs on one thread.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <vector>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include "base/time.hpp"
#include "facts/facts.hpp"
#include "net/answer_source.hpp"
#include "net/gate.hpp"

namespace ptarmigan::relay {

struct FactsCacheLimits {
  milliseconds shortest_refresh{1'000};
  milliseconds deadline{10'000};
  milliseconds unused_for{3'600'000};  ///< a question that nobody wanted for so long is dropped
  std::size_t questions = 20'000;
};

class FactsCache {
 public:
  /// `cached` answers what is asked for the first time and at the end of a TTL; `fresh` after a refusal. Both outlive
  /// *this.
  FactsCache(boost::asio::any_io_executor executor, net::AnswerSource& cached, net::AnswerSource& fresh,
             net::Gate& gate, FactsCacheLimits limits);
  FactsCache(const FactsCache&) = delete;
  FactsCache& operator=(const FactsCache&) = delete;
  ~FactsCache();

  [[nodiscard]] const Facts& facts() const { return facts_; }
  /// Grows whenever an answer changes in more than its age: judgements made before are then stale.
  [[nodiscard]] std::uint64_t generation() const { return generation_; }

  /// Marks questions as in use; those without an answer are asked.
  void want(const std::vector<Question>& questions);
  /// As want(), and waits until each has an answer.
  [[nodiscard]] boost::asio::awaitable<void> learn(std::vector<Question> questions);
  /// Asks these again now, past every cache.
  void ask_again(const std::vector<Question>& questions);
  /// As ask_again(), and waits for the answers.
  [[nodiscard]] boost::asio::awaitable<void> learn_again(std::vector<Question> questions);
  /// Starts the refreshing. It ends with the gate.
  void start();

 private:
  struct Kept {
    SteadyTime due = {};
    SteadyTime wanted = {};
    bool asking = false;
  };
  enum class Through { cache, fresh };
  [[nodiscard]] boost::asio::awaitable<void> answered(std::vector<Question> questions);
  [[nodiscard]] boost::asio::awaitable<void> refresh_forever();
  [[nodiscard]] boost::asio::awaitable<void> ask(Question question, Through through);
  void forget_unused(SteadyTime now);

  class Timer;
  boost::asio::any_io_executor executor_;
  net::AnswerSource& cached_;
  net::AnswerSource& fresh_;
  net::Gate& gate_;
  FactsCacheLimits limits_;
  Facts facts_;
  std::map<Question, Kept> kept_;
  std::uint64_t generation_ = 1;
  std::unique_ptr<Timer> timer_;
};

}  // namespace ptarmigan::relay
