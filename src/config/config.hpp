// config/config.hpp - ptarmigan.toml as one value. Every field is described, with unit, default and bounds, in
// settings.cpp.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/ip_address.hpp"
#include "base/time.hpp"
#include "dns/name.hpp"

namespace ptarmigan::config {

/// What a standing does to the order of routes (ARCHITECTURE.md section 4).
enum class StandingMode { enforce, advise, off };
/// Which family is tried first where both are in equal standing.
enum class Preference { ipv6, ipv4 };
/// How a hop to a relay is encrypted.
enum class Encrypt { starttls, tls, none };
/// How we log in at a relay. best: the first of SCRAM-SHA-256, PLAIN and LOGIN that it offers.
enum class RelayAuth { best, plain, login, scram_sha_256, xoauth2 };
/// What the gate does with a submitted message that breaks one of its rules.
enum class GateAction { off, warn, hold, refuse };

/// One own address pair and the name it says hello with.
struct Source {
  std::string name;
  std::optional<IpAddress> ipv4;
  std::optional<IpAddress> ipv6;
  std::optional<dns::DomainName> ehlo;                ///< hostname where absent
  std::optional<std::chrono::sys_days> warm_up_from;  ///< both addresses are new since then; not warmed up where absent
  std::uint64_t warm_up_first = 50;                   ///< messages of the first day
  unsigned warm_up_growth = 40;                       ///< percent a day
  std::uint64_t warm_up_full = 100'000;               ///< messages a day that end the warm-up
  unsigned weight = 0;                                ///< share of the mail; 0: in the configured order, after shares
  std::string pool;
};

/// How fast mail goes to a site from one own address.
struct Pace {
  std::string site;
  unsigned connections = 5;
  unsigned messages_per_connection = 50;
  unsigned messages_per_minute = 0;  ///< 0: not limited
};

/// A smart host of last resort, with SMTP AUTH.
struct Relay {
  std::string name;
  dns::DomainName host;
  std::uint16_t port = 587;
  std::string user;
  std::string password;       ///< or from password_file
  std::string password_file;  ///< read by the edge, for each session
  RelayAuth auth = RelayAuth::best;
  Encrypt encrypt = Encrypt::starttls;
  std::string ca_file;  ///< PEM; the system's authorities where empty
};

struct DkimKey {
  std::string selector;
  std::string key_file;
};

/// A domain that mail is sent from.
struct Domain {
  dns::DomainName name;
  std::string pool;   ///< of the sources that its mail may leave from; "": all
  bool verp = false;  ///< a reverse-path of its own for each recipient
  std::vector<DkimKey> dkim;
};

struct Dns {
  std::vector<Endpoint> servers;  ///< recursive resolvers; iterates from the root where empty
  std::string root_hints;
  std::string trust_anchor;
  milliseconds deadline{10'000};
};

struct Submission {
  std::vector<Endpoint> listen{{IpAddress::v4({127, 0, 0, 1}), 587}};
  std::vector<IpNetwork> networks;  ///< may submit without AUTH, besides loopback
  std::string users_file;
  std::string certificate;
  std::string key;
  std::uint64_t max_message = 50ULL * 1024 * 1024;
  unsigned max_recipients = 1000;
  unsigned max_sessions = 1000;
  unsigned max_sessions_per_client = 100;
  std::vector<Endpoint> listen_tls;          ///< the connection begins with TLS (RFC 8314#3.3)
  std::vector<IpNetwork> proxy_networks;     ///< each of their connections begins with a PROXY header
  std::vector<IpNetwork> xclient_networks;   ///< may say XCLIENT
  std::uint64_t max_waiting = 512ULL << 20;  ///< octets of unfinished messages in memory, all sessions together
  unsigned user_recipients_per_hour = 0;     ///< 0: not limited
  unsigned network_recipients_per_hour = 0;  ///< of one IPv4 address or IPv6 /64; 0: not limited
};

/// What is asked of a message before it is accepted.
struct Gate {
  GateAction one_author = GateAction::refuse;
  GateAction single_fields = GateAction::refuse;
  GateAction message_id = GateAction::refuse;
  GateAction signed_domain = GateAction::refuse;
  GateAction encoded_header = GateAction::refuse;
  GateAction unsubscribe = GateAction::refuse;
};

struct Delivery {
  StandingMode standing = StandingMode::enforce;
  Preference prefer = Preference::ipv6;
  std::uint16_t port = 25;
  unsigned max_connections_per_site = 20;
  unsigned max_connections = 500;
  unsigned messages_per_connection = 100;
  milliseconds connect_timeout{30'000};
  milliseconds retry_first{5 * 60'000};
  milliseconds retry_longest{4 * 3'600'000};
  milliseconds lifetime{5LL * 24 * 3'600'000};
  milliseconds delay_notice{4 * 3'600'000};  ///< 0: senders are not told of delays
  milliseconds idle_connection{2'000};
  milliseconds refresh_shortest{1'000};
  unsigned probes = 3;
  bool dane = true;
  bool mta_sts = true;
  milliseconds rate_pause{10 * 60'000};
  bool suppress_unknown = false;
};

struct Spool {
  std::string path = "/var/lib/ptarmigan/spool";
  std::uint64_t min_free = 100ULL * 1024 * 1024;
};

enum class LogFormat { text, json };

/// How the server's process runs.
struct Process {
  std::string user;            ///< that it becomes when it is started as root; "" where it stays
  bool confine_writes = true;  ///< to the folders of the spool and the history
  LogFormat log_format = LogFormat::text;
};

struct Store {
  std::string path = "/var/lib/ptarmigan/history.db";
};

/// What is watched besides mail, how long it is kept, and who is told.
struct Watch {
  std::string database;  ///< "postgresql://..."; store.path where empty
  std::chrono::days keep_attempts{90};
  std::chrono::days keep_reports{400};
  std::chrono::days keep_totals{1100};
  bool suppress_complaints = true;
  std::string drop_folder;
  std::vector<std::string> report_addresses;  ///< mail for them is taken from anybody, into drop_folder
  bool records = true;
  std::vector<dns::DomainName> blocklists;
  std::string alert_command;
  std::string alert_mail;
  std::string alert_webhook;
  std::string alert_secret_file;
  std::string alert_ca_file;
  std::string google_key_file;  ///< of a service account that may read Google Postmaster Tools
  std::string google_user;      ///< on whose behalf it reads
  std::string snds_token_file;  ///< a refresh token of Microsoft SNDS, rewritten at each use
};

/// The receiver that `ptarmigan rehearse` plays.
struct Rehearsal {
  std::vector<Endpoint> listen{{IpAddress::v4({127, 0, 0, 1}), 2525}};
  std::string receiver = "gmail";
  std::string hostname;  ///< the receiver's own where empty
  std::string mailbox = "rehearsal-mail";
  std::string journal;  ///< one JSON line for each session; none where empty
  std::string certificate;
  std::string key;
  bool bulk = false;
};

/// HTTP: page, API, metrics.
struct Console {
  std::vector<Endpoint> listen;  ///< empty: no console
  std::string token_file;
  std::string certificate;
  std::string key;
  std::vector<IpNetwork> trusted_proxies;  ///< whose proxy_header is believed
  std::string proxy_header = "X-Forwarded-User";
  bool proxy_operates = false;  ///< users behind a proxy may change things
};

enum class MilterFailure { tempfail, accept };
enum class MilterDmarc { mark, reject };

/// `ptarmigan milter`, beside Postfix and Sendmail.
struct Milter {
  /// Whose mail is ours and is signed, besides that of users who logged in.
  std::vector<IpNetwork> networks{{IpAddress::v4({127, 0, 0, 0}), 8}, {*IpAddress::parse("::1"), 128}};
  std::string authserv_id;  ///< "": the host name
  MilterFailure on_failure = MilterFailure::tempfail;
  MilterDmarc dmarc = MilterDmarc::mark;
};

struct Config {
  std::optional<dns::DomainName> hostname;
  Dns dns;
  std::vector<Source> sources;
  std::vector<Relay> relays;
  std::vector<Domain> domains;
  std::vector<Pace> paces;
  Submission submission;
  Gate gate;
  Delivery delivery;
  Spool spool;
  Store store;
  Process process;
  Watch watch;
  Rehearsal rehearsal;
  Console console;
  Milter milter;
};

}  // namespace ptarmigan::config
