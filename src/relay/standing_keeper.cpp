// relay/standing_keeper.cpp - see standing_keeper.hpp.
#include "relay/standing_keeper.hpp"

#include <cerrno>
#include <cstring>
#include <fstream>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "net/clock.hpp"
#include "net/stream.hpp"
#include "relay/whole_file.hpp"
#include "route/standing_text.hpp"

namespace ptarmigan::relay {
namespace asio = boost::asio;
namespace fs = std::filesystem;
namespace {

/// Changes wait for so long, so that many make one file.
constexpr std::chrono::seconds batch{1};

asio::awaitable<Result<>> write_on_pool(fs::path path, route::SavedStanding saved) {
  co_return write_whole_file(path, route::standing_text(saved));
}

}  // namespace

class StandingKeeper::Impl {
 public:
  explicit Impl(Parts parts) : parts_(std::move(parts)), path_(parts_.spool / "standing.json"), writer_(1) {}

  ~Impl() {
    writer_.join();
    if (revision() != saved_) told(write_whole_file(path_, route::standing_text(snapshot())));
  }

  void restore() {
    std::ifstream file(path_, std::ios::binary);
    if (!file) {
      if (errno != ENOENT) parts_.log(LogLevel::warning, "cannot read " + path_.string() + ": " + std::strerror(errno));
      return;
    }
    const std::string text{std::istreambuf_iterator<char>(file), {}};
    const auto saved = route::parse_standing(text);
    if (!saved) {
      parts_.log(LogLevel::warning,
                 "what was learnt of routes is lost: " + path_.string() + ": " + saved.error().message);
      return;
    }
    const auto now = net::now();
    parts_.router.restore(saved->standing, now.wall - saved->saved_at, now.steady);
    parts_.pacer.restore(*saved, now);
    saved_ = revision();
    parts_.log(LogLevel::info, "took up " + std::to_string(saved->standing.size()) + " standings and " +
                                   std::to_string(saved->pacing.size()) + " paces");
  }

  asio::awaitable<void> save_forever() {
    asio::steady_timer timer(parts_.executor);
    while (true) {
      timer.expires_after(batch);
      co_await timer.async_wait(asio::as_tuple(asio::use_awaitable));
      if (co_await net::cancelled()) co_return;
      const auto now = revision();
      if (now == saved_) continue;
      const auto done =
          co_await asio::co_spawn(writer_.get_executor(), write_on_pool(path_, snapshot()), asio::use_awaitable);
      if (done) saved_ = now;
      told(done);
    }
  }

 private:
  [[nodiscard]] std::uint64_t revision() const { return parts_.router.standing().revision() + parts_.pacer.revision(); }

  [[nodiscard]] route::SavedStanding snapshot() const {
    const auto now = net::now();
    route::SavedStanding saved{.saved_at = now.wall,
                               .standing = parts_.router.standing().saved(now.steady),
                               .pacing = {},
                               .warm_up = {},
                               .counts = {},
                               .held = {}};
    parts_.pacer.save_to(saved, now);
    return saved;
  }

  /// Once for each trouble, not once a second.
  void told(const Result<>& done) {
    const auto words = done ? std::string() : done.error().message;
    if (words != trouble_ && !words.empty()) parts_.log(LogLevel::error, "standings are not kept: " + words);
    trouble_ = words;
  }

  Parts parts_;
  fs::path path_;
  asio::thread_pool writer_;
  std::uint64_t saved_ = 0;
  std::string trouble_;
};

StandingKeeper::StandingKeeper(Parts parts) : impl_(std::make_unique<Impl>(std::move(parts))) {}

StandingKeeper::~StandingKeeper() = default;

void StandingKeeper::restore() {
  impl_->restore();
}

asio::awaitable<void> StandingKeeper::save_forever() {
  co_await impl_->save_forever();
}

}  // namespace ptarmigan::relay
