// doctor/json.cpp - json(): the report for programs, version 1.
#include <nlohmann/json.hpp>

#include "doctor/render.hpp"

namespace ptarmigan::doctor {
namespace {

using Json = nlohmann::ordered_json;

Json answer_json(const Evidence& evidence) {
  const auto& answer = evidence.answer;
  Json data = Json::array();
  for (const auto& record : answer.records) data.push_back(dns::data_text(record.data));
  Json out{{"name", evidence.question.name.text()},
           {"type", to_string(evidence.question.type)},
           {"status", to_string(answer.status)},
           {"data", std::move(data)},
           {"ttl", answer.ttl},
           {"dnssec", to_string(answer.dnssec)},
           {"source", answer.source}};
  if (!answer.detail.empty()) out["detail"] = answer.detail;
  if (answer.asked_at != WallTime{}) out["asked_at"] = rfc3339(answer.asked_at);
  return out;
}

Json source_json(const rulebook::Source& source) {
  return {{"title", source.title},
          {"url", source.url},
          {"date", source.date},
          {"confidence", rulebook::to_string(source.confidence)}};
}

Json finding_json(const Finding& finding) {
  Json evidence = Json::array();
  for (const auto& item : finding.evidence) evidence.push_back(answer_json(item));
  const auto& rule = *finding.rule;
  return {{"rule", rule.id},
          {"title", rule.title},
          {"state", rulebook::to_string(finding.verdict.state)},
          {"effect", rulebook::to_string(finding.effect)},
          {"why", finding.verdict.why},
          {"evidence", std::move(evidence)},
          {"source", source_json(rule.source)}};
}

Json delivery_json(const Delivery& delivery) {
  const auto& address = *delivery.subject.sending_address;
  Json findings = Json::array();
  for (const auto& finding : delivery.findings) findings.push_back(finding_json(finding));
  Json out{{"address", address.text()},
           {"family", to_string(address.family())},
           {"ehlo_name", delivery.subject.ehlo_name ? Json(*delivery.subject.ehlo_name) : Json()},
           {"receiver", delivery.receiver->id},
           {"forecast", to_string(delivery.forecast)},
           {"because", delivery.because != nullptr         ? Json(delivery.because->id)
                       : delivery.because_check != nullptr ? Json(delivery.because_check->id)
                                                           : Json()},
           {"reply", Json()}};
  if (delivery.words)
    out["reply"] = {{"stage", smtp::to_string(delivery.because->stage)},
                    {"code", delivery.words->code},
                    {"enhanced", delivery.words->enhanced ? Json(delivery.words->enhanced->text()) : Json()},
                    {"lines", delivery.words->lines}};
  out["findings"] = std::move(findings);
  return out;
}

Json repair_json(const Repair& repair) {
  Json out{{"action", repair.action == rulebook::Fix::Action::add ? "add" : "replace"},
           {"owner", repair.record.owner.absolute()},
           {"type", to_string(repair.record.type)},
           {"ttl", repair.record.ttl},
           {"data", dns::data_text(repair.record.data)},
           {"zone_line", dns::zone_line(repair.record)},
           {"zone", repair.zone ? Json(repair.zone->absolute()) : Json()},
           {"relative_owner", repair.relative_owner},
           {"reason", repair.reason},
           {"rules", repair.rules},
           {"effect", rulebook::to_string(repair.effect)},
           {"cached_for", repair.cached_for}};
  out["effective_at"] = repair.effective_at ? Json(rfc3339(*repair.effective_at)) : Json();
  return out;
}

Json check_json(const CheckResult& result) {
  Json evidence = Json::array();
  for (const auto& item : result.evidence) evidence.push_back(answer_json(item));
  Json publish = Json::array();
  for (const auto& item : result.publish) publish.push_back(dns::zone_line(item.record));
  return {{"check", result.check->id},
          {"title", result.check->title},
          {"state", rulebook::to_string(result.verdict.state)},
          {"effect", rulebook::to_string(result.effect)},
          {"address", result.address ? Json(result.address->text()) : Json()},
          {"why", result.verdict.why},
          {"receivers", result.check->receivers},
          {"publish", std::move(publish)},
          {"remedy", result.remedy},
          {"evidence", std::move(evidence)},
          {"source", source_json(result.check->source)}};
}

}  // namespace

std::string json(const Report& report) {
  Json out{{"version", json_version}, {"domain", report.setup.domain.text()}, {"verdict", to_string(report.worst())}};
  out["grade"] = to_string(report.grade());
  out["stream"] = rulebook::to_string(report.setup.stream);
  out["deliveries"] = Json::array();
  for (const auto& delivery : report.deliveries) out["deliveries"].push_back(delivery_json(delivery));
  out["checks"] = Json::array();
  for (const auto& result : report.checks) out["checks"].push_back(check_json(result));
  out["views"] = Json::array();
  for (const auto& view : report.views)
    out["views"].push_back(
        {{"who", view.who}, {"agrees", view.agrees()}, {"answer", answer_json({view.question, view.answer})}});
  out["repairs"] = Json::array();
  for (const auto& repair : report.repairs) out["repairs"].push_back(repair_json(repair));
  out["changes"] = Json::array();
  for (const auto& change : report.changes)
    out["changes"].push_back({{"text", change.text}, {"effect", rulebook::to_string(change.effect)}});
  out["receiver_only"] = Json::array();
  for (const auto* rule : report.unseen) out["receiver_only"].push_back(rule->id);
  return out.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace ptarmigan::doctor
