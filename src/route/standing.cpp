// route/standing.cpp - see standing.hpp.
#include "route/standing.hpp"

#include <algorithm>

namespace ptarmigan::route {
namespace {

/// An operator's word does not last longer.
constexpr milliseconds longest_set{30LL * 24 * 3600 * 1000};

std::string with_rules(const std::vector<std::string>& rules) {
  std::string out;
  for (const auto& rule : rules) out += (out.empty() ? " [" : ", ") + rule;
  return out.empty() ? out : out + "]";
}

/// The oldest answer that the verdicts rest on.
std::optional<WallTime> oldest_answer(const rulebook::Judgement& judgement, const Facts& facts) {
  std::optional<WallTime> oldest;
  for (const auto& judged : judgement.verdicts) {
    for (const auto& question : judged.verdict.evidence) {
      const auto* answer = facts.find(question);
      if (answer != nullptr && (!oldest || answer->asked_at < *oldest)) oldest = answer->asked_at;
    }
  }
  return oldest;
}

bool names_any(const Refusal& refusal, const std::vector<std::string>& rules) {
  return std::ranges::any_of(
      rules, [&](const auto& rule) { return std::ranges::find(refusal.rules, rule) != refusal.rules.end(); });
}

}  // namespace

std::string_view to_string(Standing standing) {
  switch (standing) {
    case Standing::good: return "good";
    case Standing::probation: return "probation";
    case Standing::unknown: return "unknown";
    case Standing::poor: return "poor";
  }
  return "";
}

std::optional<Standing> standing_of_word(std::string_view word) {
  for (const auto standing : {Standing::good, Standing::probation, Standing::unknown, Standing::poor})
    if (to_string(standing) == word) return standing;
  return std::nullopt;
}

RouteFacts judge_route(const rulebook::Receiver* receiver, const rulebook::Subject& subject, const Facts& facts) {
  if (receiver == nullptr) return {.standing = Standing::good, .why = "no rule of this receiver is known"};
  const auto judgement = rulebook::judge_now(*receiver, subject, facts);
  RouteFacts out{.standing = Standing::good, .needed = judgement.needed};
  out.asked_at = oldest_answer(judgement, facts);
  bool dns_silent = false;
  for (const auto& judged : judgement.verdicts) {
    if (judged.stops_mail()) {
      out.rules.emplace_back(judged.rule->id);
      if (out.why.empty()) out.why = judged.verdict.why;
    }
    // A verdict that names questions and still does not know: DNS failed. One without lacks a field that planning does
    // not have.
    dns_silent |= judged.verdict.state == rulebook::State::unknown && !judged.verdict.evidence.empty() &&
                  judged.effect != rulebook::Effect::advice;
  }
  if (!out.rules.empty()) {
    out.standing = Standing::poor;
  } else if (!out.needed.empty() || dns_silent) {
    out.standing = Standing::unknown;
    out.why = out.needed.empty() ? "DNS gave no answer" : "not yet known: " + out.needed.front().text();
  } else {
    out.why = "every rule of " + std::string(receiver->name) + " that can be judged from here holds";
  }
  return out;
}

StandingTable::Entry& StandingTable::entry(const StandingKey& key, WallTime now) {
  const auto found = entries_.find(key);
  if (found != entries_.end()) return found->second;
  if (entries_.size() >= policy_.max_entries)
    entries_.erase(std::ranges::min_element(entries_, {}, [](const auto& item) { return item.second.since; }));
  auto& fresh = entries_[key];
  fresh.since = now;
  ++revision_;
  return fresh;
}

void StandingTable::lift_refusal(Entry& entry, const RouteFacts& facts, Moment now) const {
  if (!entry.refusal) return;
  const bool facts_changed = entry.facts_explained_refusal && facts.standing == Standing::good;
  const bool pause_over =
      !entry.facts_explained_refusal && now.steady >= entry.until && facts.standing != Standing::poor;
  // The pause may end first, where the facts were poor all along and their answers do not change: the facts then speak
  // alone.
  if (!facts_changed && !pause_over) return;
  entry.refusal.reset();
  entry.probes_left = policy_.probes;
  entry.probing = false;
  entry.since = now.wall;
}

Standing StandingTable::standing_of(const Entry& entry) const {
  if (entry.refusal || entry.facts == Standing::poor) return Standing::poor;
  if (entry.facts == Standing::unknown) return Standing::unknown;
  return entry.probes_left > 0 ? Standing::probation : Standing::good;
}

RouteStanding StandingTable::weigh(const StandingKey& key, const RouteFacts& facts, Moment now) {
  auto& known = entry(key, now.wall);
  const Standing before = standing_of(known);
  const bool was_refused = known.refusal.has_value();
  // The records may have gone after they were last asked: then the refusal is explained once they are asked again.
  if (known.refusal && facts.standing == Standing::poor && names_any(*known.refusal, facts.rules))
    known.facts_explained_refusal = true;
  lift_refusal(known, facts, now);
  if (known.facts == Standing::poor && facts.standing == Standing::good && !known.refusal)
    known.probes_left = policy_.probes;
  known.facts = facts.standing;
  const Standing after = standing_of(known);
  if (after != before) known.since = now.wall;
  if (after != before || was_refused != known.refusal.has_value()) ++revision_;

  RouteStanding out{.standing = after, .why = {}, .rules = facts.rules, .refusal = known.refusal, .until = {}};
  const std::string age = facts.asked_at ? " (asked " + human(now.wall - *facts.asked_at) + " ago)" : "";
  if (known.refusal) {
    out.why = "refused " + human(now.wall - known.refusal->at) + " ago: " + known.refusal->reply +
              with_rules(known.refusal->rules);
    if (!known.facts_explained_refusal) out.until = known.until;
    if (out.rules.empty()) out.rules = known.refusal->rules;
  } else if (after == Standing::probation) {
    out.why =
        "comes back on probation, " + std::to_string(known.probes_left) + " more to prove itself; " + facts.why + age;
  } else {
    out.why = facts.why + with_rules(facts.rules) + age;
  }
  known.why = out.why;
  return out;
}

void StandingTable::refused(const StandingKey& key, Refusal refusal, const RouteFacts& facts, Moment now) {
  auto& known = entry(key, now.wall);
  known.facts = facts.standing;
  known.facts_explained_refusal = facts.standing == Standing::poor;
  known.probing = false;
  known.probes_left = policy_.probes;
  const auto doublings = std::min(known.refusals, 16U);
  known.until = now.steady + std::min(policy_.longest_pause, milliseconds(policy_.first_pause.count() << doublings));
  ++known.refusals;
  known.why = "refused: " + refusal.reply;
  known.refusal = std::move(refusal);
  known.since = now.wall;
  ++revision_;
}

void StandingTable::set_poor(const StandingKey& key, std::string reason, milliseconds duration, Moment now) {
  auto& known = entry(key, now.wall);
  known.facts_explained_refusal = false;
  known.probing = false;
  known.probes_left = policy_.probes;
  known.until = now.steady + std::clamp(duration, milliseconds(0), longest_set);
  known.why = reason;
  known.refusal = Refusal{.rules = {}, .reply = std::move(reason), .at = now.wall};
  known.since = now.wall;
  ++revision_;
}

std::size_t StandingTable::forget(const std::optional<IpAddress>& source, const std::string& site,
                                  const std::string& sender) {
  const auto erased = std::erase_if(entries_, [&](const auto& item) {
    const auto& key = item.first;
    return (!source || *source == key.source) && (site.empty() || site == key.site) &&
           (sender.empty() || sender == key.sender);
  });
  if (erased > 0) ++revision_;
  return erased;
}

bool StandingTable::is_explained(const StandingKey& key) const {
  const auto found = entries_.find(key);
  return found != entries_.end() && found->second.refusal && found->second.facts_explained_refusal;
}

void StandingTable::accepted(const StandingKey& key) {
  const auto found = entries_.find(key);
  if (found == entries_.end()) return;
  auto& known = found->second;
  known.probing = false;
  if (known.probes_left == 0 && known.refusals == 0) return;
  if (known.probes_left > 0) --known.probes_left;
  if (known.probes_left == 0) known.refusals = 0;
  ++revision_;
}

bool StandingTable::take_probe(const StandingKey& key) {
  const auto found = entries_.find(key);
  if (found == entries_.end() || standing_of(found->second) != Standing::probation) return true;
  if (found->second.probing) return false;
  return found->second.probing = true;
}

void StandingTable::give_back(const StandingKey& key) {
  if (const auto found = entries_.find(key); found != entries_.end()) found->second.probing = false;
}

std::vector<StandingTable::Row> StandingTable::rows() const {
  std::vector<Row> out;
  for (const auto& [key, known] : entries_) out.push_back({key, standing_of(known), known.why, known.since});
  return out;
}

std::vector<StandingTable::Saved> StandingTable::saved(SteadyTime now) const {
  std::vector<Saved> out;
  for (const auto& [key, known] : entries_) {
    if (!key.sender.empty() && !known.refusal && known.probes_left == 0 && known.refusals == 0) continue;
    out.push_back({key, standing_of(known), known.facts, known.refusal, known.facts_explained_refusal,
                   known.refusal ? std::max(milliseconds(0), milliseconds(known.until - now)) : milliseconds(0),
                   known.refusals, known.probes_left, known.why, known.since});
  }
  return out;
}

void StandingTable::restore(const std::vector<Saved>& entries, milliseconds elapsed, SteadyTime now) {
  for (const auto& saved : entries) {
    auto& known = entry(saved.key, saved.since);
    known.refusal = saved.refusal;
    known.facts_explained_refusal = saved.facts_explained_refusal;
    const auto longest = saved.refusals == 0 ? longest_set : policy_.longest_pause;
    known.until = now + std::clamp(saved.left - std::max(milliseconds(0), elapsed), milliseconds(0), longest);
    known.refusals = saved.refusals;
    known.facts = saved.facts;
    known.probes_left = std::min(saved.probes_left, policy_.probes);
    known.why = saved.why;
  }
}

}  // namespace ptarmigan::route
