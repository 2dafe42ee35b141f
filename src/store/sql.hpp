// store/sql.hpp - one connection to the history's database, SQLite or PostgreSQL: the one small interface that
// everything in src/store speaks. Statements are written once, in the SQL that both know, with ? for each value; what
// differs is written as a mark that expands per database:
//
//   {id}         a primary key that numbers its rows by itself
//   {text}       text that compares octet by octet
//   {clustered}  the table is its primary key's index, where that exists
//
// Text is kept as UTF-8 without NUL where the database demands it (PostgreSQL): other octets become "?".
// Threads: one Database, one thread at a time. Errors: with what mends them.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/result.hpp"

namespace ptarmigan::store {

enum class Access { read, read_write };

/// A value given to a statement. A view must live until the call returns.
using Argument = std::variant<std::monostate, std::int64_t, std::string_view>;
using Arguments = std::span<const Argument>;

/// One row of an answer. Columns from 0; of NULL: 0 and "".
class Row {
 public:
  using Cell = std::variant<std::monostate, std::int64_t, std::string>;

  explicit Row(std::vector<Cell> cells) : cells_(std::move(cells)) {}
  [[nodiscard]] std::int64_t number(std::size_t column) const;
  [[nodiscard]] std::string text(std::size_t column) const;
  [[nodiscard]] bool is_null(std::size_t column) const { return cells_[column].index() == 0; }
  [[nodiscard]] std::size_t size() const { return cells_.size(); }

 private:
  std::vector<Cell> cells_;
};
using Rows = std::vector<Row>;

enum class Dialect { sqlite, postgresql };

class Database {
 public:
  /// `where` is a file's path, or "postgresql://...".
  static Result<std::unique_ptr<Database>> open(const std::string& where, Access access);

  Database() = default;
  virtual ~Database() = default;
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;

  /// Rows of one statement, all in memory: the statement bounds them. Prepared statements are kept and used again.
  [[nodiscard]] virtual Result<Rows> ask(std::string_view sql, Arguments arguments) = 0;
  /// One statement without rows; how many rows it changed.
  [[nodiscard]] virtual Result<std::uint64_t> run(std::string_view sql, Arguments arguments) = 0;
  /// Any number of statements, without values; marks are expanded.
  [[nodiscard]] virtual Result<> execute(const std::string& sql) = 0;
  /// A consistent copy into a new file, while others write. PostgreSQL says how its own tools do it.
  [[nodiscard]] virtual Result<> back_up(const std::string& file) = 0;
  [[nodiscard]] virtual Dialect dialect() const = 0;
  /// For errors: "the history FILE".
  [[nodiscard]] virtual std::string name() const = 0;

  [[nodiscard]] Result<Rows> ask(std::string_view sql, std::initializer_list<Argument> arguments = {}) {
    return ask(sql, Arguments(arguments.begin(), arguments.size()));
  }
  [[nodiscard]] Result<std::uint64_t> run(std::string_view sql, std::initializer_list<Argument> arguments) {
    return run(sql, Arguments(arguments.begin(), arguments.size()));
  }
  /// The first column of the first row, 0 where there is none.
  [[nodiscard]] Result<std::int64_t> number(std::string_view sql, std::initializer_list<Argument> arguments = {});

  /// `work` inside of one transaction: all of it or nothing.
  template <typename Work>
  [[nodiscard]] Result<> transact(Work work);

 protected:
  /// `sql` with the marks of this file expanded.
  [[nodiscard]] static std::string expanded(std::string_view sql, Dialect dialect);
};

/// Whether `where` names a PostgreSQL database rather than a file.
[[nodiscard]] bool is_postgresql(std::string_view where);
/// `where` without the password that it may hold, for messages.
[[nodiscard]] std::string without_password(std::string_view where);

/// The two kinds; through Database::open().
[[nodiscard]] Result<std::unique_ptr<Database>> open_sqlite(const std::string& file, Access access);
[[nodiscard]] Result<std::unique_ptr<Database>> open_postgresql(const std::string& url, Access access);

template <typename Work>
Result<> Database::transact(Work work) {
  if (auto begun = execute(dialect() == Dialect::sqlite ? "BEGIN IMMEDIATE" : "BEGIN"); !begun) return begun;
  Result<> done = work();
  if (done) done = execute("COMMIT");
  if (!done) {
    // Fails where the database has rolled back by itself; the first error is what counts.
    [[maybe_unused]] const auto rolled_back = execute("ROLLBACK");
  }
  return done;
}

}  // namespace ptarmigan::store
