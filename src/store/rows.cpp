// store/rows.cpp - see rows.hpp.
#include "store/rows.hpp"

#include <array>

#include "base/text.hpp"

namespace ptarmigan::store {
namespace {

constexpr std::string_view columns =
    "queue_id, recipient_group, time, duration, mail_from, recipients, site, route, family, peer, mx_host, ehlo_name,"
    " tls_version, tls_cipher, tls_verified, reply_code, enhanced_status, reply_text, stage, cause, rule_id, outcome,"
    " next_step, considered";
constexpr int column_count = 24;

constexpr std::array outcomes = {Outcome::delivered, Outcome::deferred, Outcome::bounced, Outcome::rescued};

/// Hands out the columns of a row, one after another.
class Row {
 public:
  explicit Row(const Statement& statement) : statement_(statement) {}
  std::int64_t number() { return statement_.number(next_++); }
  std::string text() { return statement_.text(next_++); }
  [[nodiscard]] bool is_null() const { return statement_.is_null(next_); }

 private:
  const Statement& statement_;
  int next_ = 0;
};

Outcome outcome_of(std::string_view word) {
  for (const Outcome outcome : outcomes)
    if (to_string(outcome) == word) return outcome;
  return Outcome::deferred;
}

std::vector<std::string> lines_of(const std::string& text) {
  if (text.empty()) return {};
  std::vector<std::string> lines;
  for (const auto line : split(text, '\n')) lines.emplace_back(line);
  return lines;
}

Attempt read(const Statement& statement) {
  Row row(statement);
  Attempt attempt;
  attempt.queue_id = QueueId(static_cast<std::uint64_t>(row.number()));
  attempt.group = static_cast<std::uint32_t>(row.number());
  attempt.time = WallTime(milliseconds(row.number()));
  attempt.duration = milliseconds(row.number());
  attempt.mail_from = row.text();
  attempt.recipients = lines_of(row.text());
  attempt.site = row.text();
  attempt.route = row.text();
  if (!row.is_null()) attempt.family = Family::ipv4;
  if (row.number() == 6) attempt.family = Family::ipv6;
  if (auto peer = Endpoint::parse(row.text())) attempt.peer = *peer;
  attempt.mx_host = row.text();
  attempt.ehlo_name = row.text();
  const bool clear = row.is_null();
  Tls tls;
  tls.version = row.text();
  tls.cipher = row.text();
  tls.verified = row.text();
  if (!clear) attempt.tls = std::move(tls);
  attempt.reply_code = static_cast<int>(row.number());
  attempt.enhanced_status = row.text();
  attempt.reply_text = row.text();
  attempt.stage = row.text();
  attempt.cause = row.text();
  attempt.rule_id = row.text();
  attempt.outcome = outcome_of(row.text());
  attempt.next_step = row.text();
  attempt.considered = row.text();
  return attempt;
}

}  // namespace

std::string_view to_string(Outcome outcome) {
  switch (outcome) {
    case Outcome::delivered: return "delivered";
    case Outcome::deferred: return "deferred";
    case Outcome::bounced: return "bounced";
    case Outcome::rescued: return "rescued";
  }
  return "";
}

Result<Statement> prepare_insert(Database& database) {
  std::string sql = "INSERT INTO attempts (" + std::string(columns) + ") VALUES (?";
  for (int column = 1; column < column_count; ++column) sql += ",?";
  return database.prepare(sql + ")");
}

Result<> insert(Statement& prepared, const Attempt& attempt) {
  const std::string recipients = join(attempt.recipients, "\n");
  const std::string peer = attempt.peer ? attempt.peer->text() : "";
  int at = 0;
  const auto text = [&](std::string_view value) { prepared.bind(++at, value); };
  const auto number = [&](std::int64_t value) { prepared.bind(++at, value); };
  const auto null = [&] { prepared.bind_null(++at); };
  number(static_cast<std::int64_t>(attempt.queue_id.number()));
  number(attempt.group);
  number(attempt.time.time_since_epoch().count());
  number(attempt.duration.count());
  text(attempt.mail_from);
  text(recipients);
  text(attempt.site);
  text(attempt.route);
  if (attempt.family)
    number(*attempt.family == Family::ipv4 ? 4 : 6);
  else
    null();
  if (attempt.peer)
    text(peer);
  else
    null();
  text(attempt.mx_host);
  text(attempt.ehlo_name);
  for (const auto part : {&Tls::version, &Tls::cipher, &Tls::verified}) {
    if (attempt.tls)
      text((*attempt.tls).*part);
    else
      null();
  }
  number(attempt.reply_code);
  text(attempt.enhanced_status);
  text(attempt.reply_text);
  text(attempt.stage);
  text(attempt.cause);
  text(attempt.rule_id);
  text(to_string(attempt.outcome));
  text(attempt.next_step);
  text(attempt.considered);
  return prepared.run();
}

std::string select_sql(const std::string& tail) {
  return "SELECT " + std::string(columns) + " FROM attempts " + tail;
}

Result<std::vector<Attempt>> read_rows(Statement& statement) {
  std::vector<Attempt> rows;
  for (;;) {
    const auto row = statement.step();
    if (!row) return std::unexpected(row.error());
    if (!*row) return rows;
    rows.push_back(read(statement));
  }
}

}  // namespace ptarmigan::store
