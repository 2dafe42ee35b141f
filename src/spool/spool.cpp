// spool/spool.cpp - see spool.hpp.
#include "spool/spool.hpp"

#include <algorithm>
#include <cassert>
#include <chrono>

#include "spool/committer.hpp"
#include "spool/folder.hpp"
#include "spool/storage.hpp"

namespace ptarmigan::spool {
namespace {

// A new spool begins at the time in milliseconds, times this, so that its ids do not repeat those of a spool that was
// here before and that the history still knows.
constexpr unsigned time_shift = 20;

std::uint64_t first_id_of_new_spool() {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  return static_cast<std::uint64_t>(std::chrono::duration_cast<milliseconds>(now).count()) << time_shift;
}

/// The least id that was surely never used.
Result<std::uint64_t> read_next_id(Storage& storage) {
  std::string octets;
  const auto status = storage.db->Get(rocksdb::ReadOptions(), storage.meta, rocksdb::Slice(next_id_key), &octets);
  if (status.IsNotFound()) return first_id_of_new_spool();
  if (!status.ok()) return std::unexpected(storage_error("read the next queue id", status));
  const auto number = number_from(octets);
  if (!number) return failure("the next queue id in the spool is damaged", "restore the spool from a backup");
  return *number;
}

Result<> write_next_id(Storage& storage, std::uint64_t mark) {
  rocksdb::WriteOptions durable;
  durable.sync = true;
  const auto status = storage.db->Put(durable, storage.meta, rocksdb::Slice(next_id_key), number_octets(mark));
  if (!status.ok()) return std::unexpected(storage_error("write to the spool", status));
  return {};
}

}  // namespace

void Transaction::remember(std::string key, std::string value, WallTime now) {
  remembered_.push_back({std::move(key), std::move(value), now});
}

void Transaction::add(MessageRecord message, std::vector<GroupRecord> groups, std::string octets) {
  assert(!groups.empty());
  message.size = octets.size();
  for (GroupRecord& group : groups) group.message = message.id;
  added_.push_back({std::move(message), std::move(groups), std::move(octets)});
}

void Transaction::put(GroupRecord group) {
  put_.push_back(std::move(group));
}

void Transaction::remove(QueueId message, std::uint32_t group) {
  removed_.emplace_back(message, group);
}

struct Spool::Parts {
  FolderLock lock;
  std::string recovery_warning;
  std::shared_ptr<StorageSlot> storage;
  Reader reader;
  Committer committer;

  Parts(FolderLock held, const std::shared_ptr<Storage>& opened, const Options& options, std::uint64_t next_id)
      : lock(std::move(held)),
        recovery_warning(opened->recovery_warning),
        storage(std::make_shared<StorageSlot>(opened, database_folder(options.folder), options.env)),
        reader(storage),
        committer(storage, options, next_id, next_id + id_block) {}
};

Spool::Spool(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}
Spool::~Spool() = default;

Result<std::unique_ptr<Spool>> Spool::open(const Options& options) {
  auto lock = prepare_folder(options.folder);
  if (!lock) return std::unexpected(std::move(lock.error()));
  auto storage = open_storage(database_folder(options.folder), options.env);
  if (!storage) return std::unexpected(storage_error("open the spool " + options.folder.string(), storage.error()));
  const auto next_id = read_next_id(**storage);
  if (!next_id) return std::unexpected(next_id.error());
  if (auto marked = write_next_id(**storage, *next_id + id_block); !marked)
    return std::unexpected(std::move(marked.error()));
  return std::unique_ptr<Spool>(new Spool(std::make_unique<Parts>(std::move(*lock), *storage, options, *next_id)));
}

Result<std::unique_ptr<Reader>> Spool::open_read_only(const std::filesystem::path& folder) {
  if (auto format = check_format(folder); !format) return std::unexpected(std::move(format.error()));
  auto storage = open_storage_for_reading(database_folder(folder));
  if (!storage) return std::unexpected(std::move(storage.error()));
  return std::make_unique<Reader>(std::make_shared<StorageSlot>(std::move(*storage)));
}

QueueId Spool::next_id() {
  return parts_->committer.next_id();
}

void Spool::commit(Transaction transaction, Completion done) {
  parts_->committer.commit(std::move(transaction), std::move(done));
}

const Reader& Spool::reader() const {
  return parts_->reader;
}

State Spool::state() const {
  return parts_->committer.state();
}

const std::string& Spool::recovery_warning() const {
  return parts_->recovery_warning;
}

}  // namespace ptarmigan::spool
