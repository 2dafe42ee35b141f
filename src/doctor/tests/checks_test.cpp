// doctor/tests/checks_test.cpp - each named check in each of its outcomes, over zones as literals.
#include "doctor/checks.hpp"

#include <algorithm>
#include <fstream>
#include <iterator>

#include <gtest/gtest.h>

#include "base/text.hpp"
#include "doctor/examine.hpp"
#include "rulebook/observe.hpp"
#include "rulebook/tests/fixtures.hpp"

namespace ptarmigan::doctor {
namespace {

namespace fixtures = rulebook::fixtures;
using rulebook::State;

struct Outcome {
  std::string_view check;
  State state;
  std::string_view name;
  std::string zone;
  void (*change)(Setup&) = nullptr;
  std::vector<dns::DomainName> silent = {};
};

Setup good_setup() {
  Setup out;
  out.domain = dns::name("example.com");
  out.sources = {{IpAddress::parse("192.0.2.1").value(), IpAddress::parse("2001:db8::1").value(), "mail.example.com"}};
  out.signatures = fixtures::good_subject("192.0.2.1").signatures;
  out.hop = rulebook::Hop::tls;
  out.receivers = {rulebook::find_receiver("gmail")};
  out.address_lists = {dns::name("zen.spamhaus.org")};
  out.domain_lists = {dns::name("dbl.spamhaus.org")};
  return out;
}

std::string good() {
  return fixtures::good_zone() + "example.com. SOA ns.example.com. h.example.com. 1 7200 900 1209600 300\n";
}
/// The zone without the lines that begin so.
std::string without(const std::string& zone, std::string_view start) {
  std::string out;
  for (const auto line : split(std::string_view(zone), '\n'))
    if (!line.empty() && !line.starts_with(start)) out += std::string(line) + "\n";
  return out;
}
std::string spf(std::string_view text) {
  return without(good(), "example.com. TXT") + "example.com. TXT " + dns::data_text(dns::txt_of(text)) + "\n";
}
std::string dmarc(std::string_view text) {
  return without(good(), "_dmarc.") + "_dmarc.example.com. TXT \"" + std::string(text) + "\"\n";
}
std::string key(std::string_view text) {
  return without(good(), "mail._domainkey") + "mail._domainkey.example.com. TXT \"" + std::string(text) + "\"\n";
}

std::string message(std::string_view more, std::string_view body = "Hello\r\n") {
  return "From: Example <news@example.com>\r\nTo: Ann <ann@example.net>\r\nSubject: News\r\nDate: Mon, 23 Nov 2026 "
         "10:00:00 "
         "+0000\r\nMessage-ID: <1@example.com>\r\n" +
         std::string(more) + "\r\n" + std::string(body);
}
/// A signature field whose names matter, and nothing else of it.
std::string signed_over(std::string_view names) {
  return "DKIM-Signature: v=1; a=rsa-sha256; d=example.com; s=mail; h=" + std::string(names) +
         "; bh=47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=; b=AAAA\r\n";
}
constexpr std::string_view one_click =
    "List-Unsubscribe: <https://example.com/u?1>, <mailto:u@example.com>\r\n"
    "List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n";
void with_message(Setup& setup, const std::string& octets) {
  setup.message = MessageFacts::read(octets).value();
  rulebook::Subject seen;
  rulebook::observe_header(seen, message::HeaderSection::parse(octets).value());
  setup.header = seen.header;
}
template <typename... Words>
void seen(Setup& setup, SeenHost::Tls tls) {
  setup.seen.hosts = {{dns::name("mail.example.com"), IpAddress::parse("192.0.2.1").value(), tls, "said so"}};
}

void way_out(Setup& setup, Result<> connected) {
  setup.seen.ways_out = {{IpAddress::parse("2001:db8::1").value(), dns::name("mx.example.net"), std::move(connected)}};
}
void page(Setup& setup, Result<unsigned> status) {
  setup.seen.pages = {{dns::name("mail.example.com"), std::move(status)}};
}

const std::string reverse6 = "1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa.";
// RFC 8463#A.2; and a 1024-bit RSA key of RFC 8463#A.2's own example domain (test._domainkey.football.example.com).
constexpr std::string_view rsa_1024 =
    "v=DKIM1; k=rsa; "
    "p=MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQDkHlOQoBTzWRiGs5V6NpP3idY6Wk08a5qhdR6wy5bdOKb2jLQiY/J16JYi0Qvx/"
    "byYzCNb3W91y3FutAC"
    "DfzwQ/BC/e/8uBsCR+yz1Lxj+PL6lHvqMKrM3rG4hstT5QjvHO9PzoxZyVYLzBfO2EeC3Ip3G+2kryOTIKT+l/K4w3QIDAQAB";

std::vector<Outcome> identity_outcomes() {
  using enum State;
  const std::string generic =
      without(good(), "1.2.0.192") +
      "1.2.0.192.in-addr.arpa. PTR 192-0-2-1.dyn.example.net.\n192-0-2-1.dyn.example.net. A 192.0.2.1\n";
  return {
      {"identity.one-name", holds, "one", good()},
      {"identity.one-name", broken, "two", good() + "1.2.0.192.in-addr.arpa. PTR other.example.com.\n"},
      {"identity.own-name", holds, "own", good()},
      {"identity.own-name", broken, "a provider's", generic},
      {"identity.nibbles", holds, "32", good()},
      {"identity.nibbles", broken, "28",
       without(good(), "1.0.0.0") +
           "1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa. PTR mail.example.com.\n"},
      {"identity.reverse-zone", holds, "found",
       without(good(), "1.0.0.0") + "8.b.d.0.1.0.0.2.ip6.arpa. SOA ns.example.com. h.example.com. 1 2 3 4 5\n"},
      {"identity.reverse-zone", unknown, "not delegated", without(good(), "1.0.0.0")},
      {"identity.ehlo-name", holds, "host name", good()},
      {"identity.ehlo-name", broken, "localhost", good(), [](Setup& s) { s.sources[0].ehlo_name = "localhost"; }},
      {"identity.ehlo-addresses", holds, "both", good()},
      {"identity.ehlo-addresses", broken, "no AAAA", without(good(), "mail.example.com. AAAA")},
      {"identity.ehlo-addresses", unknown, "silent", good(), nullptr, {dns::name("mail.example.com")}},
      {"identity.ehlo-is-ptr", holds, "the same", good()},
      {"identity.ehlo-is-ptr", broken, "another", generic},
      {"identity.port-25", holds, "open", good(), [](Setup& s) { way_out(s, {}); }},
      {"identity.port-25", broken, "closed", good(), [](Setup& s) { way_out(s, failure("timed out")); }},
      {"identity.operator-page", holds, "a page", good(), [](Setup& s) { page(s, 200U); }},
      {"identity.operator-page", broken, "404", good(), [](Setup& s) { page(s, 404U); }},
      {"identity.operator-page", broken, "no server", good(), [](Setup& s) { page(s, failure("refused")); }},
      {"identity.sender-domain", holds, "in DNS", good()},
      {"identity.sender-domain", broken, "null MX", without(good(), "example.com. MX") + "example.com. MX 0 .\n"},
  };
}

std::vector<Outcome> spf_outcomes() {
  using enum State;
  std::string includes = "v=spf1";
  std::string included;
  for (int i = 1; i <= 11; ++i) {
    includes += " include:i" + std::to_string(i) + ".example.net";
    included += "i" + std::to_string(i) + ".example.net. TXT \"v=spf1 ip4:198.51.100.1 -all\"\n";
  }
  return {
      {"spf.record", holds, "one", good()},
      {"spf.record", broken, "none", without(good(), "example.com. TXT")},
      {"spf.record", broken, "two", good() + "example.com. TXT \"v=spf1 -all\"\n"},
      {"spf.record", broken, "a mistake", spf("v=spf1 ipv4:192.0.2.1 -all")},
      {"spf.record", unknown, "silent", good(), nullptr, {dns::name("example.com")}},
      {"spf.own-addresses", holds, "covered", good()},
      {"spf.own-addresses", broken, "IPv6 left out", spf("v=spf1 ip4:192.0.2.1 -all")},
      {"spf.ehlo", holds, "covered", good()},
      {"spf.ehlo", broken, "none", without(good(), "mail.example.com. TXT")},
      {"spf.lookups", holds, "few", good()},
      {"spf.lookups", broken, "11", spf(includes + " -all") + included},
      {"spf.void-lookups", holds, "none", good()},
      {"spf.void-lookups", broken, "three",
       spf("v=spf1 a:x.example.com a:y.example.com a:z.example.com ip4:192.0.2.1 -all")},
      {"spf.size", holds, "short", good()},
      {"spf.size", broken, "long",
       spf("v=spf1 " +
           [] {
             std::string terms;
             for (int i = 1; i < 40; ++i) terms += "ip4:198.51.100." + std::to_string(i) + " ";
             return terms;
           }() +
           "-all")},
      {"spf.obsolete", holds, "nothing", good()},
      {"spf.obsolete", broken, "ptr", spf("v=spf1 ip4:192.0.2.1 ptr -all")},
      {"spf.obsolete", broken, "Sender ID", good() + "example.com. TXT \"spf2.0/pra -all\"\n"},
      {"spf.all", holds, "-all", good()},
      {"spf.all", broken, "+all", spf("v=spf1 +all")},
      {"spf.all", broken, "?all", spf("v=spf1 ip4:192.0.2.1 ?all")},
      {"spf.all", broken, "none", spf("v=spf1 ip4:192.0.2.1")},
      {"spf.with-dmarc", holds, "-all", good()},
      {"spf.with-dmarc", holds, "?all and p=reject",
       without(dmarc("v=DMARC1; p=reject; rua=mailto:dmarc@example.com"), "example.com. TXT") +
           "example.com. TXT \"v=spf1 ip4:192.0.2.1 ?all\"\n"},
      {"spf.with-dmarc", broken, "?all and p=none", spf("v=spf1 ip4:192.0.2.1 ?all")},
      {"spf.width", holds, "own", good()},
      {"spf.width", broken, "/4", spf("v=spf1 ip4:192.0.0.0/4 -all")},
      {"spf.tidy", holds, "tidy", good()},
      {"spf.tidy", broken, "twice", spf("v=spf1 ip4:192.0.2.1 ip4:192.0.2.1 -all")},
  };
}

std::vector<Outcome> dkim_outcomes() {
  using enum State;
  return {
      {"dkim.signed", holds, "signed", good()},
      {"dkim.signed", broken, "unsigned", good(), [](Setup& s) { s.signatures = std::vector<rulebook::Signature>(); }},
      {"dkim.signed", unknown, "not known", good(), [](Setup& s) { s.signatures.reset(); }},
      {"dkim.key-record", holds, "there", good()},
      {"dkim.key-record", broken, "missing", without(good(), "mail._domainkey")},
      {"dkim.key-record", broken, "revoked", key("v=DKIM1; p=")},
      {"dkim.key-record", unknown, "silent", good(), nullptr, {dns::name("_domainkey.example.com")}},
      {"dkim.key-match", holds, "the same", good()},
      {"dkim.key-match", broken, "another", key(rsa_1024)},
      {"dkim.key-size", holds, "Ed25519", good()},
      {"dkim.key-size", broken, "RSA 1024", key(rsa_1024)},
      {"dkim.key-flags", holds, "none", good()},
      {"dkim.key-flags", broken, "t=y", key("v=DKIM1; t=y; k=ed25519; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=")},
      {"dkim.aligned", holds, "own", good()},
      {"dkim.aligned", broken, "another's", good(),
       [](Setup& s) {
         auto& signature = std::get<rulebook::IntendedSignature>(s.signatures->front());
         signature.domain = dns::name("example.net");
       }},
      {"dkim.verifies", holds, "passes", good(),
       [](Setup& s) {
         using Seen = rulebook::ObservedSignature;
         s.signatures = {Seen{dns::name("example.com"), "mail", Seen::Result::pass, ""}};
       }},
      {"dkim.verifies", broken, "fails", good(),
       [](Setup& s) {
         using Seen = rulebook::ObservedSignature;
         s.signatures = {Seen{dns::name("example.com"), "mail", Seen::Result::fail, "the body was changed"}};
       }},
      {"dkim.coverage", holds, "covered", good(),
       [](Setup& s) {
         with_message(s, message("DKIM-Signature: v=1; a=rsa-sha256; d=example.com; s=mail; h=From:To:Subject:Date; "
                                 "bh=47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=; b=aGVsbG8=\r\n"));
       }},
      {"dkim.coverage", broken, "Subject left out", good(),
       [](Setup& s) {
         with_message(s, message("DKIM-Signature: v=1; a=rsa-sha256; d=example.com; s=mail; h=From:To:Date; "
                                 "bh=47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=; b=aGVsbG8=\r\n"));
       }},
      {"dkim.hazards", holds, "plain", good(), [](Setup& s) { with_message(s, message("")); }},
      {"dkim.hazards", broken, "8-bit text", good(), [](Setup& s) { with_message(s, message("", "caf\xC3\xA9\r\n")); }},
      {"dkim.hazards", broken, "From at a line's start", good(),
       [](Setup& s) { with_message(s, message("", "Hello\r\nFrom here on\r\n")); }},
      {"dkim.key-age", holds, "new", good(), [](Setup& s) { s.seen.keys = {{dns::name("example.com"), "mail", 30}}; }},
      {"dkim.key-age", broken, "old", good(),
       [](Setup& s) { s.seen.keys = {{dns::name("example.com"), "mail", 400}}; }},
      {"dkim.tags", broken, "l=", good(),
       [](Setup& s) {
         with_message(s, message("DKIM-Signature: v=1; a=rsa-sha256; d=example.com; s=mail; l=5; h=From; "
                                 "bh=47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=; b=aGVsbG8=\r\n"));
       }},
  };
}

std::vector<Outcome> dmarc_outcomes() {
  using enum State;
  return {
      {"dmarc.record", holds, "there", good()},
      {"dmarc.record", broken, "none", without(good(), "_dmarc.")},
      {"dmarc.record", broken, "two", good() + "_dmarc.example.com. TXT \"v=DMARC1; p=none\"\n"},
      {"dmarc.record", broken, "at the domain itself", good() + "example.com. TXT \"v=DMARC1; p=reject\"\n"},
      {"dmarc.record", unknown, "silent", good(), nullptr, {dns::name("_dmarc.example.com")}},
      {"dmarc.tags", holds, "clean", good()},
      {"dmarc.tags", broken, "pct", dmarc("v=DMARC1; p=none; pct=50; rua=mailto:dmarc@example.com")},
      {"dmarc.reports", holds, "own", good()},
      {"dmarc.reports", broken, "no rua", dmarc("v=DMARC1; p=reject")},
      {"dmarc.reports", broken, "not allowed", dmarc("v=DMARC1; p=none; rua=mailto:d@example.net")},
      {"dmarc.reports", holds, "allowed",
       dmarc("v=DMARC1; p=none; rua=mailto:d@example.net") +
           "example.com._report._dmarc.example.net. TXT \"v=DMARC1\"\n"},
      {"dmarc.mailbox", holds, "takes mail", good()},
      {"dmarc.mailbox", broken, "takes none", dmarc("v=DMARC1; p=none; rua=mailto:d@nowhere.example.com")},
      {"dmarc.subdomains", holds, "as the domain", good()},
      {"dmarc.subdomains", broken, "sp=none", dmarc("v=DMARC1; p=reject; sp=none; rua=mailto:dmarc@example.com")},
      {"dmarc.policy", holds, "reject", dmarc("v=DMARC1; p=reject; rua=mailto:dmarc@example.com")},
      {"dmarc.policy", broken, "none", good()},
  };
}

std::vector<Outcome> transport_outcomes() {
  using enum State;
  return {
      {"transport.mx", holds, "one", good()},
      {"transport.mx", broken, "no address", good() + "example.com. MX 20 gone.example.com.\n"},
      {"transport.mx", unknown, "silent", good(), nullptr, {dns::name("example.com")}},
      {"transport.starttls", holds, "encrypts", good(), [](Setup& s) { seen(s, SeenHost::Tls::trusted); }},
      {"transport.starttls", broken, "closed", good(), [](Setup& s) { seen(s, SeenHost::Tls::no_connection); }},
      {"transport.starttls", broken, "in the clear", good(), [](Setup& s) { seen(s, SeenHost::Tls::none); }},
      {"transport.certificate", holds, "valid", good(), [](Setup& s) { seen(s, SeenHost::Tls::trusted); }},
      {"transport.certificate", broken, "self-signed", good(), [](Setup& s) { seen(s, SeenHost::Tls::untrusted); }},
      {"transport.dane", holds, "none", good()},
      {"transport.mta-sts", holds, "none", good()},
      {"transport.mta-sts", holds, "allows the host", good() + "_mta-sts.example.com. TXT \"v=STSv1; id=1\"\n",
       [](Setup& s) {
         s.seen.sts_policy = std::string("version: STSv1\nmode: enforce\nmx: mail.example.com\nmax_age: 86400\n");
       }},
      {"transport.mta-sts", broken, "another host", good() + "_mta-sts.example.com. TXT \"v=STSv1; id=1\"\n",
       [](Setup& s) {
         s.seen.sts_policy = std::string("version: STSv1\nmode: enforce\nmx: mx.example.net\nmax_age: 86400\n");
       }},
      {"transport.mta-sts", broken, "no file", good() + "_mta-sts.example.com. TXT \"v=STSv1; id=1\"\n",
       [](Setup& s) { s.seen.sts_policy = failure("the server answers 404"); }},
      {"transport.mta-sts", unknown, "not fetched", good() + "_mta-sts.example.com. TXT \"v=STSv1; id=1\"\n"},
      {"transport.mta-sts", broken, "two records",
       good() + "_mta-sts.example.com. TXT \"v=STSv1; id=1\"\n_mta-sts.example.com. TXT \"v=STSv1; id=2\"\n"},
      {"transport.tls-reports", holds, "asked for",
       good() + "_smtp._tls.example.com. TXT \"v=TLSRPTv1; rua=mailto:t@example.com\"\n"},
      {"transport.tls-reports", broken, "without address", good() + "_smtp._tls.example.com. TXT \"v=TLSRPTv1;\"\n"},
      {"transport.dnssec", holds, "insecure", good()},
      {"brand.indicator", broken, "p=none",
       good() + "default._bimi.example.com. TXT \"v=BIMI1; l=https://example.com/l.svg\"\n"},
      {"brand.indicator", holds, "p=reject",
       dmarc("v=DMARC1; p=reject; rua=mailto:dmarc@example.com") +
           "default._bimi.example.com. TXT \"v=BIMI1; l=https://example.com/l.svg\"\n"},
  };
}

std::vector<Outcome> content_outcomes() {
  using enum State;
  return {
      {"content.header", holds, "in order", good(), [](Setup& s) { with_message(s, message("")); }},
      {"content.header", broken, "two From", good(),
       [](Setup& s) { with_message(s, message("From: <x@example.com>\r\n")); }},
      {"content.date", holds, "one", good(), [](Setup& s) { with_message(s, message("")); }},
      {"content.date", broken, "two", good(),
       [](Setup& s) { with_message(s, message("Date: Mon, 23 Nov 2026 10:00:00 +0000\r\n")); }},
      {"content.author", holds, "one script", good(), [](Setup& s) { with_message(s, message("")); }},
      {"content.author", broken, "Cyrillic among Latin", good(),
       [](Setup& s) { with_message(s, "From: =?utf-8?Q?P=D0=B0yPal?= <a@example.com>\r\nSubject: x\r\n\r\n"); }},
      {"content.display-name", holds, "plain", good(), [](Setup& s) { with_message(s, message("")); }},
      {"content.display-name", broken, "a picture", good(),
       [](Setup& s) { with_message(s, "From: =?utf-8?Q?=E2=9C=85_Bank?= <a@example.com>\r\nSubject: x\r\n\r\n"); }},
      {"content.display-name", broken, "Re: without a reply", good(),
       [](Setup& s) { with_message(s, "From: <a@example.com>\r\nSubject: Re: yours\r\n\r\n"); }},
      {"content.unsubscribe", holds, "personal", good(), [](Setup& s) { with_message(s, message("")); }},
      {"content.unsubscribe", broken, "mailto alone", good(),
       [](Setup& s) { with_message(s, message("List-Unsubscribe: <mailto:u@example.com>\r\n")); }},
      {"content.unsubscribe", broken, "not signed", good(), [](Setup& s) { with_message(s, message(one_click)); }},
      {"content.unsubscribe", broken, "half signed", good(),
       [](Setup& s) { with_message(s, signed_over("From:List-Unsubscribe") + message(one_click)); }},
      {"content.unsubscribe", holds, "signed", good(),
       [](Setup& s) {
         with_message(s, signed_over("From:List-Unsubscribe:list-unsubscribe-post") + message(one_click));
       }},
      {"content.visible-link", broken, "none", good(),
       [](Setup& s) { with_message(s, message("List-Unsubscribe: <mailto:u@example.com>\r\n")); }},
      {"content.visible-link", holds, "a link", good(),
       [](Setup& s) {
         with_message(
             s, message("List-Unsubscribe: <mailto:u@example.com>\r\n", "Unsubscribe: https://example.com/u\r\n"));
       }},
      {"content.size", holds, "small", good(), [](Setup& s) { with_message(s, message("")); }},
      {"content.size", broken, "long line", good(),
       [](Setup& s) { with_message(s, message("", std::string(999, 'x') + "\r\n")); }},
      {"content.characters", holds, "clean", good(), [](Setup& s) { with_message(s, message("")); }},
      {"content.characters", broken, "8-bit header", good(),
       [](Setup& s) { with_message(s, message("X-Note: caf\xC3\xA9\r\n")); }},
      {"content.characters", broken, "bare LF", good(), [](Setup& s) { with_message(s, message("", "a\nb\r\n")); }},
      {"content.feedback-id", broken, "unsigned", good(),
       [](Setup& s) { with_message(s, message("Feedback-ID: a:b:c:sender\r\n")); }},
      {"content.feedback-id", broken, "too short", good(),
       [](Setup& s) { with_message(s, message("Feedback-ID: a:b:c:d\r\n")); }},
      {"content.stream", holds, "personal", good(), [](Setup& s) { with_message(s, message("")); }},
      {"content.stream", broken, "a list", good(), [](Setup& s) { with_message(s, message("Precedence: bulk\r\n")); }},
  };
}

std::vector<Outcome> reputation_outcomes() {
  using enum State;
  return {
      {"reputation.address-lists", holds, "clean", good()},
      {"reputation.address-lists", broken, "IPv4", good() + "1.2.0.192.zen.spamhaus.org. A 127.0.0.2\n"},
      {"reputation.address-lists", broken, "IPv6, 32 nibbles",
       good() + reverse6.substr(0, reverse6.size() - 9) + "zen.spamhaus.org. A 127.0.0.3\n"},
      {"reputation.address-lists", unknown, "silent", good(), nullptr, {dns::name("zen.spamhaus.org")}},
      {"reputation.list-access", broken, "refused", good() + "1.2.0.192.zen.spamhaus.org. A 127.255.255.254\n"},
      {"reputation.domain-lists", holds, "clean", good()},
      {"reputation.domain-lists", broken, "listed", good() + "example.com.dbl.spamhaus.org. A 127.0.1.2\n"},
      {"reputation.domain-lists", unknown, "silent", good(), nullptr, {dns::name("dbl.spamhaus.org")}},

  };
}

std::vector<Outcome> outcomes() {
  std::vector<Outcome> out;
  for (auto* group : {identity_outcomes, spf_outcomes, dkim_outcomes, dmarc_outcomes, transport_outcomes,
                      content_outcomes, reputation_outcomes})
    for (auto& outcome : group()) out.push_back(std::move(outcome));
  return out;
}

std::vector<CheckResult> results_of(const Outcome& outcome) {
  auto setup = good_setup();
  if (outcome.change != nullptr) outcome.change(setup);
  fixtures::Fixture fixture{outcome.check, outcome.state, outcome.name, {}, outcome.zone, outcome.silent};
  const fixtures::World world(fixture);
  return settle_with(world, [&](const Facts& facts) { return run_checks(setup, facts); });
}

bool says(const std::vector<CheckResult>& results, const Outcome& outcome) {
  return std::ranges::any_of(results, [&](const CheckResult& result) {
    return result.check->id == outcome.check && result.verdict.state == outcome.state;
  });
}

TEST(Checks, each_outcome_has_its_world) {
  for (const auto& outcome : outcomes()) {
    const auto results = results_of(outcome);
    std::string said;
    for (const auto& result : results)
      if (result.check->id == outcome.check)
        said += std::string(to_string(result.verdict.state)) + ": " + result.verdict.why + "\n";
    EXPECT_TRUE(says(results, outcome)) << outcome.check << ", " << outcome.name << "\n" << said;
  }
}

TEST(Checks, every_check_of_the_table_is_seen_broken) {
  const auto all = outcomes();
  for (const auto& check : checks()) {
    // What an unsigned zone cannot show: DNSSEC, DANE. What is only told, never wrong: who serves the reverse zone.
    if (check.id == "transport.dnssec" || check.id == "transport.dane" || check.id == "identity.reverse-zone") continue;
    EXPECT_TRUE(std::ranges::any_of(all, [&](const Outcome& o) {
      return o.check == check.id && o.state == State::broken;
    })) << check.id;
  }
}

TEST(Checks, whatever_is_broken_says_how_to_mend_it) {
  for (const auto& outcome : outcomes())
    for (const auto& result : results_of(outcome))
      if (result.verdict.state == State::broken) {
        EXPECT_TRUE(!result.publish.empty() || !result.remedy.empty()) << result.check->id << ", " << outcome.name;
      }
}

TEST(Checks, ids_are_unique_and_sources_dated) {
  std::vector<std::string_view> ids;
  for (const auto& check : checks()) {
    ids.push_back(check.id);
    EXPECT_EQ(check.source.date.size(), 10U) << check.id;
    EXPECT_FALSE(check.group().empty());
  }
  std::ranges::sort(ids);
  EXPECT_EQ(std::ranges::adjacent_find(ids), ids.end());
}

// RFC 5782#2.4: 32 nibbles below the list, and nothing else.
TEST(Checks, an_ipv6_address_is_asked_for_by_its_32_nibbles) {
  const auto results = results_of({"reputation.address-lists", State::holds, "", good()});
  bool found = false;
  for (const auto& result : results)
    for (const auto& evidence : result.evidence)
      found = found || evidence.question.name.text() ==
                           "1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.zen.spamhaus.org";
  EXPECT_TRUE(found);
}

std::string document(const std::string& path) {
  std::ifstream in(std::string(PTARMIGAN_SOURCE_DIR) + "/docs/" + path);
  return {std::istreambuf_iterator<char>(in), {}};
}

TEST(Checks, the_reference_has_a_row_for_each_and_no_other) {
  const auto page = document("reference/checks.md");
  std::string expected;
  for (const auto& check : checks()) {
    const auto effect = check.effect == rulebook::Effect::refuse ? "refused" : std::string(to_string(check.effect));
    expected += "| `" + std::string(check.id) + "` | " + std::string(check.title) + " | " + effect + " | " +
                std::string(check.receivers) + " |\n";
  }
  std::string rows;
  for (const auto line : split(std::string_view(page), '\n'))
    if (line.starts_with("| `")) rows += std::string(line) + "\n";
  EXPECT_EQ(rows, expected);
}

TEST(Checks, those_named_beside_other_checkers_exist) {
  const auto page = document("spec/others.md");
  std::size_t named = 0;
  const auto words = split(std::string_view(page), '`');
  for (std::size_t at = 1; at < words.size(); at += 2) {
    const auto group = words[at].substr(0, words[at].find('.'));
    const bool is_check = std::ranges::any_of(checks(), [&](const Check& check) { return check.group() == group; });
    if (!is_check || group == words[at]) continue;
    ++named;
    EXPECT_NE(find_check(words[at]), nullptr) << words[at];
  }
  EXPECT_GT(named, 30U);
}

TEST(Checks, a_listed_address_is_refused_by_receivers_that_ask_the_list) {
  auto setup = good_setup();
  setup.receivers = {rulebook::find_receiver("gmail"), rulebook::find_receiver("yahoo")};
  const ZoneFacts world(dns::parse_zone(good() + "1.2.0.192.zen.spamhaus.org. A 127.0.0.2\n").value());
  const auto report = settle_with(world, [&](const Facts& facts) { return examine(setup, facts); });
  ASSERT_EQ(report.deliveries.size(), 4U);
  EXPECT_EQ(report.deliveries[0].forecast, Forecast::accepted);  // Gmail says that it asks none
  EXPECT_EQ(report.deliveries[1].forecast, Forecast::refused);
  EXPECT_EQ(report.deliveries[1].because_check->id, "reputation.address-lists");
  EXPECT_EQ(report.deliveries[3].forecast, Forecast::accepted);
  EXPECT_EQ(report.grade(), Grade::d);
}

TEST(Grade, goes_by_consequence) {
  auto setup = good_setup();
  const auto grade = [&](const std::string& zone) {
    const ZoneFacts world(dns::parse_zone(zone).value());
    return settle_with(world, [&](const Facts& facts) { return examine(setup, facts); }).grade();
  };
  EXPECT_EQ(grade(good()), Grade::b);  // p=none is advice
  EXPECT_EQ(grade(without(good(), "1.0.0.0")), Grade::d);
  EXPECT_EQ(grade(without(without(good(), "1.0.0.0"), "1.2.0.192")), Grade::f);
  EXPECT_EQ(grade(dmarc("v=DMARC1; p=reject; rua=mailto:dmarc@example.com")), Grade::a);
}

}  // namespace
}  // namespace ptarmigan::doctor
