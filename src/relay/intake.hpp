// relay/intake.hpp - what all submitting sessions share: how many octets wait in memory, how fast each client may be,
// who guesses passwords. Threads: the reactor's.
#pragma once

#include <cstdint>
#include <utility>

#include "config/config.hpp"
#include "relay/rates.hpp"

namespace ptarmigan::relay {

/// Wrong credentials of one network; then AUTH is answered 454 until the stretch is over.
inline constexpr double max_failed_logins = 20;
inline constexpr milliseconds failed_logins_period{10 * 60'000};
/// How long the answer to wrong credentials waits.
inline constexpr milliseconds failed_login_delay{1'000};

struct Intake {
  explicit Intake(const config::Submission& settings)
      : users(settings.user_recipients_per_hour, std::chrono::hours(1)),
        networks(settings.network_recipients_per_hour, std::chrono::hours(1)),
        failed_logins(max_failed_logins, failed_logins_period) {}

  Rates users;
  Rates networks;
  Rates failed_logins;
  std::uint64_t waiting = 0;  ///< octets of messages that are in memory and not yet on disk
  bool draining = false;      ///< an operator wants no new mail: it is answered 421
  bool stopped = false;       ///< the spool has stopped after an error of its disk: every MAIL is answered 451
};

/// Octets of one session that count in Intake::waiting; given back at the end.
class Waiting {
 public:
  explicit Waiting(Intake& intake) : intake_(&intake) {}
  Waiting(Waiting&& other) noexcept : intake_(other.intake_), octets_(std::exchange(other.octets_, 0)) {}
  Waiting(const Waiting&) = delete;
  Waiting& operator=(const Waiting&) = delete;
  Waiting& operator=(Waiting&&) = delete;
  ~Waiting() { give_back(); }

  /// False, and nothing changes, where all sessions together would have more than `most`.
  [[nodiscard]] bool add(std::uint64_t octets, std::uint64_t most) {
    if (octets > most || intake_->waiting > most - octets) return false;
    intake_->waiting += octets;
    octets_ += octets;
    return true;
  }
  void give_back() { intake_->waiting -= std::exchange(octets_, 0); }

 private:
  Intake* intake_;
  std::uint64_t octets_ = 0;
};

}  // namespace ptarmigan::relay
