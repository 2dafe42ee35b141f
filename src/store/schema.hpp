// store/schema.hpp - the schema of the history and the steps that lead to it. Inside src/store only.
// PRAGMA user_version counts the steps that a file has taken; PRAGMA application_id says that it is a history at all.
#pragma once

#include "base/result.hpp"
#include "store/sqlite.hpp"

namespace ptarmigan::store {

/// The number of migration steps: what user_version is in a file of today.
[[nodiscard]] int schema_version();

/// Makes an empty file a history, and brings an older one up to today, each step whole or not at all.
[[nodiscard]] Result<> migrate(Database& database, const std::string& file);

/// For readers, which change nothing: the file is a history of today's version.
[[nodiscard]] Result<> check_schema(Database& database, const std::string& file);

}  // namespace ptarmigan::store
