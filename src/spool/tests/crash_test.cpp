// spool/tests/crash_test.cpp - kill -9 at any moment, and logs that end in the middle of a write.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <fstream>
#include <map>
#include <random>
#include <set>
#include <sstream>
#include <thread>

#include <gtest/gtest.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/text.hpp"
#include "spool/folder.hpp"
#include "spool/spool.hpp"
#include "spool/tests/testing.hpp"

extern char** environ;

namespace ptarmigan::spool {
namespace {

namespace fs = std::filesystem;
using testing::adding;
using testing::commit;
using testing::expect_whole;
using testing::list;
using testing::open_or_fail;
using testing::TemporaryFolder;

/// What the writer said before it was killed. A line that the kill cut is not counted: nobody acted on it.
struct Told {
  std::map<QueueId, std::size_t> added;  ///< and in how many groups
  std::set<QueueId> removing;
  std::set<QueueId> removed;

  void read(const std::string& text) {
    std::istringstream lines(text.substr(0, text.rfind('\n') + 1));
    std::string what;
    std::string id_text;
    while (lines >> what >> id_text) {
      const QueueId id = QueueId::parse(id_text).value();
      if (what == "add") lines >> added[id];
      if (what == "removing") removing.insert(id);
      if (what == "removed") removed.insert(id);
    }
  }
};

/// Kills the writer `pause` after it has said `lines` lines, so that a slow machine does as much as a fast one.
std::string run_and_kill(const fs::path& folder, unsigned seed, std::ptrdiff_t lines, std::chrono::microseconds pause) {
  int ends[2];
  EXPECT_EQ(::pipe(ends), 0);
  posix_spawn_file_actions_t actions;
  ::posix_spawn_file_actions_init(&actions);
  ::posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
  ::posix_spawn_file_actions_addclose(&actions, ends[0]);
  std::string program = PTARMIGAN_CRASH_WRITER;
  std::string path = folder.string();
  std::string number = std::to_string(seed);
  char* arguments[] = {program.data(), path.data(), number.data(), nullptr};
  pid_t child = 0;
  EXPECT_EQ(::posix_spawn(&child, program.c_str(), &actions, nullptr, arguments, environ), 0);
  ::posix_spawn_file_actions_destroy(&actions);
  ::close(ends[1]);

  std::string told;
  std::ptrdiff_t seen = 0;
  char buffer[4096];
  const auto read_some = [&] {
    const ssize_t got = ::read(ends[0], buffer, sizeof buffer);
    if (got <= 0) return false;
    told.append(buffer, static_cast<std::size_t>(got));
    seen += std::count(buffer, buffer + got, '\n');
    return true;
  };
  while (seen < lines && read_some()) {
  }
  std::this_thread::sleep_for(pause);
  ::kill(child, SIGKILL);
  while (read_some()) {
  }
  ::close(ends[0]);
  int status = 0;
  EXPECT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL) << "the writer ended by itself: " << status;
  return told;
}

int rounds() {
  const char* text = std::getenv("PTARMIGAN_KILL_ROUNDS");
  return text == nullptr ? 10 : parse_number<int>(text).value_or(10);
}

TEST(SpoolCrash, kill_9_at_random_moments_loses_nothing_that_was_acknowledged) {
  const TemporaryFolder folder;
  std::mt19937 random(20261123);
  Told told;
  for (int round = 0; round < rounds(); ++round) {
    SCOPED_TRACE("round " + std::to_string(round));
    // Every fifth is killed while it starts.
    const auto lines = round % 5 == 4 ? 0 : static_cast<std::ptrdiff_t>(20 + random() % 400);
    const std::chrono::microseconds pause(lines == 0 ? random() % 60'000 : random() % 3'000);
    told.read(run_and_kill(folder.spool(), static_cast<unsigned>(random()), lines, pause));
    const auto spool = open_or_fail({.folder = folder.spool(), .minimum_free_space = 0});
    ASSERT_TRUE(spool);
    EXPECT_EQ(spool->recovery_warning(), "");
    for (const auto& [id, groups] : told.added) {
      if (told.removing.contains(id)) continue;
      expect_whole(spool->reader(), id);
      EXPECT_EQ((*spool->reader().find(id))->groups.size(), groups);
    }
    for (const QueueId id : told.removed) EXPECT_FALSE(*spool->reader().find(id)) << id.text() << " came back";
    // Not acknowledged, but there: whole all the same.
    for (const Queued& queued : list(spool->reader())) expect_whole(spool->reader(), queued.message.id);
    if (told.added.contains(spool->next_id())) ADD_FAILURE() << "an id was given twice";
  }
  EXPECT_GT(told.added.size(), 100U) << "the rounds must have had time to do something";
  EXPECT_GT(told.removed.size(), 10U);
  RecordProperty("acknowledged", static_cast<int>(told.added.size()));
  RecordProperty("removed", static_cast<int>(told.removed.size()));
}

fs::path newest_log(const fs::path& spool) {
  fs::path newest;
  for (const auto& entry : fs::directory_iterator(database_folder(spool)))
    if (entry.path().extension() == ".log" && entry.path() > newest) newest = entry.path();
  return newest;
}

/// A spool as a power cut would leave it, with what was acknowledged when the log had which size.
class SpoolLog : public ::testing::Test {
 protected:
  static constexpr int messages = 20;

