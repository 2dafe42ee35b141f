// spool/reader.hpp - reads the queue: one message, its octets, or all that match. Obtained from Spool.
// Limits: a body is handed out in chunks of chunk_size, so that memory does not depend on the size of a message.
// Errors: a damaged record; or, for a moment while the spool recovers from no space, that it is closed: try again
// later. Threads: any; each call sees the commits that were complete when it began.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "base/result.hpp"
#include "spool/records.hpp"

namespace ptarmigan::spool {

inline constexpr std::uint64_t chunk_size = 1U << 20;

/// Chunks of a message of `size` octets: all but the last have chunk_size octets.
[[nodiscard]] constexpr std::uint32_t chunk_count(std::uint64_t size) {
  return static_cast<std::uint32_t>((size + chunk_size - 1) / chunk_size);
}

/// What Transaction::remember() keeps: how many values, and how long.
inline constexpr std::size_t max_remembered = 100'000;
inline constexpr std::chrono::hours remembered_for{24};

/// Every field that is set must match; groups that do not match are left out, and messages without any are too.
struct Query {
  std::optional<QueueId> id = {};
  std::optional<QueueId> after = {};          ///< only later ids: the next page
  std::optional<std::string> domain = {};     ///< recipient domain, lower case
  std::optional<std::string> mail_from = {};  ///< compared without regard to case
  std::optional<std::string> recipient = {};  ///< one of the group's, compared without regard to case
  std::optional<std::string> site = {};       ///< of the last attempt
  std::optional<std::string> cause = {};      ///< of the last attempt
  std::optional<bool> held = {};
};

enum class Walk { go_on, stop };

class StorageSlot;  // RocksDB, behind storage.hpp

class Reader {
 public:
  explicit Reader(std::shared_ptr<StorageSlot> storage) : storage_(std::move(storage)) {}

  /// Calls `visit` for each match in the order of ids, from one consistent view. Stops at the first damaged record with
  /// its error. A scan holds disk space that is freed meanwhile: do long work outside of `visit`.
  [[nodiscard]] Result<> for_each(const Query& query, const std::function<Walk(Queued)>& visit) const;

  /// Nothing where it is not (or no longer) queued.
  [[nodiscard]] Result<std::optional<Queued>> find(QueueId id) const;

  /// What Transaction::remember() kept under `key`, and is not too old at `now`.
  [[nodiscard]] Result<std::optional<std::string>> recall(std::string_view key, WallTime now) const;

  /// The whole message as it was added.
  [[nodiscard]] Result<std::string> octets(const MessageRecord& message) const;
  /// One chunk of it; index < chunk_count(message.size).
  [[nodiscard]] Result<std::string> chunk(const MessageRecord& message, std::uint32_t index) const;

 private:
  std::shared_ptr<StorageSlot> storage_;
};

}  // namespace ptarmigan::spool
