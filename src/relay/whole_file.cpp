// relay/whole_file.cpp - see whole_file.hpp.
#include "relay/whole_file.hpp"

#include <cerrno>
#include <cstring>
#include <string>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace ptarmigan::relay {

Result<> write_whole_file(const std::filesystem::path& path, std::string_view text) {
  const auto failed = [&] { return failure("cannot write " + path.string() + ": " + std::strerror(errno)); };
  const auto draft = path.string() + std::string(draft_suffix);
  const int file = ::open(draft.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, S_IRUSR | S_IWUSR);
  if (file < 0) return failed();
  bool good = true;
  for (std::size_t done = 0; good && done < text.size();) {
    const auto wrote = ::write(file, text.data() + done, text.size() - done);
    good = wrote > 0 || (wrote < 0 && errno == EINTR);
    if (wrote > 0) done += static_cast<std::size_t>(wrote);
  }
  good = good && ::fsync(file) == 0;
  const int code = errno;
  ::close(file);
  errno = code;
  if (!good || ::rename(draft.c_str(), path.c_str()) != 0) return failed();
  const int folder = ::open(path.parent_path().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (folder < 0) return failed();
  const bool synced = ::fsync(folder) == 0;
  ::close(folder);
  if (!synced) return failed();
  return {};
}

}  // namespace ptarmigan::relay
