// cli/dmarc.cpp - `ptarmigan dmarc`: the policy of a domain, how it was found, and what it means for a message (RFC
// 9989).
#include <memory>

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "auth/dmarc/destinations.hpp"
#include "auth/dmarc/evaluate.hpp"
#include "auth/json.hpp"
#include "cli/commands.hpp"
#include "cli/judge.hpp"
#include "cli/run.hpp"
#include "cli/terminal.hpp"
#include "message/address.hpp"

namespace ptarmigan::cli {
namespace {

using Json = nlohmann::ordered_json;

struct Options {
  DnsOptions dns;
  std::string domain;
  std::vector<std::string> from;
  std::string spf_domain;
  std::string spf_result = "pass";
  std::vector<std::string> dkim_domains;
  std::vector<std::string> dkim_results;
  std::string public_suffixes;
  bool reports = false;
  bool json = false;

  /// A case is to be evaluated, not only the policy shown.
  [[nodiscard]] bool has_case() const { return !from.empty() || !spf_domain.empty() || !dkim_domains.empty(); }
};

dmarc::Authenticated authenticated(const std::string& result) {
  if (result == "pass") return dmarc::Authenticated::pass;
  return result == "temperror" ? dmarc::Authenticated::temperror : dmarc::Authenticated::fail;
}

Result<dmarc::Query> query_of(const Options& options) {
  dmarc::Query query;
  for (const auto& from : options.from) {
    if (from.find('@') == std::string::npos) {
      query.author_domains.push_back(from);
      continue;
    }
    const auto mailboxes = message::parse_address_list(from);
    if (!mailboxes) return failure("--from: " + mailboxes.error().message, "write it as in a From field");
    for (const auto& mailbox : *mailboxes) query.author_domains.push_back(mailbox.domain);
  }
  if (query.author_domains.empty()) query.author_domains.push_back(options.domain);
  const auto identifier = [](const std::string& domain, const std::string& result) -> Result<dmarc::Identifier> {
    auto name = dns::DomainName::from_unicode(domain);
    if (!name) return std::unexpected(name.error());
    return dmarc::Identifier{*std::move(name), authenticated(result)};
  };
  if (!options.spf_domain.empty()) {
    auto spf = identifier(options.spf_domain, options.spf_result);
    if (!spf) return std::unexpected(spf.error());
    query.spf = *std::move(spf);
  }
  if (options.dkim_results.size() > options.dkim_domains.size())
    return failure("there are more --dkim-result than --dkim-domain", "give one result for each domain, in order");
  for (std::size_t i = 0; i < options.dkim_domains.size(); ++i) {
    auto dkim = identifier(options.dkim_domains[i], i < options.dkim_results.size() ? options.dkim_results[i] : "pass");
    if (!dkim) return std::unexpected(dkim.error());
    query.dkim.push_back(*std::move(dkim));
  }
  return query;
}

std::string walk_text(const dmarc::Walk& walk) {
  std::string out;
  for (const auto& step : walk.steps) {
    out += "  _dmarc." + step.name.text() + "  ";
    if (step.records > 1)
      out += std::to_string(step.records) + " records, none counts";
    else if (step.record)
      out += displayable(step.text);
    else
      out += step.status == AnswerStatus::found ? "no DMARC record" : std::string(to_string(step.status));
    out += '\n';
  }
  return out;
}

struct Judged {
  dmarc::Result result;
  /// Of rua, where --reports was given and there is a policy.
  std::optional<std::vector<dmarc::Destination>> destinations;
};

Known<Judged> judge(const dmarc::Query& query, bool reports, const Facts& facts) {
  auto result = dmarc::evaluate(query, facts);
  if (!result.known()) return result.need();
  Judged judged{.result = std::move(result).value(), .destinations = {}};
  const auto& policy = judged.result.discovery.policy;
  if (!reports || !policy) return judged;
  auto destinations = dmarc::check_destinations(policy->domain, policy->record.rua, facts);
  if (!destinations.known()) return destinations.need();
  judged.destinations = std::move(destinations).value();
  return judged;
}

std::string text_of(const std::vector<dmarc::Destination>& destinations, Colour colour) {
  std::string out = destinations.empty() ? "aggregate reports: the record names no address\n" : "aggregate reports:\n";
  for (const auto& one : destinations) {
    const bool sent = !one.addresses.empty();
    out += "  " + displayable(one.uri.uri) + "  " +
           painted(colour, sent ? Tint::good : Tint::bad, dmarc::to_string(one.permission));
    if (!one.permission_name.is_root()) out += ", by " + one.permission_name.text();
    out += '\n';
  }
  return out;
}

Json json_of(const std::vector<dmarc::Destination>& destinations) {
  Json list = Json::array();
  for (const auto& one : destinations)
    list.push_back({{"uri", one.uri.uri},
                    {"permission", dmarc::to_string(one.permission)},
                    {"permission_name", one.permission_name.is_root() ? Json() : Json(one.permission_name.text())},
                    {"addresses", one.addresses}});
  return {{"destinations", std::move(list)}, {"addresses", dmarc::report_addresses(destinations)}};
}

std::string text_of(const dmarc::Result& result, const Options& options, Colour colour) {
  const auto& discovery = result.discovery;
  std::string out;
  if (options.has_case()) {
    const bool pass = result.outcome == dmarc::Outcome::pass;
    out += painted(colour, pass ? Tint::good : Tint::bad, dmarc::to_string(result.outcome)) + "  " +
           displayable(result.reason) + "\ndisposition: " + std::string(dmarc::to_string(result.disposition())) + "\n";
  }
  if (const auto& policy = discovery.policy) {
    out += "policy: " + std::string(dmarc::to_string(policy->effective)) + ", from " +
           std::string(dmarc::to_string(policy->tag)) + " of _dmarc." + policy->domain.text();
    if (policy->published != policy->effective)
      out += " (" + std::string(dmarc::to_string(policy->published)) + ", one step weaker in test mode)";
    out += "\nreason: " + displayable(discovery.reason) + "\n";
    for (const auto& remark : policy->record.remarks)
      out += painted(colour, Tint::warn, "note") + " " + displayable(remark) + "\n";
  } else {
    out += "policy: none: " + displayable(discovery.reason.empty() ? result.reason : discovery.reason) + "\n";
  }
  if (discovery.organizational_domain)
    out += "organizational domain: " + discovery.organizational_domain->text() + "\n";
  if (!discovery.walk.steps.empty()) out += "asked:\n" + walk_text(discovery.walk);
  return out;
}

ExitCode exit_code(const dmarc::Result& result, const Options& options) {
  if (!options.has_case()) {
    if (result.outcome == dmarc::Outcome::permerror) return findings;
    switch (result.discovery.outcome) {
      case dmarc::Discovered::policy: return good;
      case dmarc::Discovered::none: return findings;
      case dmarc::Discovered::temperror: return unusable;
    }
  }
  switch (result.outcome) {
    case dmarc::Outcome::pass: return good;
    case dmarc::Outcome::temperror: return unusable;
    case dmarc::Outcome::none:
    case dmarc::Outcome::fail:
    case dmarc::Outcome::permerror: break;
  }
  return findings;
}

int run_dmarc(const Options& options) {
  if (options.domain.empty() && options.from.empty())
    return complain({"which domain?", "name it: `ptarmigan dmarc example.com`, or --from ADDRESS"});
  auto query = query_of(options);
  if (!query) return complain(query.error());
  dmarc::PublicSuffixList list;
  if (!options.public_suffixes.empty()) {
    const auto text = read_file(options.public_suffixes);
    if (!text) return complain(text.error());
    auto parsed = dmarc::PublicSuffixList::parse(*text);
    if (!parsed) return complain({options.public_suffixes + ": " + parsed.error().message, parsed.error().remedy});
    list = *std::move(parsed);
    query->method.public_suffixes = &list;
  }
  const auto judged = judge_in(options.dns, [&](const Facts& facts) { return judge(*query, options.reports, facts); });
  if (!judged) return complain(judged.error());
  const auto& result = judged->result;
  if (options.json) {
    Json out{{"version", auth::json_version}};
    out.update(Json::parse(auth::to_json(result)));
    if (judged->destinations) out["reports"] = json_of(*judged->destinations);
    print(out.dump(2, ' ', false, Json::error_handler_t::replace) + "\n");
  } else {
    print(text_of(result, options, colour_of_output()));
    if (judged->destinations) print(text_of(*judged->destinations, colour_of_output()));
  }
  return exit_code(result, options);
}

}  // namespace

void add_dmarc(CLI::App& app, Action& action) {
  auto options = std::make_shared<Options>();
  auto* command = app.add_subcommand("dmarc", "The DMARC policy of a domain, how it is found, and what it decides");
  command->footer(
      "Exit code: 0 there is a policy, or the case passes; 1 there is none, or it does not pass; 2 could not be found "
      "out.");
  const std::vector<std::string> spf_results{"pass", "fail", "softfail", "neutral", "none", "temperror", "permerror"};
  const std::vector<std::string> dkim_results{"pass", "fail", "policy", "neutral", "none", "temperror", "permerror"};
  command->add_option("DOMAIN", options->domain, "The author domain")->type_name("");
  command->add_option("--from", options->from, "Addresses or domains of From instead, for a message. May be repeated")
      ->type_name("ADDRESS")
      ->allow_extra_args(false);
  command->add_option("--spf-domain", options->spf_domain, "The domain that SPF checked (MAIL FROM)")
      ->type_name("DOMAIN");
  command->add_option("--spf-result", options->spf_result, "What SPF said of it")
      ->check(CLI::IsMember(spf_results))
      ->capture_default_str();
  command->add_option("--dkim-domain", options->dkim_domains, "d= of a signature. May be repeated")
      ->type_name("DOMAIN")
      ->allow_extra_args(false);
  command->add_option("--dkim-result", options->dkim_results, "What DKIM said of it (pass). In the same order")
      ->check(CLI::IsMember(dkim_results))
      ->allow_extra_args(false);
  command
      ->add_option("--public-suffixes", options->public_suffixes,
                   "As RFC 7489 did, by this public_suffix_list.dat instead of the tree walk")
      ->type_name("FILE");
  command->add_flag("--reports", options->reports,
                    "May reports go where the record wants them? Asks the destinations' records");
  command->add_flag("--json", options->json, "For programs");
  add_dns_options(*command, options->dns);
  command->callback([options, &action] { action = [options] { return run_dmarc(*options); }; });
}

}  // namespace ptarmigan::cli
