// doctor/checks/content.cpp - a sample message's form (RFC 5322#2.1.1, RFC 5322#3.6, RFC 8058#3.1).
#include <algorithm>
#include <array>

#include "base/text.hpp"
#include "doctor/checks/desk.hpp"
#include "message/address.hpp"
#include "rulebook/case.hpp"
#include "rulebook/requirements.hpp"

namespace ptarmigan::doctor {
namespace {

using rulebook::State;

/// RFC 5322#2.1.1.
constexpr std::size_t longest_line = 998;
/// Gmail's limit, attachments and their encoding included.
constexpr std::size_t largest_message = std::size_t{25} << 20;
/// Beyond this, servers of the field refuse a header.
constexpr std::size_t largest_header = std::size_t{64} << 10;

/// Code points of well-formed UTF-8.
std::vector<char32_t> code_points(std::string_view text) {
  std::vector<char32_t> out;
  if (!message::is_utf8(text)) return out;
  for (std::size_t at = 0; at < text.size();) {
    const auto lead = static_cast<unsigned char>(text[at]);
    const std::size_t more = lead < 0x80 ? 0 : lead < 0xE0 ? 1 : lead < 0xF0 ? 2 : 3;
    char32_t point = more == 0 ? lead : lead & (0x3F >> more);
    for (std::size_t i = 1; i <= more; ++i) point = point << 6 | (static_cast<unsigned char>(text[at + i]) & 0x3F);
    out.push_back(point);
    at += more + 1;
  }
  return out;
}

/// Letters of two scripts that look alike, in one name (UTS 39, as far as Latin, Greek and Cyrillic go).
bool mixes_scripts(std::string_view text) {
  bool latin = false;
  bool other = false;
  for (const auto c : code_points(text)) {
    latin = latin || (c < 0x80 && is_alpha(static_cast<char>(c)));
    other = other || (c >= 0x370 && c <= 0x52F);
  }
  return latin && other;
}

bool is_picture(char32_t c) {
  return (c >= 0x1F000 && c <= 0x1FAFF) || (c >= 0x2600 && c <= 0x27BF) || c == 0x2B50 || c == 0xFE0F;
}

std::string name_trouble(const std::string& name, const MessageFacts& message) {
  if (std::ranges::any_of(code_points(name), is_picture)) return "holds a picture character";
  if (name.find('@') != std::string::npos && ifind(message.author, name) == std::string::npos)
    return "is another address than the author's";
  if (istarts_with(name, "re:") || istarts_with(name, "fwd:") || istarts_with(name, "fw:"))
    return "pretends to be a reply";
  const auto digits = name.find_last_of('(');
  if (digits != std::string::npos && name.ends_with(')') &&
      std::ranges::all_of(name.substr(digits + 1, name.size() - digits - 2), is_digit) && digits + 2 < name.size())
    return "counts messages, as a thread does";
  if (!message.subject.empty() && name.size() > 3 && iequals(name, message.subject)) return "is the subject";
  for (const auto& recipient : message.recipient_names)
    if (iequals(recipient, name)) return "is the recipient's name";
  return {};
}

void check_display_name(Desk& desk, const MessageFacts& message) {
  for (const auto& name : message.display_names) {
    if (const auto trouble = name_trouble(name, message); !trouble.empty()) {
      desk.broken("content.display-name", "The display name \"" + printable(name, 80) + "\" " + trouble, {},
                  "Write the sender's own name there");
      return;
    }
  }
  const bool reply = istarts_with(message.subject, "re:") || istarts_with(message.subject, "fwd:") ||
                     istarts_with(message.subject, "fw:") || istarts_with(message.subject, "aw:");
  if (reply && !message.is_reply)
    desk.broken("content.display-name",
                "The subject begins with \"" + printable(message.subject, 8) + "\", and the message answers no other",
                {}, "Begin the subject with its own words");
  else
    desk.holds("content.display-name", "Display name and subject are plain");
}

void check_header(Desk& desk, const MessageFacts& message) {
  rulebook::Subject subject;
  subject.header = desk.setup().header;
  subject.header_from = std::vector{desk.setup().domain};
  rulebook::Case c(subject, desk.facts());
  std::vector<std::string> wrong;
  if (message.malformed_header) wrong.emplace_back("a line of the header is no field");
  using rulebook::requirements::header_fields_are_single;
  using rulebook::requirements::message_id_is_valid;
  using rulebook::requirements::one_author;
  for (auto* judge : {one_author, message_id_is_valid, header_fields_are_single}) {
    const auto verdict = judge(c);
    if (verdict.known() && verdict->state == State::broken) wrong.push_back(verdict->why);
  }
  if (wrong.empty())
    desk.holds("content.header", "From, Message-ID and the single fields are in order");
  else
    desk.broken("content.header", join(wrong, "; "), {}, "Write one From, one Message-ID, and each other field once");
  if (message.dates.size() == 1)
    desk.holds("content.date", message.dates.front());
  else
    desk.broken("content.date", "There are " + std::to_string(message.dates.size()) + " Date fields", {},
                "Write one Date field with the time of sending");
}

void check_author(Desk& desk, const MessageFacts& message) {
  const auto mixed = std::ranges::find_if(message.display_names, mixes_scripts);
  if (mixed != message.display_names.end() || mixes_scripts(message.author))
    desk.broken("content.author", "From mixes Latin letters with Greek or Cyrillic ones, which look alike", {},
                "Write names and domains in one script");
  else
    desk.holds("content.author", message.author);
}

void check_unsubscribe(Desk& desk, const MessageFacts& message) {
  rulebook::Subject subject;
  subject.header = desk.setup().header;
  rulebook::Case c(subject, desk.facts());
  const bool bulk = desk.setup().stream == rulebook::Stream::bulk;
  if (message.list_unsubscribe.empty() && !bulk) {
    desk.holds("content.unsubscribe", "No list mail: nothing to unsubscribe from");
    return;
  }
  const auto verdict = rulebook::requirements::unsubscribe_is_one_click(c);
  const bool covered = std::ranges::any_of(message.signatures, [](const dkim::Signature& signature) {
    const auto has = [&](std::string_view name) {
      return std::ranges::any_of(signature.names, [&](const std::string& n) { return iequals(n, name); });
    };
    return has("List-Unsubscribe") && has("List-Unsubscribe-Post");
  });
  if (!verdict.known() || verdict->state != State::holds)
    desk.broken("content.unsubscribe", verdict.known() ? verdict->why : "One-click unsubscription is not offered", {},
                "Add List-Unsubscribe with an HTTPS URI, and \"List-Unsubscribe-Post: List-Unsubscribe=One-Click\"");
  else if (!covered)
    desk.broken("content.unsubscribe", "No signature covers List-Unsubscribe and List-Unsubscribe-Post", {},
                "Put both names into h= of the signature");
  else
    desk.holds("content.unsubscribe", "One click, over HTTPS, signed");
  if (message.visible_unsubscribe)
    desk.holds("content.visible-link", "The text offers a way to unsubscribe");
  else
    desk.broken("content.visible-link", "No text part speaks of unsubscribing and holds a link", {},
                "Put a visible link into the text");
}

void check_size(Desk& desk, const MessageFacts& message) {
  std::vector<std::string> wrong;
  if (message.longest_line > longest_line)
    wrong.push_back("a line has " + std::to_string(message.longest_line) + " octets, 998 are allowed");
  if (message.header_octets > largest_header)
    wrong.push_back("the header has " + std::to_string(message.header_octets) + " octets");
  if (message.octets > largest_message) wrong.push_back("the message is larger than 25 MB");
  if (wrong.empty())
    desk.holds("content.size",
               std::to_string(message.octets) + " octets, longest line " + std::to_string(message.longest_line));
  else
    desk.broken("content.size", join(wrong, "; "), {}, "Encode long lines as quoted-printable; link to large files");
  wrong.clear();
  if (message.nul) wrong.emplace_back("NUL octets");
  if (message.bare_line_ends) wrong.emplace_back("lines that do not end in CRLF");
  if (message.raw_eight_bit_header) wrong.emplace_back("8-bit text in the header that is not encoded");
  if (wrong.empty())
    desk.holds("content.characters", "No forbidden octets");
  else
    desk.broken("content.characters", "The message holds " + join(wrong, ", "), {},
                "End lines in CRLF, and write header text as encoded words (RFC 2047)");
}

void check_feedback_id(Desk& desk, const MessageFacts& message) {
  if (message.feedback_ids.empty()) return;
  constexpr std::size_t shortest_sender = 5;
  constexpr std::size_t longest_sender = 15;
  const auto parts = split(std::string_view(message.feedback_ids.front()), ':');
  const auto sender = trim(parts.back());
  const bool covered = std::ranges::any_of(message.signatures, [](const dkim::Signature& signature) {
    return std::ranges::any_of(signature.names, [](const std::string& n) { return iequals(n, "Feedback-ID"); });
  });
  std::string why;
  if (message.feedback_ids.size() > 1)
    why = "there are several Feedback-ID fields";
  else if (parts.size() > 4)
    why = "more than four parts";
  else if (sender.size() < shortest_sender || sender.size() > longest_sender)
    why = "the last part, the sender's id, has not 5 to 15 characters";
  else if (!covered)
    why = "no signature covers Feedback-ID";
  if (why.empty())
    desk.holds("content.feedback-id", message.feedback_ids.front());
  else
    desk.broken("content.feedback-id", why, {}, "Write one Feedback-ID: a:b:c:SenderId, and sign it");
}

void check_stream(Desk& desk, const MessageFacts& message) {
  using rulebook::Stream;
  const bool list = !message.list_unsubscribe.empty() || message.automatic;
  if (list && desk.setup().stream != Stream::bulk)
    desk.broken("content.stream", "The message looks like list mail, and is judged as if the domain sent little", {},
                "Check with --bulk where the domain sends about 5,000 messages a day or more");
  else
    desk.holds("content.stream", list ? "List mail, judged as bulk" : "Mail to one person");
}

}  // namespace

void check_content(Desk& desk) {
  if (!desk.setup().message) return;
  const auto& message = *desk.setup().message;
  check_header(desk, message);
  check_author(desk, message);
  check_display_name(desk, message);
  check_unsubscribe(desk, message);
  check_size(desk, message);
  check_feedback_id(desk, message);
  check_stream(desk, message);
}

}  // namespace ptarmigan::doctor
