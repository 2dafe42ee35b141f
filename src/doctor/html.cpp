// doctor/html.cpp - html(): the report as one page. Everything that comes from outside goes through escaped().
#include <algorithm>

#include "base/text.hpp"
#include "doctor/render.hpp"

namespace ptarmigan::doctor {
namespace {

using rulebook::Effect;
using rulebook::State;

constexpr std::string_view style = R"css(
:root{color-scheme:light dark;--bg:#fff;--fg:#1b1f24;--soft:#57606a;--line:#d0d7de;--panel:#f6f8fa;
--good:#116329;--good-bg:#dafbe1;--warn:#6b4600;--warn-bg:#fff3c4;--bad:#8c1c13;--bad-bg:#ffe3df;--link:#0550ae}
@media (prefers-color-scheme:dark){:root{--bg:#0d1117;--fg:#e6edf3;--soft:#a3adb8;--line:#3d444d;--panel:#161b22;
--good:#7ee787;--good-bg:#12351f;--warn:#f2cc60;--warn-bg:#3b2e07;--bad:#ffa198;--bad-bg:#4a1512;--link:#79c0ff}}
*{box-sizing:border-box}
body{margin:0;background:var(--bg);color:var(--fg);font:1rem/1.5 system-ui,sans-serif}
main{max-width:62rem;margin:0 auto;padding:1.25rem}
h1{font-size:1.6rem;margin:0 0 .25rem;overflow-wrap:anywhere}h2{font-size:1.2rem;margin:2rem 0 .5rem}
p{margin:.25rem 0}a{color:var(--link)}.soft{color:var(--soft);font-size:.9rem}
.head{display:flex;gap:1rem;align-items:center}
.grade{font-size:2.4rem;font-weight:700;line-height:1;min-width:4rem;text-align:center;padding:.75rem .5rem;border-radius:.5rem}
.grade .word{display:block;font-size:.9rem;font-weight:400}.scroll{overflow-x:auto}table{border-collapse:collapse;width:100%}
caption{text-align:left;color:var(--soft);padding-bottom:.4rem}
th,td{border:1px solid var(--line);padding:.4rem .6rem;text-align:left;vertical-align:top;overflow-wrap:anywhere}
thead th{background:var(--panel)}
.good{background:var(--good-bg);color:var(--good)}.warn{background:var(--warn-bg);color:var(--warn)}
.bad{background:var(--bad-bg);color:var(--bad)}
.tag{display:inline-block;border-radius:.3rem;padding:0 .45rem;font-size:.85rem;font-weight:600}
pre,code{font:.85rem/1.45 ui-monospace,monospace}
pre{white-space:pre-wrap;overflow-wrap:anywhere;background:var(--panel);border:1px solid var(--line);border-radius:.4rem;padding:.6rem;margin:.4rem 0}
section.item,details{border:1px solid var(--line);border-radius:.5rem;padding:.6rem .8rem;margin:.6rem 0}
section.item h3{font-size:1rem;margin:0 0 .25rem;overflow-wrap:anywhere}
summary{cursor:pointer;font-weight:600}select,button{font:inherit;padding:.4rem .6rem}ol{padding-left:1.4rem}ol>li{margin:.8rem 0}
@media (max-width:34rem){main{padding:.8rem}th,td{padding:.3rem .4rem;font-size:.9rem}.grade{min-width:3.2rem}}
@media print{:root{color-scheme:light;--bg:#fff;--fg:#000;--soft:#444;--line:#999;--panel:#fff}main{max-width:none;padding:0}
section.item,tr,li{break-inside:avoid}h2{break-after:avoid}.good,.warn,.bad{print-color-adjust:exact;-webkit-print-color-adjust:exact}}
)css";

std::string escaped(std::string_view text) {
  std::string out;
  for (const char c : text) {
    switch (c) {
      case '&': out += "&amp;"; break;
      case '<': out += "&lt;"; break;
      case '>': out += "&gt;"; break;
      case '"': out += "&quot;"; break;
      case '\'': out += "&#39;"; break;
      default:
        if (static_cast<unsigned char>(c) >= 0x20 || c == '\n') out += c;
    }
  }
  return out;
}

std::string element(std::string_view name, std::string_view text, std::string_view of_class = {}) {
  std::string out = "<" + std::string(name);
  if (!of_class.empty()) out += " class=\"" + std::string(of_class) + "\"";
  return out + ">" + escaped(text) + "</" + std::string(name) + ">";
}

std::string_view class_of(Forecast forecast) {
  switch (forecast) {
    case Forecast::accepted: return "good";
    case Forecast::spam:
    case Forecast::unknown: return "warn";
    case Forecast::deferred:
    case Forecast::refused: return "bad";
  }
  return {};
}

std::string_view class_of(State state, Effect effect) {
  if (state == State::holds) return "good";
  if (state == State::unknown) return "warn";
  return effect == Effect::refuse || effect == Effect::defer ? "bad" : "warn";
}

std::string_view word_of(State state, Effect effect) {
  if (state == State::holds) return "in order";
  if (state == State::unknown) return "unknown";
  switch (effect) {
    case Effect::refuse: return "refused";
    case Effect::defer: return "deferred";
    case Effect::spam: return "spam";
    case Effect::advice: return "advice";
  }
  return {};
}

std::string_view class_of(Grade grade) {
  switch (grade) {
    case Grade::a:
    case Grade::b: return "good";
    case Grade::c:
    case Grade::undecided: return "warn";
    case Grade::d:
    case Grade::e:
    case Grade::f: return "bad";
  }
  return {};
}

std::string_view meaning(Grade grade) {
  switch (grade) {
    case Grade::a: return "Every receiver accepts mail from every address, and there is nothing to improve.";
    case Grade::b: return "Every receiver accepts mail from every address. Some things can be better.";
    case Grade::c: return "Mail is accepted, and somewhere marked as spam.";
    case Grade::d: return "Mail from some addresses is refused or deferred; every receiver takes it from another.";
    case Grade::e: return "Some receivers take no mail from any address.";
    case Grade::f: return "No receiver takes mail from here.";
    case Grade::undecided: return "It cannot be decided: some answers did not come.";
  }
  return {};
}

std::string evidence_html(const std::vector<Evidence>& evidence) {
  std::string out;
  for (const auto& item : evidence) {
    const auto& answer = item.answer;
    std::string line = item.question.text() + ": ";
    std::string data;
    for (const auto& record : answer.records) data += (data.empty() ? "" : "\n  ") + dns::data_text(record.data);
    line += answer.found() ? data : std::string(to_string(answer.status));
    if (!answer.detail.empty()) line += " (" + answer.detail + ")";
    line += "\n  [TTL " + std::to_string(answer.ttl) + " s" + (answer.source.empty() ? "" : ", " + answer.source);
    if (answer.dnssec != Dnssec::insecure) line += ", DNSSEC " + std::string(to_string(answer.dnssec));
    if (answer.asked_at != WallTime{}) line += ", " + rfc3339(answer.asked_at);
    out += element("pre", line + "]");
  }
  return out;
}

std::string source_html(const rulebook::Source& source) {
  return "<p class=\"soft\">Source: <a href=\"" + escaped(source.url) + "\">" + escaped(source.title) + "</a>, " +
         escaped(source.date) + " (" + escaped(rulebook::to_string(source.confidence)) + ")</p>";
}

std::string tag(State state, Effect effect) {
  return element("span", word_of(state, effect), "tag " + std::string(class_of(state, effect))) + " ";
}

std::string matrix(const Report& report) {
  const auto& receivers = report.setup.receivers;
  if (receivers.empty()) return {};
  const std::size_t columns = report.deliveries.size() / receivers.size();
  std::string out =
      "<h2>Verdicts</h2><div class=\"scroll\" role=\"region\" aria-label=\"Verdicts\" "
      "tabindex=\"0\"><table><caption>Each receiver, and each "
      "address that mail leaves from</caption><thead><tr><th scope=\"col\">Receiver</th>";
  for (std::size_t column = 0; column < columns; ++column) {
    const auto& address = *report.deliveries[column * receivers.size()].subject.sending_address;
    out += "<th scope=\"col\">" + escaped(address.text()) + " <span class=\"soft\">" +
           escaped(to_string(address.family())) + "</span></th>";
  }
  out += "</tr></thead><tbody>";
  for (std::size_t row = 0; row < receivers.size(); ++row) {
    out += "<tr><th scope=\"row\">" + escaped(receivers[row]->name) + "</th>";
    for (std::size_t column = 0; column < columns; ++column) {
      const auto& delivery = report.deliveries[column * receivers.size() + row];
      std::string cell(to_string(delivery.forecast));
      if (delivery.words)
        cell += " " + std::to_string(delivery.words->code) +
                (delivery.words->enhanced ? " " + delivery.words->enhanced->text() : std::string());
      out += element("td", cell, class_of(delivery.forecast));
    }
    out += "</tr>";
  }
  return out + "</tbody></table></div>";
}

std::string repairs_html(const Report& report) {
  if (report.repairs.empty() && report.changes.empty()) return {};
  std::string out = "<h2>To repair, in this order</h2><ol>";
  for (const auto& repair : report.repairs) {
    const std::string verb = repair.action == rulebook::Fix::Action::replace ? "Replace: " : "Publish: ";
    out += "<li><strong>" + escaped(verb + repair.reason) + "</strong>" + element("pre", dns::zone_line(repair.record));
    std::string more;
    if (repair.zone) more += "In the zone " + repair.zone->absolute() + " as " + repair.relative_owner + ". ";
    if (repair.effective_at)
      more += "Seen by everyone from " + rfc3339(*repair.effective_at) + " if published now. ";
    else if (repair.cached_for > 0)
      more += "Caches keep the old answer for up to " + human(seconds(repair.cached_for)) + ". ";
    out += element("p", more + "Repairs " + join(repair.rules, ", ") + ".", "soft") + "</li>";
  }
  for (const auto& change : report.changes)
    out += "<li>" + escaped(change.text) +
           (change.effect == Effect::advice ? " <span class=\"soft\">(advice)</span>" : "") + "</li>";
  return out + "</ol>";
}

std::string refusals_html(const Report& report) {
  std::string out;
  for (const auto& delivery : report.deliveries) {
    if (delivery.forecast == Forecast::accepted || delivery.receiver->id == "strict") continue;
    out += "<section class=\"item\"><h3>" +
           element("span", to_string(delivery.forecast), "tag " + std::string(class_of(delivery.forecast))) + " " +
           escaped(std::string(delivery.receiver->name) + ", from " + delivery.subject.sending_address->text()) +
           "</h3>";
    if (delivery.words) {
      std::string words;
      for (const char c : delivery.words->wire())
        if (c != '\r') words += c;
      out += element("pre", trim(std::string_view(words)));
    }
    for (const auto& finding : delivery.findings) {
      if (finding.verdict.state == State::holds) continue;
      out += "<p>" + tag(finding.verdict.state, finding.effect) + "<code>" + escaped(finding.rule->id) + "</code> " +
             escaped(finding.verdict.why) + "</p>" + evidence_html(finding.evidence) +
             source_html(finding.rule->source);
    }
    out += "</section>";
  }
  return out.empty() ? out : "<h2>What goes wrong</h2>" + out;
}

std::string checks_html(const Report& report) {
  if (report.checks.empty()) return {};
  std::string open;
  std::string good;
  std::size_t count = 0;
  for (const auto& result : report.checks) {
    const std::string title =
        std::string(result.check->title) + (result.address ? " (" + result.address->text() + ")" : "");
    std::string body = "<p><code>" + escaped(result.check->id) + "</code> " + escaped(result.verdict.why) + "</p>";
    if (!result.remedy.empty()) body += element("p", "To mend it: " + result.remedy);
    if (!result.check->receivers.empty() && result.verdict.state != State::holds)
      body += element("p", "Matters to: " + std::string(result.check->receivers), "soft");
    body += evidence_html(result.evidence) + source_html(result.check->source);
    if (result.verdict.state == State::holds) {
      ++count;
      good += "<section class=\"item\"><h3>" + escaped(title) + "</h3>" + body + "</section>";
    } else {
      open += "<section class=\"item\"><h3>" + tag(result.verdict.state, result.effect) + escaped(title) + "</h3>" +
              body + "</section>";
    }
  }
  std::string out = "<h2>Checks</h2>" + (open.empty() ? element("p", "Every check is in order.") : open);
  return out + "<details><summary>" + std::to_string(count) + " checks in order</summary>" + good + "</details>";
}

std::string views_html(const Report& report) {
  std::string out;
  for (const auto& view : report.views) {
    if (view.agrees()) continue;
    out += "<section class=\"item\"><h3>" + escaped(view.question.text() + ": " + view.who + " answers otherwise") +
           "</h3>" + evidence_html({{view.question, view.answer}, {view.question, view.ours}}) + "</section>";
  }
  return out.empty() ? out : "<h2>Not the same everywhere</h2>" + out;
}

}  // namespace

std::string sections_html(const std::vector<PageSection>& sections) {
  std::string out;
  for (const auto& section : sections) {
    out += element("h2", section.heading);
    if (!section.lines.empty()) out += "<ul>";
    for (const auto& line : section.lines) out += element("li", line);
    if (!section.lines.empty()) out += "</ul>";
    if (!section.verbatim.empty()) out += element("pre", section.verbatim);
  }
  return out;
}

std::string page(std::string_view title, std::string_view body, Refresh refresh) {
  std::string out =
      "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" "
      "content=\"width=device-width, initial-scale=1\"><meta http-equiv=\"Content-Security-Policy\" "
      "content=\"default-src 'none'; style-src 'unsafe-inline'; form-action 'self'\">";
  if (refresh == Refresh::soon) out += "<meta http-equiv=\"refresh\" content=\"5\">";
  return out + "<title>" + escaped(title) + "</title><style>" + std::string(style) + "</style></head><body><main>" +
         std::string(body) + "</main></body></html>\n";
}

std::string html(const Report& report, const std::optional<WallTime>& made_at, const std::vector<PageSection>& more) {
  const auto domain = report.setup.domain.text();
  const auto grade = report.grade();
  std::string body = "<div class=\"head\"><div class=\"grade " + std::string(class_of(grade)) +
                     "\"><span class=\"word\">grade</span>" + escaped(to_string(grade)) + "</div><div>" +
                     element("h1", "Mail from " + domain) + element("p", meaning(grade));
  if (made_at) body += element("p", "Checked at " + rfc3339(*made_at) + " by ptarmigan.", "soft");
  body += "</div></div>" + matrix(report) + sections_html(more) + repairs_html(report) + refusals_html(report) +
          checks_html(report) + views_html(report);
  std::vector<std::string> unseen;
  for (const auto* rule : report.unseen) unseen.emplace_back(rule->id);
  if (!unseen.empty()) body += "<h2>Known to the receivers only</h2>" + element("p", join(unseen, ", "), "soft");
  return page("Mail from " + domain, body, Refresh::none);
}

}  // namespace ptarmigan::doctor
