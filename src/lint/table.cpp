// lint/table.cpp - the table of mistakes, and the reference page that is made of it.
#include <algorithm>
#include <array>
#include <cassert>

#include "lint/lint.hpp"

namespace ptarmigan::lint {
namespace {

constexpr std::array table{
    Rule{
        "L01", "A reverse name of IPv6 that has not 32 nibbles",
        "A look-up of an IPv6 address always asks for 32 labels of one hexadecimal digit each (RFC 3596#2.5). A record "
        "under any other name exists, and is never found",
        "Compute the owner from the address: `ptarmigan ptr ADDRESS` prints it, and the part within the zone"},
    Rule{
        "L02", "An Exim macro guard that is never defined, or an option that is set twice",
        "`.ifdef` asks for a macro, not for an option: without a macro of that name before it the lines within are "
        "left "
        "out. An option that is set a second time makes Exim refuse the whole configuration",
        "Set the option once, without the guard. On Debian: in conf.d/main/000_localmacros, then update-exim4.conf and "
        "a restart"},
    Rule{"L03", "IPv6 is switched off for the whole server",
         "The listeners go too: mail from outside, and submission, to the published AAAA address of this server fail "
         "from then on, and the reason for the refusal stays",
         "Publish the PTR record; until then keep only the refused deliveries away from IPv6"},
    Rule{"L04", "A change of listening protocols that is only reloaded",
         "Postfix reads inet_protocols and inet_interfaces at its start; a reload leaves the old sockets as they are",
         "Restart: `systemctl restart postfix` (or `postfix stop` and `postfix start`), then compare with `ss -ltn`"},
    Rule{"L05", "A DKIM check with openssl alone",
         "It leaves out canonicalization, the choice and order of header fields, the body hash, the empty b= and the "
         "key "
         "in DNS: at best it proves that two key files belong together",
         "Sign a message and verify it with the published key: `ptarmigan dkim sign`, `ptarmigan dkim verify`"},
    Rule{"L06", "SPF ends in -all without context",
         "Forwarded mail and a forgotten host are then refused before DKIM can speak for them; with DMARC enforced, "
         "~all "
         "loses nothing",
         "End in ~all until every sending address is proven; -all suits names that send no mail and HELO names"},
    Rule{"L07", "The HELO name has no SPF record",
         "Bounces have an empty envelope sender: SPF is then evaluated for the name in EHLO",
         "Publish `v=spf1 a -all` at every name that a server says in EHLO"},
    Rule{
        "L08", "An SPF include where an address is meant",
        "include takes a domain whose record is evaluated; addresses are ip4 and ip6, and a and mx cover both families",
        "Write ip4: or ip6:, then prove each sending address: `ptarmigan spf ADDRESS SENDER`"},
    Rule{"L09", "DMARC without reports, or with tags that are historic",
         "p=none without rua satisfies a form and gives no data to go on with; pct, rf and ri are historic since RFC "
         "9989",
         "Name a report address in rua, read the reports, then go to quarantine and reject"},
    Rule{"L10", "A hash: map that is not compiled, stale, or of a type that is not there",
         "Postfix reads the compiled file; without it, or with an old one, the table that you see is not the one that "
         "is "
         "used. Berkeley DB is absent from new distributions",
         "Write $default_database_type:, run postmap after every change, and ask back: `postmap -q KEY TYPE:FILE`"},
    Rule{"L11", "A relay without brackets, port, password rules or TLS",
         "Without brackets the MX of the name is used; the default port is 25; the default SASL options forbid "
         "plain-text "
         "mechanisms; port 465 speaks TLS at once; without a TLS level the password may go in clear",
         "[host]:587 with smtp_tls_security_level = encrypt and smtp_sasl_tls_security_options = noanonymous; the "
         "password file with mode 0600"},
    Rule{"L12", "A relay, and nothing signs with DKIM",
         "The relay's own return path is not aligned with your domain: DMARC then rests on your DKIM signature alone",
         "Sign before the relay (a milter, or the relay's own key for your domain), and check DMARC on a received "
         "message"},
    Rule{
        "L13", "A test message to one's own server",
        "swaks to this host proves submission. It does not take the server's way to the receiver: no choice of family, "
        "no signature, not the server's address",
        "Send through the real queue from the server's own addresses, or ask `ptarmigan check DOMAIN`"},
    Rule{"L14", "A PTR check with dig +short alone",
         "It does not ask whether the name leads back to the address, shows a failure as nothing, and may be an old "
         "answer "
         "of a cache",
         "`ptarmigan ptr ADDRESS`: both directions, each outcome apart, TTL shown"},
    Rule{"L15", "A waiting time by rule of thumb",
         "A DNS change is seen when the old answer has left the caches: its TTL, or the negative TTL of the zone where "
         "there was none (RFC 2308#5); nothing more is to be waited for",
         "`ptarmigan plan DOMAIN` prints the time for each record"},
    Rule{
        "L16", "The forward record first is called an obstacle",
        "It is the right order: a PTR record is confirmed by the address record of its name, and some hosters refuse a "
        "PTR record until that resolves",
        "Publish A and AAAA, wait for them, then the PTR record: `ptarmigan plan DOMAIN`"},
    Rule{
        "L17", "The source address within the network is left to chance",
        "Autoconfigured, temporary and container addresses of the same network have neither the PTR record nor the SPF "
        "entry of the one that was meant",
        "Pin it (smtp_bind_address6, Exim's interface), and compare with the Received field of a message that arrived"},
    Rule{"L18", "Reputation is to be read in Postmaster Tools",
         "The reputation dashboards went on 2025-09-30 with version 1; spam rate and compliance state are left",
         "Read the compliance state and the spam rate of version 2"},
    Rule{"L19", "Gmail is known by its recipient domain only",
         "Domains of Google Workspace and googlemail.com have the same MX hosts and the same rules, and are missed",
         "Decide by MX host: smtp_dns_reply_filter in Postfix, dns_ipv4_lookup in Exim, or `ptarmigan map`"},
    Rule{"L20", "A zone record that does not say what is meant",
         "A name without its final dot gets the zone's name appended; a character-string holds at most 255 octets; two "
         "SPF records, or one of type SPF, are permerror or not seen",
         "Write absolute names with a final dot, cut long TXT into strings, keep one SPF record of type TXT"},
    Rule{"L21", "A name in EHLO that is no public host name",
         "Receivers refuse localhost and names without a dot (Gmail: 501 5.5.4), and compare the name with the PTR "
         "record "
         "of the address of either family",
         "Say the full host name that A, AAAA and PTR agree on"},
    Rule{"L22", "A DKIM key record that is wrong or weak",
         "A broken base64 value or tag list verifies nothing; keys below 2048 bits are weak; t=y says that you are "
         "still trying",
         "Publish the record that `ptarmigan dkim record` prints for the private key that signs"},
    Rule{"L23", "A block list is asked with hextets of an IPv6 address",
         "Block lists know IPv6 addresses by their 32 nibbles in reverse; any other name is never listed",
         "Ask for the nibbles, and prove the query with the list's own test entry"},
    Rule{"L24", "A PTR record that receivers distrust",
         "Several names for one address, an alias as the target, or a name that spells out the address look like a "
         "customer's line",
         "One PTR record, to one host name of your own that has address records"},
    Rule{"L25", "Two unrelated repairs at once", "Nobody can tell which of them helped, and the one that did not stays",
         "One step, its proof, then the next: `ptarmigan plan DOMAIN`"},
};

}  // namespace

std::span<const Rule> rules() {
  return table;
}

const Rule& rule(std::string_view id) {
  const auto at = std::ranges::find(table, id, &Rule::id);
  assert(at != table.end());
  return *at;
}

std::string reference() {
  std::string out =
      "# Lints\n\nWhat `ptarmigan lint` finds. Made by `ptarmigan lint --reference` from `src/lint/table.cpp`; ids "
      "never "
      "change their meaning.\n";
  for (const auto& row : table) {
    out += "\n## " + std::string(row.id) + ": " + std::string(row.title) + "\n\n" + std::string(row.why) + ".\n\n" +
           "**Instead:** " + std::string(row.remedy) + ".\n";
  }
  return out;
}

}  // namespace ptarmigan::lint
