// rulebook/registry.hpp - the receivers and their rules. To add a rule: docs/howto/add-a-rule.md.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "dns/name.hpp"
#include "rulebook/rule.hpp"

namespace ptarmigan::rulebook {

struct Receiver {
  std::string_view id;    ///< "gmail"
  std::string_view name;  ///< "Gmail"
  /// MX host names that are this receiver, as suffixes with the leading dot (".google.com") or whole names.
  std::span<const std::string_view> mx_suffixes;
  /// Words by which its replies are known ("gsmtp"), compared as whole words without case.
  std::span<const std::string_view> reply_marks;
  /// In the order in which the receiver speaks: by stage, then as it answers within one. Empty where the rules are not
  /// yet written: then nothing can be said.
  std::span<const Rule> rules;
  /// Where the figures can be seen that only the receiver knows.
  std::string_view own_figures;
};

/// All receivers, static.
[[nodiscard]] std::span<const Receiver> receivers();
/// A receiver that would be as strict as the strictest: it stops what any of them would stop. It has no mail hosts, and
/// its rules are theirs, with their ids and words; of rules that ask for the same, the one that stops most and first.
[[nodiscard]] const Receiver& strict();
/// What mail can be judged by: "gmail, outlook, ..., strict".
[[nodiscard]] std::string profile_ids();
/// By id, "strict" included, or nullptr.
[[nodiscard]] const Receiver* find_receiver(std::string_view id);
/// The receiver that runs this MX host, or nullptr.
[[nodiscard]] const Receiver* receiver_of_mx(const dns::DomainName& host);
/// By id, or nullptr.
[[nodiscard]] const Rule* find_rule(std::string_view id);

}  // namespace ptarmigan::rulebook
