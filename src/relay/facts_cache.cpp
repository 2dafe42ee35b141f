// relay/facts_cache.cpp - see facts_cache.hpp.
#include "relay/facts_cache.hpp"

#include <algorithm>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "net/clock.hpp"

namespace ptarmigan::relay {
namespace asio = boost::asio;
namespace {

/// How often the refresher looks for answers whose time is over.
constexpr milliseconds tick{250};
constexpr milliseconds wait_for_others{20};

/// Equal but for age and source.
bool same(const Answer& a, const Answer& b) {
  auto data = [](const Answer& answer) {
    std::vector<std::string> out;
    for (const auto& record : answer.records) out.push_back(dns::data_text(record.data));
    std::ranges::sort(out);
    return out;
  };
  return a.status == b.status && a.dnssec == b.dnssec && data(a) == data(b);
}

}  // namespace

class FactsCache::Timer {
 public:
  explicit Timer(const asio::any_io_executor& executor) : timer(executor) {}
  asio::steady_timer timer;
};

FactsCache::FactsCache(asio::any_io_executor executor, net::AnswerSource& cached, net::AnswerSource& fresh,
                       net::Gate& gate, FactsCacheLimits limits)
    : executor_(std::move(executor)),
      cached_(cached),
      fresh_(fresh),
      gate_(gate),
      limits_(limits),
      timer_(std::make_unique<Timer>(executor_)) {}

FactsCache::~FactsCache() = default;

void FactsCache::want(const std::vector<Question>& questions) {
  const auto now = net::steady_now();
  for (const auto& question : questions) {
    if (kept_.size() >= limits_.questions && !kept_.contains(question)) continue;
    auto& kept = kept_[question];
    kept.wanted = now;
    if (!kept.asking && facts_.find(question) == nullptr) {
      kept.asking = true;
      gate_.spawn(ask(question, Through::cache));
    }
  }
}

asio::awaitable<void> FactsCache::learn(std::vector<Question> questions) {
  want(questions);
  co_await answered(std::move(questions));
}

asio::awaitable<void> FactsCache::learn_again(std::vector<Question> questions) {
  ask_again(questions);
  co_await answered(std::move(questions));
}

asio::awaitable<void> FactsCache::answered(std::vector<Question> questions) {
  asio::steady_timer timer(executor_);
  const auto deadline = net::in(limits_.deadline);
  const auto open = [&](const Question& question) {
    const auto kept = kept_.find(question);
    return kept != kept_.end() ? kept->second.asking : facts_.find(question) == nullptr;
  };
  while (std::ranges::any_of(questions, open) && net::steady_now() < deadline) {
    timer.expires_after(wait_for_others);
    const auto [error] = co_await timer.async_wait(asio::as_tuple(asio::use_awaitable));
    if (error) co_return;
  }
}

void FactsCache::ask_again(const std::vector<Question>& questions) {
  const auto now = net::steady_now();
  for (const auto& question : questions) {
    auto& kept = kept_[question];
    kept.wanted = now;
    if (kept.asking) continue;
    kept.asking = true;
    gate_.spawn(ask(question, Through::fresh));
  }
}

asio::awaitable<void> FactsCache::ask(Question question, Through through) {
  auto& source = through == Through::fresh ? fresh_ : cached_;
  Answer answer = co_await source.answer(question, net::in(limits_.deadline));
  const auto kept = kept_.find(question);
  if (kept == kept_.end()) co_return;
  kept->second.asking = false;
  const auto ttl = std::max(limits_.shortest_refresh, milliseconds(seconds(answer.ttl)));
  kept->second.due = net::in(ttl);
  const Answer* before = facts_.find(question);
  // A lost answer does not wipe out a known one at once: it is asked again soon, and believed for one more round.
  if (before != nullptr && !before->temporary() && answer.temporary()) {
    kept->second.due = net::in(limits_.shortest_refresh * 5);
    const auto stale = milliseconds(seconds(before->ttl)) * 2 + limits_.deadline * 2;
    if (answer.asked_at - before->asked_at < stale) co_return;
  }
  if (before == nullptr || !same(*before, answer)) ++generation_;
  facts_.add(std::move(question), std::move(answer));
}

void FactsCache::start() {
  gate_.spawn(refresh_forever());
}

asio::awaitable<void> FactsCache::refresh_forever() {
  while (true) {
    timer_->timer.expires_after(tick);
    const auto [error] = co_await timer_->timer.async_wait(asio::as_tuple(asio::use_awaitable));
    if (error) co_return;
    const auto now = net::steady_now();
    forget_unused(now);
    for (auto& [question, kept] : kept_) {
      if (kept.asking || kept.due > now) continue;
      kept.asking = true;
      gate_.spawn(ask(question, Through::cache));
    }
  }
}

void FactsCache::forget_unused(SteadyTime now) {
  for (auto kept = kept_.begin(); kept != kept_.end();) {
    if (kept->second.asking || now - kept->second.wanted < limits_.unused_for) {
      ++kept;
      continue;
    }
    facts_.remove(kept->first);
    kept = kept_.erase(kept);
  }
}

}  // namespace ptarmigan::relay
