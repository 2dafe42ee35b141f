// rulebook/fixes.cpp - the records and changes that repair a requirement.
#include "rulebook/fixes.hpp"

#include <algorithm>
#include <array>

#include "auth/spf/lint.hpp"
#include "auth/spf/record.hpp"
#include "base/text.hpp"
#include "dns/reverse.hpp"
#include "rulebook/requirements.hpp"

namespace ptarmigan::rulebook::fixes {
namespace {

/// TTL of records that are printed for publishing: short enough that the next repair is seen soon.
constexpr std::uint32_t publish_ttl = 3600;

dns::Record record(dns::DomainName owner, dns::RecordType type, dns::Data data) {
  return {std::move(owner), type, publish_ttl, std::move(data)};
}

dns::Record record_of(const dns::DomainName& owner, std::string_view text) {
  return record(owner, dns::RecordType::txt, dns::txt_of(text));
}

template <typename T>
bool contains(const std::vector<T>& list, const T& value) {
  return std::ranges::find(list, value) != list.end();
}

dns::RecordType address_type(const IpAddress& address) {
  return address.is_v4() ? dns::RecordType::a : dns::RecordType::aaaa;
}

/// The text of the one TXT record at `owner` for which `is` holds; "" where there is none.
template <typename Is>
std::string published_text(const Facts& facts, const dns::DomainName& owner, Is is) {
  const auto* answer = facts.find({owner, dns::RecordType::txt});
  if (answer == nullptr) return {};
  for (const auto& txt : answer->all<dns::Txt>())
    if (auto text = txt.joined(); is(text)) return text;
  return {};
}

/// Where the PTR record of `address` stands: its reverse name, or where that name's CNAME leads (RFC 2317#4).
dns::DomainName pointer_owner(const Facts& facts, const IpAddress& address) {
  auto reverse = dns::reverse_name(address);
  const auto* answer = facts.find({reverse, dns::RecordType::ptr});
  if (answer == nullptr || answer->aliases.empty()) return reverse;
  return std::get<dns::Target>(answer->aliases.back().data).name;
}

/// The name that the address ought to have: the EHLO name where that is a host name, else the PTR's own.
std::optional<dns::DomainName> wanted_name(Case& c) {
  if (c.subject().ehlo_name) {
    const auto ehlo = dns::DomainName::parse(*c.subject().ehlo_name);
    if (ehlo && ehlo->is_hostname()) return *ehlo;
  }
  const auto& reverse = c.reverse_name();
  if (reverse.known() && !reverse->names.empty()) return reverse->names.front();
  return std::nullopt;
}

}  // namespace

Known<Fix> reverse_name(Case& c) {
  Fix fix;
  if (!c.subject().sending_address) return fix;
  const auto address = c.subject().sending_address->unmapped();
  const auto wanted = wanted_name(c);
  if (!wanted) {
    fix.change.push_back("Choose a host name for " + address.text() +
                         ", say it in EHLO, and publish it as the address's PTR record");
    return fix;
  }
  const auto owner = pointer_owner(c.facts(), address);
  const auto& reverse = c.reverse_name();
  const auto names = reverse.known() ? reverse->names : std::vector<dns::DomainName>{};
  const bool has_ptr = contains(names, *wanted);
  const Question forward{*wanted, address_type(address)};
  const auto* known = c.facts().find(forward);
  if (known == nullptr) return Need(forward);
  if (!known->temporary() && !contains(known->all<IpAddress>(), address))
    fix.publish.push_back({record(*wanted, address_type(address), address), Fix::Action::add,
                           "the forward name of " + address.text() + ", which the PTR record must lead back to"});
  if (!has_ptr)
    fix.publish.push_back(
        {record(owner, dns::RecordType::ptr, dns::Target{*wanted}),
         names.empty() ? Fix::Action::add : Fix::Action::replace,
         "the reverse name of " + address.text() + "; only the owner of the address (your hoster) can publish it"});
  return fix;
}

Known<Fix> own_reverse_name(Case& c) {
  auto fix = reverse_name(c);
  if (!fix || !fix->empty()) return fix;
  return Fix{.change = {"Choose a host name of your own that does not spell out the address, publish it as the PTR "
                        "record, and say it in EHLO"}};
}

namespace {

Fix put_in_dns(const std::string& domain) {
  return Fix{.change = {"Publish an MX record for " + domain + ", or use a domain that takes mail"}};
}

void append(Fix& fix, const Fix& more) {
  fix.publish.insert(fix.publish.end(), more.publish.begin(), more.publish.end());
  fix.change.insert(fix.change.end(), more.change.begin(), more.change.end());
}

}  // namespace

Known<Fix> mail_from_domain(Case& c) {
  return put_in_dns(c.subject().spf_domain());
}

Known<Fix> author_domain(Case& c) {
  const auto author = c.subject().author_domain();
  return put_in_dns(author ? author->text() : std::string("the domain in From"));
}

std::string spf_with(std::string_view published, const IpAddress& address, SpfPlace place) {
  const std::string term = (address.is_v4() ? "ip4:" : "ip6:") + address.text();
  if (published.empty()) return "v=spf1 " + term + " ~all";
  if (place == SpfPlace::first) {
    std::string out = "v=spf1 " + term;
    for (const auto part : split(published, ' '))
      if (!part.empty() && !iequals(part, "v=spf1") && !iequals(part, term)) out += " " + std::string(part);
    return out;
  }
  std::string out;
  bool placed = false;
  for (const auto part : split(published, ' ')) {
    if (part.empty()) continue;
    const auto bare = part.find_first_of("+-~?") == 0 ? part.substr(1) : part;
    const bool last = iequals(bare, "all") || istarts_with(part, "redirect=");
    if (last && !placed) {
      out += (out.empty() ? "" : " ") + term;
      placed = true;
    }
    out += (out.empty() ? "" : " ") + std::string(part);
  }
  return placed ? out : out + " " + term;
}

Known<Fix> spf(Case& c) {
  Fix fix;
  const auto domain = dns::DomainName::from_unicode(c.subject().spf_domain());
  if (!domain || domain->is_root() || !c.subject().sending_address) return fix;
  const auto address = c.subject().sending_address->unmapped();
  const auto published = published_text(c.facts(), *domain, spf::is_record);
  // A record that cannot be parsed is rebuilt: adding a term would keep it broken.
  const bool usable = published.empty() || spf::Record::parse(std::string_view(published)).has_value();
  auto place = SpfPlace::before_all;
  if (usable && !published.empty()) {
    const auto linted = spf::lint(*domain, c.facts());
    if (!linted) return linted.need();
    // An evaluation that fails on its way must meet the address before it.
    if (linted->broken()) place = SpfPlace::first;
  }
  const auto text = spf_with(usable ? published : "", address, place);
  fix.publish.push_back({record(*domain, dns::RecordType::txt, dns::txt_of(text)),
                         published.empty() ? Fix::Action::add : Fix::Action::replace,
                         "SPF that lets " + address.text() + " send for " + domain->text()});
  if (!usable)
    fix.change.push_back("Put back the terms that you need from the old SPF record, without its error: " +
                         printable(published));
  return fix;
}

Known<Fix> dkim(Case& c) {
  Fix fix;
  const auto& dkim = c.dkim();
  if (!dkim.known()) return dkim.need();
  for (const auto& signature : dkim->failing) {
    if (signature.public_key.empty()) continue;
    const auto owner = signature.domain.prefixed(signature.selector + "._domainkey");
    if (!owner) continue;
    const auto* answer = c.facts().find({*owner, dns::RecordType::txt});
    const bool there = answer != nullptr && answer->found();
    fix.publish.push_back({record(*owner, dns::RecordType::txt,
                                  dns::txt_of("v=DKIM1; k=" + signature.key_type + "; p=" + signature.public_key)),
                           there ? Fix::Action::replace : Fix::Action::add,
                           "the public key of selector " + signature.selector});
  }
  if (fix.empty())
    fix.change.push_back(
        "Sign with DKIM: make a key (ptarmigan dkim keygen), publish its record, and name it in the configuration");
  return fix;
}

Known<Fix> authentication(Case& c) {
  const auto& dkim_check = c.dkim();
  if (dkim_check.known() && dkim_check->passes()) return spf(c);
  const auto sender = spf(c);
  const auto signature = dkim(c);
  Gather gather(c.facts());
  const auto* first = gather.take(sender);
  const auto* second = gather.take(signature);
  if (gather.lacks()) return gather.need();
  Fix fix = *first;
  append(fix, *second);
  return fix;
}

Known<Fix> full_authentication(Case& c) {
  struct Part {
    Known<Verdict> (*judge)(Case&);
    Known<Fix> (*fix)(Case&);
  };
  constexpr std::array<Part, 3> parts{Part{requirements::spf_passes, spf}, Part{requirements::dkim_passes, dkim},
                                      Part{requirements::dmarc_record_is_published, dmarc_record}};
  Gather gather(c.facts());
  Fix fix;
  for (const auto& part : parts) {
    const auto judged = part.judge(c);
    const auto* verdict = gather.take(judged);
    if (verdict == nullptr || verdict->state != State::broken) continue;
    const auto repair = part.fix(c);
    if (const auto* known = gather.take(repair)) append(fix, *known);
  }
  if (gather.lacks()) return gather.need();
  if (fix.empty()) return alignment(c);  // all passes, and for another domain
  return fix;
}

Known<Fix> dmarc_record(Case& c) {
  Fix fix;
  const auto author = c.subject().author_domain();
  if (!author) return fix;
  const auto owner = author->prefixed("_dmarc");
  if (!owner) return fix;
  const auto* answer = c.facts().find({*owner, dns::RecordType::txt});
  const bool there = answer != nullptr && answer->found();
  fix.publish.push_back({record(*owner, dns::RecordType::txt,
                                dns::txt_of("v=DMARC1; p=none; rua=mailto:dmarc-reports@" + author->text())),
                         there ? Fix::Action::replace : Fix::Action::add,
                         "a DMARC policy that asks for reports and changes nothing yet"});
  fix.change.push_back("Make sure that dmarc-reports@" + author->text() +
                       " receives mail, or name another address in rua=");
  return fix;
}

Known<Fix> alignment(Case& c) {
  const auto author = c.subject().author_domain();
  const auto domain = author ? author->text() : std::string("the domain in From");
  auto keys = dkim(c);
  if (!keys) return keys;
  Fix fix = std::move(keys).value();
  fix.change = {"Sign with d=" + domain + ", or use a MAIL FROM address of " + domain +
                " whose SPF record covers the sending address"};
  return fix;
}

Known<Fix> ehlo(Case& c) {
  const auto& reverse = c.reverse_name();
  const auto name = reverse.known() && reverse->passes() && !reverse->names.empty() ? reverse->names.front().text()
                                                                                    : std::string("mail.example.com");
  return Fix{.change = {"Say the server's full host name in EHLO, the same as in its PTR record: " + name}};
}

Known<Fix> narrow_spf(Case& c) {
  Fix fix;
  const auto domain = dns::DomainName::from_unicode(c.subject().spf_domain());
  if (!domain || domain->is_root()) return fix;
  const auto published = published_text(c.facts(), *domain, spf::is_record);
  const auto record = spf::Record::parse(std::string_view(published));
  if (!record) return fix;
  std::string text = "v=spf1";
  const auto begin = published.data();
  std::size_t done = text.size();
  for (const auto& mechanism : record->mechanisms) {
    const auto at = static_cast<std::size_t>(mechanism.text.data() - begin);
    text += published.substr(done, at - done);
    done = at + mechanism.text.size();
    if (requirements::too_wide(mechanism).empty())
      text += mechanism.text;
    else if (mechanism.type == spf::MechanismType::all)
      text += "~all";
  }
  text += published.substr(done);
  std::string clean;
  for (const auto part : split(text, ' '))
    if (!part.empty()) clean += (clean.empty() ? "" : " ") + std::string(part);
  const auto& address = c.subject().sending_address;
  if (address) {
    const auto own = address->unmapped();
    if ((clean + " ").find(':' + own.text() + ' ') == std::string::npos) clean = spf_with(clean, own);
  }
  fix.publish.push_back({record_of(*domain, clean), Fix::Action::replace,
                         "SPF of " + domain->text() + " for your own addresses, without the term that is too wide"});
  return fix;
}

Known<Fix> unsubscribe(Case&) {
  return Fix{.change = {"Add to mail that was subscribed to: List-Unsubscribe with an HTTPS URI, and "
                        "\"List-Unsubscribe-Post: List-Unsubscribe=One-Click\"; sign both fields with DKIM"}};
}
Known<Fix> tls(Case&) {
  return Fix{.change = {"Use STARTTLS towards this receiver"}};
}
Known<Fix> author(Case&) {
  return Fix{.change = {"Write one From field with one address of a domain that exists"}};
}
Known<Fix> message_id(Case&) {
  return Fix{.change = {"Write one Message-ID of the form <unique@your.domain>"}};
}
Known<Fix> single_fields(Case&) {
  return Fix{.change = {"Write each of Date, Subject, To, Cc, Reply-To, Message-ID and the MIME fields once"}};
}

}  // namespace ptarmigan::rulebook::fixes
