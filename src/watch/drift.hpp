// watch/drift.hpp - a record set as it is published, and what changed since it was last seen. Pure.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "config/config.hpp"
#include "facts/facts.hpp"
#include "watch/incidents.hpp"

namespace ptarmigan::watch {

struct RecordSet {
  std::string status;   ///< facts' word: "found", "no data" ...
  std::string records;  ///< zone lines without TTL, sorted, one a line
  friend bool operator==(const RecordSet&, const RecordSet&) = default;
};
/// Nothing for an answer that says nothing about what is published (a timeout, SERVFAIL).
[[nodiscard]] std::optional<RecordSet> record_set(const Answer& answer);
/// Lines of `before` that are gone with "- ", those that are new with "+ "; "" where nothing changed.
[[nodiscard]] std::string difference(const RecordSet& before, const RecordSet& now);

/// The questions about a setup's own records: host names, PTR of own addresses, SPF, DKIM keys, DMARC, MX, MTA-STS,
/// TLS-RPT of the domains.
[[nodiscard]] std::vector<Question> own_questions(const config::Config& config);

/// Whether a change of this record set can be what an incident of a route is about: it then belongs to its story, and
/// is no incident of its own.
[[nodiscard]] bool explains(const Question& changed, const Incident& incident);

}  // namespace ptarmigan::watch
