// console/calls.cpp - see calls.hpp.
#include "console/calls.hpp"

#include <array>

#include <nlohmann/json.hpp>

#include "base/text.hpp"

namespace ptarmigan::console {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::array table{
    CallInfo{Call::document, "GET", "/api/v1/openapi.json", Login::none, Role::read, "This document.", "", "object"},
    CallInfo{Call::me, "GET", "/api/v1/me", Login::needed, Role::read, "Who asks, and what they may do.", "", "Me"},
    CallInfo{Call::home, "GET", "/api/v1/home", Login::needed, Role::read,
             "Is mail getting through: sources by receivers with standing, queue, open incidents.",
             "hours: of the counts, 1 to 9600, default 24", "Home"},
    CallInfo{
        Call::rates, "GET", "/api/v1/rates", Login::needed, Role::read, "Attempts over time by outcome.",
        "by: total, family, route, site or stream; step: hour or day; hours: range, default 48; site: only this one",
        "Rates"},
    CallInfo{Call::refusals, "GET", "/api/v1/refusals", Login::needed, Role::read, "What refusals are about.",
             "hours: range, default 24", "Refusals"},
    CallInfo{Call::replies, "GET", "/api/v1/replies", Login::needed, Role::read, "Refusals grouped by their words.",
             "unclassified: 1 for those that no rule explains; hours: default 168", "Replies"},
    CallInfo{Call::incidents, "GET", "/api/v1/incidents", Login::needed, Role::read,
             "What went wrong, the newest first.", "which: open, closed or all", "Incidents"},
    CallInfo{Call::incident, "GET", "/api/v1/incidents/{id}", Login::needed, Role::read,
             "One incident: evidence, fix, story and the mail that it stopped.", "", "IncidentPage"},
    CallInfo{Call::incident_check, "POST", "/api/v1/incidents/{id}/check", Login::needed, Role::operate,
             "Asks anew what an open incident is about, past caches; its story keeps the answer.", "", "Checked"},
    CallInfo{Call::messages, "GET", "/api/v1/messages", Login::needed, Role::read,
             "Search in what was sent, the newest first.",
             "id: queue id or Message-ID; sender: address; recipient: address; reply: words; site: its name; limit: 1 "
             "to 500",
             "Messages"},
    CallInfo{Call::message, "GET", "/api/v1/messages/{id}", Login::needed, Role::read,
             "The explained path of a message: every attempt with the routes that were considered.", "", "Message"},
    CallInfo{
        Call::queue, "GET", "/api/v1/queue", Login::needed, Role::read, "What waits, in the order of ids.",
        "id: queue id; domain: of recipients; site: its name; sender: address; recipient: address; cause: its word; "
        "held: true or false; after: the next page; limit: 1 to 1000",
        "Queue"},
    CallInfo{Call::queue_change, "POST", "/api/v1/queue/{verb}", Login::needed, Role::operate,
             "hold, release, retry, delete, drain or resume what the body selects.", "", "Changed"},
    CallInfo{Call::standing, "GET", "/api/v1/standing", Login::needed, Role::read,
             "What is known of each route, pacing and warm-up.", "", "object"},
    CallInfo{Call::standing_change, "POST", "/api/v1/standing/{verb}", Login::needed, Role::operate,
             "set: a route is poor for a time; clear: forgets what replies taught.", "", "object"},
    CallInfo{Call::domains, "GET", "/api/v1/domains", Login::needed, Role::read, "The domains that mail is sent from.",
             "", "Domains"},
    CallInfo{Call::domain, "GET", "/api/v1/domains/{name}", Login::needed, Role::read,
             "One domain: records as planned and as seen, their history, DMARC and TLS reports.",
             "days: of the reports, 1 to 400, default 30", "Domain"},
    CallInfo{Call::figures, "GET", "/api/v1/figures", Login::needed, Role::read,
             "What Google Postmaster Tools and Microsoft SNDS measured about our mail, day by day.",
             "days: 1 to 400, default 30", "Figures"},
    CallInfo{Call::rules, "GET", "/api/v1/rules", Login::needed, Role::read, "Every rule with its source and date.", "",
             "Rules"},
    CallInfo{Call::settings, "GET", "/api/v1/settings", Login::needed, Role::read,
             "Every setting, its value and where it came from; secrets are not shown.", "", "Settings"},
    CallInfo{Call::rehearsal, "GET", "/api/v1/rehearsal", Login::needed, Role::read,
             "Where to send a message to rehearse with, and what came of those that were sent.", "", "Rehearsal"},
    CallInfo{Call::audit, "GET", "/api/v1/audit", Login::needed, Role::read, "Who changed what, the newest first.", "",
             "Audit"},
    CallInfo{Call::submit, "POST", "/api/v1/messages", Login::needed, Role::submit,
             "Submits messages (docs/reference/http-submission.md).",
             "from: envelope sender of a message/rfc822 body; to: envelope recipient of it, several times",
             "Submission"},
};

/// A schema in short: "name:type", "name:[Type]", "name?" where it may be null.
struct Shape {
  std::string_view name;
  std::string_view members;
};

constexpr std::array shapes{
    Shape{"Me", "name:string role:string"},
    Shape{"Tally", "delivered:integer deferred:integer bounced:integer rescued:integer recipients:integer"},
    Shape{"Source", "route:string name:string family:string kind:string ehlo:string"},
    Shape{"Cell",
          "route:string site:string standing:string why:string rules:[string] since?:string tally:Tally kind:string "
          "rule:string"},
    Shape{"QueueSite", "site:string groups:integer due:integer held:integer oldest:string causes:object"},
    Shape{"QueueSum", "messages:integer groups:integer octets:integer held:integer sites:[QueueSite]"},
    Shape{"Server", "running:boolean draining:boolean spool:string reason:string waiting:integer in_delivery:integer"},
    Shape{"Incident",
          "id:integer key:string kind:string opened:string closed?:string last_seen:string hits:integer site:string "
          "source:string "
          "domain:string cause:string rule:string title:string why:string fix:string closed_why:string"},
    Shape{"Home",
          "version:integer now:string hostname:string server?:Server sources:[Source] sites:[string] cells:[Cell] "
          "total:Tally "
          "queue?:QueueSum incidents:[Incident]"},
    Shape{"RatePoint", "time:string of:string tally:Tally"},
    Shape{"Rates", "version:integer step:string points:[RatePoint]"},
    Shape{"Refusal", "kind:string rule:string site:string route:string attempts:integer"},
    Shape{"Refusals", "version:integer refusals:[Refusal]"},
    Shape{
        "Reply",
        "site:string reply_code:integer enhanced_status:string sample:string kind:string rule:string first_seen:string "
        "last_seen:string attempts:integer"},
    Shape{"Replies", "version:integer replies:[Reply]"},
    Shape{"Incidents", "version:integer incidents:[Incident]"},
    Shape{"Event", "time:string what:string text:string"},
    Shape{"Rule",
          "id:string receiver:string title:string consequence:string remedy:string effect:string scope:string "
          "families:string "
          "visibility:string source:object"},
    Shape{"Tls", "version:string cipher:string verified:string"},
    Shape{"Attempt",
          "id:string group:integer time:string duration_ms:integer mail_from:string recipients:[string] site:string "
          "route:string "
          "family?:string peer?:string mx_host:string ehlo_name:string tls?:Tls reply_code:integer "
          "enhanced_status:string "
          "reply:string stage:string cause:string kind:string rule:string outcome:string next_step:string "
          "message_id:string "
          "considered:object"},
    Shape{"IncidentPage",
          "version:integer incident:Incident evidence?:any events:[Event] rule?:Rule affected:[Attempt]"},
    Shape{"Checked", "version:integer state:string why:string fix:string"},
    Shape{"Messages", "version:integer attempts:[Attempt]"},
    Shape{"Message", "version:integer id:string queued?:object attempts:[Attempt] rules:[Rule]"},
    Shape{"Queue", "version:integer messages:[object]"},
    Shape{"Changed", "version:integer"},
    Shape{"DomainName", "name:string selectors:[string]"},
    Shape{"Domains", "version:integer domains:[DomainName]"},
    Shape{"Snapshot", "time:string name:string type:string status:string records:string diff:string"},
    Shape{"Planned", "name:string type:string text:string purpose:string"},
    Shape{"DmarcDay", "day:string family:integer own:boolean messages:integer passed:integer dkim:integer spf:integer"},
    Shape{
        "DmarcSource",
        "source_ip:string own:boolean header_from:string dkim:boolean spf:boolean dkim_domain:string spf_domain:string "
        "disposition:string messages:integer"},
    Shape{"TlsCount", "day:string policy:string result:string mx_host:string sessions:integer"},
    Shape{"Domain",
          "version:integer name:string planned:[Planned] seen:[Snapshot] history:[Snapshot] dmarc:[DmarcDay] "
          "sources:[DmarcSource] tls:[TlsCount]"},
    Shape{"Figure", "provider:string subject:string day:string metric:string millionths:integer text:string"},
    Shape{"Figures", "version:integer figures:[Figure]"},
    Shape{"Rules", "version:integer rules:[Rule]"},
    Shape{"Setting", "path:string kind:string default:string bounds:string meaning:string value:string origin:string"},
    Shape{"Settings", "version:integer file:string settings:[Setting]"},
    Shape{"Rehearsal", "version:integer listen:[string] receiver:string journal:string sessions:[object]"},
    Shape{"AuditLine", "time:string who:string address:string action:string detail:string"},
    Shape{"Audit", "version:integer lines:[AuditLine]"},
    Shape{"Submission", "version:integer messages:[SubmittedMessage]"},
    Shape{"Error", "version:integer error:string remedy:string"},
};

/// What the shapes above cannot say: members that may be left out.
constexpr std::string_view submission_schemas = R"({
  "Addresses": {"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}]},
  "Attachment": {
    "type": "object", "required": ["content"],
    "properties": {
      "name": {"type": "string"}, "type": {"type": "string"}, "content_id": {"type": "string"},
      "content": {"type": "string", "contentEncoding": "base64"}}},
  "NewMessage": {
    "type": "object", "required": ["from"], "additionalProperties": false,
    "properties": {
      "from": {"type": "string"}, "mail_from": {"type": "string"}, "subject": {"type": "string"},
      "to": {"$ref": "#/components/schemas/Addresses"}, "cc": {"$ref": "#/components/schemas/Addresses"},
      "bcc": {"$ref": "#/components/schemas/Addresses"}, "reply_to": {"$ref": "#/components/schemas/Addresses"},
      "text": {"type": "string"}, "html": {"type": "string"},
      "headers": {"type": "object", "additionalProperties": {"type": "string"}},
      "attachments": {"type": "array", "items": {"$ref": "#/components/schemas/Attachment"}},
      "stream": {"enum": ["bulk", "transactional"]}, "unsubscribe": {"type": "string", "format": "uri"}}},
  "NewMessages": {
    "type": "object", "required": ["messages"], "additionalProperties": false,
    "properties": {
      "messages": {"type": "array", "minItems": 1, "maxItems": 500,
                   "items": {"$ref": "#/components/schemas/NewMessage"}}}},
  "SubmittedRecipient": {
    "type": "object", "required": ["address", "status"],
    "properties": {
      "address": {"type": "string"}, "status": {"enum": ["queued", "refused"]},
      "error": {"type": "string"}, "remedy": {"type": "string"}}},
  "SubmittedMessage": {
    "type": "object", "description": "With id and recipients where it was accepted, else with error.",
    "properties": {
      "id": {"type": "string"}, "error": {"type": "string"}, "remedy": {"type": "string"},
      "warnings": {"type": "array", "items": {"type": "string"}},
      "recipients": {"type": "array", "items": {"$ref": "#/components/schemas/SubmittedRecipient"}}}}
})";

