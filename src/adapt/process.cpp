// adapt/process.cpp - see process.hpp.
#include "adapt/process.hpp"

#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

extern char** environ;

namespace ptarmigan::adapt {
namespace {

constexpr std::size_t most_output = std::size_t{16} << 20;

}  // namespace

Descriptor::~Descriptor() {
  close();
}

void Descriptor::close() {
  if (descriptor_ >= 0) ::close(descriptor_);
  descriptor_ = -1;
}

Result<Child> Child::start(std::vector<std::string> command, int input, Errors errors) {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) return failure(std::string("no pipe: ") + std::strerror(errno));
  Descriptor read_end(ends[0]);
  const Descriptor write_end(ends[1]);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  if (input >= 0)
    posix_spawn_file_actions_adddup2(&actions, input, STDIN_FILENO);
  else
    posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_adddup2(&actions, write_end.get(), STDOUT_FILENO);
  if (errors == Errors::in_output) posix_spawn_file_actions_adddup2(&actions, write_end.get(), STDERR_FILENO);
  std::vector<char*> arguments;
  for (auto& word : command) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  pid_t process = 0;
  const int code = posix_spawnp(&process, arguments[0], &actions, nullptr, arguments.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  if (code != 0)
    return failure("cannot start " + command[0] + ": " + std::strerror(code),
                   code == ENOENT ? "install " + command[0] + ", or put it on PATH" : "");
  return Child(process, std::move(read_end), command[0]);
}

Child::Child(Child&& other) noexcept
    : process_(std::exchange(other.process_, 0)), output_(std::move(other.output_)), name_(std::move(other.name_)) {}

Child::~Child() {
  end();
}

int Child::wait() {
  output_.close();
  int status = 0;
  while (process_ != 0 && ::waitpid(process_, &status, 0) < 0 && errno == EINTR) {
  }
  process_ = 0;
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

void Child::end() {
  if (process_ == 0) return;
  ::kill(process_, SIGKILL);
  wait();
}

Result<Finished> run_program(std::vector<std::string> command, std::chrono::milliseconds limit) {
  auto child = Child::start(std::move(command), -1, Child::Errors::in_output);
  if (!child) return std::unexpected(child.error());
  Finished out;
  const auto until = std::chrono::steady_clock::now() + limit;
  std::array<char, 16384> chunk;
  while (true) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(until - std::chrono::steady_clock::now());
    pollfd wait{child->output(), POLLIN, 0};
    if (left.count() <= 0 || ::poll(&wait, 1, static_cast<int>(left.count())) == 0)
      return failure(child->name() + " did not end within " + std::to_string(limit.count()) + " ms");
    const auto got = ::read(child->output(), chunk.data(), chunk.size());
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) break;
    if (out.output.size() + static_cast<std::size_t>(got) > most_output)
      return failure(child->name() + " prints without end");
    out.output.append(chunk.data(), static_cast<std::size_t>(got));
  }
  out.code = child->wait();
  return out;
}

}  // namespace ptarmigan::adapt
