// auth/authres/report.cpp - see report.hpp.
#include "auth/authres/report.hpp"

#include <string>

#include "base/encoding.hpp"

namespace ptarmigan::authres {
namespace {

/// Enough of b= to tell signatures apart (RFC 6008#4).
constexpr std::size_t shown_signature_characters = 8;

template <typename Outcome>
MethodResult start(std::string_view method, Outcome outcome, std::string_view reason) {
  MethodResult result;
  result.method = method;
  result.result = to_string(outcome);
  result.reason = reason;
  return result;
}

}  // namespace

MethodResult result_of(const iprev::Result& result) {
  auto out = start("iprev", result.outcome, result.problem);
  out.properties.push_back({"policy", "iprev", result.address.text()});
  return out;
}

MethodResult result_of(const spf::Result& result) {
  auto out = start("spf", result.outcome, result.problem);
  if (result.identity == spf::Identity::helo) {
    out.properties.push_back({"smtp", "helo", result.domain.text()});
  } else {
    // An address that cannot be written leaves its domain, which is what was checked.
    out.properties.push_back(
        {"smtp", "mailfrom", encode_property_value(result.sender) ? result.sender : result.domain.text()});
  }
  return out;
}

MethodResult result_of(const dkim::SignatureResult& result) {
  auto out = start("dkim", result.outcome, result.reason);
  if (!result.signature) return out;
  const auto& signature = *result.signature;
  out.properties = {{"header", "d", signature.domain.text()},
                    {"header", "i", signature.identity},
                    {"header", "a", std::string(dkim::to_string(signature.algorithm))},
                    {"header", "s", signature.selector},
                    {"header", "b", base64_encode(signature.octets).substr(0, shown_signature_characters)}};
  return out;
}

MethodResult result_of(const dmarc::Result& result) {
  const bool explains = result.outcome != dmarc::Outcome::pass;
  auto out = start("dmarc", result.outcome, explains ? std::string_view(result.reason) : std::string_view());
  if (!result.discovery.author.is_root()) out.properties.push_back({"header", "from", result.discovery.author.text()});
  if (const auto& policy = result.discovery.policy)
    out.properties.push_back({"policy", "dmarc", std::string(dmarc::to_string(policy->effective))});
  return out;
}

MethodResult result_of(const arc::ChainResult& result) {
  auto out = start("arc", result.outcome, result.reason);
  if (result.outcome == arc::Outcome::pass)
    out.properties.push_back({"header", "oldest-pass", std::to_string(result.oldest_pass)});
  return out;
}

std::vector<MethodResult> results_of(const std::vector<dkim::SignatureResult>& signatures) {
  std::vector<MethodResult> out;
  for (const auto& signature : signatures) out.push_back(result_of(signature));
  if (out.empty()) out.push_back({.method = "dkim", .result = "none"});
  return out;
}

}  // namespace ptarmigan::authres