Json reference(std::string_view type) {
  for (const auto* const plain : {"string", "integer", "boolean", "object"})
    if (type == plain) return {{"type", plain}};
  if (type == "any") return Json::object();
  return {{"$ref", "#/components/schemas/" + std::string(type)}};
}

Json schema_of(std::string_view members) {
  Json properties = Json::object();
  Json required = Json::array();
  for (const auto member : split(members, ' ')) {
    if (member.empty()) continue;
    const auto colon = member.find(':');
    auto name = member.substr(0, colon);
    auto type = member.substr(colon + 1);
    const bool may_be_null = name.ends_with('?');
    if (may_be_null) name.remove_suffix(1);
    Json inner;
    if (type.starts_with('['))
      inner = {{"type", "array"}, {"items", reference(type.substr(1, type.size() - 2))}};
    else
      inner = reference(type);
    properties[std::string(name)] = may_be_null ? Json{{"anyOf", {inner, {{"type", "null"}}}}} : inner;
    required.push_back(name);
  }
  return {{"type", "object"}, {"properties", properties}, {"required", required}};
}

Json parameters_of(const CallInfo& info) {
  Json out = Json::array();
  for (const auto segment : split(info.path, '/'))
    if (segment.starts_with('{'))
      out.push_back({{"name", segment.substr(1, segment.size() - 2)},
                     {"in", "path"},
                     {"required", true},
                     {"schema", {{"type", "string"}}}});
  if (info.parameters.empty()) return out;
  for (const auto part : split(info.parameters, ';')) {
    const auto colon = part.find(':');
    out.push_back({{"name", trim(part.substr(0, colon))},
                   {"in", "query"},
                   {"description", trim(part.substr(colon + 1))},
                   {"schema", {{"type", "string"}}}});
  }
  return out;
}

