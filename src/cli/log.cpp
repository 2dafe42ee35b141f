// cli/log.cpp - `ptarmigan log`: what Postfix and Exim logged, as the records that our own attempts leave.
#include <algorithm>
#include <cstdio>
#include <ctime>
#include <map>
#include <memory>
#include <set>

#include <CLI/CLI.hpp>

#include "adapt/log_record.hpp"
#include "adapt/log_source.hpp"
#include "base/text.hpp"
#include "cli/commands.hpp"
#include "cli/run.hpp"
#include "cli/server_files.hpp"
#include "cli/terminal.hpp"
#include "logs/collate.hpp"
#include "net/clock.hpp"
#include "store/history.hpp"

namespace ptarmigan::cli {
namespace {

struct Options {
  std::vector<std::string> files;
  bool json = false;
  bool outcomes = false;
  bool follow = false;
  bool journal = false;
  bool learn = false;
  std::string since;
  ServerFiles server;
};

/// By this machine's zone (TZ), summer time as it was then.
WallTime of_local(std::chrono::local_seconds local) {
  const auto days = std::chrono::floor<std::chrono::days>(local);
  const std::chrono::year_month_day date(days);
  const std::chrono::hh_mm_ss clock(local - days);
  std::tm fields{};
  fields.tm_year = static_cast<int>(date.year()) - 1900;
  fields.tm_mon = static_cast<int>(static_cast<unsigned>(date.month())) - 1;
  fields.tm_mday = static_cast<int>(static_cast<unsigned>(date.day()));
  fields.tm_hour = static_cast<int>(clock.hours().count());
  fields.tm_min = static_cast<int>(clock.minutes().count());
  fields.tm_sec = static_cast<int>(clock.seconds().count());
  fields.tm_isdst = -1;
  return WallTime(std::chrono::seconds(std::mktime(&fields)));
}

/// What the summary counts of refusals: who, how, and why.
struct Trouble {
  std::size_t count = 0;
  std::string last;
};

class Reading {
 public:
  explicit Reading(const Options& options) : options_(options) {}

  Result<> open() {
    if (!options_.learn) return {};
    auto files = options_.server;
    if (files.history.empty())
      if (const auto found = find_server_files(files); !found) return found;
    auto history = store::History::open({.file = files.history});
    if (!history) return std::unexpected(history.error());
    history_ = *std::move(history);
    auto reader = store::HistoryReader::open(files.history);
    if (!reader) return std::unexpected(reader.error());
    reader_ = *std::move(reader);
    return {};
  }

  bool take(std::string_view octets) {
    ++lines_;
    auto line = logs::parse_line(octets, {net::now().wall, of_local});
    auto entry = logs::read_entry(line);
    if (!entry) return true;
    ++ours_;
    collator_.complete(line, *entry);
    const auto record = adapt::judge_entry(std::move(line), *std::move(entry));
    count(record);
    if (history_) learn(record);
    if (options_.outcomes && !record.outcome) return true;
    if (options_.json)
      print(adapt::to_json(record) + "\n");
    else if (options_.follow && record.outcome)
      print(line_of(record));
    if (options_.follow) std::fflush(stdout);
    return true;
  }

  [[nodiscard]] std::string summary() const {
    std::string out =
        std::to_string(ours_) + " lines of Postfix and Exim, " + std::to_string(lines_ - ours_) + " others";
    if (first_) out += ", " + rfc3339(*first_) + " to " + rfc3339(*last_);
    out += "\n";
    for (const auto& [status, number] : statuses_) out += "  " + status + " " + std::to_string(number) + "\n";
    if (history_)
      out += "  learnt " + std::to_string(learnt_) + ", known before " + std::to_string(known_before_) + "\n";
    if (troubles_.empty()) return out;
    out += "Refused or failed, by receiver, family and cause:\n";
    for (const auto& [what, trouble] : troubles_)
      out += "  " + std::to_string(trouble.count) + "  " + displayable(what) +
             "\n      last: " + displayable(trouble.last.substr(0, longest_quote)) + "\n";
    return out;
  }

  [[nodiscard]] Result<> close() {
    if (!history_) return {};
    history_->flush();
    const auto counts = history_->counts();
    if (counts.dropped == 0 && counts.last_error.empty()) return {};
    return failure("not all was written to the history: " + counts.last_error);
  }

 private:
  static constexpr std::size_t longest_quote = 300;
  static constexpr std::size_t most_troubles = 1000;

  static std::string_view family_word(const adapt::LogRecord& record) {
    if (!record.entry.relay || !record.entry.relay->address) return "no address";
    return to_string(record.entry.relay->address->family());
  }

  static std::string line_of(const adapt::LogRecord& record) {
    const auto& entry = record.entry;
    auto out = (record.line.time ? rfc3339(*record.line.time) : std::string("?")) + " " + entry.queue_id + " " +
               displayable(entry.recipient) + " " + std::string(to_string(*record.outcome)) + " " + record.site + " " +
               std::string(family_word(record));
    for (const auto& rule : record.rules) out += " " + rule;
    return out + " " + displayable(entry.reply.empty() ? entry.words : entry.reply) + "\n";
  }

