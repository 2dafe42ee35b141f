// adapt/log_record.cpp - see log_record.hpp.
#include "adapt/log_record.hpp"

#include <array>

#include <nlohmann/json.hpp>

#include "base/text.hpp"
#include "route/destination.hpp"
#include "rulebook/match.hpp"

namespace ptarmigan::adapt {
namespace {

using Json = nlohmann::ordered_json;
using logs::Kind;

constexpr int json_version = 1;

Json text(const std::string& value) {
  return value.empty() ? Json() : Json(value);
}

smtp::Stage stage_of(std::string_view words) {
  using smtp::Stage;
  struct Word {
    std::string_view word;
    Stage stage;
  };
  constexpr std::array<Word, 14> known{{{"end of data", Stage::end_of_data},
                                        {"sending message body", Stage::end_of_data},
                                        {"MAIL FROM", Stage::mail},
                                        {"pipelined MAIL", Stage::mail},
                                        {"RCPT TO", Stage::rcpt},
                                        {"DATA", Stage::data},
                                        {"EHLO", Stage::ehlo},
                                        {"HELO", Stage::ehlo},
                                        {"LHLO", Stage::ehlo},
                                        {"STARTTLS", Stage::starttls},
                                        {"AUTH", Stage::auth},
                                        {"CONNECT", Stage::connect},
                                        {"initial connection", Stage::connect},
                                        {"initial server greeting", Stage::connect}}};
  for (const auto& one : known)
    if (ifind(words, one.word) != std::string_view::npos) return one.stage;
  return Stage::end_of_data;
}

std::optional<IpAddress> quoted_address(std::string_view words) {
  const auto open = words.find('[');
  if (open == std::string_view::npos) return std::nullopt;
  // Gmail: "[2001:db8::1      15]"
  const auto inner = words.substr(open + 1, words.find_first_of(" ]", open + 1) - open - 1);
  const auto address = IpAddress::parse(inner);
  return address ? std::optional(*address) : std::nullopt;
}

std::optional<store::Outcome> outcome_of(const logs::Entry& entry) {
  if (entry.kind == Kind::refusal) return store::Outcome::rescued;
  if (entry.kind != Kind::attempt) return std::nullopt;
  const auto& status = entry.status;
  if (status == "sent" || status == "deliverable") return store::Outcome::delivered;
  if (status == "deferred" || status == "SOFTBOUNCE") return store::Outcome::deferred;
  if (status == "bounced" || status == "undeliverable" || status == "expired" || status == "force-expired")
    return store::Outcome::bounced;
  return std::nullopt;
}

void find_site(LogRecord& record) {
  const auto& relay = record.entry.relay;
  if (!relay || relay->host.empty()) return;
  const auto host = dns::DomainName::parse(relay->host);
  if (!host) return;
  const auto site = route::site_of({*host});
  record.site = site.key;
  if (site.receiver != nullptr) record.receiver = site.receiver->id;
}

void find_cause(LogRecord& record) {
  const auto& entry = record.entry;
  if (!record.reply) {
    if (entry.kind == Kind::connect_failed) record.failure = classify(smtp::Problem::timed_out, smtp::Stage::connect);
    if (entry.kind == Kind::lost) record.failure = classify(smtp::Problem::closed, stage_of(entry.stage));
    if (entry.kind == Kind::tls_failed) record.failure = classify(smtp::Problem::tls_failed, smtp::Stage::starttls);
    return;
  }
  if (!record.reply->transient() && !record.reply->permanent()) return;
  record.failure = smtp::classify(*record.reply, stage_of(entry.stage));
  const auto matched = rulebook::match(*record.reply, entry.relay ? entry.relay->host : std::string());
  for (const auto* rule : matched.rules) record.rules.emplace_back(rule->id);
  if (matched.receiver != nullptr && record.receiver.empty()) record.receiver = matched.receiver->id;
}

void find_local_address(LogRecord& record) {
  record.local_address = record.entry.local_address;
  if (record.local_address || !record.failure) return;
  const auto cause = record.failure->cause;
  if (cause != smtp::Cause::sending_address && cause != smtp::Cause::rate) return;
  const auto quoted = quoted_address(record.reply ? record.reply->words() : std::string());
  if (!quoted || quoted == (record.entry.relay ? record.entry.relay->address : std::nullopt)) return;
  record.local_address = quoted;
  record.local_address_from_reply = true;
}

std::string tls_verified(const logs::Entry& entry) {
  if (!entry.tls) return {};
  const auto& trust = entry.tls->trust;
  if (entry.mailer == logs::Mailer::exim) return trust == "yes" ? "pkix" : trust == "dane" ? "dane" : "no";
  // Postfix says "Verified" for DANE and for named certificates alike, "Trusted" for a known CA without name.
  return trust == "Verified" ? "verified" : trust == "Trusted" ? "trusted" : "no";
}

Json peer_json(const std::optional<logs::Peer>& peer) {
  if (!peer) return nullptr;
  return {{"host", text(peer->host)},
          {"address", peer->address ? Json(peer->address->text()) : Json()},
          {"port", peer->port ? Json(*peer->port) : Json()},
          {"service", text(peer->service)}};
}

Json reply_json(const LogRecord& record) {
  if (record.entry.reply.empty()) return nullptr;
  return {{"code", record.reply ? Json(record.reply->code) : Json()},
          {"enhanced", record.reply && record.reply->enhanced ? Json(record.reply->enhanced->text()) : Json()},
          {"text", record.entry.reply}};
}

Json tls_json(const LogRecord& record) {
  const auto& tls = record.entry.tls;
  if (!tls) return nullptr;
  return {{"version", tls->version},
          {"cipher", tls->cipher},
          {"verified", tls_verified(record.entry)},
          {"trust", text(tls->trust)}};
}

Json delays_json(const logs::Entry& entry) {
  if (!entry.delays) return nullptr;
  const auto& delays = *entry.delays;
  return {{"before_queue_manager", delays[0]},
          {"in_queue_manager", delays[1]},
          {"connection", delays[2]},
          {"transmission", delays[3]}};
}

std::optional<Family> family_of(const LogRecord& record) {
  if (record.entry.relay && record.entry.relay->address) return record.entry.relay->address->family();
  if (record.local_address) return record.local_address->family();
  return std::nullopt;
}

std::string moment(WallTime time) {
  auto out = rfc3339(time);
  const auto part = (time - std::chrono::floor<seconds>(time)).count();
  if (part != 0) {
    auto digits = std::to_string(1000 + part).substr(1);
    out.insert(out.size() - 1, "." + digits);
  }
  return out;
}

/// Other mail servers' ids are no numbers of ours: their place in the history is a digest of host and id.
QueueId id_of(const LogRecord& record) {
  constexpr std::uint64_t fnv_prime = 1'099'511'628'211ULL;
  std::uint64_t digest = 14'695'981'039'346'656'037ULL;
  for (const char c : record.line.host + ' ' + record.entry.queue_id) {
    digest ^= static_cast<unsigned char>(c);
    digest *= fnv_prime;
  }
  return QueueId(digest);
}

}  // namespace

LogRecord judge_entry(logs::Line line, logs::Entry entry) {
  LogRecord record{.line = std::move(line), .entry = std::move(entry)};
  record.outcome = outcome_of(record.entry);
  if (!record.entry.reply.empty())
    if (auto reply = smtp::Reply::parse(record.entry.reply)) record.reply = std::move(*reply);
  find_site(record);
  find_cause(record);
  find_local_address(record);
  return record;
}

std::string to_json(const LogRecord& record) {
  const auto& [line, entry] = std::tie(record.line, record.entry);
  auto fields = Json::object();
  for (const auto& [name, value] : entry.fields) fields[name] = value;
  const auto family = family_of(record);
  Json out{{"version", json_version},
           {"kind", to_string(entry.kind)},
           {"time", line.time ? Json(moment(*line.time)) : Json()},
           {"host", text(line.host)},
           {"program", text(line.program)},
           {"pid", line.pid ? Json(*line.pid) : Json()},
           {"mailer", entry.mailer == logs::Mailer::postfix ? "postfix" : "exim"},
           {"queue_id", text(entry.queue_id)},
           {"message_id", text(entry.message_id)},
           {"sender", entry.has_sender ? Json(entry.sender) : Json()},
           {"recipient", text(entry.recipient)},
           {"original_recipient", text(entry.original_recipient)},
           {"size", entry.size ? Json(*entry.size) : Json()},
           {"family", family ? Json(*family == Family::ipv6 ? "ipv6" : "ipv4") : Json()},
           {"local_address", record.local_address ? Json(record.local_address->text()) : Json()},
           {"local_address_from", !record.local_address             ? Json()
                                  : record.local_address_from_reply ? Json("reply")
                                                                    : Json("log")},
           {"relay", peer_json(entry.relay)},
           {"client", peer_json(entry.client)},
           {"site", text(record.site)},
           {"receiver", text(record.receiver)},
           {"status", text(entry.status)},
           {"outcome", record.outcome ? Json(to_string(*record.outcome)) : Json()},
           {"dsn", text(entry.dsn)},
           {"reply", reply_json(record)},
           {"stage", text(entry.stage)},
           {"cause", record.failure ? Json(smtp::to_string(record.failure->cause)) : Json()},
           {"persistence", record.failure ? Json(smtp::to_string(record.failure->persistence)) : Json()},
           {"rule", record.rules.empty() ? Json() : Json(record.rules.front())},
           {"rules", record.rules},
           {"tls", tls_json(record)},
           {"delay", entry.delay ? Json(*entry.delay) : Json()},
           {"delays", delays_json(entry)},
           {"connection_use", entry.kind == Kind::attempt ? Json(entry.connection_use) : Json()},
           {"words", text(entry.words)},
           {"text", line.text},
           {"fields", std::move(fields)}};
  return out.dump(-1, ' ', false, Json::error_handler_t::replace);
}

std::optional<store::Attempt> to_attempt(const LogRecord& record) {
  const auto& entry = record.entry;
  if (!record.outcome || !record.line.time || entry.queue_id.empty()) return std::nullopt;
  if (!entry.relay || (!entry.relay->address && entry.relay->service.empty())) return std::nullopt;
  if (!entry.relay->address) return std::nullopt;  // delivered on this machine
  store::Attempt out;
  out.queue_id = id_of(record);
  out.time = *record.line.time;
  out.duration = entry.delays
                     ? milliseconds(static_cast<std::int64_t>(((*entry.delays)[2] + (*entry.delays)[3]) * 1000))
                     : milliseconds(0);
  out.mail_from = entry.sender;
  if (!entry.recipient.empty()) out.recipients = {entry.recipient};
  out.site = record.site;
  out.route = record.local_address ? record.local_address->text() : "";
  out.family = entry.relay->address->family();
  out.peer = Endpoint{*entry.relay->address, entry.relay->port.value_or(25)};
  out.mx_host = entry.relay->host;
  if (entry.tls) out.tls = store::Tls{entry.tls->version, entry.tls->cipher, tls_verified(entry)};
  if (record.reply) {
    out.reply_code = record.reply->code;
    out.reply_text = join(record.reply->lines, "\n");
  } else {
    out.reply_text = entry.words;
  }
  out.enhanced_status = entry.dsn;
  if (record.reply && record.reply->enhanced) out.enhanced_status = record.reply->enhanced->text();
  out.stage = smtp::to_string(stage_of(entry.stage));
  if (record.failure) out.cause = smtp::to_string(record.failure->cause);
  if (!record.rules.empty()) out.rule_id = record.rules.front();
  out.outcome = *record.outcome;
  out.message_id = entry.message_id;
  out.origin = entry.mailer == logs::Mailer::postfix ? "postfix" : "exim";
  out.external_id = entry.queue_id;
  return out;
}

}  // namespace ptarmigan::adapt
