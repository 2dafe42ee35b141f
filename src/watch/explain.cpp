// watch/explain.cpp - explain_reply(): rules by their shapes, judged again where facts are given.
#include "watch/explain.hpp"

#include <algorithm>

#include "base/text.hpp"

namespace ptarmigan::watch {
namespace {

using rulebook::State;

/// The first address literal in brackets: receivers quote the client's address so.
std::optional<IpAddress> quoted_address(std::string_view words) {
  for (auto at = words.find('['); at != std::string_view::npos; at = words.find('[', at + 1)) {
    const auto close = words.find(']', at);
    if (close == std::string_view::npos) break;
    if (const auto address = IpAddress::parse(words.substr(at + 1, close - at - 1))) return *address;
  }
  return std::nullopt;
}

std::string_view words_of(smtp::Cause cause) {
  switch (cause) {
    case smtp::Cause::recipient: return "The receiver does not take mail for this recipient";
    case smtp::Cause::content: return "The receiver refuses this message's content or form";
    case smtp::Cause::sender_authentication:
      return "The message did not prove where it comes from (SPF, DKIM or DMARC)";
    case smtp::Cause::sending_address: return "The receiver refuses the address that the mail came from";
    case smtp::Cause::rate: return "The receiver gets more mail than it wants to take now";
    case smtp::Cause::site: return "The receiver has trouble of its own";
    case smtp::Cause::protocol: return "The receiver did not accept a command or the credentials";
    case smtp::Cause::tls: return "The connection must be encrypted, or encryption failed";
    case smtp::Cause::policy: return "A rule of the receiver that the reply does not name";
    case smtp::Cause::unknown: return "The reply does not say why";
  }
  return {};
}

std::string_view advice_for(const smtp::Failure& failure) {
  switch (failure.cause) {
    case smtp::Cause::recipient: return "Check the recipient's address; stop sending to it if it is gone";
    case smtp::Cause::content: return "Change the message; sending it again as it is fails again";
    case smtp::Cause::sender_authentication:
      return "Run: ptarmigan check DOMAIN, which names the record that is missing";
    case smtp::Cause::sending_address: return "Run: ptarmigan check DOMAIN, and look the address up on block lists";
    case smtp::Cause::rate: return "Wait, then send more slowly";
    case smtp::Cause::site: return "Wait: the mail server tries again by itself";
    case smtp::Cause::protocol: return "Check the server's configuration: host name, port, credentials";
    case smtp::Cause::tls: return "Use STARTTLS, with a certificate where one is asked for";
    case smtp::Cause::policy:
    case smtp::Cause::unknown: return "Ask the receiver's postmaster, with the whole reply";
  }
  return {};
}

bool can_be_judged(const rulebook::Rule& rule) {
  return rule.visibility == rulebook::Visibility::judged;
}

void tell(Explanation& out) {
  const bool several = out.suspects.size() > 1;
  if (out.suspects.empty()) {
    out.cause = words_of(out.failure.cause);
    out.advice = {std::string(advice_for(out.failure))};
    return;
  }
  const auto& first = out.suspects.front();
  std::string titles;
  for (const auto& suspect : out.suspects) {
    if (first.agreement == Agreement::agrees && suspect.agreement != Agreement::agrees) continue;
    titles += (titles.empty() ? "" : "; or: ") + std::string(suspect.rule->title);
  }
  out.cause = "Not met: " + titles;
  if (first.agreement == Agreement::agrees) out.cause = first.verdict.why;
  for (const auto& suspect : out.suspects) {
    if (several && first.agreement == Agreement::agrees && suspect.agreement != Agreement::agrees) continue;
    out.advice.emplace_back(suspect.rule->remedy);
  }
}

/// Whose rules these all are; nullptr where they are of several receivers, or none.
const rulebook::Receiver* receiver_of(std::span<const rulebook::Rule* const> rules) {
  const rulebook::Receiver* out = nullptr;
  for (const auto* rule : rules) {
    const auto* receiver = rulebook::find_receiver(rule->id.substr(0, rule->id.find('.')));
    if (out != nullptr && receiver != out) return nullptr;
    out = receiver;
  }
  return out;
}

Explanation read(FoundReply found, std::string_view text) {
  Explanation out;
  const auto context = found.host.empty() ? text.substr(0, max_text) : std::string_view(found.host);
  const auto matched = rulebook::match(found.reply, context);
  out.receiver = matched.receiver != nullptr ? matched.receiver : receiver_of(matched.rules);
  out.failure = smtp::classify(found.reply, found.stage.value_or(smtp::Stage::end_of_data));
  out.sending_address = quoted_address(found.reply.words());
  for (const auto* rule : matched.rules) out.suspects.push_back({rule});
  switch (matched.by) {
    case rulebook::Match::By::nothing: out.certainty = Certainty::unrecognised; break;
    case rulebook::Match::By::code: out.certainty = Certainty::possible; break;
    case rulebook::Match::By::phrase:
      out.certainty = out.suspects.size() == 1 ? Certainty::certain : Certainty::likely;
      break;
  }
  out.found = std::move(found);
  return out;
}

void put_agreeing_first(std::vector<Suspect>& suspects) {
  std::vector<Suspect> ordered;
  for (const bool wanted : {true, false})
    for (const auto& suspect : suspects)
      if ((suspect.agreement == Agreement::agrees) == wanted) ordered.push_back(suspect);
  suspects = std::move(ordered);
}

Agreement agreement_of(const rulebook::Verdict& verdict) {
  switch (verdict.state) {
    case State::holds: return Agreement::disagrees;
    case State::broken: return Agreement::agrees;
    case State::unknown: return Agreement::unknown;
  }
  return Agreement::unknown;
}

}  // namespace

std::string_view to_string(Certainty certainty) {
  switch (certainty) {
    case Certainty::certain: return "certain";
    case Certainty::likely: return "likely";
    case Certainty::possible: return "possible";
    case Certainty::unrecognised: return "unrecognised";
  }
  return {};
}

std::string_view to_string(Agreement agreement) {
  switch (agreement) {
    case Agreement::unchecked: return "unchecked";
    case Agreement::agrees: return "agrees";
    case Agreement::disagrees: return "disagrees";
    case Agreement::unknown: return "unknown";
  }
  return {};
}

std::optional<Explanation> explain_reply(std::string_view text) {
  auto found = find_reply(text);
  if (!found) return std::nullopt;
  auto out = read(std::move(*found), text);
  tell(out);
  return out;
}

Known<std::optional<Explanation>> explain_reply(std::string_view text, const rulebook::Subject& subject,
                                                const Facts& facts) {
  auto found = find_reply(text);
  if (!found) return std::optional<Explanation>();
  auto out = read(std::move(*found), text);
  rulebook::Subject seen = subject;
  if (out.sending_address) seen.sending_address = out.sending_address;
  Gather gather(facts);
  for (auto& suspect : out.suspects) {
    if (!can_be_judged(*suspect.rule)) continue;
    const auto judged = rulebook::judge(*suspect.rule, seen, facts);
    const auto* verdict = gather.take(judged);
    if (verdict == nullptr) continue;
    suspect.verdict = *verdict;
    suspect.agreement = agreement_of(*verdict);
    const auto fix = rulebook::fix_for(*suspect.rule, seen, facts);
    if (const auto* known = gather.take(fix)) suspect.fix = *known;
  }
  if (gather.lacks()) return gather.need();
  put_agreeing_first(out.suspects);
  const auto agreeing = std::ranges::count(out.suspects, Agreement::agrees, &Suspect::agreement);
  if (agreeing == 1) out.certainty = Certainty::certain;
  tell(out);
  return std::optional(std::move(out));
}

}  // namespace ptarmigan::watch
