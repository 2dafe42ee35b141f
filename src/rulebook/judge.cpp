// rulebook/judge.cpp - the rules of a receiver over one case, in order.
#include "rulebook/judge.hpp"

#include <algorithm>
#include <set>

#include "rulebook/case.hpp"

namespace ptarmigan::rulebook {
namespace {

bool applies(const Rule& rule, const Subject& subject) {
  if (rule.visibility == Visibility::receiver_only) return false;
  if (rule.scope == Scope::bulk_senders && subject.stream == Stream::transactional) return false;
  return !subject.sending_address || covers(rule.families, subject.sending_address->family());
}

Effect effect_for(const Rule& rule, const Subject& subject) {
  const bool binding = rule.scope == Scope::all_senders || subject.stream == Stream::bulk;
  return binding ? rule.effect : Effect::advice;
}

Verdict undecided_verdict(const Need& need) {
  const auto& questions = need.questions();
  std::string why = "Not yet known: " + questions.front().text();
  if (questions.size() > 1) why += " and " + std::to_string(questions.size() - 1) + " more";
  return {State::unknown, std::move(why), questions};
}

template <typename Wanted>
Judgement judge_where(const Receiver& receiver, const Subject& subject, const Facts& facts, Wanted wanted) {
  Judgement out;
  Case c(subject, facts);
  std::set<Question> needed;
  for (const auto& rule : receiver.rules) {
    if (!applies(rule, subject) || !wanted(rule)) continue;
    auto judged = rule.judge(c);
    if (!judged.known()) needed.insert(judged.need().questions().begin(), judged.need().questions().end());
    auto verdict = judged.known() ? std::move(judged).value() : undecided_verdict(judged.need());
    out.verdicts.push_back({&rule, std::move(verdict), effect_for(rule, subject)});
  }
  out.needed.assign(needed.begin(), needed.end());
  return out;
}

Known<Judgement> settled(Judgement judgement) {
  if (!judgement.needed.empty()) return Need(std::move(judgement.needed));
  return judgement;
}

}  // namespace

const RuleVerdict* Judgement::refusal() const {
  const auto at = std::ranges::find_if(verdicts, &RuleVerdict::stops_mail);
  return at == verdicts.end() ? nullptr : &*at;
}

bool Judgement::undecided() const {
  return std::ranges::any_of(verdicts, [](const RuleVerdict& v) {
    return v.verdict.state == State::unknown && (v.effect == Effect::refuse || v.effect == Effect::defer);
  });
}

Judgement judge_now(const Receiver& receiver, const Subject& subject, const Facts& facts) {
  return judge_where(receiver, subject, facts, [](const Rule&) { return true; });
}

Known<Judgement> judge(const Receiver& receiver, const Subject& subject, const Facts& facts) {
  return settled(judge_now(receiver, subject, facts));
}

Known<Judgement> judge_stage(const Receiver& receiver, Stage stage, const Subject& subject, const Facts& facts) {
  return settled(judge_where(receiver, subject, facts, [stage](const Rule& rule) { return rule.stage == stage; }));
}

Known<Verdict> judge(const Rule& rule, const Subject& subject, const Facts& facts) {
  Case c(subject, facts);
  return rule.judge(c);
}

Known<Fix> fix_for(const Rule& rule, const Subject& subject, const Facts& facts) {
  if (rule.fix == nullptr) return Fix{};
  Case c(subject, facts);
  const auto verdict = rule.judge(c);
  if (!verdict) return verdict.need();
  if (verdict->state != State::broken) return Fix{};
  return rule.fix(c);
}

}  // namespace ptarmigan::rulebook
