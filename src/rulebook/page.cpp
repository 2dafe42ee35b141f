// rulebook/page.cpp - a rule as Markdown.
#include "rulebook/page.hpp"

#include "base/text.hpp"

namespace ptarmigan::rulebook {
namespace {

std::string reply_codes(const ReplyShape& shape) {
  std::string out = shape.code == 0 ? std::string() : std::to_string(shape.code);
  if (!shape.enhanced.empty()) out += (out.empty() ? "" : " ") + std::string(shape.enhanced);
  return out.empty() ? "any" : out;
}

std::string scope_text(const Rule& rule) {
  std::string out = rule.scope == Scope::bulk_senders ? "bulk senders" : "all senders";
  if (rule.families == Families::ipv4) out += ", over IPv4";
  if (rule.families == Families::ipv6) out += ", over IPv6";
  return out;
}

std::string effect_text(const Rule& rule) {
  std::string out(to_string(rule.effect));
  if (rule.visibility == Visibility::receiver_only) out += "; only the receiver can judge it";
  return out;
}

void append_refusal(std::string& out, const Refusal& refusal) {
  smtp::Reply reply;
  reply.code = refusal.code;
  if (refusal.enhanced.cls != 0) reply.enhanced = refusal.enhanced;
  for (const auto line : split(refusal.text, '\n')) reply.lines.emplace_back(line);
  for (const auto line : split(reply.wire(), '\n'))
    if (const auto text = trim(line, "\r"); !text.empty()) out += "    " + std::string(trim(text)) + "\n";
}

}  // namespace

std::string page_of(const Rule& rule) {
  const auto* receiver = find_receiver(rule.receiver());
  std::string out = "# " + std::string(rule.id) + "\n\n<!-- Generated from src/rulebook/rules/" +
                    std::string(rule.receiver()) + ".cpp: change it there. -->\n\n";
  out += "**" + std::string(rule.title) + ".** " + std::string(rule.consequence) + "\n\n";
  out += "## What to do\n\n" + std::string(rule.remedy) + "\n\n";
  out += "| | |\n|---|---|\n";
  out += "| Receiver | " + std::string(receiver != nullptr ? receiver->name : rule.receiver()) + " |\n";
  out += "| Holds for | " + scope_text(rule) + " |\n";
  out += "| Otherwise | " + effect_text(rule) + " |\n";
  out += "| Source | [" + std::string(rule.source.title) + "](" + std::string(rule.source.url) + "), " +
         std::string(rule.source.date) + ", " + std::string(to_string(rule.source.confidence)) + " |\n";
  if (rule.visibility == Visibility::receiver_only && receiver != nullptr && !receiver->own_figures.empty())
    out += "| Where to look | " + std::string(receiver->own_figures) + " |\n";
  if (!rule.refusals.empty()) out += "\n## What the receiver says\n";
  for (const auto& refusal : rule.refusals) {
    out += "\n";
    if (refusal.wording == Wording::composed)
      out += "No source quotes a reply for this requirement; the rehearsal uses a text in the receiver's layout:\n\n";
    append_refusal(out, refusal);
  }
  if (!rule.shapes.empty()) out += "\n## Recognised by\n\n| Codes | Words |\n|---|---|\n";
  for (const auto& shape : rule.shapes)
    out += "| " + reply_codes(shape) + " | " + (shape.phrase.empty() ? "any" : "`" + std::string(shape.phrase) + "`") +
           " |\n";
  return out;
}

std::string page_of_all_rules() {
  std::string out =
      "# Rules\n\n<!-- Generated from src/rulebook/rules/: change them there. -->\n\nWhat each receiver requires, one "
      "page a rule.\n";
  for (const auto& receiver : receivers()) {
    if (receiver.rules.empty()) continue;
    out += "\n## " + std::string(receiver.name) +
           "\n\n| Rule | Requirement | Holds for | Otherwise |\n|---|---|---|---|\n";
    for (const auto& rule : receiver.rules)
      out += "| [" + std::string(rule.id) + "](" + std::string(rule.id) + ".md) | " + std::string(rule.title) + " | " +
             scope_text(rule) + " | " + effect_text(rule) + " |\n";
  }
  return out;
}

}  // namespace ptarmigan::rulebook
