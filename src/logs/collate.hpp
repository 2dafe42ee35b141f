// logs/collate.hpp - puts together what a log spreads over lines: the sender of a message (qmgr, <=), and the TLS of a
// session, which Postfix tells in lines of their own.
// Limits: max_messages and max_sessions are remembered; the oldest are forgotten first. Threads: one object, one
// thread.
#pragma once

#include <deque>
#include <string>
#include <unordered_map>

#include "logs/entry.hpp"
#include "logs/line.hpp"

namespace ptarmigan::logs {

/// What the line says, by the program that wrote it; nothing where it is of neither Postfix nor Exim. A line without a
/// program is read as whichever it looks like.
[[nodiscard]] std::optional<Entry> read_entry(const Line& line);

class Collator {
 public:
  static constexpr std::size_t max_messages = 100'000;
  static constexpr std::size_t max_sessions = 10'000;

  /// Completes `entry` with what earlier lines said, and remembers what it says for later ones.
  void complete(const Line& line, Entry& entry);

 private:
  struct Message {
    std::string sender;
    bool has_sender = false;
    std::string message_id;
  };
  struct Session {
    Peer peer;
    TlsWords tls;
    std::string queue_id;  ///< of the first message that was delivered in it
  };
  template <typename T>
  struct Memory {
    std::unordered_map<std::string, T> items = {};
    std::deque<std::string> order = {};  ///< oldest first; may name what is gone
    T& at(const std::string& key, std::size_t most);
  };

  Memory<Message> messages_;  ///< by host and queue id
  Memory<Session> sessions_;  ///< by host, program and process
};

}  // namespace ptarmigan::logs
