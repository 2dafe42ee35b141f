// watch/readiness.hpp - what DMARC reports say about a stricter policy: who passes, who would break, who pretends to be
// us. Pure. A source is ours by its address, known by a DKIM key or MAIL FROM domain of ours, forwarded where the
// receiver says so or a signature of ours survived nowhere but SPF, else unknown: most of these pretend to be us.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace ptarmigan::watch {

/// Messages of one source with one result, as reports count them.
struct ReportedSource {
  std::string source_ip = {};
  int family = 0;
  bool own = false;
  std::string domain = {};  ///< the policy's
  bool dkim = false;        ///< aligned and passed
  bool spf = false;
  std::string dkim_domain = {};
  std::string dkim_result = {};
  std::string spf_domain = {};
  std::string reason = {};  ///< the receiver's override
  std::uint64_t messages = 0;
};

enum class Origin { own, known, forwarded, unknown };
[[nodiscard]] std::string_view to_string(Origin origin);
[[nodiscard]] Origin origin_of(const ReportedSource& source);

struct Share {
  std::uint64_t messages = 0;
  std::uint64_t passed = 0;
};

struct Breaks {
  std::string source_ip;
  Origin origin = Origin::unknown;
  std::uint64_t messages = 0;
  std::string why;  ///< one sentence
  std::string fix;
};

struct Readiness {
  Share own;  ///< own and known sources
  Share forwarded;
  Share unknown;
  Share ipv4;  ///< of own and known sources
  Share ipv6;
  bool quarantine = false;
  bool reject = false;
  std::string why;             ///< one sentence
  std::vector<Breaks> breaks;  ///< what a stricter policy would stop, the most mail first
};

struct ReadinessPolicy {
  std::uint64_t fewest_messages = 100;  ///< less says nothing
  std::uint64_t for_quarantine = 980;   ///< passed of a thousand own messages
  std::uint64_t for_reject = 995;
  std::size_t most_told = 100;
};
[[nodiscard]] Readiness readiness(const std::vector<ReportedSource>& sources, const ReadinessPolicy& policy = {});

/// Google's bulk sender: 5,000 messages or more to its private users within 24 hours, by primary domain, once is for
/// ever (support.google.com/mail/answer/81126).
inline constexpr std::uint64_t bulk_messages_a_day = 5'000;
struct BulkDay {
  std::string primary_domain = {};
  std::uint64_t messages = 0;  ///< of the busiest day
  [[nodiscard]] bool bulk() const { return messages >= bulk_messages_a_day; }
};

/// Google's clock: a spam rate of 0.30 percent or more is bad; whoever had it is not helped until it was below for 7
/// days in a row. `millionths` are the days' rates in order; 0.10 percent is where it should stay below.
struct SpamClock {
  enum class State { unknown, good, watch, bad, waiting };
  State state = State::unknown;
  unsigned days_below = 0;  ///< in a row until the last day
};
[[nodiscard]] SpamClock spam_clock(const std::vector<std::int64_t>& millionths);
[[nodiscard]] std::string_view to_string(SpamClock::State state);

}  // namespace ptarmigan::watch
