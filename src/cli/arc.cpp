// cli/arc.cpp - `ptarmigan arc verify|seal`: the Authenticated Received Chain of a message in a file (RFC 8617).
#include <memory>

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "auth/arc/chain.hpp"
#include "auth/arc/seal.hpp"
#include "auth/authres/authres.hpp"
#include "auth/json.hpp"
#include "base/text.hpp"
#include "cli/commands.hpp"
#include "cli/judge.hpp"
#include "cli/message_file.hpp"
#include "cli/run.hpp"
#include "cli/terminal.hpp"

namespace ptarmigan::cli {
namespace {

using Json = nlohmann::ordered_json;
using Verdict = auth::ArcResult;

struct Options {
  DnsOptions dns;
  std::string message = "-";
  std::optional<std::uint64_t> at;
  bool json = false;
  // of seal
  std::string key_file;
  std::string domain;
  std::string selector;
  std::string authserv_id;
  std::string results;
  std::string chain;
  std::string headers;
};

Result<Verdict> validate(const std::string& message, const Options& options) {
  const auto chain = arc::validate_message(message);
  if (!chain) return std::unexpected(chain.error());
  const auto received_at = moment_of(options.at);
  auto result = judge_in(options.dns, [&](const Facts& facts) { return chain->judge(facts, received_at); });
  if (!result) return std::unexpected(result.error());
  return Verdict{*std::move(result), chain->sets()};
}

int run_verify(const Options& options) {
  const auto message = read_message(options.message, Emptiness::allowed);
  if (!message) return complain(message.error());
  const auto verdict = validate(*message, options);
  if (!verdict) return complain(verdict.error());
  const auto& chain = verdict->chain;
  if (options.json) {
    Json out{{"version", auth::json_version}};
    out.update(Json::parse(auth::to_json(*verdict)));
    print(out.dump(2) + "\n");
  } else {
    const bool pass = chain.outcome == arc::Outcome::pass;
    std::string out = painted(colour_of_output(), pass ? Tint::good : Tint::bad, arc::to_string(chain.outcome));
    if (!chain.reason.empty()) out += ": " + displayable(chain.reason);
    if (chain.outcome == arc::Outcome::none) out += ": the message has no ARC set";
    out += '\n';
    for (std::size_t i = 0; i < verdict->sets.size(); ++i) {
      const auto& set = verdict->sets[i];
      out += "  " + std::to_string(i + 1) + "  d=" + set.sealer.text() + " s=" + displayable(set.selector) + "  " +
             displayable(set.authentication_results) + "\n";
    }
    if (chain.oldest_pass != 0)
      out += "message signatures hold from set " + std::to_string(chain.oldest_pass) + " on\n";
    print(out);
  }
  if (chain.temporary) return unusable;
  return chain.outcome == arc::Outcome::pass ? good : findings;
}

/// What our own server found: --results, or the Authentication-Results fields with its name, in order.
std::string own_results(const message::HeaderSection& header, const Options& options) {
  if (!options.results.empty()) return options.authserv_id + "; " + options.results;
  std::string out = options.authserv_id;
  for (const auto* field : header.all(authres::field_name)) {
    const auto parsed = authres::parse(field->body, authres::Strictness::tolerant);
    if (!parsed || !iequals(parsed->authserv_id, options.authserv_id) || parsed->results.empty()) continue;
    auto built = authres::build(*parsed);
    if (!built) continue;
    const auto value = message::unfold(std::string_view(*built).substr(built->find(':') + 1));
    out += value.substr(std::min(value.size(), value.find(';')));
  }
  return out == options.authserv_id ? out + "; none" : out;
}

Result<dkim::SigningKey> signing_key(const Options& options) {
  const auto pem = read_file(options.key_file);
  if (!pem) return std::unexpected(pem.error());
  auto key = dkim::PrivateKey::parse(*pem);
  if (!key) return failure(options.key_file + ": " + key.error().message, key.error().remedy);
  auto domain = dns::DomainName::from_unicode(options.domain);
  if (!domain) return std::unexpected(domain.error());
  if (const auto name = dkim::key_name(options.selector, *domain); !name) return std::unexpected(name.error());
  return dkim::SigningKey{*std::move(key), *std::move(domain), options.selector};
}

int run_seal(const Options& options) {
  const auto message = read_message(options.message);
  if (!message) return complain(message.error());
  const auto key = signing_key(options);
  if (!key) return complain(key.error());
  const auto header = message::HeaderSection::parse(*message);
  if (!header) return complain(header.error());
  arc::NewSet set{.authentication_results = own_results(*header, options)};
  if (!options.headers.empty())
    for (const auto name : split(options.headers, ':')) set.names.emplace_back(trim(name));
  if (options.chain == "pass") {
    set.chain = arc::Outcome::pass;
  } else if (options.chain == "fail") {
    set.chain = arc::Outcome::fail;
  } else if (options.chain.empty() && arc::next_instance(*header) > 1) {
    const auto verdict = validate(*message, options);
    if (!verdict) return complain(verdict.error());
    if (verdict->chain.temporary)
      return complain(
          {"the chain could not be validated now: " + displayable(verdict->chain.reason), "try again later"});
    set.chain = verdict->chain.outcome;
  }
  arc::Sealer sealer;
  sealer.feed(std::string_view(*message).substr(header->body_offset()));
  const auto fields = sealer.finish(*header, *key, set, moment_of(options.at));
  if (!fields) return complain(fields.error());
  print(*fields + *message);
  return good;
}

void add_message_options(CLI::App& command, Options& options) {
  command.add_option("MESSAGE", options.message, "A file, or - for standard input")
      ->type_name("")
      ->capture_default_str();
  command.add_option("--at", options.at, "The time of it, in seconds since 1970 (now)")->type_name("SECONDS");
  add_dns_options(command, options.dns);
}

}  // namespace

void add_arc(CLI::App& app, Action& action) {
  auto* arc = app.add_subcommand("arc", "The Authenticated Received Chain: verify one, or add a set to it");
  arc->require_subcommand(1);

  auto verify = std::make_shared<Options>();
  auto* command = arc->add_subcommand("verify", "Does the chain hold, and who handled the message?");
  command->footer("Exit code: 0 pass, 1 none or fail, 2 a key could not be looked up.");
  add_message_options(*command, *verify);
  command->add_flag("--json", verify->json, "For programs");
  command->callback([verify, &action] { action = [verify] { return run_verify(*verify); }; });

  auto seal = std::make_shared<Options>();
  command = arc->add_subcommand("seal", "Write the message with a new set on top to standard output");
  command->footer("The chain that is there is validated first, unless --chain says what it was.");
  add_message_options(*command, *seal);
  command->add_option("--key,-k", seal->key_file, "PEM private key")->required()->type_name("FILE");
  command->add_option("--domain,-d", seal->domain, "The domain that seals")->required()->type_name("DOMAIN");
  command->add_option("--selector,-s", seal->selector, "Of the key")->required()->type_name("LABEL");
  command->add_option("--authserv-id", seal->authserv_id, "Whose Authentication-Results are taken into the set")
      ->required()
      ->type_name("HOST");
  command->add_option("--results", seal->results, "Results to write instead: 'spf=pass smtp.mailfrom=example.com'")
      ->type_name("TEXT");
  command->add_option("--chain", seal->chain, "What the chain was when the message came in")
      ->check(CLI::IsMember({"none", "pass", "fail"}));
  command
      ->add_option("--headers", seal->headers,
                   "Sign exactly these fields (those that dkim sign takes): 'from:to:subject'")
      ->type_name("NAMES");
  command->callback([seal, &action] { action = [seal] { return run_seal(*seal); }; });
}

}  // namespace ptarmigan::cli
