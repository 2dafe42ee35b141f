// logs/exim.cpp - see exim.hpp.
#include "logs/exim.hpp"

#include <algorithm>

#include "logs/postfix_parts.hpp"
#include "logs/scan.hpp"
#include "smtp/reply.hpp"

namespace ptarmigan::logs {
namespace {

bool id_part(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, is_alnum);
}

/// " key=value" of one or more letters at the front; values may be quoted.
struct Tagged {
  std::string_view key;
  std::string value;
  std::size_t length = 0;  ///< of all of it
};

/// "\"", "\\" and "\n" of a quoted value as Exim prints them.
std::string unescaped(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\\' && i + 1 < text.size()) {
      ++i;
      out += text[i] == 'n' ? '\n' : text[i];
    } else {
      out += text[i];
    }
  }
  return out;
}

std::optional<Tagged> tagged(std::string_view text) {
  std::size_t key = 0;
  while (key < text.size() && is_alpha(text[key]) && key < 8) ++key;
  if (key == 0 || key >= text.size() || text[key] != '=') return std::nullopt;
  Tagged out{text.substr(0, key), {}, 0};
  auto rest = text.substr(key + 1);
  if (rest.starts_with('"')) {
    std::size_t end = 1;
    while (end < rest.size() && rest[end] != '"') end += rest[end] == '\\' ? 2 : 1;
    end = std::min(end, rest.size());
    out.value = unescaped(rest.substr(1, end - 1));
    out.length = key + 1 + std::min(end + 1, rest.size());
    return out;
  }
  auto end = rest.find(' ');
  if (end == std::string_view::npos) end = rest.size();
  // The message of a failure follows the last field, behind ": ".
  if (end > 0 && end < rest.size() && rest[end - 1] == ':') --end;
  out.value = rest.substr(0, end);
  out.length = key + 1 + end;
  return out;
}

/// "[192.0.2.1]:25", "[IPv6...]": what follows H=name.
void take_address(Scan& scan, Peer& peer) {
  Scan probe = scan;
  if (!probe.take("[")) return;
  const auto inner = probe.until("]");
  const auto address = inner ? IpAddress::parse(*inner) : IpAddress::parse("");
  if (!address) return;
  peer.address = *address;
  if (Scan port = probe; port.take(":")) {
    std::size_t length = 0;
    while (length < port.rest().size() && is_digit(port.rest()[length])) ++length;
    if (const auto number = parse_number<std::uint16_t>(port.rest().substr(0, length))) {
      peer.port = *number;
      probe = Scan(port.rest().substr(length));
    }
  }
  scan = probe;
}

/// "H=mx.example.com [192.0.2.1]:25", "H=(helo) [..]", "H=name (helo) [..]", "H=[..]"
Peer take_host(Scan& scan) {
  Peer peer;
  if (!scan.rest().starts_with('[')) {
    auto word = scan.word();
    if (word.starts_with('(') && word.ends_with(')')) word = word.substr(1, word.size() - 2);
    peer.host = word;
    Scan probe = scan;
    probe.skip_blanks();
    if (probe.rest().starts_with('(')) {
      probe.word();
      probe.skip_blanks();
    }
    if (probe.rest().starts_with('[')) scan = probe;
  }
  take_address(scan, peer);
  return peer;
}

/// X=TLS1.3:ECDHE_X25519__RSA_PSS__AES_256_GCM:256 (GnuTLS), X=TLSv1.2:ECDHE-RSA-AES256-GCM-SHA384:256 (OpenSSL)
TlsWords tls_words(std::string_view text) {
  TlsWords out;
  const auto parts = split(text, ':');
  out.version = parts[0];
  if (out.version.starts_with("TLS") && !out.version.starts_with("TLSv") && out.version.size() > 3)
    out.version.insert(3, "v");
  if (parts.size() > 1) out.cipher = parts[1];
  out.trust = "no";
  return out;
}

/// "1m2s", "0s", "0.123s", "3d": seconds.
std::optional<double> exim_time(std::string_view text) {
  double total = 0;
  bool any = false;
  while (!text.empty()) {
    std::size_t length = 0;
    while (length < text.size() && (is_digit(text[length]) || text[length] == '.')) ++length;
    const auto value = parse_seconds(text.substr(0, length));
    if (!value || length == text.size()) return std::nullopt;
    switch (text[length]) {
      case 'w': total += *value * 604'800; break;
      case 'd': total += *value * 86'400; break;
      case 'h': total += *value * 3'600; break;
      case 'm': total += *value * 60; break;
      case 's': total += *value; break;
      default: return std::nullopt;
    }
    any = true;
    text.remove_prefix(length + 1);
  }
  return any ? std::optional(total) : std::nullopt;
}

