// auth/dkim/key_record.cpp - see key_record.hpp.
#include "auth/dkim/key_record.hpp"

#include <algorithm>

#include "auth/dkim/tag_list.hpp"
#include "base/encoding.hpp"
#include "base/text.hpp"

namespace ptarmigan::dkim {
namespace {

bool lists(std::optional<std::string_view> value, std::string_view word) {
  return value && std::ranges::any_of(colon_list(*value), [&](std::string_view part) { return iequals(part, word); });
}

/// A key record's text may hold blanks only where a tag list has them; the record is one line.
Result<KeyType> key_type(const TagList& tags) {
  const auto type = tags.value("k").value_or("rsa");
  if (iequals(type, "rsa")) return KeyType::rsa;
  if (iequals(type, "ed25519")) return KeyType::ed25519;
  return failure("k=" + printable(type, 20) + " is not a known key type");
}

}  // namespace

Result<KeyRecord> KeyRecord::parse(std::string_view text) {
  const auto tags = TagList::parse(text);
  if (!tags) return std::unexpected(tags.error());
  if (const auto version = tags->value("v"); version && (*version != "DKIM1" || tags->tags().front().name != "v"))
    return failure("v= is not DKIM1 or not the first tag");
  const auto type = key_type(*tags);
  if (!type) return std::unexpected(type.error());
  const auto key = tags->value("p");
  if (!key) return failure("p= is missing");

  KeyRecord record{.type = *type};
  record.testing = lists(tags->value("t"), "y");
  record.strict_domain = lists(tags->value("t"), "s");
  record.allows_sha256 = !tags->value("h") || lists(tags->value("h"), "sha256");
  record.allows_email = !tags->value("s") || lists(tags->value("s"), "email") || lists(tags->value("s"), "*");
  if (key->empty()) return record;

  const auto octets = decode_base64_tag(*key);
  if (!octets) return failure("p= is not base64");
  auto parsed = PublicKey::parse(*type, *octets);
  if (!parsed) return std::unexpected(parsed.error());
  record.key = std::move(*parsed);
  return record;
}

Result<dns::DomainName> key_name(std::string_view selector, const dns::DomainName& domain) {
  return dns::DomainName::from_unicode(std::string(selector) + "._domainkey." + domain.text());
}

std::string public_record(const PrivateKey& key) {
  return "v=DKIM1; k=" + std::string(to_string(key.type())) + "; p=" + base64_encode(key.public_octets());
}

bool matches(const KeyRecord& record, const PrivateKey& key) {
  if (!record.key || record.type != key.type()) return false;
  const auto own = PublicKey::parse(key.type(), key.public_octets());
  return own && *own == *record.key;
}

}  // namespace ptarmigan::dkim
