// relay/keys.cpp - see keys.hpp.
#include "relay/keys.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <sstream>

#include "base/encoding.hpp"

namespace ptarmigan::relay {
namespace {

Result<std::string> read(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::stringstream text;
  if (!file || !(text << file.rdbuf())) return failure("cannot read " + path + ": " + std::strerror(errno));
  return text.str();
}

}  // namespace

Result<Keys> Keys::load(const std::vector<config::Domain>& domains) {
  Keys out;
  for (const auto& domain : domains) {
    auto& entry = out.domains_.emplace_back(DomainKeys{domain.name, {}, {}});
    std::vector<dkim::SigningKey> keys;
    for (const auto& configured : domain.dkim) {
      const auto where = "the DKIM key of " + domain.name.text() + ", selector " + configured.selector + ": ";
      const auto text = read(configured.key_file);
      if (!text)
        return failure(where + text.error().message, "make it with `ptarmigan dkim keygen " + domain.name.text() +
                                                         " --selector " + configured.selector +
                                                         "`, or let this user read it");
      auto key = dkim::PrivateKey::parse(*text);
      if (!key) return failure(where + configured.key_file + ": " + key.error().message, key.error().remedy);
      entry.intended.emplace_back(rulebook::IntendedSignature{domain.name, configured.selector,
                                                              std::string(dkim::to_string(key->type())),
                                                              base64_encode(key->public_octets())});
      keys.push_back({*std::move(key), domain.name, configured.selector});
    }
    entry.keys = std::make_shared<const std::vector<dkim::SigningKey>>(std::move(keys));
  }
  return out;
}

const Keys::DomainKeys* Keys::find(const dns::DomainName& author_domain) const {
  const DomainKeys* best = nullptr;
  for (const auto& entry : domains_)
    if (author_domain.is_at_or_below(entry.domain) &&
        (best == nullptr || entry.domain.label_count() > best->domain.label_count()))
      best = &entry;
  return best;
}

Keys::SigningKeys Keys::of(const dns::DomainName& author_domain) const {
  static const auto none = std::make_shared<const std::vector<dkim::SigningKey>>();
  const auto* entry = find(author_domain);
  return entry == nullptr ? none : entry->keys;
}

bool Keys::empty() const {
  return std::ranges::all_of(domains_, [](const DomainKeys& entry) { return entry.keys->empty(); });
}

std::vector<rulebook::Signature> Keys::intended(const dns::DomainName& author_domain) const {
  const auto* entry = find(author_domain);
  return entry == nullptr ? std::vector<rulebook::Signature>() : entry->intended;
}

}  // namespace ptarmigan::relay
