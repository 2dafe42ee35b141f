// reports/json.cpp - see json.hpp.
#include "reports/json.hpp"

#include <nlohmann/json.hpp>

namespace ptarmigan::reports {
namespace {

using Json = nlohmann::ordered_json;

Json text(const std::string& value) {
  return value.empty() ? Json(nullptr) : Json(value);
}

Json time(const std::optional<WallTime>& value) {
  return value ? Json(rfc3339(*value)) : Json(nullptr);
}

Json epoch(const std::optional<WallTime>& value) {
  return value ? Json(std::chrono::floor<seconds>(value->time_since_epoch()).count()) : Json(nullptr);
}

template <typename T>
Json optional(const std::optional<T>& value) {
  return value ? Json(*value) : Json(nullptr);
}

template <typename T, typename Write>
Json list(const std::vector<T>& values, Write write) {
  auto out = Json::array();
  for (const auto& value : values) out.push_back(write(value));
  return out;
}

Json texts(const std::vector<std::string>& values) {
  return list(values, [](const std::string& value) { return Json(value); });
}

Json typed(const TypedValue& value) {
  return value.empty() ? Json(nullptr) : Json{{"type", text(value.type)}, {"value", value.value}};
}

Json extension(const Extension& value) {
  return {{"name", value.name}, {"definition", value.definition}};
}

Json other_fields(const std::vector<OtherField>& fields) {
  return list(fields, [](const OtherField& field) { return Json{{"name", field.name}, {"value", field.value}}; });
}

Json original(const OriginalMail& mail) {
  if (mail.empty()) return nullptr;
  return {{"message_id", text(mail.message_id)}, {"from", text(mail.from)}, {"to", text(mail.to)},
          {"subject", text(mail.subject)},       {"date", text(mail.date)}, {"headers", text(mail.header)}};
}

Json record(const AggregateRecord& value) {
  const auto reason = [](const OverrideReason& one) {
    return Json{{"type", text(one.type)}, {"comment", text(one.comment)}};
  };
  const auto dkim = [](const DkimAuthResult& one) {
    return Json{{"domain", text(one.domain)},
                {"selector", text(one.selector)},
                {"result", text(one.result)},
                {"human_result", text(one.human_result)}};
  };
  const auto spf = [](const SpfAuthResult& one) {
    return Json{{"domain", text(one.domain)},
                {"scope", text(one.scope)},
                {"result", text(one.result)},
                {"human_result", text(one.human_result)}};
  };
  return {{"row",
           {{"source_ip", text(value.source_ip)},
            {"count", value.count},
            {"policy_evaluated",
             {{"disposition", text(value.disposition)},
              {"dkim", text(value.dkim)},
              {"spf", text(value.spf)},
              {"reason", list(value.reasons, reason)}}}}},
          {"identifiers",
           {{"envelope_to", text(value.envelope_to)},
            {"envelope_from", text(value.envelope_from)},
            {"header_from", text(value.header_from)}}},
          {"auth_results", {{"dkim", list(value.dkim_results, dkim)}, {"spf", list(value.spf_results, spf)}}},
          {"extensions", list(value.extensions, extension)}};
}

Json content(const AggregateReport& report) {
  const auto& policy = report.policy;
  return {{"xmlns", text(report.xml_namespace)},
          {"version", text(report.version)},
          {"report_metadata",
           {{"org_name", text(report.org_name)},
            {"email", text(report.email)},
            {"extra_contact_info", text(report.extra_contact_info)},
            {"report_id", text(report.report_id)},
            {"date_range", {{"begin", epoch(report.begin)}, {"end", epoch(report.end)}}},
            {"error", texts(report.errors)},
            {"generator", text(report.generator)}}},
          {"policy_published",
           {{"domain", text(policy.domain)},
            {"version_published", text(policy.version_published)},
            {"adkim", text(policy.adkim)},
            {"aspf", text(policy.aspf)},
            {"p", text(policy.p)},
            {"sp", text(policy.sp)},
            {"np", text(policy.np)},
            {"pct", optional(policy.pct)},
            {"fo", text(policy.fo)},
            {"testing", text(policy.testing)},
            {"discovery_method", text(policy.discovery_method)}}},
          {"record", list(report.records, record)},
          {"extensions", list(report.extensions, extension)}};
}

Json content(const FeedbackReport& report) {
  return {{"feedback_type", text(report.feedback_type)},
          {"user_agent", text(report.user_agent)},
          {"version", text(report.version)},
          {"incidents", report.incidents},
          {"original_envelope_id", text(report.original_envelope_id)},
          {"original_mail_from", text(report.original_mail_from)},
          {"original_rcpt_to", texts(report.original_rcpt_to)},
          {"removal_recipient", texts(report.removal_recipients)},
          {"arrival_date", text(report.arrival_date)},
          {"arrived_at", time(report.arrived)},
          {"reporting_mta", typed(report.reporting_mta)},
          {"source_ip", text(report.source_ip)},
          {"source_port", optional(report.source_port)},
          {"reported_domain", texts(report.reported_domains)},
          {"reported_uri", texts(report.reported_uris)},
          {"authentication_results", texts(report.authentication_results)},
          {"auth_failure", text(report.auth_failure)},
          {"identity_alignment", texts(report.identity_alignment)},
          {"delivery_result", text(report.delivery_result)},
          {"dkim_domain", text(report.dkim_domain)},
          {"dkim_identity", text(report.dkim_identity)},
          {"dkim_selector", text(report.dkim_selector)},
          {"dkim_selector_dns", text(report.dkim_selector_dns)},
          {"dkim_adsp_dns", text(report.dkim_adsp_dns)},
          {"dkim_canonicalized_header", text(report.dkim_canonicalized_header)},
          {"dkim_canonicalized_body", text(report.dkim_canonicalized_body)},
          {"spf_dns", texts(report.spf_dns)},
          {"other", other_fields(report.other)},
          {"original", original(report.original)}};
}

Json content(const TlsReport& report) {
  const auto failure = [](const TlsFailure& one) {
    return Json{{"result-type", text(one.result_type)},
                {"sending-mta-ip", text(one.sending_mta_ip)},
                {"receiving-mx-hostname", text(one.receiving_mx_hostname)},
                {"receiving-mx-helo", text(one.receiving_mx_helo)},
                {"receiving-ip", text(one.receiving_ip)},
                {"failed-session-count", one.failed_session_count},
                {"additional-information", text(one.additional_information)},
                {"failure-reason-code", text(one.failure_reason_code)}};
  };
  const auto policy = [&](const TlsPolicyResult& one) {
    return Json{{"policy",
                 {{"policy-type", text(one.policy_type)},
                  {"policy-string", texts(one.policy_string)},
                  {"policy-domain", text(one.policy_domain)},
                  {"mx-host", texts(one.mx_host)}}},
                {"summary",
                 {{"total-successful-session-count", one.successful_sessions},
                  {"total-failure-session-count", one.failed_sessions}}},
                {"failure-details", list(one.failures, failure)}};
  };
  return {
      {"organization-name", text(report.organization_name)},
      {"date-range", {{"start-datetime", text(report.start_datetime)}, {"end-datetime", text(report.end_datetime)}}},
      {"contact-info", text(report.contact_info)},
      {"report-id", text(report.report_id)},
      {"policies", list(report.policies, policy)}};
}

Json content(const DeliveryReport& report) {
  const auto recipient = [](const RecipientStatus& one) {
    return Json{{"address", text(one.address)},
                {"original_recipient", typed(one.original_recipient)},
                {"final_recipient", typed(one.final_recipient)},
                {"action", text(one.action)},
                {"status", text(one.status)},
                {"remote_mta", typed(one.remote_mta)},
                {"diagnostic_code", typed(one.diagnostic_code)},
                {"reply_code", text(one.reply_code)},
                {"enhanced_code", text(one.enhanced_code)},
                {"last_attempt_date", text(one.last_attempt_date)},
                {"last_attempt_at", time(one.last_attempt)},
                {"will_retry_until", time(one.retry_until)},
                {"final_log_id", text(one.final_log_id)}};
  };
  return {{"form", to_string(report.form)},
          {"reporting_mta", typed(report.reporting_mta)},
          {"received_from_mta", typed(report.received_from_mta)},
          {"dsn_gateway", typed(report.dsn_gateway)},
          {"original_envelope_id", text(report.original_envelope_id)},
          {"arrival_date", text(report.arrival_date)},
          {"arrived_at", time(report.arrived)},
          {"recipients", list(report.recipients, recipient)},
          {"other", other_fields(report.other)},
          {"original", original(report.original)}};
}

Json content(std::monostate /*none*/) {
  return nullptr;
}

Json carrier(const Carrier& mail) {
  if (mail.empty()) return nullptr;
  return {{"message_id", text(mail.message_id)},
          {"from", text(mail.from)},
          {"to", text(mail.to)},
          {"subject", text(mail.subject)},
          {"date", text(mail.date)}};
}

}  // namespace

std::string_view kind_of(const Report& report) {
  struct Names {
    std::string_view operator()(const std::monostate& /*none*/) const { return "unreadable"; }
    std::string_view operator()(const AggregateReport& /*report*/) const { return "dmarc-aggregate"; }
    std::string_view operator()(const FeedbackReport& /*report*/) const { return "feedback"; }
    std::string_view operator()(const TlsReport& /*report*/) const { return "tls"; }
    std::string_view operator()(const DeliveryReport& /*report*/) const { return "delivery"; }
  };
  return std::visit(Names{}, report.content);
}

std::string json(const Report& report, std::string_view source) {
  const auto note = [](const Note& one) {
    return Json{{"gravity", to_string(one.gravity)}, {"code", one.code}, {"text", one.text}, {"count", one.count}};
  };
  const Json out = {{"version", json_version},
                    {"kind", kind_of(report)},
                    {"source", source},
                    {"containers", texts(report.containers)},
                    {"carrier", carrier(report.carrier)},
                    {"notes", list(report.notes.all(), note)},
                    {"report", std::visit([](const auto& one) { return content(one); }, report.content)}};
  return out.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace ptarmigan::reports
