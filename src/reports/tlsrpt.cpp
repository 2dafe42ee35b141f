// reports/tlsrpt.cpp - see tlsrpt.hpp.
#include "reports/tlsrpt.hpp"

#include <algorithm>

#include <nlohmann/json.hpp>

#include "base/text.hpp"
#include "reports/dates.hpp"

namespace ptarmigan::reports {
namespace {

using nlohmann::json;

constexpr std::string_view policy_types[] = {"tlsa", "sts", "no-policy-found"};
/// RFC 8460#4.3.
constexpr std::string_view result_types[] = {"starttls-not-supported", "certificate-host-mismatch",
                                             "certificate-expired",    "certificate-not-trusted",
                                             "validation-failure",     "tlsa-invalid",
                                             "dnssec-invalid",         "dane-required",
                                             "sts-policy-fetch-error", "sts-policy-invalid",
                                             "sts-webpki-invalid"};

class Reader {
 public:
  explicit Reader(Notes& notes) : notes_(notes) {}

  TlsReport read(const json& object) {
    TlsReport report;
    report.organization_name = text(object, "organization-name");
    report.contact_info = text(object, "contact-info");
    report.report_id = text(object, "report-id");
    const auto& range = member(object, "date-range");
    report.start_datetime = text(range, "start-datetime");
    report.end_datetime = text(range, "end-datetime");
    report.start = date(report.start_datetime);
    report.end = date(report.end_datetime);
    for (const auto* policy : items(object, "policies")) report.policies.push_back(read_policy(*policy));
    return report;
  }

 private:
  static const json& member(const json& object, const char* name) {
    static const json absent;
    if (!object.is_object()) return absent;
    const auto found = object.find(name);
    return found == object.end() ? absent : *found;
  }

  std::string text(const json& object, const char* name) {
    const auto& value = member(object, name);
    if (value.is_null()) return {};
    if (value.is_string()) return value.get<std::string>();
    if (value.is_number()) {
      notes_.odd("json-type", std::string(name) + " is a number where RFC 8460 has a text");
      return value.dump();
    }
    notes_.lost("json-type-unusable", std::string(name) + " is neither text nor number");
    return {};
  }

  std::uint64_t count(const json& object, const char* name) {
    const auto& value = member(object, name);
    if (value.is_null()) return 0;
    if (value.is_number_unsigned()) return value.get<std::uint64_t>();
    const auto read =
        value.is_string() ? parse_number<std::uint64_t>(trim(value.get_ref<const std::string&>())) : std::nullopt;
    if (read)
      notes_.odd("json-type", std::string(name) + " is a text where RFC 8460 has a number");
    else
      notes_.lost("count-unreadable", std::string(name) + " is no number of sessions");
    return read.value_or(0);
  }

  /// The elements of an array; a value that stands there alone is the only one.
  std::vector<const json*> items(const json& object, const char* name) {
    const auto& value = member(object, name);
    std::vector<const json*> out;
    if (value.is_null()) return out;
    if (!value.is_array()) {
      notes_.odd("json-type", std::string(name) + " is no list");
      out.push_back(&value);
      return out;
    }
    for (const auto& item : value) out.push_back(&item);
    return out;
  }

  std::vector<std::string> texts(const json& object, const char* name) {
    std::vector<std::string> out;
    for (const auto* item : items(object, name)) {
      if (item->is_string())
        out.push_back(item->get<std::string>());
      else
        notes_.lost("json-type-unusable", std::string(name) + " holds something that is no text");
    }
    return out;
  }

  std::optional<WallTime> date(const std::string& written) {
    const auto time = parse_rfc3339(written);
    if (!time) notes_.lost("date-unreadable", "the date-range has " + printable(written));
    return time;
  }

  template <std::size_t count>
  std::string word(const json& object, const char* name, const std::string_view (&known)[count]) {
    auto lower = to_lower(trim(std::string_view(text(object, name))));
    if (std::ranges::find(known, lower) == std::end(known))
      notes_.odd("unknown-word", std::string(name) + " is " + printable(lower) + ", which RFC 8460 does not know");
    return lower;
  }

  TlsPolicyResult read_policy(const json& item) {
    TlsPolicyResult out;
    const auto& policy = member(item, "policy");
    out.policy_type = word(policy, "policy-type", policy_types);
    out.policy_string = texts(policy, "policy-string");
    out.policy_domain = text(policy, "policy-domain");
    out.mx_host = texts(policy, "mx-host");
    const auto& summary = member(item, "summary");
    out.successful_sessions = count(summary, "total-successful-session-count");
    out.failed_sessions = count(summary, "total-failure-session-count");
    for (const auto* failed : items(item, "failure-details"))
      out.failures.push_back({.result_type = word(*failed, "result-type", result_types),
                              .sending_mta_ip = text(*failed, "sending-mta-ip"),
                              .receiving_mx_hostname = text(*failed, "receiving-mx-hostname"),
                              .receiving_mx_helo = text(*failed, "receiving-mx-helo"),
                              .receiving_ip = text(*failed, "receiving-ip"),
                              .failed_session_count = count(*failed, "failed-session-count"),
                              .additional_information = text(*failed, "additional-information"),
                              .failure_reason_code = text(*failed, "failure-reason-code")});
    return out;
  }

  Notes& notes_;
};

}  // namespace

Result<TlsReport> parse_tls_report(std::string_view octets, Notes& notes) {
  if (octets.size() > max_tls_report)
    return failure("The TLS report is longer than " + std::to_string(max_tls_report >> 20) + " MiB");
  if (octets.starts_with("\xef\xbb\xbf")) octets.remove_prefix(3);
  std::size_t deepest = 0;
  const json::parser_callback_t measure = [&](int depth, json::parse_event_t /*event*/, json& /*value*/) {
    deepest = std::max(deepest, static_cast<std::size_t>(depth));
    return deepest <= max_json_depth;
  };
  const auto object = json::parse(readable_text(octets, notes), measure, false);
  if (object.is_discarded() || deepest > max_json_depth) return failure("The TLS report is no JSON text");
  if (!object.is_object() || !object.contains("policies")) return failure("The JSON text is no TLS report");
  return Reader(notes).read(object);
}

}  // namespace ptarmigan::reports