  void SetUp() override {
    const auto spool = open_or_fail({.folder = folder_.spool(), .minimum_free_space = 0});
    const fs::path log = newest_log(folder_.spool());
    for (int count = 0; count < messages; ++count) {
      const QueueId id = spool->next_id();
      ASSERT_TRUE(commit(*spool, adding(id, 3000)));
      durable_at_[fs::file_size(log)] = id;
    }
    fs::copy(folder_.spool(), image(), fs::copy_options::recursive);
  }
  fs::path image() const { return folder_.path() / "image"; }

  const TemporaryFolder folder_;
  std::map<std::uintmax_t, QueueId> durable_at_;
};

TEST_F(SpoolLog, torn_anywhere_keeps_all_that_was_acknowledged_before) {
  std::mt19937 random(4);
  const std::uintmax_t full = durable_at_.rbegin()->first;
  for (int round = 0; round < 40; ++round) {
    const std::uintmax_t size = round < 20 ? full - random() % 3100 : random() % full;
    SCOPED_TRACE("cut at " + std::to_string(size) + " of " + std::to_string(full));
    const fs::path torn = folder_.path() / ("torn" + std::to_string(round));
    fs::copy(image(), torn, fs::copy_options::recursive);
    fs::resize_file(newest_log(torn), size);
    const auto spool = open_or_fail({.folder = torn, .minimum_free_space = 0});
    ASSERT_TRUE(spool);
    EXPECT_EQ(spool->recovery_warning(), "");
    std::size_t expected = 0;
    for (const auto& [end, id] : durable_at_) {
      if (end > size) break;
      expect_whole(spool->reader(), id);
      ++expected;
    }
    EXPECT_EQ(list(spool->reader()).size(), expected) << "nothing half-written shows";
    EXPECT_TRUE(commit(*spool, adding(spool->next_id())));
    fs::remove_all(torn);
  }
}

TEST_F(SpoolLog, damaged_in_the_middle_is_opened_and_reported) {
  const auto middle = std::next(durable_at_.begin(), messages / 2);
  {
    std::fstream log(newest_log(image()), std::ios::in | std::ios::out | std::ios::binary);
    log.seekp(static_cast<std::streamoff>(middle->first) - 1000);
    log.write("damage", 6);
  }
  const auto spool = open_or_fail({.folder = image(), .minimum_free_space = 0});
  ASSERT_TRUE(spool);
  EXPECT_NE(spool->recovery_warning().find("the log of the spool was damaged"), std::string::npos);
  for (auto at = durable_at_.begin(); at != middle; ++at) expect_whole(spool->reader(), at->second);
  EXPECT_TRUE(commit(*spool, adding(spool->next_id())));
}

}  // namespace
}  // namespace ptarmigan::spool
