// relay/control.cpp - see control.hpp.
#include "relay/control.hpp"

#include <filesystem>
#include <fstream>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "net/clock.hpp"
#include "relay/control_json.hpp"
#include "relay/control_pages.hpp"
#include "route/standing_text.hpp"

namespace ptarmigan::relay {
namespace asio = boost::asio;
namespace {

using Verb = Command::Verb;

namespace fs = std::filesystem;

constexpr std::string_view draining_mark = "draining";
/// A summary walks over the whole queue: it is kept for this, and for ten times what it took.
constexpr milliseconds keep_summary{1'000};
constexpr int rest_after_summary = 10;
/// A standing that an operator sets without an end.
constexpr milliseconds default_standing{24LL * 3600 * 1000};

asio::awaitable<Result<Page>> page_on_pool(const spool::Reader& reader, Selection what, std::optional<QueueId> after,
                                           std::size_t limit) {
  co_return read_page(reader, what, after, limit);
}

asio::awaitable<Result<Summing>> sum_on_pool(const spool::Reader& reader, Selection what, WallTime now) {
  co_return sum_up(reader, what, now);
}

std::string_view word(spool::Condition condition) {
  switch (condition) {
    case spool::Condition::running: return "running";
    case spool::Condition::no_space: return "no_space";
    case spool::Condition::stopped: return "stopped";
  }
  return "";
}

}  // namespace

bool was_draining(const std::string& spool_folder) {
  std::error_code error;
  return fs::exists(fs::path(spool_folder) / draining_mark, error);
}

class Control::Impl {
 public:
  explicit Impl(Parts parts) : parts_(std::move(parts)), reader_(1) {}
  ~Impl() { reader_.join(); }

  asio::awaitable<Result<std::string>> run(Command command) {
    switch (command.verb) {
      case Verb::list: co_return co_await list(std::move(command));
      case Verb::summary: co_return co_await summary(std::move(command));
      case Verb::hold:
      case Verb::release:
      case Verb::retry:
      case Verb::remove: co_return co_await change(std::move(command));
      case Verb::drain:
      case Verb::resume: co_return drain(command.verb == Verb::drain);
      case Verb::standing: co_return standing();
      case Verb::standing_set: co_return set_standing(command);
      case Verb::standing_clear:
        co_return cleared_json(parts_.router.forget(command.source, command.site, command.sender));
      case Verb::suppress:
      case Verb::unsuppress:
      case Verb::suppressed: co_return run_on(parts_.suppressed, command, net::now().wall);
    }
    co_return failure("the command is not known");
  }

 private:
  /// On disk first: a host that somebody empties must not fill again because it was restarted.
  Result<std::string> drain(bool wanted) {
    const auto mark = fs::path(parts_.folder) / draining_mark;
    std::error_code error;
    if (wanted) {
      if (const std::ofstream made(mark); !made)
        return failure(mark.string() + ": cannot be written", "see the folder's owner and space");
    } else if (fs::remove(mark, error); error) {
      return failure(mark.string() + ": " + error.message(), "see the folder's owner");
    }
    parts_.intake.draining = wanted;
    return state_json(state());
  }

  [[nodiscard]] ServerState state() const {
    const auto spool = parts_.spool.state();
    return {.running = true,
            .draining = parts_.intake.draining,
            .spool = std::string(word(spool.condition)),
            .reason = spool.condition == spool::Condition::running ? std::string() : spool.reason.text(),
            .waiting = parts_.delivery.waiting(),
            .in_delivery = parts_.delivery.busy()};
  }

  asio::awaitable<Result<std::string>> list(Command command) {
    auto page = co_await asio::co_spawn(
        reader_.get_executor(),
        page_on_pool(parts_.spool.reader(), std::move(command.what), command.after, command.limit),
        asio::use_awaitable);
    if (!page) co_return std::unexpected(page.error());
    std::vector<Listed> listed;
    const auto now = net::steady_now();
    for (auto& queued : page->messages) {
      auto& one = listed.emplace_back(Listed{std::move(queued), {}});
      for (const auto& group : one.queued.groups)
        one.states.push_back(parts_.delivery.state_of(one.queued.message, group, now));
    }
    co_return list_json(listed, page->next);
  }

  asio::awaitable<Result<std::string>> summary(Command command) {
    const bool whole = !command.what.selects() || command.what.all;
    const auto began = net::now();
    if (whole && summed_ && began.steady < summed_until_) co_return summary_json(*summed_, state());
    auto sum = co_await asio::co_spawn(reader_.get_executor(),
                                       sum_on_pool(parts_.spool.reader(), std::move(command.what), began.wall),
                                       asio::use_awaitable);
    if (!sum) co_return std::unexpected(sum.error());
    if (whole) {
      const auto now = net::steady_now();
      summed_until_ = now + std::max(keep_summary, milliseconds((now - began.steady) * rest_after_summary));
      summed_ = *sum;
    }
    co_return summary_json(*sum, state());
  }

  asio::awaitable<Result<std::string>> change(Command command) {
    QueueChanged all;
    std::optional<QueueId> after;
    do {
      auto page = co_await asio::co_spawn(reader_.get_executor(),
                                          page_on_pool(parts_.spool.reader(), command.what, after, max_listed),
                                          asio::use_awaitable);
      if (!page) co_return std::unexpected(page.error());
      std::vector<Delivery::Meant> meant;
      for (const auto& queued : page->messages) {
        auto& one = meant.emplace_back(Delivery::Meant{queued.message.id, {}});
        for (const auto& group : queued.groups) one.groups.push_back(group.number);
      }
      auto done = co_await parts_.delivery.change(*change_of(command.verb), std::move(meant));
      if (!done) co_return std::unexpected(done.error());
      all.messages += done->messages;
      all.groups += done->groups;
      all.in_delivery += done->in_delivery;
      after = page->next;
    } while (after);
    summed_.reset();
    co_return changed_json(all);
  }

  [[nodiscard]] std::string standing() const {
    const auto now = net::now();
    route::SavedStanding saved{.saved_at = now.wall,
                               .standing = parts_.router.standing().saved(now.steady),
                               .pacing = {},
                               .warm_up = {},
                               .counts = {},
                               .held = parts_.delivery.held(now.steady)};
    parts_.pacer.save_to(saved, now);
    return route::standing_text(saved);
  }

  Result<std::string> set_standing(const Command& command) {
    const auto duration = command.duration.count() > 0 ? command.duration : default_standing;
    parts_.router.set_poor({*command.source, command.site, command.sender},
                           command.reason.empty() ? "set by the operator" : "set by the operator: " + command.reason,
                           duration, net::now());
    return standing();
  }

  Parts parts_;
  asio::thread_pool reader_;
  std::optional<Summing> summed_;
  SteadyTime summed_until_ = {};
};

Control::Control(Parts parts) : impl_(std::make_unique<Impl>(std::move(parts))) {}

Control::~Control() = default;

asio::awaitable<Result<std::string>> Control::run(Command command) {
  co_return co_await impl_->run(std::move(command));
}

asio::awaitable<std::string> Control::answer(std::string text) {
  auto command = parse_command(text);
  if (!command) co_return error_json(command.error());
  auto answered = co_await impl_->run(*std::move(command));
  co_return answered ? *std::move(answered) : error_json(answered.error());
}

}  // namespace ptarmigan::relay
