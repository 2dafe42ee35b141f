// relay/watcher.cpp - see watcher.hpp.
#include "relay/watcher.hpp"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>
#include <set>
#include <sstream>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "base/text.hpp"
#include "net/clock.hpp"
#include "net/gate.hpp"
#include "net/settle.hpp"
#include "net/stream.hpp"
#include "relay/whole_file.hpp"
#include "reports/read.hpp"
#include "store/from_report.hpp"
#include "store/recorder.hpp"
#include "store/views.hpp"
#include "watch/blocklist.hpp"
#include "watch/drift.hpp"
#include "watch/figures.hpp"
#include "watch/incidents.hpp"
#include "watch/queue_age.hpp"

namespace ptarmigan::relay {
namespace asio = boost::asio;
namespace fs = std::filesystem;
namespace {

constexpr milliseconds look{1'000};
/// Changes within this time are one alert.
constexpr milliseconds alert_after{3'000};
constexpr milliseconds look_at_queue{30'000};
/// What open incidents rest on stays in use by being looked at; a changed answer is looked at at once.
constexpr milliseconds look_at_facts{30'000};
/// So many in one look, so that ten thousand open incidents hold up no mail.
constexpr std::size_t weighed_at_once = 200;
/// Mail that waits longer is an incident.
constexpr milliseconds queue_age{4 * 3'600'000};
constexpr milliseconds shortest_ttl{10'000};
constexpr milliseconds longest_ttl{3'600'000};
constexpr milliseconds list_every{3'600'000};
/// Receivers measure by the day, and tell it late.
constexpr milliseconds ask_for_figures{6 * 3'600'000};
constexpr milliseconds drift_accepted{24 * 3'600'000};
/// A changed record waits so long for what it does to a route: the two are then one incident.
constexpr milliseconds drift_waits{15'000};
constexpr std::size_t files_at_once = 100;
constexpr std::uintmax_t max_file = std::uintmax_t{256} << 20U;
/// A file that still grows is left for the next look.
constexpr seconds settled_for{2};

}  // namespace

class Watcher::Impl {
 public:
  Impl(WatcherParts parts, std::unique_ptr<Alerts> alerts)
      : parts_(std::move(parts)),
        alerts_(std::move(alerts)),
        where_(parts_.config.watch.database.empty() ? parts_.config.store.path : parts_.config.watch.database),
        ours_(store::ours_of(parts_.config)) {}

  Result<> restore() {
    parts_.history.flush();
    auto views = store::Views::open(where_);
    if (!views) return std::unexpected(std::move(views.error()));
    const auto open = (*views)->incidents(store::Which::open, 10'000);
    if (!open) return std::unexpected(open.error());
    incidents_.restore(*open);
    const auto snapshots = (*views)->last_snapshots();
    if (!snapshots) return std::unexpected(snapshots.error());
    for (const auto& one : *snapshots)
      known_[one.name + " " + one.type] = {.status = one.status, .records = one.records};
    return {};
  }

  void attempt(const store::Attempt& attempt) {
    const watch::Delivery delivery{.site = attempt.site, .source = attempt.route, .domain = attempt.from_domain};
    if (attempt.outcome == store::Outcome::delivered) {
      handle(incidents_.accepted(delivery, attempt.time));
      return;
    }
    const auto kind = watch::kind_of({.rule_id = attempt.rule_id,
                                      .cause = attempt.cause,
                                      .reply_code = attempt.reply_code,
                                      .enhanced_status = attempt.enhanced_status,
                                      .reply_text = attempt.reply_text});
    auto reply = attempt.reply_code == 0 ? "" : std::to_string(attempt.reply_code) + " ";
    if (!attempt.enhanced_status.empty()) reply += attempt.enhanced_status + " ";
    reply += attempt.reply_text;
    watch::Incidents::RefusedAttempt refused{
        .delivery = delivery, .kind = kind, .rule_id = attempt.rule_id, .reply = printable(reply, 1000)};
    if (const auto address = IpAddress::parse(attempt.route); address && !attempt.rule_id.empty())
      refused.fix = parts_.router.fix_of({*address, attempt.site, attempt.from_domain}, attempt.rule_id);
    handle(incidents_.refused(refused, attempt.time));
  }

  asio::awaitable<watch::Checked> look_again(watch::Incident incident) {
    const auto address = IpAddress::parse(incident.source);
    watch::Checked out{.why = "it is looked at by itself, at the time of each record"};
    if (address && (incident.kind == "refusal" || incident.kind == "standing"))
      out = co_await parts_.router.look_again({*address, incident.site, incident.domain}, incident.rule_id);
    if (incident.kind == "drift") out = co_await ask_record(incident);
    const auto text = std::string(rulebook::to_string(out.state)) + (out.why.empty() ? "" : ": " + out.why);
    note(incident, "checked", text, net::now().wall);
    co_return out;
  }

  milliseconds oldest_wait() const { return oldest_wait_; }
  [[nodiscard]] const std::vector<watch::QueueWait>& queue_waits() const { return queue_waits_; }

  std::map<std::pair<std::string, std::string>, std::size_t> open() const {
    std::map<std::pair<std::string, std::string>, std::size_t> out;
    for (const auto& incident : incidents_.open()) ++out[{incident.kind, incident.site}];
    return out;
  }

  void start() {
    parts_.gate.spawn(watch_time());
    parts_.gate.spawn(watch_queue());
    if (parts_.config.watch.records) parts_.gate.spawn(watch_records());
    if (!parts_.config.watch.blocklists.empty()) parts_.gate.spawn(watch_lists());
    if (!parts_.figures.empty()) parts_.gate.spawn(watch_figures());
  }

 private:
  void handle(std::vector<watch::Change> changes) {
    for (auto& change : changes) {
      dirty_[change.incident.key] = change.incident;
      if (change.what == watch::Change::What::seen) continue;
      save(change.incident, change.what);
      if (untold_.empty()) tell_at_ = net::in(alert_after);
      untold_.push_back(std::move(change));
    }
  }

  void save(const watch::Incident& incident, watch::Change::What what) {
    dirty_.erase(incident.key);
    parts_.history.post([this, incident, what](store::Recorder& recorder) -> Result<> {
      const auto id = recorder.save(incident);
      if (!id) return std::unexpected(id.error());
      if (what == watch::Change::What::seen) return {};
      asio::post(parts_.executor, [this, key = incident.key, id = *id] { ids_[key] = id; });
      const auto time = incident.closed.value_or(incident.opened);
      return recorder.add(store::IncidentEvent{.incident = *id,
                                               .time = time,
                                               .what = std::string(to_string(what)),
                                               .text = incident.closed ? incident.closed_why : incident.why});
    });
    if (what != watch::Change::What::seen) tell_page();
  }

  /// One more line of an incident's story.
  void note(const watch::Incident& incident, const std::string& what, const std::string& text, WallTime now) {
    parts_.history.post([=](store::Recorder& recorder) -> Result<> {
      const auto id = incident.id != 0 ? Result<std::int64_t>(incident.id) : recorder.save(incident);
      if (!id) return std::unexpected(id.error());
      return recorder.add(store::IncidentEvent{.incident = *id, .time = now, .what = what, .text = text});
    });
    tell_page();
  }

  /// Behind what was posted: the page then finds it.
  void tell_page() {
    parts_.history.post([tell = parts_.changed](store::Recorder& /*recorder*/) -> Result<> {
      if (tell) tell();
      return {};
    });
  }

  asio::awaitable<bool> pause(milliseconds duration) {
    asio::steady_timer timer(parts_.executor);
    timer.expires_after(duration);
    co_await timer.async_wait(asio::as_tuple(asio::use_awaitable));
    co_return !co_await net::cancelled();
  }

  asio::awaitable<void> watch_time() {
    while (co_await pause(look)) {
      const auto now = net::now();
      handle(incidents_.tick(now.wall));
      weigh_incidents(now);
      watch_standing(now.wall);
      watch_disk(now.wall);
      raise_drifts(now);
      const auto dirty = std::exchange(dirty_, {});
      for (const auto& [key, incident] : dirty) save(incident, watch::Change::What::seen);
      if (!parts_.config.watch.drop_folder.empty() && !reading_) look_into_drop_folder();
      if (!untold_.empty() && now.steady >= tell_at_) tell(now.wall);
    }
  }

  void tell(WallTime now) {
    auto changes = std::exchange(untold_, {});
    for (auto& change : changes)
      if (const auto id = ids_.find(change.incident.key); id != ids_.end()) change.incident.id = id->second;
    std::erase_if(ids_, [&](const auto& one) {
      return std::ranges::any_of(
          changes, [&](const auto& change) { return change.incident.closed && change.incident.key == one.first; });
    });
    auto alert = watch::compose_alert(changes, parts_.config.hostname->text(), now);
    if (!alert) return;
    if (!parts_.config.watch.alert_mail.empty()) parts_.send_mail(*alert);
    parts_.gate.spawn(send(*std::move(alert)));
  }

  asio::awaitable<void> send(watch::Alert alert) {
    const auto results = co_await alerts_->send(std::move(alert));
    for (const auto& one : results)
      if (!one.result) parts_.warn("alert by " + one.channel + ": " + one.result.error().text());
  }

  /// A route that facts alone make poor is not refused, as nothing is sent over it: told here.
  void watch_standing(WallTime now) {
    if (parts_.router.standing().revision() == standing_seen_) return;
    standing_seen_ = parts_.router.standing().revision();
    for (const auto& row : parts_.router.standing().rows()) {
      const auto source = row.key.source.text();
      const auto standing = std::string(to_string(row.standing));
      auto& told = standings_[source + " " + row.key.site + " " + row.key.sender];
      if (told == standing) continue;
      told = standing;
      parts_.history.post([=](store::Recorder& recorder) -> Result<> {
        return recorder.save(store::StandingRow{.source = source,
                                                .site = row.key.site,
                                                .sender = row.key.sender,
                                                .standing = standing,
                                                .why = row.why,
                                                .since = row.since,
                                                .updated = now});
      });
      const watch::Delivery route{.site = row.key.site, .source = source, .domain = row.key.sender};
      if (row.standing == route::Standing::good) {
        handle(incidents_.regained(route, now));
      } else if (row.standing == route::Standing::poor && !is_refused(row.key.site, source)) {
        handle(incidents_.lost(what_is_wrong(row, route), now));
      }
    }
  }

  /// A mended record ends what it broke, whether mail flows or not. Only what the facts once agreed with: where they
  /// never showed a fault, the receiver alone can tell, by accepting again.
  void weigh_incidents(Moment now) {
    const auto generation = parts_.router.facts_generation();
    const bool between_rounds = weighed_to_.empty();
    if (between_rounds && generation == facts_weighed_ && now.steady < weigh_at_) return;
    if (between_rounds) facts_weighed_ = generation;
    const auto open = incidents_.open();  // in the order of keys
    auto at = std::ranges::upper_bound(open, weighed_to_, {}, &watch::Incident::key);
    for (std::size_t count = 0; at != open.end() && count < weighed_at_once; ++at, ++count) {
      weighed_to_ = at->key;
      if (at->kind == "refusal" || at->kind == "standing") weigh(*at, now);
    }
    if (at != open.end()) return;
    weighed_to_.clear();
    weigh_at_ = net::in(look_at_facts);
    std::erase_if(seen_broken_,
                  [&](const auto& key) { return std::ranges::find(open, key, &watch::Incident::key) == open.end(); });
  }

  void weigh(const watch::Incident& incident, Moment now) {
    const auto address = IpAddress::parse(incident.source);
    if (!address) return;
    const auto found = parts_.router.weigh_again({*address, incident.site, incident.domain}, incident.rule_id, now);
    if (!found) {
      handle(incidents_.clear(incident.key, incident.source + " is no address of ours any more", now.wall));
      return;
    }
    if (incident.kind == "standing" || found->was_explained || found->rule.state == rulebook::State::broken)
      seen_broken_.insert(incident.key);
    if (found->rule.state == rulebook::State::holds && found->standing != route::Standing::poor &&
        seen_broken_.contains(incident.key))
      handle(incidents_.clear(incident.key, "checked again, it holds: " + found->rule.why, now.wall));
  }

  /// The rule and what mends it, where facts say so; else the standing's own words.
  watch::Incidents::RefusedAttempt what_is_wrong(const route::StandingTable::Row& row, const watch::Delivery& route) {
    const auto found = parts_.router.diagnose(row.key);
    if (found)
      return {
          .delivery = route, .kind = found->kind, .rule_id = found->rule_id, .reply = found->why, .fix = found->fix};
    return {
        .delivery = route,
        .reply = row.why,
        .fix = "Run: ptarmigan check, which names the record that is missing; mail goes over another route meanwhile"};
  }

  bool is_refused(const std::string& site, const std::string& source) const {
    for (const auto& incident : incidents_.open())
      if (incident.kind == "refusal" && incident.site == site && incident.source == source) return true;
    return false;
  }

  void watch_disk(WallTime now) {
    std::error_code error;
    const auto space = fs::space(parts_.config.spool.path, error);
    if (error) return;
    const auto wanted = parts_.config.spool.min_free;
    if (space.available >= 2 * wanted) {
      handle(incidents_.clear("disk", "there is room again", now));
    } else if (!disk_is_low_) {
      handle(incidents_.raise({.key = "disk",
                               .kind = "disk",
                               .cause = "disk",
                               .title = "The disk of the queue is nearly full",
                               .why = std::to_string(space.available >> 20U) + " MB are left; with less than " +
                                      std::to_string(wanted >> 20U) + " MB new mail is refused",
                               .fix = "Make room on the disk of spool.path"},
                              now));
    }
    disk_is_low_ = space.available < 2 * wanted;
  }

  asio::awaitable<void> watch_queue() {
    do {
      const auto first = co_await parts_.control(R"({"do":"list","limit":1,"held":false})");
      if (co_await net::cancelled()) co_return;
      const auto now = net::now().wall;
      queue_waits_ = watch::queue_waits(co_await parts_.control(R"({"do":"summary"})"));
      if (co_await net::cancelled()) co_return;
      const auto oldest = watch::oldest_of(first);
      oldest_wait_ = oldest ? std::max(milliseconds(0), milliseconds(now - *oldest)) : milliseconds(0);
      if (oldest_wait_ < queue_age) {
        handle(incidents_.clear("queue", "the oldest mail of the queue is young again", now));
        continue;
      }
      const auto summary = co_await parts_.control(R"({"do":"summary","held":false})");
      if (co_await net::cancelled()) co_return;
      handle(incidents_.raise(watch::queue_is_old(summary, oldest_wait_, now), now));
    } while (co_await pause(look_at_queue));
  }

  asio::awaitable<void> watch_records() {
    std::map<Question, SteadyTime> due;
    for (const auto& question : watch::own_questions(parts_.config)) due[question] = net::steady_now();
    do {
      for (auto& [question, when] : due) {
        if (when > net::steady_now()) continue;
        const auto answer = co_await parts_.dns.answer(question, net::in(parts_.config.dns.deadline));
        if (co_await net::cancelled()) co_return;
        when = net::in(std::clamp(milliseconds(seconds(answer.ttl)), shortest_ttl, longest_ttl));
        compare(question, answer, net::now().wall);
      }
    } while (co_await pause(look));
  }

  void compare(const Question& question, const Answer& answer, WallTime now) {
    const auto set = watch::record_set(answer);
    if (!set) return;
    const auto name = question.name.text();
    const std::string type(to_string(question.type));
    const auto id = name + " " + type;
    const auto before = known_.find(id);
    const bool first = before == known_.end();
    const auto diff = first ? "" : watch::difference(before->second, *set);
    if (first || !diff.empty())
      parts_.history.post([=, set = *set](store::Recorder& recorder) -> Result<> {
        return recorder.add(store::Snapshot{
            .time = now, .name = name, .type = type, .status = set.status, .records = set.records, .diff = diff});
      });
    const auto key = "drift " + id;
    if (!diff.empty()) {
      if (const auto base = baseline_.find(id); base != baseline_.end() && base->second.second == *set) {
        baseline_.erase(id);
        if (!tell_story(question, diff, now)) handle(incidents_.clear(key, "as it was before", now));
        drifts_.erase(key);
      } else {
        if (base == baseline_.end()) baseline_[id] = {now, before->second};
        drifts_[key] = {question,
                        net::in(drift_waits),
                        {.key = key,
                         .kind = "drift",
                         .domain = name,
                         .cause = "drift",
                         .title = "The " + type + " records of " + name + " changed",
                         .why = diff,
                         .fix = "Publish what was there before, or leave it where the change was meant; "
                                "ptarmigan check tells what it means for mail"}};
      }
    } else if (const auto base = baseline_.find(id);
               base != baseline_.end() && now - base->second.first >= drift_accepted) {
      baseline_.erase(base);
      handle(incidents_.clear(key, "it stayed so for a day", now));
    }
    known_[id] = *set;
  }

  /// True where an open incident is about this record: the change is a line of its story.
  bool tell_story(const Question& question, const std::string& diff, WallTime now) {
    bool told = false;
    for (const auto& incident : incidents_.open()) {
      if (!watch::explains(question, incident)) continue;
      note(incident, "changed", question.text() + "\n" + diff, now);
      told = true;
    }
    return told;
  }

  void raise_drifts(Moment now) {
    for (auto one = drifts_.begin(); one != drifts_.end();) {
      const auto next = std::next(one);
      auto& drift = one->second;
      const bool due = now.steady >= drift.due;
      if (tell_story(drift.question, drift.incident.why, now.wall)) {
        drifts_.erase(one);
      } else if (due) {
        handle(incidents_.raise(std::move(drift.incident), now.wall));
        drifts_.erase(one);
      }
      one = next;
    }
  }

  asio::awaitable<watch::Checked> ask_record(watch::Incident incident) {
    for (const auto& question : watch::own_questions(parts_.config)) {
      const std::string type(to_string(question.type));
      if (incident.key != "drift " + question.name.text() + " " + type) continue;
      const auto answer = co_await parts_.dns.answer(question, net::in(parts_.config.dns.deadline));
      compare(question, answer, net::now().wall);
      const auto set = watch::record_set(answer);
      if (!set) co_return watch::Checked{.why = "DNS gave no answer"};
      co_return watch::Checked{.state = rulebook::State::unknown,
                               .why = "published now: " + (set->records.empty() ? set->status : set->records)};
    }
    co_return watch::Checked{.why = "the record is not watched any more"};
  }

  asio::awaitable<void> watch_figures() {
    do {
      for (const auto& source : parts_.figures) {
        const auto now = net::now().wall;
        auto fetched = co_await source->fetch(now);
        if (co_await net::cancelled()) co_return;
        if (!fetched) {
          parts_.warn(std::string(source->provider()) + ": " + fetched.error().text());
          continue;
        }
        for (const auto& problem : fetched->problems) parts_.warn(std::string(source->provider()) + ": " + problem);
        judge_figures(std::string(source->provider()), fetched->figures, now);
        parts_.history.post([figures = std::move(fetched->figures)](store::Recorder& recorder) -> Result<> {
          for (const auto& figure : figures)
            if (auto saved = recorder.save(figure); !saved) return saved;
          return {};
        });
      }
    } while (co_await pause(ask_for_figures));
  }

  /// What it names is open, and what it names no more is over.
  void judge_figures(const std::string& provider, const std::vector<watch::Figure>& figures, WallTime now) {
    std::set<std::string> wrong;
    for (auto& condition : watch::wrong_figures(figures)) {
      wrong.insert(condition.key);
      handle(incidents_.raise(std::move(condition), now));
    }
    for (const auto& incident : incidents_.open())
      if (incident.key.starts_with("figure " + provider + " ") && !wrong.contains(incident.key))
        handle(incidents_.clear(incident.key, "they do not say so any more", now));
  }

  asio::awaitable<void> watch_lists() {
    std::set<watch::Listed> subjects;
    for (const auto& source : parts_.config.sources)
      for (const auto& address : {source.ipv4, source.ipv6})
        if (address) subjects.insert(*address);
    for (const auto& domain : parts_.config.domains) subjects.insert(domain.name);
    do {
      for (const auto& list : parts_.config.watch.blocklists) {
        for (const auto& subject : subjects) {
          const auto judge = [&](const Facts& facts) { return watch::blocklisted(subject, list, facts); };
          const auto settled = co_await net::settle(judge, Facts(), parts_.dns, net::in(parts_.config.dns.deadline));
          if (co_await net::cancelled()) co_return;
          if (settled.value) listed(subject, list, *settled.value);
        }
      }
    } while (co_await pause(list_every));
  }

  void listed(const watch::Listed& subject, const dns::DomainName& list, const watch::Listing& listing) {
    const auto now = net::now().wall;
    const auto key = "listing " + watch::text_of(subject) + " " + list.text();
    if (listing.state == watch::Listing::State::clean) handle(incidents_.clear(key, "no longer listed", now));
    if (listing.state == watch::Listing::State::refused && refused_lists_.insert(list.text()).second)
      parts_.warn("block list " + list.text() + " does not answer: " + listing.why);
    if (listing.state != watch::Listing::State::listed) return;
    const bool address = std::holds_alternative<IpAddress>(subject);
    handle(incidents_.raise({.key = key,
                             .kind = "listing",
                             .source = address ? watch::text_of(subject) : "",
                             .domain = address ? "" : watch::text_of(subject),
                             .cause = "listing",
                             .title = watch::text_of(subject) + " is on the block list " + list.text(),
                             .why = listing.why,
                             .fix = "Find out why (see the list's own page), mend it, then ask for removal there"},
                            now));
  }

  void look_into_drop_folder() {
    reading_ = true;
    asio::post(reader_, [this] {
      std::string problem;
      try {
        read_drop_folder();
      } catch (const std::exception& error) {
        problem = error.what();
      }
      asio::post(parts_.executor, [this, problem] {
        reading_ = false;
        if (!problem.empty() && problem != drop_problem_) parts_.warn("watch.drop_folder: " + problem);
        drop_problem_ = problem;
      });
    });
  }

  /// On the reading thread. Only plain files count, by whatever name but a draft's; links are not followed.
  void read_drop_folder() {
    const fs::path folder = parts_.config.watch.drop_folder;
    const auto done = folder / "done";
    const auto failed = folder / "failed";
    fs::create_directories(done);
    fs::create_directories(failed);
    std::vector<fs::path> files;
    for (const auto& entry : fs::directory_iterator(folder)) {
      if (files.size() == files_at_once) break;
      if (entry.symlink_status().type() == fs::file_type::regular && entry.path().extension() != draft_suffix &&
          fs::file_time_type::clock::now() - entry.last_write_time() >= settled_for)
        files.push_back(entry.path());
    }
    if (files.empty()) return;
    const auto views = store::Views::open(where_);
    if (!views) throw std::runtime_error(views.error().text());
    for (const auto& file : files) move_to(file, take_in(file, **views) ? done : failed);
  }

  /// Old kernels let no confined process move a file into another folder: then it is copied.
  static void move_to(const fs::path& file, const fs::path& folder) {
    std::error_code code;
    fs::rename(file, folder / file.filename(), code);
    if (!code) return;
    if (code != std::errc::cross_device_link) throw fs::filesystem_error("cannot move", file, folder, code);
    fs::copy_file(file, folder / file.filename(), fs::copy_options::overwrite_existing);
    fs::remove(file);
  }

  /// False where no report was in it.
  bool take_in(const fs::path& file, store::Views& views) {
    if (fs::file_size(file) > max_file) return false;
    std::ifstream stream(file, std::ios::binary);
    std::ostringstream octets;
    octets << stream.rdbuf();
    bool any = false;
    for (const auto& report : reports::read_reports(octets.view())) {
      if (!report.readable()) continue;
      any = true;
      auto full = store::full_report(report, file.filename().string(), ours_, net::now().wall);
      // What cannot be joined is kept all the same.
      [[maybe_unused]] const auto joined = store::join_messages(full, views);
      if (parts_.config.watch.suppress_complaints) tell_complaints(full, views);
      parts_.history.post([full = std::move(full)](store::Recorder& recorder) -> Result<> {
        const auto kept = recorder.keep(full);
        return kept ? Result<>() : std::unexpected(kept.error());
      });
    }
    return any;
  }

  /// Only where they name a message that was sent from here to whom they speak for: anybody can write a report.
  void tell_complaints(const store::FullReport& report, store::Views& views) {
    for (const auto& row : report.feedback) {
      if (row.type != "abuse" && row.type != "fraud" && row.type != "opt-out") continue;
      if (row.message_id.empty() || row.recipient.empty()) continue;
      const auto sent = views.message_of(row.message_id, "", row.time);
      if (!sent || !*sent) continue;
      const auto is_recipient = [&](const std::string& address) { return iequals(address, row.recipient); };
      if (std::ranges::any_of((*sent)->recipients, is_recipient))
        asio::post(parts_.executor, [this, row] { parts_.complained(row); });
    }
  }

  WatcherParts parts_;
  std::unique_ptr<Alerts> alerts_;
  std::string where_;
  store::Ours ours_;
  watch::Incidents incidents_;
  std::map<std::string, watch::Incident> dirty_;
  std::vector<watch::Change> untold_;
  SteadyTime tell_at_ = {};
  std::uint64_t standing_seen_ = 0;
  std::map<std::string, std::string> standings_;
  std::uint64_t facts_weighed_ = 0;
  SteadyTime weigh_at_ = {};
  std::string weighed_to_;             ///< the key up to which this round came; "" between rounds
  std::set<std::string> seen_broken_;  ///< keys of open incidents that the facts agreed with
  std::map<std::string, watch::RecordSet> known_;
  /// What was there before a change that is not yet accepted.
  std::map<std::string, std::pair<WallTime, watch::RecordSet>> baseline_;
  struct Drift {
    Question question;
    SteadyTime due = {};
    watch::Incident incident;
  };
  std::map<std::string, Drift> drifts_;  ///< that wait for what they do, by key
  std::map<std::string, std::int64_t> ids_;
  std::set<std::string> refused_lists_;
  milliseconds oldest_wait_{0};
  std::vector<watch::QueueWait> queue_waits_;
  bool disk_is_low_ = false;
  bool reading_ = false;
  std::string drop_problem_;
  asio::thread_pool reader_{1};  // last: it ends before what it uses
};

Watcher::Watcher(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Watcher::~Watcher() = default;

Result<std::unique_ptr<Watcher>> Watcher::create(WatcherParts parts) {
  auto alerts = Alerts::create(parts.config.watch, parts.dns);
  if (!alerts) return std::unexpected(std::move(alerts.error()));
  auto impl = std::make_unique<Impl>(std::move(parts), *std::move(alerts));
  if (auto restored = impl->restore(); !restored) return std::unexpected(std::move(restored.error()));
  return std::unique_ptr<Watcher>(new Watcher(std::move(impl)));
}

void Watcher::attempt(const store::Attempt& attempt) {
  impl_->attempt(attempt);
}

void Watcher::start() {
  impl_->start();
}

asio::awaitable<watch::Checked> Watcher::look_again(watch::Incident incident) {
  return impl_->look_again(std::move(incident));
}

const std::vector<watch::QueueWait>& Watcher::queue_waits() const {
  return impl_->queue_waits();
}

milliseconds Watcher::oldest_wait() const {
  return impl_->oldest_wait();
}

std::map<std::pair<std::string, std::string>, std::size_t> Watcher::open() const {
  return impl_->open();
}

}  // namespace ptarmigan::relay
