// adapt/map_client.hpp - asks a running `ptarmigan map` as Postfix and Exim do. Threads: one object, one thread; blocks
// the caller's.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "adapt/process.hpp"
#include "base/result.hpp"
#include "base/time.hpp"
#include "mta/questions.hpp"

namespace ptarmigan::adapt {

class MapClient {
 public:
  /// `where` as for socket_address().
  static Result<MapClient> connect(const std::string& where, milliseconds limit = milliseconds(2'000));

  /// The answer as it came, without framing: "OK IGNORE", "200 IGNORE", "NOTFOUND ", a line's words. A line's answer
  /// ends the connection. Errors: closed, silent for the limit, or no answer of the protocol.
  Result<std::string> ask(mta::Protocol protocol, const std::string& map, const std::string& key);

 private:
  MapClient(Descriptor socket, milliseconds limit) : socket_(std::move(socket)), limit_(limit) {}
  Descriptor socket_;
  milliseconds limit_;
};

/// One thing that was tried, and what came of it.
struct Proof {
  std::string name;
  bool holds = false;
  std::string detail;
};

/// That the map at `where` answers each protocol rightly, and how fast. One Proof for each.
[[nodiscard]] std::vector<Proof> prove_map(const std::string& where);

/// Its status as JSON: docs/reference/beside.md.
[[nodiscard]] Result<std::string> map_status(const std::string& where);

}  // namespace ptarmigan::adapt
