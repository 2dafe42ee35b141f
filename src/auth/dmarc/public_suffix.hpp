// auth/dmarc/public_suffix.hpp - the Public Suffix List (publicsuffix.org/list): the organizational domain as RFC
// 7489#3.2 found it. RFC 9989 does without; it stays for the RFC 7489 mode, for reports and for look-alikes. Both
// sections of the list count, as RFC 7489 receivers do. Threads: free functions on values.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "base/result.hpp"
#include "dns/name.hpp"

namespace ptarmigan::dmarc {

class PublicSuffixList {
 public:
  /// No rules: every top-level domain is a public suffix.
  PublicSuffixList() = default;
  /// The text of public_suffix_list.dat. An error names the line that is no rule.
  static ptarmigan::Result<PublicSuffixList> parse(std::string_view text);

  /// "co.uk" for "www.example.co.uk". The name itself where it is one; the root for the root.
  [[nodiscard]] dns::DomainName public_suffix(const dns::DomainName& name) const;
  /// "example.co.uk": one label below the public suffix; nothing for a public suffix.
  [[nodiscard]] std::optional<dns::DomainName> organizational_domain(const dns::DomainName& name) const;
  [[nodiscard]] std::size_t size() const { return rules_.size(); }

 private:
  struct Rule {
    bool suffix = false;     ///< "co.uk"
    bool wildcard = false;   ///< "*.ck", kept at "ck"
    bool exception = false;  ///< "!www.ck", kept at "www.ck"
  };
  [[nodiscard]] Rule rule(const dns::DomainName& name) const;

  std::unordered_map<dns::DomainName, Rule> rules_;
};

/// The organizational domain by the list; a public suffix is its own.
[[nodiscard]] dns::DomainName registered_domain(const dns::DomainName& name, const PublicSuffixList& list);

}  // namespace ptarmigan::dmarc
