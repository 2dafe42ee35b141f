// store/answers.hpp - what views.hpp is asked with and answers. Plain values. Counts are of attempts unless they say
// otherwise; ranges are [from, to).
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include "base/time.hpp"

namespace ptarmigan::store {

struct Range {
  WallTime from;
  WallTime to;
};

/// What became of attempts.
struct Tally {
  std::uint64_t delivered = 0;
  std::uint64_t deferred = 0;
  std::uint64_t bounced = 0;
  std::uint64_t rescued = 0;
  std::uint64_t recipients = 0;  ///< that were delivered to

  [[nodiscard]] std::uint64_t attempts() const { return delivered + deferred + bounced + rescued; }
  friend bool operator==(const Tally&, const Tally&) = default;
};

/// Source x receiver: one route at one site.
struct MatrixCell {
  std::string site;
  std::string route;
  int family = 0;  ///< 4, 6, 0 where no connection was begun
  Tally tally;
  std::string kind;     ///< what its refusals are about most, "" where none
  std::string rule_id;  ///< of these, "" where not known
};

enum class By { total, family, route, site, stream };
enum class Step { hour, day };

struct RatePoint {
  WallTime time;
  std::string of;  ///< "IPv6", "2001:db8::1", "gmail", "example.com"; "" for By::total
  Tally tally;
};
struct RateQuery {
  Range range;
  Step step = Step::hour;
  By by = By::total;
  std::string site = {};    ///< only of this site (not with By::stream)
  std::string stream = {};  ///< only of this From domain (not with By::site)
};

struct RefusalCount {
  std::string kind;
  std::string rule_id;
  std::string site;
  std::string route;
  std::uint64_t attempts = 0;
};

/// Refusals with the same words.
struct ReplyGroup {
  std::int64_t id = 0;
  std::string site;
  int reply_code = 0;
  std::string enhanced_status;
  std::string sample;
  std::string kind;
  std::string rule_id;
  WallTime first_seen;
  WallTime last_seen;
  std::uint64_t attempts = 0;
};

/// What is looked for; all that is given must hold. Text is compared without case.
struct Search {
  std::string id = {};         ///< queue id, the other server's queue id, or Message-ID
  std::string sender = {};     ///< whole address
  std::string recipient = {};  ///< whole address
  std::string reply = {};      ///< words of the reply
  std::string site = {};
  std::optional<Range> range = {};
  std::size_t limit = 100;
};

/// Messages of one From domain to one site on one day.
struct DayOfSender {
  WallTime day;
  std::string stream;
  std::uint64_t recipients = 0;
};

struct DmarcDay {
  WallTime day;
  std::string domain;
  int family = 0;
  bool own = false;
  std::uint64_t messages = 0;
  std::uint64_t passed = 0;
  std::uint64_t dkim = 0;
  std::uint64_t spf = 0;
};

/// One source in DMARC reports.
struct DmarcSource {
  std::string source_ip;
  int family = 0;
  bool own = false;
  std::string header_from;
  bool dkim = false;
  bool spf = false;
  std::string dkim_domain;
  std::string dkim_selector;
  std::string dkim_result;
  std::string spf_domain;
  std::string spf_result;
  std::string reason;
  std::string disposition;
  std::uint64_t messages = 0;
};

struct TlsCount {
  WallTime day;
  std::string domain;
  std::string policy;
  std::string result;
  std::string mx_host;
  std::uint64_t sessions = 0;
};

}  // namespace ptarmigan::store
