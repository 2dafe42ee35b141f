// spool/folder.cpp - see folder.hpp.
#include "spool/folder.hpp"

#include <cerrno>
#include <optional>
#include <string>
#include <system_error>
#include <utility>

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/text.hpp"

namespace ptarmigan::spool {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view format_prefix = "ptarmigan spool ";
constexpr std::size_t max_small_file = 256;

class Descriptor {
 public:
  explicit Descriptor(int number) : number_(number) {}
  ~Descriptor() {
    if (number_ >= 0) ::close(number_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  explicit operator bool() const { return number_ >= 0; }
  [[nodiscard]] int get() const { return number_; }
  int release() { return std::exchange(number_, -1); }

 private:
  int number_;
};

std::unexpected<Error> system_failure(const std::string& doing, const fs::path& path, int code) {
  const char* remedy = "check the path and the disk";
  if (code == EACCES || code == EPERM || code == EROFS)
    remedy = "make the folder writable for the user that runs Ptarmigan, or choose another with spool.path";
  if (code == ENOENT || code == ENOTDIR) remedy = "create the folder above it, or choose another with spool.path";
  if (code == ENOSPC || code == EDQUOT) remedy = "make room on the disk";
  return failure("cannot " + doing + " " + path.string() + ": " + std::generic_category().message(code), remedy);
}

/// Nothing where the file does not exist.
Result<std::optional<std::string>> read_small(const fs::path& path) {
  const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file && errno == ENOENT) return std::nullopt;
  std::string text(max_small_file, '\0');
  const ssize_t got = file ? ::read(file.get(), text.data(), text.size()) : -1;
  if (got < 0) return system_failure("read", path, errno);
  text.resize(static_cast<std::size_t>(got));
  return text;
}

bool write_and_sync(int file, std::string_view text) {
  return ::write(file, text.data(), text.size()) == static_cast<ssize_t>(text.size()) && ::fsync(file) == 0;
}

Result<> sync_folder(const fs::path& folder) {
  const Descriptor file(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!file || ::fsync(file.get()) != 0) return system_failure("sync", folder, errno);
  return {};
}

/// All or nothing, and on disk when it returns.
Result<> write_format(const fs::path& folder) {
  const fs::path path = folder / "FORMAT";
  const fs::path draft = folder / "FORMAT.new";
  const Descriptor file(::open(draft.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
  const std::string text = std::string(format_prefix) + std::to_string(format_version) + "\n";
  if (!file || !write_and_sync(file.get(), text)) return system_failure("write", draft, errno);
  if (::rename(draft.c_str(), path.c_str()) != 0) return system_failure("write", path, errno);
  return sync_folder(folder);
}

Result<FolderLock> take_lock(const fs::path& folder) {
  const fs::path path = folder / "lock";
  Descriptor file(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
  if (!file) return system_failure("open", path, errno);
  if (::flock(file.get(), LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK) return system_failure("lock", path, errno);
    const auto holder = read_small(path);
    const auto process = holder && *holder ? parse_number<long>(trim(**holder)) : std::nullopt;
    return failure("the spool " + folder.string() + " is in use by " +
                       (process ? "process " + std::to_string(*process) : "another process"),
                   "stop that server first, or choose another folder with spool.path");
  }
  // The pid is only for the sentence above; a full disk must not keep the server from starting to drain its queue.
  if (::ftruncate(file.get(), 0) == 0) {
    const std::string process = std::to_string(::getpid()) + "\n";
    [[maybe_unused]] const ssize_t written = ::write(file.get(), process.data(), process.size());
  }
  return FolderLock(file.release());
}

Result<> check_version(const fs::path& folder, std::string_view text) {
  const auto version = text.starts_with(format_prefix) && text.ends_with('\n')
                           ? parse_number<unsigned>(trim(text.substr(format_prefix.size())))
                           : std::nullopt;
  if (!version)
    return failure("the file FORMAT in " + folder.string() + " does not say what format this spool has",
                   "restore it from a backup; a spool of this version has the line '" + std::string(format_prefix) +
                       std::to_string(format_version) + "'");
  if (*version != format_version)
    return failure("the spool " + folder.string() + " has format " + std::to_string(*version) +
                       ", this program knows format " + std::to_string(format_version),
                   "run the newer Ptarmigan that wrote it, or let that one deliver the queue before going back");
  return {};
}

/// Nothing in it but our own lock: a folder that we may turn into a spool.
Result<bool> is_fresh(const fs::path& folder) {
  std::error_code code;
  fs::directory_iterator entries(folder, code);
  if (code) return system_failure("read", folder, code.value());
  for (const auto& entry : entries) {
    const auto name = entry.path().filename();
    if (name != "lock" && name != "FORMAT.new" && name != "lost+found") return false;
  }
  return true;
}

}  // namespace

FolderLock::FolderLock(FolderLock&& other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)) {}

FolderLock& FolderLock::operator=(FolderLock&& other) noexcept {
  std::swap(descriptor_, other.descriptor_);
  return *this;
}

FolderLock::~FolderLock() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

Result<FolderLock> prepare_folder(const fs::path& folder) {
  if (::mkdir(folder.c_str(), 0700) == 0) {
    const fs::path parent = fs::absolute(folder).lexically_normal().parent_path();
    if (auto synced = sync_folder(parent); !synced) return std::unexpected(std::move(synced.error()));
  } else if (errno != EEXIST) {
    return system_failure("create the spool folder", folder, errno);
  }
  auto lock = take_lock(folder);
  if (!lock) return lock;
  auto format = read_small(folder / "FORMAT");
  if (!format) return std::unexpected(std::move(format.error()));
  if (*format) {
    if (auto known = check_version(folder, **format); !known) return std::unexpected(std::move(known.error()));
    return lock;
  }
  const auto fresh = is_fresh(folder);
  if (!fresh) return std::unexpected(fresh.error());
  if (!*fresh)
    return failure("the folder " + folder.string() + " has other files in it and is not a spool",
                   "choose an empty or new folder with spool.path");
  if (auto written = write_format(folder); !written) return std::unexpected(std::move(written.error()));
  return lock;
}

Result<> check_format(const fs::path& folder) {
  auto format = read_small(folder / "FORMAT");
  if (!format) return std::unexpected(std::move(format.error()));
  if (!*format)
    return failure("there is no spool in " + folder.string(),
                   "check spool.path; the server makes it at its first start");
  return check_version(folder, **format);
}

fs::path database_folder(const fs::path& folder) {
  return folder / "db";
}

}  // namespace ptarmigan::spool
