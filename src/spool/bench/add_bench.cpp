// spool/bench/add_bench.cpp - durable adds a second: 64 sessions on one reactor, each waits for its message to be on
// disk. PTARMIGAN_BENCH_FOLDER names the disk that is measured (default: the working folder; /tmp may be memory).
#include <condition_variable>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include <benchmark/benchmark.h>
#include <stdlib.h>

#include "spool/spool.hpp"

namespace {

using namespace ptarmigan;         // NOLINT(google-build-using-namespace)
using namespace ptarmigan::spool;  // NOLINT(google-build-using-namespace)

constexpr std::size_t sessions = 64;

/// What completions post to, as a reactor's queue.
class Posted {
 public:
  void post(QueueId id) {
    const std::lock_guard lock(mutex_);
    ids_.push_back(id);
    if (ids_.size() == 1) some_.notify_one();
  }
  std::vector<QueueId> wait() {
    std::unique_lock lock(mutex_);
    some_.wait(lock, [this] { return !ids_.empty(); });
    return std::exchange(ids_, {});
  }

 private:
  std::mutex mutex_;
  std::condition_variable some_;
  std::vector<QueueId> ids_;
};

class Rig {
 public:
  Rig() {
    const char* base = std::getenv("PTARMIGAN_BENCH_FOLDER");
    std::string pattern = std::string(base == nullptr ? "." : base) + "/bench-spool-XXXXXX";
    folder_ = ::mkdtemp(pattern.data());
    auto opened = Spool::open({.folder = folder_ / "spool"});
    if (!opened) std::abort();
    spool_ = std::move(*opened);
  }
  ~Rig() {
    spool_.reset();
    std::filesystem::remove_all(folder_);
  }

  void add(std::size_t size) {
    MessageRecord message;
    message.id = spool_->next_id();
    message.mail_from = "sender@example.com";
    GroupRecord group;
    group.domain = "example.net";
    group.recipients.push_back({.address = "user@example.net", .notify = {}, .orcpt = ""});
    const QueueId id = message.id;
    Transaction transaction;
    transaction.add(std::move(message), {std::move(group)}, std::string(size, 'x'));
    commit(std::move(transaction), id);
  }
  void remove(QueueId id) {
    Transaction transaction;
    transaction.remove(id, 0);
    commit(std::move(transaction), QueueId());
  }
  std::vector<QueueId> wait() { return posted_.wait(); }

 private:
  void commit(Transaction transaction, QueueId id) {
    spool_->commit(std::move(transaction), [this, id](const Committed& done) {
      if (!done) std::abort();
      posted_.post(id);
    });
  }

  std::filesystem::path folder_;
  std::unique_ptr<Spool> spool_;
  Posted posted_;
};

/// Every message stays: all of it goes to tables and blob files in the end.
void add_that_stays(benchmark::State& state) {
  Rig rig;
  const auto size = static_cast<std::size_t>(state.range(0));
  for (std::size_t session = 0; session < sessions; ++session) rig.add(size);
  std::int64_t durable = 0;
  while (state.KeepRunningBatch(static_cast<std::int64_t>(sessions))) {
    for (std::size_t got = 0; got < sessions;) {
      const auto ids = rig.wait();
      got += ids.size();
      durable += static_cast<std::int64_t>(ids.size());
      for (std::size_t count = 0; count < ids.size(); ++count) rig.add(size);
    }
  }
  state.SetItemsProcessed(durable);
  for (std::size_t got = 0; got < sessions;) got += rig.wait().size();
}

/// Each message is added and, once durable, delivered (removed): two commits.
void add_and_deliver(benchmark::State& state) {
  Rig rig;
  const auto size = static_cast<std::size_t>(state.range(0));
  for (std::size_t session = 0; session < sessions; ++session) rig.add(size);
  std::int64_t delivered = 0;
  while (state.KeepRunningBatch(static_cast<std::int64_t>(sessions))) {
    for (std::size_t got = 0; got < sessions;) {
      for (const QueueId id : rig.wait()) {
        if (id != QueueId()) {
          rig.remove(id);
          continue;
        }
        ++got;
        ++delivered;
        rig.add(size);
      }
    }
  }
  state.SetItemsProcessed(delivered);
  for (std::size_t got = 0; got < sessions;) got += rig.wait().size();
}

BENCHMARK(add_that_stays)->Arg(4096)->Arg(102'400)->UseRealTime()->MinTime(5);
BENCHMARK(add_and_deliver)->Arg(4096)->UseRealTime()->MinTime(5);

}  // namespace
