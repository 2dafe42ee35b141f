// store/view_rows.hpp - rows of answers as values. Inside src/store only.
#pragma once

#include <concepts>
#include <cstdint>
#include <vector>

#include "base/result.hpp"
#include "base/time.hpp"
#include "store/sql.hpp"

namespace ptarmigan::store {

inline std::int64_t number_of(WallTime time) {
  return time.time_since_epoch().count();
}
inline std::int64_t number_of(std::unsigned_integral auto count) {
  return static_cast<std::int64_t>(count);
}
inline WallTime time_of(const Row& row, std::size_t column) {
  return WallTime(milliseconds(row.number(column)));
}
inline std::uint64_t count_of(const Row& row, std::size_t column) {
  return static_cast<std::uint64_t>(row.number(column));
}

template <typename T, typename Read>
Result<std::vector<T>> map_rows(const Result<Rows>& rows, Read read) {
  if (!rows) return std::unexpected(rows.error());
  std::vector<T> out;
  out.reserve(rows->size());
  for (const auto& row : *rows) out.push_back(read(row));
  return out;
}

}  // namespace ptarmigan::store
