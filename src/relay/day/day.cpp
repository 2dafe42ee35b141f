// relay/day/day.cpp - see day.hpp.
#include "relay/day/day.hpp"

#include <algorithm>
#include <array>
#include <deque>
#include <memory>
#include <queue>
#include <random>
#include <set>
#include <tuple>
#include <unordered_map>

#include "relay/day/world.hpp"
#include "relay/pacer.hpp"
#include "relay/queue.hpp"
#include "relay/transit.hpp"
#include "route/standing.hpp"

namespace ptarmigan::relay::day {
namespace {

constexpr milliseconds one_minute{60'000};
constexpr milliseconds one_hour{3'600'000};
constexpr milliseconds longest_play{4 * 24 * one_hour};
/// Answers are asked again when this has passed, and at once after a refusal that blames them.
constexpr milliseconds facts_ttl{5 * 60'000};
const Sender sender{"news@example.com", "example.com"};

/// Of each hundred messages; the newsletter at 15:00 is Gmail's besides.
constexpr std::array<unsigned, site_count> shares{56, 25, 8, 7, 4};
constexpr unsigned newsletter_percent = 6;
/// Of a day's mail, by hour.
constexpr std::array<unsigned, 24> curve{2, 1, 1, 1, 1, 2, 3, 4, 6, 7, 7, 6, 6, 6, 6, 6, 6, 6, 5, 5, 4, 4, 3, 2};

struct Arrival {
  milliseconds at;
  SiteName site;
};

std::vector<Arrival> arrivals(std::uint64_t messages, std::mt19937& random) {
  std::vector<Arrival> out;
  const auto newsletter = messages * newsletter_percent / 100;
  for (std::uint64_t i = 0; i < newsletter; ++i)
    out.push_back({clock_time(15) + milliseconds(i * 60'000 / newsletter), SiteName::gmail});
  std::discrete_distribution<int> hour(curve.begin(), curve.end());
  std::discrete_distribution<int> site(shares.begin(), shares.end());
  while (out.size() < messages)
    out.push_back({hour(random) * one_hour + milliseconds(random() % one_hour.count()), all_sites.at(site(random))});
  std::ranges::sort(out, {}, &Arrival::at);
  return out;
}

/// A message under way: what Delivery::try_routes holds on its stack.
struct Flight {
  std::string site_key;
  SiteName site;
  Queue::Work work;
  std::unique_ptr<Transit> transit;
  route::Plan plan;
  std::size_t next = 0;  ///< in plan.order
  std::optional<Pacer::Blocked> blocked = {};
  const route::Candidate* candidate = nullptr;
  Pacer::Place place = {};
  SourceName source = {};
  milliseconds began{0};
  bool refused_before = false;
};

class Player {
 public:
  explicit Player(const Options& options)
      : config_(configuration(options.messages)),
        pacer_(config_, keys_),
        queue_({.workers_per_site = config_.delivery.max_connections_per_site,
                .workers = config_.delivery.max_connections}),
        world_(options.messages),
        arrivals_(arrivals(options.messages, random_)),
        accepted_at_(arrivals_.size()) {
    for (const auto site : all_sites) {
      destinations_.at(index(site)) = std::make_shared<route::Destination>(destination_of(site));
      sites_[destinations_.at(index(site))->site.key] = site;
    }
    input_.sources = route::addresses_of(config_.sources);
    input_.mode = config_.delivery.standing;
    input_.prefer = config_.delivery.prefer;
  }

  Day play() {
    while (step() && now_ < longest_play) {
    }
    close_minutes(now_ + one_minute);
    count_delays();
    day_.warm_up_allowance = pacer_allowance_;
    return std::move(day_);
  }

 private:
  template <typename Name>
  static std::size_t index(Name name) {
    return static_cast<std::size_t>(name);
  }

  /// Goes to the next moment at which something happens; false where nothing will.
  bool step() {
    std::optional<milliseconds> at;
    const auto sooner = [&](milliseconds other) { at = at ? std::min(*at, other) : other; };
    if (arrived_ < arrivals_.size()) sooner(arrivals_[arrived_].at);
    if (!ends_.empty()) sooner(std::get<0>(ends_.top()));
    if (const auto due = queue_.next_due()) sooner(std::max(now_, milliseconds(due->time_since_epoch())));
    if (!at) return false;
    close_minutes(*at);
    now_ = *at;
    for (; arrived_ < arrivals_.size() && arrivals_[arrived_].at <= now_; ++arrived_) {
      const auto site = arrivals_[arrived_].site;
      queue_.add(job(arrived_, 0), domain_of(site), SteadyTime(now_));
      ++waiting_.at(index(site));
    }
    while (!ends_.empty() && std::get<0>(ends_.top()) <= now_) {
      const auto flight = std::get<2>(ends_.top());
      ends_.pop();
      attempt_ended(*flight);
    }
    for (const auto& domain : queue_.take_due(SteadyTime(now_)))
      for (const auto site : all_sites)
        if (domain_of(site) == domain)
          queue_.resolved(domain, destinations_.at(index(site)), SteadyTime(now_ + facts_ttl));
    start_workers();
    return true;
  }

  static Job job(std::uint64_t number, std::uint32_t attempts) {
    return {QueueId(number + 1), 0, stream_of(sender.mail_from, sender.header_from_domain), attempts};
  }

  void start_workers() {
    while (const auto site = queue_.start_worker()) work(*site);
  }

  void work(const std::string& site_key) {
    while (auto next = queue_.next(site_key)) {
      auto flight = std::make_unique<Flight>();
      flight->site_key = site_key;
      flight->site = sites_.at(site_key);
      flight->work = *std::move(next);
      if (begin(*flight)) {
        flights_.emplace(flight.get(), std::move(flight));
        return;  // this worker goes on when the attempt has ended
      }
    }
    queue_.end_worker(site_key);
  }

  /// False where nothing is under way: the job waits or has ended.
  bool begin(Flight& flight) {
    const auto number = flight.work.job.message.number() - 1;
    spool::MessageRecord message;
    message.id = flight.work.job.message;
    message.accepted_at = moment(arrivals_[number].at).wall;
    message.mail_from = sender.mail_from;
    message.header_from_domain = sender.header_from_domain;
    spool::GroupRecord group;
    if (const auto kept = groups_.find(number); kept != groups_.end()) {
      group = kept->second;
    } else {
      group.message = message.id;
      group.domain = flight.work.domain;
      group.created = message.accepted_at;
      group.recipients.push_back({.address = "user@" + group.domain, .notify = {}, .orcpt = {}});
    }
    flight.transit = std::make_unique<Transit>(std::move(message), std::move(group), octets_, moment(now_));
    input_.destination = *flight.work.destination;
    input_.refused = flight.transit->refused_routes();
    const auto& site = flight.work.destination->site;
    flight.plan = route::make_plan(input_, [&](const route::SourceAddress& source) {
      const auto name = *source_of(source.address);
      return standing_.weigh({source.address, site.key}, facts(name, flight.site), moment(now_));
    });
    return go_on(flight);
  }

  /// As the server does it: the next route that may be taken, or the end of this round.
  bool go_on(Flight& flight) {
    auto& transit = *flight.transit;
    const auto& site = flight.work.destination->site;
    while (flight.next < flight.plan.order.size() && !transit.settled()) {
      const auto& candidate = flight.plan.order[flight.next++];
      if (candidate.last_resort && transit.better_route_is_down()) break;
      auto place = pacer_.begin(candidate, site, sender, moment(now_));
      if (!place) {
        flight.blocked = place.error();
        transit.route_is_busy();
        if (flight.blocked->by == Pacer::Blocked::By::full) break;
        continue;
      }
      if (!standing_.take_probe({candidate.route.source->address, site.key})) {
        free_place(flight.site_key, *place, Pacer::End::said_nothing);
        transit.route_is_busy();
        continue;
      }
      flight.candidate = &candidate;
      flight.place = *std::move(place);
      attempt(flight);
      return true;
    }
    if (flight.blocked && transit.unchanged()) {
      queue_.put_back(flight.site_key, std::move(flight.work),
                      {flight.blocked->until, sender.header_from_domain, flight.blocked->why});
      return false;
    }
    transit.no_route_left(flight.plan);
    finish(flight);
    return false;
  }

  void attempt(Flight& flight) {
    flight.source = *source_of(flight.candidate->route.source->address);
    flight.began = now_;
    watch_begin(flight);
    ends_.emplace(now_ + world_.duration(flight.site, now_, random_()), ++order_, &flight);
  }

  void attempt_ended(Flight& flight) {
    auto& transit = *flight.transit;
    const auto& site = flight.work.destination->site;
    const StandingName key{flight.candidate->route.source->address, site.key};
    smtp::client::Transaction transaction;
    transaction.recipients.push_back(world_.answer(flight.site, flight.source, flight.began, now_));
    auto record = transit.begin_attempt(*flight.candidate, site, "{}", moment(flight.began));
    const auto learnt = transit.take(transaction, *flight.candidate, site, {}, std::move(record), moment(now_));
    watch_end(flight, learnt);
    if (learnt.refusal) {
      standing_.refused(key, *learnt.refusal, facts(flight.source, flight.site), moment(now_));
      facts_at_.erase({flight.source, flight.site});
    } else if (learnt.accepted) {
      standing_.accepted(key);
    } else {
      standing_.give_back(key);
    }
    if (learnt.slowed) {
      pacer_.refused(flight.place, learnt.slowed->axis, learnt.slowed->reply, moment(now_));
      queue_.place_freed(flight.site_key, Queue::More::no);
    } else {
      free_place(flight.site_key, flight.place, learnt.accepted ? Pacer::End::accepted : Pacer::End::said_nothing);
    }
    if (go_on(flight)) return;
    const auto site_key = flight.site_key;
    flights_.erase(&flight);
    work(site_key);
  }

  void free_place(const std::string& site_key, const Pacer::Place& place, Pacer::End how) {
    const bool more = pacer_.end(place, how, moment(now_));
    queue_.place_freed(site_key, more ? Queue::More::yes : Queue::More::no);
  }

  void finish(Flight& flight) {
    const auto number = flight.work.job.message.number() - 1;
    const route::RetryPolicy policy{config_.delivery.retry_first, config_.delivery.retry_longest,
                                    config_.delivery.lifetime};
    flight.transit->decide_retry(policy, moment(milliseconds(0)), moment(now_), random_());
    if (const auto again = flight.transit->next_attempt()) {
      const auto& group = groups_[number] = flight.transit->group();
      queue_.add(job(number, group.attempts), flight.work.domain, SteadyTime(now_ + *again));
      return;
    }
    groups_.erase(number);
    --waiting_.at(index(flight.site));
    day_.bounced += flight.transit->failed().empty() ? 0 : 1;
  }

  const route::RouteFacts& facts(SourceName source, SiteName site) {
    auto& known = facts_at_[{source, site}];
    if (known.facts == nullptr || now_ >= known.good_until)
      known = {&world_.facts(source, site, now_), now_ + facts_ttl};
    return *known.facts;
  }

  // What the test and the plot see.

  struct Watched {
    unsigned running = 0;
    milliseconds stopped_at{-longest_play};
    bool recovering = false;
    std::deque<milliseconds> accepted;  ///< within the last minute
  };

  void watch_begin(const Flight& flight) {
    auto& watched = watched_.at(index(flight.site)).at(index(flight.source));
    auto& most = day_.most_at_once[index(flight.site)][index(flight.source)];
    most = std::max(most, ++watched.running);
    if (now_ < watched.stopped_at + config_.delivery.rate_pause) ++day_.begun_while_stopped;
    if (watched.recovering) day_.most_at_once_after_stop = std::max(day_.most_at_once_after_stop, watched.running);
  }

  void watch_end(Flight& flight, const Transit::Learnt& learnt) {
    auto& watched = watched_.at(index(flight.site)).at(index(flight.source));
    auto& counts = minute_.of[index(flight.site)][index(flight.source)];
    --watched.running;
    if (learnt.slowed) {
      ++counts.refused_rate;
      watched.stopped_at = now_;
      watched.recovering = true;
    } else if (learnt.refusal) {
      ++counts.refused_address;
      flight.refused_before = true;
    } else if (!learnt.accepted) {
      ++counts.unreachable;
    } else {
      ++counts.accepted;
      // What was under way when the refusal came says nothing about the recovery.
      if (flight.began >= watched.stopped_at + config_.delivery.rate_pause) watched.recovering = false;
      watch_accepted(flight, watched);
    }
  }

  void watch_accepted(const Flight& flight, Watched& watched) {
    const auto number = flight.work.job.message.number() - 1;
    if (accepted_at_[number].count() != 0) ++day_.delivered_twice;
    accepted_at_[number] = now_;
    ++day_.delivered;
    if (flight.refused_before) ++day_.rescued;
    if (flight.site != SiteName::narrow) return;
    watched.accepted.push_back(now_);
    while (watched.accepted.front() <= now_ - one_minute) watched.accepted.pop_front();
    day_.most_a_minute_at_narrow = std::max<std::uint64_t>(day_.most_a_minute_at_narrow, watched.accepted.size());
  }

  void close_minutes(milliseconds until) {
    for (; minute_end_ <= until; minute_end_ += one_minute) {
      std::ranges::copy(waiting_, std::begin(minute_.waiting));
      minute_.standing[0] = minute_.standing[1] = minute_.standing[2] = route::Standing::unknown;
      for (const auto& row : standing_.rows())
        if (row.key.site == "gmail") minute_.standing[index(*source_of(row.key.source))] = row.standing;
      route::SavedStanding saved;
      pacer_.save_to(saved, moment(minute_end_));
      for (const auto& row : saved.pacing)
        for (const auto source : {SourceName::new_ipv6, SourceName::main_ipv6, SourceName::main_ipv4})
          if (row.lane.site == "gmail" && row.lane.axis == route::Axis::ip &&
              row.lane.value == address_of(source).text())
            minute_.phase[index(source)] = row.phase;
      for (const auto& row : saved.warm_up) {
        minute_.warm_up_used = row.used;
        if (pacer_allowance_ == 0) pacer_allowance_ = row.allowance.value_or(0);
      }
      day_.minutes.push_back(minute_);
      minute_ = {};
    }
  }

  void count_delays() {
    day_.delays.assign(site_count, std::vector<Delay>(24));
    std::vector<std::vector<milliseconds>> of(site_count * 24);
    for (std::size_t i = 0; i < arrivals_.size(); ++i)
      if (accepted_at_[i].count() != 0)
        of[index(arrivals_[i].site) * 24 + static_cast<std::size_t>(arrivals_[i].at / one_hour)].push_back(
            accepted_at_[i] - arrivals_[i].at);
    for (std::size_t i = 0; i < of.size(); ++i) {
      if (of[i].empty()) continue;
      std::ranges::sort(of[i]);
      day_.delays[i / 24][i % 24] = {of[i][of[i].size() / 2], of[i][of[i].size() * 99 / 100]};
    }
  }

  using StandingName = route::StandingKey;
  struct Known {
    const route::RouteFacts* facts = nullptr;
    milliseconds good_until{0};
  };

  config::Config config_;
  Keys keys_;
  Pacer pacer_;
  Queue queue_;
  route::StandingTable standing_;
  World world_;
  std::mt19937 random_{20261124};
  std::vector<Arrival> arrivals_;
  std::vector<milliseconds> accepted_at_;
  std::array<std::shared_ptr<route::Destination>, site_count> destinations_;
  std::map<std::string, SiteName> sites_;
  route::PlanInput input_;
  std::map<std::pair<SourceName, SiteName>, Known> facts_at_;
  std::shared_ptr<const std::string> octets_ =
      std::make_shared<const std::string>("From: news@example.com\r\n\r\nx\r\n");

  milliseconds now_{0};
  std::size_t arrived_ = 0;
  std::uint64_t order_ = 0;
  using End = std::tuple<milliseconds, std::uint64_t, Flight*>;
  std::priority_queue<End, std::vector<End>, std::greater<>> ends_;
  std::unordered_map<Flight*, std::unique_ptr<Flight>> flights_;
  std::unordered_map<std::uint64_t, spool::GroupRecord> groups_;  ///< of messages that were tried and wait

  Day day_;
  Minute minute_ = {};
  milliseconds minute_end_ = one_minute;
  std::array<std::uint64_t, site_count> waiting_ = {};
  std::array<std::array<Watched, source_count>, site_count> watched_;
  std::uint64_t pacer_allowance_ = 0;
};

}  // namespace

Day play(const Options& options) {
  return Player(options).play();
}

std::string csv(const Day& day) {
  std::string out = "minute";
  for (const auto site : all_sites) {
    for (std::size_t source = 0; source < source_count; ++source) {
      const auto name = std::string(to_string(site)) + " " + std::string(to_string(static_cast<SourceName>(source)));
      for (const auto* what : {"accepted", "refused-address", "refused-rate", "unreachable"})
        out += "," + name + " " + what;
    }
    out += "," + std::string(to_string(site)) + " waiting";
  }
  for (std::size_t source = 0; source < source_count; ++source) {
    const auto name = std::string(to_string(static_cast<SourceName>(source)));
    out += "," + name + " standing," + name + " phase";
  }
  out += ",warm-up used\n";
  for (std::size_t i = 0; i < day.minutes.size(); ++i) {
    const auto& minute = day.minutes[i];
    out += std::to_string(i);
    for (std::size_t site = 0; site < site_count; ++site) {
      for (const auto& counts : minute.of[site])
        for (const auto count : {counts.accepted, counts.refused_address, counts.refused_rate, counts.unreachable})
          out += "," + std::to_string(count);
      out += "," + std::to_string(minute.waiting[site]);
    }
    for (std::size_t source = 0; source < source_count; ++source)
      out += "," + std::string(to_string(minute.standing[source])) + "," + std::string(to_string(minute.phase[source]));
    out += "," + std::to_string(minute.warm_up_used) + "\n";
  }
  return out;
}

}  // namespace ptarmigan::relay::day
