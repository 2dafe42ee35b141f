// config/settings.cpp - the table. To add a setting: a field in config.hpp, a row here, `ptarmigan config reference`
// for the docs.
#include "config/settings.hpp"

#include <array>
#include <utility>

#include "base/nearest.hpp"
#include "base/text.hpp"

namespace ptarmigan::config {
namespace {

using Stored = Result<>;

constexpr milliseconds one_day{24LL * 3600 * 1000};
constexpr std::uint64_t one_gib = 1024ULL * 1024 * 1024;

/// Moves a read value into its field, or passes its error on.
template <typename T, typename Field>
Stored put(Result<T> value, Field& field) {
  if (!value) return std::unexpected(value.error());
  field = static_cast<Field>(*std::move(value));
  return {};
}

template <typename T, typename Field>
Stored put_optional(Result<T> value, std::optional<Field>& field) {
  if (!value) return std::unexpected(value.error());
  field = *std::move(value);
  return {};
}

Result<dns::DomainName> domain_name(const Value& value) {
  const auto text = as_text(value);
  return text ? dns::DomainName::from_unicode(*text) : std::unexpected(text.error());
}

Result<IpAddress> address(const Value& value, Family family) {
  const auto text = as_text(value);
  if (!text) return std::unexpected(text.error());
  auto parsed = IpAddress::parse(*text);
  if (parsed && parsed->family() != family)
    return failure(*text + " is not an " + std::string(to_string(family)) + " address");
  return parsed;
}

template <typename T, typename Parse>
Result<std::vector<T>> list_of(const Value& value, Parse parse) {
  const auto texts = as_list(value);
  if (!texts) return std::unexpected(texts.error());
  std::vector<T> out;
  for (const auto& text : *texts) {
    auto parsed = parse(text);
    if (!parsed) return std::unexpected(parsed.error());
    out.push_back(*std::move(parsed));
  }
  return out;
}

Result<std::string> report_address(const std::string& text) {
  const auto at = text.rfind('@');
  if (at == std::string::npos || at == 0 || !dns::DomainName::from_unicode(text.substr(at + 1)))
    return failure("\"" + text + "\" is no address", "for example \"dmarc@example.com\"");
  return text;
}

Result<std::vector<Endpoint>> endpoints(const Value& value, std::uint16_t default_port) {
  return list_of<Endpoint>(value, [&](const std::string& text) { return Endpoint::parse(text, default_port); });
}

template <typename Enum, std::size_t count>
Stored put_word(const Value& value, const std::array<std::pair<std::string_view, Enum>, count>& words, Enum& field) {
  const auto text = as_text(value);
  if (!text) return std::unexpected(text.error());
  std::vector<std::string_view> known;
  for (const auto& [word, meaning] : words) {
    if (word == *text) {
      field = meaning;
      return {};
    }
    known.push_back(word);
  }
  const auto near = nearest(*text, known);
  std::string remedy = near.empty() ? "known:" : "did you mean \"" + std::string(near) + "\"? known:";
  for (const auto word : known) remedy += " " + std::string(word);
  return failure("\"" + printable(*text, 40) + "\" is not known", std::move(remedy));
}

constexpr std::array<std::pair<std::string_view, StandingMode>, 3> standing_words{
    {{"enforce", StandingMode::enforce}, {"advise", StandingMode::advise}, {"off", StandingMode::off}}};
constexpr std::array<std::pair<std::string_view, Preference>, 2> preference_words{
    {{"ipv6", Preference::ipv6}, {"ipv4", Preference::ipv4}}};
constexpr std::array<std::pair<std::string_view, Encrypt>, 3> encrypt_words{
    {{"starttls", Encrypt::starttls}, {"tls", Encrypt::tls}, {"none", Encrypt::none}}};
constexpr std::array<std::pair<std::string_view, RelayAuth>, 5> relay_auth_words{
    {{"best", RelayAuth::best},
     {"plain", RelayAuth::plain},
     {"login", RelayAuth::login},
     {"scram-sha-256", RelayAuth::scram_sha_256},
     {"xoauth2", RelayAuth::xoauth2}}};
constexpr std::array<std::pair<std::string_view, LogFormat>, 2> log_format_words{
    {{"text", LogFormat::text}, {"json", LogFormat::json}}};

constexpr std::array<std::pair<std::string_view, MilterFailure>, 2> milter_failure_words{
    {{"tempfail", MilterFailure::tempfail}, {"accept", MilterFailure::accept}}};
constexpr std::array<std::pair<std::string_view, MilterDmarc>, 2> milter_dmarc_words{
    {{"mark", MilterDmarc::mark}, {"reject", MilterDmarc::reject}}};

constexpr std::array<std::pair<std::string_view, GateAction>, 4> gate_words{
    {{"off", GateAction::off}, {"warn", GateAction::warn}, {"hold", GateAction::hold}, {"refuse", GateAction::refuse}}};

Stored put_days(const Value& value, std::chrono::days& field) {
  const auto duration = as_duration(value, one_day, 3650 * one_day);
  if (!duration) return std::unexpected(duration.error());
  field = std::chrono::floor<std::chrono::days>(*duration);
  return {};
}

using C = Config;
using V = Value;

constexpr std::array table{
    Setting{"hostname", "host name", "", "",
            "This server's own name: EHLO of sources without one, Received fields, Reporting-MTA.",
            [](C& c, const V& v) { return put_optional(domain_name(v), c.hostname); }},

    Setting{"dns.servers", "list of address:port", "[]", "",
            "Recursive resolvers to ask. Empty: iterate from the root servers.",
            [](C& c, const V& v) { return put(endpoints(v, 53), c.dns.servers); }},
    Setting{"dns.root_hints", "file", "", "", "Root hints in zone-file form, where not the built-in ones.",
            [](C& c, const V& v) { return put(as_text(v), c.dns.root_hints); }},
    Setting{"dns.trust_anchor", "file", "", "",
            "DS or DNSKEY records of the root, to validate DNSSEC with. Without it the real root's keys are used where "
            "the real root servers are asked, and "
            "answers of resolvers are not validated.",
            [](C& c, const V& v) { return put(as_text(v), c.dns.trust_anchor); }},
    Setting{
        "dns.deadline", "duration", "10s", "100ms to 2m",
        "How long one question may take before it counts as timed out.",
        [](C& c, const V& v) { return put(as_duration(v, milliseconds(100), milliseconds(120'000)), c.dns.deadline); }},

    Setting{"source[].name", "text", "", "",
            "A name for this pair of addresses in explanations; its first address where absent.",
            [](C& c, const V& v) { return put(as_text(v), c.sources.back().name); }},
    Setting{"source[].ipv4", "IPv4 address", "", "", "The IPv4 address that mail leaves from; must be on this host.",
            [](C& c, const V& v) { return put_optional(address(v, Family::ipv4), c.sources.back().ipv4); }},
    Setting{"source[].ipv6", "IPv6 address", "", "", "The IPv6 address that mail leaves from; must be on this host.",
            [](C& c, const V& v) { return put_optional(address(v, Family::ipv6), c.sources.back().ipv6); }},
    Setting{"source[].ehlo", "host name", "the value of hostname", "",
            "What this source says in EHLO. Its A, AAAA and PTR records should agree.",
            [](C& c, const V& v) { return put_optional(domain_name(v), c.sources.back().ehlo); }},
    Setting{"source[].warm_up_from", "date", "", "",
            "The first day (UTC) of these addresses: each then sends at most a day's allowance, which grows daily. "
            "Without it they are not warmed up.",
            [](C& c, const V& v) { return put_optional(as_date(v), c.sources.back().warm_up_from); }},
    Setting{"source[].warm_up_first", "number", "50", "1 to 1000000", "The first day's allowance, in messages.",
            [](C& c, const V& v) { return put(as_number(v, 1, 1'000'000), c.sources.back().warm_up_first); }},
    Setting{"source[].warm_up_growth", "number", "40", "1 to 100",
            "By how many percent the allowance grows each day; never more than doubled.",
            [](C& c, const V& v) { return put(as_number(v, 1, 100), c.sources.back().warm_up_growth); }},
    Setting{"source[].warm_up_full", "number", "100000", "1 to 1000000000",
            "The warm-up ends on the day that would allow so many messages.",
            [](C& c, const V& v) { return put(as_number(v, 1, 1'000'000'000), c.sources.back().warm_up_full); }},
    Setting{
        "source[].weight", "number", "0", "0 to 1000",
        "Its share of the mail among sources in equal standing: of two with 3 and 1 the first takes three quarters. A "
        "message keeps its source over retries. Sources with 0 come after those with a share, in the order of this "
        "file.",
        [](C& c, const V& v) { return put(as_number(v, 0, 1000), c.sources.back().weight); }},
    Setting{"source[].pool", "text", "", "",
            "A name that several sources may share. Domains with this pool send from its sources alone.",
            [](C& c, const V& v) { return put(as_text(v), c.sources.back().pool); }},

    Setting{"relay[].name", "text", "the value of host", "", "A name for this relay in explanations.",
            [](C& c, const V& v) { return put(as_text(v), c.relays.back().name); }},
    Setting{"relay[].host", "host name", "", "",
            "The smart host that takes mail when no own address is in good standing.",
            [](C& c, const V& v) { return put(domain_name(v), c.relays.back().host); }},
    Setting{"relay[].port", "number", "587", "1 to 65535", "Its port.",
            [](C& c, const V& v) { return put(as_number(v, 1, 65535), c.relays.back().port); }},
    Setting{"relay[].user", "text", "", "", "SMTP AUTH user.",
            [](C& c, const V& v) { return put(as_text(v), c.relays.back().user); }},
    Setting{"relay[].password", "text", "", "", "SMTP AUTH password. Better: password_file.",
            [](C& c, const V& v) { return put(as_text(v), c.relays.back().password); }},
    Setting{"relay[].password_file", "file", "", "",
            "A file whose first line is the password. It is read for each session.",
            [](C& c, const V& v) { return put(as_text(v), c.relays.back().password_file); }},
    Setting{
        "relay[].auth", "word", "best", "best, plain, login, scram-sha-256, xoauth2",
        "How to log in. best takes the first of SCRAM-SHA-256, PLAIN and LOGIN that the relay offers. With xoauth2 the "
        "password is an OAuth 2.0 access token: let another program keep password_file fresh.",
        [](C& c, const V& v) { return put_word(v, relay_auth_words, c.relays.back().auth); }},
    Setting{"relay[].encrypt", "word", "starttls", "starttls, tls, none",
            "starttls and tls demand a verified certificate. none is for tests.",
            [](C& c, const V& v) { return put_word(v, encrypt_words, c.relays.back().encrypt); }},
    Setting{"relay[].ca_file", "file", "the system's authorities", "",
            "PEM file of the authorities that may vouch for this relay.",
            [](C& c, const V& v) { return put(as_text(v), c.relays.back().ca_file); }},

    Setting{"domain[].name", "domain", "", "", "A domain that mail is sent from.",
            [](C& c, const V& v) { return put(domain_name(v), c.domains.back().name); }},
    Setting{"domain[].pool", "text", "", "",
            "Mail with a From of this domain leaves only from sources of this pool, or over a relay. Empty: from any "
            "source.",
            [](C& c, const V& v) { return put(as_text(v), c.domains.back().pool); }},
    Setting{
        "domain[].verp", "true or false", "false", "",
        "Mail with a reverse-path in this domain gets one of its own for each recipient: news@example.com becomes "
        "news+user=example.net@example.com, so that whoever gets a bounce knows whom it is about. The part behind the "
        "plus sign must reach the same mailbox.",
        [](C& c, const V& v) { return put(as_bool(v), c.domains.back().verp); }},
    Setting{"domain[].dkim[].selector", "label", "", "", "The selector whose record holds this key's public half.",
            [](C& c, const V& v) { return put(as_text(v), c.domains.back().dkim.back().selector); }},
    Setting{"domain[].dkim[].key_file", "file", "", "",
            "PEM private key, RSA or Ed25519; made by `ptarmigan dkim keygen`.",
            [](C& c, const V& v) { return put(as_text(v), c.domains.back().dkim.back().key_file); }},

    Setting{"pace[].site", "text", "", "",
            "A site as `ptarmigan explain` names it (\"gmail\", or its MX hosts): how fast mail goes to it. The known "
            "receivers have paces of their own, which this replaces.",
            [](C& c, const V& v) { return put(as_text(v), c.paces.back().site); }},
    Setting{"pace[].connections", "number", "5", "1 to 1000",
            "Most connections at once from one own address; delivery.max_connections_per_site bounds it too.",
            [](C& c, const V& v) { return put(as_number(v, 1, 1000), c.paces.back().connections); }},
    Setting{"pace[].messages_per_connection", "number", "50", "1 to 100000",
            "A connection is closed after so many messages.",
            [](C& c, const V& v) { return put(as_number(v, 1, 100'000), c.paces.back().messages_per_connection); }},
    Setting{"pace[].messages_per_minute", "number", "0", "0 to 1000000",
            "Most messages a minute from one own address; 0 is no limit.",
            [](C& c, const V& v) { return put(as_number(v, 0, 1'000'000), c.paces.back().messages_per_minute); }},

    Setting{"submission.listen", "list of address:port", "[\"127.0.0.1:587\"]", "", "Where clients submit mail.",
            [](C& c, const V& v) { return put(endpoints(v, 0), c.submission.listen); }},
    Setting{"submission.networks", "list of networks", "[]", "at most /8 (IPv4), /16 (IPv6)",
            "Clients that may submit without AUTH, besides loopback.",
            [](C& c, const V& v) { return put(list_of<IpNetwork>(v, IpNetwork::parse), c.submission.networks); }},
    Setting{"submission.users_file", "file", "", "",
            "Lines of user:hash, made by `ptarmigan user`. Without it AUTH is not offered.",
            [](C& c, const V& v) { return put(as_text(v), c.submission.users_file); }},
    Setting{"submission.certificate", "file", "", "",
            "PEM certificate chain for STARTTLS. Without it TLS is not offered.",
            [](C& c, const V& v) { return put(as_text(v), c.submission.certificate); }},
    Setting{"submission.key", "file", "", "", "PEM private key of the certificate.",
            [](C& c, const V& v) { return put(as_text(v), c.submission.key); }},
    Setting{"submission.max_message", "size", "50MB", "64kB to 1GB", "Largest message taken (SIZE).",
            [](C& c, const V& v) { return put(as_size(v, 64ULL * 1024, one_gib), c.submission.max_message); }},
    Setting{"submission.max_recipients", "number", "1000", "100 to 50000", "Most recipients of one message.",
            [](C& c, const V& v) { return put(as_number(v, 100, 50'000), c.submission.max_recipients); }},
    Setting{"submission.max_sessions", "number", "1000", "1 to 100000", "Most sessions at once; more are told 421.",
            [](C& c, const V& v) { return put(as_number(v, 1, 100'000), c.submission.max_sessions); }},
    Setting{"submission.max_sessions_per_client", "number", "100", "1 to 100000",
            "Most sessions at once from one address.",
            [](C& c, const V& v) { return put(as_number(v, 1, 100'000), c.submission.max_sessions_per_client); }},

    Setting{"submission.listen_tls", "list of address:port", "[]", "",
            "Where clients submit over a connection that begins with TLS (port 465). Needs certificate and key.",
            [](C& c, const V& v) { return put(endpoints(v, 465), c.submission.listen_tls); }},
    Setting{
        "submission.proxy_networks", "list of networks", "[]", "",
        "Load balancers: each connection from them must begin with a PROXY header (version 1 or 2), which names the "
        "client.",
        [](C& c, const V& v) { return put(list_of<IpNetwork>(v, IpNetwork::parse), c.submission.proxy_networks); }},
    Setting{
        "submission.xclient_networks", "list of networks", "[]", "",
        "Front ends that may name client and user with XCLIENT: they are believed in everything.",
        [](C& c, const V& v) { return put(list_of<IpNetwork>(v, IpNetwork::parse), c.submission.xclient_networks); }},
    Setting{"submission.max_waiting", "size", "512MB", "16MB to 1024GB",
            "Most octets of messages that are not yet on disk, over all sessions; more is told 452.",
            [](C& c, const V& v) { return put(as_size(v, 16ULL << 20, 1024 * one_gib), c.submission.max_waiting); }},
    Setting{
        "submission.user_recipients_per_hour", "number", "0", "0 to 100000000",
        "Most recipients that one user may address in an hour; more is told 450 and when to come back. 0 is no limit.",
        [](C& c, const V& v) { return put(as_number(v, 0, 100'000'000), c.submission.user_recipients_per_hour); }},
    Setting{
        "submission.network_recipients_per_hour", "number", "0", "0 to 100000000",
        "The same for one IPv4 address, or one IPv6 /64, that submits without a user. 0 is no limit.",
        [](C& c, const V& v) { return put(as_number(v, 0, 100'000'000), c.submission.network_recipients_per_hour); }},

    Setting{"gate.one_author", "word", "refuse", "off, warn, hold, refuse",
            "A message without exactly one From address. off: taken; warn: taken, the reply says what is wrong; hold: "
            "taken and "
            "kept until `ptarmigan queue release`; refuse: not taken, the reply says how to mend it.",
            [](C& c, const V& v) { return put_word(v, gate_words, c.gate.one_author); }},
    Setting{"gate.single_fields", "word", "refuse", "off, warn, hold, refuse",
            "A message with two of a field that may stand once (Subject, To, Date ...).",
            [](C& c, const V& v) { return put_word(v, gate_words, c.gate.single_fields); }},
    Setting{"gate.message_id", "word", "refuse", "off, warn, hold, refuse",
            "A message whose Message-ID is malformed or there twice. A missing one is added.",
            [](C& c, const V& v) { return put_word(v, gate_words, c.gate.message_id); }},
    Setting{"gate.signed_domain", "word", "refuse", "off, warn, hold, refuse",
            "A message whose From address is of no [[domain]] with a DKIM key: receivers cannot tell it from a "
            "forgery. Says "
            "nothing where no domain has a key.",
            [](C& c, const V& v) { return put_word(v, gate_words, c.gate.signed_domain); }},
    Setting{"gate.encoded_header", "word", "refuse", "off, warn, hold, refuse",
            "A header with octets beyond ASCII in a message that was not declared SMTPUTF8.",
            [](C& c, const V& v) { return put_word(v, gate_words, c.gate.encoded_header); }},
    Setting{"gate.unsubscribe", "word", "refuse", "off, warn, hold, refuse",
            "Bulk mail (Precedence: bulk, or X-Ptarmigan-Stream: bulk) without one-click unsubscribe (RFC 8058).",
            [](C& c, const V& v) { return put_word(v, gate_words, c.gate.unsubscribe); }},

    Setting{"delivery.standing", "word", "enforce", "enforce, advise, off",
            "enforce: routes in poor standing come last. advise: the order is as configured and the record says what "
            "would be better. off: neither.",
            [](C& c, const V& v) { return put_word(v, standing_words, c.delivery.standing); }},
    Setting{"delivery.prefer", "word", "ipv6", "ipv6, ipv4",
            "The family that goes first among routes of equal standing.",
            [](C& c, const V& v) { return put_word(v, preference_words, c.delivery.prefer); }},
    Setting{"delivery.port", "number", "25", "1 to 65535", "Port of receivers.",
            [](C& c, const V& v) { return put(as_number(v, 1, 65535), c.delivery.port); }},
    Setting{"delivery.max_connections", "number", "500", "1 to 20000", "Most outgoing connections at once.",
            [](C& c, const V& v) { return put(as_number(v, 1, 20'000), c.delivery.max_connections); }},
    Setting{"delivery.max_connections_per_site", "number", "20", "1 to 1000",
            "Most outgoing connections at once to one site.",
            [](C& c, const V& v) { return put(as_number(v, 1, 1000), c.delivery.max_connections_per_site); }},
    Setting{"delivery.messages_per_connection", "number", "100", "1 to 100000",
            "A connection is closed after so many messages.",
            [](C& c, const V& v) { return put(as_number(v, 1, 100'000), c.delivery.messages_per_connection); }},
    Setting{"delivery.connect_timeout", "duration", "30s", "1s to 5m", "How long a connection may take to open.",
            [](C& c, const V& v) {
              return put(as_duration(v, milliseconds(1000), milliseconds(300'000)), c.delivery.connect_timeout);
            }},
    Setting{"delivery.idle_connection", "duration", "2s", "0s to 1m",
            "How long an idle connection is kept for the next message.",
            [](C& c, const V& v) {
              return put(as_duration(v, milliseconds(0), milliseconds(60'000)), c.delivery.idle_connection);
            }},
    Setting{"delivery.retry_first", "duration", "5m", "1s to 1d",
            "Wait before the second attempt; it doubles with each further one.",
            [](C& c, const V& v) { return put(as_duration(v, milliseconds(1000), one_day), c.delivery.retry_first); }},
    Setting{
        "delivery.retry_longest", "duration", "4h", "1s to 1d", "The wait does not grow beyond this.",
        [](C& c, const V& v) { return put(as_duration(v, milliseconds(1000), one_day), c.delivery.retry_longest); }},
    Setting{
        "delivery.lifetime", "duration", "5d", "1m to 30d",
        "A message that could not be delivered for so long is returned (RFC 5321 section 4.5.4.1).",
        [](C& c, const V& v) { return put(as_duration(v, milliseconds(60'000), 30 * one_day), c.delivery.lifetime); }},
    Setting{
        "delivery.delay_notice", "duration", "4h", "0s to 30d",
        "A sender is told once that a message waits for so long already (RFC 3461), unless NOTIFY says otherwise. 0s: "
        "never.",
        [](C& c, const V& v) { return put(as_duration(v, milliseconds(0), 30 * one_day), c.delivery.delay_notice); }},
    Setting{"delivery.refresh_shortest", "duration", "1s", "1s to 1h",
            "Facts about own addresses are asked again when their TTL ends, but not more often than this.",
            [](C& c, const V& v) {
              return put(as_duration(v, milliseconds(1000), milliseconds(3'600'000)), c.delivery.refresh_shortest);
            }},
    Setting{"delivery.probes", "number", "3", "1 to 100",
            "Messages that go one by one over a route that comes back, before it is in good standing again.",
            [](C& c, const V& v) { return put(as_number(v, 1, 100), c.delivery.probes); }},
    Setting{"delivery.rate_pause", "duration", "10m", "1s to 1d",
            "How long nothing is sent after a receiver refused for rate; then one connection is tried, and more are "
            "added one by one. Google asks for at least 10 minutes.",
            [](C& c, const V& v) { return put(as_duration(v, milliseconds(1000), one_day), c.delivery.rate_pause); }},
    Setting{
        "delivery.suppress_unknown", "true or false", "false", "",
        "Puts recipients whom their receiver calls unknown, moved or disabled (5.1.1, 5.1.6, 5.2.1) on the suppression "
        "list: they get no more mail until `ptarmigan suppress remove`.",
        [](C& c, const V& v) { return put(as_bool(v), c.delivery.suppress_unknown); }},
    Setting{
        "delivery.dane", "true or false", "true", "",
        "Authenticates receivers by their TLSA records (RFC 7672) where DNSSEC proves these: needs dns.trust_anchor.",
        [](C& c, const V& v) { return put(as_bool(v), c.delivery.dane); }},
    Setting{"delivery.mta_sts", "true or false", "true", "",
            "Fetches and obeys receivers' MTA-STS policies (RFC 8461).",
            [](C& c, const V& v) { return put(as_bool(v), c.delivery.mta_sts); }},

    Setting{"spool.path", "folder", "/var/lib/ptarmigan/spool", "", "The durable queue.",
            [](C& c, const V& v) { return put(as_text(v), c.spool.path); }},
    Setting{"spool.min_free", "size", "100MB", "1MB to 1024GB",
            "With less free space on that disk new mail is refused with 452.",
            [](C& c, const V& v) { return put(as_size(v, 1024ULL * 1024, 1024 * one_gib), c.spool.min_free); }},
    Setting{"store.path", "file", "/var/lib/ptarmigan/history.db", "",
            "The history of attempts that `ptarmigan explain` reads.",
            [](C& c, const V& v) { return put(as_text(v), c.store.path); }},

    Setting{
        "process.user", "user name", "none", "",
        "Started as root, the server becomes this user and keeps only the right to bind ports below 1024. A systemd "
        "unit does the same with User= and AmbientCapabilities=. Read at a start.",
        [](C& c, const V& v) { return put(as_text(v), c.process.user); }},
    Setting{"process.confine_writes", "true or false", "true", "",
            "Where the kernel can (Landlock), the server changes files only in the folders that hold the spool and the "
            "history. Read at a start.",
            [](C& c, const V& v) { return put(as_bool(v), c.process.confine_writes); }},
    Setting{"process.log_format", "word", "text", "text, json",
            "The form of the log lines on standard error: one event a line. Read at a start.",
            [](C& c, const V& v) { return put_word(v, log_format_words, c.process.log_format); }},
    Setting{"console.listen", "list of address:port", "[]", "",
            "Where the page, the HTTP API and the metrics are served: \"127.0.0.1:8025\". Empty: nowhere. Outside of "
            "loopback it needs certificate and key.",
            [](C& c, const V& v) { return put(endpoints(v, 8025), c.console.listen); }},
    Setting{"console.token_file", "file", "", "",
            "Who may use it, made by `ptarmigan console token add`. Read at the start.",
            [](C& c, const V& v) { return put(as_text(v), c.console.token_file); }},
    Setting{"console.certificate", "file", "", "", "PEM certificate chain: HTTPS instead of HTTP.",
            [](C& c, const V& v) { return put(as_text(v), c.console.certificate); }},
    Setting{"console.key", "file", "", "", "PEM private key of the certificate.",
            [](C& c, const V& v) { return put(as_text(v), c.console.key); }},
    Setting{"console.trusted_proxies", "list of networks", "[]", "",
            "Reverse proxies that log people in: their proxy_header names the user, without a token.",
            [](C& c, const V& v) { return put(list_of<IpNetwork>(v, IpNetwork::parse), c.console.trusted_proxies); }},
    Setting{"console.proxy_header", "text", "X-Forwarded-User", "",
            "The header field in which a trusted proxy names the user.",
            [](C& c, const V& v) { return put(as_text(v), c.console.proxy_header); }},
    Setting{"console.proxy_operates", "true or false", "false", "",
            "Whether users that a trusted proxy names may change things, and not only look.",
            [](C& c, const V& v) { return put(as_bool(v), c.console.proxy_operates); }},
    Setting{"milter.networks", "list of networks", "[\"127.0.0.0/8\", \"::1\"]", "at most /8 (IPv4), /16 (IPv6)",
            "Of `ptarmigan milter`: clients whose mail is ours, so that it is signed and not judged; mail of users who "
            "logged in, and mail without a client, always is.",
            [](C& c, const V& v) { return put(list_of<IpNetwork>(v, IpNetwork::parse), c.milter.networks); }},
    Setting{"milter.authserv_id", "text", "hostname", "",
            "The name under which `ptarmigan milter` writes Authentication-Results (RFC 8601); fields of others under "
            "this name are removed from incoming mail.",
            [](C& c, const V& v) { return put(as_text(v), c.milter.authserv_id); }},
    Setting{"milter.on_failure", "word", "tempfail", "tempfail, accept",
            "What becomes of a message that `ptarmigan milter` itself could not handle: the client tries again, or it "
            "goes on unsigned and unmarked.",
            [](C& c, const V& v) { return put_word(v, milter_failure_words, c.milter.on_failure); }},
    Setting{"milter.dmarc", "word", "mark", "mark, reject",
            "mark: Authentication-Results alone tells of a DMARC failure. reject: incoming mail that fails and whose "
            "author domain asks for p=reject is refused.",
            [](C& c, const V& v) { return put_word(v, milter_dmarc_words, c.milter.dmarc); }},

    Setting{"watch.database", "text", "", "",
            "postgresql://USER:PASSWORD@HOST/DATABASE: the history is kept there instead of in store.path.",
            [](C& c, const V& v) { return put(as_text(v), c.watch.database); }},
    Setting{"watch.keep_attempts", "duration", "90d", "1d to 3650d",
            "Attempts older than this are deleted; their counts by hour and day stay.",
            [](C& c, const V& v) { return put_days(v, c.watch.keep_attempts); }},
    Setting{"watch.keep_reports", "duration", "400d", "1d to 3650d",
            "How long reports of others, complaints, bounces and changes of records are kept.",
            [](C& c, const V& v) { return put_days(v, c.watch.keep_reports); }},
    Setting{"watch.keep_totals", "duration", "1100d", "1d to 3650d",
            "How long counts by day and closed incidents are kept.",
            [](C& c, const V& v) { return put_days(v, c.watch.keep_totals); }},
    Setting{"watch.drop_folder", "folder", "", "",
            "Reports that are put here are taken in; a file that was read is moved to its subfolder done.",
            [](C& c, const V& v) { return put(as_text(v), c.watch.drop_folder); }},
    Setting{"watch.report_addresses", "list of addresses", "[]", "",
            "Mail for these is taken from anybody and read as a report, never sent on: rua= and ruf= of DMARC, TLS "
            "reports, complaints, bounces. Needs watch.drop_folder.",
            [](C& c, const V& v) { return put(list_of<std::string>(v, report_address), c.watch.report_addresses); }},
    Setting{"watch.suppress_complaints", "true or false", "true", "",
            "Who reports a message of ours as abuse gets no more mail from here (`ptarmigan suppress`).",
            [](C& c, const V& v) { return put(as_bool(v), c.watch.suppress_complaints); }},
    Setting{"watch.records", "true or false", "true", "",
            "Own records are asked again when their TTL ends, and a change of them is told.",
            [](C& c, const V& v) { return put(as_bool(v), c.watch.records); }},
    Setting{"watch.blocklists", "list of domains", "[]", "",
            "Block lists in DNS on which own addresses and domains are looked up every hour. Mind each list's terms.",
            [](C& c, const V& v) {
              return put(list_of<dns::DomainName>(v, [](const std::string& t) { return dns::DomainName::parse(t); }),
                         c.watch.blocklists);
            }},
    Setting{"watch.alert_command", "file", "", "",
            "A program that is run for each alert, with its text on standard input and its subject as argument.",
            [](C& c, const V& v) { return put(as_text(v), c.watch.alert_command); }},
    Setting{"watch.alert_mail", "address", "", "",
            "Alerts are sent there as mail, over a route that is not the one which they are about.",
            [](C& c, const V& v) { return put(as_text(v), c.watch.alert_mail); }},
    Setting{"watch.alert_webhook", "https URL", "", "",
            "Alerts are posted there as JSON; up to five times where it does not answer 2xx.",
            [](C& c, const V& v) { return put(as_text(v), c.watch.alert_webhook); }},
    Setting{"watch.alert_secret_file", "file", "", "",
            "A file whose first line signs what is posted: X-Ptarmigan-Signature is sha256= and the HMAC of the body.",
            [](C& c, const V& v) { return put(as_text(v), c.watch.alert_secret_file); }},
    Setting{"watch.alert_ca_file", "file", "the system's authorities", "",
            "PEM file of the authorities that may vouch for the webhook.",
            [](C& c, const V& v) { return put(as_text(v), c.watch.alert_ca_file); }},
    Setting{
        "watch.google_key_file", "file", "", "",
        "JSON key of a Google service account that is a user of your domains in Google Postmaster Tools: its figures "
        "are fetched every 6 hours.",
        [](C& c, const V& v) { return put(as_text(v), c.watch.google_key_file); }},
    Setting{"watch.google_user", "address", "", "",
            "The user on whose behalf the service account reads, where it has domain-wide delegation.",
            [](C& c, const V& v) { return put(as_text(v), c.watch.google_user); }},
    Setting{"watch.snds_token_file", "file", "", "",
            "Its first line is the refresh token of a sign-in at Microsoft SNDS, whose figures are fetched every 6 "
            "hours. It is rewritten at each use; its folder must be writable.",
            [](C& c, const V& v) { return put(as_text(v), c.watch.snds_token_file); }},

    Setting{"rehearsal.listen", "list of address:port", "[\"127.0.0.1:2525\"]", "",
            "Where `ptarmigan rehearse` receives.",
            [](C& c, const V& v) { return put(endpoints(v, 25), c.rehearsal.listen); }},
    Setting{"rehearsal.receiver", "word", "gmail", "a receiver of `ptarmigan check --receiver`",
            "Whose rules and words it uses.", [](C& c, const V& v) { return put(as_text(v), c.rehearsal.receiver); }},
    Setting{"rehearsal.hostname", "host name", "the receiver's own", "", "The name in its greeting.",
            [](C& c, const V& v) { return put(as_text(v), c.rehearsal.hostname); }},
    Setting{"rehearsal.mailbox", "folder", "rehearsal-mail", "", "Where accepted messages are kept, one file each.",
            [](C& c, const V& v) { return put(as_text(v), c.rehearsal.mailbox); }},
    Setting{"rehearsal.journal", "file", "", "",
            "Appends one JSON line for each session: peer, EHLO, TLS, envelope, the reply and its rule.",
            [](C& c, const V& v) { return put(as_text(v), c.rehearsal.journal); }},
    Setting{"rehearsal.certificate", "file", "", "",
            "PEM certificate chain for STARTTLS. Without it one is made at start.",
            [](C& c, const V& v) { return put(as_text(v), c.rehearsal.certificate); }},
    Setting{"rehearsal.key", "file", "", "", "PEM private key of the certificate.",
            [](C& c, const V& v) { return put(as_text(v), c.rehearsal.key); }},
    Setting{"rehearsal.bulk", "true or false", "false", "",
            "Judge every sender as a bulk sender (5,000 messages a day or more).",
            [](C& c, const V& v) { return put(as_bool(v), c.rehearsal.bulk); }},
};

}  // namespace

std::span<const Setting> settings() {
  return table;
}

void begin_table(Config& config, std::string_view path) {
  if (path == "source[]") config.sources.emplace_back();
  if (path == "relay[]") config.relays.emplace_back();
  if (path == "pace[]") config.paces.emplace_back();
  if (path == "domain[]") config.domains.emplace_back();
  if (path == "domain[].dkim[]") config.domains.back().dkim.emplace_back();
}

}  // namespace ptarmigan::config
