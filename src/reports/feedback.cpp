// reports/feedback.cpp - see feedback.hpp.
#include "reports/feedback.hpp"

#include <algorithm>

#include "base/ip_address.hpp"
#include "base/text.hpp"
#include "reports/dates.hpp"

namespace ptarmigan::reports {
namespace {

constexpr std::string_view feedback_types[] = {"abuse", "auth-failure", "fraud",        "not-spam",
                                               "virus", "opt-out",      "opt-out-list", "other"};

std::string without_blanks(std::string_view text) {
  std::string out;
  for (const char c : text)
    if (!is_wsp(c) && c != '\r' && c != '\n') out += c;
  return out;
}

class Reader {
 public:
  Reader(FeedbackReport& report, Notes& notes) : report_(report), notes_(notes) {}

  void field(const message::HeaderField& field) {
    const auto value = value_of(&field, notes_);
    if (field.stray()) {
      notes_.odd("stray-line", "a line is no field: " + printable(value));
    } else if (!text_field(field, value) && !list_field(field, value) && !parsed_field(field, value)) {
      report_.other.push_back({.name = readable_text(field.name, notes_), .value = value});
    }
  }

 private:
  /// Fields that are kept as they are.
  bool text_field(const message::HeaderField& field, const std::string& value) {
    const auto keep = [&](std::string_view name, std::string& where) {
      if (!field.is(name)) return false;
      if (!where.empty()) notes_.odd("field-repeated", std::string(name) + " is there twice; the last one counts");
      where = value;
      return true;
    };
    return keep("User-Agent", report_.user_agent) || keep("Version", report_.version) ||
           keep("Original-Envelope-Id", report_.original_envelope_id) ||
           keep("Original-Mail-From", report_.original_mail_from) || keep("DKIM-Domain", report_.dkim_domain) ||
           keep("DKIM-Identity", report_.dkim_identity) || keep("DKIM-Selector", report_.dkim_selector) ||
           keep("DKIM-Selector-DNS", report_.dkim_selector_dns) || keep("DKIM-ADSP-DNS", report_.dkim_adsp_dns);
  }

  bool list_field(const message::HeaderField& field, const std::string& value) {
    const auto keep = [&](std::string_view name, std::vector<std::string>& where) {
      if (!field.is(name)) return false;
      where.push_back(value);
      return true;
    };
    return keep("Original-Rcpt-To", report_.original_rcpt_to) ||
           keep("Removal-Recipient", report_.removal_recipients) || keep("Reported-Domain", report_.reported_domains) ||
           keep("Reported-URI", report_.reported_uris) ||
           keep("Authentication-Results", report_.authentication_results) || keep("SPF-DNS", report_.spf_dns);
  }

  bool parsed_field(const message::HeaderField& field, const std::string& value) {
    const auto word = [&] { return to_lower(value_without_comment(value)); };
    if (field.is("Feedback-Type")) {
      report_.feedback_type = word();
    } else if (field.is("Arrival-Date") || field.is("Received-Date")) {
      if (field.is("Received-Date")) notes_.odd("field-renamed", "Received-Date stands for Arrival-Date");
      report_.arrival_date = value;
      report_.arrived = parse_mail_date(value);
      if (!report_.arrived) notes_.odd("date-unreadable", "Arrival-Date is " + printable(value));
    } else if (field.is("Reporting-MTA")) {
      report_.reporting_mta = TypedValue::parse(value);
    } else if (field.is("Source-IP")) {
      source_ip(value_without_comment(value));
    } else if (field.is("Source-Port")) {
      report_.source_port = parse_number<unsigned>(value_without_comment(value));
      if (!report_.source_port) notes_.odd("port-unreadable", "Source-Port is " + printable(value));
    } else if (field.is("Incidents")) {
      const auto count = parse_number<std::uint64_t>(value_without_comment(value));
      if (!count) notes_.odd("count-unreadable", "Incidents is " + printable(value));
      report_.incidents = count.value_or(1);
    } else if (field.is("Auth-Failure")) {
      report_.auth_failure = word();
    } else if (field.is("Delivery-Result")) {
      report_.delivery_result = word();
    } else if (field.is("Identity-Alignment")) {
      alignment(value);
    } else if (field.is("DKIM-Canonicalized-Header")) {
      report_.dkim_canonicalized_header = without_blanks(value);
    } else if (field.is("DKIM-Canonicalized-Body")) {
      report_.dkim_canonicalized_body = without_blanks(value);
    } else {
      return false;
    }
    return true;
  }

