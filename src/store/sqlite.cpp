// store/sqlite.cpp - the history in one SQLite file.
#include <map>
#include <utility>

#include <sqlite3.h>

#include "store/sql.hpp"

namespace ptarmigan::store {
namespace {

constexpr int busy_timeout_ms = 5000;
/// Pages copied at a time by a backup; between two the writer may go on.
constexpr int backup_pages = 1000;
constexpr int backup_pause_ms = 5;

struct Finalize {
  void operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }
};
struct Close {
  void operator()(sqlite3* database) const { sqlite3_close_v2(database); }
};
using Handle = std::unique_ptr<sqlite3, Close>;
using Prepared = std::unique_ptr<sqlite3_stmt, Finalize>;

void bind(sqlite3_stmt* statement, int position, const Argument& argument) {
  if (const auto* number = std::get_if<std::int64_t>(&argument)) {
    sqlite3_bind_int64(statement, position, *number);
  } else if (const auto* text = std::get_if<std::string_view>(&argument)) {
    // A null pointer would bind NULL.
    sqlite3_bind_text64(statement, position, text->data() == nullptr ? "" : text->data(), text->size(), SQLITE_STATIC,
                        SQLITE_UTF8);
  } else {
    sqlite3_bind_null(statement, position);
  }
}

Row read_row(sqlite3_stmt* statement) {
  std::vector<Row::Cell> cells;
  const int count = sqlite3_column_count(statement);
  cells.reserve(static_cast<std::size_t>(count));
  for (int column = 0; column < count; ++column) {
    switch (sqlite3_column_type(statement, column)) {
      case SQLITE_NULL: cells.emplace_back(); break;
      case SQLITE_INTEGER: cells.emplace_back(sqlite3_column_int64(statement, column)); break;
      default: {
        const auto* octets = static_cast<const char*>(sqlite3_column_blob(statement, column));
        const int size = sqlite3_column_bytes(statement, column);
        cells.emplace_back(octets == nullptr ? std::string() : std::string(octets, static_cast<std::size_t>(size)));
      }
    }
  }
  return Row(std::move(cells));
}

class Sqlite final : public Database {
 public:
  Sqlite(Handle handle, std::string file) : handle_(std::move(handle)), file_(std::move(file)) {}

  Result<Rows> ask(std::string_view sql, Arguments arguments) override {
    auto* statement = prepared(sql);
    if (statement == nullptr) return error();
    bind_all(statement, arguments);
    Rows rows;
    int code = sqlite3_step(statement);
    for (; code == SQLITE_ROW; code = sqlite3_step(statement)) rows.push_back(read_row(statement));
    if (code != SQLITE_DONE) return reset_after_error(statement);
    sqlite3_reset(statement);
    return rows;
  }

  Result<std::uint64_t> run(std::string_view sql, Arguments arguments) override {
    auto* statement = prepared(sql);
    if (statement == nullptr) return error();
    bind_all(statement, arguments);
    if (sqlite3_step(statement) != SQLITE_DONE) return reset_after_error(statement);
    sqlite3_reset(statement);
    return static_cast<std::uint64_t>(sqlite3_changes64(handle_.get()));
  }

  Result<> execute(const std::string& sql) override {
    if (sqlite3_exec(handle_.get(), expanded(sql, Dialect::sqlite).c_str(), nullptr, nullptr, nullptr) != SQLITE_OK)
      return error();
    return {};
  }

  Result<> back_up(const std::string& file) override {
    sqlite3* opened = nullptr;
    const int code = sqlite3_open_v2(file.c_str(), &opened,
                                     SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX, nullptr);
    const Handle target(opened);
    if (code != SQLITE_OK)
      return failure("cannot write the backup " + file + ": " + sqlite3_errstr(code),
                     "choose a folder that is writable");
    auto* backup = sqlite3_backup_init(opened, "main", handle_.get(), "main");
    if (backup == nullptr) return failure("cannot write the backup " + file + ": " + sqlite3_errmsg(opened));
    int step = SQLITE_OK;
    while (step == SQLITE_OK || step == SQLITE_BUSY || step == SQLITE_LOCKED) {
      step = sqlite3_backup_step(backup, backup_pages);
      if (step != SQLITE_DONE) sqlite3_sleep(backup_pause_ms);
    }
    sqlite3_backup_finish(backup);
    if (step != SQLITE_DONE)
      return failure("the backup " + file + " is not complete: " + sqlite3_errstr(step), "make room on its disk");
    return {};
  }

  [[nodiscard]] Dialect dialect() const override { return Dialect::sqlite; }
  [[nodiscard]] std::string name() const override { return "the history " + file_; }

 private:
  sqlite3_stmt* prepared(std::string_view sql) {
    const auto found = statements_.find(sql);
    if (found != statements_.end()) return found->second.get();
    sqlite3_stmt* statement = nullptr;
    if (sqlite3_prepare_v3(handle_.get(), sql.data(), static_cast<int>(sql.size()), SQLITE_PREPARE_PERSISTENT,
                           &statement, nullptr) != SQLITE_OK)
      return nullptr;
    return statements_.emplace(std::string(sql), Prepared(statement)).first->second.get();
  }

  static void bind_all(sqlite3_stmt* statement, Arguments arguments) {
    for (std::size_t at = 0; at < arguments.size(); ++at) bind(statement, static_cast<int>(at) + 1, arguments[at]);
  }

  std::unexpected<Error> reset_after_error(sqlite3_stmt* statement) {
    auto out = error();
    sqlite3_reset(statement);
    return out;
  }

  std::unexpected<Error> error() const {
    const int code = sqlite3_errcode(handle_.get());
    std::string remedy = "check the file and its folder, and the disk";
    if (code == SQLITE_FULL) remedy = "make room on the disk";
    if (code == SQLITE_NOTADB || code == SQLITE_CORRUPT)
      remedy = "move the file away; the history begins anew, no mail depends on it";
    return failure(name() + ": " + sqlite3_errmsg(handle_.get()), remedy);
  }

  Handle handle_;
  std::string file_;
  // After the handle: statements end first.
  std::map<std::string, Prepared, std::less<>> statements_;
};

}  // namespace

Result<std::unique_ptr<Database>> open_sqlite(const std::string& file, Access access) {
  const int flags = access == Access::read ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE;
  sqlite3* opened = nullptr;
  const int code = sqlite3_open_v2(file.c_str(), &opened, flags | SQLITE_OPEN_NOMUTEX, nullptr);
  Handle handle(opened);
  if (code != SQLITE_OK)
    return failure("cannot open the history " + file + ": " + sqlite3_errstr(code),
                   access == Access::read ? "check the path in store.path; the server makes the file when it starts"
                                          : "create its folder and make it writable, or change store.path");
  sqlite3_busy_timeout(opened, busy_timeout_ms);
  return std::make_unique<Sqlite>(std::move(handle), file);
}

}  // namespace ptarmigan::store
