// spool/tests/spool_test.cpp - what the queue promises while nothing fails.
#include "spool/spool.hpp"

#include <atomic>
#include <filesystem>
#include <fstream>
#include <set>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include "spool/tests/testing.hpp"

namespace ptarmigan::spool {
namespace {

using testing::adding;
using testing::commit;
using ::testing::ElementsAre;
using testing::expect_whole;
using testing::group;
using ::testing::HasSubstr;
using testing::list;
using testing::octets_for;
using testing::open_or_fail;
using testing::removing;
using testing::TemporaryFolder;

std::vector<QueueId> ids(const std::vector<Queued>& queue) {
  std::vector<QueueId> out;
  for (const Queued& queued : queue) out.push_back(queued.message.id);
  return out;
}

TEST(Spool, message_is_there_after_commit_and_after_reopening) {
  const TemporaryFolder folder;
  QueueId id;
  Queued before;
  {
    const auto spool = open_or_fail({.folder = folder.spool()});
    id = spool->next_id();
    ASSERT_TRUE(commit(*spool, adding(id, 5000, {group(0, "example.net"), group(1, "example.org")})));
    expect_whole(spool->reader(), id);
    before = **spool->reader().find(id);
    EXPECT_EQ(before.message.size, 5000U);
    EXPECT_EQ(before.groups.size(), 2U);
    EXPECT_EQ(before.groups[1].domain, "example.org");
    EXPECT_EQ(before.groups[1].message, id);
  }
  const auto spool = open_or_fail({.folder = folder.spool()});
  expect_whole(spool->reader(), id);
  EXPECT_EQ(**spool->reader().find(id), before);
  EXPECT_EQ(spool->recovery_warning(), "");
}

TEST(Spool, bodies_of_every_size_around_the_chunk_come_back) {
  const TemporaryFolder folder;
  const auto spool = open_or_fail({.folder = folder.spool()});
  for (const std::size_t size :
       {std::size_t{0}, std::size_t{1}, chunk_size - 1, chunk_size, chunk_size + 1, 3 * chunk_size + 7}) {
    const QueueId id = spool->next_id();
    ASSERT_TRUE(commit(*spool, adding(id, size)));
    expect_whole(spool->reader(), id);
    const auto message = (*spool->reader().find(id))->message;
    if (size > chunk_size) EXPECT_EQ(spool->reader().chunk(message, 0)->size(), chunk_size);
  }
}

TEST(Spool, what_is_remembered_is_there_after_reopening_and_for_a_day) {
  const TemporaryFolder folder;
  const WallTime at(std::chrono::hours(500'000));
  {
    const auto spool = open_or_fail({.folder = folder.spool()});
    auto change = adding(spool->next_id(), 100);
    change.remember("key", "value", at);
    ASSERT_TRUE(commit(*spool, std::move(change)));
  }
  const auto spool = open_or_fail({.folder = folder.spool()});
  EXPECT_EQ(spool->reader().recall("key", at + remembered_for)->value(), "value");
  EXPECT_FALSE(*spool->reader().recall("other", at));
  EXPECT_FALSE(*spool->reader().recall("key", at + remembered_for + milliseconds(1)));
  EXPECT_EQ(list(spool->reader()).size(), 1U) << "the queue does not show it";
}

TEST(Spool, what_was_remembered_too_long_ago_makes_room) {
  const TemporaryFolder folder;
  const auto spool = open_or_fail({.folder = folder.spool()});
  const WallTime at(std::chrono::hours(500'000));
  const auto remember = [&](const char* key, const char* value, WallTime when) {
    Transaction change;
    change.remember(key, value, when);
    return commit(*spool, std::move(change)).has_value();
  };
  ASSERT_TRUE(remember("old", "1", at));
  ASSERT_TRUE(remember("again", "1", at));
  ASSERT_TRUE(remember("again", "2", at + remembered_for));
  ASSERT_TRUE(remember("new", "1", at + remembered_for + milliseconds(1)));
  EXPECT_FALSE(*spool->reader().recall("old", at)) << "gone from the disk";
  EXPECT_EQ(spool->reader().recall("again", at + remembered_for)->value(), "2") << "its younger value stays";
  EXPECT_EQ(spool->reader().recall("new", at + remembered_for)->value(), "1");
}

TEST(Spool, removing_the_last_group_removes_message_and_octets) {
  const TemporaryFolder folder;
  const auto spool = open_or_fail({.folder = folder.spool()});
  const QueueId id = spool->next_id();
  ASSERT_TRUE(commit(*spool, adding(id, 2 * chunk_size, {group(0, "a.example"), group(7, "b.example")})));
  const auto message = (*spool->reader().find(id))->message;
  ASSERT_TRUE(commit(*spool, removing(id, 0)));
  expect_whole(spool->reader(), id);
  ASSERT_TRUE(commit(*spool, removing(id, 7)));
  EXPECT_FALSE(*spool->reader().find(id));
  EXPECT_FALSE(spool->reader().chunk(message, 0));
  EXPECT_FALSE(spool->reader().chunk(message, 1));
  EXPECT_TRUE(commit(*spool, removing(id, 7))) << "removing what is gone does nothing";
}

TEST(Spool, group_moved_and_split_in_one_transaction_keeps_its_message) {
  const TemporaryFolder folder;
  const auto spool = open_or_fail({.folder = folder.spool()});
  const QueueId id = spool->next_id();
  ASSERT_TRUE(commit(*spool, adding(id)));
  Transaction split;
  for (const std::uint32_t number : {1U, 2U}) {
    GroupRecord part = group(number, "example.net");
    part.message = id;
    split.put(std::move(part));
  }
  split.remove(id, 0);
  ASSERT_TRUE(commit(*spool, std::move(split)));
  expect_whole(spool->reader(), id);
  EXPECT_EQ((*spool->reader().find(id))->groups.size(), 2U);

  Transaction both;
  both.remove(id, 1);
  both.remove(id, 2);
  ASSERT_TRUE(commit(*spool, std::move(both)));
  EXPECT_FALSE(*spool->reader().find(id));
}

TEST(Spool, changed_group_replaces_the_old_one) {
  const TemporaryFolder folder;
  const auto spool = open_or_fail({.folder = folder.spool()});
  const QueueId id = spool->next_id();
  ASSERT_TRUE(commit(*spool, adding(id)));
  GroupRecord changed = (*spool->reader().find(id))->groups.at(0);
  changed.attempts = 3;
  changed.last_reply = "451 later";
  Transaction put;
  put.put(changed);
  ASSERT_TRUE(commit(*spool, std::move(put)));
  EXPECT_THAT((*spool->reader().find(id))->groups, ElementsAre(changed));
}

TEST(Spool, queries_select_by_id_page_domain_sender_and_hold) {
  const TemporaryFolder folder;
  const auto spool = open_or_fail({.folder = folder.spool()});
  const QueueId first = spool->next_id();
  const QueueId second = spool->next_id();
  const QueueId third = spool->next_id();
  ASSERT_TRUE(commit(*spool, adding(first, 10, {group(0, "a.example"), group(1, "b.example")})));
  GroupRecord held = group(0, "b.example");
  held.held = true;
  held.site = "gmail";
  held.cause = "rate";
  held.recipients = {{.address = "anna@b.example", .notify = {}, .orcpt = {}}};
  ASSERT_TRUE(commit(*spool, adding(second, 10, {held})));
  Transaction other;
  MessageRecord bounce = testing::message(third);
  bounce.mail_from = "";
  other.add(bounce, {group(0, "a.example")}, "x");
  ASSERT_TRUE(commit(*spool, std::move(other)));

  const Reader& reader = spool->reader();
  EXPECT_THAT(ids(list(reader)), ElementsAre(first, second, third));
  EXPECT_THAT(ids(list(reader, {.id = second})), ElementsAre(second));
  EXPECT_THAT(ids(list(reader, {.after = first})), ElementsAre(second, third));
  EXPECT_THAT(ids(list(reader, {.domain = "a.example"})), ElementsAre(first, third));
  EXPECT_EQ(list(reader, {.domain = "b.example"}).at(0).groups.size(), 1U);
  EXPECT_THAT(ids(list(reader, {.mail_from = "SENDER@example.com"})), ElementsAre(first, second));
  EXPECT_THAT(ids(list(reader, {.mail_from = ""})), ElementsAre(third));
  EXPECT_THAT(ids(list(reader, {.held = true})), ElementsAre(second));
  EXPECT_THAT(ids(list(reader, {.recipient = "Anna@B.example"})), ElementsAre(second));
  EXPECT_THAT(ids(list(reader, {.site = "gmail"})), ElementsAre(second));
  EXPECT_THAT(ids(list(reader, {.cause = "rate"})), ElementsAre(second));
  EXPECT_THAT(ids(list(reader, {.site = "gmail", .cause = "site"})), ElementsAre());
  EXPECT_THAT(ids(list(reader, {.id = QueueId(1)})), ElementsAre());

  std::size_t seen = 0;
  ASSERT_TRUE(reader.for_each({}, [&](const Queued&) {
    ++seen;
    return Walk::stop;
  }));
  EXPECT_EQ(seen, 1U);
}

TEST(Spool, ids_rise_over_restarts_even_where_nothing_was_stored) {
  const TemporaryFolder folder;
  QueueId last;
  for (int round = 0; round < 4; ++round) {
    const auto spool = open_or_fail({.folder = folder.spool()});
    for (int count = 0; count < 3; ++count) {
      const QueueId id = spool->next_id();
      EXPECT_GT(id, last);
      last = id;
    }
    if (round % 2 == 0) ASSERT_TRUE(commit(*spool, adding(last)));
  }
}

TEST(Spool, many_producers_at_once_lose_and_mix_nothing) {
  const TemporaryFolder folder;
  constexpr int producers = 8;
  constexpr int each = 50;
  std::atomic<int> done = 0;
  {
    const auto spool = open_or_fail({.folder = folder.spool()});
    std::vector<std::thread> threads;
    for (int producer = 0; producer < producers; ++producer)
      threads.emplace_back([&] {
        for (int count = 0; count < each; ++count)
          spool->commit(adding(spool->next_id(), 100), [&](const Committed& committed) { done += committed ? 1 : 0; });
      });
    for (auto& thread : threads) thread.join();
  }
  EXPECT_EQ(done, producers * each) << "closing completes everything that waits";
  const auto spool = open_or_fail({.folder = folder.spool()});
  const auto queue = list(spool->reader());
  EXPECT_EQ(queue.size(), std::size_t{producers * each});
  for (const Queued& queued : queue) expect_whole(spool->reader(), queued.message.id);
}

TEST(Spool, more_waiting_octets_than_allowed_are_refused_as_overload) {
  const TemporaryFolder folder;
  const auto spool = open_or_fail({.folder = folder.spool(), .max_waiting_octets = 100'000});
  std::promise<void> go_on;
  std::promise<void> blocked;
  spool->commit(adding(spool->next_id()), [&](const Committed&) {
    blocked.set_value();
    go_on.get_future().wait();
  });
  blocked.get_future().wait();
  std::promise<Committed> first;
  std::promise<Committed> second;
  spool->commit(adding(spool->next_id(), 90'000), [&](Committed done) { first.set_value(std::move(done)); });
  spool->commit(adding(spool->next_id(), 90'000), [&](Committed done) { second.set_value(std::move(done)); });
  go_on.set_value();
  EXPECT_TRUE(first.get_future().get());
  const Committed refused = second.get_future().get();
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind, ErrorKind::overloaded);
  EXPECT_TRUE(commit(*spool, adding(spool->next_id(), 90'000)));
}

TEST(SpoolFolder, is_made_for_its_owner_only) {
  const TemporaryFolder folder;
  open_or_fail({.folder = folder.spool()});
  struct stat status{};
  ASSERT_EQ(::stat(folder.spool().c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777U, 0700U);
}

TEST(SpoolFolder, second_process_is_told_who_holds_it) {
  const TemporaryFolder folder;
  const auto spool = open_or_fail({.folder = folder.spool()});
  const auto second = Spool::open({.folder = folder.spool()});
  ASSERT_FALSE(second);
  EXPECT_THAT(second.error().message, HasSubstr("in use by process " + std::to_string(::getpid())));
}

TEST(SpoolFolder, newer_format_is_refused_with_both_versions_named) {
  const TemporaryFolder folder;
  open_or_fail({.folder = folder.spool()});
  std::ofstream(folder.spool() / "FORMAT") << "ptarmigan spool 2\n";
  for (const auto& error :
       {Spool::open({.folder = folder.spool()}).error(), Spool::open_read_only(folder.spool()).error()}) {
    EXPECT_THAT(error.message, HasSubstr("has format 2, this program knows format 1"));
    EXPECT_THAT(error.remedy, HasSubstr("newer Ptarmigan"));
  }
}

TEST(SpoolFolder, unusable_places_have_clear_errors) {
  const TemporaryFolder folder;
  std::ofstream(folder.path() / "file") << "x";
  EXPECT_THAT(Spool::open({.folder = folder.path() / "missing" / "spool"}).error().text(),
              HasSubstr("create the folder above it"));
  EXPECT_THAT(Spool::open({.folder = folder.path() / "file"}).error().message, HasSubstr("Not a directory"));
  EXPECT_THAT(Spool::open({.folder = folder.path()}).error().message, HasSubstr("is not a spool"));
  EXPECT_THAT(Spool::open_read_only(folder.path()).error().message, HasSubstr("there is no spool in"));
  if (::geteuid() != 0) {
    std::filesystem::permissions(folder.path(),
                                 std::filesystem::perms::owner_read | std::filesystem::perms::owner_exec);
    EXPECT_THAT(Spool::open({.folder = folder.spool()}).error().remedy, HasSubstr("writable"));
    std::filesystem::permissions(folder.path(), std::filesystem::perms::owner_all);
  }
}

TEST(SpoolReading, another_reader_sees_what_is_committed_while_the_server_writes) {
  const TemporaryFolder folder;
  const auto spool = open_or_fail({.folder = folder.spool()});
  std::atomic<bool> stop = false;
  std::thread writer([&] {
    while (!stop) {
      const QueueId id = spool->next_id();
      ASSERT_TRUE(commit(*spool, adding(id, 20'000)));
      if (id.number() % 2 == 0) ASSERT_TRUE(commit(*spool, removing(id, 0)));
    }
  });
  for (int round = 0; round < 5; ++round) {
    const QueueId id = spool->next_id();
    ASSERT_TRUE(commit(*spool, adding(id, chunk_size + 5)));
    const auto reader = Spool::open_read_only(folder.spool());
    ASSERT_TRUE(reader) << reader.error().text();
    expect_whole(**reader, id);
    EXPECT_GE(list(**reader).size(), static_cast<std::size_t>(round) + 1);
  }
  stop = true;
  writer.join();
}

}  // namespace
}  // namespace ptarmigan::spool
