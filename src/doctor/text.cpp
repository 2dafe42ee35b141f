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
  void put(std::string_view raw, Tint tint) {
    // What is published may hold anything; a terminal must not obey it.
    std::string line(raw);
    std::ranges::replace_if(line, [](char c) { return static_cast<unsigned char>(c) < ' ' || c == 0x7F; }, '?');
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

std::string_view mark(State state, Effect effect) {
  switch (state) {
    case State::holds: return "ok     ";
    case State::unknown: return "unknown";
    case State::broken: break;
  }
  switch (effect) {
    case Effect::refuse: return "REFUSED";
    case Effect::defer: return "DEFERS ";
    case Effect::spam: return "spam   ";
    case Effect::advice: return "advice ";
  }
  return {};
}

Tint tint_of(State state, Effect effect) {
  if (state == State::holds) return Tint::good;
  if (state == State::unknown) return Tint::warn;
  return effect == Effect::refuse || effect == Effect::defer ? Tint::bad : Tint::warn;
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
    const std::string lead = std::string(mark(finding.verdict.state, finding.effect)) + " ";
    out.paragraph(6, std::string(finding.rule->id) + ": " + finding.verdict.why,
                  tint_of(finding.verdict.state, finding.effect), lead);
    for (const auto& evidence : finding.evidence)
      out.paragraph(14, evidence.question.text() + ": " + answer_text(evidence.answer), Tint::faint);
  }
}

/// Verdicts at a glance: a line for each receiver, a column for each own address.
void write_matrix(Writer& out, const Report& report) {
  constexpr std::size_t name_width = 26;
  const auto& receivers = report.setup.receivers;
  const std::size_t columns = report.deliveries.size() / receivers.size();
  // Deliveries stand by address, then receiver. Beyond three addresses the list below says it all.
  if (receivers.size() < 2 || columns == 0 || columns > 3) return;
  const std::size_t width = (text_columns - 2 - name_width) / columns;
  const auto padded = [](std::string text, std::size_t to) {
    text.resize(std::max(text.size() + 1, to), ' ');
    return text;
  };
  std::string head(name_width + 2, ' ');
  for (std::size_t column = 0; column < columns; ++column) {
    const auto address = report.deliveries[column * receivers.size()].subject.sending_address->text();
    head += column + 1 == columns ? address : padded(address, width);
  }
  out.blank();
  out.verbatim(0, head, Tint::strong);
  for (std::size_t row = 0; row < receivers.size(); ++row) {
    std::string line = "  " + padded(std::string(receivers[row]->name), name_width);
    auto worst = Forecast::accepted;
    for (std::size_t column = 0; column < columns; ++column) {
      const auto& delivery = report.deliveries[column * receivers.size() + row];
      std::string cell(to_string(delivery.forecast));
      if (delivery.forecast == Forecast::refused || delivery.forecast == Forecast::deferred) cell = to_upper(cell);
      if (delivery.words)
        cell += " " + std::to_string(delivery.words->code) +
                (delivery.words->enhanced ? " " + delivery.words->enhanced->text() : std::string());
      line += column + 1 == columns ? cell : padded(cell, width);
      if (delivery.forecast != Forecast::accepted && worst != Forecast::refused) worst = delivery.forecast;
    }
    out.verbatim(0, line, tint_of(worst));
  }
}

