// store/roll_up.hpp - attempts into their table and, in the same transaction, into the counts by hour and day that long
// ranges are read from; and the deletion of what is too old. Inside src/store only.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <tuple>

#include "store/attempt.hpp"
#include "store/history.hpp"
#include "store/sql.hpp"

namespace ptarmigan::store {

/// Which columns of `traffic` are set. One attempt counts once in each.
enum class Shape : std::uint8_t {
  total,   ///< route, family
  route,   ///< site, route, family
  stream,  ///< stream, route, family
  sender,  ///< site, stream
};

inline constexpr std::int64_t hour_ms = 3'600'000;
inline constexpr std::int64_t day_ms = 24 * hour_ms;

/// One batch. Counts are summed in memory and written once.
class RollUp {
 public:
  /// Writes the attempt; an attempt of a log that is already there is left out. `kind` is found where it is "".
  Result<> add(Database& database, Attempt attempt);
  /// Writes the counts.
  Result<> write(Database& database);
  [[nodiscard]] std::uint64_t added() const { return added_; }

 private:
  struct Counts {
    std::array<std::int64_t, 4> outcomes{};
    std::int64_t recipients = 0;
  };
  struct Reply {
    std::int64_t id = 0;
    std::int64_t attempts = 0;
    std::int64_t last_seen = 0;
  };
  using TrafficKey = std::tuple<Shape, std::int64_t, std::int64_t, std::string, std::string, std::string, int>;
  using RefusalKey =
      std::tuple<std::int64_t, std::int64_t, std::string, std::string, std::string, int, std::string, std::string>;

  Result<Reply*> reply_of(Database& database, const Attempt& attempt);
  void count(const Attempt& attempt);

  std::map<TrafficKey, Counts> traffic_;
  std::map<RefusalKey, std::int64_t> refusals_;
  std::map<std::pair<std::string, std::string>, Reply> replies_;
  std::uint64_t added_ = 0;
};

/// Deletes a bounded number of rows that are older than `keep`, seen from `newest`.
Result<> prune(Database& database, const Retention& keep, WallTime newest);

}  // namespace ptarmigan::store
