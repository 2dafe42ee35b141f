// adapt/supervise.cpp - see supervise.hpp.
#include "adapt/supervise.hpp"

#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <fstream>
#include <iterator>

#include <fcntl.h>
#include <poll.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/text.hpp"

namespace ptarmigan::adapt {
namespace {

constexpr int cannot_work = 2;
constexpr int first_passed_descriptor = 3;  // sd_listen_fds(3)
constexpr int beyond_passed = 200;
constexpr std::string_view ping = "get ping\n";

struct Worker {
  pid_t process = 0;
  Descriptor line;
};

sigset_t watched_signals() {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGTERM);
  sigaddset(&set, SIGINT);
  return set;
}

Result<Worker> start_worker(const Supervision& supervision) {
  std::array<int, 2> ends{};
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) != 0)
    return failure(std::string("no socket pair: ") + std::strerror(errno));
  Descriptor mine(ends[0]);
  Descriptor theirs(ends[1]);
  const pid_t process = ::fork();
  if (process < 0) return failure(std::string("cannot fork: ") + std::strerror(errno));
  if (process == 0) {
    mine.close();
    const auto set = watched_signals();
    sigprocmask(SIG_UNBLOCK, &set, nullptr);
    std::_Exit(supervision.work(std::move(theirs)));
  }
  return Worker{process, std::move(mine)};
}

enum class Asked { answered, silent, told_to_stop };

/// The worker's end counts as silence.
Asked ask(const Worker& worker, milliseconds patience, int signals) {
  if (::send(worker.line.get(), ping.data(), ping.size(), MSG_NOSIGNAL) < 0) return Asked::silent;
  std::array<pollfd, 2> wait{{{worker.line.get(), POLLIN, 0}, {signals, POLLIN, 0}}};
  if (::poll(wait.data(), wait.size(), static_cast<int>(patience.count())) <= 0) return Asked::silent;
  if (wait[1].revents != 0) return Asked::told_to_stop;
  std::array<char, 256> answer{};
  return ::recv(worker.line.get(), answer.data(), answer.size(), 0) > 0 ? Asked::answered : Asked::silent;
}

/// The signal that came within `time`, 0 for none.
int signal_within(int descriptor, milliseconds time) {
  pollfd wait{descriptor, POLLIN, 0};
  if (::poll(&wait, 1, static_cast<int>(time.count())) <= 0) return 0;
  signalfd_siginfo info{};
  return ::read(descriptor, &info, sizeof info) == sizeof info ? static_cast<int>(info.ssi_signo) : 0;
}

int exit_code(int status) {
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

/// Its status. One that is stalled does not end by itself.
int end_worker(pid_t process, milliseconds patience) {
  constexpr int looks = 50;
  int status = 0;
  ::kill(process, SIGTERM);
  for (int i = 0; i < looks; ++i) {
    if (::waitpid(process, &status, WNOHANG) == process) return status;
    ::poll(nullptr, 0, static_cast<int>(2 * patience.count() / looks));
  }
  ::kill(process, SIGKILL);
  ::waitpid(process, &status, 0);
  return status;
}

enum class Watched { ended, told_to_stop };

/// Until the worker is gone, or we are told to stop. The first answer may take longer: it is still starting.
Watched watch(const Supervision& supervision, const Worker& worker, int signals, int& status) {
  constexpr milliseconds starting{10'000};
  auto patience = starting;
  while (true) {
    const auto asked = ask(worker, patience, signals);
    if (asked == Asked::told_to_stop) return Watched::told_to_stop;
    if (::waitpid(worker.process, &status, WNOHANG) == worker.process) return Watched::ended;
    if (asked == Asked::silent) {
      supervision.log("the answering process does not answer; it is started again");
      ::kill(worker.process, SIGKILL);
      ::waitpid(worker.process, &status, 0);
      return Watched::ended;
    }
    patience = supervision.patience;
    if (signal_within(signals, supervision.interval) != 0) return Watched::told_to_stop;
  }
}

std::vector<std::string> own_arguments() {
  std::ifstream file("/proc/self/cmdline", std::ios::binary);
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  std::vector<std::string> out;
  for (const auto word : split(text, '\0')) out.emplace_back(word);
  if (!out.empty() && out.back().empty()) out.pop_back();
  return out;
}

}  // namespace

int supervise(const Supervision& supervision) {
  const auto set = watched_signals();
  sigprocmask(SIG_BLOCK, &set, nullptr);
  const Descriptor signals(::signalfd(-1, &set, SFD_CLOEXEC));
  while (true) {
    auto worker = start_worker(supervision);
    if (!worker) {
      supervision.log(worker.error().text());
      return cannot_work;
    }
    int status = 0;
    if (watch(supervision, *worker, signals.get(), status) == Watched::told_to_stop) {
      return exit_code(end_worker(worker->process, supervision.patience));
    }
    if (WIFEXITED(status) && WEXITSTATUS(status) <= cannot_work) return WEXITSTATUS(status);
    supervision.log("the answering process ended (" + std::to_string(exit_code(status)) + "); it is started again");
    if (signal_within(signals.get(), supervision.pause) != 0) return 0;
  }
}

void start_anew(const std::vector<int>& sockets) {
  auto arguments = own_arguments();
  if (arguments.empty()) return;
  // First out of the way, then to where systemd would have put them; dup2 clears close-on-exec.
  std::vector<int> high;
  for (const int socket : sockets) high.push_back(::fcntl(socket, F_DUPFD_CLOEXEC, beyond_passed));
  int next = first_passed_descriptor;
  for (const int socket : high) ::dup2(socket, next++);
  ::setenv("LISTEN_FDS", std::to_string(sockets.size()).c_str(), 1);
  ::unsetenv("LISTEN_PID");
  ::unsetenv("LISTEN_FDNAMES");
  std::vector<char*> words;
  for (auto& word : arguments) words.push_back(word.data());
  words.push_back(nullptr);
  ::execv("/proc/self/exe", words.data());
}

}  // namespace ptarmigan::adapt
