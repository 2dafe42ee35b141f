// receive/rehearsal_service.hpp - the rehearsal as a service: gives out addresses, takes mail for them, shows what each
// receiver would do. Threads: one reactor.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "config/config.hpp"
#include "net/answer_source.hpp"

namespace ptarmigan::receive {

struct ServiceSettings {
  std::vector<Endpoint> smtp;
  std::vector<Endpoint> http;
  std::string domain;             ///< of the addresses
  std::optional<Endpoint> spamd;  ///< SpamAssassin
  std::optional<Endpoint> rspamd;
};

class RehearsalService {
 public:
  /// Opens all sockets; errors name the setting. `dns` outlives the service. `tell` gets one line for each event.
  static Result<std::unique_ptr<RehearsalService>> create(const config::Rehearsal& rehearsal, ServiceSettings settings,
                                                          net::AnswerSource& dns,
                                                          std::function<void(const std::string&)> tell);
  ~RehearsalService();
  RehearsalService(const RehearsalService&) = delete;
  RehearsalService& operator=(const RehearsalService&) = delete;
  /// Until SIGTERM or SIGINT.
  void run();

 private:
  class Impl;
  explicit RehearsalService(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace ptarmigan::receive
