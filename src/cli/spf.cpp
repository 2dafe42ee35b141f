// cli/spf.cpp - `ptarmigan spf`: may this address send for this domain (RFC 7208), step by step, and what is wrong with
// the policy whoever sends.
#include <memory>

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "auth/json.hpp"
#include "auth/spf/check_host.hpp"
#include "auth/spf/lint.hpp"
#include "base/text.hpp"
#include "cli/commands.hpp"
#include "cli/judge.hpp"
#include "cli/message_file.hpp"
#include "cli/run.hpp"
#include "cli/terminal.hpp"

namespace ptarmigan::cli {
namespace {

using Json = nlohmann::ordered_json;

constexpr unsigned max_time_limit = 600;

struct Options {
  DnsOptions dns;
  std::string domain;
  std::string ip;
  std::string helo;
  std::string sender;
  std::string identity = "mailfrom";
  std::string receiver = "unknown";
  std::optional<std::uint64_t> at;
  unsigned time_limit = static_cast<unsigned>(spf::Limits().max_time.count());
  bool trace = false;
  bool lint = false;
  bool json = false;
};

struct Judged {
  std::optional<spf::Result> result;
  std::optional<spf::LintReport> lint;
};

bool same_domain(std::string_view a, std::string_view b) {
  const auto one = dns::DomainName::from_unicode(a);
  const auto two = dns::DomainName::from_unicode(b);
  return one && two ? *one == *two : iequals(a, b);
}

/// check_host(ip, DOMAIN, sender): the identity is DOMAIN's.
Result<spf::Query> query_of(const Options& options) {
  const auto client = IpAddress::parse(options.ip);
  if (!client) return failure("--ip: " + client.error().message, "write it like 192.0.2.1 or 2001:db8::1");
  spf::Query query{.client = *client,
                   .helo = options.helo.empty() ? options.domain : options.helo,
                   .mail_from = options.sender,
                   .receiver = options.receiver,
                   .now = moment_of(options.at),
                   .limits = {.max_time = seconds(options.time_limit)},
                   .trace = options.trace ? spf::Trace::on : spf::Trace::off};
  if (options.identity == "helo") {
    query.identity = spf::Identity::helo;
    query.helo = options.domain;
    return query;
  }
  const auto at = options.sender.rfind('@');
  const auto domain = at == std::string::npos ? options.sender : options.sender.substr(at + 1);
  if (options.sender.empty()) {
    // postmaster@HELO where DOMAIN is the HELO name, else postmaster@DOMAIN.
    if (!same_domain(query.helo, options.domain)) query.mail_from = options.domain;
  } else if (!same_domain(domain, options.domain)) {
    return failure("--sender is not in " + displayable(options.domain),
                   "give the domain of the reverse-path as DOMAIN, or leave --sender out");
  }
  return query;
}

std::string trace_text(const std::vector<spf::Step>& trace, Colour colour) {
  std::string out;
  for (const auto& step : trace) {
    out += std::string(2 + std::size_t{2} * step.depth, ' ');
    out += step.term.empty() ? displayable(step.domain) : displayable(step.term);
    if (!step.term.empty()) out += "  " + painted(colour, Tint::faint, spf::to_string(step.outcome));
    if (!step.detail.empty()) out += "  " + displayable(step.detail);
    out += painted(colour, Tint::faint,
                   "  [" + std::to_string(step.terms) + " look-ups, " + std::to_string(step.voids) + " void]") +
           "\n";
  }
  return out;
}

std::string text_of(const spf::Result& result, Colour colour) {
  const bool pass = result.outcome == spf::Outcome::pass;
  std::string out = painted(colour, pass ? Tint::good : Tint::bad, spf::to_string(result.outcome)) + "  " +
                    displayable(result.sender);
  if (!result.mechanism.empty()) out += ", by " + displayable(result.mechanism) + " of " + result.record_domain.text();
  if (!result.problem.empty()) out += ": " + displayable(result.problem);
  out += "\n" + trace_text(result.trace, colour);
  if (!result.explanation.empty()) out += "explanation of the domain: " + displayable(result.explanation) + "\n";
  return out + std::to_string(result.terms) + " look-ups of 10, " + std::to_string(result.voids) + " void of 2\n";
}

std::string text_of(const spf::LintReport& report, Colour colour) {
  std::string out = "record: " + (report.record.empty() ? "none" : displayable(report.record)) + "\n";
  out += "look-ups when nothing matches: " + std::to_string(report.terms) + " of 10, void " +
         std::to_string(report.voids) + " of 2\n";
  for (const auto& finding : report.findings) {
    const auto tint = finding.severity == spf::Severity::advice ? Tint::faint : Tint::warn;
    out +=
        painted(colour, finding.severity == spf::Severity::error ? Tint::bad : tint, spf::to_string(finding.severity)) +
        "  " + finding.domain.text() + (finding.term.empty() ? "" : " " + displayable(finding.term)) + ": " +
        displayable(finding.text) + "\n";
    if (!finding.remedy.empty()) out += "  " + displayable(finding.remedy) + "\n";
  }
  return out;
}

Json json_of(const spf::LintReport& report) {
  Json found = Json::array();
  for (const auto& finding : report.findings)
    found.push_back({{"problem", spf::to_string(finding.problem)},
                     {"severity", spf::to_string(finding.severity)},
                     {"domain", finding.domain.text()},
                     {"term", finding.term},
                     {"text", finding.text},
                     {"remedy", finding.remedy}});
  Json authorised = Json::array();
  for (const auto& network : report.authorised) authorised.push_back(network.text());
  return {{"record", report.record},     {"lookups", report.terms},
          {"voids", report.voids},       {"authorised", std::move(authorised)},
          {"complete", report.complete}, {"findings", std::move(found)}};
}

ExitCode exit_code(const Judged& judged) {
  ExitCode code = good;
  if (judged.result) {
    if (judged.result->outcome == spf::Outcome::temperror) return unusable;
    return judged.result->outcome == spf::Outcome::pass ? good : findings;
  }
  for (const auto& finding : judged.lint->findings) {
    if (finding.problem == spf::Problem::dns_failure) return unusable;
    if (finding.severity != spf::Severity::advice) code = findings;
  }
  return code;
}

/// Both at once: their questions go out together.
Known<Judged> judge(const std::optional<spf::Query>& query, const std::optional<dns::DomainName>& linted,
                    const Facts& facts) {
  Judged judged;
  Gather gather(facts);
  if (query) {
    const auto result = spf::check_host(*query, facts);
    if (const auto* known = gather.take(result)) judged.result = *known;
  }
  if (linted) {
    const auto report = spf::lint(*linted, facts);
    if (const auto* known = gather.take(report)) judged.lint = *known;
  }
  if (gather.lacks()) return gather.need();
  return judged;
}

int run_spf(const Options& options) {
  if (options.ip.empty() && !options.lint)
    return complain(
        {"whose mail is it?", "name the sending address with --ip ADDRESS, or look at the record with --lint"});
  std::optional<spf::Query> query;
  if (!options.ip.empty()) {
    auto made = query_of(options);
    if (!made) return complain(made.error());
    query = *std::move(made);
  }
  std::optional<dns::DomainName> linted;
  if (options.lint) {
    auto name = dns::DomainName::from_unicode(options.domain);
    if (!name) return complain(name.error());
    linted = *std::move(name);
  }
  const Stopwatch watch;
  const auto judged = judge_in(
      options.dns,
      [&](const Facts& facts) {
        if (query) query->elapsed = watch.elapsed();
        return judge(query, linted, facts);
      },
      seconds(options.time_limit));
  if (!judged) return complain(judged.error());
  if (options.json) {
    Json out{{"version", auth::json_version}};
    if (judged->result) out.update(Json::parse(auth::to_json(*judged->result)));
    if (judged->lint) out["lint"] = json_of(*judged->lint);
    print(out.dump(2, ' ', false, Json::error_handler_t::replace) + "\n");
  } else {
    const auto colour = colour_of_output();
    if (judged->result) print(text_of(*judged->result, colour));
    if (judged->lint) print((judged->result ? "\n" : "") + text_of(*judged->lint, colour));
  }
  return exit_code(*judged);
}

}  // namespace

void add_spf(CLI::App& app, Action& action) {
  auto options = std::make_shared<Options>();
  auto* command = app.add_subcommand("spf", "May an address send for a domain? And is its policy well made?");
  command->footer(
      "Exit code: 0 pass, 1 any other result, 2 temperror or unusable. With --lint alone: 0 nothing but advice, 1 "
      "errors "
      "or warnings.");
  command->add_option("DOMAIN", options->domain, "Of the reverse-path, or the EHLO name for bounces")
      ->required()
      ->type_name("");
  command->add_option("--ip", options->ip, "The sending address")->type_name("ADDRESS");
  command->add_option("--helo,--ehlo", options->helo, "What the client called itself (DOMAIN)")->type_name("HOST");
  command->add_option("--sender,--mail-from", options->sender, "The reverse-path (postmaster@DOMAIN)")
      ->type_name("ADDRESS");
  command->add_option("--identity", options->identity, "Which name is checked")
      ->check(CLI::IsMember({"mailfrom", "helo"}))
      ->capture_default_str();
  command->add_option("--receiver", options->receiver, "Who evaluates, for %{r}")
      ->type_name("HOST")
      ->capture_default_str();
  command->add_option("--at", options->at, "The time for %{t}, in seconds since 1970 (now)")->type_name("SECONDS");
  command
      ->add_option("--time-limit", options->time_limit, "For all look-ups together; beyond it the result is temperror")
      ->type_name("SECONDS")
      ->check(CLI::Range(1U, max_time_limit))
      ->capture_default_str();
  command->add_flag("--trace", options->trace, "Show each term with its look-ups");
  command->add_flag("--lint", options->lint, "Look for what is wrong with the policy, whoever sends");
  command->add_flag("--json", options->json, "For programs");
  add_dns_options(*command, options->dns);
  command->callback([options, &action] { action = [options] { return run_spf(*options); }; });
}

}  // namespace ptarmigan::cli
