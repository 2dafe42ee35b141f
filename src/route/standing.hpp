// route/standing.hpp - what each source address is worth at each site: learnt from judged facts and from receivers'
// replies.
//
// Facts are judged anew for each attempt (judge_route). A reply outranks them: a refusal that blames the address or the
// sender's authentication makes the route poor until the facts that it named change for the better, or, where the facts
// never showed a fault, until a time that doubles with each refusal. A route that comes back is on probation: a few
// messages, one at a time, before it is good again (hysteresis). Nothing here ever holds mail; it only orders routes
// (plan.hpp). Threads: one object, one thread. Time is passed in.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/time.hpp"
#include "facts/facts.hpp"
#include "rulebook/judge.hpp"

namespace ptarmigan::route {

enum class Standing {
  good,
  probation,  ///< was poor; comes back message by message
  unknown,    ///< the facts do not say: the other family is preferred, mail is never held
  poor,
};
[[nodiscard]] std::string_view to_string(Standing standing);
[[nodiscard]] std::optional<Standing> standing_of_word(std::string_view word);

/// What the facts alone say about one route for one sender.
struct RouteFacts {
  Standing standing = Standing::unknown;  ///< good, unknown or poor
  std::vector<std::string> rules = {};    ///< ids of what is broken, in the receiver's order
  std::string why = {};                   ///< one sentence: the first broken rule's, or what is not known
  std::optional<WallTime> asked_at = {};  ///< of the oldest answer that decided it
  std::vector<Question> needed = {};      ///< answers that would decide more
  friend bool operator==(const RouteFacts&, const RouteFacts&) = default;
};

/// A receiver whose rules are not known is good: nothing speaks against the route.
[[nodiscard]] RouteFacts judge_route(const rulebook::Receiver* receiver, const rulebook::Subject& subject,
                                     const Facts& facts);

/// Whom a standing is about. A refusal of the address holds for every sender; one of authentication for the sender that
/// it named.
struct StandingKey {
  IpAddress source;
  std::string site;
  std::string sender = {};  ///< domain of From; "" for every sender
  friend auto operator<=>(const StandingKey&, const StandingKey&) = default;
};

/// A receiver's refusal, kept as evidence.
struct Refusal {
  std::vector<std::string> rules;  ///< that the reply can mean; may be empty
  std::string reply;               ///< in the receiver's words, one line
  WallTime at;
  friend bool operator==(const Refusal&, const Refusal&) = default;
};

/// The sum of facts and replies for one route.
struct RouteStanding {
  Standing standing = Standing::unknown;
  std::string why;  ///< one sentence with the evidence and its age
  std::vector<std::string> rules;
  std::optional<Refusal> refusal;   ///< still in force
  std::optional<SteadyTime> until;  ///< poor by a reply that no fact explains: on probation from then on
};

struct StandingPolicy {
  unsigned probes = 3;                    ///< accepted messages that end a probation
  milliseconds first_pause{10 * 60'000};  ///< after a refusal that no fact explains
  milliseconds longest_pause{24 * 3'600'000};
  std::size_t max_entries = 100'000;  ///< the oldest evidence goes first
};

class StandingTable {
 public:
  explicit StandingTable(StandingPolicy policy = {}) : policy_(policy) {}

  /// Facts and replies together. Notes the facts, so that a change of them lifts a refusal and starts a probation.
  RouteStanding weigh(const StandingKey& key, const RouteFacts& facts, Moment now);
  /// A reply that blames the address (sender "") or the sender's authentication (sender set).
  void refused(const StandingKey& key, Refusal refusal, const RouteFacts& facts, Moment now);
  /// An operator's word: poor for so long, as after a refusal that no fact explains.
  void set_poor(const StandingKey& key, std::string reason, milliseconds duration, Moment now);
  /// Forgets what replies and operators taught of matching entries ("" and nothing match all). Returns how many.
  std::size_t forget(const std::optional<IpAddress>& source, const std::string& site, const std::string& sender);
  /// A refusal is in force, and at its time the facts were poor too: it ends when they are good again.
  [[nodiscard]] bool is_explained(const StandingKey& key) const;
  /// A message was accepted over this route. Ends one probe.
  void accepted(const StandingKey& key);
  /// On probation one message at a time: true takes the place, which accepted(), refused() or give_back() frees.
  [[nodiscard]] bool take_probe(const StandingKey& key);
  void give_back(const StandingKey& key);

  struct Row {
    StandingKey key;
    Standing standing;
    std::string why;
    WallTime since;
  };
  /// Every entry that has something to say, for `ptarmigan standing` and the console.
  [[nodiscard]] std::vector<Row> rows() const;

  /// An entry as it outlives the process: times as what is left of them.
  struct Saved {
    StandingKey key;
    Standing standing = Standing::unknown;
    Standing facts = Standing::unknown;  ///< as last weighed
    std::optional<Refusal> refusal = {};
    bool facts_explained_refusal = false;
    milliseconds left{0};  ///< of the pause after a refusal
    unsigned refusals = 0;
    unsigned probes_left = 0;
    std::string why = {};
    WallTime since = {};
    friend bool operator==(const Saved&, const Saved&) = default;
  };
  /// What is known of each address at each site; of single senders only what holds them back.
  [[nodiscard]] std::vector<Saved> saved(SteadyTime now) const;
  /// Takes entries up again, `elapsed` after they were saved. No pause lasts longer than the policy's longest, an
  /// operator's word apart.
  void restore(const std::vector<Saved>& entries, milliseconds elapsed, SteadyTime now);
  /// Grows whenever something changed that saved() tells, but for times and their words.
  [[nodiscard]] std::uint64_t revision() const { return revision_; }

 private:
  struct Entry {
    std::optional<Refusal> refusal = {};
    bool facts_explained_refusal = false;  ///< at its time the facts were poor too
    SteadyTime until = {};
    unsigned refusals = 0;               ///< in a row, doubles the pause
    Standing facts = Standing::unknown;  ///< as last weighed
    unsigned probes_left = 0;
    bool probing = false;
    std::string why = {};
    WallTime since = {};
  };
  Entry& entry(const StandingKey& key, WallTime now);
  void lift_refusal(Entry& entry, const RouteFacts& facts, Moment now) const;
  [[nodiscard]] Standing standing_of(const Entry& entry) const;

  StandingPolicy policy_;
  std::map<StandingKey, Entry> entries_;
  std::uint64_t revision_ = 0;
};

}  // namespace ptarmigan::route
