// spool/committer.hpp - the one thread that writes: it turns what waits into one RocksDB batch with one sync.
// Inside src/spool only; its promises are those of spool.hpp.
#pragma once

#include <atomic>
#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <thread>

#include "spool/spool.hpp"
#include "spool/storage.hpp"

namespace ptarmigan::spool {

class Committer {
 public:
  /// `next_id` is the least id that no stored message has had; the storage has a mark above it.
  Committer(std::shared_ptr<StorageSlot> slot, const Options& options, std::uint64_t next_id, std::uint64_t id_mark);
  ~Committer();
  Committer(const Committer&) = delete;
  Committer& operator=(const Committer&) = delete;

  void commit(Transaction transaction, Completion done);
  [[nodiscard]] QueueId next_id() { return QueueId(next_id_.fetch_add(1, std::memory_order_relaxed)); }
  [[nodiscard]] State state() const;

 private:
  struct Waiting {
    Transaction transaction;
    Completion done;
    std::uint64_t octets;
    std::optional<CommitError> refused;
  };

  void run();
  std::vector<Waiting> take_group();
  void commit_group(std::vector<Waiting>& group);
  /// Nothing when the group is on disk.
  std::optional<CommitError> write(std::span<Waiting> group);
  void tell(std::span<const Waiting> group, std::chrono::nanoseconds duration) const;
  std::optional<CommitError> recover();
  void refuse_new_messages_without_space(std::span<Waiting> group);
  void set_state(Condition condition, Error reason);

  const std::shared_ptr<StorageSlot> slot_;
  const Options options_;
  std::atomic<std::uint64_t> next_id_;

  // Of the committer thread alone.
  std::uint64_t id_mark_;
  bool storage_needs_recovery_ = false;
  std::optional<std::size_t> remembered_;  ///< values in the storage; counted at the first new one

  mutable std::mutex mutex_;
  std::condition_variable work_;
  std::deque<Waiting> waiting_;
  std::uint64_t waiting_octets_ = 0;
  bool closing_ = false;
  State state_;

  std::thread thread_;
};

/// How far the stored mark is moved ahead of the ids in use, so that it is written seldom.
inline constexpr std::uint64_t id_block = 1U << 20;

}  // namespace ptarmigan::spool
