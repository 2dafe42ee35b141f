// doctor/message_facts.cpp - see message_facts.hpp.
#include "doctor/message_facts.hpp"

#include <algorithm>
#include <array>

#include "base/text.hpp"
#include "message/address.hpp"
#include "message/header.hpp"
#include "message/mime.hpp"

namespace ptarmigan::doctor {
namespace {

std::string latin1_to_utf8(std::string_view text) {
  std::string out;
  for (const char c : text) {
    const auto octet = static_cast<unsigned char>(c);
    if (octet < 0x80) {
      out += c;
    } else {
      out += static_cast<char>(0xC0 | octet >> 6);
      out += static_cast<char>(0x80 | (octet & 0x3F));
    }
  }
  return out;
}

/// "=?charset?B?text?=" decoded; nothing where it is none, or in a character set that is not read here.
std::optional<std::string> decode_word(std::string_view word) {
  const auto parts = split(word, '?');
  if (parts.size() != 5 || parts[0] != "=" || parts[4] != "=" || parts[2].size() != 1) return std::nullopt;
  std::string octets;
  if (iequals(parts[2], "B")) {
    octets = message::decode_base64_text(parts[3]);
  } else if (iequals(parts[2], "Q")) {
    std::string text(parts[3]);
    std::ranges::replace(text, '_', ' ');
    octets = message::decode_quoted_printable(text);
  } else {
    return std::nullopt;
  }
  if (iequals(parts[1], "utf-8") || iequals(parts[1], "us-ascii"))
    return message::is_utf8(octets) ? std::optional(octets) : std::nullopt;
  if (iequals(parts[1], "iso-8859-1")) return latin1_to_utf8(octets);
  return std::nullopt;
}

void measure_lines(std::string_view message, MessageFacts& facts) {
  std::size_t length = 0;
  for (std::size_t at = 0; at < message.size(); ++at) {
    const char c = message[at];
    if (c == '\0') facts.nul = true;
    if (c == '\n') {
      if (at == 0 || message[at - 1] != '\r') facts.bare_line_ends = true;
      facts.longest_line = std::max(facts.longest_line, length);
      length = 0;
    } else if (c == '\r') {
      if (at + 1 == message.size() || message[at + 1] != '\n') facts.bare_line_ends = true;
    } else {
      ++length;
    }
  }
  facts.longest_line = std::max(facts.longest_line, length);
}

/// The words by which mail offers a way out, in the languages of the receivers here.
constexpr std::array<std::string_view, 9> unsubscribe_words{"unsubscribe",      "opt out",       "opt-out",
                                                            "abmelden",         "abbestellen",   "desabonner",
                                                            "d\xC3\xA9sinscri", "darse de baja", "cancelar"};

bool offers_a_way_out(std::string_view message) {
  const auto parts = message::walk_parts(message);
  if (!parts) return false;
  for (const auto& part : *parts) {
    if (part.content_type.type != "text") continue;
    const auto text = to_lower(part.decode());
    const bool link = text.find("http://") != std::string::npos || text.find("https://") != std::string::npos ||
                      text.find("mailto:") != std::string::npos;
    if (link && std::ranges::any_of(unsubscribe_words,
                                    [&](std::string_view word) { return text.find(word) != std::string::npos; }))
      return true;
  }
  return false;
}

}  // namespace

std::string decode_words(std::string_view text) {
  std::string out;
  bool first = true;
  bool after_word = false;  // RFC 2047#6.2: blanks between two encoded words are not text
  for (const auto part : split(text, ' ')) {
    const auto word = decode_word(part);
    if (!first && !(after_word && word)) out += ' ';
    first = false;
    out += word ? *word : std::string(part);
    after_word = word.has_value();
  }
  return out;
}

Result<MessageFacts> MessageFacts::read(std::string_view message) {
  const auto header = message::HeaderSection::parse(message);
  if (!header) return std::unexpected(header.error());
  MessageFacts out;
  for (const auto* field : header->all("From")) {
    const auto mailboxes = message::parse_address_list(field->body);
    if (!mailboxes) continue;
    for (const auto& mailbox : *mailboxes) {
      if (out.author.empty()) out.author = mailbox.address();
      out.display_names.push_back(decode_words(mailbox.display_name));
    }
  }
  for (const auto* field : header->all("To"))
    if (const auto mailboxes = message::parse_address_list(field->body))
      for (const auto& mailbox : *mailboxes)
        if (!mailbox.display_name.empty()) out.recipient_names.push_back(decode_words(mailbox.display_name));
  if (const auto* subject = header->first("Subject")) out.subject = decode_words(subject->value());
  out.is_reply = header->count("In-Reply-To") + header->count("References") > 0;
  out.automatic = header->count("Precedence") + header->count("List-Id") + header->count("Auto-Submitted") > 0;
  for (const auto* field : header->all("Date")) out.dates.push_back(field->value());
  for (const auto* field : header->all("Feedback-ID")) out.feedback_ids.push_back(field->value());
  for (const auto* field : header->all("List-Unsubscribe")) out.list_unsubscribe.push_back(field->value());
  for (const auto* field : header->all("DKIM-Signature"))
    if (auto signature = dkim::Signature::parse(field->body)) out.signatures.push_back(*std::move(signature));
  out.octets = message.size();
  out.header_octets = header->raw().size();
  out.malformed_header = header->malformed();
  out.raw_eight_bit_header =
      std::ranges::any_of(header->raw(), [](char c) { return static_cast<unsigned char>(c) >= 0x80; });
  const auto body = message.substr(header->raw().size());
  out.eight_bit_body = std::ranges::any_of(body, [](char c) { return static_cast<unsigned char>(c) >= 0x80; });
  out.from_line = body.find("\nFrom ") != body.npos;
  measure_lines(message, out);
  out.visible_unsubscribe = offers_a_way_out(message);
  return out;
}

}  // namespace ptarmigan::doctor
