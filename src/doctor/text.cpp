// doctor/text.cpp - text(): the report as a person reads it on a terminal.
#include "base/text.hpp"

#include <algorithm>
#include <array>

#include "doctor/render.hpp"

namespace ptarmigan::doctor {
namespace {

using rulebook::Effect;
using rulebook::State;

enum class Tint { none, good, bad, warn, faint, strong };

class Writer {
 public:
  explicit Writer(Colour colour) : colour_(colour) {}

  /// `words` broken at blanks to text_columns, each line indented; the first line begins with `lead`.
  void paragraph(std::size_t indent, std::string_view words, Tint tint = Tint::none, std::string_view lead = {}) {
    const std::size_t hang = indent + lead.size();
    std::string line = std::string(indent, ' ') + std::string(lead);
    bool fresh = true;
    for (const auto word : split(words, ' ')) {
      if (!fresh && line.size() + 1 + word.size() > text_columns) {
        put(line, tint);
        line = std::string(hang, ' ');
        fresh = true;
      }
      if (!fresh) line += ' ';
      line += word;
      fresh = false;
    }
    put(line, tint);
  }
  /// One line as it is.
  void verbatim(std::size_t indent, std::string_view line, Tint tint = Tint::none) {
    put(std::string(indent, ' ') + std::string(line), tint);
  }
  void blank() { out_ += '\n'; }
  [[nodiscard]] std::string take() && { return std::move(out_); }

