// receive/test_book.hpp - the tests of the rehearsal service: an address that was given out, and what came to it. In
// memory, bounded and expiring: nothing is kept of a message but its report. The time and the random words are passed
// in. Threads: one.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/ip_address.hpp"
#include "base/time.hpp"
#include "doctor/examine.hpp"
#include "rehearsal/decide.hpp"

namespace ptarmigan::receive {

struct TestBookLimits {
  std::size_t tests = 10'000;
  std::size_t tests_of_a_client = 50;
  std::size_t results_of_a_test = 8;
  milliseconds life{24LL * 3'600'000};
};

/// What the receiver does on purpose, to test a sender's patience.
enum class Fault {
  none,
  greylist,  ///< the first attempt is deferred (451 4.7.1), as long as greylist_time
  rate,      ///< the first rate_refusals attempts are refused for rate (421 4.7.28)
  stall,     ///< stall_time passes before each answer to RCPT and to the message
};
[[nodiscard]] std::string_view to_string(Fault fault);
/// By its word, or nothing.
[[nodiscard]] std::optional<Fault> parse_fault(std::string_view word);

inline constexpr milliseconds greylist_time{10'000};
inline constexpr std::size_t rate_refusals = 2;
inline constexpr milliseconds stall_time{20'000};

/// SpamAssassin's or rspamd's opinion.
struct FilterOpinion {
  std::string filter;  ///< "SpamAssassin"
  double score = 0;
  double threshold = 0;
  std::vector<std::string> rules = {};
  std::string problem = {};  ///< why it gave none
};

struct TestScore {
  int tenths = rehearsal::best_score_tenths;
  struct Deduction {
    std::string id;
    int tenths = 0;
    std::string why;
  };
  std::vector<Deduction> deductions = {};
  /// "8.5"
  [[nodiscard]] std::string text() const;
};

/// One message, or one attempt that was refused.
struct TestResult {
  WallTime at = {};
  IpAddress peer = {};
  std::string reply;  ///< what the client was told
  std::optional<doctor::Report> report = {};
  TestScore score = {};
  std::vector<FilterOpinion> opinions = {};
  std::string transcript = {};
};

/// The rules' costs (rehearsal::score over the strict profile), what broken checks of the message cost (spam 2, advice
/// 0.1, together at most 2), and up to 3 points where a filter would mark it.
[[nodiscard]] TestScore score_of(const rehearsal::Score& rules, const doctor::Report& report,
                                 const std::vector<FilterOpinion>& opinions);

struct Test {
  std::string address;  ///< local part
  std::string secret;   ///< of the private link
  std::string profile;  ///< whose replies the client gets; "" accepts everything
  Fault fault = Fault::none;
  IpAddress owner = {};
  WallTime created = {};
  std::size_t attempts = 0;
  std::vector<TestResult> results = {};  ///< the newest last
};

class TestBook {
 public:
  explicit TestBook(TestBookLimits limits = {}) : limits_(limits) {}

  /// Makes room by dropping what has expired, then the client's own oldest, then the oldest of all.
  Test& open(std::string address, std::string secret, const IpAddress& owner, WallTime now);
  /// By local part, without case, and without what follows a '+'; nullptr where there is none or it has expired. Valid
  /// until the next open().
  [[nodiscard]] Test* by_address(std::string_view local_part, WallTime now);
  [[nodiscard]] Test* by_secret(std::string_view secret, WallTime now);
  /// Drops the test's oldest result where there are too many.
  void add(Test& test, TestResult result);
  [[nodiscard]] std::size_t size() const { return by_address_.size(); }

 private:
  void expire(WallTime now);
  void drop(const std::string& address);

  TestBookLimits limits_;
  std::map<std::string, Test> by_address_;
  std::map<std::string, std::string> address_of_secret_;
  std::map<std::uint64_t, std::string> by_age_;
  std::map<std::string, std::uint64_t> age_of_address_;
  std::uint64_t count_ = 0;
};

}  // namespace ptarmigan::receive
