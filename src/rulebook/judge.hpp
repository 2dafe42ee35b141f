// rulebook/judge.hpp - a receiver's rules over one subject.
//
//   const auto judgement = judge_now(receiver, subject, facts);      // never waits: the relay, per attempt
//   if (const auto* first = judgement.refusal()) ...                 // what the receiver would say
//   refresher.fetch(judgement.needed);                               // empty where everything was known
//
//   const auto judged = judge(receiver, subject, facts);             // Known: the doctor and the rehearsal wait for
//   the answers
#pragma once

#include <string_view>
#include <vector>

#include "rulebook/registry.hpp"

namespace ptarmigan::rulebook {

struct RuleVerdict {
  const Rule* rule = nullptr;
  Verdict verdict;
  /// The rule's effect for this subject: advice where a rule for bulk senders meets a sender of unknown volume.
  Effect effect = Effect::refuse;

  /// True where mail would be refused or deferred because of this.
  [[nodiscard]] bool stops_mail() const {
    return verdict.state == State::broken && (effect == Effect::refuse || effect == Effect::defer);
  }
};

/// In the order in which the receiver would speak: by stage, then as its rules stand. Rules of other families and, for
/// transactional mail, of bulk senders are left out, and so are those that only the receiver can judge.
struct Judgement {
  std::vector<RuleVerdict> verdicts;
  std::vector<Question> needed;  ///< answers that would turn an unknown verdict into a known one; no duplicates

  /// The verdict with which the receiver would refuse or defer first; nullptr where it would accept, as far as is
  /// known.
  [[nodiscard]] const RuleVerdict* refusal() const;
  /// True where a rule that could stop the mail is unknown.
  [[nodiscard]] bool undecided() const;
};

/// With the facts at hand: what they do not decide is unknown, and `needed` says what would.
[[nodiscard]] Judgement judge_now(const Receiver& receiver, const Subject& subject, const Facts& facts);
/// With all facts: Need while questions are open.
[[nodiscard]] Known<Judgement> judge(const Receiver& receiver, const Subject& subject, const Facts& facts);
/// With all facts, the rules alone that the receiver answers at `stage`: what the rehearsal asks at each command.
[[nodiscard]] Known<Judgement> judge_stage(const Receiver& receiver, Stage stage, const Subject& subject,
                                           const Facts& facts);
/// One rule, whatever its scope and families.
[[nodiscard]] Known<Verdict> judge(const Rule& rule, const Subject& subject, const Facts& facts);

/// What repairs `rule` for this subject; empty where the rule has no fix. `facts` are those that decided it; a fix may
/// need more.
[[nodiscard]] Known<Fix> fix_for(const Rule& rule, const Subject& subject, const Facts& facts);

/// The receiver's reply in its own words. `id` is the session's id at the receiver, printed as Gmail prints its own.
/// Nothing where the rule has no words for this subject's family (effects spam and advice).
[[nodiscard]] std::optional<smtp::Reply> reply_for(const Rule& rule, const Subject& subject, std::string_view id);

}  // namespace ptarmigan::rulebook
