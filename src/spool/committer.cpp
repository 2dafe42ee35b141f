// spool/committer.cpp - see committer.hpp.
#include "spool/committer.hpp"

#include <algorithm>
#include <exception>
#include <map>
#include <set>
#include <string_view>
#include <unordered_map>
#include <utility>

#include <rocksdb/write_batch.h>

#include "spool/codec.hpp"

namespace ptarmigan::spool {
namespace {

// One write; what waits beyond it goes into the next.
constexpr std::uint64_t max_group_octets = 8U << 20;
// What a record costs beside its message's octets, roughly.
constexpr std::uint64_t record_octets = 512;
// Old keys dropped for each new one: more than one, so that what is too old goes.
constexpr std::size_t max_forgotten = 4;

/// Collects transactions into one batch, each seeing those before it.
class Batch {
 public:
  Batch(Storage& storage, std::size_t expected_octets) : storage_(storage), batch_(expected_octets) {}

  rocksdb::Status add(const MessageRecord& message, const std::string& octets) {
    max_id_ = std::max(max_id_, message.id.number());
    sizes_[message.id] = message.size;
    auto status = batch_.Put(storage_.messages, message_key(message.id), encode(message));
    for (std::uint32_t index = 0; status.ok() && index < chunk_count(octets.size()); ++index) {
      const std::string_view chunk = std::string_view(octets).substr(index * chunk_size, chunk_size);
      status = batch_.Put(storage_.octets, part_key(message.id, index), chunk);
    }
    return status;
  }

  rocksdb::Status put(const GroupRecord& group) {
    present_[{group.message, group.number}] = true;
    return batch_.Put(storage_.groups, part_key(group.message, group.number), encode(group));
  }

  rocksdb::Status remove(QueueId id, std::uint32_t number) {
    present_[{id, number}] = false;
    auto status = batch_.Delete(storage_.groups, part_key(id, number));
    if (status.ok() && !has_groups(id, status) && status.ok()) status = remove_message(id);
    return status;
  }

  rocksdb::Status remember(std::string_view key, std::string_view value, std::uint64_t at) {
    auto status = batch_.Put(storage_.meta, remembered_key(key), number_octets(at) + std::string(value));
    return status.ok() ? batch_.Put(storage_.meta, age_key(at, key), rocksdb::Slice()) : status;
  }

  /// Drops what is older than `oldest`, and the oldest of what is more than `most`; returns how many are left of
  /// `count`. Once in a group: what is too much goes in steps.
  std::size_t forget(std::size_t count, std::size_t most, std::uint64_t oldest, rocksdb::Status& status) {
    const std::unique_ptr<rocksdb::Iterator> ages(storage_.db->NewIterator(rocksdb::ReadOptions(), storage_.meta));
    std::size_t dropped = 0;
    for (ages->Seek(rocksdb::Slice(age_prefix)); status.ok() && ages->Valid() && dropped < max_forgotten;
         ages->Next()) {
      const auto age = ages->key().ToStringView();
      if (!age.starts_with(age_prefix)) break;
      const auto at = number_from(age.substr(age_prefix.size(), 8)).value_or(0);
      if (at >= oldest && count - dropped <= most) break;
      const auto key = remembered_key(age.substr(age_prefix.size() + 8));
      std::string stored;
      // A key that was used again has a younger entry.
      if (storage_.db->Get(rocksdb::ReadOptions(), storage_.meta, key, &stored).ok() &&
          stored.starts_with(number_octets(at)))
        status = batch_.Delete(storage_.meta, key);
      if (status.ok()) status = batch_.Delete(storage_.meta, ages->key());
      ++dropped;
    }
    return count - std::min(count, dropped);
  }

  [[nodiscard]] std::size_t count_remembered() const {
    const std::unique_ptr<rocksdb::Iterator> ages(storage_.db->NewIterator(rocksdb::ReadOptions(), storage_.meta));
    std::size_t count = 0;
    for (ages->Seek(rocksdb::Slice(age_prefix)); ages->Valid() && ages->key().ToStringView().starts_with(age_prefix);
         ages->Next())
      ++count;
    return count;
  }

  rocksdb::Status mark_ids(std::uint64_t mark) {
    return batch_.Put(storage_.meta, rocksdb::Slice(next_id_key), number_octets(mark));
  }

  [[nodiscard]] std::uint64_t max_id() const { return max_id_; }
  [[nodiscard]] bool empty() const { return batch_.Count() == 0; }
  rocksdb::WriteBatch& get() { return batch_; }

 private:
  bool has_groups(QueueId id, rocksdb::Status& status) const {
    for (auto at = present_.lower_bound({id, 0}); at != present_.end() && at->first.first == id; ++at)
      if (at->second) return true;
    rocksdb::ReadOptions options;
    const std::string end = parts_end(id);
    const rocksdb::Slice bound(end);
    options.iterate_upper_bound = &bound;
    const std::unique_ptr<rocksdb::Iterator> stored(storage_.db->NewIterator(options, storage_.groups));
    for (stored->Seek(message_key(id)); stored->Valid(); stored->Next())
      if (!present_.contains({id, number_of(stored->key().ToStringView())})) return true;
    status = stored->status();
    return false;
  }