/// A refusal has the schema of an error, or that of the answer where each message has its own.
void describe_submission(Json& operation) {
  auto& responses = operation["responses"];
  const auto taken = responses["200"]["content"];
  const auto refused = responses["400"]["content"];
  responses.erase("200");
  responses["202"] = {{"description", "At least one message is in the queue."}, {"content", taken}};
  responses["409"] = {{"description", "A request with this Idempotency-Key is under way."}, {"content", refused}};
  responses["413"] = {{"description", "Too large, or too many messages."}, {"content", refused}};
  responses["415"] = {{"description", "Neither application/json nor message/rfc822."}, {"content", refused}};
  responses["422"] = {
      {"description", "Every message was refused, or the Idempotency-Key came before with another request."},
      {"content", {{"application/json", {{"schema", {{"anyOf", {reference("Submission"), reference("Error")}}}}}}}}};
  responses["429"]["description"] = "Too many wrong tokens, or the user's recipients of this hour are used up.";
  operation["parameters"].push_back({{"name", "Idempotency-Key"},
                                     {"in", "header"},
                                     {"description", "The same request with the same key is taken once in a day."},
                                     {"schema", {{"type", "string"}, {"maxLength", 255}}}});
  const Json json{{"anyOf", {reference("NewMessage"), reference("NewMessages")}}};
  operation["requestBody"] = {
      {"required", true},
      {"content", {{"application/json", {{"schema", json}}}, {"message/rfc822", {{"schema", {{"type", "string"}}}}}}}};
}

