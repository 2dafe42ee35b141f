// reports/aggregate.cpp - see aggregate.hpp.
#include "reports/aggregate.hpp"

#include <algorithm>
#include <span>

#include "base/ip_address.hpp"
#include "base/text.hpp"
#include "reports/dates.hpp"
#include "reports/xml.hpp"

namespace ptarmigan::reports {
namespace {

/// How far into the text the feedback element may begin: after a declaration, a long comment, a wrapping schema.
constexpr std::size_t look_ahead = 64U << 10;
/// How many elements may wrap the feedback element (one reporter puts it into its schema).
constexpr unsigned max_wrapping = 3;

/// The longest namespace prefix that is looked for, with its "<".
constexpr std::size_t max_prefix = 40;

using Words = std::span<const std::string_view>;
constexpr std::string_view policies[] = {"none", "quarantine", "reject"};
constexpr std::string_view dispositions[] = {"none", "pass", "quarantine", "reject"};
constexpr std::string_view modes[] = {"r", "s"};
constexpr std::string_view aligned[] = {"pass", "fail"};
constexpr std::string_view flags[] = {"y", "n"};
constexpr std::string_view discoveries[] = {"psl", "treewalk"};
constexpr std::string_view scopes[] = {"helo", "mfrom"};
constexpr std::string_view dkim_words[] = {"none", "pass", "fail", "policy", "neutral", "temperror", "permerror"};
constexpr std::string_view spf_words[] = {"none",     "neutral",   "pass",      "fail",
                                          "softfail", "temperror", "permerror", "policy"};
constexpr std::string_view reason_types[] = {
    "forwarded", "sampled_out", "trusted_forwarder", "mailing_list", "local_policy", "policy_test_mode", "other"};

class Reader {
 public:
  explicit Reader(Notes& notes) : notes_(notes) {}

  AggregateReport read(const pugi::xml_node& feedback) {
    AggregateReport report;
    report.xml_namespace = namespace_of(feedback);
    report.version = text(feedback, "version");
    read_metadata(child_of(feedback, "report_metadata"), report);
    read_policy(child_of(feedback, "policy_published"), report.policy);
    for (const auto& child : feedback)
      if (iequals(local_name(child.name()), "record")) report.records.push_back(read_record(child));
    report.extensions = read_extensions(feedback);
    if (report.records.empty()) notes_.odd("no-records", "the report has no record");
    return report;
  }

 private:
  static std::string text(const pugi::xml_node& parent, std::string_view name) {
    return std::string(trim(std::string_view(child_of(parent, name).child_value())));
  }

  static std::string namespace_of(const pugi::xml_node& feedback) {
    const std::string_view name = feedback.name();
    const auto colon = name.find(':');
    const auto attribute =
        colon == std::string_view::npos ? std::string("xmlns") : "xmlns:" + std::string(name.substr(0, colon));
    return feedback.attribute(attribute.c_str()).value();
  }

  /// One of the words that the RFCs know; another one is kept, with a note.
  std::string word(const pugi::xml_node& parent, std::string_view name, Words known) {
    const auto written = text(parent, name);
    auto lower = to_lower(written);
    if (lower != written)
      notes_.odd("upper-case-word", std::string(name) + " is written " + printable(written) + ", not in lower case");
    if (!lower.empty() && std::ranges::find(known, lower) == known.end())
      notes_.odd("unknown-word", std::string(name) + " has the value " + printable(written) + ", which no RFC knows");
    return lower;
  }

  std::optional<WallTime> date(const pugi::xml_node& range, std::string_view name) {
    const auto written = text(range, name);
    const auto read = parse_epoch(written);
    if (!read) {
      notes_.lost("date-unreadable", "the date_range's " + std::string(name) + " is " + printable(written));
      return std::nullopt;
    }
    if (!read->plain)
      notes_.odd("date-not-seconds", "the date_range's " + std::string(name) + " is " + printable(written) +
                                         ", not a whole number of seconds");
    return read->time;
  }

  void read_metadata(const pugi::xml_node& metadata, AggregateReport& report) {
    if (!metadata) return notes_.lost("no-metadata", "the report has no report_metadata");
    report.org_name = text(metadata, "org_name");
    report.email = text(metadata, "email");
    report.extra_contact_info = text(metadata, "extra_contact_info");
    report.report_id = text(metadata, "report_id");
    report.generator = text(metadata, "generator");
    for (const auto& child : metadata)
      if (iequals(local_name(child.name()), "error"))
        report.errors.emplace_back(trim(std::string_view(child.child_value())));
    if (report.org_name.empty()) notes_.odd("no-org-name", "the reporter gives no name of its own");
    if (report.report_id.empty()) notes_.odd("no-report-id", "the report has no id");
    const auto range = child_of(metadata, "date_range");
    report.begin = date(range, "begin");
    report.end = date(range, "end");
    if (report.begin && report.end && *report.end < *report.begin)
      notes_.odd("date-range-backwards", "the report ends before it begins");
  }

