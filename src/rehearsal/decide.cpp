// rehearsal/decide.cpp - decide() and score(): what the rules say, as a reply or as points.
#include "rehearsal/decide.hpp"

#include <algorithm>

namespace ptarmigan::rehearsal {
namespace {

using rulebook::Effect;
using rulebook::State;

int cost_of(Effect effect) {
  switch (effect) {
    case Effect::refuse: return 50;
    case Effect::defer: return 40;
    case Effect::spam: return 20;
    case Effect::advice: return 5;
  }
  return 0;
}

}  // namespace

std::string Score::text() const {
  return std::to_string(tenths / 10) + "." + std::to_string(tenths % 10);
}

Known<Decision> decide(const rulebook::Receiver& receiver, smtp::Stage stage, const rulebook::Subject& so_far,
                       const Facts& facts, std::string_view session_id) {
  const auto judged = rulebook::judge_stage(receiver, stage, so_far, facts);
  if (!judged) return judged.need();
  const auto* refusal = judged->refusal();
  if (refusal == nullptr) return Decision{};
  return Decision{rulebook::reply_for(*refusal->rule, so_far, session_id), refusal->rule, refusal->verdict};
}

Known<Score> score(const rulebook::Receiver& receiver, const rulebook::Subject& subject, const Facts& facts) {
  const auto judged = rulebook::judge(receiver, subject, facts);
  if (!judged) return judged.need();
  Score out;
  for (const auto& verdict : judged->verdicts) {
    if (verdict.verdict.state == State::unknown) out.undecided.push_back(verdict.rule);
    if (verdict.verdict.state != State::broken) continue;
    const int cost = cost_of(verdict.effect);
    out.deductions.push_back({verdict.rule, cost, verdict.verdict.why});
    out.tenths = std::max(0, out.tenths - cost);
  }
  return out;
}

}  // namespace ptarmigan::rehearsal
