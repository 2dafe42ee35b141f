// store/records.hpp - what the history keeps besides attempts: reports of others, incidents, snapshots of records,
// standings, figures, audit. Plain values; times in WallTime, days as the first moment of the day (UTC).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/queue_id.hpp"
#include "base/time.hpp"
#include "watch/figures.hpp"
#include "watch/incidents.hpp"

namespace ptarmigan::store {

/// One report of somebody else, as it was taken in.
struct ReportRecord {
  std::int64_t id = 0;            ///< of the row; 0 until it is kept
  std::string identity = {};      ///< what makes it the same report, however often it comes
  std::string kind = {};          ///< "dmarc-aggregate", "feedback", "tls", "delivery"
  std::string organization = {};  ///< that claims to have written it
  std::string report_id = {};
  std::string domain = {};  ///< that it is about, lower case
  WallTime begins = {};
  WallTime ends = {};
  WallTime received = {};
  std::uint64_t messages = 0;  ///< or sessions
  std::uint64_t passed = 0;
  std::string source = {};  ///< file name, or "mail"
  bool ours = true;         ///< about a domain of ours; others are kept apart and count nowhere
  std::string notes = {};   ///< JSON: what was odd
};

/// A row of a DMARC aggregate report.
struct DmarcRow {
  WallTime day = {};
  std::string domain = {};
  std::string header_from = {};
  std::string source_ip = {};
  int family = 0;    ///< 4, 6, 0 where it is no address
  bool own = false;  ///< from an address of ours
  std::string disposition = {};
  bool dkim = false;  ///< aligned and passed
  bool spf = false;
  std::string dkim_domain = {};
  std::string dkim_selector = {};
  std::string dkim_result = {};
  std::string spf_domain = {};
  std::string spf_result = {};
  std::string reason = {};  ///< the receiver's override: "forwarded"
  std::uint64_t messages = 0;
};

/// A row of a TLS report: sessions with one result ("success" or a failure's type).
struct TlsRow {
  WallTime day = {};
  std::string domain = {};
  std::string policy = {};
  std::string result = {};
  std::string mx_host = {};
  std::string sending_ip = {};
  std::uint64_t sessions = 0;
};

/// A complaint, or an authentication failure.
struct FeedbackRow {
  WallTime time = {};
  std::string type = {};
  std::string reporter = {};
  std::string source_ip = {};
  std::string domain = {};
  std::string mail_from = {};
  std::string recipient = {};
  std::string message_id = {};
  QueueId queue_id = {};  ///< of our message where it is known, else 0
  std::string detail = {};
};

/// One recipient of a bounce that came back by mail.
struct BounceRow {
  WallTime time = {};
  QueueId queue_id = {};
  std::string recipient = {};
  std::string action = {};
  std::string status = {};
  std::string remote_mta = {};
  std::string reply = {};
  std::string kind = {};
  std::string rule_id = {};
};

struct FullReport {
  ReportRecord report = {};
  std::vector<DmarcRow> dmarc = {};
  std::vector<TlsRow> tls = {};
  std::vector<FeedbackRow> feedback = {};
  std::vector<BounceRow> bounces = {};
  std::string original_message_id = {};  ///< of what a bounce is about
};

using watch::Incident;

/// A line of an incident's story.
struct IncidentEvent {
  std::int64_t incident = 0;
  WallTime time = {};
  std::string what = {};  ///< "opened", "seen", "changed", "checked", "closed", "alerted"
  std::string text = {};
};

/// A record set as it was seen when it changed.
struct Snapshot {
  WallTime time = {};
  std::string name = {};
  std::string type = {};
  std::string status = {};   ///< facts' word: "found", "no data" ...
  std::string records = {};  ///< zone text, one a line, sorted
  std::string diff = {};     ///< lines with "+ " and "- " before them; "" the first time
  friend bool operator==(const Snapshot&, const Snapshot&) = default;
};

/// What a source is worth at a site for a sender ("" for every one), as last told.
struct StandingRow {
  std::string source = {};
  std::string site = {};
  std::string sender = {};
  std::string standing = {};
  std::string why = {};
  std::string rules = {};  ///< ids, joined with blanks
  WallTime since = {};
  WallTime updated = {};
};

using watch::Figure;

struct AuditLine {
  WallTime time = {};
  std::string who = {};
  std::string address = {};
  std::string action = {};
  std::string detail = {};
};

}  // namespace ptarmigan::store
