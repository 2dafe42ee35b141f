// watch/explain.hpp - from a refusal back to the requirement and its fix.
//
//   const auto explanation = watch::explain_reply(pasted);                 // no facts: what the words say
//   const auto again = watch::explain_reply(pasted, &subject, facts);      // judged again: does a check agree?
//
// Pure. Threads: free functions on values.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "rulebook/judge.hpp"
#include "rulebook/match.hpp"
#include "smtp/failure.hpp"
#include "watch/find_reply.hpp"

namespace ptarmigan::watch {

/// How sure it is that the rules named are the cause.
enum class Certainty {
  certain,       ///< the words name one rule, or a check finds exactly one of them broken
  likely,        ///< the words name a few rules
  possible,      ///< only the codes speak, and codes have several meanings
  unrecognised,  ///< no rule; the cause is what codes and common words say of themselves
};
[[nodiscard]] std::string_view to_string(Certainty certainty);

/// What a check with saved or fresh facts says about a rule that the reply names.
enum class Agreement {
  unchecked,  ///< no subject was given, or the rule cannot be judged from here
  agrees,     ///< broken, as the receiver says
  disagrees,  ///< holds now: repaired since, or the receiver saw another address or another answer
  unknown,
};
[[nodiscard]] std::string_view to_string(Agreement agreement);

struct Suspect {
  const rulebook::Rule* rule = nullptr;
  Agreement agreement = Agreement::unchecked;
  rulebook::Verdict verdict = {};
  rulebook::Fix fix = {};  ///< concrete records, where a check found it broken
};

struct Explanation {
  FoundReply found;
  const rulebook::Receiver* receiver = nullptr;
  smtp::Failure failure;          ///< whose fault, and whether trying again can help
  std::vector<Suspect> suspects;  ///< those that a check finds broken first
  Certainty certainty = Certainty::unrecognised;
  std::string cause;                ///< one sentence
  std::vector<std::string> advice;  ///< what to do, sentences
  /// Our address as the reply quotes it ("[2001:db8::1]"), where it does.
  std::optional<IpAddress> sending_address;
};

/// Nothing where `text` holds no refusal.
[[nodiscard]] std::optional<Explanation> explain_reply(std::string_view text);
/// The same, with the rules that the reply names judged for `subject`; Need while questions are open.
[[nodiscard]] Known<std::optional<Explanation>> explain_reply(std::string_view text, const rulebook::Subject& subject,
                                                              const Facts& facts);

/// For people, 100 columns, lines end in LF.
[[nodiscard]] std::string text(const Explanation& explanation);
/// JSON, version 1, with a final LF.
[[nodiscard]] std::string json(const Explanation& explanation);

}  // namespace ptarmigan::watch
