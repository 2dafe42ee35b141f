// facts/zone_facts.hpp - answers from zone text: the "what if" world, and the world of a unit test.
#pragma once

#include <map>
#include <set>
#include <vector>

#include "facts/facts.hpp"

namespace ptarmigan {

/// Records that answer as an authoritative server would (RFC 1034#4.3.2): CNAMEs followed within the records, empty
/// non-terminals exist, `*` synthesises (RFC 4592#3.3). Names outside every record are "no such name".
class ZoneFacts {
 public:
  ZoneFacts() = default;
  explicit ZoneFacts(const std::vector<dns::Record>& records);

  [[nodiscard]] Answer answer(const Question& question) const;
  /// True where the records speak about this question: a draft overrides the world only for names at or below one of
  /// the owners' own names (`example.com` and what is below it), so that everything else is still asked live.
  [[nodiscard]] bool covers(const dns::DomainName& name) const;

 private:
  std::map<dns::DomainName, std::vector<dns::Record>> by_owner_;
  std::set<dns::DomainName> existing_;  ///< owners and the empty non-terminals above them
};

/// Facts for every question that `judge` needs, answered from `world`, until the judgement is known: the unit test's
/// driver. `judge` is called with Facts and returns a Known<T>.
template <typename World, typename Judge>
[[nodiscard]] auto settle_with(const World& world, Judge judge) {
  Facts facts;
  while (true) {
    auto judged = judge(static_cast<const Facts&>(facts));
    if (judged.known()) return std::move(judged).value();
    for (const auto& question : judged.need().questions()) facts.add(question, world.answer(question));
  }
}

}  // namespace ptarmigan
