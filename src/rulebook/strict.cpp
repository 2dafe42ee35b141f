// rulebook/strict.cpp - strict(): the rules of all receivers, each requirement once.
#include <vector>

#include "rulebook/registry.hpp"

namespace ptarmigan::rulebook {
namespace {

bool covers_families(const Rule& general, const Rule& special) {
  return general.families == Families::both || general.families == special.families;
}

/// Whatever breaks `special` breaks `general`, for every sender and family that `special` is for, and no less is done.
bool implies(const Rule& general, const Rule& special) {
  return general.judge == special.judge && covers_families(general, special) &&
         (general.scope == Scope::all_senders || general.scope == special.scope) && general.effect <= special.effect;
}

std::vector<Rule> strictest_rules() {
  std::vector<Rule> all;  // as a receiver's rules stand: by stage
  for (const auto stage : {Stage::connect, Stage::ehlo, Stage::mail, Stage::rcpt, Stage::end_of_data})
    for (const auto& receiver : receivers())
      for (const auto& rule : receiver.rules)
        if (rule.stage == stage && rule.visibility == Visibility::judged) all.push_back(rule);
  std::vector<Rule> out;
  for (std::size_t at = 0; at < all.size(); ++at) {
    bool implied = false;
    for (std::size_t other = 0; other < all.size() && !implied; ++other)
      implied = other != at && implies(all[other], all[at]) && (other < at || !implies(all[at], all[other]));
    if (!implied) out.push_back(all[at]);
  }
  return out;
}

}  // namespace

const Receiver& strict() {
  static const auto rules = strictest_rules();
  static const Receiver receiver{"strict", "Strict (all together)", {}, {}, rules, ""};
  return receiver;
}

std::string profile_ids() {
  std::string out;
  for (const auto& receiver : receivers())
    if (!receiver.rules.empty()) out += std::string(receiver.id) + ", ";
  return out + std::string(strict().id);
}

}  // namespace ptarmigan::rulebook
