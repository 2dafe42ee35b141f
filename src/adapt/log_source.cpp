// adapt/log_source.cpp - see log_source.hpp.
#include "adapt/log_source.hpp"

#include <array>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <thread>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "adapt/process.hpp"
#include "logs/line.hpp"

namespace ptarmigan::adapt {
namespace {

constexpr std::chrono::milliseconds look_again{200};

struct Compression {
  std::string_view magic;
  const char* tool;
};
constexpr std::array<Compression, 4> compressions{{{"\x1f\x8b", "gzip"},
                                                   {std::string_view("\xfd"
                                                                     "7zXZ\0",
                                                                     6),
                                                    "xz"},
                                                   {"\x28\xb5\x2f\xfd", "zstd"},
                                                   {"BZh", "bzip2"}}};

/// Lines out of octets that come in any pieces.
class LineCutter {
 public:
  explicit LineCutter(const LineSink& sink) : sink_(sink) {}

  /// False: the sink wants no more.
  bool feed(std::string_view octets) {
    while (!octets.empty()) {
      const auto end = octets.find('\n');
      const auto piece = octets.substr(0, end);
      partial_.append(piece.substr(0, logs::max_line - std::min(partial_.size(), logs::max_line)));
      if (end == std::string_view::npos) return true;
      octets.remove_prefix(end + 1);
      if (!finish()) return false;
    }
    return true;
  }
  /// The last line may lack its end.
  bool finish() {
    const bool more = partial_.empty() || sink_(partial_);
    partial_.clear();
    return more;
  }

 private:
  const LineSink& sink_;
  std::string partial_;
};

enum class Drained { end, stopped };

Result<Drained> drain(int descriptor, LineCutter& cutter, const std::string& name) {
  std::array<char, 65536> chunk;
  while (true) {
    const auto got = ::read(descriptor, chunk.data(), chunk.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return failure("cannot read " + name + ": " + std::strerror(errno));
    if (got == 0) return Drained::end;
    if (!cutter.feed({chunk.data(), static_cast<std::size_t>(got)})) return Drained::stopped;
  }
}

Result<Descriptor> open_file(const std::string& path) {
  Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (file.get() < 0) return failure("cannot open " + path + ": " + std::strerror(errno));
  struct stat status{};
  if (::fstat(file.get(), &status) == 0 && S_ISDIR(status.st_mode))
    return failure(path + " is a folder", "name the log file inside it");
  return file;
}

/// The program that unpacks what begins at the file's start; nullptr for plain text.
const char* tool_of(int descriptor) {
  std::array<char, 6> front{};
  const auto got = ::pread(descriptor, front.data(), front.size(), 0);
  if (got <= 0) return nullptr;
  const std::string_view octets(front.data(), static_cast<std::size_t>(got));
  for (const auto& compression : compressions)
    if (octets.starts_with(compression.magic)) return compression.tool;
  return nullptr;
}

/// Reads what a program prints to its end.
Result<> drain_child(std::vector<std::string> command, int input, const LineSink& sink, const std::string& name) {
  auto child = Child::start(std::move(command), input);
  if (!child) return std::unexpected(child.error());
  LineCutter cutter(sink);
  const auto drained = drain(child->output(), cutter, name);
  if (!drained) return std::unexpected(drained.error());
  if (*drained == Drained::stopped || !cutter.finish()) {
    child->end();
    return {};
  }
  const auto code = child->wait();
  if (code != 0)
    return failure(name + " could not be read whole: " + child->name() + " ended with " + std::to_string(code));
  return {};
}

struct FileId {
  dev_t device = 0;
  ino_t inode = 0;
  off_t size = 0;
};

bool identify(const std::string& path, FileId& id) {
  struct stat status{};
  if (::stat(path.c_str(), &status) != 0) return false;
  id = {status.st_dev, status.st_ino, status.st_size};
  return true;
}

FileId identity_of(int descriptor) {
  struct stat status{};
  ::fstat(descriptor, &status);
  return {status.st_dev, status.st_ino, status.st_size};
}

/// Behind the present end of `file`, for as long as there is one.
Result<> follow_file(const std::string& path, Descriptor file, LineCutter& cutter, const std::function<void()>& idle) {
  while (true) {
    if (idle) idle();
    std::this_thread::sleep_for(look_again);
    // What a rotated file got at its end comes before the new file: so it is looked at first.
    FileId now;
    const bool there = identify(path, now);
    const auto drained = drain(file.get(), cutter, path);
    if (!drained) return std::unexpected(drained.error());
    if (*drained == Drained::stopped) return {};
    const auto mine = identity_of(file.get());
    if (there && (now.device != mine.device || now.inode != mine.inode)) {
      if (!cutter.finish()) return {};
      auto fresh = open_file(path);
      if (!fresh) continue;  // gone again: it is between two names
      file = std::move(*fresh);
    } else if (mine.size < ::lseek(file.get(), 0, SEEK_CUR)) {
      ::lseek(file.get(), 0, SEEK_SET);  // copied away and truncated
    }
  }
}

}  // namespace

Result<> read_log(const std::string& path, Follow follow, const LineSink& sink, const std::function<void()>& idle) {
  LineCutter cutter(sink);
  if (path == "-") {
    const auto drained = drain(STDIN_FILENO, cutter, "standard input");
    if (!drained) return std::unexpected(drained.error());
    if (*drained == Drained::end) cutter.finish();
    return {};
  }
  auto file = open_file(path);
  if (!file) return std::unexpected(file.error());
  if (const char* tool = tool_of(file->get()); tool != nullptr)
    return drain_child({tool, "-dc"}, file->get(), sink, path);
  const auto drained = drain(file->get(), cutter, path);
  if (!drained) return std::unexpected(drained.error());
  if (*drained == Drained::stopped) return {};
  if (follow == Follow::yes) return follow_file(path, std::move(*file), cutter, idle);
  cutter.finish();
  return {};
}

Result<> read_journal(const std::string& since, Follow follow, const LineSink& sink) {
  // --all: without it a field of more than 4,096 octets comes as null. Facility 2 is mail.
  std::vector<std::string> command{"journalctl", "--output=json", "--all", "--no-pager", "--quiet"};
  if (!since.empty()) command.push_back("--since=" + since);
  if (follow == Follow::yes) {
    command.emplace_back("--follow");
    command.emplace_back("--no-tail");
  }
  command.emplace_back("SYSLOG_FACILITY=2");
  return drain_child(std::move(command), -1, sink, "the journal");
}

}  // namespace ptarmigan::adapt
