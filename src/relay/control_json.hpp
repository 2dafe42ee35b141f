// relay/control_json.hpp - answers of the control commands as JSON (control.hpp says which). Pure.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/time.hpp"
#include "relay/queue_change.hpp"
#include "relay/suppression.hpp"
#include "spool/records.hpp"

namespace ptarmigan::relay {

/// What the running server is doing with a group.
struct GroupState {
  bool in_delivery = false;
  std::string waits_for;             ///< pacing, in one sentence; "" where it does not wait for it
  std::optional<milliseconds> left;  ///< until it goes on; nothing: for a free connection
};

struct Listed {
  spool::Queued queued;
  std::vector<GroupState> states;  ///< one for each group; empty where no server runs
};

/// Adds up the queue by site and cause.
class Summing {
 public:
  explicit Summing(WallTime now = {}) : now_(now) {}
  void add(const spool::Queued& queued);

  struct Site {
    std::uint64_t groups = 0;
    std::uint64_t due = 0;
    std::uint64_t held = 0;
    WallTime oldest = {};
    std::map<std::string, std::uint64_t> causes = {};  ///< "" where it was not tried yet
  };
  std::uint64_t messages = 0;
  std::uint64_t groups = 0;
  std::uint64_t octets = 0;
  std::uint64_t held = 0;
  std::map<std::string, Site> sites = {};  ///< at most max_sites, the others together under "others"

  static constexpr std::size_t max_sites = 10'000;
  static constexpr std::size_t shown_sites = 1'000;

 private:
  WallTime now_;
};

/// What the server as a whole is doing.
struct ServerState {
  bool running = false;
  bool draining = false;
  std::string spool = "running";  ///< "running", "no_space", "stopped"
  std::string reason = {};        ///< of the last two
  std::size_t waiting = 0;
  unsigned in_delivery = 0;
};

[[nodiscard]] std::string list_json(const std::vector<Listed>& messages, std::optional<QueueId> next);
[[nodiscard]] std::string summary_json(const Summing& sum, const ServerState& state);
[[nodiscard]] std::string changed_json(const QueueChanged& changed);
[[nodiscard]] std::string state_json(const ServerState& state);
[[nodiscard]] std::string cleared_json(std::size_t entries);
[[nodiscard]] std::string suppression_changed_json(std::size_t entries, std::size_t count);
[[nodiscard]] std::string suppressed_json(const std::vector<Suppressed>& entries, std::size_t count,
                                          const std::string& next);

}  // namespace ptarmigan::relay
