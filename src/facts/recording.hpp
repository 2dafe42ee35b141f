// facts/recording.hpp - a set of facts as JSON text, for `--record-dns FILE` and `--replay-dns FILE`.
//
// {"version": 1, "dns": [
//   {"name": "example.com", "type": "TXT", "rcode": "NOERROR", "data": ["\"v=spf1 \" \"-all\""], "ttl": 300, "dnssec":
//   "secure"},
//   {"name": "nothing.example", "type": "A", "rcode": "NXDOMAIN"},
//   {"name": "slow.example", "type": "MX", "timeout": true},
//   {"name": "www.example.com", "type": "A", "cname": ["web.example.com"], "data": ["192.0.2.7"]}]}
//
// `data` holds record data in zone-file form (RFC 1035#5.1); absent or empty with NOERROR means no data. `rcode`
// defaults to NOERROR; SERVFAIL, REFUSED and other codes are "failed"; `ttl` defaults to 300, `dnssec` to insecure,
// `asked_at` (RFC 3339) to absent. A top-level "default" of "NXDOMAIN" (the default), "NOERROR", "SERVFAIL" or
// "timeout" answers every question that is not listed.
#pragma once

#include <string>
#include <string_view>

#include "facts/facts.hpp"

namespace ptarmigan {

/// The recording, questions sorted, one a line.
[[nodiscard]] std::string write_recording(const Facts& facts);

struct Recording {
  Facts facts;
  /// For questions that `facts` lacks.
  AnswerStatus otherwise = AnswerStatus::no_such_name;
  /// The recorded answer, or the default one.
  [[nodiscard]] Answer answer(const Question& question) const;
};
/// An error names the entry (counted from 1) and what is wrong with it.
[[nodiscard]] Result<Recording> read_recording(std::string_view json);

}  // namespace ptarmigan
