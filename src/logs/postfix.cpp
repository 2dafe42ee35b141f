// logs/postfix.cpp - see postfix.hpp. Each form of line is one function that tells whether it is the line's.
#include "logs/postfix.hpp"

#include <algorithm>
#include <array>

#include "logs/postfix_parts.hpp"

namespace ptarmigan::logs {
namespace {

/// The daemon's own name: the last word of "postfix-out/submission/smtpd".
std::string_view daemon_of(std::string_view program) {
  const auto slash = program.rfind('/');
  return slash == std::string_view::npos ? std::string_view() : program.substr(slash + 1);
}

/// The name of the field that holds the sentence of an outcome.
std::string response_field(std::string_view daemon) {
  for (const std::string_view own : {"local", "virtual", "pipe", "error", "discard"})
    if (daemon == own) return "postfix_" + std::string(own) + "_response";
  return "postfix_smtp_response";
}

void take_delays(std::string_view text, Entry& entry) {
  Delays delays{};
  const auto parts = split(text, '/');
  if (parts.size() != delays.size()) return;
  for (std::size_t i = 0; i < delays.size(); ++i) {
    const auto value = parse_seconds(parts[i]);
    if (!value) return;
    delays[i] = *value;
  }
  entry.delays = delays;
}

void take_pairs(std::string_view data, Entry& entry) {
  for (const auto& [key, value] : pairs_of(data)) {
    if (key == "to") entry.recipient = unbracketed(value);
    if (key == "orig_to") entry.original_recipient = unbracketed(value);
    if (key == "from") {
      entry.sender = unbracketed(value);
      entry.has_sender = true;
    }
    if (key == "relay") entry.relay = parse_peer(value);
    if (key == "client") entry.client = parse_peer(value);
    if (key == "delay") entry.delay = parse_seconds(value);
    if (key == "delays") take_delays(value, entry);
    if (key == "dsn") entry.dsn = value;
    if (key == "conn_use") entry.connection_use = parse_number<unsigned>(value).value_or(1);
    if (key == "size") entry.size = parse_number<std::uint64_t>(value);
    if (key == "message-id" || key == "resent-message-id") entry.message_id = unbracketed(value);
  }
}

/// "host h[a] said: 550 words (in reply to RCPT TO command)", "host h[a] refused to talk to me: 421 words"
bool take_said(std::string_view sentence, Entry& entry, Peer& peer) {
  Scan scan(sentence);
  if (!scan.take("host ")) return false;
  const auto found = take_peer(scan);
  if (!found) return false;
  if (scan.take(" refused to talk to me: ")) {
    entry.stage = "CONNECT";
    entry.reply = scan.rest();
  } else if (scan.take(" said: ")) {
    auto reply = scan.rest();
    constexpr std::string_view mark = " (in reply to ";
    if (const auto at = reply.rfind(mark); at != std::string_view::npos) {
      auto stage = reply.substr(at + mark.size());
      if (stage.ends_with(')')) stage.remove_suffix(1);
      if (stage.ends_with(" command")) stage.remove_suffix(8);
      entry.stage = stage;
      reply = reply.substr(0, at);
    }
    entry.reply = reply;
  } else {
    return false;
  }
  peer = *found;
  return true;
}

/// Who is meant, where relay= is "none": "connect to h[a]:25: Connection refused", "lost connection with h[a] while
/// ..."
void peer_of_sentence(Entry& entry) {
  for (const std::string_view mark :
       {"connect to ", "lost connection with ", "conversation with ", "Cannot start TLS"}) {
    const auto at = entry.words.find(mark);
    if (at == std::string::npos) continue;
    Scan scan(std::string_view(entry.words).substr(at + mark.size()));
    if (const auto peer = take_peer(scan); peer && (peer->address || !peer->service.empty())) {
      const bool none = !entry.relay || (entry.relay->host.empty() && !entry.relay->address);
      if (none) entry.relay = *peer;
    }
    return;
  }
}

/// "to=<a@b>, relay=..., dsn=2.0.0, status=sent (250 2.0.0 Ok)"
bool delivery(std::string_view text, std::string_view daemon, Entry& entry) {
  if (!text.starts_with("to=") && !text.starts_with("orig_to=")) return false;
  const auto at = find_outside_brackets(text, " status=");
  if (at == std::string_view::npos) return false;
  const auto data = text.substr(0, at);
  entry.kind = Kind::attempt;
  take_pairs(data, entry);
  entry.field("postfix_keyvalue_data", data);
  Scan scan(text.substr(at + 8));
  entry.status = scan.word();
  entry.field("postfix_status", entry.status);
  if (!scan.take(" (")) return true;
  auto words = scan.rest();
  if (words.ends_with(')')) words.remove_suffix(1);
  entry.words = words;
  entry.field(response_field(daemon), words);
  Peer peer;
  if (take_said(words, entry, peer)) {
    if (!entry.relay || !entry.relay->address) entry.relay = peer;
  } else if (is_reply(words) && (daemon.empty() || (daemon != "local" && daemon != "virtual"))) {
    entry.reply = words;
  } else {
    peer_of_sentence(entry);
  }
  return true;
}

/// "from=<a@b>, status=expired, returned to sender"; also force-expired
bool expired(std::string_view text, Entry& entry) {
  Scan scan(text);
  if (!scan.take("from=<")) return false;
  const auto sender = scan.until(">, status=");
  const auto status = scan.until(", returned to sender");
  if (!sender || !status) return false;
  entry.kind = Kind::expired;
  entry.sender = *sender;
  entry.has_sender = true;
  entry.status = *status;
  entry.field("postfix_from", *sender);
  entry.field("postfix_status", *status);
  return true;
}

/// qmgr: "from=<a@b>, size=1, nrcpt=1 (queue active)"
bool active(std::string_view text, Entry& entry) {
  constexpr std::string_view mark = " (queue active)";
  if (!text.starts_with("from=<") || !text.ends_with(mark)) return false;
  text.remove_suffix(mark.size());
  entry.kind = Kind::active;
  take_pairs(text, entry);
  entry.field("postfix_keyvalue_data", text);
  return true;
}

/// Any other "key=value, key=value" of a message: pickup, smtpd, cleanup.
bool pairs(std::string_view text, Entry& entry) {
  const auto key = text.substr(0, text.find('='));
  if (key.size() == text.size() || key.empty() || key.find_first_of(" :;") != std::string_view::npos) return false;
  entry.kind = key.ends_with("message-id") ? Kind::message_id : Kind::arrival;
  take_pairs(text, entry);
  entry.field("postfix_keyvalue_data", text);
  return true;
}

/// bounce: "sender non-delivery notification: ADD2F8052"
bool notification(std::string_view text, Entry& entry) {
  Scan scan(text);
  const auto recipient = scan.word();
  if (recipient != "sender" && recipient != "postmaster" && recipient != "double-bounce") return false;
  if (!scan.take(" ")) return false;
  const auto reason = scan.until(" notification: ");
  if (!reason || !is_queue_id(scan.rest())) return false;
  entry.kind = Kind::notification;
  entry.field("postfix_bounce_queueid", scan.rest());
  entry.field("postfix_bounce_recipient", recipient);
  entry.field("postfix_bounce_reason", *reason);
  return true;
}

/// "host h[a] said: 450 words (in reply to RCPT TO command)": the next host is tried.
bool refusal(std::string_view text, Entry& entry) {
  Peer peer;
  if (!take_said(text, entry, peer)) return false;
  entry.kind = Kind::refusal;
  entry.relay = peer;
  entry.words = text;
  peer_fields(entry, peer, "relay");
  entry.field("postfix_smtp_response", entry.reply);
  if (text.find(" said: ") != std::string_view::npos && !entry.stage.empty())
    entry.field("postfix_smtp_stage", entry.stage);
  return true;
}

/// "connect to h[a]:25: Network is unreachable", "SSL_connect error to h[a]:25: lost connection"
bool connect_failed(std::string_view text, Entry& entry) {
  Scan scan(text);
  const bool tls = scan.take("SSL_connect error to ");
  if (!tls && !scan.take("connect to ")) return false;
  auto peer = take_peer(scan);
  if (!peer || !scan.take(": ")) return false;
  entry.kind = tls ? Kind::tls_failed : Kind::connect_failed;
  entry.relay = *peer;
  entry.words = text;
  peer_fields(entry, *peer, "relay");
  entry.field("postfix_smtp_lostconn_data", scan.rest());
  return true;
}

/// "lost connection with h[a] while sending RCPT TO", "conversation with h[a] timed out while ..."
bool lost(std::string_view text, Entry& entry) {
  Scan scan(text);
  std::string_view data;
  for (const std::string_view words : {"lost connection", "timeout", "Connection timed out", "SSL_accept error"})
    if (Scan probe = scan; probe.take(words) && probe.take(" with ")) {
      scan = probe;
      data = words;
    }
  const bool timed_out = data.empty() && scan.take("conversation with ");
  if (data.empty() && !timed_out) return false;
  const auto peer = take_peer(scan);
  if (!peer || (timed_out && !scan.take(" timed out"))) return false;
  entry.kind = Kind::lost;
  entry.relay = *peer;
  entry.words = text;
  if (!timed_out) entry.field("postfix_smtp_lostconn_data", data);
  if (scan.take(" while ")) {
    entry.stage = scan.rest();
    entry.field("postfix_smtp_lostconn_reason", scan.rest());
  }
  peer_fields(entry, *peer, "relay");
  return true;
}

/// "enabling PIX workarounds: disable_esmtp delay_dotcrlf for h[a]:25"
bool workarounds(std::string_view text, Entry& entry) {
  Scan scan(text);
  if (!scan.take("enabling PIX workarounds: ")) return false;
  const auto which = scan.until(" for ");
  const auto peer = take_peer(scan);
  if (!which || !peer) return false;
  entry.relay = *peer;
  entry.fields.clear();  // the patterns that name these fields leave the queue id out here
  entry.field("postfix_pix_workaround", *which);
  peer_fields(entry, *peer, "relay");
  return true;
}

/// "host h[a] offers SMTPUTF8 support, but not 8BITMIME"
bool offers(std::string_view text, Entry& entry) {
  Scan scan(text);
  if (!scan.take("host ")) return false;
  const auto peer = take_peer(scan);
  if (!peer || !scan.take(" offers ")) return false;
  entry.relay = *peer;
  entry.words = text;
  peer_fields(entry, *peer, "relay");
  return true;
}

bool statistics(std::string_view text, Entry& entry) {
  Scan scan(text);
  if (!scan.take("statistics: ")) return false;
  entry.kind = Kind::statistics;
  entry.words = scan.rest();
  statistics_fields(scan.rest(), entry);
  return true;
}

bool warning(std::string_view text, Entry& entry) {
  Scan scan(text);
  const auto level = scan.until(": ");
  if (!level) return false;
  constexpr std::array<std::string_view, 5> levels{"warning", "fatal", "error", "panic", "info"};
  if (std::ranges::find(levels, *level) == levels.end()) return false;
  entry.kind = Kind::warning;
  entry.field("postfix_message_level", *level);
  if (Scan probe = scan; const auto peer = take_peer(probe))
    if (peer->address && probe.take(": ")) {
      entry.client = *peer;
      peer_fields(entry, *peer, "client");
      scan = probe;
    }
  auto message = scan.rest();
  if (const auto at = message.rfind("; "); at != std::string_view::npos)
    if (const auto data = message.substr(at + 2); data.starts_with("from=<") || data.starts_with("client=")) {
      entry.field("postfix_keyvalue_data", data);
      message = message.substr(0, at);
    }
  entry.words = message;
  entry.field("postfix_message", message);
  return true;
}

/// What needs no message: told apart by the words alone.
bool session_line(std::string_view text, Entry& entry) {
  return refusal(text, entry) || tls_line(text, entry) || connect_failed(text, entry) || lost(text, entry) ||
         workarounds(text, entry) || offers(text, entry) || warning(text, entry) || statistics(text, entry) ||
         client_line(text, entry) || server_line(text, entry);
}

}  // namespace

std::string_view to_string(Kind kind) {
  switch (kind) {
    case Kind::attempt: return "attempt";
    case Kind::refusal: return "refusal";
    case Kind::connect_failed: return "connect-failed";
    case Kind::lost: return "lost";
    case Kind::tls: return "tls";
    case Kind::tls_failed: return "tls-failed";
    case Kind::arrival: return "arrival";
    case Kind::active: return "active";
    case Kind::message_id: return "message-id";
    case Kind::removed: return "removed";
    case Kind::expired: return "expired";
    case Kind::notification: return "notification";
    case Kind::rejected: return "rejected";
    case Kind::client: return "client";
    case Kind::authentication: return "authentication";
    case Kind::warning: return "warning";
    case Kind::statistics: return "statistics";
    case Kind::other: return "other";
  }
  return {};
}

bool is_postfix(std::string_view program) {
  return istarts_with(program, "postfix");
}

Entry parse_postfix(std::string_view program, std::string_view text) {
  Entry entry;
  const auto daemon = daemon_of(program);
  Scan scan(text);
  if (const auto id = scan.until(": "); id && is_queue_id(*id)) {
    entry.queue_id = *id;
    entry.field("postfix_queueid", *id);
    text = scan.rest();
    if (delivery(text, daemon, entry) || expired(text, entry) || active(text, entry) || notification(text, entry) ||
        rejection(text, entry) || session_line(text, entry) || pairs(text, entry))
      return entry;
    if (text == "removed") entry.kind = Kind::removed;
  } else if (session_line(text, entry)) {
    return entry;
  }
  entry.words = text;
  entry.field("postfix_message", text);
  return entry;
}

}  // namespace ptarmigan::logs
