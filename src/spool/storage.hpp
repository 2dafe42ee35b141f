// spool/storage.hpp - RocksDB as the spool uses it: column families, keys, options. Inside src/spool only.
//   default   "next_id" -> 8 octets        ids below it may have been used
//   messages  id (8)              -> MessageRecord
//   groups    id (8) number (4)   -> GroupRecord
//   octets    id (8) chunk (4)    -> up to chunk_size octets, in blob files once they leave memory
// Numbers in keys are big-endian, so that key order is the order of ids.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include <rocksdb/db.h>

#include "base/queue_id.hpp"
#include "base/result.hpp"

namespace ptarmigan::spool {

inline constexpr std::string_view next_id_key = "next_id";

[[nodiscard]] std::string number_octets(std::uint64_t number);
/// Nothing unless `octets` is what number_octets gives.
[[nodiscard]] std::optional<std::uint64_t> number_from(std::string_view octets);
[[nodiscard]] std::string message_key(QueueId id);
/// Of a group or a chunk.
[[nodiscard]] std::string part_key(QueueId id, std::uint32_t number);
/// The key after every part of this message.
[[nodiscard]] std::string parts_end(QueueId id);
[[nodiscard]] QueueId id_of(std::string_view key);
[[nodiscard]] std::uint32_t number_of(std::string_view part_key);

[[nodiscard]] Error storage_error(const std::string& doing, const rocksdb::Status& status);

struct Storage {
  std::unique_ptr<rocksdb::DB> db;
  rocksdb::ColumnFamilyHandle* meta = nullptr;
  rocksdb::ColumnFamilyHandle* messages = nullptr;
  rocksdb::ColumnFamilyHandle* groups = nullptr;
  rocksdb::ColumnFamilyHandle* octets = nullptr;
  /// Of a reader in another process: RocksDB's notes about it. Removed at the end.
  std::filesystem::path scratch;
  std::string recovery_warning;

  Storage() = default;
  Storage(const Storage&) = delete;
  Storage& operator=(const Storage&) = delete;
  ~Storage();
};

[[nodiscard]] Result<std::shared_ptr<Storage>> open_storage(const std::filesystem::path& folder, rocksdb::Env* env);
[[nodiscard]] Result<std::shared_ptr<Storage>> open_storage_for_reading(const std::filesystem::path& folder);

}  // namespace ptarmigan::spool