  void count(const adapt::LogRecord& record) {
    if (record.line.time) {
      first_ = std::min(first_.value_or(*record.line.time), *record.line.time);
      last_ = std::max(last_.value_or(*record.line.time), *record.line.time);
    }
    if (record.outcome) ++statuses_[std::string(to_string(*record.outcome))];
    if (!record.failure || (!record.outcome && record.entry.kind == logs::Kind::other)) return;
    auto what = (record.site.empty() ? "unknown receiver" : record.site) + ", " + std::string(family_word(record)) +
                ", " + std::string(smtp::to_string(record.failure->cause));
    for (const auto& rule : record.rules) what += " " + rule;
    if (troubles_.size() >= most_troubles && !troubles_.contains(what)) what = "others";
    auto& trouble = troubles_[what];
    ++trouble.count;
    trouble.last = record.entry.reply.empty() ? record.entry.words : record.entry.reply;
  }

  void learn(const adapt::LogRecord& record) {
    auto attempt = adapt::to_attempt(record);
    if (!attempt) return;
    if (known_.size() > most_known) known_.clear();
    const auto [place, fresh] = known_.try_emplace(attempt->queue_id.number());
    if (fresh)
      if (const auto rows = reader_->of_message(attempt->queue_id))
        for (const auto& row : *rows) place->second.insert(name_of(row));
    if (!place->second.insert(name_of(*attempt)).second) {
      ++known_before_;
      return;
    }
    ++learnt_;
    history_->record(*std::move(attempt));
    if (learnt_ % rows_between_flushes == 0) history_->flush();
  }

  /// What makes two rows of a message the same attempt.
  static std::string name_of(const store::Attempt& attempt) {
    return std::to_string(attempt.time.time_since_epoch().count()) + " " + join(attempt.recipients, ",") + " " +
           (attempt.peer ? attempt.peer->text() : "") + " " + std::string(to_string(attempt.outcome));
  }

  static constexpr std::size_t most_known = 50'000;
  static constexpr std::size_t rows_between_flushes = 10'000;

  const Options& options_;
  logs::Collator collator_;
  std::unique_ptr<store::History> history_;
  std::unique_ptr<store::HistoryReader> reader_;
  std::map<std::uint64_t, std::set<std::string>> known_;
  std::size_t lines_ = 0;
  std::size_t ours_ = 0;
  std::size_t learnt_ = 0;
  std::size_t known_before_ = 0;
  std::optional<WallTime> first_;
  std::optional<WallTime> last_;
  std::map<std::string, std::size_t> statuses_;
  std::map<std::string, Trouble> troubles_;
};

int read_logs(const Options& options) {
  const bool one = options.files.size() + (options.journal ? 1 : 0) <= 1;
  if (options.follow && !one) return complain({"--follow reads one log", "name one file, or --journal alone"});
  if (!options.journal && options.files.empty())
    return complain({"no log is named", "name files, - for standard input, or --journal"});
  Reading reading(options);
  if (const auto opened = reading.open(); !opened) return complain(opened.error());
  const auto follow = options.follow ? adapt::Follow::yes : adapt::Follow::no;
  const adapt::LineSink sink = [&](std::string_view line) { return reading.take(line); };
  int code = good;
  for (const auto& file : options.files)
    if (const auto read = adapt::read_log(file, follow, sink); !read) code = complain(read.error());
  if (options.journal)
    if (const auto read = adapt::read_journal(options.since, follow, sink); !read) code = complain(read.error());
  if (const auto closed = reading.close(); !closed) code = complain(closed.error());
  if (!options.json) print(reading.summary());
  return code;
}

}  // namespace

void add_log(CLI::App& app, Action& action) {
  auto* command = app.add_subcommand("log", "What Postfix and Exim logged, led back to receiver, cause and rule");
  auto options = std::make_shared<Options>();
  command->footer(
      "Files may be compressed (gzip, xz, zstd, bzip2). Lines may be of syslog in any form, of the journal as JSON, "
      "of\n"
      "Exim's main log, or bare messages. With --json each line of a mail server becomes one object on one line.\n"
      "Exit code: 0 all was read, 2 something could not be read.");
  command->add_option("FILE", options->files, "Logs; - for standard input")->type_name("");
  command->add_flag("--journal", options->journal, "Read the system's journal (journalctl)");
  command->add_option("--since", options->since, "Of the journal only what is younger, as journalctl takes it")
      ->type_name("TIME");
  command->add_flag("--follow,-f", options->follow, "Read on as the log grows and is rotated");
  command->add_flag("--outcomes", options->outcomes, "Leave out lines that tell no delivery's outcome");
  command->add_flag("--learn", options->learn, "Write the outcomes to the history, each once");
  command->add_flag("--json", options->json, "For programs: docs/reference/log-json.md");
  add_server_files(*command, options->server);
  command->callback([options, &action] { action = [options] { return read_logs(*options); }; });
}

}  // namespace ptarmigan::cli
