// net/transcript.hpp - an SMTP dialogue line by line, for people: secrets masked, the message's content left out.
// Threads: one object, one thread.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

namespace ptarmigan::net {

enum class Line {
  client,   ///< what the client said, without CRLF
  server,   ///< what the server said, without CRLF
  note,     ///< what happened: connected, TLS, size of the message
  problem,  ///< why it went no further
};

class Transcript {
 public:
  using Show = std::function<void(Line, std::string)>;
  /// An empty `show` costs nothing.
  explicit Transcript(Show show = {}) : show_(std::move(show)) {}

  void client(std::string_view octets) { take(Line::client, client_, octets); }
  void server(std::string_view octets) { take(Line::server, server_, octets); }
  void note(Line kind, std::string text) {
    if (show_) show_(kind, std::move(text));
  }
  /// What has arrived of a line was not the peer's to continue (TLS began).
  void forget_partial_lines();

 private:
  void take(Line who, std::string& partial, std::string_view octets);
  std::string masked(Line who, std::string_view line);

  Show show_;
  std::string client_;  ///< of a line whose end has not come
  std::string server_;
  bool secret_next_ = false;  ///< the server has asked for credentials (334)
};

}  // namespace ptarmigan::net
