// store/views.cpp - traffic, refusals, search, incidents. Reports: views_reports.cpp.
#include "store/views.hpp"

#include <algorithm>
#include <array>
#include <limits>
#include <map>

#include "base/text.hpp"
#include "store/roll_up.hpp"
#include "store/rows.hpp"
#include "store/schema.hpp"
#include "store/sql.hpp"
#include "store/view_rows.hpp"

namespace ptarmigan::store {
namespace {

/// Longer ranges are read from the days.
constexpr std::chrono::days longest_in_hours{2};
constexpr std::int64_t most_searched = 1000;

constexpr std::string_view sums = "sum(delivered), sum(deferred), sum(bounced), sum(rescued), sum(recipients)";
constexpr std::string_view order = "sum(delivered) + sum(deferred) + sum(bounced) + sum(rescued) DESC";

std::int64_t period_of(const Range& range) {
  return range.to - range.from <= longest_in_hours ? hour_ms : day_ms;
}

/// The first of the period that `time` is in.
std::int64_t floor_of(WallTime time, std::int64_t period) {
  const auto number = time.time_since_epoch().count();
  return number - number % period;
}

Tally tally_of(const Row& row, std::size_t column) {
  const auto at = [&](std::size_t index) { return static_cast<std::uint64_t>(row.number(column + index)); };
  return {.delivered = at(0), .deferred = at(1), .bounced = at(2), .rescued = at(3), .recipients = at(4)};
}

/// For LIKE with ESCAPE '!'.
std::string containing(std::string_view words) {
  std::string out = "%";
  for (const char c : to_lower(words)) {
    if (c == '%' || c == '_' || c == '!') out += '!';
    out += c;
  }
  return out + "%";
}

std::string family_word(std::int64_t family) {
  if (family == 4) return std::string(to_string(Family::ipv4));
  return family == 6 ? std::string(to_string(Family::ipv6)) : "";
}

}  // namespace

Views::Views(std::unique_ptr<Database> database) : database_(std::move(database)) {}
Views::~Views() = default;

Result<std::unique_ptr<Views>> Views::open(const std::string& where) {
  auto database = open_for_reading(where);
  if (!database) return std::unexpected(std::move(database.error()));
  return std::unique_ptr<Views>(new Views(*std::move(database)));
}

Result<std::vector<MatrixCell>> Views::matrix(Range range, std::size_t sites) {
  const auto period = period_of(range);
  const auto from = floor_of(range.from, period);
  const auto to = number_of(range.to);
  const auto rows = database_->ask(
      "WITH cells AS (SELECT site, route, family, sum(delivered) AS delivered, sum(deferred) AS deferred,"
      " sum(bounced) AS bounced, sum(rescued) AS rescued, sum(recipients) AS recipients FROM traffic"
      " WHERE shape = 1 AND period = ? AND start >= ? AND start < ? GROUP BY site, route, family),"
      " busy AS (SELECT site, sum(delivered + deferred + bounced + rescued) AS attempts FROM cells GROUP BY site"
      " ORDER BY attempts DESC, site LIMIT ?)"
      " SELECT cells.site, route, family, delivered, deferred, bounced, rescued, recipients FROM cells"
      " JOIN busy ON busy.site = cells.site ORDER BY busy.attempts DESC, cells.site, family DESC, route",
      {period, from, to, number_of(sites)});
  if (!rows) return std::unexpected(rows.error());
  const auto refused = database_->ask(
      "SELECT site, route, kind, rule_id, sum(attempts) FROM refusals WHERE period = ? AND start >= ? AND start < ?"
      " GROUP BY site, route, kind, rule_id ORDER BY sum(attempts)",
      {period, from, to});
  if (!refused) return std::unexpected(refused.error());
  std::map<std::pair<std::string, std::string>, const Row*> most;
  for (const auto& row : *refused) most[{row.text(0), row.text(1)}] = &row;
  std::vector<MatrixCell> out;
  for (const auto& row : *rows) {
    MatrixCell cell{.site = row.text(0),
                    .route = row.text(1),
                    .family = static_cast<int>(row.number(2)),
                    .tally = tally_of(row, 3),
                    .kind = {},
                    .rule_id = {}};
    if (const auto found = most.find({cell.site, cell.route}); found != most.end()) {
      cell.kind = found->second->text(2);
      cell.rule_id = found->second->text(3);
    }
    out.push_back(std::move(cell));
  }
  return out;
}

Result<std::vector<RatePoint>> Views::rates(const RateQuery& query, std::size_t limit) {
  const auto period = query.step == Step::hour ? hour_ms : day_ms;
  const auto from = floor_of(query.range.from, period);
  const auto to = number_of(query.range.to);
  std::string column = "''";
  auto shape = Shape::total;
  switch (query.by) {
    case By::total: break;
    case By::family: column = "family"; break;
    case By::route: column = "route"; break;
    case By::site:
      column = "site";
      shape = Shape::route;
      break;
    case By::stream:
      column = "stream";
      shape = Shape::stream;
      break;
  }
  std::string where = "shape = ? AND period = ? AND start >= ? AND start < ?";
  if (!query.stream.empty()) shape = Shape::stream;
  if (!query.site.empty()) shape = Shape::route;
  std::vector<Argument> arguments{static_cast<std::int64_t>(shape), period, from, to};
  if (shape == Shape::route && !query.site.empty()) {
    where += " AND site = ? AND stream = ''";
    arguments.emplace_back(query.site);
  } else if (shape == Shape::stream && !query.stream.empty()) {
    where += " AND site = '' AND stream = ?";
    arguments.emplace_back(query.stream);
  }
  std::string only;
  if (query.by == By::site || query.by == By::stream || query.by == By::route) {
    only = " AND " + column + " IN (SELECT " + column + " FROM traffic WHERE " + where + " GROUP BY " + column +
           " ORDER BY " + std::string(order) + " LIMIT ?)";
    arguments.insert(arguments.end(), arguments.begin(), arguments.end());
    arguments.emplace_back(number_of(limit));
  }
  const std::string group = query.by == By::total ? "start" : "start, " + column;
  const auto rows = database_->ask("SELECT start, " + column + ", " + std::string(sums) + " FROM traffic WHERE " +
                                       where + only + " GROUP BY " + group + " ORDER BY " + group,
                                   Arguments(arguments));
  if (!rows) return std::unexpected(rows.error());
  std::vector<RatePoint> out;
  for (const auto& row : *rows)
    out.push_back({.time = time_of(row, 0),
                   .of = query.by == By::family ? family_word(row.number(1)) : row.text(1),
                   .tally = tally_of(row, 2)});
  return out;
}

Result<std::vector<RefusalCount>> Views::refusals(Range range, std::size_t limit) {
  const auto period = period_of(range);
  const auto rows = database_->ask(
      "SELECT kind, rule_id, site, route, sum(attempts) FROM refusals WHERE period = ? AND start >= ? AND start < ?"
      " GROUP BY kind, rule_id, site, route ORDER BY sum(attempts) DESC, site, route, kind LIMIT ?",
      {period, floor_of(range.from, period), number_of(range.to), number_of(limit)});
  return map_rows<RefusalCount>(rows, [](const Row& row) {
    return RefusalCount{.kind = row.text(0),
                        .rule_id = row.text(1),
                        .site = row.text(2),
                        .route = row.text(3),
                        .attempts = count_of(row, 4)};
  });
}

Result<std::vector<DayOfSender>> Views::senders(const std::string& site, Range range, std::size_t limit) {
  const auto rows = database_->ask(
      "SELECT start, stream, sum(recipients) FROM traffic WHERE shape = 3 AND period = 86400000 AND start >= ?"
      " AND start < ? AND site LIKE ? ESCAPE '!' GROUP BY start, stream ORDER BY sum(recipients) DESC LIMIT ?",
      {floor_of(range.from, day_ms), number_of(range.to), containing(site), number_of(limit)});
  return map_rows<DayOfSender>(rows, [](const Row& row) {
    return DayOfSender{.day = time_of(row, 0), .stream = row.text(1), .recipients = count_of(row, 2)};
  });
}

Result<std::vector<Attempt>> Views::search(const Search& search) {
  std::vector<std::string> conditions;
  std::vector<Argument> arguments;
  // Views of these live in `arguments`.
  const auto sender = to_lower(search.sender);
  const auto recipient = to_lower(search.recipient);
  const auto reply = containing(search.reply);
  const auto id = trim(std::string_view(search.id), "<> \t");
  if (!id.empty()) {
    const auto queue_id = QueueId::parse(id);
    conditions.emplace_back(
        "(queue_id = ? OR (external_id = ? AND external_id <> '') OR"
        " (message_id = ? AND message_id <> ''))");
    arguments.emplace_back(queue_id ? static_cast<std::int64_t>(queue_id->number()) : std::int64_t{-1});
    arguments.emplace_back(id);
    arguments.emplace_back(id);
  }
  const auto from = search.range ? number_of(search.range->from) : 0;
  const auto to = search.range ? number_of(search.range->to) : std::numeric_limits<std::int64_t>::max();
  if (!recipient.empty()) {
    conditions.emplace_back(
        "number IN (SELECT attempt FROM attempt_recipients WHERE address = ? AND time >= ?"
        " AND time < ? ORDER BY time DESC LIMIT ?)");
    arguments.insert(arguments.end(), {Argument(recipient), from, to, most_searched});
  }
  if (!sender.empty()) {
    conditions.emplace_back("lower(mail_from) = ?");
    arguments.emplace_back(sender);
  }
  if (!search.reply.empty()) {
    conditions.emplace_back("reply_id IN (SELECT id FROM replies WHERE lower(sample) LIKE ? ESCAPE '!')");
    arguments.emplace_back(reply);
  }
  // What finds few rows goes before what sorts: the sum keeps the index by time out of it.
  const bool narrow = !conditions.empty();
  if (!search.site.empty()) {
    conditions.emplace_back("site = ?");
    arguments.emplace_back(search.site);
  }
  if (search.range) {
    conditions.emplace_back("time >= ? AND time < ?");
    arguments.insert(arguments.end(), {from, to});
  }
  std::string tail;
  for (const auto& condition : conditions) tail += (tail.empty() ? "WHERE " : " AND ") + condition;
  tail += narrow                ? " ORDER BY time + 0 DESC, number DESC"
          : search.site.empty() ? " ORDER BY time DESC"
                                : " ORDER BY number DESC";
  arguments.emplace_back(number_of(std::min<std::size_t>(search.limit, most_searched)));
  return select_attempts(*database_, tail + " LIMIT ?", arguments);
}

Result<std::vector<ReplyGroup>> Views::replies(Replies which, WallTime seen_since, std::size_t limit) {
  const std::string only =
      which == Replies::unclassified ? " AND rule_id = '' AND kind IN ('', 'unknown', 'policy')" : "";
  const auto rows = database_->ask(
      "SELECT id, site, reply_code, enhanced_status, sample, kind, rule_id, first_seen, last_seen, attempts FROM "
      "replies"
      " WHERE last_seen >= ? AND attempts > 0" +
          only + " ORDER BY attempts DESC, id LIMIT ?",
      {number_of(seen_since), number_of(limit)});
  return map_rows<ReplyGroup>(rows, [](const Row& row) {
    return ReplyGroup{.id = row.number(0),
                      .site = row.text(1),
                      .reply_code = static_cast<int>(row.number(2)),
                      .enhanced_status = row.text(3),
                      .sample = row.text(4),
                      .kind = row.text(5),
                      .rule_id = row.text(6),
                      .first_seen = time_of(row, 7),
                      .last_seen = time_of(row, 8),
                      .attempts = count_of(row, 9)};
  });
}

namespace {

constexpr std::string_view incident_columns =
    "SELECT id, key, kind, opened, closed, last_seen, hits, site, source, domain, cause, rule_id, title, why, fix,"
    " evidence, closed_why FROM incidents ";

Incident incident_of(const Row& row) {
  return {.id = row.number(0),
          .key = row.text(1),
          .kind = row.text(2),
          .opened = time_of(row, 3),
          .closed = row.is_null(4) ? std::nullopt : std::optional(time_of(row, 4)),
          .last_seen = time_of(row, 5),
          .hits = count_of(row, 6),
          .site = row.text(7),
          .source = row.text(8),
          .domain = row.text(9),
          .cause = row.text(10),
          .rule_id = row.text(11),
          .title = row.text(12),
          .why = row.text(13),
          .fix = row.text(14),
          .evidence = row.text(15),
          .closed_why = row.text(16)};
}

}  // namespace

Result<std::vector<Incident>> Views::incidents(Which which, std::size_t limit) {
  std::string where;
  if (which == Which::open) where = "WHERE closed IS NULL ";
  if (which == Which::closed) where = "WHERE closed IS NOT NULL ";
  return map_rows<Incident>(
      database_->ask(std::string(incident_columns) + where + "ORDER BY opened DESC, id DESC LIMIT ?",
                     {number_of(limit)}),
      incident_of);
}

Result<std::optional<Incident>> Views::incident(std::int64_t id) {
  const auto rows = database_->ask(std::string(incident_columns) + "WHERE id = ?", {id});
  if (!rows) return std::unexpected(rows.error());
  return rows->empty() ? std::nullopt : std::optional(incident_of(rows->front()));
}

Result<std::vector<IncidentEvent>> Views::events(std::int64_t incident, std::size_t limit) {
  return map_rows<IncidentEvent>(
      database_->ask("SELECT incident, time, what, text FROM incident_events WHERE incident = ? ORDER BY time LIMIT ?",
                     {incident, number_of(limit)}),
      [](const Row& row) {
        return IncidentEvent{
            .incident = row.number(0), .time = time_of(row, 1), .what = row.text(2), .text = row.text(3)};
      });
}

Result<std::vector<Attempt>> Views::affected(const Incident& incident, std::size_t limit) {
  std::string tail = "WHERE time >= ? AND time <= ? AND outcome <> 'delivered'";
  std::vector<Argument> arguments{number_of(incident.opened), number_of(incident.last_seen)};
  const auto also = [&](std::string_view condition, const std::string& value) {
    if (value.empty()) return;
    tail += condition;
    arguments.emplace_back(value);
  };
  also(" AND site = ?", incident.site);
  also(" AND route = ?", incident.source);
  also(" AND from_domain = ?", incident.domain);
  also(" AND rule_id = ?", incident.rule_id);
  if (incident.rule_id.empty()) also(" AND kind = ?", incident.cause);
  arguments.emplace_back(number_of(limit));
  return select_attempts(*database_, tail + " ORDER BY time DESC LIMIT ?", arguments);
}

Result<std::optional<WallTime>> Views::newest() {
  const auto rows = database_->ask("SELECT max(time) FROM attempts");
  if (!rows) return std::unexpected(rows.error());
  if (rows->empty() || rows->front().is_null(0)) return std::nullopt;
  return time_of(rows->front(), 0);
}

Result<std::optional<Attempt>> Views::message_of(const std::string& message_id, const std::string& recipient,
                                                 WallTime before) {
  std::vector<Attempt> found;
  const auto id = trim(std::string_view(message_id), "<> \t");
  if (!id.empty()) {
    const std::array arguments{Argument(id)};
    auto by_id = select_attempts(*database_, "WHERE message_id = ? AND message_id <> '' ORDER BY number DESC LIMIT 1",
                                 arguments);
    if (!by_id) return std::unexpected(std::move(by_id.error()));
    found = *std::move(by_id);
  }
  const auto address = to_lower(recipient);
  if (found.empty() && !address.empty()) {
    const std::array arguments{Argument(address), Argument(number_of(before))};
    auto by_recipient = select_attempts(*database_,
                                        "WHERE number IN (SELECT attempt FROM attempt_recipients WHERE address = ?"
                                        " AND time <= ? ORDER BY time DESC LIMIT 1)",
                                        arguments);
    if (!by_recipient) return std::unexpected(std::move(by_recipient.error()));
    found = *std::move(by_recipient);
  }
  return found.empty() ? std::nullopt : std::optional(std::move(found.front()));
}

}  // namespace ptarmigan::store
