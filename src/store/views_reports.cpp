// store/views_reports.cpp - what others report, records, standings, figures, audit. See views.hpp.
#include "store/sql.hpp"
#include "store/view_rows.hpp"
#include "store/views.hpp"

namespace ptarmigan::store {
namespace {

/// Of one domain, or of all where it is "".
std::string of_domain(const std::string& domain) {
  return domain.empty() ? "domain >= ?" : "domain = ?";
}

Snapshot snapshot_of(const Row& row) {
  return {.time = time_of(row, 0),
          .name = row.text(1),
          .type = row.text(2),
          .status = row.text(3),
          .records = row.text(4),
          .diff = row.text(5)};
}

}  // namespace

Result<std::vector<DmarcDay>> Views::dmarc_days(const std::string& domain, Range range) {
  const auto rows = database_->ask(
      "SELECT day, domain, family, own, messages, passed, dkim, spf FROM dmarc_days WHERE day >= ? AND day < ? AND " +
          of_domain(domain) + " ORDER BY day, domain, family, own",
      {number_of(range.from), number_of(range.to), domain});
  return map_rows<DmarcDay>(rows, [](const Row& row) {
    return DmarcDay{.day = time_of(row, 0),
                    .domain = row.text(1),
                    .family = static_cast<int>(row.number(2)),
                    .own = row.number(3) != 0,
                    .messages = count_of(row, 4),
                    .passed = count_of(row, 5),
                    .dkim = count_of(row, 6),
                    .spf = count_of(row, 7)};
  });
}

Result<std::vector<DmarcSource>> Views::dmarc_sources(const std::string& domain, Range range, std::size_t limit) {
  const auto rows = database_->ask(
      "SELECT source_ip, family, own, header_from, dkim, spf, dkim_domain, dkim_selector, dkim_result, spf_domain,"
      " spf_result, reason, disposition, sum(messages) FROM dmarc_rows WHERE day >= ? AND day < ? AND " +
          of_domain(domain) +
          " GROUP BY source_ip, family, own, header_from, dkim, spf, dkim_domain, dkim_selector, dkim_result,"
          " spf_domain, spf_result, reason, disposition ORDER BY sum(messages) DESC, source_ip LIMIT ?",
      {number_of(range.from), number_of(range.to), domain, number_of(limit)});
  return map_rows<DmarcSource>(rows, [](const Row& row) {
    return DmarcSource{.source_ip = row.text(0),
                       .family = static_cast<int>(row.number(1)),
                       .own = row.number(2) != 0,
                       .header_from = row.text(3),
                       .dkim = row.number(4) != 0,
                       .spf = row.number(5) != 0,
                       .dkim_domain = row.text(6),
                       .dkim_selector = row.text(7),
                       .dkim_result = row.text(8),
                       .spf_domain = row.text(9),
                       .spf_result = row.text(10),
                       .reason = row.text(11),
                       .disposition = row.text(12),
                       .messages = count_of(row, 13)};
  });
}

Result<std::vector<TlsCount>> Views::tls(const std::string& domain, Range range, std::size_t limit) {
  const auto rows = database_->ask(
      "SELECT day, domain, policy, result, mx_host, sum(sessions) FROM tls_rows WHERE day >= ? AND day < ? AND " +
          of_domain(domain) + " GROUP BY day, domain, policy, result, mx_host ORDER BY day, domain, result LIMIT ?",
      {number_of(range.from), number_of(range.to), domain, number_of(limit)});
  return map_rows<TlsCount>(rows, [](const Row& row) {
    return TlsCount{.day = time_of(row, 0),
                    .domain = row.text(1),
                    .policy = row.text(2),
                    .result = row.text(3),
                    .mx_host = row.text(4),
                    .sessions = count_of(row, 5)};
  });
}

Result<std::vector<FeedbackRow>> Views::feedback(Range range, const std::string& type, std::size_t limit) {
  const auto rows = database_->ask(
      "SELECT time, type, reporter, source_ip, domain, mail_from, recipient, message_id, queue_id, detail FROM feedback"
      " WHERE time >= ? AND time < ? AND (type = ? OR ? = '') ORDER BY time DESC LIMIT ?",
      {number_of(range.from), number_of(range.to), type, type, number_of(limit)});
  return map_rows<FeedbackRow>(rows, [](const Row& row) {
    return FeedbackRow{.time = time_of(row, 0),
                       .type = row.text(1),
                       .reporter = row.text(2),
                       .source_ip = row.text(3),
                       .domain = row.text(4),
                       .mail_from = row.text(5),
                       .recipient = row.text(6),
                       .message_id = row.text(7),
                       .queue_id = QueueId(count_of(row, 8)),
                       .detail = row.text(9)};
  });
}

Result<std::vector<BounceRow>> Views::bounces(Range range, std::size_t limit) {
  const auto rows = database_->ask(
      "SELECT time, queue_id, recipient, action, status, remote_mta, reply, kind, rule_id FROM bounces"
      " WHERE time >= ? AND time < ? ORDER BY time DESC LIMIT ?",
      {number_of(range.from), number_of(range.to), number_of(limit)});
  return map_rows<BounceRow>(rows, [](const Row& row) {
    return BounceRow{.time = time_of(row, 0),
                     .queue_id = QueueId(count_of(row, 1)),
                     .recipient = row.text(2),
                     .action = row.text(3),
                     .status = row.text(4),
                     .remote_mta = row.text(5),
                     .reply = row.text(6),
                     .kind = row.text(7),
                     .rule_id = row.text(8)};
  });
}

Result<std::vector<ReportRecord>> Views::reports(Range range, std::size_t limit) {
  const auto rows = database_->ask(
      "SELECT id, identity, kind, organization, report_id, domain, begins, ends, received, messages, passed, source,"
      " ours, notes FROM reports WHERE received >= ? AND received < ? ORDER BY received DESC, id DESC LIMIT ?",
      {number_of(range.from), number_of(range.to), number_of(limit)});
  return map_rows<ReportRecord>(rows, [](const Row& row) {
    return ReportRecord{.id = row.number(0),
                        .identity = row.text(1),
                        .kind = row.text(2),
                        .organization = row.text(3),
                        .report_id = row.text(4),
                        .domain = row.text(5),
                        .begins = time_of(row, 6),
                        .ends = time_of(row, 7),
                        .received = time_of(row, 8),
                        .messages = count_of(row, 9),
                        .passed = count_of(row, 10),
                        .source = row.text(11),
                        .ours = row.number(12) != 0,
                        .notes = row.text(13)};
  });
}

Result<std::vector<Snapshot>> Views::snapshots(const std::string& name, std::size_t limit) {
  const auto rows = database_->ask(
      "SELECT time, name, type, status, records, diff FROM snapshots WHERE name = ? OR ? = ''"
      " ORDER BY time DESC, id DESC LIMIT ?",
      {name, name, number_of(limit)});
  return map_rows<Snapshot>(rows, snapshot_of);
}

Result<std::vector<Snapshot>> Views::last_snapshots() {
  return map_rows<Snapshot>(database_->ask("SELECT time, name, type, status, records, diff FROM snapshots WHERE id IN"
                                           " (SELECT max(id) FROM snapshots GROUP BY name, type) ORDER BY name, type"),
                            snapshot_of);
}

Result<std::vector<StandingRow>> Views::standings() {
  const auto rows = database_->ask(
      "SELECT source, site, sender, standing, why, rules, since, updated FROM standings ORDER BY site, source, sender");
  return map_rows<StandingRow>(rows, [](const Row& row) {
    return StandingRow{.source = row.text(0),
                       .site = row.text(1),
                       .sender = row.text(2),
                       .standing = row.text(3),
                       .why = row.text(4),
                       .rules = row.text(5),
                       .since = time_of(row, 6),
                       .updated = time_of(row, 7)};
  });
}

Result<std::vector<Figure>> Views::figures(const std::string& provider, Range range, std::size_t limit) {
  const auto rows = database_->ask(
      "SELECT provider, subject, day, metric, millionths, text FROM figures WHERE provider = ? AND day >= ? AND day < ?"
      " ORDER BY day, subject, metric LIMIT ?",
      {provider, number_of(range.from), number_of(range.to), number_of(limit)});
  return map_rows<Figure>(rows, [](const Row& row) {
    return Figure{.provider = row.text(0),
                  .subject = row.text(1),
                  .day = time_of(row, 2),
                  .metric = row.text(3),
                  .millionths = row.number(4),
                  .text = row.text(5)};
  });
}

Result<std::vector<AuditLine>> Views::audit(std::size_t limit) {
  const auto rows = database_->ask(
      "SELECT time, who, address, action, detail FROM audit ORDER BY time DESC, id DESC LIMIT ?", {number_of(limit)});
  return map_rows<AuditLine>(rows, [](const Row& row) {
    return AuditLine{.time = time_of(row, 0),
                     .who = row.text(1),
                     .address = row.text(2),
                     .action = row.text(3),
                     .detail = row.text(4)};
  });
}

}  // namespace ptarmigan::store
