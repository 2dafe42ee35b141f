// watch/incidents.hpp - what is wrong now, opened and closed by what is seen: refusals with a new cause, and conditions
// that are raised and cleared (standing lost, record drift, listing, report failure, queue age, disk).
//
//   Incidents incidents;
//   for (const auto& change : incidents.refused({...}, now)) ...   // opened, or seen again
//   for (const auto& change : incidents.accepted({...}, now)) ...  // closed: the route is good again
//
// A refusal about the recipient or one message is no incident. One that can be the receiver's passing trouble is one
// only once it has been seen often in a row. Pure: time is passed in. Limits: IncidentPolicy. Threads: one object, one
// thread.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/time.hpp"
#include "watch/kind.hpp"

namespace ptarmigan::watch {

struct Incident {
  std::int64_t id = 0;    ///< of the history; 0 until it is kept
  std::string key = {};   ///< one is open of each key
  std::string kind = {};  ///< "refusal", "standing", "drift", "listing", "report", "queue", "disk"
  WallTime opened = {};
  std::optional<WallTime> closed = {};
  WallTime last_seen = {};
  std::uint64_t hits = 1;  ///< how often its cause was seen
  std::string site = {};
  std::string source = {};
  std::string domain = {};  ///< of From, where it concerns that domain's mail alone
  std::string cause = {};   ///< a word of Kind, or the condition's own
  std::string rule_id = {};
  std::string title = {};     ///< one line
  std::string why = {};       ///< the receiver's words, or what was found
  std::string fix = {};       ///< what to do
  std::string evidence = {};  ///< more of it, as text
  std::string closed_why = {};
  friend bool operator==(const Incident&, const Incident&) = default;
};

/// What happened to an incident.
struct Change {
  enum class What { opened, seen, closed };
  What what = What::seen;
  Incident incident = {};
};
[[nodiscard]] std::string_view to_string(Change::What what);

struct IncidentPolicy {
  unsigned accepted_to_close = 3;                ///< messages in a row over the same route
  unsigned in_a_row = 10;                        ///< refusals that may be passing trouble
  milliseconds forgotten_after{24 * 3'600'000};  ///< not seen for so long: closed
  std::size_t max_open = 10'000;
};

/// One route at one site, for one From domain.
struct Delivery {
  std::string site = {};
  std::string source = {};
  std::string domain = {};
};

class Incidents {
 public:
  explicit Incidents(IncidentPolicy policy = {}) : policy_(policy) {}

  struct RefusedAttempt {
    Delivery delivery = {};
    Kind kind = Kind::unknown;
    std::string rule_id = {};
    std::string reply = {};
    std::string fix = {};  ///< "": the rule's own remedy, or what helps against its kind
  };
  [[nodiscard]] std::vector<Change> refused(const RefusedAttempt& attempt, WallTime now);
  [[nodiscard]] std::vector<Change> accepted(const Delivery& delivery, WallTime now);

  /// The facts alone say that a route would be refused: nothing is sent over it, so no reply does. `reply` holds what
  /// the facts say. The same incident as of a refusal with the same rule.
  [[nodiscard]] std::vector<Change> lost(const RefusedAttempt& route, WallTime now);
  /// The route is good again: what lost() opened for it closes.
  [[nodiscard]] std::vector<Change> regained(const Delivery& route, WallTime now);

  /// Something that is so until it is cleared. `condition` has key, kind, title, why, fix and what it concerns.
  [[nodiscard]] std::vector<Change> raise(Incident condition, WallTime now);
  [[nodiscard]] std::vector<Change> clear(const std::string& key, const std::string& why, WallTime now);
  /// Closes what was not seen for long.
  [[nodiscard]] std::vector<Change> tick(WallTime now);

  /// What an earlier run left open.
  void restore(const std::vector<Incident>& open);
  [[nodiscard]] std::vector<Incident> open() const;

 private:
  struct Entry {
    Incident incident;
    unsigned accepted = 0;
  };
  enum class Seen { by_reply, by_facts };
  [[nodiscard]] static Incident incident_of(const RefusedAttempt& attempt, Seen seen);
  Change close(std::map<std::string, Entry>::iterator entry, std::string why, WallTime now);

  IncidentPolicy policy_;
  std::map<std::string, Entry> open_;
  /// Refusals in a row that are not yet an incident, by the key that it would have.
  std::map<std::string, unsigned> suspected_;
};

}  // namespace ptarmigan::watch
