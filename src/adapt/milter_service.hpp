// adapt/milter_service.hpp - the running `ptarmigan milter`: talks with mail servers on sockets that are open already.
// A session that breaks off, or one too many, is closed: the mail server then does what its own default for a missing
// filter is. Limits: max_sessions, idle_limit. Threads: run() blocks the caller's thread, and everything happens there
// but DNS.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "base/time.hpp"
#include "config/config.hpp"

namespace ptarmigan::adapt {

struct MilterOptions {
  static constexpr std::size_t max_sessions = 2'000;
  /// A session without a word; libmilter's own limit.
  static constexpr seconds idle_limit{7'210};
  /// For the DNS of one message, SPF's own limit and some more; the mail server waits 300 s (Postfix).
  static constexpr seconds judge_limit{30};

  std::vector<int> sockets = {};  ///< listening, TCP or unix; owned from then on
  /// The configuration, at the start and at each SIGHUP.
  std::function<Result<config::Config>()> read_config = {};
  std::function<void(const std::string&)> log = {};
};

class MilterService {
 public:
  /// An error of the configuration, the keys or DNS.
  static Result<std::unique_ptr<MilterService>> create(MilterOptions options);
  ~MilterService();
  MilterService(const MilterService&) = delete;
  MilterService& operator=(const MilterService&) = delete;

  /// Until SIGTERM or SIGINT. SIGHUP reads settings and keys again; where that fails the old ones stay. The [dns]
  /// settings are those of the start.
  void run();

 private:
  class Impl;
  explicit MilterService(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace ptarmigan::adapt
