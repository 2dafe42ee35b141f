// reports/bounce_text.cpp - bounces without a delivery-status part; see delivery.hpp. What they have in common: the
// recipient stands in angle brackets or alone on a line, and the reason follows it until the next empty line; the
// original comes last, after a line that says so.
#include <algorithm>
#include <array>

#include "base/text.hpp"
#include "reports/delivery.hpp"

namespace ptarmigan::reports {
namespace {

struct Style {
  std::string_view begins;  ///< text that only such bounces have
  BounceForm form;
};
constexpr std::array<Style, 8> styles = {{
    {"This is the qmail-send program", BounceForm::qmail},
    {"I wasn't able to deliver your message to the following addresses", BounceForm::qmail},
    {"This message was created automatically by mail delivery software", BounceForm::exim},
    {"----- The following addresses had", BounceForm::sendmail},
    {"----- Transcript of session follows", BounceForm::sendmail},
    {"could not be delivered to", BounceForm::plain_text},
    {"Your message did not reach some or all of the intended recipients", BounceForm::plain_text},
    {"unable to deliver your message", BounceForm::plain_text},
}};

/// Where the original begins, by those who send no MIME parts.
constexpr std::array<std::string_view, 9> original_marks = {
    "--- Below this line is a copy of the message.",
    "--- Below the next line is a copy of the message.",
    "------ This is a copy of the message, including all the headers",
    "------ This is a copy of your message",
    "----- Original message follows -----",
    "----- Original message -----",
    "----- Unsent message follows -----",
    "--- Original message",
    "   ----- Message header follows -----",
};

constexpr std::size_t max_address = 320;
constexpr std::size_t max_reason = 4000;

bool is_address(std::string_view text) {
  const auto at = text.rfind('@');
  if (at == std::string_view::npos || at == 0 || at + 1 == text.size() || text.size() > max_address) return false;
  return text.find_first_of(" \t<>,;()\"") == std::string_view::npos;
}

/// The recipient that a line begins a paragraph about, and what of the line follows it.
struct Opening {
  std::string_view address;
  std::string_view rest;
};

std::optional<Opening> opening_of(std::string_view line) {
  line = trim(line);
  if (line.starts_with('<')) {
    const auto close = line.find('>');
    if (close == std::string_view::npos || !is_address(line.substr(1, close - 1))) return std::nullopt;
    return Opening{line.substr(1, close - 1), trim(line.substr(close + 1), " \t:.")};
  }
  const auto end = line.find_first_of(" \t");
  auto word = line.substr(0, end);
  const auto rest = end == std::string_view::npos ? std::string_view() : line.substr(end);
  const bool colon = word.ends_with(':');
  if (colon) word.remove_suffix(1);
  if (!is_address(word) || (!colon && !trim(rest).empty())) return std::nullopt;
  return Opening{word, trim(rest)};
}

class Paragraphs {
 public:
  /// Recipients with the lines after each of them, until the original begins.
  std::vector<RecipientStatus> read(std::string_view text) {
    bool reason_begun = false;
    for (std::size_t at = 0; at < text.size() && found_.size() < max_text_recipients;) {
      const auto end = std::min(text.find('\n', at), text.size());
      const auto line = trim(text.substr(at, end - at));
      at = end + 1;
      if (const auto opening = opening_of(line)) {
        begin(opening->address);
        add(opening->rest);
        open_ = true;
        reason_begun = !opening->rest.empty();
      } else if (line.empty()) {
        if (reason_begun) open_ = false;
      } else if (open_) {
        add(line);
        reason_begun = true;
      }
    }
    return std::move(found_);
  }

 private:
  void begin(std::string_view address) {
    const auto known = std::ranges::find(found_, address, &RecipientStatus::address);
    current_ = static_cast<std::size_t>(known - found_.begin());
    if (known == found_.end()) found_.push_back({.address = std::string(address)});
  }
  void add(std::string_view line) {
    auto& reason = found_[current_].diagnostic_code.value;
    if (line.empty() || reason.size() + line.size() > max_reason) return;
    if (!reason.empty()) reason += ' ';
    reason += line;
  }

  std::vector<RecipientStatus> found_;
  std::size_t current_ = 0;
  bool open_ = false;
};

std::optional<BounceForm> style_of(std::string_view text) {
  for (const auto& style : styles)
    if (ifind(text, style.begins) != std::string_view::npos) return style.form;
  return std::nullopt;
}

/// From whom bounces come: the null reverse-path, or a name that only mail systems have.
bool from_mail_system(const message::HeaderSection& header, Notes& notes) {
  if (trim(std::string_view(value_of(header.first("Return-Path"), notes))) == "<>") return true;
  const auto from = to_lower(value_of(header.first("From"), notes));
  return from.contains("mailer-daemon") || from.contains("mail delivery s") || from.contains("postmaster@");
}

/// Exim and Google: "X-Failed-Recipients: a@example.com, b@example.com".
void add_failed_recipients(const message::HeaderSection& header, std::vector<RecipientStatus>& recipients,
                           Notes& notes) {
  for (const auto* field : header.all("X-Failed-Recipients")) {
    const auto value = value_of(field, notes);
    for (const auto word : split(value, ',')) {
      const auto address = trim(word, " \t<>");
      if (!is_address(address) || recipients.size() >= max_text_recipients) continue;
      if (std::ranges::find(recipients, address, &RecipientStatus::address) == recipients.end())
        recipients.push_back({.address = std::string(address)});
    }
  }
}

void classify(RecipientStatus& recipient, bool delayed) {
  const auto codes = find_reply_codes(recipient.diagnostic_code.value);
  recipient.reply_code = codes.code;
  recipient.enhanced_code = codes.enhanced;
  recipient.action = delayed ? "delayed" : "failed";
  if (!codes.enhanced.empty())
    recipient.status = codes.enhanced;
  else
    recipient.status = delayed ? "4.0.0" : "5.0.0";
  recipient.final_recipient = {.type = "rfc822", .value = recipient.address};
  if (!codes.code.empty()) recipient.diagnostic_code.type = "smtp";
}

}  // namespace

Result<DeliveryReport> parse_bounce_text(const message::HeaderSection& header, std::string_view body, Notes& notes) {
  const auto text = readable_text(body.substr(0, max_bounce_text), notes);
  std::size_t end = text.size();
  for (const auto mark : original_marks) end = std::min(end, text.find(mark));
  const auto told = std::string_view(text).substr(0, end);
  const auto style = style_of(told);
  const bool named = header.first("X-Failed-Recipients") != nullptr;
  if (!style && !named && !from_mail_system(header, notes)) return failure("The message is no bounce");
  DeliveryReport report;
  report.form = style ? *style : named ? BounceForm::failed_recipients_field : BounceForm::plain_text;
  report.recipients = Paragraphs().read(told);
  add_failed_recipients(header, report.recipients, notes);
  if (report.recipients.empty()) return failure("The bounce names no recipient that could be found");
  const auto subject = to_lower(value_of(header.first("Subject"), notes));
  const bool delayed = subject.contains("delayed") || subject.contains("warning:");
  for (auto& recipient : report.recipients) classify(recipient, delayed);
  notes.odd("bounce-not-rfc3464", "the bounce has no delivery-status part; it was read from its text");
  if (end < text.size()) {
    const auto line_end = text.find('\n', end);
    if (line_end != std::string::npos) {
      const auto original = std::string_view(text).substr(line_end);
      const auto begin = original.find_first_not_of(" \r\n");
      if (begin != std::string_view::npos) report.original = read_original(original.substr(begin), notes);
    }
  }
  return report;
}

}  // namespace ptarmigan::reports
