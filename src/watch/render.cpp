// watch/render.cpp - an explanation as text and as JSON.
#include <nlohmann/json.hpp>

#include "base/text.hpp"
#include "watch/explain.hpp"

namespace ptarmigan::watch {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::size_t columns = 100;
constexpr int json_version = 1;
constexpr std::size_t longest_reply = 1000;

void paragraph(std::string& out, std::string_view label, std::string_view words) {
  constexpr std::size_t indent = 12;
  std::string line(label);
  line.resize(std::max(indent, label.size() + 1), ' ');
  bool fresh = true;
  for (const auto word : split(words, ' ')) {
    if (!fresh && line.size() + 1 + word.size() > columns) {
      out += line + "\n";
      line = std::string(indent, ' ');
      fresh = true;
    }
    line += (fresh ? "" : " ") + std::string(word);
    fresh = false;
  }
  out += line + "\n";
}

std::string reply_text(const Explanation& explanation) {
  return printable(explanation.found.reply.text(), longest_reply);
}

std::string permanence(const Explanation& explanation) {
  return explanation.failure.persistence == smtp::Persistence::transient
             ? "for now (4xx): the same mail may be accepted later"
             : "permanent (5xx): the same mail over the same route fails again";
}

std::string check_words(const Suspect& suspect) {
  switch (suspect.agreement) {
    case Agreement::unchecked: return {};
    case Agreement::agrees: return "a check agrees: " + suspect.verdict.why;
    case Agreement::disagrees: return "a check disagrees: " + suspect.verdict.why;
    case Agreement::unknown: return "a check cannot tell: " + suspect.verdict.why;
  }
  return {};
}

Json fix_json(const rulebook::Fix& fix) {
  Json publish = Json::array();
  for (const auto& item : fix.publish)
    publish.push_back({{"action", item.action == rulebook::Fix::Action::add ? "add" : "replace"},
                       {"zone_line", dns::zone_line(item.record)},
                       {"reason", item.reason}});
  return {{"publish", std::move(publish)}, {"change", fix.change}};
}

Json suspect_json(const Suspect& suspect) {
  const auto& rule = *suspect.rule;
  Json out{{"rule", rule.id},
           {"title", rule.title},
           {"remedy", rule.remedy},
           {"check", to_string(suspect.agreement)},
           {"why", suspect.verdict.why},
           {"source", {{"title", rule.source.title}, {"url", rule.source.url}, {"date", rule.source.date}}}};
  if (!suspect.fix.empty()) out["fix"] = fix_json(suspect.fix);
  return out;
}

}  // namespace

std::string text(const Explanation& explanation) {
  std::string out;
  paragraph(out, "reply", reply_text(explanation));
  std::string who = explanation.receiver != nullptr ? std::string(explanation.receiver->name) : "not recognised";
  if (!explanation.found.host.empty()) who += " (" + explanation.found.host + ")";
  paragraph(out, "receiver", who);
  paragraph(out, "cause", explanation.cause);
  for (const auto& suspect : explanation.suspects) {
    paragraph(out, "rule",
              std::string(suspect.rule->id) + " (" + std::string(suspect.rule->source.title) + ", " +
                  std::string(suspect.rule->source.date) + ")");
    if (const auto words = check_words(suspect); !words.empty()) paragraph(out, "", words);
  }
  paragraph(out, "how sure", to_string(explanation.certainty));
  paragraph(out, "lasting", permanence(explanation));
  paragraph(out, "concerns",
            smtp::to_string(explanation.failure.cause) == "unknown"
                ? "not told"
                : std::string(smtp::to_string(explanation.failure.cause)));
  for (const auto& advice : explanation.advice) paragraph(out, "fix", advice);
  for (const auto& suspect : explanation.suspects) {
    for (const auto& item : suspect.fix.publish) out += std::string(12, ' ') + dns::zone_line(item.record) + "\n";
    for (const auto& change : suspect.fix.change) paragraph(out, "", change);
  }
  return out;
}

std::string json(const Explanation& explanation) {
  const auto& reply = explanation.found.reply;
  Json suspects = Json::array();
  for (const auto& suspect : explanation.suspects) suspects.push_back(suspect_json(suspect));
  Json out{{"version", json_version},
           {"reply",
            {{"code", reply.code},
             {"enhanced", reply.enhanced ? Json(reply.enhanced->text()) : Json()},
             {"text", reply.words()},
             {"stage", explanation.found.stage ? Json(smtp::to_string(*explanation.found.stage)) : Json()}}},
           {"host", explanation.found.host.empty() ? Json() : Json(explanation.found.host)},
           {"receiver", explanation.receiver != nullptr ? Json(explanation.receiver->id) : Json()},
           {"cause", smtp::to_string(explanation.failure.cause)},
           {"scope", smtp::to_string(explanation.failure.scope)},
           {"persistence", smtp::to_string(explanation.failure.persistence)},
           {"axis",
            explanation.failure.cause == smtp::Cause::rate ? Json(smtp::to_string(explanation.failure.axis)) : Json()},
           {"explanation", explanation.cause},
           {"certainty", to_string(explanation.certainty)},
           {"sending_address", explanation.sending_address ? Json(explanation.sending_address->text()) : Json()},
           {"rules", std::move(suspects)},
           {"advice", explanation.advice}};
  return out.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace ptarmigan::watch
