// store/history.cpp - see history.hpp.
#include "store/history.hpp"

#include <array>
#include <condition_variable>
#include <exception>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>
#include <variant>

#include "store/recorder.hpp"
#include "store/roll_up.hpp"
#include "store/rows.hpp"
#include "store/schema.hpp"
#include "store/sql.hpp"

namespace ptarmigan::store {
namespace {

constexpr std::size_t max_batch = 2000;
// Old rows are looked for once this much time has passed between the rows that come in, and at most so many then.
constexpr std::chrono::minutes prune_interval{10};

}  // namespace

class History::Writer {
 public:
  using Work = std::function<Result<>(Recorder&)>;
  using Item = std::variant<Attempt, Work>;

  Writer(std::unique_ptr<Database> database, const Options& options)
      : options_(options), database_(std::move(database)), recorder_(*database_), thread_([this] { run(); }) {}

  ~Writer() {
    {
      const std::lock_guard lock(mutex_);
      closing_ = true;
    }
    work_.notify_one();
    thread_.join();
  }

  Writer(const Writer&) = delete;
  Writer& operator=(const Writer&) = delete;

  void record(Item item) {
    {
      const std::lock_guard lock(mutex_);
      if (waiting_.size() >= options_.max_waiting) {
        ++counts_.dropped;
        return;
      }
      waiting_.push_back(std::move(item));
      ++recorded_;
      if (waiting_.size() > 1 && waiting_.size() < max_batch) return;
    }
    work_.notify_one();
  }

  void flush() {
    std::unique_lock lock(mutex_);
    const std::uint64_t goal = recorded_;
    flush_to_ = std::max(flush_to_, goal);
    work_.notify_one();
    done_.wait(lock, [&] { return finished_ >= goal; });
  }

  Counts counts() const {
    const std::lock_guard lock(mutex_);
    return counts_;
  }

 private:
  void run() {
    for (auto batch = take(); !batch.empty(); batch = take()) {
      std::string error;
      try {
        if (auto written = write(batch); !written) error = written.error().text();
      } catch (const std::exception& fault) {
        error = fault.what();
      }
      const std::lock_guard lock(mutex_);
      (error.empty() ? counts_.written : counts_.dropped) += batch.size();
      counts_.last_error = std::move(error);
      finished_ += batch.size();
      done_.notify_all();
    }
  }

  /// Empty at the end.
  std::vector<Item> take() {
    std::unique_lock lock(mutex_);
    work_.wait(lock, [this] { return closing_ || !waiting_.empty(); });
    work_.wait_for(lock, options_.batch_time,
                   [this] { return closing_ || waiting_.size() >= max_batch || flush_to_ > finished_; });
    return std::exchange(waiting_, {});
  }

  /// Attempts in one transaction; each other work in its own, so that it cannot take attempts down with it.
  Result<> write(const std::vector<Item>& batch) {
    auto written = database_->transact([&] { return write_attempts(batch); });
    for (const auto& item : batch) {
      const auto* work = std::get_if<Work>(&item);
      if (work == nullptr) continue;
      auto done = database_->transact([&] { return (*work)(recorder_); });
      if (written && !done) written = done;
    }
    return written;
  }

  Result<> write_attempts(const std::vector<Item>& batch) {
    RollUp roll_up;
    for (const auto& item : batch) {
      const auto* attempt = std::get_if<Attempt>(&item);
      if (attempt == nullptr) continue;
      if (auto row = roll_up.add(*database_, *attempt); !row) return std::unexpected(std::move(row.error()));
      newest_ = std::max(newest_, attempt->time);
    }
    if (auto done = roll_up.write(*database_); !done) return done;
    if (newest_ - pruned_at_ < prune_interval) return {};
    auto pruned = prune(*database_, options_.keep, newest_);
    if (pruned) pruned_at_ = newest_;
    return pruned;
  }

  const Options options_;
  // Of the writing thread alone.
  std::unique_ptr<Database> database_;
  Recorder recorder_;
  WallTime newest_{};
  WallTime pruned_at_{};

  mutable std::mutex mutex_;
  std::condition_variable work_;
  std::condition_variable done_;
  std::vector<Item> waiting_;
  std::uint64_t recorded_ = 0;
  std::uint64_t finished_ = 0;
  std::uint64_t flush_to_ = 0;
  bool closing_ = false;
  Counts counts_;

  std::thread thread_;
};

History::History(std::unique_ptr<Writer> writer) : writer_(std::move(writer)) {}
History::~History() = default;

Result<std::unique_ptr<History>> History::open(const Options& options) {
  auto database = open_for_writing(options.database.empty() ? options.file.string() : options.database);
  if (!database) return std::unexpected(std::move(database.error()));
  auto history = std::unique_ptr<History>(new History(std::make_unique<Writer>(*std::move(database), options)));
  history->observe_ = options.observe;
  return history;
}

void History::record(Attempt attempt) {
  if (observe_) observe_(attempt);
  writer_->record(std::move(attempt));
}

void History::post(std::function<Result<>(Recorder&)> work) {
  writer_->record(std::move(work));
}

void History::flush() {
  writer_->flush();
}

History::Counts History::counts() const {
  return writer_->counts();
}

struct HistoryReader::Parts {
  std::unique_ptr<Database> database;
};

HistoryReader::HistoryReader(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}
HistoryReader::~HistoryReader() = default;

Result<std::unique_ptr<HistoryReader>> HistoryReader::open(const std::string& where) {
  auto database = open_for_reading(where);
  if (!database) return std::unexpected(std::move(database.error()));
  return std::unique_ptr<HistoryReader>(new HistoryReader(std::make_unique<Parts>(*std::move(database))));
}

Result<std::vector<Attempt>> HistoryReader::of_message(QueueId id) {
  const std::array arguments{Argument(static_cast<std::int64_t>(id.number()))};
  return select_attempts(*parts_->database, "WHERE queue_id = ? ORDER BY number", arguments);
}

Result<std::vector<Attempt>> HistoryReader::last(std::size_t count) {
  const std::array arguments{Argument(static_cast<std::int64_t>(count))};
  return select_attempts(*parts_->database, "ORDER BY number DESC LIMIT ?", arguments);
}

Result<std::vector<Attempt>> HistoryReader::of_site(const std::string& site, std::size_t count) {
  const std::array arguments{Argument(site), Argument(static_cast<std::int64_t>(count))};
  return select_attempts(*parts_->database, "WHERE site = ? ORDER BY number DESC LIMIT ?", arguments);
}

}  // namespace ptarmigan::store
