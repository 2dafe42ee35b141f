// store/rows.cpp - see rows.hpp.
#include "store/rows.hpp"

#include <array>
#include <optional>
#include <set>

#include "base/text.hpp"

namespace ptarmigan::store {
namespace {

constexpr std::string_view columns =
    "queue_id, recipient_group, time, duration, mail_from, recipients, site, route, family, peer, mx_host, ehlo_name,"
    " tls_version, tls_cipher, tls_verified, reply_code, enhanced_status, reply_text, stage, cause, rule_id, outcome,"
    " next_step, considered, from_domain, message_id, kind, origin, external_id";
constexpr int column_count = 29;
/// Of these a row is found by; of more, by the others.
constexpr std::size_t max_found_by = 200;

constexpr std::array outcomes = {Outcome::delivered, Outcome::deferred, Outcome::bounced, Outcome::rescued};

/// Hands out the columns of a row, one after another.
class Columns {
 public:
  explicit Columns(const Row& row) : row_(row) {}
  std::int64_t number() { return row_.number(next_++); }
  std::string text() { return row_.text(next_++); }
  [[nodiscard]] bool is_null() const { return row_.is_null(next_); }

 private:
  const Row& row_;
  std::size_t next_ = 0;
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

}  // namespace

Attempt read_attempt(const Row& from) {
  Columns row(from);
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
  attempt.from_domain = row.text();
  attempt.message_id = row.text();
  attempt.kind = row.text();
  attempt.origin = row.text();
  attempt.external_id = row.text();
  return attempt;
}

std::string_view to_string(Outcome outcome) {
  switch (outcome) {
    case Outcome::delivered: return "delivered";
    case Outcome::deferred: return "deferred";
    case Outcome::bounced: return "bounced";
    case Outcome::rescued: return "rescued";
  }
  return "";
}

std::string identity_of(const Attempt& attempt) {
  if (attempt.origin.empty()) return {};
  return attempt.origin + " " + attempt.external_id + " " + std::to_string(attempt.time.time_since_epoch().count()) +
         " " + join(attempt.recipients, ",") + " " + std::to_string(attempt.reply_code);
}

Result<std::optional<std::int64_t>> insert(Database& database, const Attempt& attempt,
                                           std::optional<std::int64_t> reply_id) {
  static const std::string sql = [] {
    std::string out = "INSERT INTO attempts (" + std::string(columns) + ", reply_id, identity) VALUES (?";
    for (int column = 1; column < column_count + 2; ++column) out += ",?";
    return out + ") ON CONFLICT DO NOTHING RETURNING number";
  }();
  const std::string recipients = join(attempt.recipients, "\n");
  const std::string peer = attempt.peer ? attempt.peer->text() : "";
  const std::string identity = identity_of(attempt);
  const Argument null;
  const auto tls = [&](std::string Tls::* part) { return attempt.tls ? Argument((*attempt.tls).*part) : null; };
  const std::array<Argument, column_count + 2> values{
      static_cast<std::int64_t>(attempt.queue_id.number()),
      static_cast<std::int64_t>(attempt.group),
      attempt.time.time_since_epoch().count(),
      attempt.duration.count(),
      attempt.mail_from,
      recipients,
      attempt.site,
      attempt.route,
      attempt.family ? Argument(std::int64_t{*attempt.family == Family::ipv4 ? 4 : 6}) : null,
      attempt.peer ? Argument(peer) : null,
      attempt.mx_host,
      attempt.ehlo_name,
      tls(&Tls::version),
      tls(&Tls::cipher),
      tls(&Tls::verified),
      std::int64_t{attempt.reply_code},
      attempt.enhanced_status,
      attempt.reply_text,
      attempt.stage,
      attempt.cause,
      attempt.rule_id,
      to_string(attempt.outcome),
      attempt.next_step,
      attempt.considered,
      attempt.from_domain,
      attempt.message_id,
      attempt.kind,
      attempt.origin,
      attempt.external_id,
      reply_id ? Argument(*reply_id) : null,
      identity.empty() ? null : Argument(identity)};
  const auto rows = database.ask(sql, Arguments(values));
  if (!rows) return std::unexpected(rows.error());
  if (rows->empty()) return std::nullopt;
  const auto number = rows->front().number(0);
  std::set<std::string> found_by;
  for (const auto& recipient : attempt.recipients)
    if (found_by.size() < max_found_by) found_by.insert(to_lower(recipient));
  for (const auto& address : found_by)
    if (auto done = database.run("INSERT INTO attempt_recipients (address, time, attempt) VALUES (?, ?, ?)",
                                 {address, attempt.time.time_since_epoch().count(), number});
        !done)
      return std::unexpected(std::move(done.error()));
  return number;
}

Result<std::vector<Attempt>> select_attempts(Database& database, const std::string& tail, Arguments arguments) {
  const auto rows = database.ask("SELECT " + std::string(columns) + " FROM attempts " + tail, arguments);
  if (!rows) return std::unexpected(rows.error());
  std::vector<Attempt> out;
  out.reserve(rows->size());
  for (const auto& row : *rows) out.push_back(read_attempt(row));
  return out;
}

}  // namespace ptarmigan::store