void take_field(const Tagged& one, Entry& entry, bool incoming) {
  auto name = "exim_" + std::string(one.key);
  entry.field(name, one.value);
  if (one.key == "I") {
    Scan inner(one.value);
    Peer own;
    take_address(inner, own);
    entry.local_address = own.address;
  } else if (one.key == "X") {
    entry.tls = tls_words(one.value);
  } else if (one.key == "CV" && entry.tls) {
    entry.tls->trust = one.value;
  } else if (one.key == "F" || one.key == "P" || one.key == "f") {
    if (one.key == "P" && incoming) return;
    entry.sender = unbracketed(one.value);
    entry.has_sender = true;
  } else if (one.key == "C") {
    entry.reply = one.value;
  } else if (one.key == "QT") {
    entry.delay = exim_time(one.value);
  } else if (one.key == "S" && incoming) {
    entry.size = parse_number<std::uint64_t>(one.value);
  } else if (one.key == "id" && incoming) {
    entry.message_id = one.value;
  }
}

/// All "key=value" and single letters (K, A=, *) up to the message behind ": ".
void take_fields(Scan& scan, Entry& entry, bool incoming) {
  constexpr int most = 64;
  for (int i = 0; i < most && !scan.at_end(); ++i) {
    if (scan.rest().starts_with(": ")) return;
    scan.skip_blanks();
    if (scan.take("H=")) {
      const auto before = scan.rest();
      auto peer = take_host(scan);
      entry.field("exim_H", before.substr(0, before.size() - scan.rest().size()));
      if (scan.take("*")) entry.connection_use = 2;  // over a connection that was used before
      (incoming ? entry.client : entry.relay) = std::move(peer);
      continue;
    }
    const auto one = tagged(scan.rest());
    if (one) {
      take_field(*one, entry, incoming);
      scan = Scan(scan.rest().substr(one->length));
      continue;
    }
    if (scan.take("K ") || scan.take("PRX ") || scan.take("L ")) continue;
    return;
  }
}

/// Where in a failure's text the receiver is quoted: "... after RCPT TO:<a@b>: 550 words".
void take_reply(std::string_view message, Entry& entry) {
  const auto said = message.find("SMTP error from remote mail server ");
  if (said == std::string_view::npos) {
    if (const auto old = message.find("SMTP error from remote mailer "); old == std::string_view::npos) return;
  }
  const auto after = message.find(" after ", said == std::string_view::npos ? 0 : said);
  if (after == std::string_view::npos) return;
  const auto rest = message.substr(after + 7);
  // The command may hold ": ", the reply begins with a code.
  for (auto at = rest.find(": "); at != std::string_view::npos; at = rest.find(": ", at + 1)) {
    const auto reply = rest.substr(at + 2);
    if (!is_reply(reply)) continue;
    entry.stage = rest.substr(0, at);
    std::string joined;
    for (std::size_t i = 0; i < reply.size(); ++i) {
      if (reply.substr(i).starts_with("\\n")) {
        joined += ' ';
        ++i;
      } else {
        joined += reply[i];
      }
    }
    entry.reply = joined;
    return;
  }
}

void take_dsn(Entry& entry) {
  if (const auto reply = smtp::Reply::parse(entry.reply); reply && reply->enhanced) entry.dsn = reply->enhanced->text();
}

/// "user <user@example.com>", "a@b", "|/usr/bin/x <a@b>", "a@b <orig@c>": who, and as whom it came.
void take_addresses(Scan& scan, Entry& entry) {
  const auto first = scan.rest().starts_with('"') ? scan.rest().find("\"@", 1) : 0;
  std::string whole;
  if (first != 0 && first != std::string_view::npos) {
    whole = scan.rest().substr(0, first + 1);
    scan.take(whole);
  }
  const auto before = scan.rest();
  auto word = scan.word();
  if (word.ends_with(':') && !word.starts_with(':')) {  // the message follows at once
    word.remove_suffix(1);
    scan = Scan(before.substr(word.size()));
  }
  whole += word;
  entry.recipient = whole;
  Scan probe = scan;
  while (probe.take(" <")) {
    const auto inner = probe.until(">");
    if (!inner) return;
    if (whole.find('@') == std::string::npos && entry.original_recipient.empty())
      entry.recipient = *inner;
    else
      entry.original_recipient = *inner;
    scan = probe;
  }
  if (whole.find('@') == std::string::npos && entry.recipient != whole) entry.field("exim_local", whole);
}

