// store/history.cpp - see history.hpp.
#include "store/history.hpp"

#include <condition_variable>
#include <exception>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>

#include <fcntl.h>
#include <unistd.h>

#include "store/rows.hpp"
#include "store/schema.hpp"
#include "store/sqlite.hpp"

namespace ptarmigan::store {
namespace {

constexpr std::size_t max_batch = 2000;
// Old rows are looked for once this much time has passed between the rows that come in, and at most so many then.
constexpr std::chrono::minutes prune_interval{10};
constexpr int prune_rows = 20'000;

}  // namespace

class History::Writer {
 public:
  Writer(Database database, Statement insert, const Options& options)
      : options_(options), database_(std::move(database)), insert_(std::move(insert)), thread_([this] { run(); }) {}

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

  void record(Attempt attempt) {
    {
      const std::lock_guard lock(mutex_);
      if (waiting_.size() >= options_.max_waiting) {
        ++counts_.dropped;
        return;
      }
      waiting_.push_back(std::move(attempt));
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
  std::vector<Attempt> take() {
    std::unique_lock lock(mutex_);
    work_.wait(lock, [this] { return closing_ || !waiting_.empty(); });
    work_.wait_for(lock, options_.batch_time,
                   [this] { return closing_ || waiting_.size() >= max_batch || flush_to_ > finished_; });
    return std::exchange(waiting_, {});
  }

  Result<> write(const std::vector<Attempt>& batch) {
    if (auto begun = database_.execute("BEGIN IMMEDIATE"); !begun) return begun;
    auto written = write_rows(batch);
    if (written) written = database_.execute("COMMIT");
    if (!written) {
      // Fails where SQLite has rolled back by itself; the first error is what counts.
      [[maybe_unused]] const auto rolled_back = database_.execute("ROLLBACK");
    }
    return written;
  }

  Result<> write_rows(const std::vector<Attempt>& batch) {
    for (const Attempt& attempt : batch) {
      if (auto row = insert(insert_, attempt); !row) return row;
      newest_ = std::max(newest_, attempt.time);
    }
    return prune();
  }

  Result<> prune() {
    if (options_.keep == options_.keep.zero() || newest_ - pruned_at_ < prune_interval) return {};
    auto statement = database_.prepare(
        "DELETE FROM attempts WHERE number IN"
        " (SELECT number FROM attempts WHERE time < ? ORDER BY time LIMIT ?)");
    if (!statement) return std::unexpected(std::move(statement.error()));
    statement->bind(1, (newest_ - options_.keep).time_since_epoch().count());
    statement->bind(2, prune_rows);
    auto pruned = statement->run();
    if (pruned) pruned_at_ = newest_;
    return pruned;
  }

  const Options options_;
  // Of the writing thread alone.
  Database database_;
  Statement insert_;
  WallTime newest_{};
  WallTime pruned_at_{};

  mutable std::mutex mutex_;
  std::condition_variable work_;
  std::condition_variable done_;
  std::vector<Attempt> waiting_;
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
  // SQLite makes its -wal and -shm files with the mode of the file itself.
  if (const int made = ::open(options.file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600); made >= 0) ::close(made);
  auto database = Database::open(options.file, Access::read_write);
  if (!database) return std::unexpected(std::move(database.error()));
  if (auto migrated = migrate(*database, options.file.string()); !migrated)
    return std::unexpected(std::move(migrated.error()));
  if (auto set = database->execute("PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL"); !set)
    return std::unexpected(std::move(set.error()));
  auto insert = prepare_insert(*database);
  if (!insert) return std::unexpected(std::move(insert.error()));
  return std::unique_ptr<History>(
      new History(std::make_unique<Writer>(std::move(*database), std::move(*insert), options)));
}

void History::record(Attempt attempt) {
  writer_->record(std::move(attempt));
}

void History::flush() {
  writer_->flush();
}

History::Counts History::counts() const {
  return writer_->counts();
}

struct HistoryReader::Parts {
  Database database;
};

HistoryReader::HistoryReader(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}
HistoryReader::~HistoryReader() = default;

Result<std::unique_ptr<HistoryReader>> HistoryReader::open(const std::filesystem::path& file) {
  auto database = Database::open(file, Access::read);
  if (!database) return std::unexpected(std::move(database.error()));
  if (auto checked = check_schema(*database, file.string()); !checked)
    return std::unexpected(std::move(checked.error()));
  return std::unique_ptr<HistoryReader>(new HistoryReader(std::make_unique<Parts>(std::move(*database))));
}

Result<std::vector<Attempt>> HistoryReader::of_message(QueueId id) {
  return select(parts_->database, "WHERE queue_id = ? ORDER BY number",
                [&](Statement& statement) { statement.bind(1, static_cast<std::int64_t>(id.number())); });
}

Result<std::vector<Attempt>> HistoryReader::last(std::size_t count) {
  return select(parts_->database, "ORDER BY number DESC LIMIT ?",
                [&](Statement& statement) { statement.bind(1, static_cast<std::int64_t>(count)); });
}

Result<std::vector<Attempt>> HistoryReader::of_site(const std::string& site, std::size_t count) {
  return select(parts_->database, "WHERE site = ? ORDER BY number DESC LIMIT ?", [&](Statement& statement) {
    statement.bind(1, site);
    statement.bind(2, static_cast<std::int64_t>(count));
  });
}

}  // namespace ptarmigan::store
