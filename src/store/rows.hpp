// store/rows.hpp - attempts as rows of the table. Inside src/store only.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "store/attempt.hpp"
#include "store/sql.hpp"

namespace ptarmigan::store {

/// What makes an attempt of a log the same attempt when the log is read again; "" for our own.
[[nodiscard]] std::string identity_of(const Attempt& attempt);

/// The new row's number; nothing where that attempt of a log was already there.
[[nodiscard]] Result<std::optional<std::int64_t>> insert(Database& database, const Attempt& attempt,
                                                         std::optional<std::int64_t> reply_id);

/// All rows of "SELECT columns FROM attempts " + tail.
[[nodiscard]] Result<std::vector<Attempt>> select_attempts(Database& database, const std::string& tail,
                                                           Arguments arguments);

}  // namespace ptarmigan::store
