// relay/accept.cpp - see accept.hpp.
#include "relay/accept.hpp"

#include <map>

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
  const std::string value = "from " + safe_word(session.ehlo_name) + " (" + submitted.client.literal() + ") by " +
                            submitted.hostname.text() + " (Ptarmigan) with " + protocol_of(session) + " id " +
                            submitted.id.text() + "; " + rfc5322_date(submitted.now.wall);
  return message::header_field("Received", value);
}

std::string header_from_domain(const message::HeaderSection& header) {
  const auto* from = header.first("From");
  if (from == nullptr) return {};
  const auto mailboxes = message::parse_address_list(from->body);
  if (!mailboxes || mailboxes->empty()) return {};
  const auto domain = dns::DomainName::from_unicode(mailboxes->front().domain);
  return domain ? domain->text() : std::string();
}

spool::Recipient spooled(const smtp::Recipient& recipient) {
  spool::Recipient out{.address = recipient.path.mailbox.text(), .notify = {}, .orcpt = {}};
  if (recipient.notify) {
    out.notify = {.never = *recipient.notify == smtp::Notify{},
                  .success = recipient.notify->success,
                  .failure = recipient.notify->failure,
                  .delay = recipient.notify->delay};
  }
  if (recipient.original) out.orcpt = recipient.original->type + ";" + recipient.original->address;
  return out;
}

std::vector<spool::GroupRecord> groups_of(const Submitted& submitted) {
  std::map<std::string, std::vector<spool::Recipient>> by_domain;
  for (const auto& recipient : submitted.session->envelope.recipients) {
    const auto& domain = recipient.path.mailbox.domain;
    by_domain[domain.empty() ? submitted.hostname.text() : domain].push_back(spooled(recipient));
  }
  std::vector<spool::GroupRecord> groups;
  for (auto& [domain, recipients] : by_domain) {
    for (std::size_t at = 0; at < recipients.size(); at += max_group_recipients) {
      spool::GroupRecord group;
      group.message = submitted.id;
      group.number = static_cast<std::uint32_t>(groups.size());
      group.domain = domain;
      group.created = group.next_attempt = submitted.now.wall;
      const auto end = std::min(recipients.size(), at + max_group_recipients);
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
  record.header_from_domain = header_from_domain(*header);
  record.submitter = {submitted.client, session.ehlo_name, session.user.value_or("")};
  record.eight_bit = session.envelope.parameters.body == smtp::BodyType::eight_bit_mime;
  record.smtputf8 = session.envelope.parameters.smtputf8;
  record.requiretls = session.envelope.parameters.require_tls;
  if (const auto ret = session.envelope.parameters.ret)
    record.ret = *ret == smtp::Ret::full ? spool::Ret::full : spool::Ret::headers;
  record.envid = session.envelope.parameters.envelope_id.value_or("");
  out.groups = groups_of(submitted);

  auto top = received_field(submitted);
  if (!top) return refuse(451, {4, 3, 0}, "The trace field cannot be written: " + top.error().message);
  out.octets = *std::move(top);
  if (header->count("Message-ID") == 0) {
    if (auto id = message::message_id_field(submitted.id.text(), submitted.hostname.text())) out.octets += *id;
  }
  if (header->count("Date") == 0) out.octets += message::date_field(submitted.now.wall);
  out.octets += submitted.body;
  if (!out.octets.ends_with("\r\n")) out.octets += "\r\n";
  return out;
}

}  // namespace ptarmigan::relay
