// store/history.hpp - the history: one row per attempt, for explanations and trends, in one SQLite file (WAL mode) or
// in PostgreSQL. What else is kept: recorder.hpp; what can be asked: views.hpp. It is not the promise: that is the
// spool. So record() never waits for the disk, and what cannot be written is counted. Threads: History has one of its
// own that writes; its members may be called from any. HistoryReader: one at a time. Limits: History::Options. Schema:
// schema.hpp. Errors: not a history, written by a newer version, not readable.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/queue_id.hpp"
#include "base/result.hpp"
#include "base/time.hpp"
#include "store/attempt.hpp"

namespace ptarmigan::store {

class Recorder;

/// Rows older than this, seen from the newest attempt, are deleted bit by bit. Zero keeps all.
struct Retention {
  std::chrono::days attempts{90};
  std::chrono::days hours{35};     ///< roll-ups by the hour
  std::chrono::days rows{400};     ///< of reports; complaints, bounces, snapshots of records, audit
  std::chrono::days totals{1100};  ///< roll-ups by the day, incidents
};

class History {
 public:
  struct Options {
    std::filesystem::path file;        ///< created with mode 0600; its folder must exist
    std::string database = {};         ///< "postgresql://...": kept there instead of in `file`
    std::size_t max_waiting = 20'000;  ///< rows; more are dropped and counted
    milliseconds batch_time{100};      ///< the first row of a batch waits at most this long
    Retention keep = {};
    /// Told of each attempt by record(), on its caller's thread, before it waits for the disk.
    std::function<void(const Attempt&)> observe = {};
  };

  struct Counts {
    std::uint64_t written = 0;
    std::uint64_t dropped = 0;
    std::string last_error;  ///< of the last batch that could not be written; "" where none or since healed
  };

  static Result<std::unique_ptr<History>> open(const Options& options);
  /// Writes what waits, then closes.
  ~History();
  History(const History&) = delete;
  History& operator=(const History&) = delete;

  /// Returns at once.
  void record(Attempt attempt);
  /// Does `work` on the writing thread, in a transaction of its own, after what was recorded before. Returns at once.
  /// An error is counted as a dropped row.
  void post(std::function<Result<>(Recorder&)> work);
  /// Returns when all that was recorded before is in the file, or dropped.
  void flush();
  [[nodiscard]] Counts counts() const;

 private:
  class Writer;
  explicit History(std::unique_ptr<Writer> writer);
  std::function<void(const Attempt&)> observe_;
  std::unique_ptr<Writer> writer_;
};

/// Reads, also from another process and while the server writes. `where` is a file, or "postgresql://...".
class HistoryReader {
 public:
  static Result<std::unique_ptr<HistoryReader>> open(const std::string& where);
  ~HistoryReader();
  HistoryReader(const HistoryReader&) = delete;
  HistoryReader& operator=(const HistoryReader&) = delete;

  /// In the order in which they happened.
  [[nodiscard]] Result<std::vector<Attempt>> of_message(QueueId id);
  /// The newest first.
  [[nodiscard]] Result<std::vector<Attempt>> last(std::size_t count);
  [[nodiscard]] Result<std::vector<Attempt>> of_site(const std::string& site, std::size_t count);

 private:
  struct Parts;
  explicit HistoryReader(std::unique_ptr<Parts> parts);
  std::unique_ptr<Parts> parts_;
};

}  // namespace ptarmigan::store
