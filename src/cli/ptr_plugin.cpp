// cli/ptr_plugin.cpp - see ptr_plugin.hpp.
#include "cli/ptr_plugin.hpp"

#include <array>
#include <csignal>

#include <fcntl.h>
#include <nlohmann/json.hpp>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/text.hpp"
#include "dns/reverse.hpp"
#include "net/clock.hpp"

namespace ptarmigan::cli {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::size_t longest_output = std::size_t{64} << 10;
constexpr int cannot_run = 127;

Json request_of(const publish::Change& change) {
  const auto names = [](const std::vector<dns::Record>& records) {
    Json out = Json::array();
    for (const auto& record : records)
      if (const auto* target = std::get_if<dns::Target>(&record.data)) out.push_back(target->name.text());
    return out;
  };
  const auto address = dns::address_of_reverse_name(change.owner);
  return {{"version", 1},
          {"action", "set_ptr"},
          {"address", address ? Json(address->text()) : Json()},
          {"owner", change.owner.text()},
          {"before", names(change.before)},
          {"after", names(change.after)},
          {"ttl", change.after.empty() ? 0 : change.after.front().ttl}};
}

struct Pipe {
  int read = -1;
  int write = -1;
  Pipe() {
    std::array<int, 2> ends{-1, -1};
    if (pipe2(ends.data(), O_CLOEXEC) == 0) {
      read = ends[0];
      write = ends[1];
    }
  }
  Pipe(const Pipe&) = delete;
  Pipe& operator=(const Pipe&) = delete;
  ~Pipe() {
    close_read();
    close_write();
  }
  void close_read() {
    if (read >= 0) close(std::exchange(read, -1));
  }
  void close_write() {
    if (write >= 0) close(std::exchange(write, -1));
  }
};

struct Ran {
  std::string output;
  int status = -1;
  bool late = false;
};

/// Feeds `input` and collects output until the program closes it or the time is over.
void talk(Pipe& in, Pipe& out, std::string_view input, SteadyTime deadline, Ran& ran) {
  fcntl(in.write, F_SETFL, O_NONBLOCK);
  while (true) {
    const auto left = std::chrono::duration_cast<milliseconds>(deadline - net::steady_now()).count();
    if (left <= 0) {
      ran.late = true;
      return;
    }
    std::array<pollfd, 2> waits{pollfd{out.read, POLLIN, 0}, pollfd{in.write, POLLOUT, 0}};
    if (poll(waits.data(), in.write >= 0 ? 2 : 1, static_cast<int>(left)) < 0 && errno != EINTR) return;
    if (in.write >= 0 && waits[1].revents != 0) {
      const auto written = write(in.write, input.data(), input.size());
      if (written > 0) input.remove_prefix(static_cast<std::size_t>(written));
      if (input.empty() || (written < 0 && errno != EAGAIN)) in.close_write();
    }
    if (waits[0].revents == 0) continue;
    std::array<char, 4096> buffer{};
    const auto size = read(out.read, buffer.data(), buffer.size());
    if (size <= 0) return;
    ran.output.append(buffer.data(), static_cast<std::size_t>(size));
    if (ran.output.size() > longest_output) return;
  }
}

Result<Ran> run(const std::string& program, const std::string& input, SteadyTime deadline) {
  Pipe in;
  Pipe out;
  if (in.read < 0 || out.read < 0) return failure("no pipe can be made for " + program);
  const auto before = std::signal(SIGPIPE, SIG_IGN);
  const auto child = fork();
  if (child < 0) return failure("no process can be made for " + program);
  if (child == 0) {
    setpgid(0, 0);
    std::signal(SIGPIPE, SIG_DFL);
    dup2(in.read, STDIN_FILENO);
    dup2(out.write, STDOUT_FILENO);
    execl(program.c_str(), program.c_str(), static_cast<char*>(nullptr));
    _exit(cannot_run);
  }
  setpgid(child, child);
  in.close_read();
  out.close_write();
  Ran ran;
  talk(in, out, input, deadline, ran);
  kill(-child, SIGKILL);  // it has said all, or its time is over; what it started goes too
  int status = 0;
  waitpid(child, &status, 0);
  ran.status = status;
  std::signal(SIGPIPE, before);
  return ran;
}

}  // namespace

Result<> run_ptr_plugin(const std::string& program, const publish::Change& change, milliseconds longest) {
  const auto ran = run(program, request_of(change).dump() + "\n", net::in(longest));
  if (!ran) return std::unexpected(ran.error());
  if (ran->late) return failure(program + " did not answer within " + human(longest));
  if (WIFEXITED(ran->status) && WEXITSTATUS(ran->status) == cannot_run && ran->output.empty())
    return failure(program + " cannot be run", "name an executable file");
  const auto answer = Json::parse(ran->output, nullptr, false);
  if (!answer.is_object() || !answer.contains("ok") || !answer["ok"].is_boolean())
    return failure(program + " answered no JSON object with \"ok\": " + printable(ran->output));
  if (answer["ok"].get<bool>()) return {};
  const bool says = answer.contains("error") && answer["error"].is_string();
  return failure(program + ": " + (says ? printable(answer["error"].get<std::string>()) : "it failed without a word"));
}

}  // namespace ptarmigan::cli
