// cli/dns_options.cpp - see dns_options.hpp.
#include "cli/dns_options.hpp"

#include <algorithm>
#include <utility>

#include <CLI/CLI.hpp>

#include "base/text.hpp"
#include "cli/terminal.hpp"
#include "config/parse.hpp"
#include "dns/zone.hpp"
#include "net/clock.hpp"

namespace ptarmigan::cli {
namespace {

namespace asio = boost::asio;
using dns::Record;
using dns::RecordType;

constexpr std::uint16_t dns_port = 53;
constexpr std::size_t max_config_octets = std::size_t{4} << 20;
/// A judgement asks in rounds: so many times the time of one question are enough for all of them.
constexpr int rounds_in_a_deadline = 3;

/// Asks live DNS and notes whether anybody is there.
class LiveSource final : public net::AnswerSource {
 public:
  explicit LiveSource(net::Resolver& resolver) : resolver_(resolver) {}
  asio::awaitable<Answer> answer(Question question, SteadyTime deadline) override {
    const std::string asked = question.text();
    Answer answer = co_await resolver_.answer(std::move(question), deadline);
    if (!answer.temporary()) {
      ++answered_;
    } else if (++unanswered_ == 1) {
      first_failure_ = asked + ": " + std::string(to_string(answer.status));
      if (!answer.detail.empty()) first_failure_ += ", " + answer.detail;
    }
    co_return answer;
  }
  [[nodiscard]] bool silent() const { return answered_ == 0 && unanswered_ != 0; }
  [[nodiscard]] const std::string& first_failure() const { return first_failure_; }

 private:
  net::Resolver& resolver_;
  std::size_t answered_ = 0;
  std::size_t unanswered_ = 0;
  std::string first_failure_;
};

/// Replaces single record sets of another world; every other question is that world's.
class OverrideSource final : public net::AnswerSource {
 public:
  OverrideSource(const std::vector<Record>& records, net::AnswerSource& world) : world_(world) {
    for (const auto& record : records) {
      const Question question{record.owner, record.type};
      const auto* known = overrides_.find(question);
      Answer answer =
          known != nullptr ? *known : Answer{.status = AnswerStatus::found, .ttl = record.ttl, .source = "--set"};
      answer.ttl = std::min(answer.ttl, record.ttl);
      answer.records.push_back(record);
      overrides_.add(question, std::move(answer));
    }
  }
  asio::awaitable<Answer> answer(Question question, SteadyTime deadline) override {
    std::vector<Record> aliases;
    while (true) {
      Answer answer;
      const auto* known = overrides_.find(question);
      const auto* alias = overrides_.find({question.name, RecordType::cname});
      if (known == nullptr && alias != nullptr && aliases.size() < max_aliases) {
        aliases.push_back(alias->records.front());
        question.name = std::get<dns::Target>(aliases.back().data).name;
        continue;
      }
      if (known != nullptr)
        answer = *known;
      else
        answer = co_await world_.answer(std::move(question), deadline);
      answer.aliases.insert(answer.aliases.begin(), aliases.begin(), aliases.end());
      co_return answer;
    }
  }