/// "defer (-44): words", "defer (111) H=h [a]: words", and plain " words".
void take_message(Scan& scan, Entry& entry) {
  scan.skip_blanks();
  if (scan.take("defer (")) {
    if (const auto number = scan.until(")")) entry.field("exim_errno", *number);
    take_fields(scan, entry, false);
    entry.kind = Kind::attempt;
  }
  scan.take(": ");
  scan.skip_blanks();
  entry.words = trim(scan.rest());
  take_reply(entry.words, entry);
}

/// A delivery, its mark already taken.
void delivery(Scan scan, std::string_view status, Entry& entry) {
  entry.kind = Kind::attempt;
  entry.status = status;
  entry.field("exim_status", status);
  scan.skip_blanks();
  take_addresses(scan, entry);
  take_fields(scan, entry, false);
  take_message(scan, entry);
  take_dsn(entry);
  if (entry.words.empty()) entry.words = entry.reply;
}

void arrival(Scan scan, Entry& entry) {
  entry.kind = Kind::arrival;
  scan.skip_blanks();
  const auto sender = scan.word();
  entry.sender = unbracketed(sender);
  entry.has_sender = true;
  take_fields(scan, entry, true);
}

/// "H=h [a] Connection refused", "H=h [a]: SMTP error from remote mail server after ...: 421 words"
bool host_line(std::string_view text, Entry& entry) {
  if (!text.starts_with("H=")) return false;
  Scan scan(text);
  take_fields(scan, entry, false);
  if (!entry.relay || !entry.relay->address) return false;
  scan.take(": ");
  scan.skip_blanks();
  entry.words = scan.rest();
  take_reply(entry.words, entry);
  if (!entry.reply.empty())
    entry.kind = Kind::refusal;
  else if (ifind(entry.words, "TLS") != std::string_view::npos)
    entry.kind = Kind::tls_failed;
  else if (istarts_with(entry.words, "Connection") || istarts_with(entry.words, "Network") ||
           istarts_with(entry.words, "No route") || istarts_with(entry.words, "SMTP timeout") ||
           istarts_with(entry.words, "Remote host"))
    entry.kind = Kind::connect_failed;
  else if (entry.words.find("rejected") != std::string::npos)
    entry.kind = Kind::rejected;
  if (entry.kind == Kind::rejected) std::swap(entry.client, entry.relay);
  take_dsn(entry);
  return true;
}

void take_body(std::string_view text, Entry& entry) {
  Scan scan(text);
  if (scan.take("=> ") || scan.take("-> ") || scan.take(">> ")) return delivery(scan, "sent", entry);
  if (scan.take("** ")) return delivery(scan, "bounced", entry);
  if (scan.take("== ")) return delivery(scan, "deferred", entry);
  if (scan.take("*> ")) return delivery(scan, "suppressed", entry);
  if (scan.take("<= ")) return arrival(scan, entry);
  entry.words = text;
  if (scan.take("Completed")) {
    entry.kind = Kind::removed;
  } else if (scan.take("DKIM: ") || scan.take("ARC: ") || scan.take("DMARC ")) {
    entry.kind = Kind::authentication;
    take_fields(scan, entry, true);
  } else if (host_line(text, entry)) {
  } else if (ifind(text, "frozen") != std::string_view::npos || text.starts_with("SMTP error") ||
             ifind(text, "panic") != std::string_view::npos) {
    entry.kind = Kind::warning;
    take_reply(text, entry);
  }
}

}  // namespace

bool is_exim(std::string_view program) {
  return istarts_with(program, "exim");
}

bool is_exim_id(std::string_view text) {
  const bool short_id = text.size() == 16 && text[6] == '-' && text[13] == '-';
  const bool long_id = text.size() == 23 && text[6] == '-' && text[18] == '-';
  if (!short_id && !long_id) return false;
  const auto middle = short_id ? 6U : 11U;
  return id_part(text.substr(0, 6)) && id_part(text.substr(7, middle)) && id_part(text.substr(8 + middle));
}

Entry parse_exim(std::string_view text) {
  Entry entry;
  entry.mailer = Mailer::exim;
  Scan scan(text);
  scan.skip_blanks();
  if (Scan probe = scan; probe.take("["))  // log_selector +pid
    if (const auto pid = probe.until("] "); pid && parse_number<unsigned>(*pid)) scan = probe;
  if (Scan probe = scan; is_exim_id(probe.word())) {
    entry.queue_id = scan.word();
    entry.field("exim_id", entry.queue_id);
    scan.skip_blanks();
  }
  take_body(scan.rest(), entry);
  return entry;
}

}  // namespace ptarmigan::logs
