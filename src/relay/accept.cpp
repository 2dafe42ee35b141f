// relay/accept.cpp - see accept.hpp.
#include "relay/accept.hpp"

#include <algorithm>
#include <map>
#include <ranges>

#include "base/text.hpp"
#include "message/address.hpp"
#include "message/build.hpp"
#include "message/header.hpp"

namespace ptarmigan::relay {
namespace {

using smtp::server::Security;

/// "ESMTPSA": RFC 3848.
std::string protocol_of(const smtp::server::Session& session) {
  if (!session.esmtp) return "SMTP";
  std::string out = session.envelope.parameters.smtputf8 ? "UTF8SMTP" : "ESMTP";
  if (session.security == Security::tls) out += 'S';
  if (session.user) out += 'A';
  return out;
}

/// A word of a trace field: what the client said, kept to what an atom may hold.
std::string safe_word(const std::string& text) {
  std::string out;
  for (const char c : text)
    if (is_alnum(c) || c == '.' || c == '-' || c == '_' || c == ':' || c == '[' || c == ']') out += c;
  return out.empty() ? "unknown" : out.substr(0, 255);
}

Result<std::string> received_field(const Submitted& submitted) {
  const auto& session = *submitted.session;
  const std::string protocol = submitted.protocol.empty() ? protocol_of(session) : std::string(submitted.protocol);
  const std::string value = "from " + safe_word(session.ehlo_name) + " (" + submitted.client.literal() + ") by " +
                            submitted.hostname.text() + " (Ptarmigan) with " + protocol + " id " + submitted.id.text() +
                            "; " + rfc5322_date(submitted.now.wall);
  return message::header_field("Received", value);
}

std::optional<dns::DomainName> header_from_domain(const message::HeaderSection& header) {
  const auto* from = header.first("From");
  if (from == nullptr) return std::nullopt;
  const auto mailboxes = message::parse_address_list(from->body);
  if (!mailboxes || mailboxes->empty()) return std::nullopt;
  auto domain = dns::DomainName::from_unicode(mailboxes->front().domain);
  if (!domain) return std::nullopt;
  return *std::move(domain);
}

bool is_ascii(std::string_view text) {
  return std::ranges::none_of(text, [](char c) { return static_cast<unsigned char>(c) > 0x7f; });
}

/// Without the field that only we read. The views of `header` are into `body`, and dead afterwards.
void take_stream_field_off(const message::HeaderSection& header, std::string& body) {
  std::vector<std::pair<std::size_t, std::size_t>> cuts;
  for (const auto* field : header.all(stream_field))
    cuts.emplace_back(static_cast<std::size_t>(field->raw.data() - body.data()), field->raw.size());
  for (const auto& [at, size] : std::views::reverse(cuts)) body.erase(at, size);
}

spool::Recipient spooled(const smtp::Recipient& recipient) {
  spool::Recipient out{.address = recipient.path.mailbox.text(), .notify = {}, .orcpt = {}};
  if (recipient.notify) {
    out.notify = {.never = *recipient.notify == smtp::Notify{},
                  .success = recipient.notify->success,
                  .failure = recipient.notify->failure,
                  .delay = recipient.notify->delay};
  }
  if (recipient.original) out.orcpt = recipient.original->type + ";" + smtp::xtext_encode(recipient.original->address);
  return out;
}

std::vector<spool::GroupRecord> groups_of(const Submitted& submitted, std::size_t most_recipients) {
  std::map<std::string, std::vector<spool::Recipient>> by_domain;
  for (const auto& recipient : submitted.session->envelope.recipients) {
    const auto& domain = recipient.path.mailbox.domain;
    by_domain[domain.empty() ? submitted.hostname.text() : domain].push_back(spooled(recipient));
  }
  std::vector<spool::GroupRecord> groups;
  for (auto& [domain, recipients] : by_domain) {
    for (std::size_t at = 0; at < recipients.size(); at += most_recipients) {
      spool::GroupRecord group;
      group.message = submitted.id;
      group.number = static_cast<std::uint32_t>(groups.size());
      group.domain = domain;
      group.created = group.next_attempt = submitted.now.wall;
      const auto end = std::min(recipients.size(), at + most_recipients);
      for (auto i = at; i < end; ++i) group.recipients.push_back(std::move(recipients[i]));
      groups.push_back(std::move(group));
    }
  }
  return groups;
}

std::unexpected<smtp::Reply> refuse(int code, smtp::EnhancedStatus status, std::string words) {
  return std::unexpected(smtp::Reply(code, status, std::move(words)));
}

}  // namespace

std::expected<Accepted, smtp::Reply> accept_message(Submitted submitted) {
  const auto& session = *submitted.session;
  const auto header = message::HeaderSection::parse(submitted.body);
  if (!header) return refuse(554, {5, 6, 0}, "The header section cannot be read: " + header.error().message);
  if (header->malformed()) return refuse(554, {5, 6, 0}, "The header section holds a line that is no header field");
  if (header->count("Received") > max_received_fields)
    return refuse(554, {5, 4, 6}, "Too many Received fields: this message goes in a loop");

  Accepted out;
  auto& record = out.message;
  record.id = submitted.id;
  record.accepted_at = submitted.now.wall;
  record.mail_from = session.envelope.mail_from.is_null() ? "" : session.envelope.mail_from.mailbox->text();
  const auto author_domain = header_from_domain(*header);
  if (author_domain) record.header_from_domain = author_domain->text();
  const auto signing = author_domain && submitted.signing ? submitted.signing(*author_domain) : Signing::nobody;
  const auto verdict = judge_submission(submitted.gate, {*header, signing, session.envelope.parameters.smtputf8});
  if (verdict.action() == config::GateAction::refuse) return std::unexpected(verdict.refusal());
  out.warnings = verdict.warnings();
  record.stream = verdict.stream;
  record.submitter = {submitted.client, session.ehlo_name, session.user.value_or("")};
  // Many programs send such octets without saying so.
  record.eight_bit = session.envelope.parameters.body == smtp::BodyType::eight_bit_mime || !is_ascii(submitted.body);
  record.smtputf8 = session.envelope.parameters.smtputf8;
  record.requiretls = session.envelope.parameters.require_tls;
  if (const auto ret = session.envelope.parameters.ret)
    record.ret = *ret == smtp::Ret::full ? spool::Ret::full : spool::Ret::headers;
  record.envid = smtp::xtext_encode(session.envelope.parameters.envelope_id.value_or(""));
  record.verp = submitted.verp && session.envelope.mail_from.mailbox &&
                submitted.verp(session.envelope.mail_from.mailbox->domain);
  out.groups = groups_of(submitted, record.verp ? 1 : max_group_recipients);
  if (verdict.action() == config::GateAction::hold)
    for (auto& group : out.groups) group.held = true;

  auto top = received_field(submitted);
  if (!top) return refuse(451, {4, 3, 0}, "The trace field cannot be written: " + top.error().message);
  if (header->count("Message-ID") == 0) {
    if (auto id = message::message_id_field(submitted.id.text(), submitted.hostname.text())) *top += *id;
  }
  if (header->count("Date") == 0) *top += message::date_field(submitted.now.wall);
  take_stream_field_off(*header, submitted.body);
  out.octets = std::move(submitted.body);
  out.octets.insert(0, *top);
  if (!out.octets.ends_with("\r\n")) out.octets += "\r\n";
  return out;
}

}  // namespace ptarmigan::relay