 private:
  static constexpr std::size_t max_aliases = 8;
  Facts overrides_;
  net::AnswerSource& world_;
};

/// Names without a $ORIGIN line hang below the root, which nobody means.
Result<> refuse_relative(const std::vector<Record>& records, const std::string& path) {
  for (const auto& record : records)
    if (record.owner.label_count() < 2)
      return failure(
          path + ": the name " + record.owner.absolute() + " stands directly below the root",
          "begin the file with `$ORIGIN example.com.` (your zone), or write absolute names with a final dot");
  return {};
}

Result<std::vector<Record>> read_zones(const std::vector<std::string>& paths) {
  std::vector<Record> records;
  for (const auto& path : paths) {
    const auto text = read_file(path);
    if (!text) return std::unexpected(text.error());
    auto zone = dns::parse_zone(*text);
    if (!zone) {
      // "line 7: ..." as FILE:7, which editors understand.
      auto message = zone.error().message;
      if (message.starts_with("line ")) message.erase(0, std::string_view("line ").size());
      return failure(path + ":" + message, zone.error().remedy);
    }
    if (zone->empty()) return failure(path + " holds no record", "name a zone file with the records as they would be");
    if (auto fine = refuse_relative(*zone, path); !fine) return std::unexpected(fine.error());
    records.insert(records.end(), zone->begin(), zone->end());
  }
  return records;
}

Result<std::vector<Record>> read_set(const std::vector<std::string>& texts) {
  std::vector<Record> records;
  for (const auto& text : texts) {
    auto record = dns::parse_record(text);
    if (!record)
      return failure("--set '" + printable(text, 120) + "': " + record.error().message,
                     "write it as: --set 'example.com TXT \"v=spf1 mx -all\"'");
    records.push_back(*std::move(record));
  }
  return records;
}

/// The resolver as options, configuration and system say, in this order.
Result<net::ResolverOptions> choose_resolver(const DnsOptions& options, const std::optional<config::Config>& config) {
  config::Dns dns = config ? config->dns : config::Dns();
  if (!options.resolvers.empty()) dns.servers.clear();
  for (const auto& text : options.resolvers) {
    auto server = Endpoint::parse(text, dns_port);
    if (!server)
      return failure("--resolver " + printable(text, 60) + ": " + server.error().message, server.error().remedy);
    dns.servers.push_back(*server);
  }
  if (!options.root_hints.empty()) {
    dns.root_hints = options.root_hints;
    if (options.resolvers.empty()) dns.servers.clear();
  }
  if (!options.trust_anchor.empty()) dns.trust_anchor = options.trust_anchor;
  const bool chosen = config || !options.resolvers.empty() || !options.root_hints.empty();
  if (!chosen) {
    auto servers = net::name_servers_of();
    if (!servers)
      return failure(servers.error().message,
                     "name a DNS server with --resolver ADDRESS, or a configuration with --config");
    dns.servers = *std::move(servers);
  }
  return net::resolver_options(dns);
}

}  // namespace

struct World::Parts {
  std::optional<config::Config> config;
  milliseconds deadline{};
  std::string record_path;
  std::string servers;  ///< for people
  std::unique_ptr<net::Resolver> resolver;
  std::unique_ptr<LiveSource> live;
  std::unique_ptr<net::ReplaySource> replay;
  std::unique_ptr<net::DraftSource> draft;
  std::unique_ptr<OverrideSource> overrides;
  std::unique_ptr<net::RecordingSource> recorder;
  net::AnswerSource* top = nullptr;
};

void add_dns_options(CLI::App& command, DnsOptions& options) {
  constexpr const char* group = "DNS";
  const auto list = [](CLI::Option* option, const char* type) {
    return option->type_name(type)->allow_extra_args(false);
  };
  list(command.add_option("--zone", options.zones,
                          "What if: records as they would be published, in zone-file form; "
                          "they speak for the names in the file and all names below them. May be repeated"),
       "FILE")
      ->group(group);
  list(command.add_option("--set", options.set,
                          "What if: one record, in place of its name's records of that type: "
                          "'example.com TXT \"v=spf1 mx -all\"'. May be repeated"),
       "RECORD")
      ->group(group);
  list(command.add_option("--resolver", options.resolvers,
                          "Ask this DNS server instead of the system's. May be repeated"),
       "ADDRESS[:PORT]")
      ->group(group);
  command.add_option("--root-hints", options.root_hints, "Ask authoritative servers, from these root servers on")
      ->type_name("FILE")
      ->group(group);
  command.add_option("--trust-anchor", options.trust_anchor, "Validate DNSSEC with these keys of the root")
      ->type_name("FILE")
      ->group(group);
  auto* replay = command.add_option("--replay-dns", options.replay, "Ask nobody: answer from a recording");
  replay->type_name("FILE")->group(group);
  command.add_option("--record-dns", options.record, "Write all questions and answers, for --replay-dns")
      ->type_name("FILE")
      ->group(group);
  command.add_option("--config", options.config, "Take the settings of this ptarmigan.toml")
      ->type_name("FILE")
      ->group(group);
  for (const char* live : {"--resolver", "--root-hints", "--trust-anchor"}) replay->excludes(command.get_option(live));
}

Result<config::Config> read_config(const std::string& path) {
  const auto text = read_file(path, max_config_octets);
  if (!text) return std::unexpected(text.error());
  return config::parse_config(*text, path);
}

Result<std::unique_ptr<World>> World::open(const DnsOptions& options) {
  auto parts = std::make_unique<Parts>();
  parts->record_path = options.record;
  if (!options.config.empty()) {
    auto config = read_config(options.config);
    if (!config) return std::unexpected(config.error());
    parts->config = *std::move(config);
  }
  const auto zone = read_zones(options.zones);
  if (!zone) return std::unexpected(zone.error());
  const auto set = read_set(options.set);
  if (!set) return std::unexpected(set.error());
  parts->deadline = (parts->config ? parts->config->dns.deadline : config::Dns().deadline) * rounds_in_a_deadline;

  if (!options.replay.empty()) {
    const auto text = read_file(options.replay);
    if (!text) return std::unexpected(text.error());
    auto recording = read_recording(*text);
    if (!recording) return failure(options.replay + ": " + recording.error().message, recording.error().remedy);
    parts->replay = std::make_unique<net::ReplaySource>(*std::move(recording));
    parts->top = parts->replay.get();
  } else {
    const auto chosen = choose_resolver(options, parts->config);
    if (!chosen) return std::unexpected(chosen.error());
    for (const auto& server : chosen->forwarders)
      parts->servers += (parts->servers.empty() ? "" : ", ") + server.text();
    auto resolver = net::Resolver::open(*chosen);
    if (!resolver) return std::unexpected(resolver.error());
    parts->resolver = *std::move(resolver);
    parts->live = std::make_unique<LiveSource>(*parts->resolver);
    parts->top = parts->live.get();
  }
  if (!zone->empty()) {
    parts->draft = std::make_unique<net::DraftSource>(ZoneFacts(*zone), *parts->top);
    parts->top = parts->draft.get();
  }
  if (!set->empty()) {
    parts->overrides = std::make_unique<OverrideSource>(*set, *parts->top);
    parts->top = parts->overrides.get();
  }
  if (!options.record.empty()) {
    parts->recorder = std::make_unique<net::RecordingSource>(*parts->top);
    parts->top = parts->recorder.get();
  }
  return std::unique_ptr<World>(new World(std::move(parts)));
}

World::World(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}
World::~World() = default;

net::AnswerSource& World::dns() {
  return *parts_->top;
}

const std::optional<config::Config>& World::config() const {
  return parts_->config;
}

SteadyTime World::deadline() const {
  return net::in(parts_->deadline);
}

net::Resolver* World::resolver() {
  return parts_->resolver.get();
}

std::optional<Error> World::trouble() const {
  if (!parts_->live || !parts_->live->silent()) return std::nullopt;
  const std::string who = parts_->servers.empty() ? "the root servers" : "DNS server " + parts_->servers;
  return Error{"no DNS answer from " + who + " (" + parts_->live->first_failure() + ")",
               "check the network and the DNS server, or name another one with --resolver ADDRESS"};
}

Result<> World::finish() {
  if (!parts_->recorder) return {};
  return write_file(parts_->record_path, write_recording(parts_->recorder->recorded()), 0644, Existing::replace);
}

}  // namespace ptarmigan::cli
