// watch/kind.cpp - see kind.hpp.
#include "watch/kind.hpp"

#include <algorithm>
#include <array>
#include <optional>

#include "base/ip_address.hpp"
#include "base/text.hpp"

namespace ptarmigan::watch {
namespace {

struct Word {
  Kind kind;
  std::string_view word;
  std::string_view heading;
};
constexpr std::array table = {
    Word{Kind::ptr, "ptr", "no valid reverse DNS (PTR)"},
    Word{Kind::ipv6, "ipv6", "mail over IPv6 is refused"},
    Word{Kind::ehlo, "ehlo", "the EHLO name is not accepted"},
    Word{Kind::spf, "spf", "SPF does not pass"},
    Word{Kind::dkim, "dkim", "DKIM does not pass"},
    Word{Kind::dmarc, "dmarc", "DMARC does not pass"},
    Word{Kind::alignment, "alignment", "the From domain is not the authenticated one"},
    Word{Kind::authentication, "authentication", "the mail is not authenticated"},
    Word{Kind::tls, "tls", "encryption is demanded or fails"},
    Word{Kind::listing, "listing", "the address or domain is on a block list"},
    Word{Kind::reputation, "reputation", "poor reputation at the receiver"},
    Word{Kind::rate, "rate", "too much mail for the receiver"},
    Word{Kind::content, "content", "the content is refused"},
    Word{Kind::form, "form", "the message's form is refused"},
    Word{Kind::unsubscribe, "unsubscribe", "bulk mail without one-click unsubscribe"},
    Word{Kind::recipient, "recipient", "the recipient is unknown"},
    Word{Kind::mailbox, "mailbox", "the mailbox is full or gets too much"},
    Word{Kind::sender_domain, "sender_domain", "the sender's domain is not usable"},
    Word{Kind::policy, "policy", "a rule of the receiver"},
    Word{Kind::connection, "connection", "no connection"},
    Word{Kind::site, "site", "the receiver has trouble of its own"},
    Word{Kind::protocol, "protocol", "the dialogue went wrong"},
    Word{Kind::unknown, "unknown", "not told"},
};

/// What follows the receiver's id in a rule's id, the first that is contained.
constexpr std::array<std::pair<std::string_view, Kind>, 40> topics{{
    {"unknown-recipients", Kind::recipient},
    {"unsubscribe", Kind::unsubscribe},
    {"impersonation", Kind::dmarc},
    {"alignment", Kind::alignment},
    {"ehlo-is-ptr", Kind::ptr},
    {"generic-ptr", Kind::ptr},
    {"ipv6-authentication", Kind::authentication},
    {"ipv6-rate", Kind::rate},
    {"ipv6", Kind::ipv6},
    {"ptr", Kind::ptr},
    {"ehlo", Kind::ehlo},
    {"spf", Kind::spf},
    {"dkim", Kind::dkim},
    {"dmarc", Kind::dmarc},
    {"arc", Kind::authentication},
    {"authentication", Kind::authentication},
    {"tls", Kind::tls},
    {"block-list", Kind::listing},
    {"banned", Kind::listing},
    {"dynamic-address", Kind::listing},
    {"direct-delivery", Kind::listing},
    {"blocked", Kind::listing},
    {"compromised", Kind::reputation},
    {"complaints", Kind::reputation},
    {"reputation", Kind::reputation},
    {"connection-limit", Kind::rate},
    {"rate", Kind::rate},
    {"volume", Kind::rate},
    {"message-id", Kind::form},
    {"single-fields", Kind::form},
    {"header", Kind::form},
    {"mail-from-domain", Kind::sender_domain},
    {"from-domain", Kind::sender_domain},
    {"from", Kind::form},
    {"content", Kind::content},
    {"mailbox", Kind::mailbox},
    {"recipient", Kind::recipient},
    {"policy", Kind::policy},
    {"local", Kind::policy},
    {"customer", Kind::policy},
}};

std::optional<Kind> kind_of_rule(std::string_view id) {
  const auto dot = id.find('.');
  if (dot == std::string_view::npos) return std::nullopt;
  const auto topic = id.substr(dot + 1);
  const auto found = std::ranges::find_if(topics, [&](const auto& entry) { return topic.contains(entry.first); });
  return found == topics.end() ? std::nullopt : std::optional(found->second);
}

/// Enhanced codes that name their cause at every receiver (RFC 7372#3, RFC 7505#4.2, RFC 3463#3), without class.
constexpr std::array<std::pair<std::string_view, Kind>, 17> codes{{
    {"7.20", Kind::dkim},
    {"7.21", Kind::dkim},
    {"7.22", Kind::alignment},
    {"7.23", Kind::spf},
    {"7.24", Kind::spf},
    {"7.25", Kind::ptr},
    {"7.26", Kind::authentication},
    {"7.30", Kind::dkim},
    {"1.1", Kind::recipient},
    {"1.2", Kind::recipient},
    {"1.6", Kind::recipient},
    {"1.10", Kind::recipient},
    {"2.1", Kind::recipient},
    {"2.2", Kind::mailbox},
    {"1.7", Kind::sender_domain},
    {"1.8", Kind::sender_domain},
    {"3.4", Kind::form},
}};

/// Words that name their cause, the surer ones first.
constexpr std::array<std::pair<std::string_view, Kind>, 62> phrases{{
    {"mailbox full", Kind::mailbox},
    {"mailbox is full", Kind::mailbox},
    {"over quota", Kind::mailbox},
    {"overquota", Kind::mailbox},
    {"quota exceeded", Kind::mailbox},
    {"quotaexceeded", Kind::mailbox},
    {"out of storage", Kind::mailbox},
    {"receiving mail at a rate", Kind::mailbox},
    {"reverse dns", Kind::ptr},
    {"ptr record", Kind::ptr},
    {"bad dns ptr", Kind::ptr},
    {"rdns", Kind::ptr},
    {"reverse lookup", Kind::ptr},
    {"reverse hostname", Kind::ptr},
    {"cannot find your hostname", Kind::ptr},
    {"no reverse", Kind::ptr},
    {"ipv6 sending guidelines", Kind::ipv6},
    {"over ipv6", Kind::ipv6},
    {"dmarc", Kind::dmarc},
    {"aligned", Kind::alignment},
    {"alignment", Kind::alignment},
    {"spf", Kind::spf},
    {"sender policy framework", Kind::spf},
    {"dkim", Kind::dkim},
    {"unauthenticated", Kind::authentication},
    {"not authenticated", Kind::authentication},
    {"authentication checks", Kind::authentication},
    {"spamhaus", Kind::listing},
    {"blocklist", Kind::listing},
    {"block list", Kind::listing},
    {"blacklist", Kind::listing},
    {"black list", Kind::listing},
    {"dnsbl", Kind::listing},
    {"rbl", Kind::listing},
    {"barracudanetworks.com/reputation", Kind::listing},
    {"listed", Kind::listing},
    {"banned sending ip", Kind::listing},
    {"reputation", Kind::reputation},
    {"too many connections", Kind::rate},
    {"too many messages", Kind::rate},
    {"rate limit", Kind::rate},
    {"ratelimit", Kind::rate},
    {"unusual rate", Kind::rate},
    {"throttl", Kind::rate},
    {"greylist", Kind::rate},
    {"graylist", Kind::rate},
    {"starttls", Kind::tls},
    {"tls", Kind::tls},
    {"user unknown", Kind::recipient},
    {"unknown user", Kind::recipient},
    {"no such user", Kind::recipient},
    {"does not exist", Kind::recipient},
    {"recipient rejected", Kind::recipient},
    {"mailbox unavailable", Kind::recipient},
    {"recipient address rejected", Kind::recipient},
    {"sender address rejected", Kind::sender_domain},
    {"domain not found", Kind::sender_domain},
    {"spam", Kind::content},
    {"virus", Kind::content},
    {"malware", Kind::content},
    {"message size", Kind::form},
    {"too large", Kind::form},
}};

Kind kind_of_cause(std::string_view cause, int reply_code) {
  if (cause == "recipient") return Kind::recipient;
  if (cause == "content") return Kind::content;
  if (cause == "sender_authentication") return Kind::authentication;
  if (cause == "sending_address") return Kind::reputation;
  if (cause == "rate") return Kind::rate;
  if (cause == "tls") return Kind::tls;
  if (reply_code == 0 && (cause == "site" || cause == "unknown" || cause.empty())) return Kind::connection;
  if (cause == "site") return Kind::site;
  if (cause == "protocol") return Kind::protocol;
  if (cause == "policy") return Kind::policy;
  if (cause == "dns") return Kind::recipient;
  return Kind::unknown;
}

/// Whether words of this kind may speak where the codes say whose fault it is.
bool agrees(Kind kind, std::string_view cause) {
  using enum Kind;
  const auto is_one_of = [&](std::initializer_list<Kind> kinds) {
    return std::ranges::find(kinds, kind) != kinds.end();
  };
  if (is_one_of({recipient, mailbox})) return cause != "sending_address" && cause != "sender_authentication";
  if (is_one_of({spf, dkim, dmarc, alignment, authentication}))
    return cause != "recipient" && cause != "sending_address";
  if (is_one_of({ptr, ipv6, listing, reputation})) return cause != "recipient";
  return kind != content || cause == "content" || cause == "policy" || cause == "unknown";
}

bool is_id_char(char c) {
  return is_alnum(c) || c == '-' || c == '_' || c == '.' || c == ':' || c == '@' || c == '=' || c == '+' || c == '/';
}

/// A word that differs from message to message, as its mark; "" where it is a plain word.
std::string_view mark_of(std::string_view word) {
  const auto digits = static_cast<std::size_t>(std::ranges::count_if(word, is_digit));
  if (word.contains('@')) return "<address>";
  if (digits == 0 && !word.contains(':')) return {};
  if (IpAddress::parse(word)) return "<ip>";
  if (word.starts_with("http:") || word.starts_with("https:")) return {};
  if (digits == word.size()) return "#";
  // Ids: letters and digits mixed and long.
  return digits >= 3 && word.size() >= 8 ? "<id>" : std::string_view();
}

/// "550-5.7.1 ", "550 5.7.1 " at the front of a line.
std::string_view without_codes(std::string_view line) {
  const auto is_code = [](std::string_view text) {
    return text.size() >= 3 && is_digit(text[0]) && is_digit(text[1]) && is_digit(text[2]) &&
           (text.size() == 3 || text[3] == ' ' || text[3] == '-');
  };
  if (is_code(line)) line.remove_prefix(std::min<std::size_t>(4, line.size()));
  if (line.size() >= 5 && is_digit(line[0]) && line[1] == '.' && is_digit(line[2])) {
    const auto blank = line.find(' ');
    line.remove_prefix(blank == std::string_view::npos ? line.size() : blank + 1);
  }
  return line;
}

}  // namespace

std::string_view to_string(Kind kind) {
  return table[static_cast<std::size_t>(kind)].word;
}

Kind kind_of_word(std::string_view word) {
  const auto* found = std::ranges::find(table, word, &Word::word);
  return found == table.end() ? Kind::unknown : found->kind;
}

std::string_view words_of(Kind kind) {
  return table[static_cast<std::size_t>(kind)].heading;
}

Kind kind_of(const Refused& refused) {
  if (const auto kind = kind_of_rule(refused.rule_id)) return *kind;
  const auto dot = refused.enhanced_status.find('.');
  const auto code = dot == std::string_view::npos ? std::string_view() : refused.enhanced_status.substr(dot + 1);
  const auto* known = std::ranges::find(codes, code, &std::pair<std::string_view, Kind>::first);
  // Words are surer than codes, but for recipients: "user unknown" with 5.1.1 is one whatever else is said.
  if (known != codes.end() && !code.empty() && known->second == Kind::recipient && refused.cause == "recipient") {
    for (const auto& [phrase, kind] : phrases)
      if (kind == Kind::mailbox && ifind(refused.reply_text, phrase) != std::string_view::npos) return kind;
    return Kind::recipient;
  }
  if (refused.reply_code != 0)
    for (const auto& [phrase, kind] : phrases)
      if (agrees(kind, refused.cause) && ifind(refused.reply_text, phrase) != std::string_view::npos) return kind;
  if (known != codes.end() && !code.empty()) return known->second;
  return kind_of_cause(refused.cause, refused.reply_code);
}

bool is_classified(Kind kind, std::string_view rule_id) {
  return !rule_id.empty() || (kind != Kind::unknown && kind != Kind::policy);
}

std::string reply_shape(std::string_view text) {
  std::string out;
  for (const auto line : split(text, '\n')) {
    auto rest = without_codes(trim(line));
    while (!rest.empty() && out.size() < max_shape) {
      std::size_t length = 0;
      while (length < rest.size() && is_id_char(rest[length])) ++length;
      auto word = rest.substr(0, length);
      std::string_view stop;
      while (!word.empty() && (word.back() == '.' || word.back() == ':')) {
        stop = rest.substr(word.size() - 1, length - word.size() + 1);
        word.remove_suffix(1);
      }
      const auto mark = mark_of(word);
      out += mark.empty() ? to_lower(word) : std::string(mark);
      out += stop;
      if (length < rest.size()) {
        const char c = rest[length];
        const bool blank = c == ' ' || c == '\t' || !is_printable_ascii(c);
        if (!blank) out += c;
        if (blank && !out.empty() && out.back() != ' ') out += ' ';
        ++length;
      }
      rest.remove_prefix(length);
    }
    if (!out.empty() && out.back() != ' ') out += ' ';
  }
  out.resize(std::min(out.size(), max_shape));
  while (out.ends_with(' ')) out.pop_back();
  return out;
}

}  // namespace ptarmigan::watch
