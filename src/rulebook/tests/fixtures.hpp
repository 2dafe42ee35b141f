// rulebook/tests/fixtures.hpp - for each rule a world in which it holds, one in which it is broken and, where that can
// be, one in which it is unknown. The doctor's, the rehearsal's and watch's tests run over the same fixtures
// (ARCHITECTURE.md section 1).
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "dns/zone.hpp"
#include "facts/zone_facts.hpp"
#include "rulebook/judge.hpp"

namespace ptarmigan::rulebook::fixtures {

struct Fixture {
  std::string_view rule;
  State state = State::holds;
  std::string_view name;
  Subject subject;
  std::string zone;                                ///< zone text, absolute names
  std::vector<dns::DomainName> broken_names = {};  ///< every question below these times out
};

/// A zone whose names below `broken_names` do not answer.
class World {
 public:
  explicit World(const Fixture& fixture);
  [[nodiscard]] Answer answer(const Question& question) const;

 private:
  ZoneFacts zone_;
  std::vector<dns::DomainName> broken_;
};

/// The receiver of the fixture's rule.
[[nodiscard]] const Receiver& receiver_of(const Fixture& fixture);

/// Facts that settle the rule, or all of a receiver's rules.
[[nodiscard]] Facts facts_of(const Fixture& fixture, const Receiver& receiver);

/// The rule's fix in the fixture's world.
[[nodiscard]] Fix fix_of(const Fixture& fixture);

/// The good sender of the examples: mail.example.com, 192.0.2.1 and 2001:db8::1, signed, aligned, encrypted, not bulk.
[[nodiscard]] Subject good_subject(std::string_view address);
/// All that good_subject() needs.
[[nodiscard]] std::string good_zone();

[[nodiscard]] const std::vector<Fixture>& all();

}  // namespace ptarmigan::rulebook::fixtures
