// store/recorder.cpp - see recorder.hpp.
#include "store/recorder.hpp"

#include <array>
#include <filesystem>
#include <map>
#include <tuple>
#include <utility>

#include "base/text.hpp"
#include "store/roll_up.hpp"
#include "store/schema.hpp"
#include "store/sql.hpp"

namespace ptarmigan::store {
namespace {

std::int64_t number_of(WallTime time) {
  return time.time_since_epoch().count();
}
std::int64_t number_of(std::uint64_t count) {
  return static_cast<std::int64_t>(count);
}
std::int64_t number_of(bool flag) {
  return flag ? 1 : 0;
}
std::int64_t number_of(QueueId id) {
  return static_cast<std::int64_t>(id.number());
}

Result<> done(Result<std::uint64_t> changed) {
  if (!changed) return std::unexpected(std::move(changed.error()));
  return {};
}

}  // namespace

Result<bool> Recorder::keep(const FullReport& full) {
  const auto& report = full.report;
  const auto rows = database_.ask(
      "INSERT INTO reports (identity, kind, organization, report_id, domain, begins, ends, received, messages, passed,"
      " source, ours, notes) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (identity) DO NOTHING"
      " RETURNING id",
      {report.identity, report.kind, report.organization, report.report_id, report.domain, number_of(report.begins),
       number_of(report.ends), number_of(report.received), number_of(report.messages), number_of(report.passed),
       report.source, number_of(report.ours), report.notes});
  if (!rows) return std::unexpected(rows.error());
  if (rows->empty()) return false;
  const auto id = rows->front().number(0);
  // Of a domain that is not ours only the fact is kept that somebody sent it.
  if (!report.ours) return true;
  if (auto kept = keep_dmarc(id, full); !kept) return std::unexpected(std::move(kept.error()));
  if (auto kept = keep_rest(id, full); !kept) return std::unexpected(std::move(kept.error()));
  return true;
}

Result<> Recorder::keep_dmarc(std::int64_t report, const FullReport& full) {
  std::map<std::tuple<std::int64_t, std::string, int, bool>, std::array<std::int64_t, 4>> days;
  for (const auto& row : full.dmarc) {
    auto kept = database_.run(
        "INSERT INTO dmarc_rows (report, day, domain, header_from, source_ip, family, own, disposition, dkim, spf,"
        " dkim_domain, dkim_selector, dkim_result, spf_domain, spf_result, reason, messages)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        {report, number_of(row.day), row.domain, row.header_from, row.source_ip, std::int64_t{row.family},
         number_of(row.own), row.disposition, number_of(row.dkim), number_of(row.spf), row.dkim_domain,
         row.dkim_selector, row.dkim_result, row.spf_domain, row.spf_result, row.reason, number_of(row.messages)});
    if (!kept) return done(std::move(kept));
    auto& sums = days[{number_of(row.day), row.domain, row.family, row.own}];
    const auto messages = number_of(row.messages);
    sums[0] += messages;
    sums[1] += row.dkim || row.spf ? messages : 0;
    sums[2] += row.dkim ? messages : 0;
    sums[3] += row.spf ? messages : 0;
  }
  for (const auto& [key, sums] : days) {
    const auto& [day, domain, family, own] = key;
    auto kept = database_.run(
        "INSERT INTO dmarc_days (day, domain, family, own, messages, passed, dkim, spf) VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
        " ON CONFLICT (day, domain, family, own) DO UPDATE SET messages = dmarc_days.messages + excluded.messages,"
        " passed = dmarc_days.passed + excluded.passed, dkim = dmarc_days.dkim + excluded.dkim,"
        " spf = dmarc_days.spf + excluded.spf",
        {day, domain, std::int64_t{family}, number_of(own), sums[0], sums[1], sums[2], sums[3]});
    if (!kept) return done(std::move(kept));
  }
  return {};
}

Result<> Recorder::keep_rest(std::int64_t report, const FullReport& full) {
  for (const auto& row : full.tls) {
    auto kept = database_.run(
        "INSERT INTO tls_rows (report, day, domain, policy, result, mx_host, sending_ip, sessions)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        {report, number_of(row.day), row.domain, row.policy, row.result, row.mx_host, row.sending_ip,
         number_of(row.sessions)});
    if (!kept) return done(std::move(kept));
  }
  for (const auto& row : full.feedback) {
    auto kept = database_.run(
        "INSERT INTO feedback (report, time, type, reporter, source_ip, domain, mail_from, recipient, message_id,"
        " queue_id, detail) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        {report, number_of(row.time), row.type, row.reporter, row.source_ip, row.domain, row.mail_from, row.recipient,
         row.message_id, number_of(row.queue_id), row.detail});
    if (!kept) return done(std::move(kept));
  }
  for (const auto& row : full.bounces) {
    auto kept = database_.run(
        "INSERT INTO bounces (report, time, queue_id, recipient, action, status, remote_mta, reply, kind, rule_id)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        {report, number_of(row.time), number_of(row.queue_id), row.recipient, row.action, row.status, row.remote_mta,
         row.reply, row.kind, row.rule_id});
    if (!kept) return done(std::move(kept));
  }
  return {};
}

