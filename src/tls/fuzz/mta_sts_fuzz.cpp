// tls/fuzz/mta_sts_fuzz.cpp - a policy file that is taken keeps to its bounds, and reads the same after it is written;
// what it allows does not depend on letter case.
#include <cstdint>
#include <cstdlib>

#include "base/text.hpp"
#include "tls/mta_sts.hpp"

using namespace ptarmigan;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto policy = tls::StsPolicy::parse(text);
  if (!policy) return 0;
  if (policy->max_age < seconds(0) || policy->max_age > tls::max_sts_age) std::abort();
  if (policy->mx.empty() && policy->mode != tls::StsMode::none) std::abort();
  if (policy->text().size() <= tls::max_sts_policy_octets && tls::StsPolicy::parse(policy->text()) != policy)
    std::abort();
  for (const auto& pattern : policy->mx) {
    if (pattern != to_lower(pattern)) std::abort();
    const bool wildcard = pattern.starts_with("*.");
    const auto host = dns::DomainName::parse(to_upper(wildcard ? "a" + pattern.substr(1) : pattern));
    // A wildcard's longest name leaves no room for one more label.
    if (!host && !(wildcard && pattern.size() >= dns::max_name_text)) std::abort();
    if (host && !policy->allows(*host)) std::abort();
  }
  return 0;
}
