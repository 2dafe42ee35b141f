// watch/diagnosis.hpp - what is wrong with a route now, as the facts say, and what mends it: records to publish, ready
// to copy. Pure; with the facts at hand, it waits for nothing. Threads: free functions on values.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "rulebook/judge.hpp"
#include "watch/kind.hpp"

namespace ptarmigan::watch {

struct Diagnosis {
  std::string rule_id = {};
  Kind kind = Kind::unknown;
  std::string why = {};                 ///< one sentence
  std::string fix = {};                 ///< lines: zone text to publish, sentences for what is changed elsewhere
  std::vector<Question> evidence = {};  ///< the questions whose answers decided it
};

/// The rule by which `receiver` would refuse or defer first; nothing where none is known to be broken.
[[nodiscard]] std::optional<Diagnosis> diagnose(const rulebook::Receiver& receiver, const rulebook::Subject& subject,
                                                const Facts& facts);

/// What mends `rule` for this subject; the rule's own remedy where nothing more concrete is known.
[[nodiscard]] std::string fix_text(const rulebook::Rule& rule, const rulebook::Subject& subject, const Facts& facts);

/// Somebody asked to look again.
struct Checked {
  rulebook::State state = rulebook::State::unknown;
  std::string why = {};  ///< one sentence
  std::string fix = {};  ///< where it is broken
};
/// One rule, by its id.
[[nodiscard]] Checked check_rule(std::string_view rule_id, const rulebook::Subject& subject, const Facts& facts);

}  // namespace ptarmigan::watch
