// reports/delivery.cpp - see delivery.hpp; the notices without structure are read by bounce_text.cpp.
#include "reports/delivery.hpp"

#include <algorithm>

#include "base/text.hpp"
#include "reports/dates.hpp"

namespace ptarmigan::reports {
namespace {

constexpr std::string_view actions[] = {"failed", "delayed", "delivered", "relayed", "expanded"};

/// "5.1.1" at the beginning of `text`: class, subject and detail (RFC 3463#2); "" where there is none.
std::string_view enhanced_at(std::string_view text) {
  if (text.size() < 5 || !(text[0] == '2' || text[0] == '4' || text[0] == '5') || text[1] != '.') return {};
  std::size_t at = 1;
  for (int part = 0; part < 2; ++part) {
    if (at >= text.size() || text[at] != '.') return {};
    const auto begin = ++at;
    while (at < text.size() && is_digit(text[at])) ++at;
    if (at == begin || at - begin > 3) return {};
  }
  return at < text.size() && (is_alnum(text[at]) || text[at] == '.') ? std::string_view() : text.substr(0, at);
}

/// "550" at the beginning of `text`.
bool is_reply_code_at(std::string_view text) {
  return text.size() >= 3 && (text[0] == '4' || text[0] == '5') && text[1] >= '0' && text[1] <= '5' &&
         is_digit(text[2]) &&
         (text.size() == 3 || text[3] == ' ' || text[3] == '-' || text[3] == '\n' || text[3] == '\r');
}

/// Whether a reply may begin behind this text: at its beginning, and after a colon, a quote or a line end.
bool may_begin_reply(std::string_view before) {
  const auto last = before.find_last_not_of(" \t");
  if (last == std::string_view::npos) return true;
  return std::string_view(":\"'(<>\n\r;").contains(before[last]);
}

class Reader {
 public:
  Reader(DeliveryReport& report, Notes& notes) : report_(report), notes_(notes) {}

  /// RFC 3464#2.2.
  void message_field(const message::HeaderField& field) {
    const auto value = value_of(&field, notes_);
    if (field.is("Reporting-MTA"))
      report_.reporting_mta = TypedValue::parse(value);
    else if (field.is("Received-From-MTA"))
      report_.received_from_mta = TypedValue::parse(value);
    else if (field.is("DSN-Gateway"))
      report_.dsn_gateway = TypedValue::parse(value);
    else if (field.is("Original-Envelope-Id"))
      report_.original_envelope_id = value;
    else if (field.is("Arrival-Date"))
      report_.arrived = date(report_.arrival_date = value);
    else
      other(field, value);
  }

  /// RFC 3464#2.3.
  void recipient_field(const message::HeaderField& field, RecipientStatus& recipient) {
    const auto value = value_of(&field, notes_);
    if (field.is("Original-Recipient"))
      recipient.original_recipient = TypedValue::parse(value);
    else if (field.is("Final-Recipient"))
      recipient.final_recipient = TypedValue::parse(value);
    else if (field.is("Action"))
      recipient.action = action(value);
    else if (field.is("Status"))
      recipient.status = status(value);
    else if (field.is("Remote-MTA"))
      recipient.remote_mta = TypedValue::parse(value);
    else if (field.is("Diagnostic-Code"))
      recipient.diagnostic_code = TypedValue::parse(value);
    else if (field.is("Last-Attempt-Date"))
      recipient.last_attempt = date(recipient.last_attempt_date = value);
    else if (field.is("Will-Retry-Until"))
      recipient.retry_until = date(value);
    else if (field.is("Final-Log-ID"))
      recipient.final_log_id = value;
    else
      other(field, value);
  }

 private:
  std::optional<WallTime> date(std::string_view value) {
    const auto time = parse_mail_date(value);
    if (!time) notes_.odd("date-unreadable", "a date is " + printable(value));
    return time;
  }

  std::string action(std::string_view value) {
    auto lower = to_lower(value_without_comment(value));
    if (std::ranges::find(actions, lower) == std::end(actions))
      notes_.odd("unknown-word", "Action is " + printable(value) + ", which no RFC knows");
    return lower;
  }

