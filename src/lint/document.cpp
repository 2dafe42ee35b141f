// lint/document.cpp - published advice: prose, commands, and the snippets of zones and configurations within.
#include <algorithm>
#include <array>
#include <cctype>

#include <re2/re2.h>

#include "base/text.hpp"
#include "lint/source.hpp"

namespace ptarmigan::lint {
namespace {

constexpr std::size_t shortest_list_labels = 4;

std::string_view from_to(std::string_view first, std::string_view last) {
  return {first.data(), static_cast<std::size_t>(last.data() + last.size() - first.data())};
}

/// A pattern in a line, and what it means.
struct Phrase {
  std::string_view id;
  Severity severity;
  const char* pattern;  ///< RE2; its first group is the place
  std::string_view what;
};

constexpr std::array phrases{
    Phrase{"L05", Severity::error,
           R"(((?:openssl\s+(?:dgst|rsautl|pkeyutl)\b.*|openssl\s+rsa\b.*-pubout.*(?:diff|cmp|verify).*)))",
           "this proves nothing about a DKIM signature"},
    Phrase{"L06", Severity::advice,
           R"((?i)(?:use|end|prefer|recommend\w*|set|with|always)[^.\n"]{0,60}?["'`\s](-all)\b)",
           "-all is recommended without saying for which names"},
    Phrase{"L08", Severity::warning,
           R"((?i)((?:spf\s+)?includes?\s+(?:\w+\s+){0,3}(?:both\s+)?(?:ip\s+versions|ipv4 and ipv6|ipv6 and ipv4)))",
           "include is a mechanism for another domain's record; ip4 and ip6 are meant"},
    Phrase{
        "L13", Severity::warning,
        R"((swaks\b[^\n`]*(?:--server|-s)[=\s]+(?:localhost|127\.0\.0\.1|\[?::1\]?|mail\.[\w.-]+|smtp\.[\w.-]+)[^\n`]*))",
        "this goes to one's own server, not to the receiver"},
    Phrase{"L14", Severity::warning, R"((dig\b[^\n`|]*-x\s+\S+[^\n`|]*\+short|dig\s+\+short[^\n`|]*-x\s+[^\s`]+))",
           "one direction, from a cache, failures hidden"},
    Phrase{"L15", Severity::advice, R"((?i)((?:24|48)\s*(?:-|–|—|to)?\s*(?:48|72)?\s*(?:-\s*)?h(?:ours|rs)?\b))",
           "a fixed time to wait"},
    Phrase{"L16", Severity::advice,
           R"((?i)((?:forward|AAAA|\bA\b)\s+(?:\w+\s+){0,3}(?:before|first)[^.\n]{0,40}(?:PTR|reverse|rDNS)))",
           "the forward record first is the right order"},
    Phrase{"L17", Severity::advice, R"((?i)(any\s+(?:\w+\s+){0,2}address\w*\s+(?:of|in|from)\s+(?:\w+\s+){0,3}/64))",
           "the source address is left to chance"},
    Phrase{"L18", Severity::advice,
           R"((?i)(postmaster\s+tools?\b[^.\n]*reputation|reputation[^.\n]*postmaster\s+tools?))",
           "the reputation dashboards are gone"},
};

struct Pattern {
  const Phrase* phrase;
  RE2 expression;
};

const std::array<Pattern, phrases.size()>& patterns() {
  static const auto made = []<std::size_t... I>(std::index_sequence<I...>) {
    return std::array<Pattern, phrases.size()>{Pattern{&phrases[I], RE2(phrases[I].pattern)}...};
  }(std::make_index_sequence<phrases.size()>());
  return made;
}

/// A command that mends the one that was found; "" where it is prose.
std::string instead_of(const Phrase& phrase, std::string_view found) {
  static const RE2 reverse(R"(-x\s+(\S+))");
  std::string value;
  if (phrase.id == "L14" && RE2::PartialMatch(found, reverse, &value)) return "ptarmigan ptr " + value;
  if (phrase.id == "L05") return "ptarmigan dkim verify message.eml";
  static const RE2 from(R"(--from[=\s]+\S+@([\w.-]+))");
  if (phrase.id == "L13")
    return "ptarmigan check " + (RE2::PartialMatch(found, from, &value) ? value : std::string("DOMAIN"));
  return {};
}

void check_phrases(std::string_view line, Reporter& out) {
  for (const auto& pattern : patterns()) {
    re2::StringPiece place;
    if (!RE2::PartialMatch(line, pattern.expression, &place)) continue;
    const auto found = trim(std::string_view(place.data(), place.size()));
    const auto& phrase = *pattern.phrase;
    const auto instead = instead_of(phrase, found);
    if (instead.empty())
      out.add(phrase.id, phrase.severity, found, std::string(phrase.what));
    else
      out.add(phrase.id, phrase.severity, found, std::string(phrase.what), {}, found, instead);
  }
}

void check_reload(std::string_view line, const World& world, Reporter& out) {
  static const RE2 reload(R"((postfix\s+reload|systemctl\s+reload\s+postfix|service\s+postfix\s+reload))");
  re2::StringPiece place;
  if (!world.sets_inet_protocols || !RE2::PartialMatch(line, reload, &place)) return;
  const std::string_view found(place.data(), place.size());
  out.add("L04", Severity::error, found, "a reload does not change the listening sockets", {}, found,
          "systemctl restart postfix");
}

/// A name below a block list whose labels are hextets.
void check_list_names(std::string_view line, Reporter& out) {
  static const RE2 name(
      R"(((?:[0-9A-Fa-f]{1,4}\.){4,8})((?:[a-z0-9-]+\.)*(?:spamhaus|spamcop|barracudacentral|sorbs|dnsbl[\w-]*|)"
      R"(uceprotect|mailspike|spamrats|dronebl|surriel|blocklist|abuseat|nixspam)(?:\.[a-z0-9-]+)*))");
  re2::StringPiece labels;
  re2::StringPiece list;
  if (!RE2::PartialMatch(line, name, &labels, &list)) return;
  const std::string_view part(labels.data(), labels.size());
  const auto pieces = split(part.substr(0, part.size() - 1), '.');
  const bool hextets =
      std::ranges::any_of(pieces, [](std::string_view p) { return p.size() > 1 && !parse_number<std::uint8_t>(p); });
  if (!hextets || pieces.size() < shortest_list_labels) return;
  const std::string_view whole = from_to(part, std::string_view(list.data(), list.size()));
  std::string colons;
  for (const auto piece : pieces) colons += (colons.empty() ? "" : ":") + std::string(piece);
  std::string backward;
  for (auto at = pieces.rbegin(); at != pieces.rend(); ++at)
    backward += (backward.empty() ? "" : ":") + std::string(*at);
  // Written backward or forward, an address of the global space begins with 2 or 3.
  const auto forward = IpAddress::parse(colons);
  const auto reversed = IpAddress::parse(backward);
  const auto& right = reversed && (backward[0] == '2' || backward[0] == '3') ? reversed : forward;
  if (right)
    out.add("L23", Severity::error, whole, "hextets in place of nibbles: this name is never listed", {}, whole,
            list_prefix(*right) + "." + list.as_string());
  else
    out.add("L23", Severity::error, whole, "hextets in place of nibbles: this name is never listed");
}

struct Block {
  std::string_view text;
  std::string label;  ///< the word behind the fence
};

bool is_fence(std::string_view line) {
  const auto bare = trim(line);
  return bare.starts_with("```") || bare.starts_with("~~~");
}

std::vector<Block> blocks_of(std::string_view text) {
  std::vector<Block> out;
  std::optional<std::string_view> first;
  std::string_view last;
  std::string label;
  bool inside = false;
  for (const auto line : lines_of(text)) {
    if (is_fence(line)) {
      if (inside && first) out.push_back({from_to(*first, last), label});
      inside = !inside;
      first.reset();
      label = to_lower(trim(trim(line), "`~ "));
      continue;
    }
    if (!inside) continue;
    if (!first) first = line;
    last = line;
  }
  if (inside && first) out.push_back({from_to(*first, last), label});
  return out;
}

}  // namespace

std::vector<Snippet> snippets_of(std::string_view text) {
  std::vector<Snippet> out;
  const auto add = [&](std::string_view part, std::string_view label) {
    const auto named = parse_kind(label);
    const auto kind = named ? *named : guess_kind(label, part);
    if (kind != Kind::document && !part.empty()) out.push_back({part, kind});
  };
  if (text.contains("```") || text.contains("~~~")) {
    for (const auto& block : blocks_of(text)) add(block.text, block.label);
    return out;
  }
  // Without fences: paragraphs that look like a record or a configuration.
  std::optional<std::string_view> first;
  std::string_view last;
  const auto flush = [&] {
    if (first) add(from_to(*first, last), {});
    first.reset();
  };
  for (const auto line : lines_of(text)) {
    if (trim(line).empty()) {
      flush();
      continue;
    }
    if (!first) first = line;
    last = line;
  }
  flush();
  return out;
}

void check_document(const Input& input, const Context& context, Reporter& out) {
  // The views of the snippets must be of the reporter's own text.
  const auto text = out.text();
  Context inner{context.options, context.world, true};
  for (const auto& snippet : snippets_of(text)) {
    switch (snippet.kind) {
      case Kind::zone: check_zone(snippet.text, input.origin, inner, out); break;
      case Kind::spf: check_spf(trim(snippet.text), inner, out); break;
      case Kind::dkim: check_dkim(trim(snippet.text), inner, out); break;
      case Kind::dmarc: check_dmarc(trim(snippet.text), out); break;
      case Kind::main_cf: check_main_cf(snippet.text, inner, out); break;
      case Kind::master_cf: check_master_cf(snippet.text, inner, out); break;
      case Kind::transport: check_transport(snippet.text, out); break;
      case Kind::exim: check_exim(snippet.text, inner, out); break;
      case Kind::document: break;
    }
  }
  std::string_view repair;
  for (const auto line : lines_of(text)) {
    check_phrases(line, out);
    check_reload(line, context.world, out);
    check_list_names(line, out);
    static const RE2 forced(R"(inet_protocols\s*=\s*ipv4\b|disable_ipv6\s*=\s*true)");
    if (RE2::PartialMatch(line, forced) && repair.empty()) repair = line;
  }
  const auto& world = context.world;
  if (world.forces_ipv4 && (world.publishes || world.relays) && !repair.empty())
    out.add("L25", Severity::advice, trim(repair),
            world.publishes ? "IPv6 is switched off beside records that repair it: whether these work is never seen"
                            : "IPv6 is off and mail goes through a relay: two repairs of the same refusal");
}

}  // namespace ptarmigan::lint
