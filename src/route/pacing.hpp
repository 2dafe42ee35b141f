// route/pacing.hpp - how fast mail goes to a site: what each receiver is known to bear, and what its replies teach.
//
// Receivers count by source address, by its network, by DKIM domain and by SPF domain, each for itself (Google's sender
// guidelines of 2026-03-21): each of these is an axis, and each (site, axis, value) is a lane with its own pace. A
// refusal for rate stops the lane that it names; where it names none, those of address, DKIM domain and SPF domain.
// Google's recovery for 4.7.28, used for every receiver: stop for at least 10 minutes; then one connection; where that
// is refused, 10 minutes more; where it works, connections are added one by one.
//
// Limits: Policy. Threads: one object, one thread. Time is passed in; wall time is only shown, never waited for.
#pragma once

#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/ip_address.hpp"
#include "base/time.hpp"
#include "smtp/failure.hpp"

namespace ptarmigan::route {

/// What one receiver bears from one source address.
struct Shape {
  std::string site;           ///< Site::key
  unsigned connections = 20;  ///< at once
  unsigned messages_a_connection = 100;
  unsigned messages_a_minute = 0;  ///< 0: not limited
  friend bool operator==(const Shape&, const Shape&) = default;
};

/// Numbers in public use for the receivers of the rulebook (KumoMTA's shaping file, 2026-08).
[[nodiscard]] std::span<const Shape> default_shapes();

enum class Axis { ip, netblock, dkim_domain, spf_domain };
[[nodiscard]] std::string_view to_string(Axis axis);
[[nodiscard]] std::optional<Axis> axis_of(std::string_view word);

/// One thing that a site counts.
struct Lane {
  std::string site;
  Axis axis = Axis::ip;
  std::string value;  ///< "192.0.2.1", "192.0.2.0/24", "example.com"
  friend auto operator<=>(const Lane&, const Lane&) = default;
};

/// The lanes of one message over one route.
using Traffic = std::vector<Lane>;
/// Empty domains have no lane. The network is the address's /24 or /64.
[[nodiscard]] Traffic traffic_of(const std::string& site, const IpAddress& source, const std::string& dkim_domain,
                                 const std::string& spf_domain);

/// Why a message cannot go now.
struct PaceWait {
  enum class Kind {
    stopped,  ///< the receiver refused for rate
    minute,   ///< enough for this minute
    full,     ///< every connection is in use: ask again when one of this site ends
  };
  Kind kind = Kind::full;
  std::optional<SteadyTime> until = {};  ///< but for full
  std::string why = {};                  ///< "gmail refused 192.0.2.1 for its rate: 421 4.7.28 ..."
};

class Pacing {
 public:
  struct Policy {
    milliseconds pause{10 * 60'000};  ///< after a refusal for rate; 10 minutes is Google's "at least"
    milliseconds addition{60'000};    ///< at least so long between one connection and the next one added
    Shape other = {};                 ///< sites without a shape
    std::vector<Shape> shapes = {};   ///< the first of a site counts
    std::size_t max_lanes = 100'000;  ///< beyond, those that have nothing to say are forgotten
  };
  explicit Pacing(Policy policy) : policy_(std::move(policy)) {}

  /// What was learnt of sites stays.
  void set_policy(Policy policy) { policy_ = std::move(policy); }
  [[nodiscard]] const Shape& shape_of(std::string_view site) const;

  /// Takes a place for one message in each of its lanes: then end() must follow. Otherwise says what it waits for,
  /// and nothing is taken.
  [[nodiscard]] std::optional<PaceWait> begin(const Traffic& traffic, SteadyTime now);

  enum class End { accepted, said_nothing };
  /// Gives the places back. True where more may go at once than before.
  bool end(const Traffic& traffic, End how, SteadyTime now);
  /// Gives the places back after a refusal for rate and stops what it names. `reply` is kept as evidence. Nothing is
  /// stopped for a mailbox or for a domain in the text: these are not about the site.
  void refused(const Traffic& traffic, smtp::RateAxis named, std::string reply, Moment now);

  enum class Phase { open, stopped, recovering };
  struct Row {
    Lane lane;
    Phase phase = Phase::open;
    milliseconds left{0};          ///< stopped: until one connection is tried
    unsigned connections = 0;      ///< recovering: allowed now
    double messages_a_minute = 0;  ///< learnt; 0 where nothing was
    double refused_at = 0;         ///< messages a minute at the last refusal
    std::string reply = {};
    WallTime since = {};
    friend bool operator==(const Row&, const Row&) = default;
  };
  /// Every lane that was refused and has not wholly recovered.
  [[nodiscard]] std::vector<Row> rows(SteadyTime now) const;
  /// Takes rows up again, `elapsed` after they were told. No stop lasts longer than the policy's.
  void restore(const std::vector<Row>& rows, milliseconds elapsed, SteadyTime now);
  /// How many lanes are kept.
  [[nodiscard]] std::size_t lanes() const { return lanes_.size(); }
  /// Grows whenever rows() changed by more than time.
  [[nodiscard]] std::uint64_t revision() const { return revision_; }

 private:
  struct State {
    unsigned running = 0;
    SteadyTime stopped_until = {};
    unsigned ceiling = 0;  ///< connections while recovering; 0: not recovering
    unsigned proven = 0;   ///< messages accepted since the last addition
    SteadyTime added_at = {};
    double learnt = 0;  ///< messages a minute; 0: none
    double refused_at = 0;
    SteadyTime grown_at = {};
    double tokens = 0;
    SteadyTime filled_at = {};
    SteadyTime minute = {};  ///< begin of the minute that is counted
    unsigned accepted = 0;   ///< in it
    unsigned accepted_before = 0;
    std::string reply = {};
    WallTime since = {};
  };
  State& state_of(const Lane& lane, SteadyTime now);
  [[nodiscard]] std::optional<PaceWait> wait_of(const Lane& lane, State& state, SteadyTime now) const;
  [[nodiscard]] double rate_of(const Lane& lane, const State& state) const;
  void stop(const Lane& lane, const std::string& reply, Moment now);
  void count(State& state, SteadyTime now) const;
  bool prove(const Lane& lane, State& state, SteadyTime now);
  void forget_idle(SteadyTime now);

  Policy policy_;
  std::map<Lane, State> lanes_;
  std::uint64_t revision_ = 0;
};
[[nodiscard]] std::string_view to_string(Pacing::Phase phase);

}  // namespace ptarmigan::route
