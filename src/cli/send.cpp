// cli/send.cpp - `ptarmigan send`: one message, directly to a server or to the recipient's MX, with the whole SMTP
// dialogue shown. Nothing is queued: what the receiver says is the result.
#include <algorithm>
#include <array>
#include <memory>
#include <random>

#include <CLI/CLI.hpp>
#include <unistd.h>

#include "auth/dkim/sign.hpp"
#include "base/encoding.hpp"
#include "base/text.hpp"
#include "cli/commands.hpp"
#include "cli/dns_options.hpp"
#include "cli/run.hpp"
#include "cli/terminal.hpp"
#include "message/build.hpp"
#include "message/lines.hpp"
#include "net/clock.hpp"
#include "net/run.hpp"
#include "net/settle.hpp"
#include "net/smtp_client.hpp"
#include "route/destination.hpp"
#include "watch/explain.hpp"

namespace ptarmigan::cli {
namespace {

namespace asio = boost::asio;
using dns::DomainName;

constexpr std::uint16_t smtp_port = 25;
constexpr std::uint16_t submission_port = 587;
constexpr std::uint16_t submissions_port = 465;
constexpr std::size_t max_password_octets = 4096;
constexpr std::size_t message_id_octets = 10;

enum class Tls { none, starttls, require, implicit };

struct Options {
  DnsOptions dns;
  std::string from;
  std::vector<std::string> to;
  std::string server;
  bool ipv4 = false;
  bool ipv6 = false;
  std::string source;
  Tls tls = Tls::starttls;
  std::string ca_file;
  std::string user;
  std::string password_file;
  std::string ehlo;
  std::string subject = "Test";
  std::string body = "This is a test.";
  std::string message;
  std::string dkim_key;
  std::string dkim_domain;
  std::string dkim_selector;
  unsigned timeout = 30;
};

/// All that is sent, made before anyone is connected to.
struct Job {
  smtp::Envelope envelope;
  std::string octets;
  std::optional<IpAddress> source;
  std::optional<smtp::PlainCredentials> credentials;
};

Result<std::string> compose(const Options& options, const smtp::Envelope& envelope) {
  std::vector<message::Mailbox> to;
  for (const auto& recipient : envelope.recipients)
    to.push_back(
        {.display_name = {}, .local_part = recipient.path.mailbox.local_part, .domain = recipient.path.mailbox.domain});
  const auto now = net::now().wall;
  std::random_device random;
  std::string octets;
  for (std::size_t i = 0; i < message_id_octets; ++i) octets += static_cast<char>(random());
  const auto left = hex_encode(octets);
  const auto& sender = envelope.mail_from.mailbox;
  const message::Mailbox author{.display_name = {},
                                .local_part = sender ? sender->local_part : "postmaster",
                                .domain = sender ? sender->domain : "localhost.localdomain"};
  const bool named = sender && !sender->literal() && sender->is_ascii();
  auto from = message::address_list({author});
  auto recipients = message::address_list(to);
  if (!from) return from;
  if (!recipients) return recipients;
  auto from_field = message::header_field("From", *from);
  auto to_field = message::header_field("To", *recipients);
  auto subject_field = message::header_field("Subject", message::encoded_text(options.subject));
  auto id_field = message::message_id_field(left, named ? sender->domain : "localhost.localdomain");
  for (const auto* field : {&from_field, &to_field, &subject_field, &id_field})
    if (!*field) return *field;
  auto body = message::to_crlf(options.body);
  if (!body.ends_with("\r\n")) body += "\r\n";
  const bool eight_bit = message::examine_lines(body).eight_bit != 0;
  return *from_field + *to_field + *subject_field + message::date_field(now) + *id_field + "MIME-Version: 1.0\r\n" +
         "Content-Type: text/plain; charset=" + (eight_bit ? "utf-8" : "us-ascii") +
         "\r\nContent-Transfer-Encoding: " + (eight_bit ? "8bit" : "7bit") + "\r\n\r\n" + body;
}

Result<std::string> sign(const Options& options, const std::string& octets) {
  if (options.dkim_domain.empty() || options.dkim_selector.empty())
    return failure("a DKIM key needs its domain and selector", "add --dkim-domain DOMAIN --dkim-selector SELECTOR");
  const auto text = read_file(options.dkim_key);
  if (!text) return std::unexpected(text.error());
  auto key = dkim::PrivateKey::parse(*text);
  if (!key) return failure(options.dkim_key + ": " + key.error().message, key.error().remedy);
  auto domain = DomainName::from_unicode(options.dkim_domain);
  if (!domain) return std::unexpected(domain.error());
  const std::array keys{dkim::SigningKey{*std::move(key), *domain, options.dkim_selector}};
  auto fields = dkim::sign_message(octets, keys, net::now().wall);
  if (!fields) return fields;
  return *fields + octets;
}

Result<smtp::Mailbox> read_mailbox(const std::string& text, const char* option) {
  auto mailbox = smtp::Mailbox::parse(text);
  if (!mailbox)
    return failure(std::string(option) + " '" + displayable(text) + "': " + mailbox.error().message,
                   "write it like user@example.com");
  return mailbox;
}

Result<smtp::Envelope> make_envelope(const Options& options) {
  smtp::Envelope envelope;
  if (options.from != "<>" && !options.from.empty()) {
    auto sender = read_mailbox(options.from, "--from");
    if (!sender) return std::unexpected(sender.error());
    envelope.mail_from.mailbox = *std::move(sender);
  }
  for (const auto& text : options.to) {
    auto recipient = read_mailbox(text, "--to");
    if (!recipient) return std::unexpected(recipient.error());
    if (!recipient->is_ascii()) envelope.parameters.smtputf8 = true;
    envelope.recipients.push_back({.path = {*std::move(recipient)}, .notify = {}, .original = {}});
  }
  if (envelope.mail_from.mailbox && !envelope.mail_from.mailbox->is_ascii()) envelope.parameters.smtputf8 = true;
  return envelope;
}

Result<Job> prepare(const Options& options) {
  Job job;
  auto envelope = make_envelope(options);
  if (!envelope) return std::unexpected(envelope.error());
  job.envelope = *std::move(envelope);
  auto octets = options.message.empty() ? compose(options, job.envelope) : read_file(options.message);
  if (octets && message::examine_lines(*octets).bare()) octets = message::to_crlf(*octets);
  if (octets && octets->empty()) octets = failure(options.message + " holds no message");
  if (octets && !options.dkim_key.empty()) octets = sign(options, *octets);
  if (!octets) return std::unexpected(octets.error());
  job.octets = *std::move(octets);
  job.envelope.parameters.size = job.octets.size();
  if (message::examine_lines(job.octets).eight_bit != 0) job.envelope.parameters.body = smtp::BodyType::eight_bit_mime;
  if (!options.source.empty()) {
    auto source = IpAddress::parse(options.source);
    if (!source) return failure("--source: " + source.error().message, source.error().remedy);
    job.source = *source;
  }
  if (options.user.empty()) return job;
  if (options.password_file.empty())
    return failure("--user needs a password",
                   "put it into a file and name it with --password-file (- is standard input)");
  auto password = read_file(options.password_file, max_password_octets);
  if (!password) return std::unexpected(password.error());
  job.credentials = smtp::PlainCredentials{.authorization_id = {},
                                           .user = options.user,
                                           .password = Secret(password->substr(0, password->find_first_of("\r\n")))};
  wipe(*password);
  return job;
}

std::uint16_t default_port(const Options& options) {
  if (options.tls == Tls::implicit) return submissions_port;
  return options.user.empty() || options.server.empty() ? smtp_port : submission_port;
}

/// One server with all its addresses, or the MX hosts of a domain.
struct Goal {
  std::vector<route::Target> targets;
  std::uint16_t port = smtp_port;
};

/// "host:port" or "host".
Result<std::pair<std::string, std::uint16_t>> split_port(const std::string& text, std::uint16_t default_port) {
  const auto colon = text.rfind(':');
  if (colon == std::string::npos) return std::pair{text, default_port};
  const auto port = parse_number<std::uint16_t>(std::string_view(text).substr(colon + 1));
  if (!port || *port == 0)
    return failure("--server '" + displayable(text) + "' has no valid port", "write it like mx.example.com:25");
  return std::pair{text.substr(0, colon), *port};
}

asio::awaitable<Result<Goal>> find_server(std::string server, std::uint16_t port, World& world) {
  const auto parts = split_port(server, port);
  if (!parts) co_return std::unexpected(parts.error());
  const auto host = DomainName::from_unicode(parts->first);
  if (!host) co_return failure("--server '" + displayable(server) + "': " + host.error().message, host.error().remedy);
  Goal goal{.targets = {}, .port = parts->second};
  std::vector<Question> questions{{*host, dns::RecordType::aaaa}, {*host, dns::RecordType::a}};
  std::string problem = "no such name";
  for (const auto& answer : co_await net::answer_all(world.dns(), std::move(questions), world.deadline())) {
    for (const auto& address : answer.all<IpAddress>()) goal.targets.push_back({*host, address});
    if (answer.status != AnswerStatus::no_such_name) problem = to_string(answer.status);
  }
  if (const auto trouble = world.trouble()) co_return std::unexpected(*trouble);
  if (goal.targets.empty())
    co_return failure(host->text() + " has no address (" + problem + ")", "check the name, or give an address");
  co_return goal;
}

asio::awaitable<Result<Goal>> find_mx(smtp::Envelope envelope, World& world) {
  const auto& first = envelope.recipients.front().path.mailbox;
  for (const auto& recipient : envelope.recipients)
    if (recipient.path.mailbox.domain != first.domain)
      co_return failure("the recipients are of different domains",
                        "send one by one, or name a --server that takes all of them");
  if (const auto literal = first.literal()) co_return Goal{.targets = route::literal_destination(*literal).targets};
  const auto domain = DomainName::from_unicode(first.domain);
  if (!domain) co_return std::unexpected(domain.error());
  const auto settled = co_await net::settle([&](const Facts& facts) { return route::find_destination(*domain, facts); },
                                            Facts(), world.dns(), world.deadline());
  if (const auto trouble = world.trouble()) co_return std::unexpected(*trouble);
  if (!settled.value || settled.value->status != route::Destination::Status::found)
    co_return failure("there is nowhere to deliver mail for " + domain->text() + ": " +
                      (settled.value ? settled.value->why : ""));
  co_return Goal{.targets = settled.value->targets};
}

/// Only those that the options allow.
Result<> keep_family(Goal& goal, const Options& options, const std::optional<IpAddress>& source) {
  std::erase_if(goal.targets, [&](const route::Target& target) {
    const auto family = target.address.family();
    return (options.ipv4 && family != Family::ipv4) || (options.ipv6 && family != Family::ipv6) ||
           (source && source->family() != family);
  });
  if (!goal.targets.empty()) return {};
  return failure("the server has no " + std::string(options.ipv6 || (source && source->is_v6()) ? "IPv6" : "IPv4") +
                 " address");
}

void show(Colour colour, net::Line kind, const std::string& line) {
  switch (kind) {
    case net::Line::client: return print("-> " + line + "\n");
    case net::Line::server: return print(painted(colour, Tint::faint, "<- " + line) + "\n");
    case net::Line::note: return print(painted(colour, Tint::good, "== " + line) + "\n");
    case net::Line::problem: return print(painted(colour, Tint::bad, "!! " + line) + "\n");
  }
}

std::string ehlo_name(const Options& options, const std::optional<config::Config>& config, const IpAddress& local) {
  if (!options.ehlo.empty()) return options.ehlo;
  if (config) {
    for (const auto& source : config->sources)
      if (source.ehlo && (source.ipv4 == local || source.ipv6 == local)) return source.ehlo->text();
    if (config->hostname) return config->hostname->text();
  }
  std::array<char, 256> host{};
  if (::gethostname(host.data(), host.size() - 1) == 0)
    if (const auto name = DomainName::parse(host.data()); name && name->is_hostname()) return name->text();
  return local.literal();
}

Result<net::SmtpClientOptions> session_options(const Options& options, const Job& job, const route::Target& target) {
  net::SmtpClientOptions out;
  const bool demanded = options.tls == Tls::require;
  if (options.tls != Tls::none) {
    auto context = demanded || !options.ca_file.empty() ? net::TlsContext::client_verified(options.ca_file)
                                                        : net::TlsContext::client_opportunistic(options.ca_file);
    if (!context) return std::unexpected(context.error());
    out.tls = *std::move(context);
  }
  out.tls_host = target.host.is_root() ? std::string() : target.host.text();
  out.tls_start = options.tls == Tls::implicit ? net::TlsStart::at_once : net::TlsStart::starttls;
  out.machine.tls = options.tls == Tls::none ? smtp::client::TlsUse::none
                    : demanded               ? smtp::client::TlsUse::required
                                             : smtp::client::TlsUse::opportunistic;
  out.machine.credentials = job.credentials;
  if (target.address.is_loopback()) out.machine.auth_channel = smtp::client::AuthChannel::any;
  out.transcript = [colour = colour_of_output()](net::Line kind, const std::string& line) { show(colour, kind, line); };
  return out;
}

/// What the receiver said or did not say, to the message or to the session.
ExitCode report(const smtp::client::Answer& answer, const std::string& who, Colour colour) {
  if (answer.accepted()) {
    print("\n" + painted(colour, Tint::good, "accepted") + " for " + who + "\n");
    return good;
  }
  const auto failure = answer.failure();
  if (!answer.reply) {
    print("\n" + painted(colour, Tint::bad, "not sent") + " to " + who + ": " +
          std::string(smtp::to_string(*answer.problem)) + " at " + std::string(smtp::to_string(answer.stage)) + "\n");
    return unusable;
  }
  const bool later = failure.persistence == smtp::Persistence::transient;
  print("\n" + painted(colour, Tint::bad, later ? "deferred" : "refused") + " for " + who + " at " +
        std::string(smtp::to_string(answer.stage)) + "\n");
  if (const auto explanation = watch::explain_reply(answer.reply->wire())) print(watch::text(*explanation));
  return findings;
}

asio::awaitable<int> exchange(std::unique_ptr<net::Stream> stream, net::SmtpClientOptions session_options, Job job) {
  const auto colour = colour_of_output();
  net::SmtpClientSession session(std::move(stream), std::move(session_options));
  if (!co_await session.open()) {
    const auto& failure = session.failure();
    co_return failure ? report(*failure, "everyone", colour) : unusable;
  }
  net::TextBody body(job.octets);
  const auto transaction = co_await session.deliver(job.envelope, body);
  co_await session.quit();
  int worst = good;
  for (std::size_t i = 0; i < transaction.recipients.size(); ++i)
    worst = std::max<int>(
        worst, report(transaction.recipients[i], displayable(job.envelope.recipients[i].path.mailbox.text()), colour));
  co_return worst;
}

asio::awaitable<int> send_to(Goal goal, Job job, Options options, std::optional<config::Config> config) {
  const auto colour = colour_of_output();
  for (const auto& target : goal.targets) {
    const Endpoint remote{target.address, goal.port};
    const auto host = target.host.is_root() ? std::string() : target.host.text() + " ";
    show(colour, net::Line::note, "connecting to " + host + remote.text());
    auto stream = co_await net::connect(remote, job.source, net::in(seconds(options.timeout)));
    if (!stream) {
      show(colour, net::Line::problem, stream.error().message);
      continue;
    }
    auto chosen = session_options(options, job, target);
    if (!chosen) co_return complain(chosen.error());
    chosen->machine.ehlo_name = ehlo_name(options, config, (*stream)->local().address);
    co_return co_await exchange(*std::move(stream), *std::move(chosen), std::move(job));
  }
  co_return complain(
      {"no address of the server could be reached",
       "check the address and port; many networks block outgoing port 25, then send through a relay with --server"});
}

asio::awaitable<int> send_by_name(Options options, Job job, World& world) {
  auto goal = options.server.empty() ? co_await find_mx(job.envelope, world)
                                     : co_await find_server(options.server, default_port(options), world);
  if (!goal) co_return complain(goal.error());
  if (auto kept = keep_family(*goal, options, job.source); !kept) co_return complain(kept.error());
  co_return co_await send_to(*std::move(goal), std::move(job), options, world.config());
}

/// A server that is given as an address is reached without any DNS.
int send_by_address(const Options& options, Job job, const Endpoint& server) {
  std::optional<config::Config> config;
  if (!options.dns.config.empty()) {
    auto read = read_config(options.dns.config);
    if (!read) return complain(read.error());
    config = *std::move(read);
  }
  Goal goal{.targets = {{DomainName(), server.address}}, .port = server.port};
  if (auto kept = keep_family(goal, options, job.source); !kept) return complain(kept.error());
  return net::run_blocking(send_to(std::move(goal), std::move(job), options, std::move(config)));
}

int send(const Options& options) {
  auto job = prepare(options);
  if (!job) return complain(job.error());
  if (const auto server = Endpoint::parse(options.server, default_port(options)))
    return send_by_address(options, *std::move(job), *server);
  const auto world = World::open(options.dns);
  if (!world) return complain(world.error());
  const int code = net::run_blocking(send_by_name(options, *std::move(job), **world));
  if (const auto saved = (*world)->finish(); !saved) return complain(saved.error());
  return code;
}

}  // namespace

void add_send(CLI::App& app, Action& action) {
  auto options = std::make_shared<Options>();
  auto* command = app.add_subcommand("send", "Send one message now and show the whole SMTP dialogue");
  command->footer("Exit code: 0 accepted, 1 refused or deferred, 2 not sent. Passwords are not shown.");
  command->add_option("--from,-f", options->from, "Envelope sender; <> for none")->required()->type_name("ADDRESS");
  command->add_option("--to,-t", options->to, "Recipient. May be repeated")
      ->required()
      ->type_name("ADDRESS")
      ->allow_extra_args(false);
  command->add_option("--server,-s", options->server, "Send to this server instead of the recipient's MX")
      ->type_name("HOST[:PORT]");
  auto* ipv4 = command->add_flag("-4", options->ipv4, "Only over IPv4");
  command->add_flag("-6", options->ipv6, "Only over IPv6")->excludes(ipv4);
  command->add_option("--source", options->source, "Send from this address of this host")->type_name("ADDRESS");
  const std::map<std::string, Tls> tls_words{
      {"none", Tls::none}, {"starttls", Tls::starttls}, {"require", Tls::require}, {"implicit", Tls::implicit}};
  command
      ->add_option("--tls", options->tls,
                   "none; starttls: where offered; require: with a good certificate; implicit: from the start")
      ->transform(CLI::CheckedTransformer(tls_words, CLI::ignore_case).description(""))
      ->type_name("none|starttls|require|implicit");
  command->add_option("--ca-file", options->ca_file, "Authorities that may vouch for the server; demands verification")
      ->type_name("FILE");
  command->add_option("--user,-u", options->user, "SMTP AUTH user")->type_name("NAME");
  command->add_option("--password-file", options->password_file, "Its first line is the password")->type_name("FILE");
  command->add_option("--ehlo", options->ehlo, "What to say in EHLO")->type_name("NAME");
  command->add_option("--subject", options->subject, "Of the message that is made")
      ->type_name("TEXT")
      ->capture_default_str();
  command->add_option("--body", options->body, "Of the message that is made")->type_name("TEXT")->capture_default_str();
  auto* message = command->add_option("--message,-m", options->message, "Send this file as it is; - for standard input")
                      ->type_name("FILE");
  message->excludes("--subject")->excludes("--body");
  command->add_option("--dkim-key", options->dkim_key, "Sign with this PEM key")->type_name("FILE");
  command->add_option("--dkim-domain", options->dkim_domain, "as this domain")->type_name("DOMAIN");
  command->add_option("--dkim-selector", options->dkim_selector, "and selector")->type_name("LABEL");
  command->add_option("--timeout", options->timeout, "Seconds to wait for a connection")
      ->check(CLI::Range(1U, 600U))
      ->capture_default_str();
  add_dns_options(*command, options->dns);
  command->callback([options, &action] { action = [options] { return send(*options); }; });
}

}  // namespace ptarmigan::cli
