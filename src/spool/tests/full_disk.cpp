// spool/tests/full_disk.cpp - a disk that is really full: a small tmpfs in a mount namespace of its own, filled by
// another file while mail comes in, then freed. Exit code 77 where this host allows no such namespace.
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <future>
#include <iostream>
#include <string>
#include <vector>

#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <unistd.h>

#include "spool/spool.hpp"
#include "spool/tests/testing.hpp"

namespace {

using ptarmigan::QueueId;
using namespace ptarmigan::spool;           // NOLINT(google-build-using-namespace)
using namespace ptarmigan::spool::testing;  // NOLINT(google-build-using-namespace)

constexpr int skipped = 77;
constexpr const char* disk_size = "size=700m";
constexpr std::size_t message_size = 200'000;

[[noreturn]] void fail(const std::string& what) {
  std::cerr << "FAILED: " << what << '\n';
  std::_Exit(1);
}

void require(bool holds, const std::string& what) {
  if (!holds) fail(what);
}

bool mount_small_disk(const std::filesystem::path& folder) {
  const int flags = ::geteuid() == 0 ? CLONE_NEWNS : CLONE_NEWNS | CLONE_NEWUSER;
  if (::unshare(flags) != 0) return false;
  if (::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0) return false;
  return ::mount("tmpfs", folder.c_str(), "tmpfs", 0, disk_size) == 0;
}

void leave_free(const std::filesystem::path& filler, std::uintmax_t octets) {
  const auto space = std::filesystem::space(filler.parent_path()).available;
  const int file = ::open(filler.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
  require(file >= 0 && ::posix_fallocate(file, 0, static_cast<off_t>(space - std::min(space, octets))) == 0,
          "cannot fill the disk");
  ::close(file);
}

void expect_all(const Spool& spool, const std::vector<QueueId>& kept) {
  for (const QueueId id : kept) {
    const auto found = spool.reader().find(id);
    require(found && *found, id.text() + " is lost");
    const auto octets = spool.reader().octets((*found)->message);
    require(octets && *octets == octets_for(id, (*found)->message.size), id.text() + " has other octets");
  }
  require(list(spool.reader()).size() == kept.size(), "something half-accepted shows");
}

/// Adds until the disk is full. Every refusal must be no_space.
std::size_t fill(Spool& spool, std::vector<QueueId>& kept) {
  std::size_t added = 0;
  for (;; ++added) {
    const QueueId id = spool.next_id();
    const Committed done = commit(spool, adding(id, message_size));
    if (done) {
      kept.push_back(id);
      continue;
    }
    require(done.error().kind == ErrorKind::no_space, "another error than no space: " + done.error().error.text());
    return added;
  }
}

}  // namespace

int main() {
  const TemporaryFolder folder;
  if (!mount_small_disk(folder.path())) {
    std::cout << "no mount namespace here: skipped\n";
    return skipped;
  }
  const auto filler = folder.path() / "filler";
  std::vector<QueueId> kept;
  {
    const auto opened = Spool::open({.folder = folder.spool(), .minimum_free_space = 0});
    require(opened.has_value(), "cannot open the spool");
    Spool& spool = **opened;
    // Little room: the log meets the end first. Then more: memory is written out, and tables and blob files meet it.
    for (const std::uintmax_t room : {20U << 20, 200U << 20}) {
      leave_free(filler, room);
      const std::size_t added = fill(spool, kept);
      require(spool.state().condition == Condition::no_space, "the state does not say no space");
      require(!commit(spool, adding(spool.next_id())), "mail was accepted on a full disk");
      expect_all(spool, kept);
      std::filesystem::remove(filler);
      const QueueId next = spool.next_id();
      const Committed again = commit(spool, adding(next));
      require(again.has_value(), "space is back, but: " + (again ? "" : again.error().error.text()));
      kept.push_back(next);
      require(spool.state().condition == Condition::running, "the state does not say running");
      expect_all(spool, kept);
      std::cout << added << " messages until the disk was full at " << (room >> 20) << " MiB, all there, went on\n";
    }
  }
  const auto again = Spool::open({.folder = folder.spool(), .minimum_free_space = 0});
  require(again.has_value(), "cannot open the spool again");
  expect_all(**again, kept);
  std::cout << kept.size() << " messages whole after reopening\n";
  std::fflush(stdout);
  ::umount2(folder.path().c_str(), MNT_DETACH);
  return 0;
}
