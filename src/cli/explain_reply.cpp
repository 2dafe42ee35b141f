// cli/explain_reply.cpp - `ptarmigan explain-reply`: a pasted reply, bounce or log line to rule, cause and fix; with
// --check, whether the check agrees now.
#include <memory>

#include <CLI/CLI.hpp>

#include "base/text.hpp"
#include "cli/commands.hpp"
#include "cli/dns_options.hpp"
#include "cli/run.hpp"
#include "cli/terminal.hpp"
#include "net/run.hpp"
#include "net/settle.hpp"
#include "watch/explain.hpp"

namespace ptarmigan::cli {
namespace {

struct Options {
  DnsOptions dns;
  std::vector<std::string> words;
  std::string file;
  std::string domain;
  std::string source;
  std::string ehlo;
  std::string selector;
  bool json = false;
};

Result<std::string> text_of(const Options& options) {
  if (!options.words.empty() && !options.file.empty())
    return failure("a reply and --file were given", "give one of them");
  if (!options.words.empty()) return join(options.words, " ");
  return read_file(options.file.empty() ? "-" : options.file, watch::max_text);
}

/// What is known about the delivery that was refused.
Result<rulebook::Subject> subject_of(const Options& options) {
  rulebook::Subject subject;
  const auto domain = dns::DomainName::from_unicode(options.domain);
  if (!domain || !domain->is_hostname())
    return failure("--check " + displayable(options.domain) + ": no domain name", "write it like example.com");
  subject.header_from = std::vector{*domain};
  subject.mail_from = smtp::ReversePath{smtp::Mailbox{"postmaster", domain->text()}};
  if (!options.ehlo.empty()) subject.ehlo_name = options.ehlo;
  if (!options.selector.empty())
    subject.signatures =
        std::vector<rulebook::Signature>{rulebook::IntendedSignature{*domain, options.selector, {}, {}}};
  if (!options.source.empty()) {
    const auto address = IpAddress::parse(options.source);
    if (!address) return failure("--source " + displayable(options.source) + ": " + address.error().message);
    subject.sending_address = *address;
  }
  return subject;
}

int show(const std::optional<watch::Explanation>& explanation, const Options& options) {
  if (!explanation)
    return complain({"no refusal was found in this text",
                     "paste the reply itself (it begins with 4xx or 5xx), the bounce, or the log line"});
  print(options.json ? watch::json(*explanation) : watch::text(*explanation));
  return explanation->certainty == watch::Certainty::unrecognised ? findings : good;
}

int explain_reply(const Options& options) {
  const auto text = text_of(options);
  if (!text) return complain(text.error());
  if (options.domain.empty()) return show(watch::explain_reply(*text), options);
  const auto subject = subject_of(options);
  if (!subject) return complain(subject.error());
  const auto world = World::open(options.dns);
  if (!world) return complain(world.error());
  const auto settled =
      net::run_blocking(net::settle([&](const Facts& facts) { return watch::explain_reply(*text, *subject, facts); },
                                    Facts(), (*world)->dns(), (*world)->deadline()));
  if (const auto saved = (*world)->finish(); !saved) return complain(saved.error());
  if (!settled.value) return complain({"the answers contradict each other"});
  return show(*settled.value, options);
}

}  // namespace

void add_explain_reply(CLI::App& app, Action& action) {
  auto options = std::make_shared<Options>();
  auto* command = app.add_subcommand("explain-reply",
                                     "A refusal pasted as reply, bounce or log line: which rule, why, and what to do");
  command->footer(
      "Reads standard input where neither a reply nor --file is given.\n"
      "Exit code: 0 a rule is named, 1 only codes and common words explain it, 2 there is no refusal in the text.");
  command->add_option("REPLY", options->words, "The reply, bounce or log line")->type_name("");
  command->add_option("--file", options->file, "Read it from a file")->type_name("FILE");
  command->add_option("--check", options->domain, "Ask DNS whether a check of this From domain agrees now")
      ->type_name("DOMAIN");
  command->add_option("--source", options->source, "The address that mail left from, where the reply does not name it")
      ->type_name("ADDRESS");
  command->add_option("--ehlo", options->ehlo, "The name that the server says in EHLO")->type_name("NAME");
  command->add_option("--dkim", options->selector, "The selector that mail is signed with")->type_name("SELECTOR");
  command->add_flag("--json", options->json, "For programs");
  add_dns_options(*command, options->dns);
  command->callback([options, &action] { action = [options] { return explain_reply(*options); }; });
}

}  // namespace ptarmigan::cli
