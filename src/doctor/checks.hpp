// doctor/checks.hpp - the named checks: what holds for good mail whoever receives it, beside the receivers' own rules.
// Each has an id (append-only), a consequence, the receivers that act on it with their codes, and a source with a date.
// Pure: asks for DNS through Need. Errors: none. Threads: free functions on values.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "doctor/setup.hpp"
#include "rulebook/rule.hpp"

namespace ptarmigan::doctor {

/// A question and what was answered.
struct Evidence {
  Question question;
  Answer answer;
};

struct Check {
  std::string_view id;     ///< "spf.lookups": group and subject
  std::string_view title;  ///< as a statement that holds for good mail
  /// What happens otherwise, at worst.
  rulebook::Effect effect = rulebook::Effect::advice;
  /// Who acts on it, with the code where one is known: "Gmail 550 5.7.25".
  std::string_view receivers;
  rulebook::Source source;

  /// "spf" of "spf.lookups".
  [[nodiscard]] constexpr std::string_view group() const { return id.substr(0, id.find('.')); }
};

struct CheckResult {
  const Check* check = nullptr;
  rulebook::Verdict verdict;
  /// What happens to mail if it is broken; at most as bad as check->effect.
  rulebook::Effect effect = rulebook::Effect::advice;
  std::optional<IpAddress> address = {};  ///< where it is about one own address
  std::vector<rulebook::Fix::Publish> publish = {};
  std::string remedy = {};  ///< a sentence; not empty where broken and nothing is to be published
  std::vector<Evidence> evidence = {};
};

/// All of them, in the order of the report.
[[nodiscard]] std::span<const Check> checks();
/// By id, or nullptr.
[[nodiscard]] const Check* find_check(std::string_view id);

/// Every check that the setup gives occasion for; one result for each address or key where it is about one.
[[nodiscard]] Known<std::vector<CheckResult>> run_checks(const Setup& setup, const Facts& facts);

/// Lists that are asked where none is named: of addresses (RFC 5782#2.1) and of domains.
[[nodiscard]] std::span<const std::string_view> usual_address_lists();
[[nodiscard]] std::span<const std::string_view> usual_domain_lists();

}  // namespace ptarmigan::doctor
