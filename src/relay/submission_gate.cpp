// relay/submission_gate.cpp - see submission_gate.hpp.
#include "relay/submission_gate.hpp"

#include <algorithm>
#include <array>

#include "base/text.hpp"
#include "rulebook/judge.hpp"
#include "rulebook/observe.hpp"
#include "rulebook/registry.hpp"

namespace ptarmigan::relay {
namespace {

using config::GateAction;

constexpr smtp::EnhancedStatus wrong_form{5, 6, 0};
constexpr smtp::EnhancedStatus against_policy{5, 7, 1};
constexpr smtp::EnhancedStatus header_is_utf8{5, 6, 9};  // RFC 6531#4.3

/// Domains in which anybody can have an address, and whose owners let nobody else send from them.
constexpr std::array<std::string_view, 22> freemail{
    "gmail.com",  "googlemail.com", "outlook.com", "hotmail.com",   "live.com",  "msn.com",
    "yahoo.com",  "yahoo.co.uk",    "yahoo.fr",    "yahoo.de",      "ymail.com", "aol.com",
    "icloud.com", "me.com",         "mac.com",     "gmx.com",       "gmx.net",   "gmx.de",
    "web.de",     "mail.ru",        "proton.me",   "protonmail.com"};

bool is_ascii(std::string_view text) {
  return std::ranges::none_of(text, [](char c) { return static_cast<unsigned char>(c) > 0x7f; });
}

spool::Stream stream_of_header(const message::HeaderSection& header) {
  if (const auto* field = header.first(stream_field)) {
    if (iequals(field->value(), "bulk")) return spool::Stream::bulk;
    if (iequals(field->value(), "transactional")) return spool::Stream::transactional;
  }
  const auto* precedence = header.first("Precedence");
  const bool bulk = precedence != nullptr && iequals(precedence->value(), "bulk");
  return bulk ? spool::Stream::bulk : spool::Stream::unspecified;
}

class Judge {
 public:
  explicit Judge(const message::HeaderSection& header) { rulebook::observe_header(subject_, header); }

  [[nodiscard]] const rulebook::Subject& subject() const { return subject_; }

  /// A requirement of the rulebook; its remedy is the fix.
  void ask(GateAction action, std::string_view setting, std::string_view rule_id, smtp::EnhancedStatus status) {
    const auto* rule = action == GateAction::off ? nullptr : rulebook::find_rule(rule_id);
    if (rule == nullptr) return;
    const auto verdict = rulebook::judge(*rule, subject_, Facts{});
    if (!verdict || verdict->state != rulebook::State::broken) return;
    add(action, setting, status, verdict->why, std::string(rule->remedy));
  }
  void add(GateAction action, std::string_view setting, smtp::EnhancedStatus status, std::string why, std::string fix) {
    if (action == GateAction::off) return;
    const auto at = std::ranges::find_if(findings_, [&](const auto& finding) { return finding.action < action; });
    findings_.insert(at, {std::string(setting), action, status, std::move(why), std::move(fix)});
  }
  std::vector<GateFinding> take() { return std::move(findings_); }

 private:
  rulebook::Subject subject_;
  std::vector<GateFinding> findings_;
};

void ask_for_signature(Judge& judge, GateAction action, Signing signing) {
  const auto author = judge.subject().author_domain();
  if (!author || signing == Signing::aligned) return;
  const auto name = author->text();
  if (std::ranges::find(freemail, name) != freemail.end()) {
    judge.add(action, "gate.signed_domain", against_policy,
              "From is an address at " + name + ", whose owner lets nobody else send from it",
              "Write an address of your own domain in From, and the person's address in Reply-To");
  } else if (signing == Signing::missing) {
    judge.add(action, "gate.signed_domain", against_policy, "No DKIM key is configured for the From domain " + name,
              "Add a [[domain]] with a key for it (`ptarmigan dkim keygen " + name +
                  "`), or write an address of a domain that has one in From");
  }
}

}  // namespace

GateAction GateVerdict::action() const {
  return findings.empty() ? GateAction::off : findings.front().action;
}

smtp::Reply GateVerdict::refusal() const {
  smtp::Reply out(550, findings.front().status, "");
  out.lines.clear();
  for (const auto& finding : findings) {
    if (finding.action != GateAction::refuse) continue;
    out.lines.push_back(finding.why + " (" + finding.rule + ")");
    out.lines.push_back("Fix: " + finding.fix);
  }
  return out;
}

std::vector<std::string> GateVerdict::warnings() const {
  std::vector<std::string> out;
  for (const auto& finding : findings)
    out.push_back((finding.action == GateAction::hold ? "Held: " : "Warning: ") + finding.why + " (" + finding.rule +
                  "). Fix: " + finding.fix);
  return out;
}

GateVerdict judge_submission(const config::Gate& settings, const GateQuestion& question) {
  GateVerdict out;
  out.stream = stream_of_header(question.header);
  Judge judge(question.header);
  judge.ask(settings.one_author, "gate.one_author", "gmail.from", wrong_form);
  judge.ask(settings.single_fields, "gate.single_fields", "gmail.single-fields", wrong_form);
  // One that is missing is added.
  if (!judge.subject().header->message_ids.empty())
    judge.ask(settings.message_id, "gate.message_id", "gmail.message-id", wrong_form);
  if (!question.smtputf8 && !is_ascii(question.header.raw()))
    judge.add(settings.encoded_header, "gate.encoded_header", header_is_utf8,
              "The header holds octets beyond ASCII, and MAIL had no SMTPUTF8",
              "Encode them as RFC 2047 says (=?utf-8?...?=), or submit with SMTPUTF8");
  ask_for_signature(judge, settings.signed_domain, question.signing);
  if (out.stream == spool::Stream::bulk)
    judge.ask(settings.unsubscribe, "gate.unsubscribe", "gmail.bulk-unsubscribe", against_policy);
  out.findings = judge.take();
  return out;
}

}  // namespace ptarmigan::relay
