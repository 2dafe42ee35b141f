// lint/lint.cpp - examine(): kinds, the order of findings, edits.
#include "lint/lint.hpp"

#include <algorithm>
#include <array>
#include <tuple>

#include <re2/re2.h>

#include "base/text.hpp"
#include "lint/source.hpp"

namespace ptarmigan::lint {
namespace {

constexpr std::array kinds{std::pair{Kind::zone, std::string_view("zone")},
                           std::pair{Kind::spf, std::string_view("spf")},
                           std::pair{Kind::dkim, std::string_view("dkim")},
                           std::pair{Kind::dmarc, std::string_view("dmarc")},
                           std::pair{Kind::main_cf, std::string_view("main.cf")},
                           std::pair{Kind::master_cf, std::string_view("master.cf")},
                           std::pair{Kind::transport, std::string_view("transport")},
                           std::pair{Kind::exim, std::string_view("exim")},
                           std::pair{Kind::document, std::string_view("document")}};

void check(const Input& input, std::string_view text, Kind kind, const Context& context, Reporter& out) {
  switch (kind) {
    case Kind::zone: return check_zone(text, input.origin, context, out);
    case Kind::spf: return check_spf(trim(text), context, out);
    case Kind::dkim: return check_dkim(trim(text), context, out);
    case Kind::dmarc: return check_dmarc(trim(text), out);
    case Kind::main_cf: return check_main_cf(text, context, out);
    case Kind::master_cf: return check_master_cf(text, context, out);
    case Kind::transport: return check_transport(text, out);
    case Kind::exim: return check_exim(text, context, out);
    case Kind::document: return check_document(input, context, out);
  }
}

/// The line that holds `offset`, without its end.
std::string_view line_at(std::string_view text, std::size_t offset) {
  const auto before = offset == 0 ? std::string_view::npos : text.rfind('\n', offset - 1);
  const auto begin = before == std::string_view::npos ? 0 : before + 1;
  auto end = text.find('\n', offset);
  if (end == std::string_view::npos) end = text.size();
  return text.substr(begin, end - begin);
}

}  // namespace

std::string_view to_string(Kind kind) {
  return std::ranges::find(kinds, kind, &decltype(kinds)::value_type::first)->second;
}

std::optional<Kind> parse_kind(std::string_view text) {
  const auto at = std::ranges::find(kinds, text, &decltype(kinds)::value_type::second);
  if (at == kinds.end()) return std::nullopt;
  return at->first;
}

std::string_view to_string(Severity severity) {
  switch (severity) {
    case Severity::error: return "error";
    case Severity::warning: return "warning";
    case Severity::advice: return "advice";
  }
  return {};
}

Kind guess_kind(std::string_view name, std::string_view text) {
  const auto base = name.substr(name.rfind('/') + 1);
  if (base == "main.cf") return Kind::main_cf;
  if (base == "master.cf") return Kind::master_cf;
  if (base == "transport") return Kind::transport;
  if (base.starts_with("exim") && !iends_with(base, ".md")) return Kind::exim;
  if (iends_with(base, ".zone") || istarts_with(base, "db.")) return Kind::zone;
  if (iends_with(base, ".md") || iends_with(base, ".html")) return Kind::document;
  const auto bare = trim(text, " \t\r\n\"");
  if (!bare.contains('\n')) {
    if (istarts_with(bare, "v=spf1")) return Kind::spf;
    if (istarts_with(bare, "v=DMARC1")) return Kind::dmarc;
    if (istarts_with(bare, "v=DKIM1")) return Kind::dkim;
  }
  static const RE2 zone(
      R"((?im)^\s*(\$ORIGIN\b|\$TTL\b|([^\s#;]+\s+)?(\d+\w?\s+)?(IN\s+)?(SOA|PTR|TXT|MX|AAAA|NS|SPF)\s+\S))");
  static const RE2 exim(R"((?m)^\s*(begin\s+(acl|routers|transports|retry|rewrite|authenticators)\b|)"
                        R"(\.(ifdef|ifndef|include)\b|disable_ipv6\b|dns_ipv4_lookup\b|primary_hostname\s*=|)"
                        R"(driver\s*=\s*(smtp|dnslookup|manualroute)))");
  static const RE2 master(R"((?m)^\S+\s+(inet|unix|fifo|pass)\s+[yn-]\s+[yn-]\s+[yn-]\s+\S+\s+\S+\s+\S)");
  static const RE2 main(R"((?m)^(inet_protocols|inet_interfaces|relayhost|myhostname|mydestination|smtpd?_\w+|)"
                        R"(transport_maps|compatibility_level)\s*=)");
  static const RE2 fence("(?m)^\\s*(```|~~~)|^#+ \\w");
  static const RE2 transport(R"((?m)^[\w.-]+\s+(smtp\w*|relay|:|discard|error):)");
  if (RE2::PartialMatch(text, fence) && text.contains("```")) return Kind::document;
  if (RE2::PartialMatch(text, exim)) return Kind::exim;
  if (RE2::PartialMatch(text, master)) return Kind::master_cf;
  if (RE2::PartialMatch(text, main)) return Kind::main_cf;
  if (RE2::PartialMatch(text, transport)) return Kind::transport;
  if (RE2::PartialMatch(text, zone)) return Kind::zone;
  return Kind::document;
}

std::vector<std::string_view> lines_of(std::string_view text) {
  auto out = split(text, '\n');
  if (!out.empty() && out.back().empty()) out.pop_back();
  for (auto& line : out)
    if (line.ends_with('\r')) line.remove_suffix(1);
  return out;
}

void Reporter::add(std::string_view id, Severity severity, std::string_view at, std::string what, std::string remedy) {
  add(id, severity, at, std::move(what), std::move(remedy), {}, {});
}

void Reporter::add(std::string_view id, Severity severity, std::string_view at, std::string what, std::string remedy,
                   std::string_view replaced, std::string replacement) {
  if (findings_.size() >= max_findings) return;
  Finding finding;
  finding.rule = &rule(id);
  finding.severity = severity;
  finding.file = file_;
  finding.offset = static_cast<std::size_t>(at.data() - text_.data());
  const auto before = text_.substr(0, finding.offset);
  finding.line = 1 + static_cast<std::size_t>(std::ranges::count(before, '\n'));
  finding.column = 1 + finding.offset - (before.rfind('\n') + 1);
  finding.what = std::move(what);
  finding.remedy = remedy.empty() ? std::string(finding.rule->remedy) : std::move(remedy);
  finding.before = trim(line_at(text_, finding.offset), "\r");
  if (replaced.data() != nullptr) {
    const auto offset = static_cast<std::size_t>(replaced.data() - text_.data());
    finding.edit = Edit{offset, replaced.size(), std::move(replacement)};
    const auto first = line_at(text_, offset);
    const auto begin = static_cast<std::size_t>(first.data() - text_.data());
    const auto end = offset + replaced.size();
    const auto last = line_at(text_, end);
    const auto stop = static_cast<std::size_t>(last.data() - text_.data()) + last.size();
    finding.after = std::string(text_.substr(begin, offset - begin)) + finding.edit->text +
                    std::string(text_.substr(end, stop > end ? stop - end : 0));
    finding.after = trim(finding.after, "\r\n");
  }
  const auto same = [&](const Finding& other) {
    return other.rule == finding.rule && other.file == file_ && other.offset == finding.offset &&
           other.what == finding.what;
  };
  if (std::ranges::none_of(findings_, same)) findings_.push_back(std::move(finding));
}

std::vector<Finding> examine(const std::vector<Input>& inputs, const Options& options) {
  World world;
  for (const auto& input : inputs)
    if (input.text.size() <= max_octets) observe(input, world);
  std::vector<Finding> out;
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    if (inputs[i].text.size() > max_octets) continue;
    Reporter reporter(inputs[i], i, out);
    check(inputs[i], inputs[i].text, inputs[i].kind, {options, world, false}, reporter);
  }
  std::ranges::sort(
      out, {}, [](const Finding& f) { return std::tuple(f.file, f.offset, f.rule->id, std::string_view(f.what)); });
  return out;
}

std::string corrected(std::string_view text, std::span<const Finding> findings, std::size_t file) {
  std::vector<Edit> edits;
  for (const auto& finding : findings) {
    if (finding.file != file || !finding.edit) continue;
    const auto& edit = *finding.edit;
    const auto overlaps = [&](const Edit& other) {
      return edit.offset < other.offset + other.length && other.offset < edit.offset + edit.length;
    };
    if (edit.offset > text.size() || edit.length > text.size() - edit.offset) continue;
    if (std::ranges::none_of(edits, overlaps) && std::ranges::find(edits, edit) == edits.end()) edits.push_back(edit);
  }
  std::ranges::sort(edits, {}, [](const Edit& e) { return std::pair(e.offset, e.length); });
  std::string out;
  std::size_t at = 0;
  for (const auto& edit : edits) {
    out += text.substr(at, edit.offset - at);
    out += edit.text;
    at = edit.offset + edit.length;
  }
  return out + std::string(text.substr(at));
}

}  // namespace ptarmigan::lint
