// cli/check_visit.cpp - see check_visit.hpp.
#include "cli/check_visit.hpp"

#include <algorithm>
#include <array>
#include <cstdio>
#include <random>

#include "auth/dkim/sign.hpp"
#include "auth/policies/policies.hpp"
#include "base/text.hpp"
#include "cli/run.hpp"
#include "cli/terminal.hpp"
#include "message/build.hpp"
#include "net/authority.hpp"
#include "net/clock.hpp"
#include "net/https_get.hpp"
#include "net/run.hpp"
#include "net/settle.hpp"
#include "net/smtp_client.hpp"
#include "route/destination.hpp"

namespace ptarmigan::cli {
namespace asio = boost::asio;
namespace {

constexpr seconds visit_patience{20};
constexpr std::uint16_t smtp_port = 25;

asio::awaitable<std::vector<route::Target>> targets_of(dns::DomainName domain, World& world) {
  const auto settled = co_await net::settle([&](const Facts& facts) { return route::find_destination(domain, facts); },
                                            Facts(), world.dns(), world.deadline());
  if (!settled.value || settled.value->status != route::Destination::Status::found)
    co_return std::vector<route::Target>();
  co_return settled.value->targets;
}

asio::awaitable<doctor::SeenHost> visit_host(route::Target target, std::string ehlo_name) {
  doctor::SeenHost out{target.host, target.address};
  auto stream = co_await net::connect({target.address, smtp_port}, std::nullopt, net::in(visit_patience));
  if (!stream) {
    out.detail = stream.error().message;
    co_return out;
  }
  auto context = net::TlsContext::client_opportunistic();
  if (!context) {
    out.detail = context.error().message;
    co_return out;
  }
  net::SmtpClientOptions options;
  options.tls = *std::move(context);
  options.tls_host = target.host.text();
  options.machine.ehlo_name = std::move(ehlo_name);
  net::SmtpClientSession session(*std::move(stream), std::move(options));
  const bool open = co_await session.open();
  if (open && session.tls()) {
    const bool trusted = session.tls()->trust == net::PeerTrust::verified;
    out.tls = trusted ? doctor::SeenHost::Tls::trusted : doctor::SeenHost::Tls::untrusted;
    out.detail = session.tls()->trust_problem;
  } else {
    out.tls = doctor::SeenHost::Tls::none;
    out.detail = session.problem();
  }
  co_await session.quit();
  co_return out;
}

asio::awaitable<std::optional<Result<std::string>>> fetch_policy(dns::DomainName domain, World& world) {
  const auto found = co_await net::settle([&](const Facts& facts) { return policies::find_mta_sts(domain, facts); },
                                          Facts(), world.dns(), world.deadline());
  if (!found.value || found.value->presence != policies::Presence::present) co_return std::nullopt;
  const auto host = domain.prefixed("mta-sts");
  auto context = net::TlsContext::client_verified();
  if (!host || !context) co_return Result<std::string>(failure("there is no TLS to fetch it with"));
  const auto reply = co_await net::https_get(world.dns(), *context, {.host = *host, .path = "/.well-known/mta-sts.txt"},
                                             net::in(visit_patience));
  if (!reply) co_return Result<std::string>(failure(reply.error().message));
  if (reply->status != 200)
    co_return Result<std::string>(failure("the server answers " + std::to_string(reply->status)));
  co_return Result<std::string>(reply->body);
}

/// Whether port 25 of `probe`'s mail hosts is reached from each own address.
asio::awaitable<std::vector<doctor::SeenWayOut>> try_ways_out(const doctor::Setup& setup, dns::DomainName probe,
                                                              World& world) {
  const auto targets = co_await targets_of(probe, world);
  std::vector<doctor::SeenWayOut> out;
  for (const auto& source : setup.sources) {
    for (const auto& address : {source.ipv4, source.ipv6}) {
      if (!address) continue;
      const auto at =
          std::ranges::find_if(targets, [&](const auto& t) { return t.address.family() == address->family(); });
      if (at == targets.end()) continue;
      const auto stream = co_await net::connect({at->address, smtp_port}, *address, net::in(visit_patience));
      out.push_back({*address, at->host, stream ? Result<>() : failure(stream.error().message)});
    }
  }
  co_return out;
}

asio::awaitable<std::vector<doctor::SeenPage>> look_for_pages(const doctor::Setup& setup, World& world) {
  std::vector<doctor::SeenPage> out;
  const auto context = net::TlsContext::client_verified();
  for (const auto& source : setup.sources) {
    const auto host = dns::DomainName::parse(source.ehlo_name);
    if (!context || !host || host->label_count() < 2 ||
        std::ranges::any_of(out, [&](const auto& seen) { return seen.host == *host; }))
      continue;
    const auto reply =
        co_await net::https_get(world.dns(), *context, {.host = *host, .path = "/"}, net::in(visit_patience));
    out.push_back({*host, reply ? Result<unsigned>(reply->status) : failure(reply.error().message)});
  }
  co_return out;
}

asio::awaitable<void> visit_all(doctor::Setup& setup, World& world, std::optional<dns::DomainName> probe) {
  auto targets = co_await targets_of(setup.domain, world);
  if (targets.size() > max_visited) targets.resize(max_visited);
  const auto name = setup.sources.empty() ? std::string("localhost") : setup.sources.front().ehlo_name;
  std::vector<doctor::SeenHost> hosts;
  for (const auto& target : targets) hosts.push_back(co_await visit_host(target, name));
  setup.seen.hosts = std::move(hosts);
  setup.seen.sts_policy = co_await fetch_policy(setup.domain, world);
  setup.seen.pages = co_await look_for_pages(setup, world);
  if (probe) setup.seen.ways_out = co_await try_ways_out(setup, *probe, world);
}

asio::awaitable<void> ask_authorities(doctor::Report& report, World& world) {
  net::Authority authority(*world.resolver());
  for (const auto& item : doctor::open_questions(report)) {
    const auto said = co_await authority.ask(item.question, world.deadline());
    report.views.push_back({item.question, "authoritative " + (said.server.is_root() ? "server" : said.server.text()),
                            said.answer, item.answer});
  }
}

asio::awaitable<void> ask_resolver(doctor::Report& report, net::AnswerSource& other, std::string who,
                                   SteadyTime deadline) {
  const auto open = doctor::open_questions(report);
  std::vector<Question> questions;
  for (const auto& item : open) questions.push_back(item.question);
  const auto answers = co_await net::answer_all(other, questions, deadline);
  for (std::size_t i = 0; i < open.size(); ++i)
    report.views.push_back({open[i].question, who, answers[i], open[i].answer});
}

/// From the address, with its own EHLO name, to the first host of its family.
struct Canary {
  IpAddress source;
  std::string ehlo_name;
  smtp::Envelope envelope;
  std::string octets;
};

Result<std::string> compose(const smtp::Mailbox& from, const smtp::Mailbox& to, const IpAddress& source) {
  std::array<unsigned, 3> words{};
  std::random_device random;
  for (auto& word : words) word = random();
  auto from_field = message::header_field("From", from.text());
  auto to_field = message::header_field("To", to.text());
  auto subject = message::header_field("Subject", "Test of " + source.text());
  auto id = message::message_id_field(
      std::to_string(words[0]) + "." + std::to_string(words[1]) + "." + std::to_string(words[2]), from.domain);
  for (const auto* field : {&from_field, &to_field, &subject, &id})
    if (!*field) return *field;
  return *from_field + *to_field + *subject + message::date_field(net::now().wall) + *id +
         "MIME-Version: 1.0\r\nContent-Type: text/plain; charset=us-ascii\r\n\r\nSent by `ptarmigan check --live` "
         "from " +
         source.text() + ".\r\n";
}

Result<std::vector<dkim::SigningKey>> keys_of(const CheckOptions& options, const dns::DomainName& domain,
                                              const std::optional<config::Config>& config) {
  std::vector<dkim::SigningKey> out;
  for (const auto& [selector, file] : key_files(options, domain, config)) {
    const auto text = read_file(file);
    if (!text) return std::unexpected(text.error());
    auto key = dkim::PrivateKey::parse(*text);
    if (!key) return failure(file + ": " + key.error().message, key.error().remedy);
    out.push_back({*std::move(key), domain, selector});
  }
  return out;
}

std::string one_line(const smtp::Reply& reply) {
  const std::string wire(reply.wire());
  return displayable(trim(std::string_view(wire)));
}

using Say = void (*)(const std::string&);
void say_aside(const std::string& text) {
  std::fputs(text.c_str(), stderr);
}

asio::awaitable<bool> send_canary(Canary canary, std::vector<route::Target> targets, Say say) {
  const auto family = canary.source.family();
  const auto at = std::ranges::find_if(targets, [&](const auto& t) { return t.address.family() == family; });
  const auto who = canary.source.text() + " (" + std::string(to_string(family)) + "): ";
  if (at == targets.end()) {
    say(who + "the recipient's hosts have no address of this family\n");
    co_return true;
  }
  auto stream = co_await net::connect({at->address, smtp_port}, canary.source, net::in(visit_patience));
  if (!stream) {
    say(who + "no connection to " + at->host.text() + " " + at->address.text() + " port 25: " + stream.error().message +
        "\n");
    co_return false;
  }
  net::SmtpClientOptions options;
  if (auto context = net::TlsContext::client_opportunistic()) options.tls = *std::move(context);
  options.tls_host = at->host.text();
  options.machine.ehlo_name = canary.ehlo_name;
  net::SmtpClientSession session(*std::move(stream), std::move(options));
  const auto route = who + "to " + at->host.text() + " " + at->address.text() + ", ";
  if (!co_await session.open()) {
    const auto& failure = session.failure();
    say(route + (failure && failure->reply ? one_line(*failure->reply) : session.problem()) + "\n");
    co_return false;
  }
  const auto tls = session.tls() ? session.tls()->version : std::string("not encrypted");
  net::TextBody body(canary.octets);
  const auto sent = co_await session.deliver(canary.envelope, body);
  co_await session.quit();
  const auto& answer = sent.recipients.front();
  say(route + tls + ": " + (answer.reply ? one_line(*answer.reply) : std::string(smtp::to_string(*answer.problem))) +
      "\n");
  co_return answer.accepted();
}

}  // namespace

void visit(doctor::Setup& setup, World& world, const std::optional<dns::DomainName>& probe) {
  net::run_blocking(visit_all(setup, world, probe));
}

Result<> compare(const CheckOptions& options, World& world, doctor::Report& report) {
  if (options.authority) {
    if (world.resolver() == nullptr) return failure("--authority needs live DNS", "leave out --replay-dns");
    net::run_blocking(ask_authorities(report, world));
  }
  for (const auto& text : options.compare) {
    DnsOptions other;
    other.resolvers = {text};
    const auto asked = World::open(other);
    if (!asked) return std::unexpected(asked.error());
    net::run_blocking(ask_resolver(report, (*asked)->dns(), text, (*asked)->deadline()));
  }
  return {};
}

int send_canaries(const CheckOptions& options, World& world, const doctor::Setup& setup) {
  const auto to = smtp::Mailbox::parse(options.live);
  if (!to)
    return complain(
        {"--live " + displayable(options.live) + ": " + to.error().message, "write it like me@example.net"});
  const auto domain = dns::DomainName::from_unicode(to->domain);
  if (!domain) return complain(domain.error());
  const auto keys = keys_of(options, setup.domain, world.config());
  if (!keys) return complain(keys.error());
  const smtp::Mailbox from{"postmaster", setup.domain.text()};
  const auto targets = net::run_blocking(targets_of(*domain, world));
  if (targets.empty()) return complain({"there is nowhere to deliver mail for " + domain->text()});
  bool all = true;
  const Say say = options.json ? say_aside : print;  // JSON stays alone on standard output
  say(keys->empty() ? "\nLive, unsigned (no key was named):\n" : "\nLive, signed:\n");
  for (const auto& source : setup.sources) {
    for (const auto& address : {source.ipv4, source.ipv6}) {
      if (!address) continue;
      auto octets = compose(from, *to, *address);
      if (!octets) return complain(octets.error());
      if (!keys->empty()) {
        const auto fields = dkim::sign_message(*octets, *keys, net::now().wall);
        if (!fields) return complain(fields.error());
        octets->insert(0, *fields);
      }
      Canary canary{*address, source.ehlo_name, {}, *std::move(octets)};
      canary.envelope.mail_from = setup.mail_from ? *setup.mail_from : smtp::ReversePath{from};
      canary.envelope.recipients.push_back({.path = {*to}, .notify = {}, .original = {}});
      all = net::run_blocking(send_canary(std::move(canary), targets, say)) && all;
    }
  }
  return all ? good : findings;
}

}  // namespace ptarmigan::cli
