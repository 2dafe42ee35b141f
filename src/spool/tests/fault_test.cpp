// spool/tests/fault_test.cpp - a disk that fails: what was acknowledged is there, and the spool says what it is doing.
#include <set>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "spool/spool.hpp"
#include "spool/tests/fault_file_system.hpp"
#include "spool/tests/testing.hpp"

namespace ptarmigan::spool {
namespace {

using testing::adding;
using testing::commit;
using testing::expect_whole;
using testing::Fault;
using testing::FaultFileSystem;
using ::testing::HasSubstr;
using testing::list;
using testing::open_or_fail;
using testing::removing;
using testing::TemporaryFolder;

class SpoolFault : public ::testing::Test {
 protected:
  Options options() { return {.folder = folder_.spool(), .minimum_free_space = 0, .env = env_.get()}; }

  const TemporaryFolder folder_;
  const std::shared_ptr<FaultFileSystem> files_ = std::make_shared<FaultFileSystem>();
  const std::unique_ptr<rocksdb::Env> env_ = rocksdb::NewCompositeEnv(files_);
};

class SpoolHardFault : public SpoolFault, public ::testing::WithParamInterface<Fault> {};

TEST_P(SpoolHardFault, stops_the_spool_for_good_with_the_first_error) {
  QueueId before;
  {
    const auto spool = open_or_fail(options());
    before = spool->next_id();
    ASSERT_TRUE(commit(*spool, adding(before)));
    files_->arm(GetParam());
    const Committed failed = commit(*spool, adding(spool->next_id()));
    ASSERT_FALSE(failed);
    EXPECT_EQ(failed.error().kind, ErrorKind::stopped);
    EXPECT_THAT(failed.error().error.message, HasSubstr("injected"));
    EXPECT_EQ(spool->state().condition, Condition::stopped);

    files_->disarm();
    for (int count = 0; count < 3; ++count) {
      const Committed later = commit(*spool, count == 0 ? adding(spool->next_id()) : removing(before, 0));
      ASSERT_FALSE(later);
      EXPECT_EQ(later.error().kind, ErrorKind::stopped);
      EXPECT_EQ(later.error().error, failed.error().error);
    }
    expect_whole(spool->reader(), before);
  }
  const auto spool = open_or_fail(options());
  expect_whole(spool->reader(), before);
  EXPECT_EQ(spool->state().condition, Condition::running);
  EXPECT_TRUE(commit(*spool, adding(spool->next_id())));
}

INSTANTIATE_TEST_SUITE_P(WriteAndSync, SpoolHardFault, ::testing::Values(Fault::write_error, Fault::sync_error),
                         [](const auto& fault) {
                           return fault.param == Fault::write_error ? "write_error" : "sync_error";
                         });

TEST_F(SpoolFault, no_space_refuses_then_goes_on_when_space_is_back) {
  std::set<QueueId> kept;
  const auto add = [&](Spool& spool) {
    const QueueId id = spool.next_id();
    Committed done = commit(spool, adding(id));
    if (done) kept.insert(id);
    return done;
  };
  {
    const auto spool = open_or_fail(options());
    ASSERT_TRUE(add(*spool));
    for (int round = 0; round < 3; ++round) {
      files_->arm(Fault::no_space);
      for (int count = 0; count < 3; ++count) {
        const Committed refused = add(*spool);
        ASSERT_FALSE(refused);
        EXPECT_EQ(refused.error().kind, ErrorKind::no_space);
        EXPECT_EQ(spool->state().condition, Condition::no_space);
      }
      for (const QueueId id : kept) expect_whole(spool->reader(), id);
      files_->disarm();
      const Committed again = add(*spool);
      ASSERT_TRUE(again) << again.error().error.text();
      EXPECT_EQ(spool->state().condition, Condition::running);
      ASSERT_TRUE(add(*spool));
    }
    EXPECT_EQ(list(spool->reader()).size(), kept.size()) << "nothing half-accepted";
  }
  const auto spool = open_or_fail(options());
  for (const QueueId id : kept) expect_whole(spool->reader(), id);
  EXPECT_EQ(list(spool->reader()).size(), kept.size());
}

TEST_F(SpoolFault, little_space_refuses_new_mail_but_lets_the_queue_drain) {
  Options with_reserve = options();
  with_reserve.minimum_free_space = 100U << 20;
  const auto spool = open_or_fail(with_reserve);
  const QueueId id = spool->next_id();
  files_->set_free_space(200U << 20);
  ASSERT_TRUE(commit(*spool, adding(id)));
  files_->set_free_space(99U << 20);
  const Committed refused = commit(*spool, adding(spool->next_id()));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind, ErrorKind::no_space);
  EXPECT_THAT(refused.error().error.message, HasSubstr("99 MiB left"));
  EXPECT_EQ(spool->state().condition, Condition::no_space);
  EXPECT_TRUE(commit(*spool, removing(id, 0)));
  EXPECT_TRUE(list(spool->reader()).empty());
  files_->set_free_space(200U << 20);
  EXPECT_TRUE(commit(*spool, adding(spool->next_id())));
  EXPECT_EQ(spool->state().condition, Condition::running);
}

// A fault at each I/O step of a short life: adds, a change, removals, more than one chunk.
class SpoolEveryStep : public SpoolFault, public ::testing::WithParamInterface<Fault> {};

TEST_P(SpoolEveryStep, loses_nothing_acknowledged_and_brings_nothing_back) {
  bool struck = true;
  for (int step = 0; struck; ++step) {
    ASSERT_LT(step, 200) << "the script is short";
    SCOPED_TRACE("step " + std::to_string(step));
    const TemporaryFolder folder;
    const auto files = std::make_shared<FaultFileSystem>();
    const auto env = rocksdb::NewCompositeEnv(files);
    const Options faulty{.folder = folder.spool(), .minimum_free_space = 0, .env = env.get()};
    std::set<QueueId> present;
    std::set<QueueId> absent;
    open_or_fail(faulty);
    files->arm(GetParam(), step);
    if (auto opened = Spool::open(faulty)) {
      Spool& spool = **opened;
      for (int count = 0; count < 6; ++count) {
        const QueueId id = spool.next_id();
        if (commit(spool, adding(id, count == 3 ? chunk_size + 9 : 700))) present.insert(id);
        if (count % 2 == 1 && present.contains(id)) {
          present.erase(id);
          if (commit(spool, removing(id, 0))) absent.insert(id);
        }
      }
    }
    struck = files->struck();
    files->disarm();
    const auto spool = open_or_fail({.folder = folder.spool(), .minimum_free_space = 0});
    ASSERT_TRUE(spool);
    for (const QueueId id : present) expect_whole(spool->reader(), id);
    for (const QueueId id : absent) EXPECT_FALSE(*spool->reader().find(id)) << id.text() << " came back";
    EXPECT_TRUE(commit(*spool, adding(spool->next_id())));
  }
}

INSTANTIATE_TEST_SUITE_P(All, SpoolEveryStep, ::testing::Values(Fault::write_error, Fault::sync_error, Fault::no_space),
                         [](const auto& fault) {
                           switch (fault.param) {
                             case Fault::write_error: return "write_error";
                             case Fault::sync_error: return "sync_error";
                             case Fault::no_space: return "no_space";
                             case Fault::none: break;
                           }
                           return "none";
                         });

}  // namespace
}  // namespace ptarmigan::spool
