// publish/change.hpp - a change of one RRset: what it is, what it is to be; and the difference as people read it.
// Pure. Threads: free functions on values.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "facts/facts.hpp"

namespace ptarmigan::publish {

/// All records of one owner and type, before and after. The prerequisite of a dynamic update is exactly `before` (RFC
/// 2136#2.4).
struct Change {
  dns::DomainName owner;
  dns::RecordType type = dns::RecordType::txt;
  std::vector<dns::Record> before;
  std::vector<dns::Record> after;
  [[nodiscard]] bool changes() const;
  /// Back to what was.
  [[nodiscard]] Change undone() const { return {owner, type, after, before}; }
  [[nodiscard]] Question probe() const { return {owner, type}; }
};

/// A record that is to be published: beside what is there, or in its place (of TXT: of the same kind, as its version
/// tag says).
struct Intent {
  dns::Record record;
  enum class Action : std::uint8_t { add, replace } action = Action::add;
};

/// Intents of check's JSON ("repairs", docs/reference/check-json.md); an error names the member that is wrong.
[[nodiscard]] Result<std::vector<Intent>> intents_of_check(std::string_view json);

/// One change for each RRset that the intents touch, with the RRsets of now.
[[nodiscard]] Known<std::vector<Change>> changes_of(const std::vector<Intent>& intents, const Facts& facts);

/// True where an answer holds exactly `after`: order and TTL do not matter.
[[nodiscard]] bool shows(const Answer& answer, const std::vector<dns::Record>& after);

/// "- old" and "+ new" zone lines; "" where nothing changes.
[[nodiscard]] std::string difference(const Change& change);

}  // namespace ptarmigan::publish
