// relay/keys.hpp - the DKIM keys of the configured domains, read once.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "auth/dkim/sign.hpp"
#include "config/config.hpp"
#include "rulebook/subject.hpp"

namespace ptarmigan::relay {

class Keys {
 public:
  Keys() = default;
  /// Reads every key file. An error names the file, its domain and selector.
  static Result<Keys> load(const std::vector<config::Domain>& domains);

  /// Never null, and valid after a reload too.
  using SigningKeys = std::shared_ptr<const std::vector<dkim::SigningKey>>;
  /// Keys of the nearest configured domain at or above `author_domain`; empty where there is none.
  [[nodiscard]] SigningKeys of(const dns::DomainName& author_domain) const;
  /// No domain has a key.
  [[nodiscard]] bool empty() const;
  /// The keys of of() as receivers will see them.
  [[nodiscard]] std::vector<rulebook::Signature> intended(const dns::DomainName& author_domain) const;

 private:
  struct DomainKeys {
    dns::DomainName domain;
    SigningKeys keys;
    std::vector<rulebook::Signature> intended;
  };
  [[nodiscard]] const DomainKeys* find(const dns::DomainName& author_domain) const;
  std::vector<DomainKeys> domains_;
};

}  // namespace ptarmigan::relay