  std::string status(std::string_view value) {
    const auto code = enhanced_at(value);
    if (code.empty()) {
      notes_.odd("status-unreadable", "Status is " + printable(value));
      return value_without_comment(value);
    }
    return std::string(code);
  }

  void other(const message::HeaderField& field, std::string value) {
    if (field.stray()) return notes_.odd("stray-line", "a line is no field: " + printable(value));
    report_.other.push_back({.name = readable_text(field.name, notes_), .value = std::move(value)});
  }

  DeliveryReport& report_;
  Notes& notes_;
};

bool is_recipient_field(const message::HeaderField& field) {
  return field.is("Final-Recipient") || field.is("Original-Recipient") || field.is("Action") || field.is("Status") ||
         field.is("Diagnostic-Code");
}

bool has_recipient(const message::HeaderSection& group) {
  return std::ranges::any_of(group.fields(), is_recipient_field);
}

/// One group may hold several recipients where a generator forgot the empty line between them.
void read_recipients(const message::HeaderSection& group, Reader& reader, DeliveryReport& report, Notes& notes) {
  RecipientStatus recipient;
  bool recipient_begun = false;
  for (const auto& field : group.fields()) {
    if (field.is("Final-Recipient") && !recipient.final_recipient.empty()) {
      notes.odd("recipients-in-one-group", "no empty line stands between two recipients");
      report.recipients.push_back(std::exchange(recipient, {}));
    }
    recipient_begun = recipient_begun || is_recipient_field(field);
    if (recipient_begun)
      reader.recipient_field(field, recipient);
    else
      reader.message_field(field);
  }
  report.recipients.push_back(std::move(recipient));
}

void complete(RecipientStatus& recipient) {
  const auto& named = recipient.final_recipient.empty() ? recipient.original_recipient : recipient.final_recipient;
  recipient.address = std::string(trim(std::string_view(named.value), " \t<>"));
  const auto codes = find_reply_codes(recipient.diagnostic_code.value);
  recipient.reply_code = codes.code;
  recipient.enhanced_code = codes.enhanced;
}

}  // namespace

std::string_view to_string(BounceForm form) {
  switch (form) {
    case BounceForm::rfc3464: return "rfc3464";
    case BounceForm::failed_recipients_field: return "failed-recipients-field";
    case BounceForm::qmail: return "qmail";
    case BounceForm::sendmail: return "sendmail";
    case BounceForm::exim: return "exim";
    case BounceForm::plain_text: return "plain-text";
  }
  return {};
}

ReplyCodes find_reply_codes(std::string_view text) {
  ReplyCodes out;
  for (std::size_t at = 0; at < text.size(); ++at) {
    const auto rest = text.substr(at);
    if (!is_reply_code_at(rest) || !may_begin_reply(text.substr(0, at))) continue;
    out.code = std::string(rest.substr(0, 3));
    auto after = rest.substr(std::min<std::size_t>(4, rest.size()));
    out.enhanced = std::string(enhanced_at(trim(after.starts_with('#') ? after.substr(1) : after)));
    return out;
  }
  // "#5.1.1", "< #5.1.1 SMTP>", "5.1.1 ...": a status without a reply code.
  for (std::size_t at = 0; at < text.size() && out.enhanced.empty(); ++at)
    if (at == 0 || std::string_view(" \t#(<[\n").contains(text[at - 1]))
      out.enhanced = std::string(enhanced_at(text.substr(at)));
  return out;
}

Result<DeliveryReport> parse_delivery_status(std::string_view status, std::string_view original, Notes& notes) {
  DeliveryReport report;
  Reader reader(report, notes);
  const auto groups = field_groups(status, notes);
  for (std::size_t index = 0; index < groups.size(); ++index) {
    if (has_recipient(groups[index])) {
      if (index == 0) notes.odd("no-message-fields", "the notice has no group of fields about the message");
      read_recipients(groups[index], reader, report, notes);
    } else {
      for (const auto& field : groups[index].fields()) reader.message_field(field);
    }
  }
  if (report.recipients.empty()) return failure("The delivery status notice names no recipient");
  for (auto& recipient : report.recipients) complete(recipient);
  report.original = read_original(original, notes);
  return report;
}

}  // namespace ptarmigan::reports
