// store/sqlite.cpp - see sqlite.hpp.
#include "store/sqlite.hpp"

namespace ptarmigan::store {
namespace {

constexpr int busy_timeout_ms = 5000;

std::unexpected<Error> sqlite_failure(sqlite3* database) {
  const int code = database == nullptr ? SQLITE_NOMEM : sqlite3_errcode(database);
  const char* path = database == nullptr ? nullptr : sqlite3_db_filename(database, "main");
  std::string remedy = "check the file and its folder, and the disk";
  if (code == SQLITE_FULL) remedy = "make room on the disk";
  if (code == SQLITE_NOTADB || code == SQLITE_CORRUPT)
    remedy = "move the file away; the history begins anew, no mail depends on it";
  return failure("the history " + std::string(path == nullptr ? "" : path) + ": " +
                     (database == nullptr ? sqlite3_errstr(code) : sqlite3_errmsg(database)),
                 remedy);
}

}  // namespace

void Statement::bind(int position, std::int64_t value) {
  sqlite3_bind_int64(statement_.get(), position, value);
}

void Statement::bind(int position, std::string_view text) {
  // A null pointer would bind NULL.
  sqlite3_bind_text64(statement_.get(), position, text.data() == nullptr ? "" : text.data(), text.size(), SQLITE_STATIC,
                      SQLITE_UTF8);
}

void Statement::bind_null(int position) {
  sqlite3_bind_null(statement_.get(), position);
}

Result<bool> Statement::step() {
  const int code = sqlite3_step(statement_.get());
  if (code == SQLITE_ROW) return true;
  if (code == SQLITE_DONE) return false;
  return sqlite_failure(sqlite3_db_handle(statement_.get()));
}

Result<> Statement::run() {
  auto stepped = step();
  sqlite3_reset(statement_.get());
  if (!stepped) return std::unexpected(std::move(stepped.error()));
  return {};
}

std::int64_t Statement::number(int column) const {
  return sqlite3_column_int64(statement_.get(), column);
}

std::string Statement::text(int column) const {
  const auto* octets = static_cast<const char*>(sqlite3_column_blob(statement_.get(), column));
  const int size = sqlite3_column_bytes(statement_.get(), column);
  return octets == nullptr ? std::string() : std::string(octets, static_cast<std::size_t>(size));
}

bool Statement::is_null(int column) const {
  return sqlite3_column_type(statement_.get(), column) == SQLITE_NULL;
}

Result<Database> Database::open(const std::filesystem::path& file, Access access) {
  const int flags = access == Access::read ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE;
  sqlite3* opened = nullptr;
  const int code = sqlite3_open_v2(file.c_str(), &opened, flags | SQLITE_OPEN_NOMUTEX, nullptr);
  Database database(opened);
  if (code != SQLITE_OK)
    return failure("cannot open the history " + file.string() + ": " + sqlite3_errstr(code),
                   access == Access::read ? "check the path in store.file; the server makes the file when it starts"
                                          : "create its folder and make it writable, or change store.file");
  sqlite3_busy_timeout(opened, busy_timeout_ms);
  return database;
}

Result<Statement> Database::prepare(std::string_view sql) {
  sqlite3_stmt* prepared = nullptr;
  if (sqlite3_prepare_v2(database_.get(), sql.data(), static_cast<int>(sql.size()), &prepared, nullptr) != SQLITE_OK)
    return sqlite_failure(database_.get());
  return Statement(prepared);
}

Result<> Database::execute(const std::string& sql) {
  if (sqlite3_exec(database_.get(), sql.c_str(), nullptr, nullptr, nullptr) != SQLITE_OK)
    return sqlite_failure(database_.get());
  return {};
}

Result<std::int64_t> Database::number(std::string_view sql) {
  auto statement = prepare(sql);
  if (!statement) return std::unexpected(std::move(statement.error()));
  const auto row = statement->step();
  if (!row) return std::unexpected(row.error());
  return *row ? statement->number(0) : 0;
}

}  // namespace ptarmigan::store
