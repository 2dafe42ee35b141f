// adapt/gate.hpp - "may mail use IPv6 to this MX host from here now?", answered from memory: what Postfix's filters and
// Exim's lists get. Where anything is in doubt the answer is "no change".
// IPv6 is never closed for a host without a known A record: Postfix would defer its mail for days, Exim would bounce
// it. Limits: max_hosts remembered. Threads: one object, one thread; Closed is a value that may be shared.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/time.hpp"
#include "mta/questions.hpp"

namespace ptarmigan::adapt {

/// A host that cannot be (RFC 6761#6.4), closed at any time: with it anybody can prove that answers arrive.
inline constexpr std::string_view canary_host = "canary.ptarmigan.invalid";

/// What the judging side found: where IPv6 is closed now. Replaced as a whole.
struct Closed {
  std::map<std::string, std::string> sites;  ///< by route::Site::key, with the reason in one sentence
  std::map<std::string, bool> has_ipv4;      ///< MX hosts by name: do they have an A record?
};

/// What answers teach, or leave open. For the judging side.
struct Notice {
  enum class Kind {
    ask_host,  ///< whether `host` has an A record
    refused,   ///< `reply` came from `host` at `address`
  };
  Kind kind = Kind::ask_host;
  std::string host;
  std::optional<IpAddress> address = {};
  std::string reply = {};
  std::string domain = {};  ///< that the mail was for, where it is told
};

class Gate {
 public:
  static constexpr std::size_t max_hosts = 100'000;
  static constexpr std::size_t max_notices = 1'000;

  void set(std::shared_ptr<const Closed> closed) { closed_ = std::move(closed); }

  /// The answer to one question, nothing for "no change".
  /// socketmap "dns" and any tcp_table: a resource record, answered with IGNORE.
  /// socketmap "reply" is ReplyFilter's, which knows the connection.
  /// socketmap "dsn": a delivery's status, answered with one that waits instead of bouncing.
  /// lines: "exim-ipv4-hosts", with the domain behind it: a list for dns_ipv4_lookup. "ipv4-only HOST": "1".
  /// "exim-refused HOST ADDRESS REPLY": teaches, and is always answered with nothing.
  [[nodiscard]] std::optional<std::string> answer(mta::Protocol protocol, const mta::Question& question,
                                                  SteadyTime now);

  /// What was noticed since the last call.
  [[nodiscard]] std::vector<Notice> take_notices();

 private:
  enum class Ipv4 { unknown, has, lacks };
  [[nodiscard]] std::optional<std::string> filter_record(std::string_view key, SteadyTime now);
  [[nodiscard]] std::optional<std::string> filter_status(std::string_view key, SteadyTime now);
  [[nodiscard]] std::optional<std::string> answer_line(std::string_view key, SteadyTime now);
  [[nodiscard]] bool closed(const std::string& host, SteadyTime now);
  [[nodiscard]] Ipv4 ipv4_of(const std::string& host, SteadyTime now) const;
  void notice(Notice notice);

  std::shared_ptr<const Closed> closed_ = std::make_shared<Closed>();
  std::unordered_map<std::string, SteadyTime> seen_a_;  ///< hosts whose A record was asked about, until when it counts
  std::vector<Notice> notices_;
};

/// The rulebook's host patterns of the closed receivers as an Exim domain list, the hosts that have no A record
/// excepted;
/// "" where nothing is closed.
[[nodiscard]] std::string exim_hosts(const Closed& closed);

}  // namespace ptarmigan::adapt