/// With many receivers: what is wrong with one address, each reason once, with those who act on it.
void write_reasons(Writer& out, const std::vector<const Delivery*>& deliveries, const TextOptions& options) {
  struct Reason {
    const Finding* finding;
    std::vector<std::string> who;
  };
  std::vector<Reason> reasons;
  for (const auto* delivery : deliveries) {
    if (delivery->receiver->id == "strict") continue;  // its rules are the others'
    for (const auto& finding : delivery->findings) {
      if (!matters(finding, options.detail)) continue;
      const auto same = std::ranges::find_if(reasons, [&](const Reason& reason) {
        return reason.finding->verdict == finding.verdict && reason.finding->effect == finding.effect;
      });
      auto who = std::string(finding.rule->id);
      if (delivery->because == finding.rule && delivery->words)
        who += " (" + std::to_string(delivery->words->code) +
               (delivery->words->enhanced ? " " + delivery->words->enhanced->text() : std::string()) + ")";
      if (same == reasons.end())
        reasons.push_back({&finding, {std::move(who)}});
      else
        same->who.push_back(std::move(who));
    }
  }
  std::ranges::stable_sort(reasons, {}, [](const Reason& reason) { return reason.finding->effect; });
  std::vector<Question> shown;  // one answer often decides several rules
  if (reasons.empty()) out.paragraph(4, "every requirement that can be judged from here holds", Tint::good);
  for (const auto& reason : reasons) {
    const auto& finding = *reason.finding;
    out.paragraph(4, finding.verdict.why, tint_of(finding.verdict.state, finding.effect),
                  std::string(mark(finding.verdict.state, finding.effect)) + " ");
    out.paragraph(12, join(reason.who, ", "), Tint::faint);
    for (const auto& evidence : finding.evidence) {
      if (std::ranges::find(shown, evidence.question) != shown.end()) continue;
      shown.push_back(evidence.question);
      out.paragraph(12, evidence.question.text() + ": " + answer_text(evidence.answer), Tint::faint);
    }
  }
}

/// The refusals as the receivers would write them.
void write_words(Writer& out, const std::vector<const Delivery*>& deliveries) {
  for (const auto* delivery : deliveries) {
    if (!delivery->words || delivery->receiver->id == "strict") continue;
    out.paragraph(4, std::string(delivery->receiver->name) + " would say:", Tint::faint);
    for (const auto part : split(delivery->words->wire(), '\n'))
      if (const auto reply = trim(part, "\r"); !reply.empty()) out.paragraph(6, reply, Tint::faint);
  }
}

void write_checks(Writer& out, const Report& report, const TextOptions& options) {
  if (report.checks.empty()) return;
  std::size_t good = 0;
  for (const auto& result : report.checks) good += result.verdict.state == State::holds ? 1U : 0U;
  out.blank();
  out.paragraph(0, "Checks: " + std::to_string(good) + " of " + std::to_string(report.checks.size()) + " in order",
                Tint::strong);
  for (const auto& result : report.checks) {
    if (options.detail == TextOptions::Detail::brief && result.verdict.state == State::holds) continue;
    const auto tint = tint_of(result.verdict.state, result.effect);
    out.paragraph(2, std::string(result.check->id) + ": " + result.verdict.why, tint,
                  std::string(mark(result.verdict.state, result.effect)) + " ");
    for (const auto& evidence : result.evidence)
      out.paragraph(10, evidence.question.text() + ": " + answer_text(evidence.answer), Tint::faint);
  }
}

/// What others answered, where it differs from what the verdict rests on: a change that caches have not seen yet.
void write_views(Writer& out, const Report& report) {
  if (report.views.empty()) return;
  out.blank();
  std::size_t agree = 0;
  for (const auto& view : report.views) agree += view.agrees() ? 1U : 0U;
  out.paragraph(0,
                "Asked elsewhere too: " + std::to_string(agree) + " of " + std::to_string(report.views.size()) +
                    " answers are the same",
                Tint::strong);
  for (const auto& view : report.views) {
    if (view.agrees()) continue;
    out.paragraph(2, view.question.text() + ": " + view.who + " says " + answer_text(view.answer), Tint::warn);
    std::string ours = "the verdict rests on " + answer_text(view.ours);
    if (view.ours.asked_at != WallTime{})
      ours += "; that is forgotten at " + rfc3339(view.ours.asked_at + seconds(view.ours.ttl));
    out.paragraph(4, ours, Tint::faint);
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
  out.paragraph(0, "Mail from " + report.setup.domain.text() + ": grade " + std::string(to_string(report.grade())),
                Tint::strong);
  write_matrix(out, report);
  const bool many = report.setup.receivers.size() > 2;
  const rulebook::Subject* shown = nullptr;
  std::vector<const Delivery*> of_address;
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
    if (!many) write_delivery(out, delivery, options);
    of_address.push_back(&delivery);
    if (many && of_address.size() == report.setup.receivers.size()) {
      write_reasons(out, of_address, options);
      write_words(out, of_address);
      of_address.clear();
    }
  }
  write_checks(out, report, options);
  write_views(out, report);
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
