// cli/check_list.cpp - see check_list.hpp. Threads: one; the resolver has its own.
#include "cli/check_list.hpp"

#include <cstdio>
#include <fstream>
#include <iostream>
#include <set>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <nlohmann/json.hpp>
#include <unistd.h>

#include "base/text.hpp"
#include "cli/run.hpp"
#include "cli/terminal.hpp"
#include "net/clock.hpp"
#include "net/settle.hpp"

namespace ptarmigan::cli {
namespace asio = boost::asio;
namespace {

using Json = nlohmann::ordered_json;

std::string line_of(const doctor::Report& report) {
  std::set<std::string> because;
  for (const auto& delivery : report.deliveries) {
    if (delivery.because != nullptr) because.emplace(delivery.because->id);
    if (delivery.because_check != nullptr) because.emplace(delivery.because_check->id);
  }
  std::set<std::string> broken;
  for (const auto& result : report.checks)
    if (result.verdict.state == rulebook::State::broken) broken.emplace(result.check->id);
  const Json out{{"domain", report.setup.domain.text()},
                 {"verdict", to_string(report.worst())},
                 {"grade", to_string(report.grade())},
                 {"because", because},
                 {"broken", broken}};
  return out.dump(-1, ' ', false, Json::error_handler_t::replace);
}

/// What an interrupted run has written. A last line without its end is cut off, and its domain done again.
Result<std::set<std::string>> done_already(const std::string& path) {
  std::set<std::string> out;
  std::ifstream file(path, std::ios::binary);
  if (!file) return out;
  std::string line;
  std::streamoff whole = 0;
  while (std::getline(file, line)) {
    if (file.eof()) break;  // no line end: cut short
    whole += static_cast<std::streamoff>(line.size()) + 1;
    const auto entry = Json::parse(line, nullptr, false);
    if (entry.is_object() && entry.contains("domain")) out.insert(to_lower(entry.value("domain", "")));
  }
  file.close();
  if (::truncate(path.c_str(), whole) != 0) return failure("cannot cut the last line of " + path);
  return out;
}

class Run {
 public:
  Run(const CheckOptions& options, World& world, std::istream& in, std::FILE* out, std::set<std::string> done)
      : options_(options), world_(world), in_(in), out_(out), done_(std::move(done)), started_(net::now().steady) {}

  int run() {
    for (std::size_t worker = 0; worker < options_.parallel; ++worker) asio::co_spawn(reactor_, work(), asio::detached);
    reactor_.run();
    progress(true);
    return std::fflush(out_) == 0 && !failed_ ? worst_ : complain({"cannot write the results"});
  }

 private:
  std::optional<std::string> next() {
    std::string line;
    while (std::getline(in_, line)) {
      auto domain = to_lower(trim(std::string_view(line)));
      if (domain.empty() || domain.starts_with('#') || done_.contains(domain)) continue;
      return domain;
    }
    return std::nullopt;
  }

  asio::awaitable<void> work() {
    while (auto domain = next()) {
      const auto setup = setup_of(options_, *domain, world_.config());
      if (!setup) {
        write(Json{{"domain", *domain}, {"error", setup.error().message}}.dump(-1, ' ', false,
                                                                               Json::error_handler_t::replace));
        worst_ = std::max<int>(worst_, findings);
        continue;
      }
      const auto judge = [&setup](const Facts& facts) { return doctor::examine(*setup, facts); };
      const auto settled = co_await net::settle(judge, Facts(), world_.dns(), world_.deadline());
      if (settled.value) {
        write(line_of(*settled.value));
        if (settled.value->worst() != doctor::Forecast::accepted) worst_ = std::max<int>(worst_, findings);
      }
    }
  }

  void write(const std::string& line) {
    failed_ = failed_ || std::fprintf(out_, "%s\n", line.c_str()) < 0 || std::fflush(out_) != 0;
    ++count_;
    progress(false);
  }

  void progress(bool last) {
    if (::isatty(STDERR_FILENO) != 1) return;
    const auto now = net::now().steady;
    if (!last && now - shown_ < milliseconds(200)) return;
    shown_ = now;
    const auto spent = std::chrono::duration<double>(now - started_).count();
    std::fprintf(stderr, "\r%zu domains, %.0f a second%s", count_, static_cast<double>(count_) / std::max(spent, 0.001),
                 last ? "\n" : "");
  }

  const CheckOptions& options_;
  World& world_;
  std::istream& in_;
  std::FILE* out_;
  std::set<std::string> done_;
  asio::io_context reactor_{1};
  SteadyTime started_;
  SteadyTime shown_ = {};
  std::size_t count_ = 0;
  int worst_ = good;
  bool failed_ = false;
};

}  // namespace

int check_list(const CheckOptions& options) {
  const auto world = World::open(options.dns);
  if (!world) return complain(world.error());
  std::ifstream file;
  if (options.list != "-") {
    file.open(options.list);
    if (!file) return complain({"cannot read " + options.list, "check the path"});
  }
  std::set<std::string> done;
  if (options.resume) {
    auto known = done_already(options.results);
    if (!known) return complain(known.error());
    done = *std::move(known);
  }
  std::FILE* out = stdout;
  if (!options.results.empty()) out = std::fopen(options.results.c_str(), options.resume ? "ae" : "we");
  if (out == nullptr) return complain({"cannot write " + options.results, "check the path"});
  const int code = Run(options, **world, options.list == "-" ? std::cin : file, out, std::move(done)).run();
  if (out != stdout && std::fclose(out) != 0) return complain({"cannot write " + options.results});
  if (const auto saved = (*world)->finish(); !saved) return complain(saved.error());
  return code;
}

}  // namespace ptarmigan::cli