 private:
  void put(std::string_view line, Tint tint) {
    const auto code = escape(tint);
    if (code.empty()) {
      out_ += line;
    } else {
      out_ += code;
      out_ += line;
      out_ += "\x1b[0m";
    }
    out_ += '\n';
  }
  [[nodiscard]] std::string_view escape(Tint tint) const {
    if (colour_ == Colour::off) return {};
    switch (tint) {
      case Tint::none: return {};
      case Tint::good: return "\x1b[32m";
      case Tint::bad: return "\x1b[31m";
      case Tint::warn: return "\x1b[33m";
      case Tint::faint: return "\x1b[2m";
      case Tint::strong: return "\x1b[1m";
    }
    return {};
  }
  Colour colour_;
  std::string out_;
};

Tint tint_of(Forecast forecast) {
  switch (forecast) {
    case Forecast::accepted: return Tint::good;
    case Forecast::spam:
    case Forecast::unknown: return Tint::warn;
    case Forecast::deferred:
    case Forecast::refused: return Tint::bad;
  }
  return Tint::none;
}

std::string_view words_of(Forecast forecast) {
  switch (forecast) {
    case Forecast::accepted: return "would be accepted";
    case Forecast::spam: return "would be accepted, but marked down";
    case Forecast::deferred: return "would be DEFERRED (refused for now)";
    case Forecast::refused: return "would be REFUSED";
    case Forecast::unknown: return "cannot be decided";
  }
  return {};
}

std::string_view mark(const Finding& finding) {
  switch (finding.verdict.state) {
    case State::holds: return "ok     ";
    case State::unknown: return "unknown";
    case State::broken: break;
  }
  switch (finding.effect) {
    case Effect::refuse: return "REFUSED";
    case Effect::defer: return "DEFERS ";
    case Effect::spam: return "spam   ";
    case Effect::advice: return "advice ";
  }
  return {};
}

Tint tint_of(const Finding& finding) {
  if (finding.verdict.state == State::holds) return Tint::good;
  if (finding.verdict.state == State::unknown) return Tint::warn;
  return finding.effect == Effect::refuse || finding.effect == Effect::defer ? Tint::bad : Tint::warn;
}

std::string answer_text(const Answer& answer) {
  std::string out;
  if (answer.found()) {
    for (const auto& record : answer.records) out += (out.empty() ? "" : ", ") + dns::data_text(record.data);
  } else {
    out = std::string(to_string(answer.status));
    if (!answer.detail.empty()) out += " (" + answer.detail + ")";
  }
  std::string origin = "TTL " + std::to_string(answer.ttl) + " s";
  if (!answer.source.empty()) origin += ", " + answer.source;
  if (answer.dnssec != Dnssec::insecure) origin += ", DNSSEC " + std::string(to_string(answer.dnssec));
  return out + "  [" + origin + "]";
}

bool matters(const Finding& finding, TextOptions::Detail detail) {
  return detail == TextOptions::Detail::full || finding.verdict.state != State::holds;
}

void write_delivery(Writer& out, const Delivery& delivery, const TextOptions& options) {
  std::string line(delivery.receiver->name);
  line += ": " + std::string(words_of(delivery.forecast));
  if (delivery.words)
    line += delivery.because->stage == rulebook::Stage::end_of_data
                ? " after DATA:"
                : " at " + to_upper(to_string(delivery.because->stage)) + ":";
  out.paragraph(4, line, tint_of(delivery.forecast));
  if (delivery.receiver->rules.empty()) out.paragraph(6, "This receiver's rules are not in the rulebook yet");
  if (delivery.words)
    for (const auto part : split(delivery.words->wire(), '\n'))
      if (const auto reply = trim(part, "\r"); !reply.empty()) out.verbatim(8, reply, Tint::faint);
  for (const auto& finding : delivery.findings) {
    if (!matters(finding, options.detail)) continue;
    const std::string lead = std::string(mark(finding)) + " ";
    out.paragraph(6, std::string(finding.rule->id) + ": " + finding.verdict.why, tint_of(finding), lead);
    for (const auto& evidence : finding.evidence)
      out.paragraph(14, evidence.question.text() + ": " + answer_text(evidence.answer), Tint::faint);
  }
}

std::string advice_mark(Effect effect) {
  return effect == Effect::advice ? " (advice)" : "";
}

void write_repair(Writer& out, std::size_t number, const Repair& repair) {
  const auto lead = std::to_string(number) + ". ";
  const std::string verb = repair.action == rulebook::Fix::Action::replace ? "Replace: " : "Publish: ";
  out.paragraph(2, verb + repair.reason + advice_mark(repair.effect), Tint::strong, lead);
  out.verbatim(6, dns::zone_line(repair.record));
  if (repair.zone)
    out.paragraph(6, "in the zone " + repair.zone->absolute() + " as " + repair.relative_owner, Tint::faint);
  std::string when;
  if (repair.effective_at)
    when = "seen by everyone from " + rfc3339(*repair.effective_at) +
           " if published now (caches keep the old answer for " + human(seconds(repair.cached_for)) + ")";
  else if (repair.cached_for > 0)
    when = "caches keep the old answer for up to " + human(seconds(repair.cached_for));
  if (!when.empty()) out.paragraph(6, when, Tint::faint);
  out.paragraph(6, "repairs " + join(repair.rules, ", "), Tint::faint);
}

void write_sources(Writer& out, const Report& report, const TextOptions& options) {
  std::string_view newest;
  std::vector<std::string> stale;
  for (const auto* receiver : report.setup.receivers) {
    for (const auto& rule : receiver->rules) {
      newest = std::max(newest, rule.source.date);
      if (!options.now || !rulebook::is_stale(rule.source, *options.now)) continue;
      auto name = std::string(rule.source.title) + " (" + std::string(rule.source.date) + ")";
      if (std::ranges::find(stale, name) == stale.end()) stale.push_back(std::move(name));
    }
  }
  if (!newest.empty()) out.paragraph(0, "Rules as of " + std::string(newest) + ".", Tint::faint);
  if (!stale.empty())
    out.paragraph(0, "Older than six months, to be read again: " + join(stale, "; ") + ".", Tint::warn);
}

}  // namespace

std::string text(const Report& report, const TextOptions& options) {
  Writer out(options.colour);
  out.paragraph(0, "Mail from " + report.setup.domain.text(), Tint::strong);
  const rulebook::Subject* shown = nullptr;
  for (const auto& delivery : report.deliveries) {
    if (shown == nullptr || shown->sending_address != delivery.subject.sending_address) {
      shown = &delivery.subject;
      out.blank();
      const auto& address = *shown->sending_address;
      out.paragraph(2,
                    "from " + address.text() + " (" + std::string(to_string(address.family())) + ")" +
                        (shown->ehlo_name ? " as " + *shown->ehlo_name : ", EHLO name not known"),
                    Tint::strong);
    }
    write_delivery(out, delivery, options);
  }
  if (!report.repairs.empty() || !report.changes.empty()) {
    out.blank();
    out.paragraph(0, "To repair, in this order", Tint::strong);
    std::size_t number = 0;
    for (const auto& repair : report.repairs) write_repair(out, ++number, repair);
    for (const auto& change : report.changes)
      out.paragraph(2, change.text + advice_mark(change.effect), Tint::none, std::to_string(++number) + ". ");
  }
  out.blank();
  if (!report.unseen.empty()) {
    std::vector<std::string> ids;
    for (const auto* rule : report.unseen) ids.emplace_back(rule->id);
    out.paragraph(0, "Known to the receiver only: " + join(ids, ", ") + ".", Tint::faint);
    for (const auto* receiver : report.setup.receivers)
      if (!receiver->own_figures.empty())
        out.paragraph(0, std::string(receiver->name) + "'s own figures: " + std::string(receiver->own_figures),
                      Tint::faint);
  }
  write_sources(out, report, options);
  return std::move(out).take();
}

}  // namespace ptarmigan::doctor
