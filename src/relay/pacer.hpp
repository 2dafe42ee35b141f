// relay/pacer.hpp - when the running server may use a route: pacing by site and axis, and the day's allowance of new
// addresses. Relays are not paced: their receivers count the relay, not us. Threads: one executor that runs on one
// thread.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "config/config.hpp"
#include "relay/keys.hpp"
#include "relay/router.hpp"
#include "route/pacing.hpp"
#include "route/plan.hpp"
#include "route/standing_text.hpp"
#include "route/warm_up.hpp"

namespace ptarmigan::relay {

class Pacer {
 public:
  /// Both outlive *this.
  Pacer(const config::Config& config, const Keys& keys);

  /// A message's place on a route. Every place is ended by exactly one of end() and refused().
  struct Place {
    route::Traffic traffic;           ///< empty for a relay
    std::optional<IpAddress> source;  ///< that has sent one of its day's allowance
  };
  struct Blocked {
    enum class By {
      pace,       ///< for now this address sends no more to this site: another own address may
      full,       ///< every connection that may be is in use
      allowance,  ///< of the day: any other route may
    };
    By by = By::pace;
    std::optional<SteadyTime> until;  ///< nothing: until a place is freed
    std::string why;
  };
  [[nodiscard]] std::expected<Place, Blocked> begin(const route::Candidate& candidate, const route::Site& site,
                                                    const Sender& sender, Moment now);

  enum class End { accepted, said_nothing };
  /// True where more may go at once than before.
  bool end(const Place& place, End how, Moment now);
  /// The receiver refused for rate: what it names stops at once.
  void refused(const Place& place, smtp::RateAxis named, std::string reply, Moment now);

  [[nodiscard]] unsigned messages_a_connection(const std::string& site) const;

  /// After the configuration has changed: what was learnt stays.
  void reload(const config::Config& config);

  void save_to(route::SavedStanding& saved, Moment now) const;
  void restore(const route::SavedStanding& saved, Moment now);
  [[nodiscard]] std::uint64_t revision() const { return pacing_.revision() + warm_up_.revision(); }

 private:
  [[nodiscard]] std::string dkim_domain(const Sender& sender) const;

  const Keys& keys_;
  route::Pacing pacing_;
  route::WarmUp warm_up_;
};

/// The domain that a receiver checks SPF for: of the envelope, or of EHLO for the null reverse-path
/// (RFC 7208#2.4).
[[nodiscard]] std::string spf_domain(const std::string& mail_from, const dns::DomainName& ehlo_name);

}  // namespace ptarmigan::relay
