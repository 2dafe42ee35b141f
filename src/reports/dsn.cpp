// reports/dsn.cpp - see dsn.hpp.
#include "reports/dsn.hpp"

#include <algorithm>

#include "base/text.hpp"
#include "reports/encode.hpp"

namespace ptarmigan::reports {
namespace {

constexpr std::size_t text_width = 76;
constexpr std::size_t max_reply_lines = 40;
constexpr std::size_t max_boundary = 70;  // RFC 2046#5.1.1

/// status-code of RFC 3463#2: class "." subject "." detail.
bool is_enhanced_status(std::string_view text) {
  const auto parts = split(text, '.');
  return parts.size() == 3 && (parts[0] == "2" || parts[0] == "4" || parts[0] == "5") &&
         std::ranges::all_of(parts, [](std::string_view part) {
           return !part.empty() && part.size() <= 3 && std::ranges::all_of(part, is_digit);
         });
}

std::string_view general_status(Action action) {
  switch (action) {
    case Action::failed: return "5.0.0";
    case Action::delayed: return "4.0.0";
    case Action::relayed: return "2.0.0";
  }
  return "";
}

std::string_view subject(Action action) {
  switch (action) {
    case Action::failed: return "Your message could not be delivered";
    case Action::delayed: return "Your message is delayed";
    case Action::relayed: return "Your message was passed on";
  }
  return "";
}

std::string_view opening(Action action) {
  switch (action) {
    case Action::failed: return "Your message could not be delivered to:";
    case Action::delayed:
      return "Your message has not been delivered yet to the recipients below. You need not send it again: this server "
             "keeps trying.";
    case Action::relayed: return "Your message was passed on to a mail server that does not report deliveries, for:";
  }
  return "";
}

/// Words in lines of text_width characters after `indent`.
std::string paragraph(std::string_view text, std::size_t indent) {
  const std::string clean = one_line(text);
  std::string out;
  std::size_t column = 0;
  for (std::string_view word : split(clean, ' ')) {
    if (word.empty()) continue;
    if (column > 0 && column + 1 + word.size() > text_width) {
      out += "\r\n";
      column = 0;
    }
    const std::string gap(column == 0 ? indent : 1, ' ');
    out += gap;
    out += word;
    column += gap.size() + word.size();
  }
  return out + "\r\n";
}

/// A reply, each of its lines as it came.
std::string quoted_reply(std::string_view reply, std::size_t indent) {
  std::string out;
  std::size_t left = max_reply_lines;
  for (const std::string_view line : split(reply, '\n')) {
    if (left-- == 0) break;
    out += paragraph(trim(line), indent);
  }
  return out;
}

std::string about(const DsnRecipient& recipient, Action action) {
  std::string out = "\r\n" + paragraph(recipient.address, 2);
  if (!recipient.reason.empty()) out += paragraph(recipient.reason + ".", 4);
  if (recipient.first_refusal) {
    out += paragraph("Sent from " + recipient.first_refusal->route + ", it was first refused with:", 4);
    out += quoted_reply(recipient.first_refusal->reply, 6);
  }
  if (!recipient.reply.empty()) {
    const std::string who = recipient.remote_mta.empty() ? "The receiving server" : recipient.remote_mta;
    out += paragraph(who + (recipient.first_refusal ? " said last:" : " said:"), 4);
    out += quoted_reply(recipient.reply, 6);
  }
  if (action == Action::delayed && recipient.retry_until)
    out += paragraph("It is tried again until " + rfc5322_date(*recipient.retry_until) + ".", 4);
  return out;
}

std::string text_for_people(const Dsn& dsn) {
  std::string out = paragraph("This is the mail server " + dsn.reporting_mta + ".", 0) + "\r\n";
  out += paragraph(opening(dsn.action), 0);
  for (const DsnRecipient& recipient : dsn.recipients) out += about(recipient, dsn.action);

  std::vector<std::string_view> fixes;
  for (const DsnRecipient& recipient : dsn.recipients)
    if (!recipient.fix.empty() && std::ranges::find(fixes, recipient.fix) == fixes.end())
      fixes.push_back(recipient.fix);
  if (!fixes.empty()) out += "\r\nWhat the administrator of the sending system can do:\r\n\r\n";
  for (const std::string_view fix : fixes) out += quoted_reply(fix, 2);

  out += "\r\n" + paragraph("Queue id " + dsn.queue_id + ", accepted on " + rfc5322_date(dsn.arrived) + ".", 0);
  return out;
}

std::string original_recipient(const std::string& orcpt) {
  const std::size_t semicolon = orcpt.find(';');
  if (semicolon == std::string::npos) return orcpt;
  return orcpt.substr(0, semicolon) + "; " + decode_xtext(orcpt.substr(semicolon + 1));
}

/// message/delivery-status, RFC 3464#2.1.
std::string delivery_status(const Dsn& dsn) {
  std::string out;
  if (!dsn.envid.empty()) out += field("Original-Envelope-Id", decode_xtext(dsn.envid));
  out += field("Reporting-MTA", "dns; " + dsn.reporting_mta);
  out += field("Arrival-Date", rfc5322_date(dsn.arrived));
  for (const DsnRecipient& recipient : dsn.recipients) {
    out += "\r\n";
    if (!recipient.orcpt.empty()) out += field("Original-Recipient", original_recipient(recipient.orcpt));
    out += field("Final-Recipient", typed_address(recipient.address));
    out += field("Action", to_string(dsn.action));
    out += field("Status", is_enhanced_status(recipient.status) ? recipient.status : general_status(dsn.action));
    if (!recipient.remote_mta.empty()) out += field("Remote-MTA", "dns; " + recipient.remote_mta);
    if (!recipient.reply.empty()) out += field("Diagnostic-Code", "smtp; " + recipient.reply);
    if (recipient.first_refusal)
      out += field("X-Ptarmigan-First-Refusal", recipient.first_refusal->route + "; " + recipient.first_refusal->reply);
    if (recipient.last_attempt) out += field("Last-Attempt-Date", rfc5322_date(*recipient.last_attempt));
    if (dsn.action == Action::delayed && recipient.retry_until)
      out += field("Will-Retry-Until", rfc5322_date(*recipient.retry_until));
  }
  return out;
}

/// With their last CRLF, without the empty line; cut between lines at max_returned_headers.
std::string_view headers_of(std::string_view message) {
  if (message.starts_with("\r\n")) return {};
  const std::size_t end = message.find("\r\n\r\n");
  std::string_view headers = message.substr(0, end == std::string_view::npos ? end : end + 2);
  if (headers.size() <= max_returned_headers) return headers;
  headers = headers.substr(0, max_returned_headers);
  const std::size_t line_end = headers.rfind("\r\n");
  return headers.substr(0, line_end == std::string_view::npos ? 0 : line_end + 2);
}

struct Part {
  std::string type;
  std::string encoding;
  std::string octets;
};

Part people_part(const Dsn& dsn) {
  std::string text = text_for_people(dsn);
  if (is_ascii(text) && is_wire_text(text)) return {"text/plain; charset=us-ascii", "7bit", std::move(text)};
  return {"text/plain; charset=utf-8", "quoted-printable", quoted_printable(text)};
}

Part returned_part(Return returned, std::string_view original) {
  if (returned == Return::full && original.size() <= max_returned_message && is_wire_text(original))
    return {"message/rfc822", is_ascii(original) ? "7bit" : "8bit", std::string(original)};
  const std::string_view headers = headers_of(original);
  if (is_ascii(headers) && is_wire_text(headers)) return {"text/rfc822-headers", "7bit", std::string(headers)};
  return {"text/rfc822-headers", "quoted-printable", quoted_printable(headers)};
}

bool is_boundary(std::string_view text) {
  return !text.empty() && text.size() <= max_boundary && std::ranges::all_of(text, is_alnum);
}

std::string top(const Dsn& dsn) {
  std::string out = field("Date", rfc5322_date(dsn.now));
  out += field("From", "Mail delivery <" + dsn.from + ">");
  out += utf8_field("To", "<" + dsn.to + ">");
  out += field("Subject", subject(dsn.action));
  out += field("Message-ID", "<" + dsn.message_id + ">");
  if (!dsn.original_message_id.empty()) {
    out += field("In-Reply-To", dsn.original_message_id);
    out += field("References", dsn.original_message_id);
  }
  out += field("Auto-Submitted", "auto-replied");
  out += field("MIME-Version", "1.0");
  out += field("Content-Type", "multipart/report; report-type=delivery-status; boundary=\"" + dsn.boundary + "\"");
  return out;
}

}  // namespace

std::string_view to_string(Action action) {
  switch (action) {
    case Action::failed: return "failed";
    case Action::delayed: return "delayed";
    case Action::relayed: return "relayed";
  }
  return "";
}

Result<BuiltDsn> build(const Dsn& dsn, std::string_view original) {
  if (dsn.to.empty()) return failure("mail from the null reverse-path gets no notice", "drop it, and log that");
  if (dsn.recipients.empty()) return failure("a notice needs at least one recipient");
  if (!is_boundary(dsn.boundary))
    return failure("'" + printable(dsn.boundary) + "' is not a MIME boundary of letters and digits");

  std::vector<Part> parts{people_part(dsn), {"message/delivery-status", "7bit", delivery_status(dsn)}};
  if (!original.empty()) parts.push_back(returned_part(dsn.returned, original));

  BuiltDsn built;
  built.smtputf8 = !is_ascii(dsn.to);
  built.octets = top(dsn) + "\r\nThis is a delivery notice in MIME format.\r\n";
  for (const Part& part : parts) {
    if (part.octets.contains("--" + dsn.boundary))
      return failure("the MIME boundary occurs in the message", "take another one");
    built.eight_bit |= part.encoding == "8bit";
    built.octets += "\r\n--" + dsn.boundary + "\r\nContent-Type: " + part.type +
                    "\r\nContent-Transfer-Encoding: " + part.encoding + "\r\n\r\n" + part.octets;
  }
  built.octets += "\r\n--" + dsn.boundary + "--\r\n";
  return built;
}

}  // namespace ptarmigan::reports
