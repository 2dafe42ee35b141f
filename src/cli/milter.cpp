// cli/milter.cpp - `ptarmigan milter`: signs and verifies the mail of Postfix and Sendmail.
#include <cstdio>
#include <memory>

#include <CLI/CLI.hpp>
#include <fcntl.h>

#include "adapt/answer_server.hpp"
#include "adapt/milter_service.hpp"
#include "base/text.hpp"
#include "cli/commands.hpp"
#include "cli/dns_options.hpp"
#include "cli/run.hpp"
#include "cli/terminal.hpp"
#include "net/clock.hpp"
#include "net/listener.hpp"

namespace ptarmigan::cli {
namespace {

struct Options {
  std::string config = "/etc/ptarmigan/ptarmigan.toml";
  std::vector<std::string> listen{"127.0.0.1:7226"};
  std::string mode = "0660";
};

void log_line(const std::string& text) {
  std::fprintf(stderr, "%s %s\n", rfc3339(net::now().wall).c_str(), displayable(text).c_str());
}

int serve_milter(const Options& options) {
  const auto mode = parse_number<unsigned>(options.mode, 8);
  if (!mode || *mode > 0777) return complain({"--mode is not octal permission bits: " + options.mode, "write 0660"});
  // Only opens the sockets, and takes a path away again at the end.
  adapt::AnswerServer holder([] { return nullptr; });
  const auto inherited = net::inherited_sockets();
  if (!inherited) return complain(inherited.error());
  for (const auto& socket : *inherited) holder.listen(adapt::Descriptor(socket.descriptor));
  if (inherited->empty())
    for (const auto& where : options.listen)
      if (const auto opened = holder.listen(where, *mode); !opened) return complain(opened.error());

  adapt::MilterOptions milter;
  for (const int socket : holder.descriptors()) milter.sockets.push_back(::fcntl(socket, F_DUPFD_CLOEXEC, 0));
  milter.read_config = [&] { return read_config(options.config); };
  milter.log = log_line;
  auto service = adapt::MilterService::create(std::move(milter));
  if (!service) return complain(service.error());
  for (const auto& name : holder.names()) log_line("listening on " + name);
  (*service)->run();
  return good;
}

}  // namespace

void add_milter(CLI::App& app, Action& action) {
  auto* command = app.add_subcommand("milter", "Sign and verify the mail of Postfix and Sendmail, as their filter");
  auto options = std::make_shared<Options>();
  command->add_option("--config,-c", options->config, "The configuration file: [[domain]] with keys, [milter], [dns]")
      ->type_name("FILE")
      ->capture_default_str();
  command->add_option("--listen", options->listen, "Address with port, or path of a unix socket; may be repeated")
      ->type_name("WHERE")
      ->capture_default_str();
  command->add_option("--mode", options->mode, "Permission bits of unix sockets")
      ->type_name("OCTAL")
      ->capture_default_str();
  command->footer(
      "Mail of users who logged in, of clients in milter.networks and without a client is signed with the key of its\n"
      "From domain; all other mail is verified (SPF, DKIM, ARC, DMARC) and gets an Authentication-Results field, and\n"
      "forged ones that bear our name are removed. Postfix: smtpd_milters = inet:127.0.0.1:7226, and the same in\n"
      "non_smtpd_milters. SIGHUP reads settings and keys again. Sockets passed in by systemd are used instead of\n"
      "--listen. It takes the place of OpenDKIM and OpenDMARC.");
  command->callback([options, &action] { action = [options] { return serve_milter(*options); }; });
}

}  // namespace ptarmigan::cli
