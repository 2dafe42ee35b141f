// receive/mailbox.cpp - see mailbox.hpp.
#include "receive/mailbox.hpp"

#include <cerrno>
#include <cstdio>
#include <cstring>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace ptarmigan::receive {
namespace {

std::unexpected<Error> system_failure(const std::string& what) {
  return failure(what + ": " + std::strerror(errno), "check the path, its owner and the free space");
}

Result<> write_all(int descriptor, std::string_view octets) {
  while (!octets.empty()) {
    const auto written = ::write(descriptor, octets.data(), octets.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return system_failure("write failed");
    octets.remove_prefix(static_cast<std::size_t>(written));
  }
  return {};
}

}  // namespace

Result<> prepare_mailbox(const std::string& folder) {
  if (::mkdir(folder.c_str(), 0755) != 0 && errno != EEXIST) return system_failure("cannot make the mailbox " + folder);
  if (::access(folder.c_str(), W_OK | X_OK) != 0) return system_failure("cannot write to the mailbox " + folder);
  return {};
}

Result<std::string> keep_message(const std::string& folder, const std::string& name, std::string_view octets) {
  const std::string draft = folder + "/." + name;
  std::string path = folder + "/" + name;
  const int descriptor = ::open(draft.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
  if (descriptor < 0) return system_failure("cannot write " + draft);
  auto done = write_all(descriptor, octets);
  if (done && ::fsync(descriptor) != 0) done = system_failure("cannot sync " + draft);
  ::close(descriptor);
  if (done && std::rename(draft.c_str(), path.c_str()) != 0) done = system_failure("cannot rename " + draft);
  if (done) return path;
  ::unlink(draft.c_str());
  return std::unexpected(done.error());
}

Result<> append_line(const std::string& file, std::string line) {
  const int descriptor = ::open(file.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
  if (descriptor < 0) return system_failure("cannot write " + file);
  auto done = write_all(descriptor, line += '\n');
  ::close(descriptor);
  return done;
}

}  // namespace ptarmigan::receive
