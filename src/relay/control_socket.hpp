// relay/control_socket.hpp - the unix socket in the spool's folder on which a running server takes an operator's
// commands: one line in, one answer out, then it is closed. Who may write to the socket (mode 0600, in a folder of mode
// 0700) may command. Limits: max_command octets, 16 sessions at once, half a minute to send a command and to take the
// answer. Threads: one executor that runs on one thread; ask_server() blocks.
#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>

#include "base/result.hpp"
#include "net/gate.hpp"
#include "relay/control.hpp"

namespace ptarmigan::relay {

class ControlSocket {
 public:
  /// The spool is ours: what an earlier server left at that place is removed. `gate` and `control` outlive *this.
  static Result<std::unique_ptr<ControlSocket>> open(boost::asio::any_io_executor executor, net::Gate& gate,
                                                     Control& control, const std::filesystem::path& spool);
  /// Removes the socket.
  ~ControlSocket();
  ControlSocket(const ControlSocket&) = delete;
  ControlSocket& operator=(const ControlSocket&) = delete;

  /// Accepts from now on. Ends with the gate.
  void start();

 private:
  class Impl;
  explicit ControlSocket(std::shared_ptr<Impl> impl);
  std::shared_ptr<Impl> impl_;
};

/// The answer of the server that has this spool open; nothing where none listens.
[[nodiscard]] Result<std::optional<std::string>> ask_server(const std::filesystem::path& spool,
                                                            const std::string& command);

}  // namespace ptarmigan::relay
