// rehearsal/decide.hpp - decides as a receiver would: acceptance, or the receiver's own reply at the stage where it
// answers.
//
//   const auto decision = rehearsal::decide(receiver, smtp::Stage::rcpt, subject, facts, id);
//   if (decision->reply) machine.step(smtp::server::Decision{*decision->reply});
//
// The subject is what the session has shown so far; rules whose field is not there yet are not answered. What DNS
// cannot decide is accepted, as receivers do. Pure. Threads: free functions on values.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "auth/dkim/verify.hpp"
#include "base/result.hpp"
#include "rulebook/judge.hpp"

namespace ptarmigan::rehearsal {

struct Decision {
  /// The refusal or deferral; nothing: accepted.
  std::optional<smtp::Reply> reply = {};
  const rulebook::Rule* rule = nullptr;  ///< whose reply it is
  rulebook::Verdict verdict = {};

  [[nodiscard]] bool accepted() const { return !reply; }
};

/// `session_id` is printed in the reply, as receivers do: letters, digits, '.' and '-'.
[[nodiscard]] Known<Decision> decide(const rulebook::Receiver& receiver, smtp::Stage stage,
                                     const rulebook::Subject& so_far, const Facts& facts, std::string_view session_id);

/// Points in tenths, so that they add up exactly.
struct Deduction {
  const rulebook::Rule* rule = nullptr;
  int tenths = 0;
  std::string why;
};
inline constexpr int best_score_tenths = 100;
struct Score {
  int tenths = best_score_tenths;  ///< 0 to 100
  std::vector<Deduction> deductions;
  std::vector<const rulebook::Rule*> undecided;
  /// "8.5"
  [[nodiscard]] std::string text() const;
};

/// What one broken rule costs: refuse 5, defer 4, spam 2, advice 0.5 points.
[[nodiscard]] Known<Score> score(const rulebook::Receiver& receiver, const rulebook::Subject& subject,
                                 const Facts& facts);

/// The whole Authentication-Results field (RFC 8601) that the receiver would add: iprev, SPF, each DKIM signature,
/// DMARC. Folded, with its name and final CRLF. `signatures` are the verifier's results for the message.
[[nodiscard]] Known<Result<std::string>> authentication_results(std::string_view authserv_id,
                                                                const rulebook::Subject& subject,
                                                                const std::vector<dkim::SignatureResult>& signatures,
                                                                const Facts& facts);

}  // namespace ptarmigan::rehearsal
