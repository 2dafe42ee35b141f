// lint/tests/lint_test.cpp - Each row of the table: the wrong text is found at its place and mended, the right text
// gives no finding.
#include "lint/lint.hpp"

#include <algorithm>
#include <set>

#include <gtest/gtest.h>

#include "lint/render.hpp"

namespace ptarmigan::lint {
namespace {

std::set<std::string> ids(const std::vector<Finding>& findings) {
  std::set<std::string> out;
  for (const auto& finding : findings) out.emplace(finding.rule->id);
  return out;
}
std::set<std::string> found(Kind kind, std::string text, std::string origin = {}) {
  return ids(examine({{"f", std::move(text), kind, std::move(origin)}}));
}
std::string mend(Kind kind, const std::string& text) {
  return corrected(text, examine({{"f", text, kind, {}}}));
}
using Ids = std::set<std::string>;

const std::string address_name = "1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa.";

TEST(Lint, L01_owner_of_28_nibbles_is_recomputed_from_the_address_of_its_target) {
  const std::string text =
      "mail.example.com. IN AAAA 2001:db8::1\nmail.example.com. IN TXT \"v=spf1 a -all\"\n"
      "1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa. IN PTR mail.example.com.\n";
  const auto findings = examine({{"f", text, Kind::zone, {}}});
  ASSERT_EQ(ids(findings), Ids{"L01"});
  EXPECT_EQ(findings[0].line, 3u);
  EXPECT_EQ(findings[0].column, 1u);
  EXPECT_TRUE(findings[0].what.contains("28 nibbles"));
  EXPECT_TRUE(findings[0].what.contains("/112"));
  EXPECT_TRUE(corrected(text, findings).contains("\n" + address_name + " IN PTR"));
  EXPECT_EQ(found(Kind::zone, corrected(text, findings)), Ids{});
}

TEST(Lint, L01_shows_the_part_within_the_zone) {
  const auto findings =
      examine({{"f",
                "$ORIGIN 0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa.\n; 2001:db8::1\n1.0.0 PTR mail.example.com.\n",
                Kind::zone,
                {}}});
  ASSERT_EQ(ids(findings), Ids{"L01"});
  EXPECT_EQ(findings[0].edit->text, "1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0");
}

TEST(Lint, L01_the_reverse_name_of_another_address_than_the_targets) {
  EXPECT_EQ(found(Kind::zone, "mail.example.com. AAAA 2001:db8::2\nmail.example.com. TXT \"v=spf1 a -all\"\n" +
                                  address_name + " PTR mail.example.com.\n"),
            Ids{"L01"});
}

TEST(Lint, L02_guard_by_an_options_name_and_the_option_set_twice) {
  const std::string text = "disable_ipv6 = true\n.ifdef DISABLE_IPV6\ndisable_ipv6 = true\n.endif\n";
  const auto findings = examine({{"f", text, Kind::exim, {}}});
  EXPECT_EQ(std::ranges::count(findings, "L02", [](const Finding& f) { return f.rule->id; }), 2);
  EXPECT_EQ(found(Kind::exim, "DISABLE_IPV6 = 1\n.ifdef DISABLE_IPV6\nsmtp_accept_max = 10\n.endif\n"), Ids{});
  EXPECT_EQ(found(Kind::exim, ".ifdef MAIN_TLS_ENABLE\ntls_advertise_hosts = *\n.endif\n"), Ids{});
  EXPECT_EQ(
      found(Kind::exim,
            ".ifdef QUALIFY_DOMAIN\nqualify_domain = QUALIFY_DOMAIN\n.else\nqualify_domain = a.example\n.endif\n"),
      Ids{});
}

TEST(Lint, L03_L04_ipv6_off_for_the_whole_postfix) {
  EXPECT_EQ(found(Kind::main_cf, "inet_protocols = ipv4\n"), (Ids{"L03", "L04"}));
  EXPECT_EQ(mend(Kind::main_cf, "inet_protocols = ipv4\n"), "inet_protocols = all\n");
  EXPECT_EQ(found(Kind::main_cf, "inet_protocols = all\n"), Ids{});
  EXPECT_EQ(found(Kind::master_cf, "smtp inet n - y - - smtpd -o inet_protocols=ipv4\n"), Ids{"L03"});
  EXPECT_EQ(found(Kind::document, "Set inet_protocols = ipv4, then `systemctl reload postfix`\n"), Ids{"L04"});
}

TEST(Lint, L05_L13_L14_commands_that_prove_little) {
  const std::string text =
      "Run `openssl dgst -sha256 -verify pub.pem -signature sig mail.txt`\n"
      "swaks --to you@gmail.com --from me@example.com --server mail.example.com\n"
      "dig -x 2001:db8::1 +short\n";
  EXPECT_EQ(found(Kind::document, text), (Ids{"L05", "L13", "L14"}));
  EXPECT_TRUE(mend(Kind::document, text).contains("ptarmigan ptr 2001:db8::1\n"));
  EXPECT_TRUE(mend(Kind::document, text).contains("ptarmigan check example.com\n"));
  EXPECT_EQ(found(Kind::document, mend(Kind::document, text)), Ids{});
}

TEST(Lint, L06_hard_fail_suits_names_without_mail_and_hello_names_only) {
  EXPECT_EQ(found(Kind::spf, "v=spf1 mx ip4:192.0.2.1 -all"), Ids{"L06"});
  EXPECT_EQ(mend(Kind::spf, "v=spf1 mx ip4:192.0.2.1 -all"), "v=spf1 mx ip4:192.0.2.1 ~all");
  EXPECT_EQ(found(Kind::spf, "v=spf1 +all"), Ids{"L06"});
  for (const auto* right : {"v=spf1 -all", "v=spf1 a -all", "v=spf1 mx ip6:2001:db8::/64 include:a.example ~all",
                            "v=spf1 redirect=_spf.example.com"})
    EXPECT_EQ(found(Kind::spf, right), Ids{}) << right;
}

TEST(Lint, L07_hello_name_without_policy) {
  const std::string text =
      "example.com. MX 10 mail.example.com.\nmail.example.com. A 192.0.2.1\n"
      "mail.example.com. AAAA 2001:db8::1\n";
  EXPECT_EQ(found(Kind::zone, text), Ids{"L07"});
  EXPECT_EQ(found(Kind::zone, mend(Kind::zone, text)), Ids{});
}

TEST(Lint, L08_addresses_behind_the_wrong_mechanism) {
  EXPECT_EQ(mend(Kind::spf, "v=spf1 include:192.0.2.1 ip4:2001:db8::1 ~ip6:192.0.2.0/24 ~all"),
            "v=spf1 ip4:192.0.2.1 ip6:2001:db8::1 ~ip4:192.0.2.0/24 ~all");
  EXPECT_EQ(found(Kind::spf, "v=spf1 include:192.0.2.1 ~all"), Ids{"L08"});
}

TEST(Lint, L09_policy_without_reports_and_historic_tags) {
  EXPECT_EQ(found(Kind::dmarc, "v=DMARC1; p=none"), Ids{"L09"});
  EXPECT_EQ(mend(Kind::dmarc, "v=DMARC1; p=none"), "v=DMARC1; p=none; rua=mailto:dmarc-reports@YOUR-DOMAIN");
  EXPECT_EQ(mend(Kind::dmarc, "v=DMARC1; p=reject; pct=50; rua=mailto:a@example.com; ri=3600"),
            "v=DMARC1; p=reject; rua=mailto:a@example.com");
  EXPECT_EQ(found(Kind::dmarc, "v=DMARC1; p=reject; rua=mailto:a@example.com"), Ids{});
}

TEST(Lint, L10_map_without_its_compiled_file) {
  const std::string text = "transport_maps = hash:/etc/postfix/transport\n";
  EXPECT_EQ(found(Kind::main_cf, text), Ids{"L10"});
  EXPECT_EQ(mend(Kind::main_cf, text), "transport_maps = $default_database_type:/etc/postfix/transport\n");
  EXPECT_EQ(found(Kind::main_cf, mend(Kind::main_cf, text)), Ids{});
  EXPECT_EQ(found(Kind::main_cf, "alias_maps = hash:/etc/aliases\n"), Ids{});
  Options known;
  known.maps = {{"/etc/postfix/transport", MapFile::State::fresh}};
  EXPECT_EQ(ids(examine({{"f", text, Kind::main_cf, {}}}, known)), Ids{});
  known.maps = {{"/etc/postfix/transport", MapFile::State::stale}};
  EXPECT_EQ(examine({{"f", text, Kind::main_cf, {}}}, known).front().severity, Severity::error);
}

TEST(Lint, L11_L12_relay_by_halves) {
  EXPECT_EQ(found(Kind::main_cf, "relayhost = smtp.example.net\n"), (Ids{"L11", "L12"}));
  EXPECT_EQ(mend(Kind::main_cf, "relayhost = smtp.example.net\n"), "relayhost = [smtp.example.net]:587\n");
  EXPECT_EQ(found(Kind::main_cf, "relayhost = [smtp.example.net]:465\nsmtpd_milters = inet:localhost:8891\n"),
            Ids{"L11"});
  const std::string login =
      "relayhost = [smtp.example.net]:587\nsmtp_sasl_auth_enable = yes\nsmtpd_milters = inet:localhost:8891\n";
  EXPECT_EQ(found(Kind::main_cf, login), Ids{"L11"});
  EXPECT_EQ(
      found(Kind::main_cf, login + "smtp_tls_security_level = encrypt\nsmtp_sasl_security_options = noanonymous\n"),
      Ids{});
}

TEST(Lint, L15_L16_L18_advice_in_prose) {
  EXPECT_EQ(found(Kind::document, "Reputation needs 24-48 hours after the DNS change.\n"), Ids{"L15"});
  EXPECT_EQ(found(Kind::document, "Some data centres want the AAAA record first before they set a PTR record.\n"),
            Ids{"L16"});
  EXPECT_EQ(found(Kind::document, "Watch the domain reputation in Postmaster Tools.\n"), Ids{"L18"});
}

TEST(Lint, L17_one_family_pinned) {
  EXPECT_EQ(found(Kind::main_cf, "smtp_bind_address = 192.0.2.1\n"), Ids{"L17"});
  EXPECT_EQ(found(Kind::main_cf, "smtp_bind_address = 192.0.2.1\nsmtp_bind_address6 = 2001:db8::1\n"), Ids{});
  EXPECT_EQ(found(Kind::exim, "begin transports\nremote_smtp:\n  driver = smtp\n  interface = 192.0.2.1\n"),
            Ids{"L17"});
  EXPECT_EQ(
      found(Kind::exim, "begin transports\nremote_smtp:\n  driver = smtp\n  interface = <; 192.0.2.1 ; 2001:db8::1\n"),
      Ids{});
}

TEST(Lint, L19_gmail_by_its_domain) {
  EXPECT_EQ(found(Kind::transport, "# Gmail\ngmail.com smtp4:\n"), Ids{"L19"});
  EXPECT_EQ(found(Kind::exim, "begin routers\ngmail4:\n  driver = dnslookup\n  domains = gmail.com : yahoo.com\n"),
            Ids{"L19"});
  EXPECT_EQ(found(Kind::transport, "example.org smtp:[192.0.2.9]\n"), Ids{});
}

TEST(Lint, L20_names_without_dot_long_strings_and_doubled_policies) {
  EXPECT_EQ(mend(Kind::zone, "$ORIGIN example.com.\nmail.example.com A 192.0.2.1\n@ MX 10 mx.example.net\n"),
            "$ORIGIN example.com.\nmail.example.com. A 192.0.2.1\n@ MX 10 mx.example.net.\n");
  EXPECT_EQ(found(Kind::zone, "example.com. TXT \"v=spf1 a ~all\"\nexample.com. TXT \"v=spf1 mx ~all\"\n"), Ids{"L20"});
  EXPECT_EQ(mend(Kind::zone, "example.com. SPF \"v=spf1 a ~all\"\n"), "example.com. TXT \"v=spf1 a ~all\"\n");
  EXPECT_EQ(mend(Kind::zone, "_dmarc.example.com. TXT v=DMARC1; p=reject; rua=mailto:a@example.com\n"),
            "_dmarc.example.com. TXT \"v=DMARC1; p=reject; rua=mailto:a@example.com\"\n");
  const auto split = mend(Kind::zone, "long.example.com. TXT \"" + std::string(300, 'x') + "\"\n");
  EXPECT_EQ(split, "long.example.com. TXT \"" + std::string(255, 'x') + "\" \"" + std::string(45, 'x') + "\"\n");
}

TEST(Lint, L21_hello_name) {
  EXPECT_EQ(found(Kind::main_cf, "myhostname = localhost\n"), Ids{"L21"});
  EXPECT_EQ(found(Kind::main_cf, "myhostname = server.localdomain\n"), Ids{"L21"});
  EXPECT_EQ(found(Kind::main_cf, "myhostname = mail.example.com\n"), Ids{});
  EXPECT_EQ(found(Kind::exim, "primary_hostname = mail\n"), Ids{"L21"});
  EXPECT_EQ(found(Kind::master_cf, "smtp unix - - y - - smtp -o smtp_helo_name=mail\n"), Ids{"L21"});
}

// RFC 8463#A.2 publishes this Ed25519 key.
const std::string ed25519 = "v=DKIM1; k=ed25519; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=";

TEST(Lint, L22_key_records) {
  EXPECT_EQ(found(Kind::dkim, ed25519), Ids{});
  EXPECT_EQ(found(Kind::dkim, "v=DKIM1; k=ed25519; t=y; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo="), Ids{"L22"});
  EXPECT_EQ(found(Kind::dkim, "v=DKIM1; k=rsa; p=MIGf\"MA0"), Ids{"L22"});
  Options known;
  known.public_keys = {"AAAA"};
  EXPECT_EQ(ids(examine({{"f", ed25519, Kind::dkim, {}}}, known)), Ids{"L22"});
  known.public_keys = {"11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo="};
  EXPECT_EQ(ids(examine({{"f", ed25519, Kind::dkim, {}}}, known)), Ids{});
}

TEST(Lint, L23_block_list_name_by_hextets) {
  EXPECT_EQ(mend(Kind::document, "host 1.0.0.0.0.0.db8.2001.zen.spamhaus.org\n"),
            "host 1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.zen.spamhaus.org\n");
  EXPECT_EQ(found(Kind::document, "host 2.0.0.127.zen.spamhaus.org\n"), Ids{});
  EXPECT_EQ(
      found(Kind::document, "host 1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.zen.spamhaus.org\n"),
      Ids{});
}

TEST(Lint, L24_distrusted_pointers) {
  EXPECT_EQ(
      found(Kind::zone, "1.2.0.192.in-addr.arpa. PTR a.example.com.\n1.2.0.192.in-addr.arpa. PTR b.example.com.\n"),
      Ids{"L24"});
  EXPECT_EQ(found(Kind::zone, "1.2.0.192.in-addr.arpa. PTR www.example.com.\nwww.example.com. CNAME a.example.com.\n"),
            Ids{"L24"});
  EXPECT_EQ(found(Kind::zone, "1.2.0.192.in-addr.arpa. PTR 192-0-2-1.dynamic.example.net.\n"), Ids{"L24"});
}

TEST(Lint, L25_two_repairs_at_once) {
  EXPECT_TRUE(found(Kind::main_cf, "inet_protocols = ipv4\nrelayhost = [r.example.net]:587\n").contains("L25"));
}

TEST(Lint, a_correct_world_gives_no_finding) {
  const std::string zone =
      "$ORIGIN example.com.\n$TTL 3600\n@ IN SOA ns1 hostmaster 1 3600 600 86400 300\n  NS ns1\n"
      "@ MX 10 mail\n@ TXT \"v=spf1 mx ip6:2001:db8::1 ~all\"\nmail A 192.0.2.1\nmail AAAA 2001:db8::1\n"
      "mail TXT \"v=spf1 a -all\"\n_dmarc TXT \"v=DMARC1; p=reject; rua=mailto:dmarc@example.com\"\n"
      "2026a._domainkey TXT \"" +
      ed25519 + "\"\nns1 A 192.0.2.53\nwww CNAME web.hosting.example.net.\n" + address_name +
      " PTR mail.example.com.\n";
  const std::string main_cf =
      "compatibility_level = 3.6\nmyhostname = mail.example.com\ninet_protocols = all\nsmtp_bind_address = 192.0.2.1\n"
      "smtp_bind_address6 = 2001:db8::1\nsmtp_tls_security_level = may\nsmtpd_milters = unix:/run/ptarmigan/milter\n"
      "alias_maps = hash:/etc/aliases\nsmtp_dns_reply_filter = socketmap:unix:/run/ptarmigan/map:dns\n";
  const std::string master_cf =
      "smtp      inet  n       -       y       -       -       smtpd\nsmtp      unix  -       -       y       -       "
      "-       smtp\n"
      "relay     unix  -       -       y       -       -       smtp\n        -o syslog_name=postfix/$service_name\n";
  const std::string exim =
      "primary_hostname = mail.example.com\ndns_ipv4_lookup = *.google.com : *.googlemail.com\n"
      ".ifdef MAIN_TLS_ENABLE\ntls_advertise_hosts = *\n.endif\nbegin routers\ndnslookup:\n  driver = dnslookup\n"
      "  domains = ! +local_domains\n  transport = remote_smtp\nbegin transports\nremote_smtp:\n  driver = smtp\n"
      "  interface = <; 192.0.2.1 ; 2001:db8::1\n  dkim_domain = example.com\n";
  const std::string document =
      "# Sending mail\n\nPublish the records, and ask `ptarmigan check example.com`.\n\n```zone\n" + zone + "```\n";
  const std::vector<Input> inputs{{"example.com.zone", zone, Kind::zone, {}},
                                  {"main.cf", main_cf, Kind::main_cf, {}},
                                  {"master.cf", master_cf, Kind::master_cf, {}},
                                  {"exim4.conf", exim, Kind::exim, {}},
                                  {"article.md", document, Kind::document, {}}};
  EXPECT_EQ(text(inputs, examine(inputs)), "");
  for (const auto& input : inputs) EXPECT_EQ(guess_kind("-", input.text), input.kind) << input.name;
}

TEST(Lint, the_kind_of_records_is_guessed_from_their_version) {
  EXPECT_EQ(guess_kind("-", "v=spf1 -all\n"), Kind::spf);
  EXPECT_EQ(guess_kind("-", "\"v=DMARC1; p=none\""), Kind::dmarc);
  EXPECT_EQ(guess_kind("/etc/postfix/main.cf", ""), Kind::main_cf);
  EXPECT_EQ(guess_kind("-", "gmail.com smtp4:\n"), Kind::transport);
}

TEST(Lint, table_is_complete_and_in_order) {
  ASSERT_EQ(rules().size(), 25u);
  for (std::size_t i = 0; i < rules().size(); ++i)
    EXPECT_EQ(rules()[i].id, (i < 9 ? "L0" : "L") + std::to_string(i + 1));
}

}  // namespace
}  // namespace ptarmigan::lint
