// spool/storage.cpp - see storage.hpp.
#include "spool/storage.hpp"

#include <cstdlib>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include <rocksdb/env.h>
#include <rocksdb/file_system.h>
#include <rocksdb/filter_policy.h>
#include <rocksdb/listener.h>
#include <rocksdb/table.h>
#include <rocksdb/utilities/table_properties_collectors.h>

#include "base/time.hpp"

#if __has_feature(thread_sanitizer)
// Debian's librocksdb is not instrumented: the sanitizer sees its memory but not the atomics that order it.
extern "C" const char* __tsan_default_suppressions();  // NOLINT(bugprone-reserved-identifier)
extern "C" const char* __tsan_default_suppressions() {
  return "called_from_lib:librocksdb.so\nrace:librocksdb.so\n";
}
#endif

namespace ptarmigan::spool {
namespace {

// Memory: at most 2 x 128 MiB of messages that have not left it yet. Most mail is delivered before that, and what is
// removed while still in memory never reaches a table or a blob file at all.
constexpr std::size_t octets_buffer = 128U << 20;
constexpr int octets_buffers = 3;
constexpr std::size_t records_buffer = 32U << 20;
constexpr std::uint64_t max_log_size = 512U << 20;
constexpr std::uint64_t min_blob_size = 512;
constexpr std::uint64_t blob_file_size = 256U << 20;
constexpr std::size_t notes_size = 4U << 20;
constexpr std::size_t notes_kept = 4;
// A table is compacted early once this many of so many neighbouring entries are removals, which scans must step over.
constexpr std::size_t removal_window = 8192;
constexpr std::size_t removal_trigger = 4096;

/// The committer decides when to go on after no space (Committer::recover), by opening anew; RocksDB must not do so
/// beside it.
class NoRecoveryByItself : public rocksdb::EventListener {
 public:
  void OnErrorRecoveryBegin(rocksdb::BackgroundErrorReason /*reason*/, rocksdb::Status /*error*/,
                            bool* auto_recovery) override {
    *auto_recovery = false;
  }
};

// Opening replays the log and may write all of it to tables and blob files before it removes it.
constexpr std::uint64_t reopen_reserve = 16U << 20;
constexpr milliseconds reader_patience{2000};
constexpr milliseconds reader_poll{1};

using Families = std::vector<rocksdb::ColumnFamilyDescriptor>;

rocksdb::ColumnFamilyOptions record_options() {
  rocksdb::ColumnFamilyOptions options;
  options.write_buffer_size = records_buffer;
  options.compression = rocksdb::kLZ4Compression;
  options.table_properties_collector_factories.push_back(
      rocksdb::NewCompactOnDeletionCollectorFactory(removal_window, removal_trigger));
  rocksdb::BlockBasedTableOptions table;
  table.filter_policy.reset(rocksdb::NewBloomFilterPolicy(10));
  options.table_factory.reset(rocksdb::NewBlockBasedTableFactory(table));
  return options;
}

rocksdb::ColumnFamilyOptions octets_options() {
  rocksdb::ColumnFamilyOptions options = record_options();
  options.write_buffer_size = octets_buffer;
  options.max_write_buffer_number = octets_buffers;
  options.enable_blob_files = true;
  options.min_blob_size = min_blob_size;
  options.blob_file_size = blob_file_size;
  options.enable_blob_garbage_collection = true;
  options.blob_garbage_collection_age_cutoff = 1.0;
  options.blob_garbage_collection_force_threshold = 0.5;
  return options;
}

Families families() {
  return {{rocksdb::kDefaultColumnFamilyName, record_options()},
          {"messages", record_options()},
          {"groups", record_options()},
          {"octets", octets_options()}};
}

rocksdb::DBOptions common_options() {
  rocksdb::DBOptions options;
  options.info_log_level = rocksdb::WARN_LEVEL;
  options.max_log_file_size = notes_size;
  options.keep_log_file_num = notes_kept;
  options.stats_dump_period_sec = 0;
  options.max_open_files = -1;
  return options;
}

rocksdb::DBOptions writer_options(rocksdb::Env* env) {
  rocksdb::DBOptions options = common_options();
  if (env != nullptr) options.env = env;
  options.create_if_missing = true;
  options.create_missing_column_families = true;
  options.max_total_wal_size = max_log_size;
  options.max_background_jobs = 2;
  options.bytes_per_sync = 1U << 20;
  options.listeners.push_back(std::make_shared<NoRecoveryByItself>());
  // One thread writes, so RocksDB needs no concurrency of its own.
  options.allow_concurrent_memtable_write = false;
  options.enable_write_thread_adaptive_yield = false;
  // The log has everything: stop quickly, replay at the next start.
  options.avoid_flush_during_shutdown = true;
  // A torn tail was never acknowledged. Damage before it may have been, and must not pass silently (open_storage).
  options.wal_recovery_mode = rocksdb::WALRecoveryMode::kTolerateCorruptedTailRecords;
  options.track_and_verify_wals_in_manifest = true;
  return options;
}

void adopt(Storage& storage, rocksdb::DB* db, const std::vector<rocksdb::ColumnFamilyHandle*>& handles) {
  storage.db.reset(db);
  storage.meta = handles[0];
  storage.messages = handles[1];
  storage.groups = handles[2];
  storage.octets = handles[3];
}

rocksdb::Status open_database(Storage& storage, const rocksdb::DBOptions& options, const std::string& path) {
  rocksdb::DB* db = nullptr;
  std::vector<rocksdb::ColumnFamilyHandle*> handles;
  const auto status = rocksdb::DB::Open(options, path, families(), &handles, &db);
  if (status.ok()) adopt(storage, db, handles);
  return status;
}

std::string big_endian(std::uint64_t number, std::size_t size) {
  std::string out(size, '\0');
  for (auto at = out.rbegin(); at != out.rend(); ++at, number >>= 8) *at = static_cast<char>(number & 0xff);
  return out;
}

std::uint64_t from_big_endian(std::string_view octets) {
  std::uint64_t number = 0;
  for (const char octet : octets) number = number << 8 | static_cast<unsigned char>(octet);
  return number;
}

}  // namespace

std::string number_octets(std::uint64_t number) {
  return big_endian(number, 8);
}

std::optional<std::uint64_t> number_from(std::string_view octets) {
  if (octets.size() != 8) return std::nullopt;
  return from_big_endian(octets);
}

std::string remembered_key(std::string_view key) {
  return "seen " + std::string(key);
}
std::string age_key(std::uint64_t milliseconds, std::string_view key) {
  return std::string(age_prefix) + number_octets(milliseconds) + std::string(key);
}
std::string message_key(QueueId id) {
  return big_endian(id.number(), 8);
}

std::string part_key(QueueId id, std::uint32_t number) {
  return message_key(id) + big_endian(number, 4);
}

std::string parts_end(QueueId id) {
  return part_key(id, UINT32_MAX) + '\0';
}

QueueId id_of(std::string_view key) {
  return QueueId(from_big_endian(key.substr(0, 8)));
}

std::uint32_t number_of(std::string_view part_key) {
  return static_cast<std::uint32_t>(from_big_endian(part_key.substr(8)));
}

Error storage_error(const std::string& doing, const rocksdb::Status& status) {
  std::string remedy = "look at the disk and the kernel's log, then start again";
  if (status.IsNoSpace()) remedy = "make room on the disk; the queue goes on by itself";
  if (status.IsCorruption()) remedy = "restore the spool from a backup, or move it away to start with an empty one";
  return {"cannot " + doing + ": " + status.ToString(), std::move(remedy)};
}

Storage::~Storage() {
  if (db) {
    for (auto* handle : {meta, messages, groups, octets}) db->DestroyColumnFamilyHandle(handle);
    db->Close().PermitUncheckedError();
    db.reset();
  }
  if (!scratch.empty()) {
    std::error_code ignored;
    std::filesystem::remove_all(scratch, ignored);
  }
}

std::expected<std::shared_ptr<Storage>, rocksdb::Status> open_storage(const std::filesystem::path& folder,
                                                                      rocksdb::Env* env) {
  auto storage = std::make_shared<Storage>();
  auto options = writer_options(env);
  auto status = open_database(*storage, options, folder.string());
  if (status.IsCorruption()) {
    const std::string damage = status.ToString();
    options.wal_recovery_mode = rocksdb::WALRecoveryMode::kPointInTimeRecovery;
    status = open_database(*storage, options, folder.string());
    if (status.ok())
      storage->recovery_warning = "the log of the spool was damaged (" + damage +
                                  "); mail accepted just before the last stop may be lost: compare with the "
                                  "submitting systems' logs, and check the disk";
  }
  if (!status.ok()) return std::unexpected(status);
  return storage;
}

Result<std::shared_ptr<Storage>> open_storage_for_reading(const std::filesystem::path& folder) {
  std::error_code code;
  std::string scratch = (std::filesystem::temp_directory_path(code) / "ptarmigan-queue-XXXXXX").string();
  if (code || ::mkdtemp(scratch.data()) == nullptr)
    return failure("cannot create a temporary folder for reading the spool", "set TMPDIR to a writable folder");
  auto storage = std::make_shared<Storage>();
  storage->scratch = scratch;
  rocksdb::DB* db = nullptr;
  std::vector<rocksdb::ColumnFamilyHandle*> handles;
  const auto status =
      rocksdb::DB::OpenAsSecondary(common_options(), folder.string(), scratch, families(), &handles, &db);
  if (!status.ok()) return std::unexpected(storage_error("read the spool " + folder.string(), status));
  adopt(*storage, db, handles);
  return storage;
}

std::shared_ptr<Storage> StorageSlot::get() const {
  const std::lock_guard lock(mutex_);
  return storage_;
}

rocksdb::Status StorageSlot::reopen() {
  std::shared_ptr<Storage> old;
  {
    const std::lock_guard lock(mutex_);
    old = std::exchange(storage_, nullptr);
  }
  for (auto left = reader_patience; old.use_count() > 1; left -= reader_poll) {
    if (left <= left.zero()) {
      const std::lock_guard lock(mutex_);
      storage_ = std::move(old);
      return rocksdb::Status::Busy("the spool is being read");
    }
    std::this_thread::sleep_for(reader_poll);
  }
  old.reset();
  auto opened = open_storage(folder_, env_);
  if (!opened) return opened.error();
  const std::lock_guard lock(mutex_);
  storage_ = std::move(*opened);
  return rocksdb::Status::OK();
}

std::uint64_t StorageSlot::space_to_reopen() const {
  std::uint64_t needed = reopen_reserve;
  std::error_code code;
  for (const auto& entry : std::filesystem::directory_iterator(folder_, code))
    if (entry.path().extension() == ".log") needed += entry.file_size(code);
  return needed;
}

std::optional<std::uint64_t> free_space(const std::filesystem::path& folder, rocksdb::Env* env) {
  std::uint64_t free = 0;
  const auto& files = (env == nullptr ? rocksdb::Env::Default() : env)->GetFileSystem();
  if (!files->GetFreeSpace(folder.string(), rocksdb::IOOptions(), &free, /*dbg=*/nullptr).ok()) return std::nullopt;
  return free;
}

}  // namespace ptarmigan::spool
