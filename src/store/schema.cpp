// store/schema.cpp - see schema.hpp. A step is never changed after a release: a new one is added at the end.
#include "store/schema.hpp"

#include <array>
#include <string>

namespace ptarmigan::store {
namespace {

constexpr std::int64_t application_id = 0x50746d67;  // "Ptmg"

constexpr std::array steps = {
    // 1: attempts. Times are milliseconds (UTC); recipients one a line; outcome is the word of store::Outcome.
    "CREATE TABLE attempts ("
    " number INTEGER PRIMARY KEY,"
    " queue_id INTEGER NOT NULL,"
    " recipient_group INTEGER NOT NULL,"
    " time INTEGER NOT NULL,"
    " duration INTEGER NOT NULL,"
    " mail_from TEXT NOT NULL,"
    " recipients TEXT NOT NULL,"
    " site TEXT NOT NULL,"
    " route TEXT NOT NULL,"
    " family INTEGER,"
    " peer TEXT,"
    " mx_host TEXT NOT NULL,"
    " ehlo_name TEXT NOT NULL,"
    " tls_version TEXT,"
    " tls_cipher TEXT,"
    " tls_verified TEXT,"
    " reply_code INTEGER NOT NULL,"
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
};

std::unexpected<Error> not_a_history(const std::string& file) {
  return failure(file + " is an SQLite file of another program", "choose another path with store.file");
}

std::unexpected<Error> too_new(const std::string& file, std::int64_t version) {
  return failure("the history " + file + " has version " + std::to_string(version) + ", this program knows version " +
                     std::to_string(steps.size()),
                 "run the newer Ptarmigan that wrote it, or move the file away to begin a new history");
}

struct Found {
  std::int64_t application;
  std::int64_t version;
  std::int64_t tables;
};

Result<Found> look(Database& database) {
  const auto application = database.number("PRAGMA application_id");
  if (!application) return std::unexpected(application.error());
  const auto version = database.number("PRAGMA user_version");
  if (!version) return std::unexpected(version.error());
  const auto tables = database.number("SELECT count(*) FROM sqlite_schema");
  if (!tables) return std::unexpected(tables.error());
  return Found{*application, *version, *tables};
}

}  // namespace

int schema_version() {
  return static_cast<int>(steps.size());
}

Result<> migrate(Database& database, const std::string& file) {
  const auto found = look(database);
  if (!found) return std::unexpected(found.error());
  const bool fresh = found->application == 0 && found->version == 0 && found->tables == 0;
  if (!fresh && found->application != application_id) return not_a_history(file);
  if (found->version > schema_version()) return too_new(file, found->version);
  for (auto step = static_cast<std::size_t>(found->version); step < steps.size(); ++step) {
    auto taken = database.execute("BEGIN IMMEDIATE;" + std::string(steps[step]) +
                                  "PRAGMA application_id = " + std::to_string(application_id) +
                                  ";PRAGMA user_version = " + std::to_string(step + 1) + ";COMMIT;");
    if (!taken) return taken;
  }
  return {};
}

Result<> check_schema(Database& database, const std::string& file) {
  const auto found = look(database);
  if (!found) return std::unexpected(found.error());
  if (found->application != application_id) return not_a_history(file);
  if (found->version > schema_version()) return too_new(file, found->version);
  if (found->version < schema_version())
    return failure("the history " + file + " is of an older version",
                   "start the server once: it brings the file up to date");
  return {};
}

}  // namespace ptarmigan::store
