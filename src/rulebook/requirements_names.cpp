// rulebook/requirements_names.cpp - what is judged of names: the address's own, the one said in EHLO, the sender's
// domains.
#include <algorithm>
#include <array>

#include "base/text.hpp"
#include "rulebook/requirements.hpp"

namespace ptarmigan::rulebook::requirements {
namespace {

/// Words by which providers mark the names of addresses that they lend.
constexpr std::array<std::string_view, 13> lent_words{"dynamic", "dyn", "dhcp", "dialup", "dial",  "pool",     "ppp",
                                                      "pppoe",   "dsl", "adsl", "vdsl",   "cable", "broadband"};
/// So many labels from the right are the provider's domain: "cable.example" is a name like any other there.
constexpr std::size_t domain_labels = 2;
/// So many nibbles of an IPv6 address in a row are no accident.
constexpr std::size_t telling_nibbles = 12;

/// "ip-203-0-113-7" as {"ip", "203", "0", "113", "7"}: runs of letters and of digits.
std::vector<std::string> runs_of(std::string_view text) {
  const auto kind = [](char c) { return c >= '0' && c <= '9' ? 1 : c >= 'a' && c <= 'z' ? 2 : 0; };
  std::vector<std::string> out;
  int last = 0;
  for (const char c : text) {
    const int now = kind(c);
    if (now != 0 && now != last) out.emplace_back();
    if (now != 0) out.back().push_back(c);
    last = now;
  }
  return out;
}

/// All four numbers of the address stand in the name, in whatever order.
bool spells_ipv4(std::vector<std::string> runs, const IpAddress& address) {
  for (const auto octet : address.octets()) {
    const auto at = std::ranges::find_if(runs, [&](const std::string& run) {
      const auto number = parse_number<unsigned>(run);
      return number && *number == octet && run.size() <= 3;
    });
    if (at == runs.end()) return false;
    runs.erase(at);
  }
  return true;
}

std::string hexadecimal(const IpAddress& address) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string out;
  for (const auto octet : address.octets()) {
    out.push_back(digits[octet >> 4U]);
    out.push_back(digits[octet & 0xFU]);
  }
  return out;
}

/// The address in hexadecimal, either way round, or its text with other separators.
bool spells_in_hexadecimal(std::string_view name, const IpAddress& address) {
  std::string bare;
  for (const char c : name)
    if (c != '-' && c != '.') bare.push_back(c);
  auto nibbles = hexadecimal(address);
  if (address.is_v4()) return bare.find(nibbles) != std::string::npos;
  std::string dashed = address.text();
  std::ranges::replace(dashed, ':', '-');
  if (name.find(dashed) != std::string_view::npos) return true;
  for (int turn = 0; turn < 2; ++turn) {
    if (bare.find(nibbles.substr(0, telling_nibbles)) != std::string::npos ||
        bare.find(nibbles.substr(nibbles.size() - telling_nibbles)) != std::string::npos)
      return true;
    std::ranges::reverse(nibbles);
  }
  return false;
}

/// Why the name is a provider's; "" where it is one's own.
std::string lent(const dns::DomainName& name, const IpAddress& address) {
  const auto labels = name.labels();
  std::string host;
  for (std::size_t at = 0; at + domain_labels < labels.size(); ++at) host += std::string(labels[at]) + ".";
  const auto runs = runs_of(host);
  const bool spelled = address.is_v4() && spells_ipv4(runs_of(name.text()), address);
  if (spelled || spells_in_hexadecimal(name.text(), address)) return "spells out the address";
  for (const auto& run : runs)
    if (std::ranges::find(lent_words, run) != lent_words.end()) return "says \"" + run + "\"";
  return {};
}

/// The verdict where the reverse name could not be read at all.
Verdict without_name(const ReverseCheck& reverse) {
  return {reverse.decided() ? State::broken : State::unknown, reverse.text, reverse.evidence};
}

Known<Verdict> exists(const std::optional<dns::DomainName>& domain, std::string_view whose, const Facts& facts) {
  if (!domain || domain->is_root())
    return Verdict{State::unknown, "The domain of " + std::string(whose) + " is not known"};
  Gather gather(facts);
  std::vector<Question> evidence;
  std::vector<const Answer*> answers;
  for (const auto type : {dns::RecordType::soa, dns::RecordType::mx, dns::RecordType::a, dns::RecordType::aaaa}) {
    evidence.push_back({*domain, type});
    answers.push_back(gather.ask(evidence.back()));
  }
  if (gather.lacks()) return gather.need();
  const std::string name = domain->text() + ", the domain of " + std::string(whose) + ",";
  for (const auto& mx : answers[1]->all<dns::Mx>())
    if (mx.exchange.is_root()) return Verdict{State::broken, name + " takes no mail (null MX)", evidence};
  if (std::ranges::any_of(answers, [](const Answer* a) { return a->found(); }))
    return Verdict{State::holds, name + " is in DNS", evidence};
  if (std::ranges::any_of(answers, [](const Answer* a) { return a->temporary(); }))
    return Verdict{State::unknown, name + " could not be looked up", evidence};
  return Verdict{State::broken, name + " has no SOA, MX, A or AAAA record", evidence};
}

}  // namespace

Known<Verdict> reverse_name_exists(Case& c) {
  const auto& reverse = c.reverse_name();
  if (!reverse) return reverse.need();
  if (reverse->names.empty()) return without_name(*reverse);
  return Verdict{State::holds,
                 "The PTR record of " + c.subject().sending_address->text() + " is " + reverse->names.front().text(),
                 reverse->evidence};
}

Known<Verdict> reverse_name_is_own(Case& c) {
  const auto& reverse = c.reverse_name();
  if (!reverse) return reverse.need();
  if (reverse->names.empty()) return without_name(*reverse);
  const auto address = c.subject().sending_address->unmapped();
  for (const auto& name : reverse->names)
    if (const auto why = lent(name, address); !why.empty())
      return Verdict{State::broken, "The reverse name " + name.text() + " " + why + ", as a provider's does",
                     reverse->evidence};
  return Verdict{State::holds, "The reverse name " + reverse->names.front().text() + " is one of its own",
                 reverse->evidence};
}

Known<Verdict> ehlo_name_is_reverse_name(Case& c) {
  const auto& ehlo = c.subject().ehlo_name;
  if (!ehlo) return Verdict{State::unknown, "The EHLO name is not known"};
  const auto& reverse = c.reverse_name();
  if (!reverse) return reverse.need();
  if (reverse->names.empty()) return without_name(*reverse);
  const auto name = dns::DomainName::parse(*ehlo);
  const bool same = name && std::ranges::find(reverse->names, *name) != reverse->names.end();
  return Verdict{
      same ? State::holds : State::broken,
      "The EHLO name is " + printable(*ehlo, 80) + ", the PTR record's name " + reverse->names.front().text(),
      reverse->evidence};
}

Known<Verdict> mail_from_domain_exists(Case& c) {
  const auto& mail_from = c.subject().mail_from;
  if (mail_from && mail_from->is_null())
    return Verdict{State::holds, "The message is a bounce: its envelope names no sender"};
  std::optional<dns::DomainName> domain;
  if (mail_from && mail_from->mailbox)
    if (const auto name = dns::DomainName::from_unicode(mail_from->mailbox->domain)) domain = *name;
  return exists(domain, "MAIL FROM", c.facts());
}

Known<Verdict> author_domain_exists(Case& c) {
  return exists(c.subject().author_domain(), "From", c.facts());
}

}  // namespace ptarmigan::rulebook::requirements
