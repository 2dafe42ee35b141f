// receive/rehearsal_session.cpp - see rehearsal_session.hpp.
#include "receive/rehearsal_session.hpp"

#include <nlohmann/json.hpp>

#include "message/build.hpp"
#include "net/clock.hpp"
#include "net/settle.hpp"
#include "receive/mailbox.hpp"
#include "rulebook/observe.hpp"

namespace ptarmigan::receive {
namespace asio = boost::asio;
namespace {

using nlohmann::json;

/// A receiver does not keep its client waiting for DNS: what is not known by then is not held against it.
constexpr milliseconds dns_patience{15'000};

/// What a trace field may hold of the client's words.
std::string safe_word(std::string_view text) {
  std::string out;
  for (const char c : text.substr(0, 255))
    if (c > ' ' && c < 0x7f && std::string_view("()<>@,;\"\\").find(c) == std::string_view::npos) out += c;
  return out.empty() ? "unknown" : out;
}

std::string lines_of(const smtp::Reply& reply) {
  std::string out;
  for (const char c : reply.wire())
    if (c != '\r') out += c;
  if (out.ends_with('\n')) out.pop_back();
  return out;
}

}  // namespace

RehearsalSession::RehearsalSession(const RehearsalParts& parts, Endpoint peer)
    : parts_(parts), peer_(peer), id_(parts.next_id()) {
  subject_.sending_address = peer.address.unmapped();
  // Rules for bulk senders bind where the rehearsal plays for one; a single test message makes nobody a bulk sender.
  subject_.stream = parts.settings.bulk ? rulebook::Stream::bulk : rulebook::Stream::unknown;
}

void RehearsalSession::observe(const smtp::server::Session& session) {
  if (!session.ehlo_name.empty()) subject_.ehlo_name = session.ehlo_name;
  subject_.hop = session.security == smtp::server::Security::tls ? rulebook::Hop::tls : rulebook::Hop::clear;
}

asio::awaitable<void> RehearsalSession::observe_message() {
  const auto header = message::HeaderSection::parse(body_);
  if (header) rulebook::observe_header(subject_, *header);
  signatures_.clear();
  if (const auto verification = dkim::verify_message(body_)) {
    const auto received_at = net::now().wall;
    const auto judge = [&](const Facts& facts) { return verification->judge(facts, received_at); };
    auto settled = co_await net::settle(judge, std::move(facts_), parts_.dns, net::in(dns_patience));
    facts_ = std::move(settled.facts);
    if (settled.value) signatures_ = *std::move(settled.value);
  }
  rulebook::observe_signatures(subject_, signatures_);
}

asio::awaitable<std::optional<smtp::Reply>> RehearsalSession::decide(smtp::Stage stage,
                                                                     const smtp::server::Session& session) {
  observe(session);
  if (stage == smtp::Stage::mail) {
    subject_.mail_from = session.envelope.mail_from;
    subject_.header.reset();
    subject_.header_from.reset();
    subject_.signatures.reset();
  }
  if (stage == smtp::Stage::end_of_data) co_await observe_message();
  const auto judge = [&](const Facts& facts) {
    return rehearsal::decide(parts_.receiver, stage, subject_, facts, id_);
  };
  auto settled = co_await net::settle(judge, std::move(facts_), parts_.dns, net::in(dns_patience));
  facts_ = std::move(settled.facts);
  const auto decision = settled.value.value_or(rehearsal::Decision{});
  if (!decision.accepted()) {
    journal(session, stage, decision, {});
    body_.clear();
    co_return decision.reply;
  }
  if (stage != smtp::Stage::end_of_data) co_return std::nullopt;
  co_return co_await keep(session);
}

asio::awaitable<smtp::server::CredentialsVerdict> RehearsalSession::check_credentials(smtp::PlainCredentials) {
  co_return smtp::server::CredentialsVerdict::refused;  // a receiver offers no AUTH
}

asio::awaitable<std::optional<smtp::Reply>> RehearsalSession::keep(const smtp::server::Session& session) {
  const std::string name = id_ + "-" + std::to_string(session.messages + 1);
  const std::string octets = std::exchange(body_, {});
  const auto judge = [&](const Facts& facts) {
    return rehearsal::authentication_results(parts_.hostname, subject_, signatures_, facts);
  };
  auto results = co_await net::settle(judge, std::move(facts_), parts_.dns, net::in(dns_patience));
  facts_ = std::move(results.facts);
  std::string protocol = session.esmtp ? "ESMTP" : "SMTP";
  if (session.esmtp && session.security == smtp::server::Security::tls) protocol += 'S';
  std::string trace = "from " + safe_word(session.ehlo_name) + " (" + peer_.address.literal() + ") by " +
                      safe_word(parts_.hostname) + " with " + protocol + " id " + name;
  for (const auto& recipient : session.envelope.recipients)
    if (session.envelope.recipients.size() == 1) trace += " for " + recipient.path.text();
  auto received = message::header_field("Received", trace + "; " + rfc5322_date(net::now().wall));
  std::string top = "Return-Path: " + session.envelope.mail_from.text() + "\r\n";
  for (const auto& recipient : session.envelope.recipients)
    top += "X-Original-To: " + recipient.path.mailbox.text() + "\r\n";
  if (received) top += *received;
  if (results.value && *results.value) top += **results.value;
  auto kept = keep_message(parts_.settings.mailbox, name + ".eml", top + octets);
  if (!kept) {
    parts_.tell("cannot keep the message: " + kept.error().text());
    co_return smtp::Reply(452, {4, 3, 1}, "The rehearsal's mailbox cannot be written");
  }
  journal(session, smtp::Stage::end_of_data, {}, *kept);
  const std::string_view mark = parts_.receiver.id == "gmail" ? " - gsmtp" : "";
  co_return smtp::Reply(250, {2, 0, 0}, "OK " + name + std::string(mark));
}

void RehearsalSession::journal(const smtp::server::Session& session, smtp::Stage stage,
                               const rehearsal::Decision& decision, const std::string& file) const {
  json entry{{"time", rfc3339(net::now().wall)},
             {"id", id_},
             {"peer", peer_.address.text()},
             {"family", to_string(peer_.address.family())},
             {"ehlo", session.ehlo_name},
             {"tls", session.security == smtp::server::Security::tls},
             {"mail_from", session.envelope.mail_from.is_null() ? "" : session.envelope.mail_from.mailbox->text()},
             {"stage", smtp::to_string(stage)},
             {"size", session.message_size},
             {"accepted", decision.accepted()}};
  entry["recipients"] = json::array();
  for (const auto& recipient : session.envelope.recipients)
    entry["recipients"].push_back(recipient.path.mailbox.text());
  if (decision.reply) entry["reply"] = lines_of(*decision.reply);
  if (decision.rule != nullptr) entry["rule"] = decision.rule->id;
  if (!decision.verdict.why.empty()) entry["why"] = decision.verdict.why;
  if (!file.empty()) entry["file"] = file;
  if (decision.accepted()) {
    if (const auto score = rehearsal::score(parts_.receiver, subject_, facts_)) entry["score"] = score->text();
  }
  parts_.tell(peer_.address.text() + " " +
              (decision.accepted()
                   ? "accepted, kept as " + file
                   : "refused [" + std::string(entry.value("rule", "")) + "]: " + decision.verdict.why));
  if (parts_.settings.journal.empty()) return;
  if (auto written = append_line(parts_.settings.journal, entry.dump(-1, ' ', false, json::error_handler_t::replace));
      !written)
    parts_.tell("cannot write the journal: " + written.error().text());
}

}  // namespace ptarmigan::receive
