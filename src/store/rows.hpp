// store/rows.hpp - attempts as rows of the table. Inside src/store only.
#pragma once

#include <string>
#include <vector>

#include "store/attempt.hpp"
#include "store/sqlite.hpp"

namespace ptarmigan::store {

[[nodiscard]] Result<Statement> prepare_insert(Database& database);
[[nodiscard]] Result<> insert(Statement& prepared, const Attempt& attempt);

/// All rows of "SELECT columns FROM attempts " + tail, whose parameters `bind` sets.
template <typename Bind>
[[nodiscard]] Result<std::vector<Attempt>> select(Database& database, const std::string& tail, Bind bind);

[[nodiscard]] std::string select_sql(const std::string& tail);
[[nodiscard]] Result<std::vector<Attempt>> read_rows(Statement& statement);

template <typename Bind>
Result<std::vector<Attempt>> select(Database& database, const std::string& tail, Bind bind) {
  auto statement = database.prepare(select_sql(tail));
  if (!statement) return std::unexpected(std::move(statement.error()));
  bind(*statement);
  return read_rows(*statement);
}

}  // namespace ptarmigan::store
