// relay/report_intake.hpp - mail for the addresses to which others send reports (watch.report_addresses): taken from
// anybody, delivered to nobody. It becomes a file of watch.drop_folder, which the watcher reads as any other.
// Limits: max_waiting_reports files. Errors: the disk's; too many files. Threads: one executor, and a thread that
// writes.
#pragma once

#include <set>
#include <string>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/thread_pool.hpp>

#include "base/queue_id.hpp"
#include "base/result.hpp"
#include "config/config.hpp"
#include "smtp/path.hpp"

namespace ptarmigan::relay {

/// Of files that were not yet read. Readers take a hundred a second.
inline constexpr std::size_t max_waiting_reports = 10'000;

class ReportIntake {
 public:
  explicit ReportIntake(const config::Watch& settings);
  ~ReportIntake();
  ReportIntake(const ReportIntake&) = delete;
  ReportIntake& operator=(const ReportIntake&) = delete;

  [[nodiscard]] bool any() const { return !addresses_.empty(); }
  /// Letter case does not matter.
  [[nodiscard]] bool takes(const smtp::Mailbox& recipient) const;
  /// Returns when the disk has the message.
  [[nodiscard]] boost::asio::awaitable<Result<>> keep(QueueId id, std::string octets);

 private:
  std::set<std::string> addresses_;  ///< lower case
  std::string folder_;
  boost::asio::thread_pool writer_{1};
};

}  // namespace ptarmigan::relay
