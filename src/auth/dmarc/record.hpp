// auth/dmarc/record.hpp - a DMARC policy record as a value (RFC 9989#4.7, RFC 9989#4.8).
// Anything wrong after the version is ignored or replaced by its default, and told in `remarks`; the first of two equal
// tags counts. Tags of RFC 7489 that are historic now (pct, rf, ri) are ignored.
// Threads: free functions on values.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "dns/name.hpp"

namespace ptarmigan::dmarc {

/// In order of strictness.
enum class Policy : std::uint8_t { none, quarantine, reject };
/// "quarantine"
[[nodiscard]] std::string_view to_string(Policy policy);

enum class AlignmentMode : std::uint8_t { relaxed, strict };
/// Of tag psd: is the domain a public suffix (yes), an organizational domain (no), or to be found out?
enum class Psd : std::uint8_t { undetermined, yes, no };
enum class TestMode : std::uint8_t { off, on };

/// One destination of rua or ruf.
struct ReportUri {
  /// As published, without blanks and without the obsolete size limit.
  std::string uri;
  /// For mailto: the address, percent-encoding resolved; "" for other schemes, to which no report is sent.
  std::string address;
  /// The address's domain; the root without address.
  dns::DomainName domain;
  friend bool operator==(const ReportUri&, const ReportUri&) = default;
};

/// Of tag fo: when a failure report is wanted.
struct FailureOptions {
  bool all_failed = true;    ///< 0
  bool any_failed = false;   ///< 1
  bool dkim_failed = false;  ///< d
  bool spf_failed = false;   ///< s
  friend bool operator==(const FailureOptions&, const FailureOptions&) = default;
};

/// What a receiver may do with a record (RFC 9989#4.7).
enum class Usability : std::uint8_t {
  full,      ///< p is valid, and so are sp and np where they are
  as_none,   ///< p, sp or np is missing or invalid, but there is a report address: as if it were p=none alone
  no_policy  ///< ... and there is none: no DMARC processing
};

struct Record {
  std::optional<Policy> p;
  std::optional<Policy> sp;
  std::optional<Policy> np;
  AlignmentMode adkim = AlignmentMode::relaxed;
  AlignmentMode aspf = AlignmentMode::relaxed;
  Psd psd = Psd::undetermined;
  TestMode test_mode = TestMode::off;
  std::vector<ReportUri> rua;
  std::vector<ReportUri> ruf;
  FailureOptions failure_options;
  Usability usability = Usability::no_policy;
  /// What was ignored, and why; for people. Each is a clause without a full stop.
  std::vector<std::string> remarks;

  /// `text` is one joined TXT record. An error where it does not begin with the version tag v=DMARC1: it is no DMARC
  /// record at all.
  static ptarmigan::Result<Record> parse(std::string_view text);
  friend bool operator==(const Record&, const Record&) = default;
};

/// Destinations in one record beyond this are ignored: each costs a query and a mail.
inline constexpr std::size_t max_report_uris = 20;

/// The record in canonical form: tags in the order of RFC 9989#4.7, defaults left out. Parses back to an equal record,
/// remarks aside, where usability is full.
[[nodiscard]] std::string record_text(const Record& record);

}  // namespace ptarmigan::dmarc
