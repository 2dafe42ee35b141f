// cli/map.cpp - `ptarmigan map`: tells Postfix and Exim whether mail may use IPv6 to a host now.
#include <cstdio>
#include <cstdlib>
#include <memory>

#include <CLI/CLI.hpp>
#include <fcntl.h>

#include "adapt/answer_server.hpp"
#include "adapt/map_service.hpp"
#include "adapt/supervise.hpp"
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
  std::vector<std::string> listen{"127.0.0.1:7225"};
  std::string mode = "0666";
  std::string state;
};

void log_line(const std::string& text) {
  std::fprintf(stderr, "%s %s\n", rfc3339(net::now().wall).c_str(), displayable(text).c_str());
}

/// Opened by who started us, or here. A path is taken away again at the end.
Result<> open_sockets(const Options& options, unsigned mode, adapt::AnswerServer& holder) {
  const auto inherited = net::inherited_sockets();
  if (!inherited) return std::unexpected(inherited.error());
  for (const auto& socket : *inherited) holder.listen(adapt::Descriptor(socket.descriptor));
  if (holder.has_sockets()) return {};
  for (const auto& where : options.listen)
    if (const auto opened = holder.listen(where, mode); !opened) return opened;
  return {};
}

/// In the answering process.
int answer(const Options& options, const std::vector<int>& sockets, adapt::Descriptor lifeline) {
  auto config = read_config(options.config);
  if (!config) return complain(config.error());
  adapt::MapOptions map;
  for (const int socket : sockets) map.sockets.push_back(::fcntl(socket, F_DUPFD_CLOEXEC, 0));
  map.lifeline = std::move(lifeline);
  map.log = log_line;
  // systemd names the folder that StateDirectory= made.
  const char* folder = std::getenv("STATE_DIRECTORY");
  map.state = options.state.empty() && folder != nullptr ? std::string(folder) + "/map-standing.json" : options.state;
  auto service = adapt::MapService::create(*std::move(config), std::move(map));
  if (!service) return complain(service.error());
  const auto ended = (*service)->run();
  if (!ended) return complain(ended.error());
  if (*ended == adapt::MapService::End::watcher_gone) {
    log_line("the watching process is gone; starting anew");
    adapt::start_anew(sockets);
    return complain({"could not start anew"});
  }
  return good;
}

int serve_map(const Options& options) {
  const auto mode = parse_number<unsigned>(options.mode, 8);
  if (!mode || *mode > 0777) return complain({"--mode is not octal permission bits: " + options.mode, "write 0660"});
  if (const auto config = read_config(options.config); !config) return complain(config.error());
  // Holds the sockets; its answering is the worker's.
  adapt::AnswerServer holder([] { return nullptr; });
  if (const auto opened = open_sockets(options, *mode, holder); !opened) return complain(opened.error());
  for (const auto& name : holder.names()) log_line("answering on " + name);
  adapt::Supervision supervision;
  supervision.sockets = holder.descriptors();
  supervision.log = log_line;
  supervision.work = [&](adapt::Descriptor lifeline) {
    return answer(options, supervision.sockets, std::move(lifeline));
  };
  return adapt::supervise(supervision);
}

}  // namespace

void add_map(CLI::App& app, Action& action) {
  auto* command = app.add_subcommand("map", "Tell Postfix and Exim whether mail may use IPv6 to a host now");
  auto options = std::make_shared<Options>();
  command->add_option("--config,-c", options->config, "The configuration file")
      ->type_name("FILE")
      ->capture_default_str();
  command->add_option("--listen", options->listen, "Address with port, or path of a unix socket; may be repeated")
      ->type_name("WHERE")
      ->capture_default_str();
  command->add_option("--mode", options->mode, "Permission bits of unix sockets")
      ->type_name("OCTAL")
      ->capture_default_str();
  command->add_option("--state", options->state, "Keeps what receivers' refusals taught over a restart")
      ->type_name("FILE");
  command->footer(
      "It answers socketmap and tcp_table of Postfix and ${readsocket} of Exim, all on each socket, from memory, and\n"
      "\"no change\" in doubt. Sockets passed in by systemd are used instead of --listen: then a restart loses no "
      "question.\n"
      "`ptarmigan postfix patch` and `ptarmigan exim patch` write the mail server's side.");
  command->callback([options, &action] { action = [options] { return serve_map(*options); }; });
}

}  // namespace ptarmigan::cli
