// auth/arc/seal.cpp - see seal.hpp.
#include "auth/arc/seal.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "base/encoding.hpp"
#include "base/text.hpp"
#include "message/build.hpp"

namespace ptarmigan::arc {
namespace {

using message::HeaderField;
using message::HeaderSection;

constexpr auto relaxed = dkim::Canonicalization::relaxed;
/// Longest value that is written without a fold: below 998 octets a line with its tag.
constexpr std::size_t max_value_octets = 900;

using Tags = std::vector<std::pair<std::string_view, std::string>>;

/// "Name: a=..; b=..; ..." in the order given, folded between tags.
std::string write(std::string_view name, const Tags& tags) {
  std::string out = std::string(name) + ":";
  std::size_t column = out.size();
  for (const auto& [tag, value] : tags) {
    const auto size = tag.size() + value.size() + 3;
    if (column + size > message::fold_octets && column > name.size() + 1) {
      out += "\r\n";
      column = 0;
    }
    out.append(" ").append(tag).append("=").append(value);
    if (tag != tags.back().first) out += ';';
    column += size;
  }
  return out + "\r\n";
}

/// b=, broken only where a line would be too long for SMTP.
std::string signature_value(std::string_view octets) {
  const auto text = base64_encode(octets);
  std::string out;
  for (std::size_t at = 0; at < text.size(); at += max_value_octets)
    out += (at == 0 ? "" : "\r\n ") + text.substr(at, max_value_octets);
  return out;
}

/// Signs `covered` and the field made of `tags`, whose b= (the second tag) is empty and then filled.
Result<std::string> sign_field(std::string_view name, Tags tags, std::string covered, const dkim::PrivateKey& key) {
  const auto unsigned_field = write(name, tags);
  const auto section = HeaderSection::parse(unsigned_field);
  if (!section) return std::unexpected(section.error());
  dkim::append_canonical(relaxed, section->fields().front(), covered);
  covered.resize(covered.size() - 2);
  const auto signature = key.sign(dkim::sha256(covered));
  if (!signature) return std::unexpected(signature.error());
  tags[1].second = signature_value(*signature);
  return write(name, tags);
}

std::vector<std::string> names_of(const HeaderSection& header) {
  std::vector<std::string> out;
  for (const auto& name : dkim::default_signed_fields()) out.insert(out.end(), header.count(name), to_lower(name));
  return out;
}

/// The three fields of all sets in the order of the seal (RFC 8617#5.1.1).
std::string canonical_sets(const HeaderSection& header, unsigned next) {
  std::vector<std::array<const HeaderField*, 3>> sets(next - 1);
  for (const auto& field : header.fields()) {
    const std::size_t kind = field.is("ARC-Authentication-Results") ? 0
                             : field.is("ARC-Message-Signature")    ? 1
                             : field.is("ARC-Seal")                 ? 2
                                                                    : 3;
    if (kind == 3) continue;
    const auto end = std::min(field.body.find(';', field.body.find("i=")), field.body.size());
    const auto tags = kind == 0 ? dkim::TagList::parse(field.body.substr(0, end)) : dkim::TagList::parse(field.body);
    const auto instance = tags ? instance_of(tags->value("i").value_or("")) : 0;
    if (instance > 0 && instance < next) sets[instance - 1][kind] = &field;
  }
  std::string out;
  for (const auto& set : sets)
    for (const auto* field : set)
      if (field != nullptr) dkim::append_canonical(relaxed, *field, out);
  return out;
}

/// h= as the caller gives it: RFC 8617#4.1.2 wants From and none of the fields of a set.
Result<void> check_names(const std::vector<std::string>& names) {
  if (std::ranges::none_of(names, [](const auto& name) { return iequals(name, "From"); }))
    return failure("The names to be signed do not hold From");
  for (const auto& name : names) {
    if (auto field = message::header_field(name, "x"); !field) return std::unexpected(field.error());
    if (name.contains(';')) return failure("A name with a semicolon cannot stand in h=");
    for (const std::string_view own : {"ARC-Authentication-Results", "ARC-Message-Signature", "ARC-Seal"})
      if (iequals(name, own)) return failure(name + " must not be signed by ARC-Message-Signature (RFC 8617#4.1.2)");
  }
  return {};
}

Result<void> check(const HeaderSection& header, unsigned next, Outcome chain) {
  if (next > max_sets) return failure("The message has 50 ARC sets already");
  if ((next == 1) != (chain == Outcome::none))
    return failure(next == 1 ? "The message has no ARC set, so its chain is none"
                             : "The message has ARC sets, so its chain is pass or fail");
  for (const auto* field : header.all("ARC-Seal")) {
    const auto tags = dkim::TagList::parse(field->body);
    if (tags && instance_of(tags->value("i").value_or("")) + 1 == next &&
        iequals(tags->value("cv").value_or(""), "fail"))
      return failure("The chain has ended with cv=fail: no set may be added (RFC 8617#5.1)");
  }
  if (header.count("From") != 1) return failure("The message does not have exactly one From field");
  if (header.malformed()) return failure("A header line of the message is not a field");
  return {};
}

}  // namespace

Result<std::string> Sealer::finish(const HeaderSection& header, const dkim::SigningKey& key, const NewSet& set,
                                   WallTime sealed_at) {
  const auto body = hasher_.finish().front();
  const auto next = next_instance(header);
  if (auto fit = check(header, next, set.chain); !fit) return std::unexpected(fit.error());
  const auto instance = std::to_string(next);
  const auto time = std::to_string(std::chrono::floor<seconds>(sealed_at).time_since_epoch().count());
  const std::string algorithm(to_string(dkim::algorithm_for(key.key.type())));
  const auto names = set.names.empty() ? names_of(header) : set.names;
  if (auto fit = check_names(names); !fit) return std::unexpected(fit.error());
  std::string name_list;
  for (const auto& name : names) name_list += (name_list.empty() ? "" : ":") + name;
  if (name_list.size() > max_value_octets)
    return failure("h= would be longer than " + std::to_string(max_value_octets) + " octets");

  auto results =
      message::header_field("ARC-Authentication-Results", "i=" + instance + "; " + set.authentication_results);
  if (!results) return results;
  std::string covered;
  dkim::FieldPicker(header).append(relaxed, names, covered);
  auto message = sign_field("ARC-Message-Signature",
                            {{"a", algorithm},
                             {"b", ""},
                             {"bh", base64_encode({reinterpret_cast<const char*>(body.data()), body.size()})},
                             {"c", "relaxed/relaxed"},
                             {"d", key.domain.text()},
                             {"h", name_list},
                             {"i", instance},
                             {"s", key.selector},
                             {"t", time}},
                            std::move(covered), key.key);
  if (!message) return message;
  // A broken chain is not vouched for: its seal covers only the new set (RFC 8617#5.1.2).
  auto sets = set.chain == Outcome::fail ? std::string() : canonical_sets(header, next);
  const auto own = *results + *message;
  const auto own_fields = HeaderSection::parse(own);
  for (const auto& field : own_fields->fields()) dkim::append_canonical(relaxed, field, sets);
  auto seal = sign_field("ARC-Seal",
                         {{"a", algorithm},
                          {"b", ""},
                          {"cv", std::string(to_string(set.chain))},
                          {"d", key.domain.text()},
                          {"i", instance},
                          {"s", key.selector},
                          {"t", time}},
                         std::move(sets), key.key);
  if (!seal) return seal;
  return *seal + *message + *results;
}

}  // namespace ptarmigan::arc
