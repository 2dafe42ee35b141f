// store/schema.hpp - the schema of the history and the steps that lead to it. Inside src/store only.
// In SQLite PRAGMA user_version counts the steps that a file has taken and PRAGMA application_id says that it is a
// history at all; in PostgreSQL the table ptarmigan_history does both.
#pragma once

#include <memory>
#include <string>

#include "base/result.hpp"
#include "store/sql.hpp"

namespace ptarmigan::store {

/// The number of migration steps: what the version is today.
[[nodiscard]] int schema_version();

/// Makes an empty database a history, and brings an older one up to today, each step whole or not at all.
[[nodiscard]] Result<> migrate(Database& database);

/// Opens, migrates and tunes; a new SQLite file is for its owner alone.
[[nodiscard]] Result<std::unique_ptr<Database>> open_for_writing(const std::string& where);
/// Opens and checks; changes nothing.
[[nodiscard]] Result<std::unique_ptr<Database>> open_for_reading(const std::string& where);

/// For readers, which change nothing: it is a history of today's version.
[[nodiscard]] Result<> check_schema(Database& database);

}  // namespace ptarmigan::store
