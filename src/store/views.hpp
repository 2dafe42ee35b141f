// store/views.hpp - everything that is asked of the history, by the console, the commands and alerts. Long ranges are
// read from the roll-ups, so that a year answers as fast as a day. Counts are of attempts unless they say otherwise.
// Ranges are [from, to). Times within a roll-up are the beginning of its hour or day (UTC).
// Limits: every answer is bounded by its `limit`. Threads: one at a time. Errors: the database's.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "base/time.hpp"
#include "store/answers.hpp"
#include "store/attempt.hpp"
#include "store/records.hpp"

namespace ptarmigan::store {

class Database;

enum class Which { open, closed, all };

class Views {
 public:
  /// `where` is a file, or "postgresql://...".
  static Result<std::unique_ptr<Views>> open(const std::string& where);
  ~Views();
  Views(const Views&) = delete;
  Views& operator=(const Views&) = delete;

  /// Cells of the `sites` busiest sites, the busiest first. Whole hours up to two days, whole days beyond.
  [[nodiscard]] Result<std::vector<MatrixCell>> matrix(Range range, std::size_t sites = 50);
  /// In the order of time; of a range with more than `limit` of `of`, the busiest.
  [[nodiscard]] Result<std::vector<RatePoint>> rates(const RateQuery& query, std::size_t limit = 50);
  /// The most frequent first.
  [[nodiscard]] Result<std::vector<RefusalCount>> refusals(Range range, std::size_t limit = 100);
  /// Of sites whose id or a part of it is `site`: recipients a day and From domain, for the estimate of bulk status.
  [[nodiscard]] Result<std::vector<DayOfSender>> senders(const std::string& site, Range range,
                                                         std::size_t limit = 10'000);

  /// The newest first.
  [[nodiscard]] Result<std::vector<Attempt>> search(const Search& search);
  enum class Replies { unclassified, all };
  /// The most frequent first.
  [[nodiscard]] Result<std::vector<ReplyGroup>> replies(Replies which, WallTime seen_since, std::size_t limit = 100);

  /// Those opened last first.
  [[nodiscard]] Result<std::vector<Incident>> incidents(Which which, std::size_t limit = 200);
  [[nodiscard]] Result<std::optional<Incident>> incident(std::int64_t id);
  [[nodiscard]] Result<std::vector<IncidentEvent>> events(std::int64_t incident, std::size_t limit = 500);
  /// Attempts that an incident is about, the newest first.
  [[nodiscard]] Result<std::vector<Attempt>> affected(const Incident& incident, std::size_t limit = 100);

  /// `domain` "" is all.
  [[nodiscard]] Result<std::vector<DmarcDay>> dmarc_days(const std::string& domain, Range range);
  /// The busiest first.
  [[nodiscard]] Result<std::vector<DmarcSource>> dmarc_sources(const std::string& domain, Range range,
                                                               std::size_t limit = 5'000);
  [[nodiscard]] Result<std::vector<TlsCount>> tls(const std::string& domain, Range range, std::size_t limit = 5'000);
  /// `type` "" is all: complaints are "abuse".
  [[nodiscard]] Result<std::vector<FeedbackRow>> feedback(Range range, const std::string& type,
                                                          std::size_t limit = 500);
  [[nodiscard]] Result<std::vector<BounceRow>> bounces(Range range, std::size_t limit = 500);
  /// Taken in within the range, the newest first; also those that are not about us.
  [[nodiscard]] Result<std::vector<ReportRecord>> reports(Range range, std::size_t limit = 500);

  /// The newest first; `name` "" is all.
  [[nodiscard]] Result<std::vector<Snapshot>> snapshots(const std::string& name, std::size_t limit = 500);
  /// Of each record set its last.
  [[nodiscard]] Result<std::vector<Snapshot>> last_snapshots();
  [[nodiscard]] Result<std::vector<StandingRow>> standings();
  [[nodiscard]] Result<std::vector<Figure>> figures(const std::string& provider, Range range,
                                                    std::size_t limit = 10'000);
  [[nodiscard]] Result<std::vector<AuditLine>> audit(std::size_t limit = 500);
  /// Of the newest attempt.
  [[nodiscard]] Result<std::optional<WallTime>> newest();
  /// The message that a Message-ID, or a sender and recipient near a time, leads to; the newest attempt of it.
  [[nodiscard]] Result<std::optional<Attempt>> message_of(const std::string& message_id, const std::string& recipient,
                                                          WallTime before);

 private:
  explicit Views(std::unique_ptr<Database> database);

  std::unique_ptr<Database> database_;
};

}  // namespace ptarmigan::store
