// receive/rehearsal_server.hpp - a receiver to rehearse with: listens, speaks TLS, judges, keeps mail.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "config/config.hpp"
#include "net/answer_source.hpp"

namespace ptarmigan::receive {

class RehearsalServer {
 public:
  /// Opens sockets, certificate and mailbox; an error says which setting is wrong and what mends it. `dns` outlives the
  /// server. `tell` gets one line for each event.
  static Result<std::unique_ptr<RehearsalServer>> create(const config::Config& config, net::AnswerSource& dns,
                                                         std::function<void(const std::string&)> tell);
  ~RehearsalServer();
  RehearsalServer(const RehearsalServer&) = delete;
  RehearsalServer& operator=(const RehearsalServer&) = delete;

  /// Until SIGTERM or SIGINT.
  void run();

 private:
  class Impl;
  explicit RehearsalServer(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace ptarmigan::receive
