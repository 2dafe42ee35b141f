// auth/json.cpp - see json.hpp.
#include "auth/json.hpp"

#include <nlohmann/json.hpp>

namespace ptarmigan::auth {
namespace {

using Json = nlohmann::ordered_json;

std::string text_of(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

/// Null for the root, which stands for "no name" in results.
Json name_of(const dns::DomainName& name) {
  return name.is_root() ? Json() : Json(name.text());
}

std::string_view to_word(AnswerStatus status) {
  switch (status) {
    case AnswerStatus::found: return "found";
    case AnswerStatus::no_data: return "no_data";
    case AnswerStatus::no_such_name: return "no_such_name";
    case AnswerStatus::failed: return "failed";
    case AnswerStatus::timed_out: return "timed_out";
  }
  return "";
}

std::string_view to_word(spf::TermOutcome outcome) {
  switch (outcome) {
    case spf::TermOutcome::match: return "match";
    case spf::TermOutcome::no_match: return "no_match";
    case spf::TermOutcome::temperror: return "temperror";
    case spf::TermOutcome::permerror: return "permerror";
  }
  return "";
}

std::string_view to_word(dkim::Concern concern) {
  switch (concern) {
    case dkim::Concern::partial_body: return "partial_body";
    case dkim::Concern::body_limit: return "body_limit";
    case dkim::Concern::weak_key: return "weak_key";
    case dkim::Concern::testing: return "testing";
    case dkim::Concern::repeated_field: return "repeated_field";
    case dkim::Concern::unsigned_field: return "unsigned_field";
  }
  return "";
}

std::string_view to_word(dmarc::PolicySource source) {
  switch (source) {
    case dmarc::PolicySource::author: return "author";
    case dmarc::PolicySource::organizational: return "organizational";
    case dmarc::PolicySource::public_suffix: return "public_suffix";
  }
  return "";
}

std::string_view to_word(dmarc::PolicyTag tag) {
  switch (tag) {
    case dmarc::PolicyTag::p: return "p";
    case dmarc::PolicyTag::sp: return "sp";
    case dmarc::PolicyTag::np: return "np";
    case dmarc::PolicyTag::fallback: return "fallback";
  }
  return "";
}

std::string_view to_word(dmarc::Alignment alignment) {
  switch (alignment) {
    case dmarc::Alignment::aligned: return "aligned";
    case dmarc::Alignment::not_aligned: return "not_aligned";
    case dmarc::Alignment::unknown: return "unknown";
  }
  return "";
}

std::string_view to_word(dmarc::AlignmentMode mode) {
  switch (mode) {
    case dmarc::AlignmentMode::relaxed: return "relaxed";
    case dmarc::AlignmentMode::strict: return "strict";
  }
  return "";
}

std::string_view to_word(dmarc::Psd psd) {
  switch (psd) {
    case dmarc::Psd::undetermined: return "u";
    case dmarc::Psd::yes: return "y";
    case dmarc::Psd::no: return "n";
  }
  return "";
}

Json policy_word(const std::optional<dmarc::Policy>& policy) {
  return policy ? Json(dmarc::to_string(*policy)) : Json();
}

Json uris_of(const std::vector<dmarc::ReportUri>& uris) {
  Json out = Json::array();
  for (const auto& uri : uris) out.push_back(uri.uri);
  return out;
}

Json json_of(const iprev::Result& result) {
  Json names = Json::array();
  for (const auto& candidate : result.candidates) {
    Json addresses = Json::array();
    for (const auto& address : candidate.addresses) addresses.push_back(address.text());
    names.push_back({{"name", candidate.name.text()},
                     {"status", to_word(candidate.status)},
                     {"addresses", std::move(addresses)},
                     {"confirmed", candidate.confirmed}});
  }
  return {{"result", iprev::to_string(result.outcome)},
          {"address", result.address.text()},
          {"reverse_name", result.reverse_name.text()},
          {"name", name_of(result.name)},
          {"names", std::move(names)},
          {"problem", result.problem}};
}

Json trace_of(const std::vector<spf::Step>& trace) {
  Json out = Json::array();
  for (const auto& step : trace)
    out.push_back({{"depth", step.depth},
                   {"domain", step.domain},
                   {"term", step.term},
                   {"outcome", to_word(step.outcome)},
                   {"detail", step.detail},
                   {"lookups", step.terms},
                   {"voids", step.voids}});
  return out;
}

Json json_of(const spf::Result& result) {
  Json out{{"result", spf::to_string(result.outcome)},
           {"identity", spf::to_string(result.identity)},
           {"sender", result.sender},
           {"domain", name_of(result.domain)},
           {"mechanism", result.mechanism},
           {"record_domain", name_of(result.record_domain)},
           {"explanation", result.explanation},
           {"problem", result.problem},
           {"lookups", result.terms},
           {"voids", result.voids}};
  if (!result.trace.empty()) out["trace"] = trace_of(result.trace);
  return out;
}

/// What the field itself says; null members where it could not be read.
void add_signature(Json& out, const std::optional<dkim::Signature>& signature) {
  const auto number = [](const std::optional<std::uint64_t>& value) { return value ? Json(*value) : Json(); };
  for (const char* member : {"domain", "selector", "identity", "algorithm", "canonicalization", "signed_fields",
                             "body_limit", "signed_at", "expires"})
    out[member] = nullptr;
  if (!signature) return;
  out["domain"] = signature->domain.text();
  out["selector"] = signature->selector;
  out["identity"] = signature->identity;
  out["algorithm"] = dkim::to_string(signature->algorithm);
  out["canonicalization"] =
      std::string(dkim::to_string(signature->header)) + "/" + std::string(dkim::to_string(signature->body));
  out["signed_fields"] = signature->names;
  if (signature->body_limit != dkim::whole_body) out["body_limit"] = signature->body_limit;
  out["signed_at"] = number(signature->signed_at);
  out["expires"] = number(signature->expires);
}

Json json_of(const dkim::SignatureResult& result) {
  Json concerns = Json::array();
  for (const auto concern : result.concerns) concerns.push_back(to_word(concern));
  Json out{{"result", dkim::to_string(result.outcome)}, {"reason", result.reason}};
  add_signature(out, result.signature);
  out["key_bits"] = result.key_bits;
  out["counts_for_dmarc"] = result.counts();
  out["concerns"] = std::move(concerns);
  return out;
}

Json json_of(const ArcResult& result) {
  Json sets = Json::array();
  for (const auto& set : result.sets)
    sets.push_back({{"instance", sets.size() + 1},
                    {"sealer", set.sealer.text()},
                    {"selector", set.selector},
                    {"authentication_results", set.authentication_results}});
  return {{"result", arc::to_string(result.chain.outcome)},
          {"reason", result.chain.reason},
          {"temporary", result.chain.temporary},
          {"ended", result.chain.ended},
          {"oldest_pass", result.chain.oldest_pass},
          {"sets", std::move(sets)}};
}

Json json_of(const dmarc::Record& record) {
  Json remarks = Json::array();
  for (const auto& remark : record.remarks) remarks.push_back(remark);
  return {{"p", policy_word(record.p)},
          {"sp", policy_word(record.sp)},
          {"np", policy_word(record.np)},
          {"adkim", to_word(record.adkim)},
          {"aspf", to_word(record.aspf)},
          {"psd", to_word(record.psd)},
          {"testing", record.test_mode == dmarc::TestMode::on},
          {"rua", uris_of(record.rua)},
          {"ruf", uris_of(record.ruf)},
          {"remarks", std::move(remarks)}};
}

Json json_of(const dmarc::Walk& walk) {
  Json out = Json::array();
  for (const auto& step : walk.steps) {
    const auto query = step.name.prefixed("_dmarc");
    out.push_back({{"domain", step.name.text()},
                   {"query", query ? Json(query->text()) : Json()},
                   {"status", to_word(step.status)},
                   {"records", step.records},
                   {"text", step.text}});
  }
  return out;
}

Json json_of(const dmarc::Result& result) {
  const auto& discovery = result.discovery;
  Json dkim = Json::array();
  for (const auto alignment : result.dkim) dkim.push_back(to_word(alignment));
  Json out{{"result", dmarc::to_string(result.outcome)},
           {"reason", result.reason},
           {"disposition", dmarc::to_string(result.disposition())},
           {"author_domain", name_of(discovery.author)},
           {"organizational_domain",
            discovery.organizational_domain ? Json(discovery.organizational_domain->text()) : Json()},
           {"policy", nullptr},
           {"policy_domain", nullptr},
           {"policy_source", nullptr},
           {"tag", nullptr},
           {"published_policy", nullptr},
           {"testing", false},
           {"existence_unknown", discovery.existence_unknown},
           {"spf_aligned", result.spf_aligned},
           {"dkim_aligned", result.dkim_aligned},
           {"spf_alignment", to_word(result.spf)},
           {"dkim_alignments", std::move(dkim)},
           {"record_text", nullptr},
           {"record", nullptr},
           {"walk", json_of(discovery.walk)}};
  if (const auto& policy = discovery.policy) {
    out["policy"] = dmarc::to_string(policy->effective);
    out["policy_domain"] = policy->domain.text();
    out["policy_source"] = to_word(policy->source);
    out["tag"] = to_word(policy->tag);
    out["published_policy"] = dmarc::to_string(policy->published);
    out["testing"] = policy->record.test_mode == dmarc::TestMode::on;
    out["record_text"] = policy->text;
    out["record"] = json_of(policy->record);
  }
  return out;
}

template <typename T>
Json json_of(const std::optional<T>& result) {
  return result ? json_of(*result) : Json();
}

}  // namespace

std::string to_json(const iprev::Result& result) {
  return text_of(json_of(result));
}
std::string to_json(const spf::Result& result) {
  return text_of(json_of(result));
}
std::string to_json(const dkim::SignatureResult& result) {
  return text_of(json_of(result));
}
std::string to_json(const ArcResult& result) {
  return text_of(json_of(result));
}
std::string to_json(const dmarc::Result& result) {
  return text_of(json_of(result));
}

std::string to_json(const Results& results) {
  Json signatures = Json::array();
  for (const auto& signature : results.dkim) signatures.push_back(json_of(signature));
  return text_of({{"version", json_version},
                  {"iprev", json_of(results.iprev)},
                  {"spf", {{"helo", json_of(results.spf_helo)}, {"mail_from", json_of(results.spf_mail_from)}}},
                  {"dkim", {{"signatures", std::move(signatures)}, {"ignored", results.dkim_ignored}}},
                  {"arc", json_of(results.arc)},
                  {"dmarc", json_of(results.dmarc)}});
}

}  // namespace ptarmigan::auth
