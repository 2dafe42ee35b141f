// store/sqlite.hpp - SQLite's connection and statement with owners and Results. Inside src/store only.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

#include <sqlite3.h>

#include "base/result.hpp"

namespace ptarmigan::store {

enum class Access { read, read_write };

class Statement {
 public:
  explicit Statement(sqlite3_stmt* statement) : statement_(statement) {}

  /// Positions from 1. The text must live until the next reset or run.
  void bind(int position, std::int64_t value);
  void bind(int position, std::string_view text);
  void bind_null(int position);

  /// True: a row is there to be read. False: done.
  [[nodiscard]] Result<bool> step();
  /// For a statement without rows; ready for the next run then.
  [[nodiscard]] Result<> run();

  /// Columns from 0. Of NULL: 0 and "".
  [[nodiscard]] std::int64_t number(int column) const;
  [[nodiscard]] std::string text(int column) const;
  [[nodiscard]] bool is_null(int column) const;

 private:
  struct Finalize {
    void operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }
  };
  std::unique_ptr<sqlite3_stmt, Finalize> statement_;
};

class Database {
 public:
  static Result<Database> open(const std::filesystem::path& file, Access access);

  [[nodiscard]] Result<Statement> prepare(std::string_view sql);
  /// Any number of statements.
  [[nodiscard]] Result<> execute(const std::string& sql);
  /// The first column of the first row, 0 where there is none.
  [[nodiscard]] Result<std::int64_t> number(std::string_view sql);

 private:
  struct Close {
    void operator()(sqlite3* database) const { sqlite3_close_v2(database); }
  };
  explicit Database(sqlite3* database) : database_(database) {}
  std::unique_ptr<sqlite3, Close> database_;
};

}  // namespace ptarmigan::store
