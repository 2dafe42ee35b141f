// watch/diagnosis.cpp - see diagnosis.hpp.
#include "watch/diagnosis.hpp"

#include "base/text.hpp"
#include "dns/record.hpp"

namespace ptarmigan::watch {

std::string fix_text(const rulebook::Rule& rule, const rulebook::Subject& subject, const Facts& facts) {
  if (rule.fix == nullptr) return std::string(rule.remedy);
  const auto known = rulebook::fix_for(rule, subject, facts);
  if (!known.known() || known.value().empty()) return std::string(rule.remedy);
  std::vector<std::string> lines;
  for (const auto& publish : known.value().publish) lines.push_back(dns::zone_line(publish.record));
  for (const auto& change : known.value().change) lines.push_back(change);
  return join(lines, "\n");
}

std::optional<Diagnosis> diagnose(const rulebook::Receiver& receiver, const rulebook::Subject& subject,
                                  const Facts& facts) {
  const auto judgement = rulebook::judge_now(receiver, subject, facts);
  const auto* first = judgement.refusal();
  if (first == nullptr) return std::nullopt;
  return Diagnosis{.rule_id = std::string(first->rule->id),
                   .kind = kind_of({.rule_id = first->rule->id, .cause = {}, .enhanced_status = {}, .reply_text = {}}),
                   .why = first->verdict.why,
                   .fix = fix_text(*first->rule, subject, facts),
                   .evidence = first->verdict.evidence};
}

Checked check_rule(std::string_view rule_id, const rulebook::Subject& subject, const Facts& facts) {
  const auto* rule = rulebook::find_rule(rule_id);
  if (rule == nullptr || rule->judge == nullptr || rule->visibility == rulebook::Visibility::receiver_only)
    return {.why = "only the receiver can tell; the next messages will show"};
  const auto verdict = rulebook::judge(*rule, subject, facts);
  if (!verdict.known()) return {.why = "DNS gave no answer"};
  Checked out{.state = verdict.value().state, .why = verdict.value().why};
  if (out.state == rulebook::State::broken) out.fix = fix_text(*rule, subject, facts);
  return out;
}

}  // namespace ptarmigan::watch
