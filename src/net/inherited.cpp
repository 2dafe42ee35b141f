// net/inherited.cpp - sockets passed in by systemd or the lab; see listener.hpp.
#include <cstdlib>
#include <string_view>

#include <fcntl.h>
#include <unistd.h>

#include "base/text.hpp"
#include "net/listener.hpp"

namespace ptarmigan::net {
namespace {

constexpr int first_passed_descriptor = 3;  // sd_listen_fds(3)
constexpr int most_passed_descriptors = 256;

std::string_view variable(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? std::string_view() : std::string_view(value);
}

}  // namespace

Result<std::vector<InheritedSocket>> inherited_sockets() {
  std::vector<InheritedSocket> sockets;
  if (variable("LISTEN_FDS").empty()) return sockets;
  if (const auto pid = variable("LISTEN_PID"); !pid.empty() && parse_number<pid_t>(pid) != getpid()) return sockets;
  const auto count = parse_number<int>(variable("LISTEN_FDS"));
  if (!count || *count < 0 || *count > most_passed_descriptors)
    return failure("LISTEN_FDS is not a number of sockets: '" + printable(variable("LISTEN_FDS")) + "'");
  const std::string names(variable("LISTEN_FDNAMES"));
  const auto each = names.empty() ? std::vector<std::string_view>() : split(names, ':');
  for (int i = 0; i < *count; ++i) {
    const int descriptor = first_passed_descriptor + i;
    if (fcntl(descriptor, F_SETFD, FD_CLOEXEC) != 0)
      return failure("LISTEN_FDS promises socket " + std::to_string(descriptor) + ", which is not open");
    const auto at = static_cast<std::size_t>(i);
    sockets.push_back({.descriptor = descriptor, .name = at < each.size() ? std::string(each[at]) : std::string()});
  }
  for (const char* name : {"LISTEN_FDS", "LISTEN_FDNAMES", "LISTEN_PID"}) unsetenv(name);
  return sockets;
}

}  // namespace ptarmigan::net
