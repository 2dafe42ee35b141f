// doctor/checks/identity.cpp - reverse names, the EHLO name and the sender's domain (RFC 8601#3, RFC 3596#2.5, RFC
// 5321#4.1.4).
#include <algorithm>

#include "base/text.hpp"
#include "dns/reverse.hpp"
#include "doctor/checks/desk.hpp"
#include "rulebook/case.hpp"
#include "rulebook/fixes.hpp"
#include "rulebook/requirements.hpp"

namespace ptarmigan::doctor {
namespace {

using dns::RecordType;
using rulebook::Case;
using rulebook::Fix;
using rulebook::State;

rulebook::Subject subject_of(const Setup& setup, const OwnAddress& own) {
  rulebook::Subject out;
  out.sending_address = own.address;
  if (!own.ehlo_name.empty()) out.ehlo_name = own.ehlo_name;
  out.mail_from =
      setup.mail_from ? *setup.mail_from : smtp::ReversePath{smtp::Mailbox{"postmaster", setup.domain.text()}};
  out.header_from = std::vector{setup.domain};
  return out;
}

using Judge = Known<rulebook::Verdict> (*)(Case&);
using Repair = Known<Fix> (*)(Case&);

/// A requirement of the rulebook as a check: its verdict, and its fix where it is broken.
void say_requirement(Desk& desk, std::string_view id, const OwnAddress& own, Judge judge, Repair repair) {
  const auto subject = subject_of(desk.setup(), own);
  Case c(subject, desk.facts());
  const auto judged = judge(c);
  const auto* verdict = desk.gather().take(judged);
  if (verdict == nullptr) return;
  auto& said = desk.say(id, verdict->state, verdict->why, verdict->evidence);
  said.address = own.address;
  if (verdict->state != State::broken) return;
  const auto fix = repair(c);
  const auto* known = desk.gather().take(fix);
  if (known == nullptr) return;
  said.publish = known->publish;
  said.remedy = join(known->change, "; ");
}

/// RFC 3596#2.5: reverse names with nibbles left out, as typed by hand; the longest run of zeros is where they go.
std::vector<dns::DomainName> short_names(const dns::DomainName& reverse) {
  constexpr std::size_t fewest_nibbles = 12;
  std::vector<std::string> labels;
  for (const auto label : reverse.labels()) labels.emplace_back(label);
  std::size_t begin = 0;
  std::size_t length = 0;
  for (std::size_t at = 0; at < labels.size();) {
    std::size_t run = 0;
    while (at + run < labels.size() && labels[at + run] == "0") ++run;
    if (run > length) {
      begin = at;
      length = run;
    }
    at += std::max<std::size_t>(run, 1);
  }
  std::vector<dns::DomainName> out;
  for (std::size_t dropped = 1; dropped <= length && 32 - dropped >= fewest_nibbles; ++dropped) {
    auto kept = labels;
    kept.erase(kept.begin() + static_cast<std::ptrdiff_t>(begin),
               kept.begin() + static_cast<std::ptrdiff_t>(begin + dropped));
    if (auto name = dns::DomainName::parse(join(kept, "."))) out.push_back(*std::move(name));
  }
  return out;
}

void check_nibbles(Desk& desk, const IpAddress& address, const rulebook::ReverseCheck& reverse) {
  const auto right = dns::reverse_name(address);
  if (!reverse.names.empty()) {
    desk.holds("identity.nibbles", "The PTR record stands at " + right.text(), {{right, RecordType::ptr}}).address =
        address;
    return;
  }
  for (const auto& name : short_names(right)) {
    const auto* answer = desk.ask(name, RecordType::ptr);
    if (answer == nullptr || !answer->found()) continue;
    const auto count = name.label_count() - 2;
    auto& said = desk.broken("identity.nibbles",
                             "There is a PTR record at " + name.text() + ", a name of " + std::to_string(count) +
                                 " nibbles; the address's own name has 32 and is never led there",
                             {{name, RecordType::ptr}, {right, RecordType::ptr}}, "Move it to " + right.text());
    said.address = address;
    return;
  }
}

/// Who could publish: the zone that holds the reverse name, and its SOA. Asked only where something is to be published.
void check_reverse_zone(Desk& desk, const IpAddress& address) {
  const auto name = dns::reverse_name(address);
  const std::size_t fewest = address.is_v4() ? 3 : 6;
  std::vector<const Answer*> answers;
  std::vector<Question> evidence;
  for (auto count = name.label_count(); count >= fewest; --count) {
    const auto zone = name.last_labels(count);
    const auto* answer = desk.ask(zone, RecordType::soa);
    if (answer == nullptr || !answer->found() || answer->records.front().owner != zone) continue;
    const auto soa = answer->all<dns::Soa>();
    if (soa.empty()) continue;
    auto& said = desk.holds("identity.reverse-zone",
                            "The zone is " + zone.text() + "; changes are made at " + soa.front().primary.text() +
                                ", write to " + soa.front().mailbox.text(),
                            {{zone, RecordType::soa}});
    said.address = address;
    return;
  }
  if (desk.gather().lacks()) return;
  desk.unknown("identity.reverse-zone", "No zone was found that holds " + name.text()).address = address;
}

void check_one_name(Desk& desk, const IpAddress& address, const rulebook::ReverseCheck& reverse) {
  const auto name = dns::reverse_name(address);
  const Question question{name, RecordType::ptr};
  if (reverse.names.empty()) return;  // the receivers' rules speak of that
  if (reverse.names.size() > 1) {
    std::vector<std::string> names;
    for (const auto& found : reverse.names) names.push_back(found.text());
    desk.broken("identity.one-name",
                address.text() + " has " + std::to_string(names.size()) + " PTR records: " + join(names, ", "),
                {question}, "Keep one of them, the name that the server says in EHLO")
        .address = address;
    return;
  }
  const auto* answer = desk.facts().find(question);
  const bool alias = answer != nullptr && !answer->aliases.empty();
  desk.holds("identity.one-name",
             "One PTR record" +
                 std::string(alias ? ", by classless delegation to " + answer->records.front().owner.text() : ""),
             {question})
      .address = address;
}

void check_ehlo_addresses(Desk& desk, const OwnAddress& own) {
  const auto name = dns::DomainName::parse(own.ehlo_name);
  if (!name || name->label_count() < 2) return;  // identity.ehlo-name speaks of that
  const auto type = own.address.is_v4() ? RecordType::a : RecordType::aaaa;
  const auto* answer = desk.ask(*name, type);
  if (answer == nullptr) return;
  const Question question{*name, type};
  const auto addresses = answer->all<IpAddress>();
  if (answer->temporary()) {
    desk.unknown("identity.ehlo-addresses", name->text() + " could not be looked up", {question}).address = own.address;
  } else if (std::ranges::find(addresses, own.address) != addresses.end()) {
    desk.holds("identity.ehlo-addresses", name->text() + " has " + own.address.text(), {question}).address =
        own.address;
  } else {
    auto& said = desk.broken("identity.ehlo-addresses",
                             name->text() + (addresses.empty() ? " has no " : " has another ") +
                                 std::string(to_string(type)) + " record than " + own.address.text(),
                             {question}, {});
    said.address = own.address;
    said.publish.push_back(to_publish(*name, type, own.address, Fix::Action::add, "the address of the EHLO name"));
  }
}

void check_ways_out(Desk& desk) {
  for (const auto& seen : desk.setup().seen.ways_out) {
    const auto where = seen.source.text() + " to port 25 of " + seen.host.text();
    auto& said =
        seen.connected
            ? desk.holds("identity.port-25", where + ": connected")
            : desk.broken("identity.port-25", where + ": " + seen.connected.error().message, {},
                          "Ask the network's operator to open port 25 outwards, or send through a relay on port 587");
    said.address = seen.source;
  }
}

void check_pages(Desk& desk) {
  constexpr unsigned ok = 200;
  for (const auto& seen : desk.setup().seen.pages) {
    const auto where = "https://" + seen.host.text() + "/";
    if (seen.status && *seen.status == ok)
      desk.holds("identity.operator-page", where + " answers");
    else
      desk.broken(
          "identity.operator-page",
          where + (seen.status ? " answers " + std::to_string(*seen.status) : ": " + seen.status.error().message), {},
          "Serve a page there that names the operator and how to reach them");
  }
}

}  // namespace

void check_identity(Desk& desk) {
  check_ways_out(desk);
  check_pages(desk);
  namespace requirements = rulebook::requirements;
  namespace fixes = rulebook::fixes;
  const auto addresses = own_addresses(desk.setup());
  for (const auto& own : addresses) {
    say_requirement(desk, "identity.ehlo-name", own, requirements::ehlo_name_is_valid, fixes::ehlo);
    check_ehlo_addresses(desk, own);
    const auto subject = subject_of(desk.setup(), own);
    Case c(subject, desk.facts());
    const auto& judged = c.reverse_name();
    const auto* reverse = desk.gather().take(judged);
    if (reverse == nullptr || reverse->result == rulebook::Check::Result::temporary) continue;
    check_one_name(desk, own.address, *reverse);
    if (own.address.is_v6()) check_nibbles(desk, own.address, *reverse);
    if (!reverse->passes()) check_reverse_zone(desk, own.address);
    if (reverse->names.empty()) continue;
    say_requirement(desk, "identity.own-name", own, requirements::reverse_name_is_own, fixes::own_reverse_name);
    say_requirement(desk, "identity.ehlo-is-ptr", own, requirements::ehlo_name_is_reverse_name, fixes::ehlo);
  }
  if (!addresses.empty())
    say_requirement(desk, "identity.sender-domain", addresses.front(), requirements::author_domain_exists,
                    fixes::author_domain);
}

}  // namespace ptarmigan::doctor
