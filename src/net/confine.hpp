// net/confine.hpp - less privilege for a server: another user, and writing below few folders only. Both are for the
// whole process and cannot be taken back, so they are called before there are other threads.
#pragma once

#include <string>
#include <vector>

#include "base/result.hpp"

namespace ptarmigan::net {

/// Becomes `user` with its groups and keeps of root's capabilities only the one to bind ports below 1024
/// (capabilities(7), CAP_NET_BIND_SERVICE), as a systemd unit would. Nothing happens where the process is that user
/// already. An error where there is no such user, or where the process is neither root nor that user.
[[nodiscard]] Result<> become_user(const std::string& user);

enum class Confinement { confined, kernel_cannot };

/// From now on this process and its children can make, change or remove files only below `writable` (folders that are
/// there) and the null device (Landlock, kernel 5.13 or newer). What is open already stays usable.
[[nodiscard]] Result<Confinement> confine_writes(const std::vector<std::string>& writable);

}  // namespace ptarmigan::net
