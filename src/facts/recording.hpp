// facts/recording.hpp - a set of facts as JSON text, for `--record-dns FILE` and `--replay-dns FILE`.
//
// {"version": 1, "dns": [
//   {"name": "example.com", "type": "TXT", "rcode": "NOERROR", "data": ["\"v=spf1 \" \"-all\""], "ttl": 300, "dnssec":
//   "secure"},
//   {"name": "nothing.example", "type": "A", "rcode": "NXDOMAIN"},
//   {"name": "slow.example", "type": "MX", "timeout": true},
//   {"name": "www.example.com", "type": "A", "cname": ["web.example.com"], "data": ["192.0.2.7"]}]}
//
// `data` holds record data in zone-file form (RFC 1035#5.1), a list or one string; absent or empty with NOERROR means
// no data. TXT data that begins with no quote is one string as it stands. Entries of one question are one answer.
// `rcode` defaults to NOERROR; SERVFAIL, REFUSED, FORMERR and NOTIMP are "failed"; `ttl` defaults to 300, `dnssec` to
// insecure, `asked_at` (RFC 3339) to absent. What is not listed is answered from what is: over a CNAME entry of the
// name, and "no data" for a name that exists by another entry; else by a top-level "default" of "NXDOMAIN" (the
// default), "NOERROR", "SERVFAIL" or "timeout". For people: docs/reference/dns-recording.md.
#pragma once

#include <set>
#include <string>
#include <string_view>

#include "facts/facts.hpp"

namespace ptarmigan {

/// The recording, questions sorted, one a line.
[[nodiscard]] std::string write_recording(const Facts& facts);

struct Recording {
  Facts facts;
  /// Names that exist by an entry of `facts`, and those above them.
  std::set<dns::DomainName> names;
  /// For questions that `facts` lacks.
  AnswerStatus otherwise = AnswerStatus::no_such_name;
  /// The recorded answer, the one that follows from other entries, or the default one.
  [[nodiscard]] Answer answer(const Question& question) const;
};
/// An error names the entry (counted from 1) and what is wrong with it.
[[nodiscard]] Result<Recording> read_recording(std::string_view json);

}  // namespace ptarmigan
