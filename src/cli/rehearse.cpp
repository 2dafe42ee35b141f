// cli/rehearse.cpp - `ptarmigan rehearse`: plays a receiver until it is stopped. The session is in src/receive.
#include <memory>

#include <CLI/CLI.hpp>

#include "cli/commands.hpp"
#include "cli/dns_options.hpp"
#include "cli/run.hpp"
#include "cli/terminal.hpp"
#include "receive/rehearsal_server.hpp"
#include "receive/rehearsal_service.hpp"
#include "rulebook/registry.hpp"

namespace ptarmigan::cli {
namespace {

struct Options {
  std::vector<std::string> listen;
  std::string receiver;
  std::string mailbox;
  bool bulk = false;
  bool service = false;
  std::vector<std::string> http;
  std::string domain;
  std::string spamd;
  std::string rspamd;
  DnsOptions dns;
};

/// The configuration with what the command line says on top.
Result<config::Config> settings_of(const Options& options) {
  config::Config config;
  if (!options.dns.config.empty()) {
    auto read = read_config(options.dns.config);
    if (!read) return read;
    config = *std::move(read);
  }
  auto& rehearsal = config.rehearsal;
  if (!options.listen.empty()) rehearsal.listen.clear();
  for (const auto& text : options.listen) {
    auto endpoint = Endpoint::parse(text, 25);
    if (!endpoint) return std::unexpected(endpoint.error());
    rehearsal.listen.push_back(*endpoint);
  }
  if (!options.receiver.empty()) rehearsal.receiver = options.receiver;
  if (!options.mailbox.empty()) rehearsal.mailbox = options.mailbox;
  rehearsal.bulk = rehearsal.bulk || options.bulk;
  return config;
}

constexpr std::uint16_t http_port = 8025;
constexpr std::uint16_t spamd_port = 783;
constexpr std::uint16_t rspamd_port = 11333;

Result<receive::ServiceSettings> service_of(const Options& options, const config::Rehearsal& rehearsal) {
  receive::ServiceSettings out;
  out.smtp = rehearsal.listen;
  out.domain = options.domain;
  for (const auto& text : options.http) {
    auto endpoint = Endpoint::parse(text, http_port);
    if (!endpoint)
      return failure("--http " + displayable(text) + ": " + endpoint.error().message, endpoint.error().remedy);
    out.http.push_back(*endpoint);
  }
  if (out.http.empty()) out.http.push_back({IpAddress::v4({127, 0, 0, 1}), http_port});
  for (const auto& [text, slot, port] :
       {std::tuple{&options.spamd, &out.spamd, spamd_port}, std::tuple{&options.rspamd, &out.rspamd, rspamd_port}}) {
    if (text->empty()) continue;
    auto endpoint = Endpoint::parse(*text, port);
    if (!endpoint) return failure(displayable(*text) + ": " + endpoint.error().message, endpoint.error().remedy);
    *slot = *endpoint;
  }
  return out;
}

int serve_tests(const Options& options, const config::Config& config) {
  auto settings = service_of(options, config.rehearsal);
  if (!settings) return complain(settings.error());
  auto world = World::open(options.dns);
  if (!world) return complain(world.error());
  auto service = receive::RehearsalService::create(config.rehearsal, *std::move(settings), (*world)->dns(),
                                                   [](const std::string& line) { print(displayable(line) + "\n"); });
  if (!service) return complain(service.error());
  (*service)->run();
  if (auto saved = (*world)->finish(); !saved) return complain(saved.error());
  return good;
}

int rehearse(const Options& options) {
  const auto config = settings_of(options);
  if (!config) return complain(config.error());
  if (options.service) return serve_tests(options, *config);
  auto world = World::open(options.dns);
  if (!world) return complain(world.error());
  auto server =
      receive::RehearsalServer::create(*config, (*world)->dns(), [](const std::string& line) { print(line + "\n"); });
  if (!server) return complain(server.error());
  (*server)->run();
  if (auto saved = (*world)->finish(); !saved) return complain(saved.error());
  return good;
}

}  // namespace

void add_rehearse(CLI::App& app, Action& action) {
  auto* command =
      app.add_subcommand("rehearse", "Play a receiver: judge mail by its rules and refuse it in its own words");
  auto options = std::make_shared<Options>();
  command->add_option("--listen,-l", options->listen,
                      "Address and port, 127.0.0.1:2525 where nothing is said; may be repeated");
  command->add_option("--receiver,-r", options->receiver, "Whose rules: " + rulebook::profile_ids());
  command->add_option("--mailbox,-m", options->mailbox, "Folder for accepted mail, one file each");
  command->add_flag("--bulk", options->bulk, "Judge every sender as a bulk sender");
  auto* service =
      command->add_flag("--service", options->service,
                        "Give out an address for each test over HTTP, and show there what every receiver would do");
  command->add_option("--domain", options->domain, "With --service: the domain of the addresses")->needs(service);
  command
      ->add_option("--http", options->http, "With --service: where the pages are, 127.0.0.1:8025 where nothing is said")
      ->type_name("ADDRESS[:PORT]")
      ->allow_extra_args(false)
      ->needs(service);
  command->add_option("--spamd", options->spamd, "With --service: ask SpamAssassin there, too")
      ->type_name("ADDRESS[:PORT]")
      ->needs(service);
  command->add_option("--rspamd", options->rspamd, "With --service: ask rspamd there, too")
      ->type_name("ADDRESS[:PORT]")
      ->needs(service);
  add_dns_options(*command, options->dns);
  command->footer(
      "It stays in the foreground; Ctrl-C ends it. Try it: ptarmigan send --server 127.0.0.1:2525 --from a@example.com "
      "--to b@gmail.com");
  command->callback([&action, options] { action = [options] { return rehearse(*options); }; });
}

}  // namespace ptarmigan::cli
