// spool/spool.hpp - the durable queue: accepted messages, their recipient groups and their octets, on RocksDB.
//
//   auto spool = Spool::open({.folder = "/var/spool/ptarmigan"});
//   Transaction add;
//   add.add(message, groups, std::move(octets));             // message.id = (*spool)->next_id()
//   (*spool)->commit(std::move(add), [](Committed done) { ... });   // on the committer thread: post back, return soon
//
// Promise: a transaction whose completion brought success is on disk, whole, after kill -9 or power loss; one that
// failed is not there while this process runs. (After a crash it may be: what failed at its sync can have reached the
// disk. Delivery is at least once, ARCHITECTURE.md section 3.)
// Group commit: one thread collects everything that waits into one write and one fdatasync.
// Failure: a write or sync error stops the spool for good (a failed sync is never retried: the kernel may have
// forgotten the pages); every later commit fails with that first error. No space is not such an error: nothing was
// acknowledged, so the storage is opened anew at the first commit after space is back.
// Threads: every member may be called from any thread. Limits: Options. RocksDB stays behind this header.
#pragma once

#include <chrono>
#include <cstdint>
#include <expected>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/result.hpp"
#include "spool/reader.hpp"
#include "spool/records.hpp"

namespace rocksdb {
class Env;
}

namespace ptarmigan::spool {

enum class ErrorKind {
  no_space,    ///< answer 452; works again when space is back
  overloaded,  ///< more waits than max_waiting_octets: answer 452 or 421; works again at once
  stopped,     ///< write or sync error: stop intake and delivery, and tell the operator
};

struct CommitError {
  ErrorKind kind;
  Error error;
};

using Committed = std::expected<void, CommitError>;
/// Called exactly once, on the committer thread, in the order of commit(). Must not throw and must not block.
using Completion = std::move_only_function<void(Committed)>;

/// Changes that become durable together.
class Transaction {
 public:
  /// A new message. message.size is set here; each group's `message` too. At least one group, numbers distinct.
  void add(MessageRecord message, std::vector<GroupRecord> groups, std::string octets);
  /// Writes the group, new or changed. Its message exists, or is added by this transaction.
  void put(GroupRecord group);
  /// Keeps `value` under `key` together with the other changes, for at least a day: Reader::recall(). Beyond
  /// max_remembered values the oldest go first.
  void remember(std::string key, std::string value, WallTime now);
  /// The group is done. When it was the last one of its message, the message and its octets go with it.
  /// Removing what is not there does nothing.
  void remove(QueueId message, std::uint32_t group);

 private:
  friend class Committer;
  struct Added {
    MessageRecord message;
    std::vector<GroupRecord> groups;
    std::string octets;
  };
  std::vector<Added> added_;
  std::vector<GroupRecord> put_;
  std::vector<std::pair<QueueId, std::uint32_t>> removed_;
  struct Remembered {
    std::string key;
    std::string value;
    WallTime at;
  };
  std::vector<Remembered> remembered_;
};

/// One write with its sync, as it was done.
struct Synced {
  std::size_t messages = 0;  ///< new ones
  std::uint64_t octets = 0;  ///< of these
  std::chrono::nanoseconds duration{0};
};

struct Options {
  std::filesystem::path folder;  ///< created with mode 0700 where it is missing (its parent must exist)
  /// New messages are refused while the file system has less free space than this; changes of groups still pass, so
  /// that the queue can drain.
  std::uint64_t minimum_free_space = 256U << 20;
  /// New messages are refused while more octets than this wait for the committer.
  std::uint64_t max_waiting_octets = 256U << 20;
  /// The storage seam: tests put faults here. Not owned, must outlive the spool. nullptr: the real file system.
  rocksdb::Env* env = nullptr;
  /// Told of each successful write, on the committer thread, before its completions. Must not throw and must not block.
  std::function<void(const Synced&)> on_synced = {};
};

enum class Condition { running, no_space, stopped };

struct State {
  Condition condition = Condition::running;
  Error reason;  ///< of no_space or stopped
};

class Spool {
 public:
  /// Replays what was not yet in its tables, and is then ready. Errors: folder not usable, in use by another process,
  /// written by a newer version, damaged.
  static Result<std::unique_ptr<Spool>> open(const Options& options);

  /// For another process, while the server has the spool open: what was on disk at this moment. Never writes to it.
  static Result<std::unique_ptr<Reader>> open_read_only(const std::filesystem::path& folder);

  /// Commits everything that waits, then closes. No other member may run any more.
  ~Spool();
  Spool(const Spool&) = delete;
  Spool& operator=(const Spool&) = delete;

  /// A fresh id, greater than all before. No stored message ever gets the id of another, over restarts too.
  [[nodiscard]] QueueId next_id();

  /// Returns at once. An empty transaction changes nothing and tells whether the spool would accept one.
  void commit(Transaction transaction, Completion done);

  [[nodiscard]] const Reader& reader() const;
  [[nodiscard]] State state() const;

  /// Not empty where the last open found its log damaged before its end and what follows the damage was dropped: the
  /// operator must see this sentence.
  [[nodiscard]] const std::string& recovery_warning() const;

 private:
  struct Parts;
  explicit Spool(std::unique_ptr<Parts> parts);
  std::unique_ptr<Parts> parts_;
};

}  // namespace ptarmigan::spool