  void read_policy(const pugi::xml_node& published, PolicyPublished& policy) {
    if (!published) return notes_.lost("no-policy", "the report has no policy_published");
    policy.domain = text(published, "domain");
    policy.version_published = text(published, "version_published");
    policy.adkim = word(published, "adkim", modes);
    policy.aspf = word(published, "aspf", modes);
    policy.p = word(published, "p", policies);
    policy.sp = word(published, "sp", policies);
    policy.np = word(published, "np", policies);
    policy.fo = text(published, "fo");
    policy.testing = word(published, "testing", flags);
    policy.discovery_method = word(published, "discovery_method", discoveries);
    const auto pct = text(published, "pct");
    if (!pct.empty()) {
      policy.pct = parse_number<unsigned>(pct);
      if (!policy.pct || *policy.pct > 100) notes_.odd("pct-unreadable", "pct is " + printable(pct));
    }
    if (policy.domain.empty()) notes_.lost("no-policy-domain", "the report does not say which domain it is about");
  }

  AggregateRecord read_record(const pugi::xml_node& node) {
    AggregateRecord record;
    const auto row = child_of(node, "row");
    if (!row) notes_.lost("no-row", "a record has no row");
    record.source_ip = text(row, "source_ip");
    if (row && !IpAddress::parse(record.source_ip))
      notes_.odd("source-ip-invalid", "source_ip is " + printable(record.source_ip) + ", which is no address");
    if (row) record.count = count_of(row);
    const auto evaluated = child_of(row, "policy_evaluated");
    record.disposition = word(evaluated, "disposition", dispositions);
    record.dkim = word(evaluated, "dkim", aligned);
    record.spf = word(evaluated, "spf", aligned);
    read_reasons(evaluated, record);
    auto identifiers = child_of(node, "identifiers");
    if (!identifiers) identifiers = child_of(node, "identities");  // of the drafts before RFC 7489
    record.header_from = text(identifiers, "header_from");
    record.envelope_from = text(identifiers, "envelope_from");
    record.envelope_to = text(identifiers, "envelope_to");
    if (record.header_from.empty()) notes_.odd("no-header-from", "a record has no header_from");
    read_results(child_of(node, "auth_results"), record);
    record.extensions = read_extensions(node);
    return record;
  }

  std::uint64_t count_of(const pugi::xml_node& row) {
    const auto written = text(row, "count");
    if (const auto count = parse_number<std::uint64_t>(written)) return *count;
    const auto whole = parse_number<std::uint64_t>(std::string_view(written).substr(0, written.find('.')));
    if (whole)
      notes_.odd("count-not-whole", "a record's count is " + printable(written));
    else
      notes_.lost("count-unreadable", "a record's count is " + printable(written));
    return whole.value_or(0);
  }

  void read_reasons(const pugi::xml_node& evaluated, AggregateRecord& record) {
    for (const auto& child : evaluated) {
      if (!iequals(local_name(child.name()), "reason")) continue;
      OverrideReason reason{.type = word(child, "type", reason_types), .comment = text(child, "comment")};
      if (reason.type.empty() && reason.comment.empty())
        notes_.odd("empty-reason", "a reason for another disposition is empty");
      else
        record.reasons.push_back(std::move(reason));
    }
  }

  void read_results(const pugi::xml_node& results, AggregateRecord& record) {
    for (const auto& child : results) {
      const auto name = local_name(child.name());
      if (iequals(name, "dkim"))
        record.dkim_results.push_back({.domain = text(child, "domain"),
                                       .selector = text(child, "selector"),
                                       .result = word(child, "result", dkim_words),
                                       .human_result = text(child, "human_result")});
      else if (iequals(name, "spf"))
        record.spf_results.push_back({.domain = text(child, "domain"),
                                      .scope = word(child, "scope", scopes),
                                      .result = word(child, "result", spf_words),
                                      .human_result = text(child, "human_result")});
    }
  }

  static std::vector<Extension> read_extensions(const pugi::xml_node& parent) {
    std::vector<Extension> out;
    for (const auto& child : child_of(parent, "extensions"))
      if (iequals(local_name(child.name()), "extension"))
        out.push_back({.name = child.attribute("name").value(), .definition = child.attribute("definition").value()});
    return out;
  }

  Notes& notes_;
};

/// The feedback element at or below `node`.
pugi::xml_node find_feedback(const pugi::xml_node& node, unsigned wrapping) {
  if (const auto found = child_of(node, "feedback")) return found;
  if (wrapping == max_wrapping) return {};
  for (const auto& child : node)
    if (const auto found = find_feedback(child, wrapping + 1)) return found;
  return {};
}

}  // namespace

Result<AggregateReport> parse_aggregate(std::string_view xml, Notes& notes) {
  pugi::xml_document document;
  if (const auto loaded = load_xml(xml, document, notes); !loaded) return std::unexpected(loaded.error());
  const auto feedback = find_feedback(document, 0);
  if (!feedback) return failure("The XML is no DMARC aggregate report: it has no feedback element");
  if (feedback.parent() != document) notes.odd("feedback-wrapped", "the report is inside of another element");
  return Reader(notes).read(feedback);
}

bool looks_like_aggregate(std::string_view octets) {
  if (octets.starts_with("\xff\xfe") || octets.starts_with("\xfe\xff")) return true;
  const auto head = octets.substr(0, look_ahead);
  for (auto at = ifind(head, "feedback"); at != std::string_view::npos; at = ifind(head, "feedback", at + 1)) {
    const auto before = head.substr(at - std::min(at, max_prefix), std::min(at, max_prefix));
    const auto open = before.rfind('<');
    if (open == std::string_view::npos) continue;
    const auto prefix = before.substr(open + 1);
    if (prefix.empty() || (prefix.ends_with(':') && prefix.find_first_of(" \t\r\n>/") == std::string_view::npos))
      return true;
  }
  return false;
}

}  // namespace ptarmigan::reports
