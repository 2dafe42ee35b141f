// doctor/checks/reputation.cpp - block lists of addresses and domains (RFC 5782#2.1, RFC 5782#2.4). A list that refuses
// to answer this resolver says so with addresses of its own, which are no listings.
#include <algorithm>

#include "base/text.hpp"
#include "dns/reverse.hpp"
#include "doctor/checks/desk.hpp"

namespace ptarmigan::doctor {
namespace {

using dns::RecordType;
using rulebook::Effect;

enum class Listing { clean, listed, refused, unknown };

/// Listings are in 127.0.0.0/8; 127.255.255.0/24 is how Spamhaus refuses, 127.0.0.1 how others do.
Listing listing_of(const Answer& answer) {
  if (answer.temporary()) return Listing::unknown;
  auto out = Listing::clean;
  for (const auto& address : answer.all<IpAddress>()) {
    const auto octets = address.octets();
    if (!address.is_v4() || octets[0] != 127) return Listing::refused;  // a parked list answers everything
    if ((octets[1] == 255 && octets[2] == 255) || (octets[1] == 0 && octets[2] == 0 && octets[3] == 1))
      return Listing::refused;
    out = Listing::listed;
  }
  return out;
}

/// "1.2.0.192" or 32 nibbles: the reverse name without its arpa labels.
std::string query_of(const IpAddress& address) {
  const auto reverse = dns::reverse_name(address);
  return dns::relative_to(reverse, reverse.last_labels(2));
}

/// One question; a refusal is noted, and a result comes back where it is decided.
Listing ask_list(Desk& desk, const dns::DomainName& list, const std::string& subject, Question& question) {
  const auto name = list.prefixed(subject);
  if (!name) return Listing::unknown;
  question = {*name, RecordType::a};
  const auto* answer = desk.ask(*name, RecordType::a);
  return answer == nullptr ? Listing::unknown : listing_of(*answer);
}

/// Whose mail servers ask it: they refuse what it lists.
bool stops_mail(const dns::DomainName& list) {
  return list.text() == "zen.spamhaus.org";
}

void check_access(Desk& desk, const dns::DomainName& list, bool refused, const Question& question) {
  if (refused)
    desk.broken("reputation.list-access", list.text() + " refuses to answer this resolver: that is no listing",
                {question},
                "Ask through a resolver of your own (--root-hints, or one without forwarding), not a public one");
  else
    desk.holds("reputation.list-access", list.text() + " answers", {question});
}

void check_address(Desk& desk, const OwnAddress& own, const dns::DomainName& list, std::optional<Question>& refusal) {
  Question question;
  const auto listing = ask_list(desk, list, query_of(own.address), question);
  if (desk.facts().find(question) == nullptr) return;
  if (listing == Listing::refused) {
    refusal = question;
    return;
  }
  if (listing == Listing::unknown) {
    desk.unknown("reputation.address-lists", list.text() + " could not be asked", {question}).address = own.address;
    return;
  }
  if (listing == Listing::clean) {
    desk.holds(
            "reputation.address-lists",
            own.address.text() + " is not on " + list.text() +
                (own.address.is_v6() ? "; lists often hold the whole /64 of an address: keep it for mail alone" : ""),
            {question})
        .address = own.address;
    return;
  }
  auto& said =
      desk.broken("reputation.address-lists",
                  own.address.text() + " is on " + list.text() + ": " +
                      dns::data_text(desk.facts().find(question)->records.front().data),
                  {question}, "Find and stop what caused it, then ask " + list.text() + " to remove the address");
  said.address = own.address;
  said.effect = stops_mail(list) ? Effect::refuse : Effect::spam;
}

}  // namespace

void check_reputation(Desk& desk) {
  const auto& setup = desk.setup();
  for (const auto& list : setup.address_lists) {
    std::optional<Question> refusal;
    for (const auto& own : own_addresses(setup)) check_address(desk, own, list, refusal);
    if (refusal) check_access(desk, list, true, *refusal);
  }
  for (const auto& list : setup.domain_lists) {
    Question question;
    const auto listing = ask_list(desk, list, setup.domain.text(), question);
    if (desk.facts().find(question) == nullptr) continue;
    if (listing == Listing::refused)
      check_access(desk, list, true, question);
    else if (listing == Listing::listed)
      desk.broken("reputation.domain-lists", setup.domain.text() + " is on " + list.text(), {question},
                  "Find and stop what caused it, then ask " + list.text() + " to remove the domain");
    else if (listing == Listing::clean)
      desk.holds("reputation.domain-lists", setup.domain.text() + " is not on " + list.text(), {question});
    else
      desk.unknown("reputation.domain-lists", list.text() + " could not be asked", {question});
  }
}

}  // namespace ptarmigan::doctor
