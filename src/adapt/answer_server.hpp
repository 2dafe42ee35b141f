// adapt/answer_server.hpp - answers short questions on listening sockets, from memory, on a thread of its own that does
// nothing else: whatever the rest of the process does, an answer takes microseconds.
// Limits: max_connections, max_output waiting for one reader. A connection over a limit is closed, which both mail
// servers take for "ask again". Threads: start(), stop() and set() from any thread; `Conversation` runs on the
// server's.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "adapt/process.hpp"
#include "base/result.hpp"

namespace ptarmigan::adapt {

/// One connection's talk.
class Conversation {
 public:
  Conversation() = default;
  Conversation(const Conversation&) = delete;
  Conversation& operator=(const Conversation&) = delete;
  virtual ~Conversation() = default;
  /// Takes what came and adds what is to be said. False: close when that has been written.
  virtual bool talk(std::string_view input, std::string& output) = 0;
};

class AnswerServer {
 public:
  static constexpr std::size_t max_connections = 4'000;
  static constexpr std::size_t max_output = std::size_t{1} << 20;

  using Begin = std::function<std::unique_ptr<Conversation>()>;

  explicit AnswerServer(Begin begin);
  AnswerServer(const AnswerServer&) = delete;
  AnswerServer& operator=(const AnswerServer&) = delete;
  ~AnswerServer();

  /// "127.0.0.1:7225", "[::1]:7225", or a path: a unix socket with these permission bits, whose folder must exist; one
  /// that nobody listens on any longer is replaced.
  Result<> listen(const std::string& where, unsigned mode = 0666);
  /// A socket that was opened by who started us.
  void listen(Descriptor inherited);
  /// A connection that is there already; `gone` is called on the server's thread when its other end closes.
  void adopt(Descriptor connected, std::function<void()> gone);
  [[nodiscard]] bool has_sockets() const { return !listening_.empty(); }
  /// What is listened on, with the port that the system chose.
  [[nodiscard]] std::vector<std::string> names() const;

  /// The listening sockets, for a process that is to take them over.
  [[nodiscard]] std::vector<int> descriptors() const;

  Result<> start();
  void stop();

 private:
  struct Connection;
  void run();
  void accept_all(int listening);
  bool add(std::unique_ptr<Connection> connection);

  Begin begin_;
  std::vector<Descriptor> listening_;
  std::vector<std::string> paths_;
  Descriptor epoll_;
  Descriptor wake_;
  std::vector<std::unique_ptr<Connection>> connections_;  ///< by descriptor
  std::vector<std::unique_ptr<Connection>> adopted_;      ///< until start()
  std::size_t open_ = 0;
  std::atomic<bool> stopping_ = false;
  std::thread thread_;
};

}  // namespace ptarmigan::adapt