  void source_ip(std::string address) {
    if (address.starts_with('[') && address.ends_with(']')) address = address.substr(1, address.size() - 2);
    if (!IpAddress::parse(address))
      notes_.odd("source-ip-invalid", "Source-IP is " + printable(address) + ", which is no address");
    report_.source_ip = std::move(address);
  }

  /// RFC 9991: words between commas, with comments.
  void alignment(std::string_view value) {
    for (const auto word : split(value, ',')) {
      auto lower = to_lower(value_without_comment(word));
      if (!lower.empty()) report_.identity_alignment.push_back(std::move(lower));
    }
  }

  FeedbackReport& report_;
  Notes& notes_;
};

}  // namespace

Result<FeedbackReport> parse_feedback(std::string_view fields, std::string_view original, Notes& notes) {
  FeedbackReport report;
  Reader reader(report, notes);
  const auto groups = field_groups(fields, notes);
  if (groups.size() > 1) notes.odd("fields-in-groups", "empty lines stand between the fields of the report");
  for (const auto& group : groups)
    for (const auto& field : group.fields()) reader.field(field);
  if (report.feedback_type.empty()) return failure("The feedback report has no Feedback-Type");
  if (std::ranges::find(feedback_types, report.feedback_type) == std::end(feedback_types))
    notes.odd("unknown-word", "Feedback-Type is " + printable(report.feedback_type) + ", which no RFC knows");
  if (report.feedback_type == "auth-failure" && report.auth_failure.empty())
    notes.odd("field-missing", "an authentication failure report does not say what failed (Auth-Failure)");
  if (report.version.empty() || report.user_agent.empty())
    notes.odd("field-missing", "Version or User-Agent is missing (RFC 5965 requires both)");
  report.original = read_original(original, notes);
  return report;
}

Result<FeedbackReport> parse_feedback_text(std::string_view text, Notes& notes) {
  constexpr std::string_view said = "has failed the published DMARC policy";
  constexpr std::string_view original_mark = "------ This is a copy of the headers";
  if (!text.contains(said)) return failure("The text is no DMARC failure report");
  const auto mark = text.find(original_mark);
  FeedbackReport report;
  report.feedback_type = "auth-failure";
  report.auth_failure = "dmarc";
  for (auto rest = text.substr(0, mark); !rest.empty();) {
    const auto line = rest.substr(0, rest.find('\n'));
    rest.remove_prefix(std::min(line.size() + 1, rest.size()));
    const auto colon = line.find(':');
    if (colon == std::string_view::npos) continue;
    const auto name = trim(line.substr(0, colon));
    const auto value = trim(line.substr(colon + 1));
    if (name == "Sender Domain") report.reported_domains.push_back(to_lower(value));
    if (name == "Sender IP Address") report.source_ip = value;
    if (name == "Received date") report.arrived = parse_mail_date(report.arrival_date = value);
    if (name == "DKIM Alignment" && value == "no") report.identity_alignment.emplace_back("dkim");
    if (name == "SPF Alignment" && value == "no") report.identity_alignment.emplace_back("spf");
    if (name == "DMARC Results") report.other.push_back({std::string(name), std::string(value)});
  }
  if (report.reported_domains.empty() || report.source_ip.empty())
    return failure("The DMARC failure report names no domain or no address");
  notes.odd("text-alone", "the failure report has no part for programs (message/feedback-report)");
  if (mark != std::string_view::npos) {
    auto original = text.substr(mark);
    original.remove_prefix(std::min(original.find('\n'), original.size()));
    original.remove_prefix(std::min(original.find_first_not_of("\r\n"), original.size()));
    report.original = read_original(original, notes);
  }
  return report;
}

}  // namespace ptarmigan::reports
