// store/schema.cpp - see schema.hpp. A step is never changed after a release: a new one is added at the end.
#include "store/schema.hpp"

#include <array>
#include <string>

#include <fcntl.h>
#include <unistd.h>

namespace ptarmigan::store {
namespace {

constexpr std::int64_t application_id = 0x50746d67;  // "Ptmg"

constexpr std::array steps = {
    // 1: attempts. Times are milliseconds (UTC); recipients one a line; outcome is the word of store::Outcome.
    "CREATE TABLE attempts ("
    " number {id},"
    " queue_id BIGINT NOT NULL,"
    " recipient_group BIGINT NOT NULL,"
    " time BIGINT NOT NULL,"
    " duration BIGINT NOT NULL,"
    " mail_from TEXT NOT NULL,"
    " recipients TEXT NOT NULL,"
    " site TEXT NOT NULL,"
    " route TEXT NOT NULL,"
    " family BIGINT,"
    " peer TEXT,"
    " mx_host TEXT NOT NULL,"
    " ehlo_name TEXT NOT NULL,"
    " tls_version TEXT,"
    " tls_cipher TEXT,"
    " tls_verified TEXT,"
    " reply_code BIGINT NOT NULL,"
    " enhanced_status TEXT NOT NULL,"
    " reply_text TEXT NOT NULL,"
    " stage TEXT NOT NULL,"
    " cause TEXT NOT NULL,"
    " rule_id TEXT NOT NULL,"
    " outcome TEXT NOT NULL,"
    " next_step TEXT NOT NULL,"
    " considered TEXT NOT NULL);"
    "CREATE INDEX attempts_of_message ON attempts (queue_id);"
    "CREATE INDEX attempts_of_site ON attempts (site, number);"
    "CREATE INDEX attempts_by_time ON attempts (time);",

    // 2: what an attempt is found and counted by. `identity` is of attempts read from a log, so that a line counts
    // once. `traffic` and `refusals` are roll-ups, written in the transaction of the attempts that they count:
    // `period` is the milliseconds of one (an hour, a day), `start` when it began, `shape` which of site, stream,
    // route and family are set (store::Shape), the others are "" and 0. Families are 4 and 6, 0 where none.
    "ALTER TABLE attempts ADD COLUMN from_domain TEXT NOT NULL DEFAULT '';"
    "ALTER TABLE attempts ADD COLUMN message_id TEXT NOT NULL DEFAULT '';"
    "ALTER TABLE attempts ADD COLUMN kind TEXT NOT NULL DEFAULT '';"
    "ALTER TABLE attempts ADD COLUMN origin TEXT NOT NULL DEFAULT '';"
    "ALTER TABLE attempts ADD COLUMN external_id TEXT NOT NULL DEFAULT '';"
    "ALTER TABLE attempts ADD COLUMN reply_id BIGINT;"
    "ALTER TABLE attempts ADD COLUMN identity TEXT;"
    "CREATE UNIQUE INDEX attempts_once ON attempts (identity) WHERE identity IS NOT NULL;"
    "CREATE INDEX attempts_of_sender ON attempts (lower(mail_from), time);"
    "CREATE INDEX attempts_of_reply ON attempts (reply_id, time) WHERE reply_id IS NOT NULL;"
    "CREATE INDEX attempts_of_external_id ON attempts (external_id) WHERE external_id <> '';"
    "CREATE INDEX attempts_of_message_id ON attempts (message_id) WHERE message_id <> '';"
    "CREATE TABLE attempt_recipients ("
    " address {text} NOT NULL, time BIGINT NOT NULL, attempt BIGINT NOT NULL,"
    " PRIMARY KEY (address, time, attempt)) {clustered};"
    "CREATE TABLE traffic ("
    " shape BIGINT NOT NULL, period BIGINT NOT NULL, start BIGINT NOT NULL,"
    " site {text} NOT NULL, stream {text} NOT NULL, route {text} NOT NULL, family BIGINT NOT NULL,"
    " delivered BIGINT NOT NULL, deferred BIGINT NOT NULL, bounced BIGINT NOT NULL, rescued BIGINT NOT NULL,"
    " recipients BIGINT NOT NULL,"
    " PRIMARY KEY (shape, period, start, site, stream, route, family)) {clustered};"
    "CREATE INDEX traffic_of ON traffic (shape, period, site, stream, start);"
    "CREATE TABLE refusals ("
    " period BIGINT NOT NULL, start BIGINT NOT NULL,"
    " site {text} NOT NULL, stream {text} NOT NULL, route {text} NOT NULL, family BIGINT NOT NULL,"
    " kind {text} NOT NULL, rule_id {text} NOT NULL, attempts BIGINT NOT NULL,"
    " PRIMARY KEY (period, start, site, stream, route, family, kind, rule_id)) {clustered};"
    // Refusals' words with what differs from message to message taken out.
    "CREATE TABLE replies ("
    " id {id}, site {text} NOT NULL, shape {text} NOT NULL,"
    " reply_code BIGINT NOT NULL, enhanced_status TEXT NOT NULL, sample TEXT NOT NULL,"
    " kind TEXT NOT NULL, cause TEXT NOT NULL, rule_id TEXT NOT NULL,"
    " first_seen BIGINT NOT NULL, last_seen BIGINT NOT NULL, attempts BIGINT NOT NULL,"
    " UNIQUE (site, shape));"
    "CREATE INDEX replies_by_time ON replies (last_seen);",

    // 3: reports of others. `identity` is what makes a report the same report, however often it comes.
    "CREATE TABLE reports ("
    " id {id}, identity {text} NOT NULL UNIQUE, kind TEXT NOT NULL, organization TEXT NOT NULL,"
    " report_id TEXT NOT NULL, domain TEXT NOT NULL, begins BIGINT NOT NULL, ends BIGINT NOT NULL,"
    " received BIGINT NOT NULL, messages BIGINT NOT NULL, passed BIGINT NOT NULL, source TEXT NOT NULL,"
    " ours BIGINT NOT NULL, notes TEXT NOT NULL);"
    "CREATE INDEX reports_by_time ON reports (received);"
    "CREATE TABLE dmarc_rows ("
    " report BIGINT NOT NULL, day BIGINT NOT NULL, domain {text} NOT NULL, header_from TEXT NOT NULL,"
    " source_ip TEXT NOT NULL, family BIGINT NOT NULL, own BIGINT NOT NULL, disposition TEXT NOT NULL,"
    " dkim BIGINT NOT NULL, spf BIGINT NOT NULL, dkim_domain TEXT NOT NULL, dkim_selector TEXT NOT NULL,"
    " dkim_result TEXT NOT NULL, spf_domain TEXT NOT NULL, spf_result TEXT NOT NULL, reason TEXT NOT NULL,"
    " messages BIGINT NOT NULL);"
    "CREATE INDEX dmarc_rows_by_day ON dmarc_rows (day, domain);"
    "CREATE INDEX dmarc_rows_of_report ON dmarc_rows (report);"
    "CREATE TABLE dmarc_days ("
    " day BIGINT NOT NULL, domain {text} NOT NULL, family BIGINT NOT NULL, own BIGINT NOT NULL,"
    " messages BIGINT NOT NULL, passed BIGINT NOT NULL, dkim BIGINT NOT NULL, spf BIGINT NOT NULL,"
    " PRIMARY KEY (day, domain, family, own)) {clustered};"
    "CREATE TABLE tls_rows ("
    " report BIGINT NOT NULL, day BIGINT NOT NULL, domain {text} NOT NULL, policy TEXT NOT NULL,"
    " result TEXT NOT NULL, mx_host TEXT NOT NULL, sending_ip TEXT NOT NULL, sessions BIGINT NOT NULL);"
    "CREATE INDEX tls_rows_by_day ON tls_rows (day, domain);"
    "CREATE INDEX tls_rows_of_report ON tls_rows (report);"
    "CREATE TABLE feedback ("
    " report BIGINT NOT NULL, time BIGINT NOT NULL, type TEXT NOT NULL, reporter TEXT NOT NULL,"
    " source_ip TEXT NOT NULL, domain {text} NOT NULL, mail_from TEXT NOT NULL, recipient TEXT NOT NULL,"
    " message_id TEXT NOT NULL, queue_id BIGINT NOT NULL, detail TEXT NOT NULL);"
    "CREATE INDEX feedback_by_time ON feedback (time);"
    "CREATE INDEX feedback_of_report ON feedback (report);"
    "CREATE TABLE bounces ("
    " report BIGINT NOT NULL, time BIGINT NOT NULL, queue_id BIGINT NOT NULL, recipient {text} NOT NULL,"
    " action TEXT NOT NULL, status TEXT NOT NULL, remote_mta TEXT NOT NULL, reply TEXT NOT NULL,"
    " kind TEXT NOT NULL, rule_id TEXT NOT NULL);"
    "CREATE INDEX bounces_by_time ON bounces (time);"
    "CREATE INDEX bounces_of_report ON bounces (report);"
    "CREATE INDEX bounces_of_message ON bounces (queue_id);",

    // 4: what is wrong and was wrong, what changed, and figures of others. One incident of a key is open at a time.
    "CREATE TABLE incidents ("
    " id {id}, key {text} NOT NULL, kind TEXT NOT NULL, opened BIGINT NOT NULL, closed BIGINT,"
    " last_seen BIGINT NOT NULL, hits BIGINT NOT NULL, site TEXT NOT NULL, source TEXT NOT NULL,"
    " domain TEXT NOT NULL, cause TEXT NOT NULL, rule_id TEXT NOT NULL, title TEXT NOT NULL, why TEXT NOT NULL,"
    " fix TEXT NOT NULL, evidence TEXT NOT NULL, closed_why TEXT NOT NULL);"
    "CREATE UNIQUE INDEX incidents_open ON incidents (key) WHERE closed IS NULL;"
    "CREATE INDEX incidents_by_time ON incidents (opened);"
    "CREATE TABLE incident_events ("
    " incident BIGINT NOT NULL, time BIGINT NOT NULL, what TEXT NOT NULL, text TEXT NOT NULL);"
    "CREATE INDEX incident_events_of ON incident_events (incident, time);"
    "CREATE TABLE snapshots ("
    " id {id}, time BIGINT NOT NULL, name {text} NOT NULL, type {text} NOT NULL, status TEXT NOT NULL,"
    " records TEXT NOT NULL, diff TEXT NOT NULL);"
    "CREATE INDEX snapshots_of ON snapshots (name, type, time);"
    "CREATE INDEX snapshots_by_time ON snapshots (time);"
    "CREATE TABLE standings ("
    " source {text} NOT NULL, site {text} NOT NULL, sender {text} NOT NULL, standing TEXT NOT NULL,"
    " why TEXT NOT NULL, rules TEXT NOT NULL, since BIGINT NOT NULL, updated BIGINT NOT NULL,"
    " PRIMARY KEY (source, site, sender)) {clustered};"
    "CREATE TABLE figures ("
    " provider {text} NOT NULL, subject {text} NOT NULL, day BIGINT NOT NULL, metric {text} NOT NULL,"
    " millionths BIGINT NOT NULL, text TEXT NOT NULL,"
    " PRIMARY KEY (provider, subject, day, metric)) {clustered};"
    "CREATE TABLE audit ("
    " id {id}, time BIGINT NOT NULL, who TEXT NOT NULL, address TEXT NOT NULL, action TEXT NOT NULL,"
    " detail TEXT NOT NULL);"
    "CREATE INDEX audit_by_time ON audit (time);",
};

std::unexpected<Error> not_a_history(const Database& database) {
  return failure(database.name() + " is an SQLite file of another program", "choose another path with store.path");
}

std::unexpected<Error> too_new(const Database& database, std::int64_t version) {
  return failure(database.name() + " has version " + std::to_string(version) + ", this program knows version " +
                     std::to_string(steps.size()),
                 "run the newer Ptarmigan that wrote it, or move it away to begin a new history");
}

struct Found {
  std::int64_t version = 0;
  bool foreign = false;
};

Result<Found> look_sqlite(Database& database) {
  const auto application = database.number("PRAGMA application_id");
  if (!application) return std::unexpected(application.error());
  const auto version = database.number("PRAGMA user_version");
  if (!version) return std::unexpected(version.error());
  const auto tables = database.number("SELECT count(*) FROM sqlite_schema");
  if (!tables) return std::unexpected(tables.error());
  const bool fresh = *application == 0 && *version == 0 && *tables == 0;
  return Found{*version, !fresh && *application != application_id};
}

/// In PostgreSQL a table of ours says the version.
Result<Found> look_postgresql(Database& database) {
  const auto table = database.number(
      "SELECT count(*) FROM pg_tables WHERE tablename = 'ptarmigan_history'"
      " AND schemaname = current_schema()");
  if (!table) return std::unexpected(table.error());
  if (*table == 0) return Found{};
  const auto version = database.number("SELECT max(version) FROM ptarmigan_history");
  if (!version) return std::unexpected(version.error());
  return Found{*version, false};
}

Result<Found> look(Database& database) {
  return database.dialect() == Dialect::sqlite ? look_sqlite(database) : look_postgresql(database);
}

std::string note_version(Dialect dialect, std::size_t version) {
  if (dialect == Dialect::postgresql)
    return "CREATE TABLE IF NOT EXISTS ptarmigan_history (version BIGINT NOT NULL);"
           "INSERT INTO ptarmigan_history VALUES (" +
           std::to_string(version) + ");";
  return "PRAGMA application_id = " + std::to_string(application_id) +
         ";PRAGMA user_version = " + std::to_string(version) + ";";
}

}  // namespace

int schema_version() {
  return static_cast<int>(steps.size());
}

Result<> migrate(Database& database) {
  const auto found = look(database);
  if (!found) return std::unexpected(found.error());
  if (found->foreign) return not_a_history(database);
  if (found->version > schema_version()) return too_new(database, found->version);
  for (auto step = static_cast<std::size_t>(found->version); step < steps.size(); ++step) {
    auto taken = database.transact(
        [&] { return database.execute(std::string(steps[step]) + note_version(database.dialect(), step + 1)); });
    if (!taken) return taken;
  }
  return {};
}

Result<> check_schema(Database& database) {
  const auto found = look(database);
  if (!found) return std::unexpected(found.error());
  if (found->foreign) return not_a_history(database);
  if (found->version > schema_version()) return too_new(database, found->version);
  if (found->version < schema_version())
    return failure(database.name() + " is of an older version",
                   "start the server once: it brings the history up to date");
  return {};
}

Result<std::unique_ptr<Database>> open_for_writing(const std::string& where) {
  // SQLite makes its -wal and -shm files with the mode of the file itself.
  if (!is_postgresql(where))
    if (const int made = ::open(where.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600); made >= 0) ::close(made);
  auto database = Database::open(where, Access::read_write);
  if (!database) return database;
  if (auto migrated = migrate(**database); !migrated) return std::unexpected(std::move(migrated.error()));
  if ((*database)->dialect() == Dialect::sqlite)
    if (auto set = (*database)->execute("PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;"
                                        "PRAGMA cache_size = -65536");
        !set)
      return std::unexpected(std::move(set.error()));
  return database;
}

Result<std::unique_ptr<Database>> open_for_reading(const std::string& where) {
  auto database = Database::open(where, Access::read);
  if (!database) return database;
  if (auto checked = check_schema(**database); !checked) return std::unexpected(std::move(checked.error()));
  return database;
}

}  // namespace ptarmigan::store
