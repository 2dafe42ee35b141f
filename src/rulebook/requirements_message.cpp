// rulebook/requirements_message.cpp - what can be judged without DNS: the EHLO name, the hop, the header section.
#include <algorithm>

#include "base/text.hpp"
#include "rulebook/requirements.hpp"

namespace ptarmigan::rulebook::requirements {
namespace {

/// RFC 5322#3.6.4: "<" id-left "@" id-right ">", visible characters; the obsolete quoted form counts as well.
bool is_message_id(std::string_view value) {
  if (!value.starts_with('<') || !value.ends_with('>')) return false;
  const auto inner = value.substr(1, value.size() - 2);
  const auto at = inner.rfind('@');
  if (at == std::string_view::npos || at == 0 || at + 1 == inner.size()) return false;
  return std::ranges::none_of(inner, [](char c) {
    return c == '<' || c == '>' || c == ' ' || c == '\t' || static_cast<unsigned char>(c) < 0x21 || c == 0x7f;
  });
}

/// A List-Unsubscribe value (RFC 2369#3.2) names a URI of this scheme: "<https:".
bool offers(const std::vector<std::string>& values, std::string_view scheme) {
  return std::ranges::any_of(values, [&](const auto& value) { return ifind(value, scheme) != std::string::npos; });
}

/// How many URIs of this scheme a List-Unsubscribe value names.
std::size_t count_uris(std::string_view value, std::string_view scheme) {
  std::size_t count = 0;
  for (auto at = ifind(value, scheme); at != std::string::npos; at = ifind(value, scheme)) {
    ++count;
    value.remove_prefix(at + scheme.size());
  }
  return count;
}

Verdict unknown(std::string why) {
  return {State::unknown, std::move(why)};
}
Verdict broken(std::string why) {
  return {State::broken, std::move(why)};
}
Verdict holds(std::string why) {
  return {State::holds, std::move(why)};
}

}  // namespace

Known<Verdict> ehlo_name_is_valid(Case& c) {
  const auto& ehlo = c.subject().ehlo_name;
  if (!ehlo) return unknown("The EHLO name is not known");
  if (ehlo->empty()) return broken("The EHLO name is empty");
  if (smtp::parse_literal(*ehlo)) return holds("The EHLO name is the address literal " + *ehlo);
  const auto name = dns::DomainName::parse(*ehlo);
  if (name && name->is_hostname()) return holds("The EHLO name " + *ehlo + " is a fully qualified host name");
  return broken("The EHLO name \"" + printable(*ehlo, 80) + "\" is not a fully qualified host name");
}

Known<Verdict> hop_is_encrypted(Case& c) {
  if (!c.subject().hop) return unknown("Whether the connection will be encrypted is not known");
  switch (*c.subject().hop) {
    case Hop::tls: return holds("The connection is encrypted");
    case Hop::clear: return broken("The connection is not encrypted");
  }
  return unknown({});
}

Known<Verdict> one_author(Case& c) {
  if (!c.subject().header) return unknown("The message is not known");
  const auto& header = *c.subject().header;
  if (header.from_fields == 0) return broken("The message has no From field");
  if (header.from_fields > 1) return broken("The message has " + std::to_string(header.from_fields) + " From fields");
  if (!header.from_problem.empty()) return broken("From cannot be used: " + header.from_problem);
  if (header.from_mailboxes == 0) return broken("From holds no address");
  if (header.from_mailboxes > 1) return broken("From holds " + std::to_string(header.from_mailboxes) + " addresses");
  return holds("There is one From field with one address");
}

Known<Verdict> message_id_is_valid(Case& c) {
  if (!c.subject().header) return unknown("The message is not known");
  const auto& ids = c.subject().header->message_ids;
  if (ids.empty()) return broken("The message has no Message-ID");
  if (ids.size() > 1) return broken("The message has " + std::to_string(ids.size()) + " Message-ID fields");
  if (!is_message_id(ids.front()))
    return broken("The Message-ID \"" + printable(ids.front(), 80) + "\" is not of the form <left@right>");
  return holds("The Message-ID is " + printable(ids.front(), 80));
}

Known<Verdict> header_fields_are_single(Case& c) {
  if (!c.subject().header) return unknown("The message is not known");
  const auto& repeated = c.subject().header->repeated;
  if (repeated.empty()) return holds("No single-instance field is repeated");
  return broken("These fields occur more than once: " + join(repeated, ", "));
}

Known<Verdict> unsubscribe_is_one_click(Case& c) {
  if (!c.subject().header) return unknown("The message is not known");
  const auto& header = *c.subject().header;
  if (header.list_unsubscribe.empty()) return broken("The message has no List-Unsubscribe field");
  if (header.list_unsubscribe.size() > 1) return broken("The message has several List-Unsubscribe fields");
  const auto https = count_uris(header.list_unsubscribe.front(), "<https:");
  if (https == 0) return broken("List-Unsubscribe holds no HTTPS URI");
  if (https > 1 || offers(header.list_unsubscribe, "<http:"))
    return broken("List-Unsubscribe holds more than one web address: one HTTPS URI must stand there (RFC 8058#3.1)");
  if (header.list_unsubscribe_post.size() != 1 ||
      !iequals(trim(header.list_unsubscribe_post.front()), "List-Unsubscribe=One-Click"))
    return broken("There is no field \"List-Unsubscribe-Post: List-Unsubscribe=One-Click\"");
  return holds("The message can be unsubscribed from with one click");
}

Known<Verdict> unsubscribe_is_offered(Case& c) {
  if (!c.subject().header) return unknown("The message is not known");
  if (offers(c.subject().header->list_unsubscribe, "<mailto:"))
    return holds("The message can be unsubscribed from by mail");
  return unsubscribe_is_one_click(c);
}

Known<Verdict> known_to_receiver_only(Case&) {
  return unknown("Only the receiver knows");
}

}  // namespace ptarmigan::rulebook::requirements