Json operation_of(const CallInfo& info) {
  const auto answer = [](std::string_view text, std::string_view schema) {
    return Json{{"description", text}, {"content", {{"application/json", {{"schema", reference(schema)}}}}}};
  };
  Json responses{{"200", answer("The answer.", info.schema)},
                 {"400", answer("The request is not understood.", "Error")}};
  if (info.login == Login::needed) {
    responses["401"] = answer("A token is needed.", "Error");
    responses["429"] = answer("Too many wrong tokens.", "Error");
  }
  if (info.login == Login::needed) responses["403"] = answer("The token's role does not allow it.", "Error");
  responses["404"] = answer("Not here.", "Error");
  responses["503"] = answer("Not at this moment.", "Error");
  Json out{{"summary", info.summary}, {"parameters", parameters_of(info)}, {"responses", std::move(responses)}};
  if (info.login == Login::needed) out["security"] = Json::array({Json{{"token", Json::array()}}});
  if (info.call == Call::submit)
    describe_submission(out);
  else if (info.method == "POST")
    out["requestBody"] = {{"content", {{"application/json", {{"schema", {{"type", "object"}}}}}}}};
  out["x-role"] = to_string(info.role);
  return out;
}

}  // namespace

std::span<const CallInfo> calls() {
  return table;
}

std::string openapi_document() {
  Json paths = Json::object();
  for (const auto& info : table) paths[std::string(info.path)][to_lower(info.method)] = operation_of(info);
  Json schemas = Json::object();
  for (const auto& shape : shapes) schemas[std::string(shape.name)] = schema_of(shape.members);
  schemas.update(Json::parse(submission_schemas));
  const Json document{
      {"openapi", "3.1.0"},
      {"info",
       {{"title", "Ptarmigan"},
        {"version", "1"},
        {"description",
         "What the console's page uses, and nothing else. Answers grow by new members only. Beside it: GET /events "
         "(server-sent events), /metrics (Prometheus), /health/live and /health/ready."}}},
      {"paths", std::move(paths)},
      {"components",
       {{"schemas", std::move(schemas)}, {"securitySchemes", {{"token", {{"type", "http"}, {"scheme", "bearer"}}}}}}}};
  return document.dump(1, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace ptarmigan::console
