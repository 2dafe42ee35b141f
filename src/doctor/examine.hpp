// doctor/examine.hpp - would mail from this setup be accepted, by each receiver, from each of its addresses; and what
// to publish.
//
//   auto report = doctor::examine(setup, facts);       // Known<Report>: Need until the DNS answers are there
//   std::cout << doctor::text(*report, {});            // render.hpp
//
// Pure: the same facts give the same report, so "what if" is another set of facts. Threads: free functions on values.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "doctor/checks.hpp"
#include "doctor/setup.hpp"
#include "rulebook/judge.hpp"

namespace ptarmigan::doctor {

enum class Forecast {
  accepted,
  spam,  ///< accepted, but lead to the spam folder or counted against the sender
  deferred,
  refused,
  unknown,
};
[[nodiscard]] std::string_view to_string(Forecast forecast);

struct Finding {
  const rulebook::Rule* rule = nullptr;
  rulebook::Verdict verdict;
  rulebook::Effect effect = rulebook::Effect::refuse;
  std::vector<Evidence> evidence;
};

/// Mail from one address to one receiver.
struct Delivery {
  rulebook::Subject subject;
  const rulebook::Receiver* receiver = nullptr;
  Forecast forecast = Forecast::unknown;
  /// The rule that decides the forecast; nullptr for accepted.
  const rulebook::Rule* because = nullptr;
  /// The named check that decides it instead: an address on a list that this receiver asks; nullptr otherwise.
  const Check* because_check = nullptr;
  std::optional<smtp::Reply> words;  ///< the receiver's, where mail is refused or deferred
  std::vector<Finding> findings;     ///< all verdicts, in the receiver's order
};

/// A record to publish, with all that is needed to type it in.
struct Repair {
  dns::Record record;
  rulebook::Fix::Action action = rulebook::Fix::Action::add;
  std::string reason;
  std::optional<dns::DomainName> zone;  ///< the zone that holds the owner, as far as DNS tells
  std::string relative_owner;           ///< within `zone`; the absolute name where the zone is not known
  /// How long caches may still give the answer of now: its TTL, or the negative TTL (RFC 2308#5).
  std::uint32_t cached_for = 0;
  /// When the last cache that was filled at the time of the question has forgotten it; absent for facts without time (a
  /// zone file).
  std::optional<WallTime> effective_at;
  std::vector<std::string> rules;                      ///< ids that this repairs
  rulebook::Effect effect = rulebook::Effect::refuse;  ///< the worst of what these rules do
};

/// What to change apart from DNS: a sentence.
struct Change {
  std::string text;
  rulebook::Effect effect = rulebook::Effect::refuse;  ///< the worst of what the rules do that it repairs
};

/// By consequence: what becomes of mail.
enum class Grade {
  a,  ///< every receiver accepts from every address, and there is nothing to advise
  b,  ///< every receiver accepts; there is advice
  c,  ///< somewhere mail is marked as spam
  d,  ///< some addresses are refused or deferred; every receiver takes mail from another
  e,  ///< some receiver takes nothing from any address
  f,  ///< no receiver takes anything
  undecided,
};
/// "A" to "F", "?".
[[nodiscard]] std::string_view to_string(Grade grade);

/// What somebody else answered to a question of the evidence: an authoritative server, or another resolver.
struct View {
  Question question;
  std::string who;
  Answer answer;
  Answer ours;  ///< what the verdict rests on
  /// The same records, or as absent.
  [[nodiscard]] bool agrees() const;
};

struct Report {
  Setup setup;
  std::vector<Delivery> deliveries;
  std::vector<CheckResult> checks;  ///< in the order of checks(); empty where Setup::checks is none
  std::vector<Repair> repairs;      ///< in the order in which to publish
  std::vector<Change> changes;
  std::vector<View> views = {};               ///< where others were asked too
  std::vector<const rulebook::Rule*> unseen;  ///< rules that only the receivers can judge

  /// The worst forecast; unknown is worse than spam and better than deferred.
  [[nodiscard]] Forecast worst() const;
  [[nodiscard]] Grade grade() const;
};

/// The questions of the report's broken and unknown findings, each once: those worth asking others too.
[[nodiscard]] std::vector<Evidence> open_questions(const Report& report);

/// The report, or what must still be asked. A receiver without rules gives Forecast::unknown.
[[nodiscard]] Known<Report> examine(const Setup& setup, const Facts& facts);

}  // namespace ptarmigan::doctor
