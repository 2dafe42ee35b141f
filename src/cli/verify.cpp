// cli/verify.cpp - `ptarmigan verify`: a message as a receiver sees it: iprev, SPF, DKIM, ARC and DMARC (RFC 8601).
#include <memory>

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "auth/authenticate.hpp"
#include "auth/json.hpp"
#include "cli/commands.hpp"
#include "cli/judge.hpp"
#include "cli/message_file.hpp"
#include "cli/run.hpp"
#include "cli/terminal.hpp"

namespace ptarmigan::cli {
namespace {

using Json = nlohmann::ordered_json;

struct Options {
  DnsOptions dns;
  std::string message = "-";
  std::string ip;
  std::string helo;
  std::string mail_from;
  std::string receiver = "localhost";
  std::optional<std::uint64_t> at;
  bool json = false;
};

/// "spf        pass       joe@example.com"
std::string line_of(Colour colour, std::string_view check, std::string_view result, const std::string& detail) {
  const auto tint = result == "pass" ? Tint::good : result == "none" || result == "neutral" ? Tint::warn : Tint::bad;
  std::string out(check);
  out.resize(std::max<std::size_t>(out.size(), 12), ' ');
  std::string word(result);
  const std::string padding(word.size() < 10 ? 10 - word.size() : 0, ' ');
  return out + painted(colour, tint, word) + padding + " " + displayable(detail) + "\n";
}

std::string with_reason(std::string what, const std::string& reason) {
  if (reason.empty()) return what;
  return what.empty() ? reason : what + ": " + reason;
}

std::string text_of(const auth::Results& results, Colour colour) {
  std::string out;
  if (const auto& one = results.iprev)
    out += line_of(colour, "iprev", iprev::to_string(one->outcome),
                   with_reason(one->name.is_root() ? "" : one->name.text(), one->problem));
  if (const auto& one = results.spf_helo)
    out += line_of(colour, "spf helo", spf::to_string(one->outcome), with_reason(one->domain.text(), one->problem));
  if (const auto& one = results.spf_mail_from)
    out += line_of(colour, "spf", spf::to_string(one->outcome),
                   with_reason(one->sender + (one->mechanism.empty() ? "" : ", by " + one->mechanism), one->problem));
  for (const auto& one : results.dkim) {
    const auto whose =
        one.signature ? "d=" + one.signature->domain.text() + " s=" + one.signature->selector : std::string();
    out += line_of(colour, "dkim", dkim::to_string(one.outcome), with_reason(whose, one.reason));
    for (const auto concern : one.concerns)
      out += "            " + painted(colour, Tint::warn, "note") + " " + std::string(dkim::to_string(concern)) + "\n";
  }
  if (results.dkim.empty()) out += line_of(colour, "dkim", "none", "the message has no DKIM signature");
  if (results.arc && results.arc->chain.outcome != arc::Outcome::none)
    out += line_of(colour, "arc", arc::to_string(results.arc->chain.outcome),
                   with_reason(std::to_string(results.arc->sets.size()) + " sets", results.arc->chain.reason));
  out += line_of(colour, "dmarc", dmarc::to_string(results.dmarc.outcome), results.dmarc.reason);
  if (results.dmarc.outcome == dmarc::Outcome::fail)
    out +=
        "            the author domain asks for: " + std::string(dmarc::to_string(results.dmarc.disposition())) + "\n";
  return out;
}

/// By DMARC where the author domain has a policy; else by what authenticates at all.
ExitCode exit_code(const auth::Results& results) {
  switch (results.dmarc.outcome) {
    case dmarc::Outcome::pass: return good;
    case dmarc::Outcome::fail:
    case dmarc::Outcome::permerror: return findings;
    case dmarc::Outcome::temperror: return unusable;
    case dmarc::Outcome::none: break;
  }
  bool undecided = results.spf_mail_from && results.spf_mail_from->outcome == spf::Outcome::temperror;
  if (results.spf_mail_from && results.spf_mail_from->outcome == spf::Outcome::pass) return good;
  for (const auto& one : results.dkim) {
    if (one.counts()) return good;
    undecided = undecided || one.outcome == dkim::Outcome::temperror;
  }
  return undecided ? unusable : findings;
}

int run_verify(const Options& options) {
  auth::Connection connection{.helo = options.helo,
                              .mail_from = options.mail_from,
                              .receiver = options.receiver,
                              .received_at = moment_of(options.at)};
  if (!options.ip.empty()) {
    const auto client = IpAddress::parse(options.ip);
    if (!client) return complain({"--ip: " + client.error().message, "write it like 192.0.2.1 or 2001:db8::1"});
    connection.client = *client;
  } else if (!options.helo.empty() || !options.mail_from.empty()) {
    return complain({"--helo and --mail-from say nothing without the address that the mail came from",
                     "give it with --ip ADDRESS"});
  }
  const auto message = read_message(options.message, Emptiness::allowed);
  if (!message) return complain(message.error());
  auth::Authenticator authenticator;
  authenticator.feed(*message);
  const auto ready = std::move(authenticator).finish();
  const Stopwatch watch;
  const auto results = judge_in(options.dns, [&](const Facts& facts) {
    connection.elapsed = watch.elapsed();
    return ready.judge(connection, facts);
  });
  if (!results) return complain(results.error());
  const auto field = auth::authentication_results(*results, options.receiver);
  if (!field) return complain(field.error());
  if (options.json) {
    auto out = Json::parse(auth::to_json(*results));
    out["authentication_results"] = *field;
    print(out.dump(2) + "\n");
  } else {
    print(text_of(*results, colour_of_output()) + "\n" + displayable(message::unfold(*field)) + "\n");
  }
  return exit_code(*results);
}

}  // namespace

void add_verify(CLI::App& app, Action& action) {
  auto options = std::make_shared<Options>();
  auto* command = app.add_subcommand("verify", "A message as a receiver sees it: iprev, SPF, DKIM, ARC and DMARC");
  command->footer(
      "Exit code: 0 DMARC passes, or there is no DMARC policy and SPF or DKIM passes; 1 not; 2 could not be found "
      "out.");
  command->add_option("MESSAGE", options->message, "A file, or - for standard input")
      ->type_name("")
      ->capture_default_str();
  command->add_option("--ip", options->ip, "The address that it came from; without it only DKIM, ARC and DMARC")
      ->type_name("ADDRESS");
  command->add_option("--helo,--ehlo", options->helo, "What the client called itself")->type_name("HOST");
  command->add_option("--mail-from,--sender", options->mail_from, "The reverse-path; empty for bounces")
      ->type_name("ADDRESS");
  command->add_option("--receiver", options->receiver, "Who evaluates: the authserv-id of the results")
      ->type_name("HOST")
      ->capture_default_str();
  command->add_option("--at", options->at, "When it arrived, in seconds since 1970 (now)")->type_name("SECONDS");
  command->add_flag("--json", options->json, "For programs");
  add_dns_options(*command, options->dns);
  command->callback([options, &action] { action = [options] { return run_verify(*options); }; });
}

}  // namespace ptarmigan::cli
