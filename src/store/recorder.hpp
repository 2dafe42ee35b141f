// store/recorder.hpp - writes what records.hpp describes. Used inside of History::post(), which gives each its
// transaction, and by commands that write at once through Importer. Threads: one at a time.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "store/attempt.hpp"
#include "store/records.hpp"

namespace ptarmigan::store {

class Database;

class Recorder {
 public:
  /// `database` outlives *this.
  explicit Recorder(Database& database) : database_(database) {}

  /// False where that report is there already: nothing is counted twice.
  [[nodiscard]] Result<bool> keep(const FullReport& report);

  /// Opens a new one, or writes the open one of the same key. Returns its id.
  [[nodiscard]] Result<std::int64_t> save(const Incident& incident);
  [[nodiscard]] Result<> add(const IncidentEvent& event);
  [[nodiscard]] Result<> add(const Snapshot& snapshot);
  [[nodiscard]] Result<> save(const StandingRow& standing);
  [[nodiscard]] Result<> save(const Figure& figure);
  [[nodiscard]] Result<> add(const AuditLine& line);

 private:
  Result<> keep_dmarc(std::int64_t report, const FullReport& full);
  Result<> keep_rest(std::int64_t report, const FullReport& full);

  Database& database_;
};

/// Writes many at once, from a command and beside a running server: attempts of logs, reports.
class Importer {
 public:
  /// `where` is a file, or "postgresql://...".
  static Result<std::unique_ptr<Importer>> open(const std::string& where);
  ~Importer();
  Importer(const Importer&) = delete;
  Importer& operator=(const Importer&) = delete;

  /// In one transaction; returns how many were new.
  [[nodiscard]] Result<std::uint64_t> add(std::vector<Attempt> attempts);
  [[nodiscard]] Result<> transact(const std::function<Result<>(Recorder&)>& work);
  /// A consistent copy in a new file while others write; PostgreSQL's error says how its tools do it.
  [[nodiscard]] Result<> back_up(const std::string& file);

 private:
  explicit Importer(std::unique_ptr<Database> database);
  std::unique_ptr<Database> database_;
  Recorder recorder_;
};

}  // namespace ptarmigan::store
