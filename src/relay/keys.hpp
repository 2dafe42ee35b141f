// relay/keys.hpp - the DKIM keys of the configured domains, read once.
#pragma once

#include <span>
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

  /// Keys of the nearest configured domain at or above `author_domain`; empty where there is none. Valid while *this
  /// is.
  [[nodiscard]] std::span<const dkim::SigningKey> of(const dns::DomainName& author_domain) const;
  /// The same as what will be seen by receivers.
  /// No domain has a key.
  [[nodiscard]] bool empty() const;
  [[nodiscard]] std::vector<rulebook::Signature> intended(const dns::DomainName& author_domain) const;

 private:
  struct DomainKeys {
    dns::DomainName domain;
    std::vector<dkim::SigningKey> keys;
    std::vector<rulebook::Signature> intended;
  };
  [[nodiscard]] const DomainKeys* find(const dns::DomainName& author_domain) const;
  std::vector<DomainKeys> domains_;
};

}  // namespace ptarmigan::relay