  /// Written once and never again under this id, so a single deletion lets memory forget both.
  rocksdb::Status remove_message(QueueId id) {
    std::uint64_t size = 0;
    if (const auto added = sizes_.find(id); added != sizes_.end()) {
      size = added->second;
      sizes_.erase(added);
    } else {
      if (!removed_.insert(id).second) return rocksdb::Status::OK();
      rocksdb::PinnableSlice record;
      auto status = storage_.db->Get(rocksdb::ReadOptions(), storage_.messages, message_key(id), &record);
      if (status.IsNotFound()) return rocksdb::Status::OK();
      if (!status.ok()) return status;
      const auto message = decode_message(id, record.ToStringView());
      if (!message) return remove_damaged(id);
      size = message->size;
    }
    auto status = batch_.SingleDelete(storage_.messages, message_key(id));
    for (std::uint32_t index = 0; status.ok() && index < chunk_count(size); ++index)
      status = batch_.SingleDelete(storage_.octets, part_key(id, index));
    return status;
  }

  rocksdb::Status remove_damaged(QueueId id) {
    const auto status = batch_.SingleDelete(storage_.messages, message_key(id));
    return status.ok() ? batch_.DeleteRange(storage_.octets, message_key(id), parts_end(id)) : status;
  }

  Storage& storage_;
  rocksdb::WriteBatch batch_;
  std::uint64_t max_id_ = 0;
  std::map<std::pair<QueueId, std::uint32_t>, bool> present_;
  std::unordered_map<QueueId, std::uint64_t> sizes_;
  std::set<QueueId> removed_;
};

Error no_space_error(std::uint64_t free, std::uint64_t needed, std::string_view why) {
  return {"the disk of the spool has " + std::to_string(free >> 20) + " MiB left, less than the " +
              std::to_string(needed >> 20) + " MiB that " + std::string(why),
          "make room on the disk; mail is accepted again by itself"};
}

CommitError commit_error(const std::string& doing, const rocksdb::Status& status) {
  return {status.IsNoSpace() ? ErrorKind::no_space : ErrorKind::stopped, storage_error(doing, status)};
}

}  // namespace

Committer::Committer(std::shared_ptr<StorageSlot> slot, const Options& options, std::uint64_t next_id,
                     std::uint64_t id_mark)
    : slot_(std::move(slot)), options_(options), next_id_(next_id), id_mark_(id_mark), thread_([this] { run(); }) {}

Committer::~Committer() {
  {
    const std::lock_guard lock(mutex_);
    closing_ = true;
  }
  work_.notify_one();
  thread_.join();
}

void Committer::commit(Transaction transaction, Completion done) {
  std::uint64_t octets = record_octets * (1 + transaction.put_.size() + transaction.removed_.size());
  for (const auto& one : transaction.remembered_) octets += one.key.size() + one.value.size();
  for (const auto& added : transaction.added_) octets += added.octets.size() + record_octets;
  bool idle = false;
  {
    const std::lock_guard lock(mutex_);
    std::optional<CommitError> refused;
    const std::uint64_t limit = options_.max_waiting_octets;
    const bool fits = waiting_octets_ == 0 || (octets <= limit && waiting_octets_ <= limit - octets);
    if (!transaction.added_.empty() && !fits) {
      refused = {ErrorKind::overloaded,
                 {"too much mail waits for the disk", "send more slowly, or use a faster disk for the spool"}};
      transaction = Transaction();
      octets = 0;
    }
    idle = waiting_.empty();
    waiting_octets_ += octets;
    waiting_.push_back({std::move(transaction), std::move(done), octets, std::move(refused)});
  }
  if (idle) work_.notify_one();
}

State Committer::state() const {
  const std::lock_guard lock(mutex_);
  return state_;
}

void Committer::set_state(Condition condition, Error reason) {
  const std::lock_guard lock(mutex_);
  state_ = {condition, std::move(reason)};
}

void Committer::run() {
  for (std::vector<Waiting> group = take_group(); !group.empty(); group = take_group()) commit_group(group);
}

/// Waits for work; empty at the end.
std::vector<Committer::Waiting> Committer::take_group() {
  std::unique_lock lock(mutex_);
  work_.wait(lock, [this] { return closing_ || !waiting_.empty(); });
  std::vector<Waiting> group;
  std::uint64_t octets = 0;
  while (!waiting_.empty() && (group.empty() || waiting_.front().octets <= max_group_octets - octets)) {
    octets = std::min(octets + waiting_.front().octets, max_group_octets);
    waiting_octets_ -= waiting_.front().octets;
    group.push_back(std::move(waiting_.front()));
    waiting_.pop_front();
  }
  return group;
}

void Committer::commit_group(std::vector<Waiting>& group) {
  std::optional<CommitError> error;
  try {
    error = recover();
    if (!error) refuse_new_messages_without_space(group);
    const auto began = std::chrono::steady_clock::now();
    if (!error) error = write(group);
    if (!error && options_.on_synced) tell(group, std::chrono::steady_clock::now() - began);
  } catch (const std::exception& fault) {
    error = {ErrorKind::stopped, {std::string("cannot write to the spool: ") + fault.what(), "start again"}};
  }
  if (error) {
    storage_needs_recovery_ = error->kind == ErrorKind::no_space;
    set_state(error->kind == ErrorKind::no_space ? Condition::no_space : Condition::stopped, error->error);
  }
  for (Waiting& waiting : group) {
    if (!error && !waiting.refused)
      waiting.done({});
    else
      waiting.done(std::unexpected(error ? *error : std::move(*waiting.refused)));
  }
}

void Committer::tell(std::span<const Waiting> group, std::chrono::nanoseconds duration) const {
  Synced synced{.duration = duration};
  for (const Waiting& waiting : group) {
    if (waiting.refused) continue;
    for (const auto& added : waiting.transaction.added_) {
      ++synced.messages;
      synced.octets += added.octets.size();
    }
  }
  options_.on_synced(synced);
}

/// Makes the storage writable again after no space, once there is some. Nothing when it can be written to.
std::optional<CommitError> Committer::recover() {
  const State now = state();
  if (now.condition == Condition::stopped) return CommitError{ErrorKind::stopped, now.reason};
  if (!storage_needs_recovery_) return std::nullopt;
  const std::uint64_t needed = slot_->space_to_reopen();
  const auto free = free_space(options_.folder, options_.env);
  if (free && *free < needed)
    return CommitError{ErrorKind::no_space, no_space_error(*free, needed, "it needs to go on")};
  const auto status = slot_->reopen();
  if (status.IsBusy() || status.IsNoSpace()) return CommitError{ErrorKind::no_space, now.reason};
  if (!status.ok()) return CommitError{ErrorKind::stopped, storage_error("open the spool again", status)};
  storage_needs_recovery_ = false;
  set_state(Condition::running, {});
  return std::nullopt;
}

void Committer::refuse_new_messages_without_space(std::span<Waiting> group) {
  if (std::ranges::all_of(group, [](const Waiting& waiting) { return waiting.transaction.added_.empty(); })) return;
  const auto free = free_space(options_.folder, options_.env);
  if (!free || *free >= options_.minimum_free_space) {
    if (state().condition == Condition::no_space) set_state(Condition::running, {});
    return;
  }
  const Error reason = no_space_error(*free, options_.minimum_free_space, "are kept free");
  set_state(Condition::no_space, reason);
  for (Waiting& waiting : group)
    if (!waiting.transaction.added_.empty()) waiting.refused = {ErrorKind::no_space, reason};
}

std::optional<CommitError> Committer::write(std::span<Waiting> group) {
  std::uint64_t octets = 0;
  for (const Waiting& waiting : group) octets += waiting.octets;
  const auto storage = slot_->get();
  Batch batch(*storage, octets);
  rocksdb::Status status;
  const auto step = [&](auto&& action) {
    if (status.ok()) status = action();
  };
  for (const Waiting& waiting : group) {
    if (waiting.refused) continue;
    for (const auto& added : waiting.transaction.added_) {
      step([&] { return batch.add(added.message, added.octets); });
      for (const GroupRecord& record : added.groups) step([&] { return batch.put(record); });
    }
    for (const GroupRecord& record : waiting.transaction.put_) step([&] { return batch.put(record); });
    for (const auto& one : waiting.transaction.remembered_) {
      const auto at = static_cast<std::uint64_t>(std::max<std::int64_t>(0, one.at.time_since_epoch().count()));
      const auto age = static_cast<std::uint64_t>(milliseconds(remembered_for).count());
      if (!remembered_) remembered_ = batch.count_remembered();
      remembered_ = batch.forget(*remembered_ + 1, max_remembered, at - std::min(at, age), status);
      step([&] { return batch.remember(one.key, one.value, at); });
    }
    for (const auto& group_of : waiting.transaction.removed_)
      step([&] { return batch.remove(group_of.first, group_of.second); });
  }
  std::uint64_t mark = id_mark_;
  if (batch.max_id() + id_block / 2 >= id_mark_) {
    mark = batch.max_id() + id_block;
    step([&] { return batch.mark_ids(mark); });
  }
  if (!status.ok()) return commit_error("prepare a write to the spool", status);
  if (batch.empty()) return std::nullopt;

  rocksdb::WriteOptions durable;
  durable.sync = true;
  status = storage->db->Write(durable, &batch.get());
  if (!status.ok()) return commit_error("write to the spool", status);
  id_mark_ = mark;
  return std::nullopt;
}

}  // namespace ptarmigan::spool
