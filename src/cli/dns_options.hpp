// cli/dns_options.hpp - the options that choose which DNS is asked, shared by every command that asks, and that world.
//
//   DnsOptions options;
//   add_dns_options(*command, options);
//   ...
//   auto world = World::open(options);                               // in the action; errors are for complain()
//   auto settled = net::run_blocking(net::settle(judge, Facts{}, (*world)->dns(), (*world)->deadline()));
//   if (const auto trouble = (*world)->trouble()) complain(*trouble); // nobody answered at all
//   auto saved = (*world)->finish();                                 // writes --record-dns
//
// Order of authority: --set, then --zone, then --replay-dns or live DNS. Threads: one.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "config/config.hpp"
#include "net/answer_source.hpp"
#include "net/resolver.hpp"

namespace CLI {
class App;
}

namespace ptarmigan::cli {

struct DnsOptions {
  std::vector<std::string> zones;      ///< files of draft records
  std::vector<std::string> set;        ///< records in zone-file form, each replacing its name's records of that type
  std::string replay;                  ///< recording to answer from
  std::string record;                  ///< recording to write
  std::vector<std::string> resolvers;  ///< ADDRESS[:PORT]
  std::string root_hints;
  std::string trust_anchor;
  std::string config;  ///< ptarmigan.toml
};

void add_dns_options(CLI::App& command, DnsOptions& options);

/// Reads and parses a configuration file; an error names the file and line.
[[nodiscard]] Result<config::Config> read_config(const std::string& path);

class World {
 public:
  /// Reads all files and starts the resolver where live DNS is needed. An error names the option or file and line.
  static Result<std::unique_ptr<World>> open(const DnsOptions& options);
  World(const World&) = delete;
  World& operator=(const World&) = delete;
  ~World();

  [[nodiscard]] net::AnswerSource& dns();
  /// Where --config was given.
  [[nodiscard]] const std::optional<config::Config>& config() const;
  /// How long one judgement, with all its questions, may take from now on.
  [[nodiscard]] SteadyTime deadline() const;
  /// Live DNS behind drafts; nullptr in a replay. For what only a resolver can tell (find_zone, fresh).
  [[nodiscard]] net::Resolver* resolver();

  /// "no DNS server answers", where questions went to live DNS and none came back with an answer.
  [[nodiscard]] std::optional<Error> trouble() const;
  /// Writes the recording where one was asked for.
  [[nodiscard]] Result<> finish();

 private:
  struct Parts;
  explicit World(std::unique_ptr<Parts> parts);
  std::unique_ptr<Parts> parts_;
};

}  // namespace ptarmigan::cli
