// store/roll_up.cpp - see roll_up.hpp.
#include "store/roll_up.hpp"

#include <algorithm>

#include "base/text.hpp"
#include "store/rows.hpp"
#include "watch/kind.hpp"

namespace ptarmigan::store {
namespace {

constexpr std::int64_t prune_rows = 20'000;
constexpr std::size_t max_sample = 1000;
constexpr std::size_t max_word = 255;

std::string bounded(const std::string& text) {
  return text.substr(0, max_word);
}

}  // namespace

Result<> RollUp::add(Database& database, Attempt attempt) {
  const bool refused = attempt.outcome != Outcome::delivered;
  if (refused && attempt.kind.empty())
    attempt.kind = watch::to_string(watch::kind_of({.rule_id = attempt.rule_id,
                                                    .cause = attempt.cause,
                                                    .reply_code = attempt.reply_code,
                                                    .enhanced_status = attempt.enhanced_status,
                                                    .reply_text = attempt.reply_text}));
  Reply* reply = nullptr;
  if (refused && !attempt.reply_text.empty()) {
    auto found = reply_of(database, attempt);
    if (!found) return std::unexpected(std::move(found.error()));
    reply = *found;
  }
  const auto number = insert(database, attempt, reply != nullptr ? std::optional(reply->id) : std::nullopt);
  if (!number) return std::unexpected(number.error());
  if (!*number) return {};
  ++added_;
  if (reply != nullptr) {
    ++reply->attempts;
    reply->last_seen = std::max<std::int64_t>(reply->last_seen, attempt.time.time_since_epoch().count());
  }
  count(attempt);
  return {};
}

Result<RollUp::Reply*> RollUp::reply_of(Database& database, const Attempt& attempt) {
  auto shape = watch::reply_shape(attempt.reply_text);
  shape = std::to_string(attempt.reply_code) + " " + attempt.enhanced_status + " " + shape;
  const auto key = std::pair(bounded(attempt.site), std::move(shape));
  const auto known = replies_.find(key);
  if (known != replies_.end()) return &known->second;
  const std::int64_t time = attempt.time.time_since_epoch().count();
  const auto sample = attempt.reply_text.substr(0, max_sample);
  // The words decide the shape, and what is known of them may have grown: the newest finding stays.
  const auto rows = database.ask(
      "INSERT INTO replies (site, shape, reply_code, enhanced_status, sample, kind, cause, rule_id, first_seen,"
      " last_seen, attempts) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 0) ON CONFLICT (site, shape) DO UPDATE"
      " SET kind = excluded.kind, cause = excluded.cause, rule_id = excluded.rule_id RETURNING id",
      {key.first, key.second, std::int64_t{attempt.reply_code}, attempt.enhanced_status, sample, attempt.kind,
       attempt.cause, attempt.rule_id, time, time});
  if (!rows) return std::unexpected(rows.error());
  return &replies_.emplace(key, Reply{.id = rows->front().number(0), .last_seen = time}).first->second;
}

void RollUp::count(const Attempt& attempt) {
  const auto time = attempt.time.time_since_epoch().count();
  const auto site = bounded(attempt.site);
  const auto route = bounded(attempt.route);
  const auto stream = bounded(attempt.from_domain);
  const int family = !attempt.family ? 0 : *attempt.family == Family::ipv4 ? 4 : 6;
  for (const auto period : {hour_ms, day_ms}) {
    const auto start = time - time % period;
    const auto one = [&](Shape shape, const std::string& of_site, const std::string& of_stream,
                         const std::string& of_route, int of_family) {
      auto& counts = traffic_[{shape, period, start, of_site, of_stream, of_route, of_family}];
      ++counts.outcomes.at(static_cast<std::size_t>(attempt.outcome));
      if (attempt.outcome == Outcome::delivered)
        counts.recipients += static_cast<std::int64_t>(attempt.recipients.size());
    };
    one(Shape::total, "", "", route, family);
    one(Shape::route, site, "", route, family);
    one(Shape::stream, "", stream, route, family);
    one(Shape::sender, site, stream, "", 0);
    if (attempt.outcome != Outcome::delivered)
      ++refusals_[{period, start, site, stream, route, family, attempt.kind, attempt.rule_id}];
  }
}

Result<> RollUp::write(Database& database) {
  for (const auto& [key, counts] : traffic_) {
    const auto& [shape, period, start, site, stream, route, family] = key;
    auto done = database.run(
        "INSERT INTO traffic (shape, period, start, site, stream, route, family, delivered, deferred, bounced, rescued,"
        " recipients) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
        " ON CONFLICT (shape, period, start, site, stream, route, family) DO UPDATE SET"
        " delivered = traffic.delivered + excluded.delivered, deferred = traffic.deferred + excluded.deferred,"
        " bounced = traffic.bounced + excluded.bounced, rescued = traffic.rescued + excluded.rescued,"
        " recipients = traffic.recipients + excluded.recipients",
        {static_cast<std::int64_t>(shape), period, start, site, stream, route, std::int64_t{family}, counts.outcomes[0],
         counts.outcomes[1], counts.outcomes[2], counts.outcomes[3], counts.recipients});
    if (!done) return std::unexpected(std::move(done.error()));
  }
  for (const auto& [key, attempts] : refusals_) {
    const auto& [period, start, site, stream, route, family, kind, rule_id] = key;
    auto done = database.run(
        "INSERT INTO refusals (period, start, site, stream, route, family, kind, rule_id, attempts)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"
        " ON CONFLICT (period, start, site, stream, route, family, kind, rule_id) DO UPDATE SET"
        " attempts = refusals.attempts + excluded.attempts",
        {period, start, site, stream, route, std::int64_t{family}, kind, rule_id, attempts});
    if (!done) return std::unexpected(std::move(done.error()));
  }
  for (const auto& [key, reply] : replies_) {
    auto done = database.run(
        "UPDATE replies SET attempts = attempts + ?,"
        " last_seen = CASE WHEN last_seen < ? THEN ? ELSE last_seen END WHERE id = ?",
        {reply.attempts, reply.last_seen, reply.last_seen, reply.id});
    if (!done) return std::unexpected(std::move(done.error()));
  }
  traffic_.clear();
  refusals_.clear();
  replies_.clear();
  return {};
}

namespace {

Result<> prune_attempts(Database& database, std::int64_t before) {
  const auto old = database.ask("SELECT number, time, recipients FROM attempts WHERE time < ? ORDER BY time LIMIT ?",
                                {before, prune_rows});
  if (!old) return std::unexpected(old.error());
  for (const auto& row : *old) {
    const auto recipients = row.text(2);
    for (const auto recipient : split(recipients, '\n')) {
      const auto address = to_lower(recipient);
      auto done = database.run("DELETE FROM attempt_recipients WHERE address = ? AND time = ? AND attempt = ?",
                               {address, row.number(1), row.number(0)});
      if (!done) return std::unexpected(std::move(done.error()));
    }
    if (auto done = database.run("DELETE FROM attempts WHERE number = ?", {row.number(0)}); !done)
      return std::unexpected(std::move(done.error()));
  }
  return {};
}

}  // namespace

Result<> prune(Database& database, const Retention& keep, WallTime newest) {
  const auto before = [&](std::chrono::days days) {
    return days == days.zero() ? std::int64_t{0} : (newest - days).time_since_epoch().count();
  };
  if (auto done = prune_attempts(database, before(keep.attempts)); !done) return done;
  struct Old {
    std::string_view sql;
    std::int64_t before;
  };
  const auto rows = before(keep.rows);
  const auto totals = before(keep.totals);
  const std::array statements = {
      Old{"DELETE FROM traffic WHERE shape IN (0, 1, 2, 3) AND period = 3600000 AND start < ?", before(keep.hours)},
      Old{"DELETE FROM refusals WHERE period = 3600000 AND start < ?", before(keep.hours)},
      Old{"DELETE FROM traffic WHERE shape IN (0, 1, 2, 3) AND period = 86400000 AND start < ?", totals},
      Old{"DELETE FROM refusals WHERE period = 86400000 AND start < ?", totals},
      Old{"DELETE FROM replies WHERE last_seen < ?", before(keep.attempts)},
      Old{"DELETE FROM dmarc_rows WHERE day < ?", rows},
      Old{"DELETE FROM tls_rows WHERE day < ?", rows},
      Old{"DELETE FROM feedback WHERE time < ?", rows},
      Old{"DELETE FROM bounces WHERE time < ?", rows},
      Old{"DELETE FROM reports WHERE received < ?", rows},
      Old{"DELETE FROM snapshots WHERE time < ?", rows},
      Old{"DELETE FROM audit WHERE time < ?", rows},
      Old{"DELETE FROM dmarc_days WHERE day < ?", totals},
      Old{"DELETE FROM figures WHERE day < ?", totals},
      Old{"DELETE FROM incident_events WHERE incident IN (SELECT id FROM incidents WHERE closed < ?)", totals},
      Old{"DELETE FROM incidents WHERE closed < ?", totals},
  };
  for (const auto& [sql, limit] : statements)
    if (auto done = database.run(sql, {limit}); !done) return std::unexpected(std::move(done.error()));
  return {};
}

}  // namespace ptarmigan::store