Result<std::int64_t> Recorder::save(const Incident& incident) {
  const Argument closed = incident.closed ? Argument(number_of(*incident.closed)) : Argument();
  const auto updated = database_.ask(
      "UPDATE incidents SET closed = ?, last_seen = ?, hits = ?, cause = ?, rule_id = ?, title = ?, why = ?, fix = ?,"
      " evidence = ?, closed_why = ? WHERE key = ? AND closed IS NULL RETURNING id",
      {closed, number_of(incident.last_seen), number_of(incident.hits), incident.cause, incident.rule_id,
       incident.title, incident.why, incident.fix, incident.evidence, incident.closed_why, incident.key});
  if (!updated) return std::unexpected(updated.error());
  if (!updated->empty()) return updated->front().number(0);
  const auto added = database_.ask(
      "INSERT INTO incidents (key, kind, opened, closed, last_seen, hits, site, source, domain, cause, rule_id, title,"
      " why, fix, evidence, closed_why) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING id",
      {incident.key, incident.kind, number_of(incident.opened), closed, number_of(incident.last_seen),
       number_of(incident.hits), incident.site, incident.source, incident.domain, incident.cause, incident.rule_id,
       incident.title, incident.why, incident.fix, incident.evidence, incident.closed_why});
  if (!added) return std::unexpected(added.error());
  return added->front().number(0);
}

Result<> Recorder::add(const IncidentEvent& event) {
  return done(database_.run("INSERT INTO incident_events (incident, time, what, text) VALUES (?, ?, ?, ?)",
                            {event.incident, number_of(event.time), event.what, event.text}));
}

Result<> Recorder::add(const Snapshot& snapshot) {
  return done(database_.run(
      "INSERT INTO snapshots (time, name, type, status, records, diff) VALUES (?, ?, ?, ?, ?, ?)",
      {number_of(snapshot.time), snapshot.name, snapshot.type, snapshot.status, snapshot.records, snapshot.diff}));
}

Result<> Recorder::save(const StandingRow& row) {
  return done(database_.run(
      "INSERT INTO standings (source, site, sender, standing, why, rules, since, updated)"
      " VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (source, site, sender) DO UPDATE SET standing = excluded.standing,"
      " why = excluded.why, rules = excluded.rules, since = excluded.since, updated = excluded.updated",
      {row.source, row.site, row.sender, row.standing, row.why, row.rules, number_of(row.since),
       number_of(row.updated)}));
}

Result<> Recorder::save(const Figure& figure) {
  return done(database_.run(
      "INSERT INTO figures (provider, subject, day, metric, millionths, text) VALUES (?, ?, ?, ?, ?, ?)"
      " ON CONFLICT (provider, subject, day, metric) DO UPDATE SET millionths = excluded.millionths,"
      " text = excluded.text",
      {figure.provider, figure.subject, number_of(figure.day), figure.metric, figure.millionths, figure.text}));
}

Result<> Recorder::add(const AuditLine& line) {
  return done(database_.run("INSERT INTO audit (time, who, address, action, detail) VALUES (?, ?, ?, ?, ?)",
                            {number_of(line.time), line.who, line.address, line.action, line.detail}));
}

Importer::Importer(std::unique_ptr<Database> database) : database_(std::move(database)), recorder_(*database_) {}
Importer::~Importer() = default;

Result<std::unique_ptr<Importer>> Importer::open(const std::string& where) {
  auto database = open_for_writing(where);
  if (!database) return std::unexpected(std::move(database.error()));
  return std::unique_ptr<Importer>(new Importer(*std::move(database)));
}

Result<std::uint64_t> Importer::add(std::vector<Attempt> attempts) {
  RollUp roll_up;
  auto written = database_->transact([&]() -> Result<> {
    for (auto& attempt : attempts)
      if (auto row = roll_up.add(*database_, std::move(attempt)); !row) return row;
    return roll_up.write(*database_);
  });
  if (!written) return std::unexpected(std::move(written.error()));
  return roll_up.added();
}

Result<> Importer::transact(const std::function<Result<>(Recorder&)>& work) {
  return database_->transact([&] { return work(recorder_); });
}

Result<> Importer::back_up(const std::string& file) {
  if (std::filesystem::exists(file)) return failure("the backup " + file + " exists", "name a file that does not");
  return database_->back_up(file);
}

}  // namespace ptarmigan::store
