// relay/server.hpp - the running server: submission in, queue, delivery out, composed from a configuration.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "config/config.hpp"
#include "config/given.hpp"
#include "relay/log.hpp"

namespace ptarmigan::relay {

/// Where the configuration came from, for the console to show.
struct Origin {
  std::string file = {};
  std::vector<config::Given> given = {};
  /// Reads it again, for SIGHUP; without it there is no reload.
  struct Read {
    config::Config config;
    std::vector<config::Given> given;
  };
  std::function<Result<Read>()> again = {};
};

class Server {
 public:
  /// Opens everything that can fail: keys, users, certificates, spool, history, resolver, sockets. An error says which
  /// setting, what is wrong with it, and what mends it; nothing has then been accepted.
  static Result<std::unique_ptr<Server>> create(config::Config config, Log log, Origin origin = {});
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  /// Serves until SIGTERM or SIGINT; sessions then get a bounded time to end. An error when the spool had to stop.
  /// SIGHUP reads the configuration, keys, users and certificates again: sessions and deliveries go on, new ones go by
  /// what is new. Where anything cannot be used nothing changes, and the log says why.
  [[nodiscard]] Result<> run();

 private:
  class Impl;
  explicit Server(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace ptarmigan::relay
