// lint/record_checks.cpp - the text of SPF, DMARC and DKIM records (RFC 7208, RFC 9989, RFC 6376).
#include <algorithm>

#include "auth/dkim/key_record.hpp"
#include "auth/dkim/tag_list.hpp"
#include "auth/dmarc/record.hpp"
#include "auth/spf/record.hpp"
#include "base/encoding.hpp"
#include "base/text.hpp"
#include "lint/source.hpp"

namespace ptarmigan::lint {
namespace {

/// "ip6:2001:db8::1" for an address, with or without a prefix length; "" for anything else.
std::string address_term(std::string_view value) {
  const auto network = IpNetwork::parse(value);
  if (!network) return {};
  return (network->address.is_v4() ? "ip4:" : "ip6:") + std::string(value);
}

/// A term that names an address by the wrong mechanism; returns the right one, or "".
std::string mended(std::string_view term) {
  const auto colon = term.find(':');
  if (colon == std::string_view::npos) return {};
  const auto begin = term.find_first_of("+-~?") == 0 ? std::size_t{1} : std::size_t{0};
  const auto mechanism = to_lower(term.substr(begin, colon - begin));
  const auto right = address_term(term.substr(colon + 1));
  if (right.empty() || right.starts_with(mechanism + ":")) return {};
  return std::string(term.substr(0, begin)) + right;
}

/// The terms of the record, views into it. Quotes of zone text are not part of a term.
std::vector<std::string_view> terms_of(std::string_view record) {
  std::vector<std::string_view> out;
  std::size_t at = 0;
  while (at < record.size()) {
    at = record.find_first_not_of(" \t\r\n\"()", at);
    if (at == std::string_view::npos) break;
    const auto end = std::min(record.find_first_of(" \t\r\n\"()", at), record.size());
    out.push_back(record.substr(at, end - at));
    at = end;
  }
  return out;
}

/// The record with only its own hosts: a HELO name, or a name that sends no mail.
bool is_closed_by_design(const std::vector<std::string_view>& terms) {
  return std::ranges::all_of(terms, [](std::string_view term) {
    return istarts_with(term, "v=spf1") || iequals(term, "-all") || iequals(term, "a") || iequals(term, "+a");
  });
}

std::string without_quotes(std::string_view text) {
  std::string out;
  bool quoted = false;
  const bool has_quotes = text.contains('"');
  for (const char c : text) {
    if (c == '"')
      quoted = !quoted;
    else if (!has_quotes || quoted)
      out += c;
  }
  return out;
}

}  // namespace

void check_spf(std::string_view text, const Context& context, Reporter& out) {
  if (text.empty()) return;
  const auto terms = terms_of(text);
  bool wrong_mechanism = false;
  for (const auto term : terms) {
    const auto right = mended(term);
    if (!right.empty()) {
      wrong_mechanism = true;
      out.add("L08", Severity::error, term, "'" + std::string(term) + "' names an address: write " + right, {}, term,
              right);
    }
    if (iequals(term, "-all") && !is_closed_by_design(terms))
      out.add("L06", Severity::advice, term, "-all refuses every forgotten or forwarded way that your mail takes", {},
              term, "~all");
    if (iequals(term, "+all") || iequals(term, "all"))
      out.add("L06", Severity::error, term, "'" + std::string(term) + "' lets every host of the world send as you", {},
              term, "~all");
  }
  const auto joined = without_quotes(text);
  if (!wrong_mechanism && !context.snippet)
    if (const auto parsed = spf::Record::parse(joined); !parsed)
      out.add("L20", Severity::error, text, "the SPF record is permerror: " + parsed.error().message,
              parsed.error().remedy);
  const auto versions = std::ranges::count_if(terms, [](auto term) { return iequals(term, "v=spf1"); });
  if (versions > 1)
    out.add("L20", Severity::error, text, "two SPF records in one", "Merge their terms behind one v=spf1");
}

void check_dmarc(std::string_view text, Reporter& out) {
  if (text.empty()) return;
  const auto joined = without_quotes(text);
  const auto record = dmarc::Record::parse(joined);
  if (!record) {
    out.add("L09", Severity::error, text, "this is no DMARC record: " + record.error().message, record.error().remedy);
    return;
  }
  const auto tags = split(text, ';');
  for (const auto tag : tags) {
    const auto bare = trim(tag, " \t\r\n\"()");
    const auto name = to_lower(trim(bare.substr(0, bare.find('='))));
    if (name != "pct" && name != "rf" && name != "ri") continue;
    auto cut = std::string_view(tag.data() - 1, tag.size() + 1);  // with the semicolon before it
    while (cut.ends_with('"') || is_wsp(cut.back()) || cut.ends_with(')')) cut.remove_suffix(1);
    out.add("L09", Severity::advice, bare, "the tag " + name + " is historic: receivers ignore it (RFC 9989)", {}, cut,
            {});
  }
  if (record->usability == dmarc::Usability::no_policy)
    out.add("L09", Severity::error, text, "the record has no policy that receivers can follow",
            "Begin with v=DMARC1; p=none; rua=mailto:...");
  if (record->rua.empty()) {
    const auto policy = ifind(text, "p=none");
    auto end = text;
    while (!end.empty() && (end.ends_with('"') || end.ends_with(';') || end.ends_with(' '))) end.remove_suffix(1);
    const auto at = policy == std::string_view::npos ? text : text.substr(policy, 6);
    out.add("L09", Severity::warning, at, "the record asks for no reports: without rua nobody learns who sends as you",
            "Add rua=mailto:ADDRESS; an address of another domain needs that domain's authorisation record",
            end.substr(end.size()), "; rua=mailto:dmarc-reports@YOUR-DOMAIN");
  }
}

void check_dkim(std::string_view text, const Context& context, Reporter& out) {
  if (text.empty()) return;
  const auto joined = without_quotes(text);
  const auto record = dkim::KeyRecord::parse(joined);
  if (!record) {
    out.add("L22", Severity::error, text, "the key record verifies nothing: " + record.error().message,
            record.error().remedy);
    return;
  }
  if (record->testing) {
    const auto at = ifind(text, "t=");
    out.add("L22", Severity::warning, at == std::string_view::npos ? text : text.substr(at),
            "t=y says that the domain is only trying DKIM", "Remove t=y once signatures verify");
  }
  if (record->key && record->type == dkim::KeyType::rsa && record->key->bits() < dkim::strong_rsa_bits)
    out.add("L22", Severity::warning, text,
            "the key has " + std::to_string(record->key->bits()) + " bits; signers should use 2048",
            "Make a new key under a new selector: `ptarmigan dkim keygen`, then retire this one");
  const auto tags = dkim::TagList::parse(joined);
  const auto* key = tags ? tags->find("p") : nullptr;
  const auto& known = context.options.public_keys;
  if (key != nullptr && !known.empty() && std::ranges::find(known, dkim::without_blanks(key->value)) == known.end())
    out.add("L22", Severity::error, text, "p= is not the public key of the private key that was given");
}

}  // namespace ptarmigan::lint
