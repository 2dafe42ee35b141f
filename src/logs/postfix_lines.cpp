// logs/postfix_lines.cpp - Postfix's lines about sessions rather than messages: TLS, clients, counters, the master.
#include <algorithm>
#include <array>

#include "logs/postfix_parts.hpp"

namespace ptarmigan::logs {
namespace {

/// " key-exchange ECDHE (P-256)", " server-signature RSA-PSS (2048 bits)": the word and what its brackets hold.
void take_algorithm(Scan& scan, std::string_view words, const std::string& name, Entry& entry) {
  if (!scan.take(words)) return;
  entry.field(name, scan.word());
  Scan probe = scan;
  if (!probe.take(" (")) return;
  const auto inner = probe.until(")");
  if (!inner) return;
  scan = probe;
  if (inner->ends_with(" bits"))
    entry.field(name + "_size", inner->substr(0, inner->size() - 5));
  else
    entry.field(name + "_curve", *inner);
}

/// "Untrusted TLS connection established to h[a]:25: TLSv1.3 with cipher C (256/256 bits) key-exchange X25519 ..."
bool established(std::string_view text, Entry& entry) {
  Scan scan(text);
  const auto trust = scan.until(" TLS connection ");
  constexpr std::array<std::string_view, 4> levels{"Anonymous", "Untrusted", "Trusted", "Verified"};
  if (!trust || std::ranges::find(levels, *trust) == levels.end()) return false;
  if (!scan.take("established ") && !scan.take("reused ")) return false;
  const bool out = scan.take("to ");
  if (!out && !scan.take("from ")) return false;
  const auto peer = take_peer(scan);
  if (!peer) return false;
  Scan name = scan;  // newer versions name the certificate's verified name: " to mail.example.com"
  if (!scan.take(": ")) {
    if (!name.until(": ")) return false;
    scan = name;
  }
  const auto version = scan.until(" with cipher ");
  if (!version) return false;
  const auto cipher = scan.until(" (");
  const auto bits = scan.until(" bits)");
  if (!cipher || !bits) return false;
  entry.kind = Kind::tls;
  (out ? entry.relay : entry.client) = *peer;
  entry.tls = TlsWords{std::string(*trust), std::string(*version), std::string(*cipher)};
  entry.field("postfix_tls_trustlevel", *trust);
  peer_fields(entry, *peer, out ? "relay" : "client");
  entry.field("postfix_tls_version", *version);
  entry.field("postfix_tls_cipher", *cipher);
  entry.field("postfix_tls_cipher_size", *bits);
  take_algorithm(scan, " key-exchange ", "postfix_tls_key_exchange", entry);
  take_algorithm(scan, " server-signature ", "postfix_tls_server_signature", entry);
  take_algorithm(scan, " server-digest ", "postfix_tls_server_digest", entry);
  take_algorithm(scan, " client-signature ", "postfix_tls_client_signature", entry);
  take_algorithm(scan, " client-digest ", "postfix_tls_client_digest", entry);
  return true;
}

/// "certificate verification failed for h[a]:25: words", "server certificate verification failed for ..."
bool not_verified(std::string_view text, Entry& entry) {
  Scan scan(text);
  scan.take("server ");
  if (!scan.take("certificate verification failed for ")) return false;
  const auto peer = take_peer(scan);
  if (!peer || !scan.take(": ")) return false;
  entry.kind = Kind::tls_failed;
  entry.relay = *peer;
  entry.words = text;
  peer_fields(entry, *peer, "relay");
  entry.field("postfix_tls_error", scan.rest());
  return true;
}

void status_fields(Scan& scan, Entry& entry) {
  if (const auto code = scan.rest().substr(0, 3); code.size() == 3 && is_reply(scan.rest())) {
    entry.field("postfix_status_code", code);
    scan.take(code);
    scan.take(" ");
  }
  const auto word = scan.rest().substr(0, scan.rest().find(' '));
  if (std::ranges::count(word, '.') == 2 && std::ranges::all_of(word, [](char c) { return is_digit(c) || c == '.'; })) {
    entry.field("postfix_status_code_enhanced", word);
    entry.dsn = word;
    scan.take(word);
    scan.take(" ");
  }
}

/// The line's mail: "from=<a> to=<b> proto=ESMTP helo=<h>"
void mail_of(std::string_view data, Entry& entry) {
  entry.field("postfix_keyvalue_data", data);
  for (const auto& [key, value] : pairs_of(data)) {
    if (key == "to") entry.recipient = unbracketed(value);
    if (key != "from") continue;
    entry.sender = unbracketed(value);
    entry.has_sender = true;
  }
}

/// "connect from h[a]", "disconnect from h[a] ehlo=1 commands=2", "lost connection after DATA from h[a]"
bool came_or_went(std::string_view text, Entry& entry) {
  Scan scan(text);
  const bool gone = scan.take("disconnect from ") || scan.take("DISCONNECT ");
  if (!gone && !scan.take("connect from ") && !scan.take("CONNECT from ")) return false;
  const auto peer = take_peer(scan);
  if (!peer) return false;
  entry.kind = Kind::client;
  entry.client = *peer;
  peer_fields(entry, *peer, "client");
  if (scan.take(" to [")) {
    if (const auto own = scan.until("]:")) {
      entry.field("postfix_server_ip", *own);
      entry.field("postfix_server_port", scan.rest());
    }
    return true;
  }
  for (const auto& [key, value] : pairs_of(trim(scan.rest()))) {
    const auto slash = value.find('/');
    if (slash != std::string_view::npos)
      entry.field("postfix_cmd_" + std::string(key) + "_accepted", value.substr(0, slash));
    entry.field("postfix_cmd_" + std::string(key), slash == std::string_view::npos ? value : value.substr(slash + 1));
  }
  return true;
}

bool lost_client(std::string_view text, Entry& entry) {
  Scan scan(text);
  std::string_view data;
  for (const std::string_view words : {"lost connection", "timeout", "SSL_accept error", "Connection timed out",
                                       "improper command pipelining", "too many errors"})
    if (scan.take(words)) {
      data = words;
      break;
    }
  if (data.empty()) return false;
  std::string_view stage;
  if (scan.take(" after ")) {
    const auto found = scan.until(" from ");
    if (!found) return false;
    stage = found->substr(0, found->find(" ("));
  } else if (!scan.take(" from ")) {
    return false;
  }
  const auto peer = take_peer(scan);
  if (!peer) return false;
  entry.kind = Kind::client;
  entry.client = *peer;
  entry.stage = stage;
  const bool pipelining = data == "improper command pipelining";
  if (!pipelining) entry.field("postfix_smtpd_lostconn_data", data);
  if (!stage.empty()) entry.field("postfix_smtp_stage", stage);
  peer_fields(entry, *peer, "client");
  if (scan.take(": "))
    entry.field(pipelining ? "postfix_improper_pipelining_data" : "postfix_smtpd_lostconn_reason", scan.rest());
  return true;
}

/// postscreen: "PASS NEW [a]:1", "DNSBL rank 3 for [a]:1", "PREGREET 14 after 0.2 from [a]:1: EHLO x"
bool screened(std::string_view text, Entry& entry) {
  Scan scan(text);
  for (const std::string_view action : {"PASS NEW", "PASS OLD", "ALLOWLISTED", "ALLOWLIST VETO", "DENYLISTED",
                                        "WHITELISTED", "WHITELIST VETO", "BLACKLISTED"})
    if (Scan probe = scan; probe.take(action) && probe.take(" ")) {
      const auto peer = take_peer(probe);
      if (!peer) return false;
      entry.kind = Kind::client;
      entry.client = *peer;
      entry.field("postfix_postscreen_access", action);
      peer_fields(entry, *peer, "client");
      return true;
    }
  for (const std::string_view violation :
       {"BARE NEWLINE", "COMMAND TIME LIMIT", "COMMAND COUNT LIMIT", "COMMAND LENGTH LIMIT", "COMMAND PIPELINING",
        "DNSBL", "HANGUP", "NON-SMTP COMMAND", "PREGREET"}) {
    if (!scan.take(violation)) continue;
    entry.kind = Kind::client;
    entry.field("postfix_postscreen_violation", violation);
    if (scan.take(" rank "))
      if (const auto rank = scan.until(" for ")) entry.field("postfix_postscreen_dnsbl_rank", *rank);
    if (const auto at = scan.rest().find("after "); at != std::string_view::npos && at < 8) {
      scan = Scan(scan.rest().substr(at + 6));
      entry.field("postfix_postscreen_violation_time", scan.word());
    }
    if (const auto at = scan.rest().find("from "); at != std::string_view::npos)
      scan = Scan(scan.rest().substr(at + 5));
    if (const auto peer = take_peer(scan)) {
      entry.client = *peer;
      peer_fields(entry, *peer, "client");
    }
    if (scan.take(" after ")) {
      const auto stage = scan.rest().substr(0, scan.rest().find(": "));
      entry.field("postfix_smtp_stage", stage);
      scan.take(stage);
    }
    if (scan.take(": ")) entry.field("postfix_postscreen_data", scan.rest());
    return true;
  }
  return false;
}

/// dnsblog: "addr 192.0.2.1 listed by domain bl.example.org as 127.0.0.2"
bool listed(std::string_view text, Entry& entry) {
  Scan scan(text);
  if (!scan.take("addr ")) return false;
  const auto address = scan.until(" listed by domain ");
  const auto domain = scan.until(" as ");
  if (!address || !domain) return false;
  entry.kind = Kind::client;
  entry.field("postfix_client_ip", *address);
  entry.field("postfix_dnsbl_domain", *domain);
  entry.field("postfix_dnsbl_result", scan.rest());
  return true;
}

}  // namespace

bool tls_line(std::string_view text, Entry& entry) {
  return established(text, entry) || not_verified(text, entry);
}

bool rejection(std::string_view text, Entry& entry) {
  Scan scan(text);
  const bool milter = scan.take("milter-");
  const bool proxy = !milter && scan.take("proxy-");
  const auto action = scan.rest().substr(0, scan.rest().find(':'));
  constexpr std::array<std::string_view, 11> actions{"accept",         "defer",           "discard",       "filter",
                                                     "hold",           "header-redirect", "milter-reject", "reject",
                                                     "reject_warning", "prepend",         "redirect"};
  if (std::ranges::find(actions, action) == actions.end()) return false;
  scan.take(action);
  scan.take(": ");
  entry.kind = Kind::rejected;
  entry.words = text;
  entry.field(milter ? "postfix_milter_result" : proxy ? "postfix_proxy_result" : "postfix_action", action);
  const auto at = find_outside_brackets(scan.rest(), " from ");
  if (at == std::string_view::npos) return true;
  entry.stage = scan.rest().substr(0, at);
  Scan behind(scan.rest().substr(at + 6));
  const auto peer = take_peer(behind);
  if (!peer) return true;
  entry.client = *peer;
  entry.field("postfix_smtp_stage", entry.stage);
  peer_fields(entry, *peer, "client");
  behind.take(": ");
  status_fields(behind, entry);
  if (Scan probe = behind; probe.take("<"))
    if (const auto data = probe.until(">: ")) {
      entry.field("postfix_status_data", *data);
      behind = probe;
    }
  const auto semicolon = behind.rest().rfind("; ");
  entry.reply = behind.rest().substr(0, semicolon);
  entry.field(milter ? "postfix_milter_message" : "postfix_status_message", entry.reply);
  if (semicolon != std::string_view::npos) mail_of(behind.rest().substr(semicolon + 2), entry);
  return true;
}

bool client_line(std::string_view text, Entry& entry) {
  return came_or_went(text, entry) || lost_client(text, entry) || screened(text, entry) || listed(text, entry);
}

bool server_line(std::string_view text, Entry& entry) {
  Scan scan(text);
  if (scan.take("daemon started -- version ") || scan.take("reload -- version ")) {
    if (const auto version = scan.until(", configuration ")) {
      entry.field("postfix_version", *version);
      entry.field("postfix_config_path", scan.rest());
    }
    entry.words = text;
    return true;
  }
  constexpr std::array<std::string_view, 4> done{"Placed on hold", "Released from hold", "Requeued", "Deleted"};
  for (const auto words : done)
    if (Scan probe(text); probe.take(words) && probe.take(": ")) {
      entry.words = text;
      entry.field("postfix_postsuper_summary_action", words);
      entry.field("postfix_postsuper_summary_count", probe.word());
      return true;
    }
  return false;
}

void statistics_fields(std::string_view text, Entry& entry) {
  Scan scan(text);
  if (scan.take("max connection rate ") || scan.take("max message rate ") || scan.take("max recipient rate ") ||
      scan.take("max newtls rate ") || scan.take("max auth rate ")) {
    const auto rate = scan.until("/");
    const auto period = scan.until(" for (");
    const auto who = scan.until(") at ");
    if (!rate || !period || !who) return;
    entry.field("postfix_anvil_conn_rate", *rate);
    entry.field("postfix_anvil_conn_period", *period);
    const auto colon = who->find(':');
    entry.field("postfix_service", who->substr(0, colon));
    if (colon != std::string_view::npos) entry.field("postfix_client_ip", who->substr(colon + 1));
    entry.field("postfix_anvil_timestamp", scan.rest());
  } else if (scan.take("max connection count ")) {
    const auto count = scan.until(" for (");
    const auto who = scan.until(") at ");
    if (!count || !who) return;
    entry.field("postfix_anvil_conn_count", *count);
    const auto colon = who->find(':');
    entry.field("postfix_service", who->substr(0, colon));
    if (colon != std::string_view::npos) entry.field("postfix_client_ip", who->substr(colon + 1));
    entry.field("postfix_anvil_timestamp", scan.rest());
  } else if (scan.take("max cache size ")) {
    const auto size = scan.until(" at ");
    if (!size) return;
    entry.field("postfix_anvil_cache_size", *size);
    entry.field("postfix_anvil_timestamp", scan.rest());
  }
}

}  // namespace ptarmigan::logs
