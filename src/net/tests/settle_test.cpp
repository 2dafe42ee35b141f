// net/tests/settle_test.cpp - judgements driven to their end, and who answers their questions.
#include "net/settle.hpp"

#include <string>
#include <vector>

#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <gtest/gtest.h>

#include "dns/zone.hpp"
#include "net/clock.hpp"
#include "net/run.hpp"

namespace ptarmigan::net {
namespace {

namespace asio = boost::asio;
using dns::name;
using dns::RecordType;
using namespace std::chrono_literals;

/// Answers from zone text after a while; counts what runs at one time.
class SlowZone final : public AnswerSource {
 public:
  explicit SlowZone(std::string_view text, milliseconds delay = 0ms) : zone_(*dns::parse_zone(text)), delay_(delay) {}

  asio::awaitable<Answer> answer(Question question, SteadyTime) override {
    asked.push_back(question);
    most_at_once = std::max(most_at_once, ++running_);
    asio::steady_timer timer(co_await asio::this_coro::executor, delay_);
    co_await timer.async_wait(asio::use_awaitable);
    --running_;
    co_return zone_.answer(question);
  }

  std::vector<Question> asked;
  std::size_t most_at_once = 0;

 private:
  ZoneFacts zone_;
  milliseconds delay_;
  std::size_t running_ = 0;
};

Question question(std::string_view owner, RecordType type = RecordType::a) {
  return {.name = name(owner), .type = type};
}

/// The addresses of a domain's mail servers: two rounds.
Known<std::vector<std::string>> mail_addresses(const Facts& facts) {
  Gather gather(facts);
  const Answer* servers = gather.ask(question("example.com", RecordType::mx));
  if (servers == nullptr) return gather.need();
  std::vector<std::string> out;
  for (const auto& mx : servers->all<dns::Mx>())
    if (const Answer* answer = gather.ask({.name = mx.exchange, .type = RecordType::a}))
      for (const auto& address : answer->all<IpAddress>()) out.push_back(address.text());
  if (gather.lacks()) return gather.need();
  return out;
}

constexpr const char* world =
    "example.com. 60 IN MX 10 a.example.com.\nexample.com. 60 IN MX 20 b.example.com.\n"
    "a.example.com. 60 IN A 192.0.2.1\nb.example.com. 60 IN A 192.0.2.2\n";

TEST(Settle, asks_independent_questions_together_and_keeps_the_evidence) {
  SlowZone source(world, 20ms);
  const auto settled = run_blocking(settle(mail_addresses, Facts(), source, in(5s)));
  EXPECT_EQ(settled.value, (std::vector<std::string>{"192.0.2.1", "192.0.2.2"}));
  EXPECT_EQ(settled.rounds, 2U);
  EXPECT_EQ(source.most_at_once, 2U);
  EXPECT_EQ(settled.facts.answers().size(), 3U);
}

TEST(Settle, known_facts_are_not_asked_for_again) {
  SlowZone source(world);
  const auto first = run_blocking(settle(mail_addresses, Facts(), source, in(5s)));
  source.asked.clear();
  const auto second = run_blocking(settle(mail_addresses, first.facts, source, in(5s)));
  EXPECT_EQ(second.value, first.value);
  EXPECT_EQ(second.rounds, 0U);
  EXPECT_TRUE(source.asked.empty());
}

TEST(Settle, a_judgement_without_end_stops_asking_and_hears_failures) {
  SlowZone source(world);
  // Wants name after name until one fails.
  const auto endless = [](const Facts& facts) -> Known<std::size_t> {
    for (std::size_t i = 0;; ++i) {
      const auto next = question("n" + std::to_string(i) + ".example.com");
      const Answer* answer = facts.find(next);
      if (answer == nullptr) return Need(next);
      if (answer->temporary()) return i;
    }
  };
  const auto settled = run_blocking(settle(endless, Facts(), source, in(5s), {.rounds = 5, .questions = 100}));
  EXPECT_EQ(settled.value, 5U);
  EXPECT_EQ(source.asked.size(), 5U);
  const auto by_questions = run_blocking(settle(endless, Facts(), source, in(5s), {.rounds = 50, .questions = 7}));
  EXPECT_EQ(by_questions.value, 7U);
}

TEST(Settle, a_judgement_that_never_listens_ends_without_a_value) {
  SlowZone source(world);
  int calls = 0;
  const auto deaf = [&](const Facts&) -> Known<int> {
    return Need(question("n" + std::to_string(calls++) + ".example.com"));
  };
  EXPECT_FALSE(run_blocking(settle(deaf, Facts(), source, in(5s), {.rounds = 3})).value);
}

TEST(DraftSource, overrides_only_what_the_draft_speaks_about) {
  SlowZone live(world);
  DraftSource draft(ZoneFacts(*dns::parse_zone("a.example.com. 60 IN A 198.51.100.9\n")), live);
  const auto settled = run_blocking(settle(mail_addresses, Facts(), draft, in(5s)));
  EXPECT_EQ(settled.value, (std::vector<std::string>{"198.51.100.9", "192.0.2.2"}));
}

TEST(DraftSource, follows_an_alias_out_of_the_draft) {
  SlowZone live(world);
  DraftSource draft(ZoneFacts(*dns::parse_zone("new.example.com. 60 IN CNAME a.example.com.\n")), live);
  const Answer answer = run_blocking(draft.answer(question("new.example.com"), in(5s)));
  ASSERT_TRUE(answer.found());
  EXPECT_EQ(answer.aliases.size(), 1U);
  EXPECT_EQ(answer.records[0].owner, name("a.example.com"));
}

TEST(RecordingSource, what_was_recorded_replays_to_the_same_judgement) {
  SlowZone live(world);
  RecordingSource recorder(live);
  const auto first = run_blocking(settle(mail_addresses, Facts(), recorder, in(5s)));
  auto recording = read_recording(write_recording(recorder.recorded()));
  ASSERT_TRUE(recording);
  ReplaySource replay(*recording);
  const auto second = run_blocking(settle(mail_addresses, Facts(), replay, in(5s)));
  EXPECT_EQ(second.value, first.value);
}

}  // namespace
}  // namespace ptarmigan::net
