// store/history.hpp - the history: one row per attempt, in one SQLite file (WAL mode), for explanations and trends.
// It is not the promise: that is the spool. So record() never waits for the disk, and what cannot be written is
// counted. Threads: History has one of its own that writes; its members may be called from any. HistoryReader: one at a
// time. Limits: History::Options. Schema: schema.hpp. Errors: not a history, written by a newer version, not readable.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "base/queue_id.hpp"
#include "base/result.hpp"
#include "base/time.hpp"
#include "store/attempt.hpp"

namespace ptarmigan::store {

class History {
 public:
  struct Options {
    std::filesystem::path file;        ///< created with mode 0600; its folder must exist
    std::size_t max_waiting = 20'000;  ///< rows; more are dropped and counted
    milliseconds batch_time{100};      ///< the first row of a batch waits at most this long
    /// Rows older than this, seen from the newest, are deleted bit by bit. Zero keeps all.
    std::chrono::days keep{90};
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
  /// Returns when all that was recorded before is in the file, or dropped.
  void flush();
  [[nodiscard]] Counts counts() const;

 private:
  class Writer;
  explicit History(std::unique_ptr<Writer> writer);
  std::unique_ptr<Writer> writer_;
};

/// Reads, also from another process and while the server writes.
class HistoryReader {
 public:
  static Result<std::unique_ptr<HistoryReader>> open(const std::filesystem::path& file);
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
