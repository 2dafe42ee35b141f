// net/notify_socket.hpp - tells who started us how we are (sd_notify(3)): systemd waits for "ready" before it starts
// what depends on us, and shows the status.
#pragma once

#include <string>

namespace ptarmigan::net {

/// "READY=1", "RELOADING=1", "STOPPING=1", "STATUS=...", several separated by LF. Nothing happens where NOTIFY_SOCKET
/// is not set; a service manager that does not listen is no error of ours.
void notify_supervisor(const std::string& state);

}  // namespace ptarmigan::net
