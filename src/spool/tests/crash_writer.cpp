// spool/tests/crash_writer.cpp - a process that works on a spool and says what is durable, until it is killed.
// Lines on standard output, each written at once: "add ID GROUPS" (durable), "removing ID" (may be gone),
// "removed ID" (durably gone). Usage: spool_crash_writer FOLDER SEED
#include <cstdio>
#include <cstdlib>
#include <iostream>
#include <mutex>
#include <random>
#include <semaphore>
#include <string>
#include <vector>

#include <unistd.h>

#include "base/text.hpp"
#include "spool/spool.hpp"
#include "spool/tests/testing.hpp"

namespace {

using ptarmigan::QueueId;
using ptarmigan::spool::Committed;
using ptarmigan::spool::Spool;
using namespace ptarmigan::spool::testing;  // NOLINT(google-build-using-namespace)

constexpr std::ptrdiff_t max_in_flight = 16;

void say(const std::string& line) {
  if (::write(STDOUT_FILENO, line.data(), line.size()) != static_cast<ssize_t>(line.size())) std::_Exit(3);
}

void require(const Committed& done) {
  if (done) return;
  std::cerr << done.error().error.text() << '\n';
  std::_Exit(2);
}

}  // namespace

int main(int count, char** arguments) {
  if (count != 3) return 64;
  auto opened = Spool::open({.folder = arguments[1], .minimum_free_space = 0});
  if (!opened) {
    std::cerr << opened.error().text() << '\n';
    return 1;
  }
  Spool& spool = **opened;
  std::mt19937 random(ptarmigan::parse_number<unsigned>(arguments[2]).value_or(1));
  std::counting_semaphore<max_in_flight> slots(max_in_flight);
  std::mutex mutex;
  std::vector<QueueId> durable;
  for (;;) {
    slots.acquire();
    QueueId victim;
    {
      const std::lock_guard lock(mutex);
      if (durable.size() > 4 && random() % 2 == 0) {
        victim = durable.back();
        durable.pop_back();
      }
    }
    if (victim != QueueId()) {
      say("removing " + victim.text() + "\n");
      auto gone = removing(victim, 0);
      gone.remove(victim, 1);
      spool.commit(std::move(gone), [&slots, victim](const Committed& done) {
        require(done);
        say("removed " + victim.text() + "\n");
        slots.release();
      });
      continue;
    }
    const QueueId id = spool.next_id();
    const std::size_t size = random() % 40 == 0 ? ptarmigan::spool::chunk_size + random() % 5000 : random() % 20'000;
    std::vector groups{group(0, "a.example")};
    if (random() % 2 == 0) groups.push_back(group(1, "b.example"));
    const std::string line = "add " + id.text() + " " + std::to_string(groups.size()) + "\n";
    spool.commit(adding(id, size, std::move(groups)), [&, id, line](const Committed& done) {
      require(done);
      say(line);
      {
        const std::lock_guard lock(mutex);
        durable.push_back(id);
      }
      slots.release();
    });
  }
}
