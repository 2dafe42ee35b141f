// relay/notices.cpp - see notices.hpp.
#include "relay/notices.hpp"

#include "base/text.hpp"
#include "message/build.hpp"
#include "message/header.hpp"
#include "relay/verp.hpp"
#include "reports/encode.hpp"
#include "smtp/path.hpp"

namespace ptarmigan::relay {
namespace {

std::string message_id_of(const std::string& original) {
  const auto header = message::HeaderSection::parse(original);
  if (!header) return {};
  const auto* id = header->first("Message-ID");
  return id == nullptr ? std::string() : id->value();
}

}  // namespace

bool wants(const spool::Notify& notify, reports::Action action) {
  if (notify.never) return false;
  const bool nothing_said = !notify.success && !notify.failure && !notify.delay;
  switch (action) {
    case reports::Action::failed: return notify.failure || nothing_said;
    case reports::Action::delayed: return notify.delay || nothing_said;
    case reports::Action::relayed: return notify.success;
  }
  return false;
}

std::optional<Accepted> notice(reports::Action action, const spool::MessageRecord& message,
                               const spool::GroupRecord& group, const std::vector<NoticedRecipient>& recipients,
                               const std::string& original, QueueId notice_id, WallTime now,
                               const dns::DomainName& hostname) {
  auto return_path = message.mail_from;
  if (message.verp && recipients.size() == 1)
    return_path = verp_sender(return_path, recipients.front().recipient.address).value_or(return_path);
  const auto sender = smtp::Mailbox::parse(return_path);
  if (message.mail_from.empty() || !sender) return std::nullopt;
  reports::Dsn dsn;
  dsn.action = action;
  for (const auto& one : recipients) {
    if (!wants(one.recipient.notify, action)) continue;
    reports::DsnRecipient recipient{.address = one.recipient.address,
                                    .orcpt = one.recipient.orcpt,
                                    .status = one.status,
                                    .remote_mta = one.remote_mta,
                                    .reply = one.reply,
                                    .reason = one.reason,
                                    .fix = one.fix};
    if (group.first_refusal && group.first_refusal->reply != one.reply)
      recipient.first_refusal = reports::EarlierRefusal{group.first_refusal->route, group.first_refusal->reply};
    recipient.last_attempt = now;
    recipient.retry_until = one.retry_until;
    dsn.recipients.push_back(std::move(recipient));
  }
  if (dsn.recipients.empty()) return std::nullopt;
  dsn.reporting_mta = hostname.text();
  dsn.from = "mailer-daemon@" + hostname.text();
  dsn.to = return_path;
  dsn.message_id = notice_id.text() + "@" + hostname.text();
  dsn.boundary = "ptarmigan" + notice_id.text();
  dsn.now = now;
  dsn.arrived = message.accepted_at;
  dsn.queue_id = message.id.text();
  dsn.envid = message.envid;
  dsn.original_message_id = message_id_of(original);
  const bool whole = message.ret == spool::Ret::full && action == reports::Action::failed;
  dsn.returned = whole ? reports::Return::full : reports::Return::headers;
  auto built = reports::build(dsn, original);
  if (!built) return std::nullopt;

  Accepted out;
  out.message.id = notice_id;
  out.message.accepted_at = now;
  out.message.header_from_domain = hostname.text();
  out.message.eight_bit = built->eight_bit;
  out.message.smtputf8 = built->smtputf8;
  spool::GroupRecord to;
  to.message = notice_id;
  to.domain = sender->domain;
  to.recipients = {{.address = return_path, .notify = {.never = true}, .orcpt = {}}};
  to.created = to.next_attempt = now;
  out.groups.push_back(std::move(to));
  out.octets = std::move(built->octets);
  return out;
}

Result<Accepted> alert_mail(const watch::Alert& alert, const std::string& to, QueueId id, WallTime now,
                            const dns::DomainName& hostname) {
  const auto recipient = smtp::Mailbox::parse(to);
  if (!recipient) return failure("watch.alert_mail " + to + " is no address", recipient.error().message);
  const auto message_id = message::message_id_field(id.text(), hostname.text());
  if (!message_id) return std::unexpected(message_id.error());
  const auto subject = message::header_field("Subject", "[ptarmigan] " + message::encoded_text(alert.subject));
  if (!subject) return std::unexpected(subject.error());
  std::string body;
  for (const auto line : split(alert.text, '\n'))
    for (std::size_t at = 0; at == 0 || at < line.size(); at += reports::max_line)
      body += std::string(line.substr(at, reports::max_line)) + "\r\n";
  Accepted out;
  out.message.id = id;
  out.message.accepted_at = now;
  out.message.header_from_domain = hostname.text();
  out.octets = message::date_field(now) + "From: Ptarmigan <mailer-daemon@" + hostname.text() + ">\r\nTo: <" + to +
               ">\r\n" + *subject + *message_id +
               "Auto-Submitted: auto-generated\r\nMIME-Version: 1.0\r\nContent-Type: text/plain; charset=us-ascii\r\n"
               "\r\n" +
               body;
  spool::GroupRecord group;
  group.message = id;
  group.domain = recipient->domain;
  group.recipients = {{.address = to, .notify = {.never = true}, .orcpt = {}}};
  group.created = group.next_attempt = now;
  out.groups.push_back(std::move(group));
  return out;
}

}  // namespace ptarmigan::relay
