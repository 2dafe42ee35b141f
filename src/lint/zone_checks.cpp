// lint/zone_checks.cpp - zone files and fragments of them (RFC 1035#5.1, RFC 3596#2.5, RFC 7208#3.1).
#include <algorithm>
#include <map>

#include "base/text.hpp"
#include "dns/record.hpp"
#include "dns/reverse.hpp"
#include "lint/source.hpp"
#include "lint/zone_text.hpp"

namespace ptarmigan::lint {
namespace {

constexpr std::size_t nibbles = 32;
constexpr std::size_t longest_string = 255;  // RFC 1035#3.3
constexpr std::string_view ip6_zone = ".ip6.arpa";

bool is_reverse(std::string_view owner) {
  return owner.ends_with(".in-addr.arpa") || owner.ends_with(ip6_zone);
}

std::string joined(const ZoneEntry& entry) {
  std::string out;
  for (const auto& token : entry.data) {
    auto text = token.text;
    if (token.quoted) {
      text.remove_prefix(1);
      if (text.ends_with('"')) text.remove_suffix(1);
    }
    out += text;
  }
  return out;
}

std::string_view data_place(const ZoneEntry& entry) {
  const auto first = entry.data.front().text;
  const auto last = entry.data.back().text;
  return {first.data(), static_cast<std::size_t>(last.data() + last.size() - first.data())};
}

std::string bare(std::string_view name) {
  if (name.ends_with('.')) name.remove_suffix(1);
  return to_lower(name);
}

/// The address that a reverse record most likely means: that of its target, or the one address that is spoken of whose
/// nibbles agree with most of the labels.
std::optional<IpAddress> meant_address(const ZoneEntry& entry, const World& world) {
  const auto target = world.addresses.find(bare(entry.data.front().text));
  if (target != world.addresses.end())
    for (const auto& address : target->second)
      if (address.is_v6()) return address;
  if (world.mentioned.size() == 1) return world.mentioned.front();
  const IpAddress* best = nullptr;
  std::size_t most = 0;
  for (const auto& address : world.mentioned) {
    const auto name = dns::reverse_name(address).text();
    std::size_t same = 0;
    while (same < name.size() && same < entry.owner.size() &&
           name[name.size() - 1 - same] == entry.owner[entry.owner.size() - 1 - same])
      ++same;
    if (same <= most) continue;
    most = same;
    best = &address;
  }
  return best != nullptr ? std::optional(*best) : std::nullopt;
}

void check_reverse_owner(const ZoneEntry& entry, const World& world, Reporter& out) {
  if (!entry.owner.ends_with(ip6_zone) || entry.owner_text.empty()) return;
  const auto name = dns::DomainName::parse(entry.owner);
  if (!name) return;
  const auto count = name->label_count() - 2;
  const auto labels = name->labels();
  const bool digits = std::ranges::all_of(labels.begin(), labels.end() - 2, [](std::string_view label) {
    return label.size() == 1 && parse_number<std::uint8_t>(label, 16).has_value();
  });
  const auto address = meant_address(entry, world);
  const bool right_length = count == nibbles && digits;
  if (right_length) {
    const auto said = dns::address_of_reverse_name(*name);
    const auto target = world.addresses.find(bare(entry.data.front().text));
    if (!said || target == world.addresses.end() || std::ranges::find(target->second, *said) != target->second.end())
      return;
    if (std::ranges::none_of(target->second, [](const IpAddress& a) { return a.is_v6(); })) return;
  }
  std::string what = right_length ? "this is the reverse name of " + dns::address_of_reverse_name(*name)->text() +
                                        ", which is no address of its target"
                                  : "an owner of " + std::to_string(count) +
                                        (digits ? " nibbles" : " labels, some of them no nibbles,") + " in place of 32";
  if (!right_length && digits && count < nibbles)
    what += ": it names a network of /" + std::to_string(count * 4) + ", which no look-up of an address asks for";
  if (!address) {
    out.add("L01", Severity::error, entry.owner_text, what);
    return;
  }
  const auto right = dns::reverse_name(*address);
  const auto origin = dns::DomainName::parse(entry.origin);
  const bool relative = !entry.owner_text.ends_with('.') && origin && right.is_at_or_below(*origin);
  out.add("L01", Severity::error, entry.owner_text, what,
          "The reverse name of " + address->text() + " is " + right.absolute() +
              (origin && !origin->is_root() && right.is_at_or_below(*origin)
                   ? ", within this zone " + dns::relative_to(right, *origin)
                   : ", in a zone for its /64 " + dns::relative_to(right, right.last_labels(2 + nibbles / 2))),
          entry.owner_text, relative ? dns::relative_to(right, *origin) : right.absolute());
}

/// True where a name without final dot was surely meant to be absolute.
bool meant_absolute(std::string_view name, const ZoneEntry& entry) {
  if (name.ends_with('.') || name == "@" || !name.contains('.')) return false;
  const auto lower = to_lower(name);
  if (!entry.origin.empty() && (lower == entry.origin || lower.ends_with("." + entry.origin))) return true;
  if (is_reverse(lower)) return true;
  const auto last = lower.substr(lower.rfind('.') + 1);
  const auto of_origin = entry.origin.substr(entry.origin.rfind('.') + 1);
  return last == of_origin || last == "com" || last == "net" || last == "org" || last == "example";
}

void check_dots(const ZoneEntry& entry, Reporter& out) {
  if (meant_absolute(entry.owner_text, entry))
    out.add("L20", Severity::error, entry.owner_text,
            "the owner has no final dot: the zone's name is appended to it once more", {}, entry.owner_text,
            std::string(entry.owner_text) + ".");
  const bool names = entry.type == "MX" || entry.type == "CNAME" || entry.type == "NS" || entry.type == "PTR";
  const auto& target = entry.data[entry.type == "MX" && entry.data.size() > 1 ? 1 : 0];
  const bool from_reverse = entry.type == "PTR" && is_reverse(entry.owner) && !target.text.ends_with('.');
  if (names && (from_reverse || meant_absolute(target.text, entry)))
    out.add("L20", Severity::error, target.text,
            "the target " + std::string(target.text) + " has no final dot: the zone's name is appended to it", {},
            target.text, std::string(target.text) + ".");
}

std::string quoted_strings(std::string_view text) {
  return dns::data_text(dns::txt_of(text));
}

void check_text(const ZoneEntry& entry, const Context& context, Reporter& out) {
  const auto text = joined(entry);
  const auto place = data_place(entry);
  const bool is_record = istarts_with(text, "v=");
  const bool unquoted = is_record && !entry.data.front().quoted;
  if (unquoted && (entry.data.size() > 1 || !entry.comment.empty())) {
    std::string whole;
    for (const auto& token : entry.data) whole += (whole.empty() ? "" : " ") + std::string(token.text);
    auto replaced = place;
    if (!entry.comment.empty()) {  // what follows the semicolon was meant to be text
      const auto* end =
          entry.comment.data() + trim(entry.comment).size() + (trim(entry.comment).data() - entry.comment.data());
      replaced = {place.data(), static_cast<std::size_t>(end - place.data())};
      whole += "; " + std::string(trim(entry.comment));
    }
    out.add("L20", Severity::error, place,
            entry.comment.empty()
                ? "text without quotes: its blanks separate strings, which are then joined without any"
                : "text without quotes: everything after the semicolon is a comment",
            {}, replaced, quoted_strings(whole));
    return;
  }
  for (const auto& token : entry.data)
    if (token.text.size() > longest_string + (token.quoted ? 2 : 0) && !token.text.contains('\\'))
      out.add("L20", Severity::error, token.text,
              "a character-string of " + std::to_string(token.text.size() - (token.quoted ? 2 : 0)) +
                  " octets; at most 255 fit",
              {}, token.text, quoted_strings(trim(token.text, "\"")));
  if (istarts_with(text, "v=spf1") && !entry.owner.starts_with("_dmarc.")) check_spf(place, context, out);
  if (istarts_with(text, "v=DMARC1") || entry.owner.starts_with("_dmarc.")) check_dmarc(place, out);
  if (entry.owner.contains("._domainkey") && !istarts_with(text, "v=spf1")) check_dkim(place, context, out);
}

void check_pointer(const ZoneEntry& entry, const World& world, Reporter& out) {
  if (entry.type != "PTR") return;
  const auto target = bare(entry.data.front().text);
  if (world.aliases.contains(target))
    out.add("L24", Severity::error, entry.data.front().text, "the target " + target + " is an alias (CNAME)");
  if (looks_generic(target))
    out.add("L24", Severity::warning, entry.data.front().text,
            "the name " + target + " spells out the address, as providers name any customer's line");
}

void check_groups(const std::vector<ZoneEntry>& entries, Reporter& out) {
  std::map<std::string, const ZoneEntry*> pointers;
  std::map<std::string, const ZoneEntry*> policies;
  for (const auto& entry : entries) {
    if (entry.type == "PTR" && is_reverse(entry.owner))
      if (const auto [at, is_new] = pointers.try_emplace(entry.owner, &entry); !is_new)
        out.add("L24", Severity::warning, entry.line, "a second PTR record of " + entry.owner);
    if (entry.type == "TXT" && istarts_with(joined(entry), "v=spf1"))
      if (const auto [at, is_new] = policies.try_emplace(entry.owner, &entry); !is_new)
        out.add("L20", Severity::error, entry.line,
                "a second SPF record of " + entry.owner + ": receivers answer permerror",
                "Merge the terms of both into one record");
  }
}

void check_hello_names(const std::vector<ZoneEntry>& entries, const World& world, Reporter& out) {
  for (const auto& entry : entries) {
    if ((entry.type != "A" && entry.type != "AAAA") || !world.mail_hosts.contains(entry.owner)) continue;
    if (world.spf_owners.contains(entry.owner)) continue;
    const auto* previous = &entry;
    for (const auto& other : entries)
      if (other.owner == entry.owner && (other.type == "A" || other.type == "AAAA")) {
        previous = &other;
        break;
      }
    if (previous != &entry) continue;  // told once for each host
    const auto owner = entry.owner_text.empty() ? entry.owner + "." : std::string(entry.owner_text);
    out.add("L07", Severity::advice, entry.line, entry.owner + " says its name in EHLO, and has no SPF record",
            "Publish: " + owner + " IN TXT \"v=spf1 a -all\"", entry.line,
            std::string(entry.line) + "\n" + owner + " IN TXT \"v=spf1 a -all\"");
  }
}

}  // namespace

void check_zone(std::string_view text, std::string_view origin, const Context& context, Reporter& out) {
  const auto entries = parse_zone_text(text, origin);
  for (const auto& entry : entries) {
    check_reverse_owner(entry, context.world, out);
    check_dots(entry, out);
    check_pointer(entry, context.world, out);
    if (entry.type == "TXT") check_text(entry, context, out);
    if (entry.type == "SPF")
      out.add("L20", Severity::error, entry.type_text, "a record of type SPF is never read (RFC 7208)", {},
              entry.type_text, "TXT");
  }
  check_groups(entries, out);
  check_hello_names(entries, context.world, out);
}

}  // namespace ptarmigan::lint
