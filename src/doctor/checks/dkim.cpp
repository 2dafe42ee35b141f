// doctor/checks/dkim.cpp - the published keys, and the signatures of a sample message (RFC 6376#3.6.1, RFC 6376#5.4,
// RFC 8301#3.2, RFC 8058#4).
#include <algorithm>

#include "auth/dkim/key_record.hpp"
#include "auth/dmarc/discovery.hpp"
#include "base/encoding.hpp"
#include "base/text.hpp"
#include "doctor/checks/desk.hpp"

namespace ptarmigan::doctor {
namespace {

using dns::RecordType;
using rulebook::Fix;
using rulebook::IntendedSignature;
using rulebook::ObservedSignature;
using rulebook::State;

void offer_key(CheckResult& said, const IntendedSignature& signature, const dns::DomainName& owner,
               Fix::Action action) {
  if (signature.public_key.empty()) {
    said.remedy = "Publish the record that `ptarmigan dkim record` prints for the key in use";
    return;
  }
  const auto text = "v=DKIM1; k=" + signature.key_type + "; p=" + signature.public_key;
  said.publish.push_back(to_publish(owner, RecordType::txt, dns::txt_of(text), action,
                                    "the public key of selector " + signature.selector));
}

void check_size(Desk& desk, const dkim::PublicKey& key, const std::string& where, const Question& question) {
  const auto bits = std::to_string(key.bits()) + " bits";
  if (key.type() == dkim::KeyType::ed25519)
    desk.holds("dkim.key-size", where + ": Ed25519; sign with RSA too, since many receivers know no other", {question});
  else if (key.too_small())
    desk.broken("dkim.key-size", where + ": RSA of " + bits + ", which no receiver believes", {question},
                "Make a key of 2048 bits at a new selector: ptarmigan dkim keygen");
  else if (key.bits() < dkim::strong_rsa_bits)
    desk.broken("dkim.key-size", where + ": RSA of " + bits + ", less than 2048", {question},
                "Make a key of 2048 bits at a new selector: ptarmigan dkim keygen");
  else
    desk.holds("dkim.key-size", where + ": RSA of " + bits, {question});
}

void check_key(Desk& desk, const dns::DomainName& domain, const std::string& selector,
               const IntendedSignature* intended) {
  const auto owner = dkim::key_name(selector, domain);
  if (!owner) return;
  const auto* answer = desk.ask(*owner, RecordType::txt);
  if (answer == nullptr) return;
  const Question question{*owner, RecordType::txt};
  if (answer->temporary()) {
    desk.unknown("dkim.key-record", owner->text() + " could not be looked up", {question});
    return;
  }
  const auto texts = answer->all<dns::Txt>();
  if (texts.size() != 1) {
    auto& said = desk.broken("dkim.key-record",
                             texts.empty() ? "There is no key at " + owner->text()
                                           : std::to_string(texts.size()) + " TXT records stand at " + owner->text(),
                             {question}, "Publish the key's record at " + owner->text());
    if (intended != nullptr)
      offer_key(said, *intended, *owner, texts.empty() ? Fix::Action::add : Fix::Action::replace);
    return;
  }
  const auto record = dkim::KeyRecord::parse(texts.front().joined());
  if (!record || !record->key) {
    auto& said =
        desk.broken("dkim.key-record",
                    owner->text() + (record ? ": the key was revoked (p= is empty)" : ": " + record.error().message),
                    {question}, "Publish the key's record at " + owner->text());
    if (intended != nullptr) offer_key(said, *intended, *owner, Fix::Action::replace);
    return;
  }
  desk.holds("dkim.key-record", owner->text() + " holds a key", {question});
  check_size(desk, *record->key, owner->text(), question);
  if (record->testing)
    desk.broken("dkim.key-flags", owner->text() + " says t=y: the domain is only trying DKIM out", {question},
                "Publish the record without t=y");
  else
    desk.holds("dkim.key-flags", owner->text() + " has no t=y", {question});
  if (intended == nullptr || intended->public_key.empty()) return;
  const auto published = dkim::to_string(record->type);
  std::string p;
  for (const auto part : split(std::string_view(texts.front().joined()), ';')) {
    const auto tag = std::string(trim(part));
    if (tag.starts_with("p"))
      for (const char c : tag.substr(tag.find('=') + 1))
        if (c != ' ' && c != '\t' && c != '\r' && c != '\n') p += c;
  }
  if (published == intended->key_type && base64_decode(p) == base64_decode(intended->public_key)) {
    desk.holds("dkim.key-match", owner->text() + " is the key that signs", {question});
    return;
  }
  auto& said = desk.broken("dkim.key-match", owner->text() + " is another key than the one that signs", {question}, {});
  offer_key(said, *intended, *owner, Fix::Action::replace);
}

void check_alignment(Desk& desk, const std::vector<dns::DomainName>& signing) {
  const auto& author = desk.setup().domain;
  const auto own = dmarc::walk_tree(author, desk.facts());
  const auto* walk = desk.gather().take(own);
  if (walk == nullptr) return;
  const auto organization = walk->organizational_domain();
  for (const auto& domain : signing) {
    const auto other = dmarc::walk_tree(domain, desk.facts());
    const auto* theirs = desk.gather().take(other);
    if (theirs == nullptr) return;
    if (organization && theirs->organizational_domain() == organization) {
      desk.holds("dkim.aligned", "d=" + domain.text() + " belongs to the organization of " + author.text());
      return;
    }
  }
  if (!signing.empty())
    desk.broken("dkim.aligned", "No signature's d= belongs to the organization of " + author.text(), {},
                "Sign with d=" + author.text());
}

bool covers(const dkim::Signature& signature, std::string_view name) {
  return std::ranges::any_of(signature.names, [&](const std::string& n) { return iequals(n, name); });
}

void check_message(Desk& desk, const MessageFacts& message) {
  for (const auto& signature : message.signatures) {
    const auto where = "The signature of " + signature.selector + "._domainkey." + signature.domain.text();
    std::vector<std::string> missing;
    for (const std::string_view name : {"From", "Subject", "Date", "To"})
      if (!covers(signature, name)) missing.emplace_back(name);
    if (!message.list_unsubscribe.empty())
      for (const std::string_view name : {"List-Unsubscribe", "List-Unsubscribe-Post"})
        if (!covers(signature, name)) missing.emplace_back(name);
    if (missing.empty())
      desk.holds("dkim.coverage", where + " covers what matters");
    else
      desk.broken("dkim.coverage", where + " does not cover " + join(missing, ", "), {},
                  "Put these names into h=, From twice");
    std::vector<std::string> odd;
    if (signature.body_limit != dkim::whole_body) odd.emplace_back("l= leaves room for text that is not signed");
    if (signature.expires && signature.signed_at && *signature.expires < *signature.signed_at + 86'400)
      odd.emplace_back("it expires within a day (x=), before deferred mail may arrive");
    if (odd.empty())
      desk.holds("dkim.tags", where + " has no l= and no near end");
    else
      desk.broken("dkim.tags", where + ": " + join(odd, "; "), {}, "Sign without l=, and with no x= or a later one");
  }
}

/// What servers on the way re-encode, wrap or quote (RFC 6376#5.3).
void check_hazards(Desk& desk, const MessageFacts& message) {
  constexpr std::size_t longest_line = 998;  // RFC 5322#2.1.1
  std::vector<std::string> found;
  if (message.eight_bit_body) found.emplace_back("8-bit text, which is re-encoded for servers without 8BITMIME");
  if (message.longest_line > longest_line) found.emplace_back("a line of more than 998 octets, which is broken up");
  if (message.from_line) found.emplace_back("a line that begins with \"From \", which mailboxes quote");
  if (message.bare_line_ends) found.emplace_back("line ends that are not CRLF, which are mended");
  if (found.empty())
    desk.holds("dkim.hazards", "Seven-bit text in short lines");
  else
    desk.broken("dkim.hazards", join(found, "; "), {}, "Encode the text as quoted-printable before it is signed");
}

void check_key_ages(Desk& desk) {
  constexpr unsigned oldest_days = 183;  // M3AAWG: at least every six months
  for (const auto& key : desk.setup().seen.keys) {
    const auto what = "The key of " + key.selector + "._domainkey." + key.domain.text() + " is " +
                      std::to_string(key.days) + " days old";
    if (key.days <= oldest_days)
      desk.holds("dkim.key-age", what);
    else
      desk.broken(
          "dkim.key-age", what, {},
          "Make a key at a second selector (ptarmigan dkim keygen), publish it, sign with it, and revoke the old "
          "one a week later");
  }
}

}  // namespace

void check_dkim(Desk& desk) {
  const auto& setup = desk.setup();
  if (!setup.signatures) {
    desk.unknown("dkim.signed", "It is not known whether mail is signed: name the selector with --dkim");
    return;
  }
  if (setup.signatures->empty()) {
    desk.broken(
        "dkim.signed", "Mail is not signed", {},
        "Sign with DKIM: make a key (ptarmigan dkim keygen), publish its record, and name it in the configuration");
    return;
  }
  desk.holds("dkim.signed", std::to_string(setup.signatures->size()) + " signature(s)");
  std::vector<dns::DomainName> signing;
  for (const auto& signature : *setup.signatures) {
    if (const auto* intended = std::get_if<IntendedSignature>(&signature)) {
      signing.push_back(intended->domain);
      check_key(desk, intended->domain, intended->selector, intended);
      continue;
    }
    const auto& seen = std::get<ObservedSignature>(signature);
    const auto where = seen.selector + "._domainkey." + seen.domain.text();
    using enum ObservedSignature::Result;
    if (seen.result == pass) {
      signing.push_back(seen.domain);
      desk.holds("dkim.verifies", where + " verifies");
    } else if (seen.result == temporary_error) {
      desk.unknown("dkim.verifies", where + ": " + seen.detail);
    } else {
      desk.broken("dkim.verifies", where + ": " + seen.detail, {},
                  "See that nothing changes the message after it is signed, and that the key matches");
    }
    check_key(desk, seen.domain, seen.selector, nullptr);
  }
  check_alignment(desk, signing);
  check_key_ages(desk);
  if (!setup.message) return;
  check_message(desk, *setup.message);
  check_hazards(desk, *setup.message);
}

}  // namespace ptarmigan::doctor
