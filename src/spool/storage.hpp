// spool/storage.hpp - RocksDB as the spool uses it: column families, keys, options. Inside src/spool only.
//   default   "next_id" -> 8 octets        ids below it may have been used
//             "seen " key -> milliseconds (8) value; "when " milliseconds (8) key -> "": what is remembered, by age
//   messages  id (8)              -> MessageRecord
//   groups    id (8) number (4)   -> GroupRecord
//   octets    id (8) chunk (4)    -> up to chunk_size octets, in blob files once they leave memory
// Numbers in keys are big-endian, so that key order is the order of ids.
#pragma once

#include <cstdint>
#include <expected>
#include <filesystem>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include <rocksdb/db.h>

#include "base/queue_id.hpp"
#include "base/result.hpp"

namespace ptarmigan::spool {

inline constexpr std::string_view next_id_key = "next_id";

[[nodiscard]] std::string number_octets(std::uint64_t number);
/// Nothing unless `octets` is what number_octets gives.
[[nodiscard]] std::optional<std::uint64_t> number_from(std::string_view octets);
[[nodiscard]] std::string message_key(QueueId id);
[[nodiscard]] std::string remembered_key(std::string_view key);
/// Where it stands in the order of age; those of other records are not between first and last.
[[nodiscard]] std::string age_key(std::uint64_t milliseconds, std::string_view key);
inline constexpr std::string_view age_prefix = "when ";
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

[[nodiscard]] std::expected<std::shared_ptr<Storage>, rocksdb::Status> open_storage(const std::filesystem::path& folder,
                                                                                    rocksdb::Env* env);
[[nodiscard]] Result<std::shared_ptr<Storage>> open_storage_for_reading(const std::filesystem::path& folder);

/// The storage in use, which the committer closes and opens again after no space. RocksDB's own way, Resume(), is not
/// taken: in this version it can wait for ever after a failed flush, or change nothing where memory is empty
/// (RocksDB issues 15030 and 11447); opening is what every start does.
class StorageSlot {
 public:
  /// One that is never opened again: of a reader.
  explicit StorageSlot(std::shared_ptr<Storage> storage) : storage_(std::move(storage)) {}
  StorageSlot(std::shared_ptr<Storage> storage, std::filesystem::path folder, rocksdb::Env* env)
      : folder_(std::move(folder)), env_(env), storage_(std::move(storage)) {}

  /// Keep it for one operation. Null while it is being opened again.
  [[nodiscard]] std::shared_ptr<Storage> get() const;
  /// Waits a little for those who read, then closes and opens. Busy where they take longer: all is as before then. Any
  /// other failure leaves it closed, to be opened by the next call.
  [[nodiscard]] rocksdb::Status reopen();
  /// What opening may write, in octets.
  [[nodiscard]] std::uint64_t space_to_reopen() const;

 private:
  const std::filesystem::path folder_;
  rocksdb::Env* const env_ = nullptr;
  mutable std::mutex mutex_;
  std::shared_ptr<Storage> storage_;
};

/// Nothing where the file system does not tell.
[[nodiscard]] std::optional<std::uint64_t> free_space(const std::filesystem::path& folder, rocksdb::Env* env);

}  // namespace ptarmigan::spool
