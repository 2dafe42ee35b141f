// net/answer_source.hpp - who answers questions: the live resolver, draft records over it, a recording, or a recorder.
// Threads: a source may be asked from any executor. The wrappers here are used by one executor at a time.
#pragma once

#include <boost/asio/awaitable.hpp>

#include "base/time.hpp"
#include "facts/facts.hpp"
#include "facts/recording.hpp"
#include "facts/zone_facts.hpp"

namespace ptarmigan::net {

class AnswerSource {
 public:
  AnswerSource() = default;
  AnswerSource(const AnswerSource&) = delete;
  AnswerSource& operator=(const AnswerSource&) = delete;
  virtual ~AnswerSource() = default;

  /// Always an answer: what goes wrong is its status. After `deadline` it is timed_out.
  [[nodiscard]] virtual boost::asio::awaitable<Answer> answer(Question question, SteadyTime deadline) = 0;
};

/// "What if": questions that the draft covers are answered from it, all others by `world`.
class DraftSource final : public AnswerSource {
 public:
  /// `world` must outlive *this.
  DraftSource(ZoneFacts draft, AnswerSource& world) : draft_(std::move(draft)), world_(world) {}
  [[nodiscard]] boost::asio::awaitable<Answer> answer(Question question, SteadyTime deadline) override;

 private:
  ZoneFacts draft_;
  AnswerSource& world_;
};

/// Answers as they were recorded; nothing is asked on the network.
class ReplaySource final : public AnswerSource {
 public:
  explicit ReplaySource(Recording recording) : recording_(std::move(recording)) {}
  [[nodiscard]] boost::asio::awaitable<Answer> answer(Question question, SteadyTime deadline) override;

 private:
  Recording recording_;
};

/// Passes questions on and keeps what came back.
class RecordingSource final : public AnswerSource {
 public:
  /// `world` must outlive *this.
  explicit RecordingSource(AnswerSource& world) : world_(world) {}
  [[nodiscard]] boost::asio::awaitable<Answer> answer(Question question, SteadyTime deadline) override;
  [[nodiscard]] const Facts& recorded() const { return recorded_; }

 private:
  AnswerSource& world_;
  Facts recorded_;
};

}  // namespace ptarmigan::net
