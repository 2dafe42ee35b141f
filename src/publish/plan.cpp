// publish/plan.cpp - see plan.hpp.
#include "publish/plan.hpp"

#include <algorithm>
#include <array>

#include <nlohmann/json.hpp>

namespace ptarmigan::publish {
namespace {

constexpr std::array steps_in_order{Step::forward, Step::reverse, Step::spf,     Step::helo_spf,
                                    Step::dkim,    Step::dmarc,   Step::mta_sts, Step::tls_reports};

std::string proof_of(const Wanted& wanted, const Deployment& deployment) {
  const auto& host = deployment.hosts;
  switch (wanted.step) {
    case Step::reverse:
      for (const auto& each : host)
        for (const auto& address : each.addresses)
          if (wanted.reason.contains(" " + address.text() + ";")) return "ptarmigan ptr " + address.text();
      break;
    case Step::spf:
      if (!host.empty() && !host.front().addresses.empty())
        return "ptarmigan spf " + host.front().addresses.front().text() + " postmaster@" + deployment.domain.text();
      break;
    case Step::dmarc: return "ptarmigan dmarc " + deployment.domain.text();
    case Step::forward:
    case Step::helo_spf:
    case Step::dkim:
    case Step::mta_sts:
    case Step::tls_reports: break;
  }
  return "dig +norecurse @NAME-SERVER " + wanted.record.owner.absolute() + " " +
         std::string(dns::to_string(wanted.record.type));
}

std::string action_for(Step step, const Everything& everything, const Deployment& deployment) {
  if (step == Step::dkim) return "when it is proved: sign with the key (name it under [[domain.dkim]])";
  if (step == Step::mta_sts && !everything.mta_sts_policy.empty())
    return "first serve the policy at https://mta-sts." + deployment.domain.text() +
           "/.well-known/mta-sts.txt (ptarmigan records --mta-sts-policy)";
  if (step == Step::dmarc) return "read the reports for some weeks, then raise p to quarantine, then to reject";
  return {};
}

void add_rotation(std::vector<PlanStep>& out, const Deployment& deployment, const Rotation& rotation) {
  const auto name = [&](const std::string& selector) {
    return selector + "._domainkey." + deployment.domain.text() + ".";
  };
  const auto next = name(rotation.next.selector);
  PlanStep sign;
  sign.title = "sign with selector " + rotation.next.selector;
  sign.action = "change the selector and key file under [[domain.dkim]], and reload";
  sign.proofs = {"ptarmigan dkim verify MESSAGE (one that has arrived elsewhere)"};
  sign.wait = longest_in_queues;
  PlanStep revoke;
  revoke.title = "revoke selector " + rotation.old_selector;
  revoke.remove = {name(rotation.old_selector) + " TXT"};
  revoke.publish = {name(rotation.old_selector) + " " + std::to_string(record_ttl) + " IN TXT \"v=DKIM1; p=\""};
  revoke.action = "signatures of the old key are no longer believed (RFC 6376#3.6.1: an empty p= revokes)";
  revoke.wait = record_ttl;
  revoke.proofs = {"dig +norecurse @NAME-SERVER " + name(rotation.old_selector) + " TXT"};
  out.push_back(std::move(sign));
  out.push_back(std::move(revoke));
}

std::string duration(std::uint32_t seconds) {
  if (seconds % 86'400 == 0 && seconds > 0) return std::to_string(seconds / 86'400) + " d";
  if (seconds >= 3'600) return std::to_string(seconds / 3'600) + " h " + std::to_string(seconds % 3'600 / 60) + " min";
  if (seconds >= 60) return std::to_string(seconds / 60) + " min " + std::to_string(seconds % 60) + " s";
  return std::to_string(seconds) + " s";
}

}  // namespace

std::vector<PlanStep> plan(const Everything& everything, const Deployment& deployment, std::optional<WallTime> now,
                           const std::optional<Rotation>& rotation) {
  std::vector<PlanStep> out;
  for (const auto step : steps_in_order) {
    PlanStep one;
    one.title = "publish the " + std::string(to_string(step));
    for (const auto& wanted : everything.records) {
      if (wanted.step != step || wanted.present) continue;
      one.publish.push_back(dns::zone_line(wanted.record));
      for (const auto& old : wanted.before) one.remove.push_back(dns::zone_line(old));
      const auto proof = proof_of(wanted, deployment);
      if (std::ranges::find(one.proofs, proof) == one.proofs.end()) one.proofs.push_back(proof);
      one.wait = std::max(one.wait, wanted.cached_for);
    }
    if (one.publish.empty()) continue;
    one.action = action_for(step, everything, deployment);
    out.push_back(std::move(one));
  }
  if (rotation) add_rotation(out, deployment, *rotation);
  if (now) {
    auto at = *now;
    for (auto& step : out) {
      at += seconds(step.wait);
      step.earliest = at;
    }
  }
  return out;
}

std::string text(const std::vector<PlanStep>& steps) {
  if (steps.empty()) return "Everything is published.\n";
  std::string out;
  int number = 0;
  for (const auto& step : steps) {
    out += std::to_string(++number) + ". " + step.title + "\n";
    for (const auto& line : step.remove) out += "   - " + line + "\n";
    for (const auto& line : step.publish) out += "   + " + line + "\n";
    if (!step.action.empty()) out += "   " + step.action + "\n";
    out += "   in effect after " + duration(step.wait) +
           (step.earliest ? ", not before " + rfc3339(*step.earliest) : std::string()) + "\n";
    for (const auto& proof : step.proofs) out += "   prove it: " + proof + "\n";
    out += "\n";
  }
  return out;
}

std::string json(const std::vector<PlanStep>& steps) {
  using Json = nlohmann::ordered_json;
  Json out{{"version", 1}, {"steps", Json::array()}};
  for (const auto& step : steps) {
    Json one{{"title", step.title},   {"publish", step.publish}, {"remove", step.remove},
             {"action", step.action}, {"proofs", step.proofs},   {"wait", step.wait}};
    if (step.earliest) one["earliest"] = rfc3339(*step.earliest);
    out["steps"].push_back(std::move(one));
  }
  return out.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace ptarmigan::publish
