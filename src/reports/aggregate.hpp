// reports/aggregate.hpp - DMARC aggregate reports, RFC 7489#C and RFC 9990, as one structure. Values are what the
// report says: words in lower case and without blanks around them, everything else as written. What is absent is empty.
// Nothing in it is true because a report says so: whoever uses it compares the policy's domain with its own.
// Limits: xml.hpp. Errors: no feedback element. Threads: free functions on values.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "base/time.hpp"
#include "reports/notes.hpp"

namespace ptarmigan::reports {

/// PolicyOverrideReason.
struct OverrideReason {
  std::string type;  ///< "local_policy", "trusted_forwarder", "mailing_list", "policy_test_mode", ...
  std::string comment;
};

struct DkimAuthResult {
  std::string domain;
  std::string selector;
  std::string result;  ///< "pass", "fail", "none", "policy", "neutral", "temperror", "permerror"
  std::string human_result;
};

struct SpfAuthResult {
  std::string domain;
  std::string scope;   ///< "mfrom", "helo"
  std::string result;  ///< "pass", "fail", "softfail", ...
  std::string human_result;
};

/// RFC 9990: additions of others; their content is not read.
struct Extension {
  std::string name;
  std::string definition;
};

/// One row: messages of one source with the same results.
struct AggregateRecord {
  std::string source_ip;  ///< as written; a note tells where it is no address
  std::uint64_t count = 0;
  std::string disposition;  ///< "none", "pass", "quarantine", "reject"
  std::string dkim;         ///< aligned and passed: "pass" or "fail"
  std::string spf;
  std::vector<OverrideReason> reasons;
  std::string header_from;
  std::string envelope_from;
  std::string envelope_to;
  std::vector<DkimAuthResult> dkim_results;
  std::vector<SpfAuthResult> spf_results;
  std::vector<Extension> extensions;
};

struct PolicyPublished {
  std::string domain;
  std::string version_published;
  std::string adkim;  ///< "r" or "s"
  std::string aspf;
  std::string p;
  std::string sp;
  std::string np;
  std::optional<unsigned> pct;
  std::string fo;
  std::string testing;           ///< "y" or "n"
  std::string discovery_method;  ///< "psl" or "treewalk"
};

struct AggregateReport {
  std::string xml_namespace;  ///< "urn:ietf:params:xml:ns:dmarc-2.0" for RFC 9990; often absent
  std::string version;
  std::string org_name;
  std::string email;
  std::string extra_contact_info;
  std::string report_id;
  std::string generator;
  std::vector<std::string> errors;
  std::optional<WallTime> begin;
  std::optional<WallTime> end;
  PolicyPublished policy;
  std::vector<AggregateRecord> records;
  std::vector<Extension> extensions;
};

/// Of the XML text.
[[nodiscard]] Result<AggregateReport> parse_aggregate(std::string_view xml, Notes& notes);

/// Whether an octet string may hold such a report: a feedback element begins near its beginning.
[[nodiscard]] bool looks_like_aggregate(std::string_view octets);

}  // namespace ptarmigan::reports
