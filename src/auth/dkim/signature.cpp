// auth/dkim/signature.cpp - see signature.hpp.
#include "auth/dkim/signature.hpp"

#include <algorithm>
#include <span>
#include <utility>

#include "base/text.hpp"

namespace ptarmigan::dkim {
namespace {

/// Digits that t= and x= may have: beyond the year 9999 no reader agrees on them.
constexpr std::size_t max_time_digits = 12;
/// RFC 6376#3.5: l= has at most 76 digits; more than 19 is beyond any message.
constexpr std::size_t max_length_digits = 19;

Result<std::string_view> required(const TagList& tags, std::string_view name) {
  const auto value = tags.value(name);
  if (!value || value->empty()) return failure(std::string(name) + "= is missing");
  return *value;
}

Result<std::optional<std::uint64_t>> number(const TagList& tags, std::string_view name, std::size_t max_digits) {
  const auto value = tags.value(name);
  if (!value) return std::optional<std::uint64_t>();
  const auto parsed = value->size() <= max_digits ? parse_number<std::uint64_t>(*value) : std::nullopt;
  if (!parsed) return failure(std::string(name) + "= is not a number");
  return std::optional(*parsed);
}

Result<void> read_version(const TagList& tags, Signature&) {
  const auto value = required(tags, "v");
  if (!value) return std::unexpected(value.error());
  if (*value != "1") return failure("v=" + printable(*value, 20) + " is not a known version");
  return {};
}

Result<void> read_query(const TagList& tags, Signature&) {
  const auto value = tags.value("q");
  if (!value) return {};
  const auto methods = colon_list(*value);
  if (std::ranges::none_of(methods, [](std::string_view method) { return iequals(method, "dns/txt"); }))
    return failure("q= does not offer dns/txt");
  return {};
}

Result<void> read_algorithm(const TagList& tags, Signature& out) {
  const auto value = required(tags, "a");
  if (!value) return std::unexpected(value.error());
  if (iequals(*value, "rsa-sha256")) {
    out.algorithm = Algorithm::rsa_sha256;
  } else if (iequals(*value, "ed25519-sha256")) {
    out.algorithm = Algorithm::ed25519_sha256;
  } else if (iequals(*value, "rsa-sha1")) {
    return failure("a=rsa-sha1 must not be believed any more (RFC 8301)");
  } else {
    return failure("a=" + printable(*value, 30) + " is not a known algorithm");
  }
  return {};
}

std::optional<Canonicalization> canonicalization(std::string_view word) {
  if (iequals(word, "simple")) return Canonicalization::simple;
  if (iequals(word, "relaxed")) return Canonicalization::relaxed;
  return std::nullopt;
}

Result<void> read_canonicalizations(const TagList& tags, Signature& out) {
  const auto value = tags.value("c").value_or("simple/simple");
  const auto slash = value.find('/');
  const auto header = canonicalization(value.substr(0, slash));
  const auto body =
      slash == std::string_view::npos ? Canonicalization::simple : canonicalization(value.substr(slash + 1));
  if (!header || !body) return failure("c=" + printable(value, 30) + " is not a known canonicalization");
  out.header = *header;
  out.body = *body;
  return {};
}

Result<void> read_domain(const TagList& tags, Signature& out) {
  const auto domain = required(tags, "d");
  const auto selector = required(tags, "s");
  if (!domain) return std::unexpected(domain.error());
  if (!selector) return std::unexpected(selector.error());
  const auto name = dns::DomainName::from_unicode(*domain);
  if (!name || !name->is_hostname()) return failure("d= is not a domain name");
  if (!dns::DomainName::from_unicode(*selector)) return failure("s= is not a selector");
  out.domain = *name;
  out.selector = *selector;
  out.identity = "@" + std::string(*domain);
  out.identity_domain = *name;
  return {};
}

Result<void> read_identity(const TagList& tags, Signature& out) {
  const auto identity = tags.value("i");
  if (!identity) return {};
  const auto at = identity->rfind('@');
  if (at == std::string_view::npos) return failure("i= has no @");
  const auto domain = dns::DomainName::from_unicode(identity->substr(at + 1));
  if (!domain || !domain->is_at_or_below(out.domain)) return failure("i= is not within d=");
  out.identity = without_blanks(*identity);
  out.identity_domain = *domain;
  return {};
}

Result<void> read_names(const TagList& tags, Signature& out) {
  const auto value = required(tags, "h");
  if (!value) return std::unexpected(value.error());
  for (const auto part : colon_list(*value)) {
    if (!std::ranges::all_of(part, [](char c) { return is_printable_ascii(c) && c != ' '; }))
      return failure("h= holds something that is no field name");
    if (out.names.size() >= max_signed_names)
      return failure("h= has more than " + std::to_string(max_signed_names) + " names");
    out.names.emplace_back(part);
  }
  if (std::ranges::none_of(out.names, [](const std::string& name) { return iequals(name, "From"); }))
    return failure("h= does not sign From");
  return {};
}

Result<void> forbid_empty_names(const TagList&, Signature& out) {
  if (std::ranges::find(out.names, "") != out.names.end()) return failure("h= has an empty name");
  return {};
}

Result<void> forbid_seal_name(const TagList&, Signature& out) {
  if (std::ranges::any_of(out.names, [](const std::string& name) { return iequals(name, "ARC-Seal"); }))
    return failure("h= holds ARC-Seal");
  return {};
}

Result<void> forbid_names(const TagList& tags, Signature&) {
  if (tags.value("h")) return failure("h= must not stand in a seal");
  return {};
}

Result<void> read_signature(const TagList& tags, Signature& out) {
  const auto value = required(tags, "b");
  if (!value) return std::unexpected(value.error());
  auto octets = decode_base64_tag(*value);
  if (!octets) return failure("b= is not base64");
  out.octets = std::move(*octets);
  return {};
}

Result<void> read_body_hash(const TagList& tags, Signature& out) {
  const auto value = required(tags, "bh");
  if (!value) return std::unexpected(value.error());
  auto octets = decode_base64_tag(*value);
  if (!octets || octets->size() != Digest{}.size()) return failure("bh= is not the base64 of a SHA-256 hash");
  out.body_hash = std::move(*octets);
  return {};
}

Result<void> read_numbers(const TagList& tags, Signature& out) {
  const auto limit = number(tags, "l", max_length_digits);
  const auto signed_at = number(tags, "t", max_time_digits);
  const auto expires = number(tags, "x", max_time_digits);
  for (const auto* one : {&limit, &signed_at, &expires})
    if (!*one) return std::unexpected(one->error());
  if (*signed_at && *expires && **expires <= **signed_at) return failure("x= is not after t=");
  out.body_limit = limit->value_or(whole_body);
  out.signed_at = *signed_at;
  out.expires = *expires;
  return {};
}

std::uint32_t name_hash(std::string_view name) {
  std::uint32_t hash = 2166136261U;  // FNV-1a
  for (const char c : name) hash = (hash ^ static_cast<unsigned char>(ascii_lower(c))) * 16777619U;
  return hash;
}

}  // namespace

std::string_view to_string(Algorithm algorithm) {
  switch (algorithm) {
    case Algorithm::rsa_sha256: return "rsa-sha256";
    case Algorithm::ed25519_sha256: return "ed25519-sha256";
  }
  return "";
}

KeyType key_type(Algorithm algorithm) {
  return algorithm == Algorithm::rsa_sha256 ? KeyType::rsa : KeyType::ed25519;
}

Algorithm algorithm_for(KeyType type) {
  return type == KeyType::rsa ? Algorithm::rsa_sha256 : Algorithm::ed25519_sha256;
}

Result<Signature> Signature::parse(std::string_view body) {
  const auto tags = TagList::parse(body);
  if (!tags) return std::unexpected(tags.error());
  return parse(*tags, Dialect::dkim);
}

Result<Signature> Signature::parse(const TagList& tags, Dialect dialect) {
  using Reader = Result<void> (*)(const TagList&, Signature&);
  static constexpr Reader dkim[] = {
      read_version,           read_algorithm, read_domain,    read_identity, read_names, forbid_empty_names,
      read_canonicalizations, read_signature, read_body_hash, read_numbers,  read_query};
  static constexpr Reader arc_message[] = {read_algorithm,         read_domain,    read_names,     forbid_seal_name,
                                           read_canonicalizations, read_signature, read_body_hash, read_numbers};
  static constexpr Reader arc_seal[] = {read_algorithm, read_domain, forbid_names, read_signature, read_numbers};
  std::span<const Reader> readers = dkim;
  if (dialect == Dialect::arc_message) readers = arc_message;
  if (dialect == Dialect::arc_seal) readers = arc_seal;
  Signature out;
  for (const auto read : readers)
    if (auto done = read(tags, out); !done) return std::unexpected(done.error());
  return out;
}

FieldPicker::FieldPicker(const message::HeaderSection& header) : header_(&header) {
  hashes_.reserve(header.fields().size());
  for (const auto& field : header.fields()) hashes_.push_back(name_hash(field.name));
}

void FieldPicker::append(Canonicalization canonicalization, const std::vector<std::string>& names,
                         std::string& out) const {
  struct Cursor {
    std::uint32_t hash;
    std::string_view name;
    std::size_t below;  ///< fields at and after this index were passed
  };
  const auto& fields = header_->fields();
  std::vector<Cursor> cursors;
  cursors.reserve(names.size());
  for (const auto& name : names) {
    const auto hash = name_hash(name);
    auto cursor =
        std::ranges::find_if(cursors, [&](const Cursor& c) { return c.hash == hash && iequals(c.name, name); });
    if (cursor == cursors.end()) cursor = cursors.insert(cursors.end(), {hash, name, fields.size()});
    while (cursor->below > 0) {
      const auto at = --cursor->below;
      if (hashes_[at] == hash && fields[at].is(name)) {
        append_canonical(canonicalization, fields[at], out);
        break;
      }
    }
  }
}

void append_unsigned(Canonicalization canonicalization, const message::HeaderField& field, std::string_view value,
                     std::string& out) {
  const auto before = static_cast<std::size_t>(value.data() - field.raw.data());
  std::string raw(field.raw.substr(0, before));
  const auto body_at = static_cast<std::size_t>(field.body.data() - field.raw.data());
  const auto body_size = field.body.size() - value.size();
  raw += field.raw.substr(before + value.size());
  const message::HeaderField emptied{
      .name = field.name, .raw = raw, .body = std::string_view(raw).substr(body_at, body_size)};
  append_canonical(canonicalization, emptied, out);
  if (out.ends_with("\r\n")) out.resize(out.size() - 2);
}

}  // namespace ptarmigan::dkim
