// relay/delivery.cpp - see delivery.hpp.
#include "relay/delivery.hpp"

#include <algorithm>
#include <map>
#include <random>
#include <thread>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "base/text.hpp"
#include "net/clock.hpp"
#include "net/settle.hpp"
#include "relay/commit.hpp"
#include "relay/connections.hpp"
#include "relay/explanation.hpp"
#include "relay/hop_policies.hpp"
#include "relay/notices.hpp"
#include "relay/outcome.hpp"
#include "relay/transit.hpp"
#include "route/reachability.hpp"
#include "route/retry.hpp"

namespace ptarmigan::relay {
namespace asio = boost::asio;
namespace {

/// A destination is believed for its TTL, within these.
constexpr milliseconds shortest_destination{1'000};
constexpr milliseconds longest_destination{300'000};
/// How long the dispatcher sleeps where nothing is due.
constexpr milliseconds longest_sleep{60'000};
/// After a commit that failed for want of space, or a message that could not be read for the moment.
constexpr milliseconds retry_commit{5'000};
/// Messages that an operator's change reads and commits in one step.
constexpr std::size_t messages_in_a_step = 100;

using GroupKey = std::pair<QueueId, std::uint32_t>;

asio::awaitable<Result<std::string>> sign_on_pool(std::shared_ptr<const std::string> octets,
                                                  std::span<const dkim::SigningKey> keys, WallTime now) {
  co_return dkim::sign_message(*octets, keys, now);
}

milliseconds age_limit(const Facts& facts) {
  auto shortest = longest_destination;
  for (const auto& [question, answer] : facts.answers())
    shortest = std::min(shortest, milliseconds(seconds(answer.ttl)));
  return std::max(shortest, shortest_destination);
}

}  // namespace

class Delivery::Impl {
 public:
  explicit Impl(DeliveryParts parts)
      : parts_(std::move(parts)),
        queue_({.workers_per_site = parts_.config.delivery.max_connections_per_site,
                .workers = parts_.config.delivery.max_connections}),
        wake_(parts_.executor),
        reach_(reach_policy(parts_.config)),
        signers_(std::max(1U, std::thread::hardware_concurrency())),
        random_(std::random_device{}()) {}

  Result<> open() {
    auto connections = Connections::create(parts_.executor, parts_.config, parts_.dns, parts_.gate);
    if (!connections) return std::unexpected(connections.error());
    connections_ = *std::move(connections);
    auto hops = HopPolicies::create(parts_.config, parts_.dns);
    if (!hops) return std::unexpected(hops.error());
    hop_policies_ = *std::move(hops);
    for (const auto& endpoint : parts_.config.submission.listen)
      if (endpoint.port == parts_.config.delivery.port) own_.push_back(endpoint.address);
    return {};
  }

  void enqueue(Job job, const std::string& domain, SteadyTime due) {
    queue_.add(job, domain, due);
    wake_.cancel();
  }

  void start() {
    connections_->start();
    parts_.gate.spawn(dispatch_forever());
  }

  [[nodiscard]] std::size_t waiting() const { return queue_.waiting(); }

  [[nodiscard]] std::vector<route::HeldMail> held(SteadyTime now) const {
    std::vector<route::HeldMail> out;
    for (auto& stream : queue_.held())
      out.push_back({.site = std::move(stream.site),
                     .sender = std::move(stream.wait.sender),
                     .domains = std::move(stream.domains),
                     .messages = stream.jobs,
                     .left = stream.wait.until ? std::max(milliseconds(0), milliseconds(*stream.wait.until - now))
                                               : milliseconds(0),
                     .why = std::move(stream.wait.why)});
    return out;
  }
  asio::awaitable<Result<QueueChanged>> change(QueueChange what, std::vector<Delivery::Meant> meant) {
    QueueChanged out;
    for (std::size_t at = 0; at < meant.size(); at += messages_in_a_step) {
      spool::Transaction transaction;
      std::vector<After> after;
      const auto end = std::min(meant.size(), at + messages_in_a_step);
      for (auto i = at; i < end; ++i) {
        auto added = add_changes(what, meant[i], transaction, after, out);
        if (added) continue;
        for (const auto& one : after) leave(one.job);
        co_return std::unexpected(added.error());
      }
      if (after.empty()) continue;
      const auto done = co_await committed(parts_.spool, std::move(transaction));
      for (auto& one : after) settle(one, done ? Settled::written : Settled::not_written);
      if (done) continue;
      if (done.error().kind == spool::ErrorKind::stopped) stop_with(done.error().error);
      co_return std::unexpected(done.error().error);
    }
    co_return out;
  }

  [[nodiscard]] GroupState state_of(const spool::MessageRecord& message, const spool::GroupRecord& group,
                                    SteadyTime now) const {
    GroupState out;
    out.in_delivery = owned_.contains({message.id, group.number});
    if (out.in_delivery || group.held) return out;
    const auto* wait = queue_.wait_of(group.domain, stream_of(message.mail_from, message.header_from_domain));
    if (wait == nullptr) return out;
    out.waits_for = wait->why;
    if (wait->until) out.left = std::max(milliseconds(0), milliseconds(*wait->until - now));
    return out;
  }

  void take_no_more() { stopped_ = true; }

  Result<std::function<void()>> prepare_reload(const config::Config& next) {
    auto relays = Connections::read_relays(next.relays);
    if (!relays) return std::unexpected(relays.error());
    return [this, relays = *std::move(relays)] {
      connections_->set_relays(relays);
      reach_.set_policy(reach_policy(parts_.config));
    };
  }
  [[nodiscard]] unsigned busy() const { return queue_.workers(); }

 private:
  asio::awaitable<void> dispatch_forever() {
    while (!co_await net::cancelled()) {
      const auto now = net::steady_now();
      for (auto& domain : queue_.take_due(now)) parts_.gate.spawn(resolve(std::move(domain)));
      start_workers();
      const auto due = queue_.next_due();
      wake_.expires_at(net::timer_point(due ? std::min(*due, now + longest_sleep) : now + longest_sleep));
      co_await wake_.async_wait(asio::as_tuple(asio::use_awaitable));
    }
  }

  void start_workers() {
    if (stopped_) return;
    while (auto site = queue_.start_worker()) parts_.gate.spawn(work(*std::move(site)));
  }

  asio::awaitable<void> resolve(std::string domain) {
    auto destination = std::make_shared<route::Destination>();
    auto good_for = shortest_destination;
    if (const auto literal = smtp::parse_literal(domain)) {
      *destination = route::literal_destination(*literal);
      good_for = longest_destination;
    } else if (const auto name = dns::DomainName::from_unicode(domain)) {
      const auto judge = [name = *name](const Facts& facts) { return route::find_destination(name, facts); };
      auto settled = co_await net::settle(judge, Facts(), parts_.dns, net::in(parts_.config.dns.deadline));
      if (settled.value) *destination = *std::move(settled.value);
      good_for = age_limit(settled.facts);
      if (destination->status == route::Destination::Status::found) {
        const auto decided_for = co_await hop_policies_->decide(*name, destination);
        good_for = std::max(shortest_destination, std::min(good_for, decided_for));
      }
    } else {
      *destination = {
          .status = route::Destination::Status::no_such_domain, .site = {}, .targets = {}, .why = name.error().message};
    }
    if (destination->status == route::Destination::Status::found) route::drop_own(*destination, own_);
    queue_.resolved(domain, std::move(destination), net::in(good_for));
    start_workers();
  }

  asio::awaitable<void> work(std::string site) {
    while (!stopped_ && !co_await net::cancelled()) {
      auto next = queue_.next(site);
      if (!next) break;
      co_await deliver(site, *std::move(next));
    }
    queue_.end_worker(site);
    start_workers();
  }

  asio::awaitable<void> deliver(std::string site, Queue::Work next) {
    // Whoever owns the group puts it into the queue again.
    if (!owned_.try_emplace(key_of(next.job)).second) co_return;
    const Job owned = next.job;
    co_await deliver_owned(std::move(site), std::move(next));
    // With an outcome to be written the commit goes on owning it.
    if (const auto found = owned_.find(key_of(owned)); found != owned_.end() && !found->second.committing) leave(owned);
  }

  asio::awaitable<void> deliver_owned(std::string site, Queue::Work next) {
    auto transit = load(next);
    if (!transit) co_return;
    transit->suppress(parts_.suppressed);
    if (transit->settled()) {
      finish(std::move(*transit), next.domain);
      co_return;
    }
    if (next.destination->status != route::Destination::Status::found) {
      transit->undeliverable(*next.destination);
    } else {
      // Whose mail it is was not known where a job came from an earlier run.
      const auto& message = transit->message();
      next.job.stream = stream_of(message.mail_from, message.header_from_domain);
      auto blocked = co_await try_routes(*transit, *next.destination);
      if (blocked) {
        queue_.put_back(site, std::move(next), *std::move(blocked));
        wake_.cancel();
        co_return;
      }
      if (co_await net::cancelled() && transit->unchanged()) co_return;  // the next start takes it up
    }
    finish(std::move(*transit), next.domain);
  }

  /// The group as the spool has it; nothing where it is done, held, overtaken, or cannot be read now: it is then tried
  /// again soon.
  std::optional<Transit> load(const Queue::Work& next) {
    auto queued = parts_.spool.reader().find(next.job.message);
    if (!queued) return enqueue(next.job, next.domain, net::in(retry_commit)), std::nullopt;
    if (!*queued) return std::nullopt;
    const auto group = std::ranges::find((*queued)->groups, next.job.group, &spool::GroupRecord::number);
    if (group == (*queued)->groups.end() || group->held || group->attempts != next.job.attempts) return std::nullopt;
    auto octets = parts_.spool.reader().octets((*queued)->message);
    if (!octets) return enqueue(next.job, next.domain, net::in(retry_commit)), std::nullopt;
    return Transit((*queued)->message, *group, std::make_shared<const std::string>(*std::move(octets)), net::now());
  }

  asio::awaitable<void> sign(Transit& transit) {
    const auto domain = dns::DomainName::parse(transit.message().header_from_domain);
    if (!domain) co_return;
    const auto keys = parts_.keys.of(*domain);
    if (keys->empty()) co_return;
    auto signed_fields = co_await asio::co_spawn(
        signers_.get_executor(), sign_on_pool(transit.octets(), *keys, net::now().wall), asio::use_awaitable);
    // A message that cannot be signed goes unsigned: the receiver and the standing decide what that means.
    if (signed_fields) transit.put_on_top(*std::move(signed_fields));
  }

  /// Why it waits, where pacing lets it take no route now and nothing was tried.
  asio::awaitable<std::optional<Queue::Wait>> try_routes(Transit& transit, const route::Destination& destination) {
    const auto& message = transit.message();
    const Sender sender{message.mail_from, message.header_from_domain};
    const auto plan = parts_.router.plan(sender, destination, transit.refused_routes(), message.id, net::now());
    std::optional<Pacer::Blocked> blocked;
    for (const auto& candidate : plan.order) {
      if (transit.settled()) co_return std::nullopt;
      if (candidate.last_resort && transit.better_route_is_down()) break;
      if (const auto closed = reach_.closed(destination.site.key, candidate.route.id, net::steady_now())) {
        transit.route_is_silent(candidate, destination.site, closed->why);
        continue;
      }
      // A receiver that wants less mail wants less of it over a relay too; a day's allowance may be passed by.
      if (blocked && blocked->by == Pacer::Blocked::By::pace && candidate.route.relay) continue;
      auto place = parts_.pacer.begin(candidate, destination.site, sender, net::now());
      if (!place) {
        blocked = place.error();
        transit.route_is_busy();
        if (blocked->by == Pacer::Blocked::By::full) break;
        continue;
      }
      if (!parts_.router.take_place(candidate, destination.site)) {
        free_place(destination.site, *place, Pacer::End::said_nothing);
        transit.route_is_busy();
        continue;
      }
      reach_.begin(destination.site.key, candidate.route.id, net::steady_now());
      if (transit.unchanged()) co_await sign(transit);
      const auto considered = considered_json(plan, parts_.config.delivery, candidate.route.id);
      co_await attempt(transit, destination.site, candidate, *place, sender, considered);
      if (co_await net::cancelled()) co_return std::nullopt;
    }
    if (blocked && transit.unchanged())
      co_return Queue::Wait{blocked->until,
                            sender.header_from_domain.empty() ? sender.mail_from : sender.header_from_domain,
                            blocked->why};
    transit.no_route_left(plan);
    co_return std::nullopt;
  }

  void free_place(const route::Site& site, const Pacer::Place& place, Pacer::End how) {
    const bool more = parts_.pacer.end(place, how, net::now());
    queue_.place_freed(site.key, more ? Queue::More::yes : Queue::More::no);
    if (more) start_workers();
  }

  asio::awaitable<void> attempt(Transit& transit, const route::Site& site, const route::Candidate& candidate,
                                const Pacer::Place& place, const Sender& sender, const std::string& considered) {
    const auto began = net::now();
    auto record = transit.begin_attempt(candidate, site, considered, began);
    const auto wish =
        transit.message().requiretls ? Connections::TlsWish::required : Connections::TlsWish::as_published;
    auto connection = co_await connections_->open(site.key, candidate.route, Connections::Reuse::allowed, wish);
    smtp::client::Transaction transaction;
    std::string problem;
    auto reports = Transit::Reports::by_next_hop;
    if (connection) {
      transaction = co_await exchange(transit, *connection);
      // The receiver had closed the idle session: that says nothing about this message.
      if (connection->messages > 0 && transit.went_stale(transaction)) {
        connection = co_await connections_->open(site.key, candidate.route, Connections::Reuse::fresh, wish);
        if (connection) transaction = co_await exchange(transit, *connection);
      }
    }
    if (connection) {
      problem = connection->session->problem();
      describe(record, *connection);
      if (!connection->session->extensions().dsn) reports = Transit::Reports::by_us;
    } else {
      transaction = transit.everyone(connection.error().answer);
      problem = connection.error().problem;
      record.peer = connection.error().peer;
      record.mx_host = connection.error().host.is_root() ? "" : connection.error().host.text();
    }
    note_reach(candidate, site, connection, began);
    if (connection) connections_->give(*std::move(connection), parts_.pacer.messages_a_connection(site.key));
    if (co_await net::cancelled() && !Transit::any_reply(transaction)) {
      parts_.router.give_back(candidate, site);
      free_place(site, place, Pacer::End::said_nothing);
      co_return;
    }
    const auto learnt = transit.take(transaction, candidate, site, problem, std::move(record), net::now(), reports);
    teach(learnt, candidate, site, sender);
    if (learnt.slowed) {
      parts_.pacer.refused(place, learnt.slowed->axis, learnt.slowed->reply, net::now());
      queue_.place_freed(site.key, Queue::More::no);
    } else {
      free_place(site, place, learnt.accepted ? Pacer::End::accepted : Pacer::End::said_nothing);
    }
  }

  /// A site that says nothing must not hold every connection. A relay that is silent is so for all sites.
  void note_reach(const route::Candidate& candidate, const route::Site& site,
                  const std::expected<Connection, OpenFailure>& connection, Moment began) {
    const bool silent =
        !connection && !connection.error().answer.reply && connection.error().answer.stage == smtp::Stage::connect;
    if (!silent) return reach_.answered(site.key, candidate.route.id);
    const auto& failed = connection.error();
    const std::string peer = failed.peer ? failed.peer->text() + ": " : std::string();
    reach_.silent(site.key, candidate.route.id, peer + failed.problem, began.steady, net::steady_now());
  }

  static route::Reachability::Policy reach_policy(const config::Config& config) {
    return {.first = std::min(config.delivery.connect_timeout, config.delivery.retry_first),
            .longest = config.delivery.retry_first};
  }

  /// Those of whom their receiver says that they are unknown, moved or disabled (RFC 3463#3.2).
  void suppress_unknown(const Transit& transit, WallTime now) {
    if (!parts_.config.delivery.suppress_unknown || transit.message().mail_from.empty()) return;
    std::vector<Suppressed> gone;
    for (const auto& one : transit.failed()) {
      const bool unknown = one.status == "5.1.1" || one.status == "5.1.6" || one.status == "5.2.1";
      if (one.reply.empty() || !unknown) continue;
      if (auto address = suppressible(one.recipient.address))
        gone.push_back(
            {*std::move(address), Suppressed::Origin::bounce, std::string(split(one.reply, '\n').front()), now});
    }
    if (gone.empty()) return;
    if (const auto added = parts_.suppressed.add(std::move(gone)); !added)
      parts_.log(LogLevel::error, "suppression list: " + added.error().text());
  }

  asio::awaitable<smtp::client::Transaction> exchange(Transit& transit, Connection& connection) {
    const auto envelope = transit.envelope();
    net::TextBody body(*transit.octets());
    co_return co_await connection.session->deliver(envelope, body);
  }

  static void describe(store::Attempt& record, const Connection& connection) {
    record.peer = connection.session->remote();
    record.family = connection.session->remote().address.family();
    record.mx_host = connection.host.is_root() ? "" : connection.host.text();
    record.ehlo_name = connection.ehlo_name;
    if (const auto& tls = connection.session->tls())
      record.tls = store::Tls{tls->version, tls->cipher, verified_how(*tls, connection.hop)};
  }

  /// What store::Tls says of the peer: by whose demand it was verified, where somebody demanded it.
  static std::string verified_how(const net::TlsInfo& info, const tls::HopPolicy& hop) {
    if (info.trust != net::PeerTrust::verified) return "no";
    if (hop.tls == tls::HopTls::dane) return "dane";
    return hop.tls == tls::HopTls::pkix && hop.authority == tls::HopAuthority::mta_sts ? "mta-sts" : "pkix";
  }

  void teach(const Transit::Learnt& learnt, const route::Candidate& candidate, const route::Site& site,
             const Sender& sender) {
    if (learnt.refusal) {
      parts_.router.refused(candidate, site, sender, learnt.cause, *learnt.refusal, net::now());
    } else if (learnt.accepted) {
      parts_.router.accepted(candidate, site, sender);
    } else {
      parts_.router.give_back(candidate, site);
    }
  }

  /// Writes what came of it, together with a notice where recipients failed, and plans the next attempt.
  void finish(Transit transit, const std::string& domain) {
    const auto now = net::now();
    const route::RetryPolicy policy{parts_.config.delivery.retry_first, parts_.config.delivery.retry_longest,
                                    parts_.config.delivery.lifetime};
    transit.decide_retry(policy, started_, now, random_());
    spool::Transaction change;
    std::vector<std::pair<Job, std::string>> notice_jobs;
    transit.decide_delay(parts_.config.delivery.delay_notice, policy.lifetime, started_, now);
    add_notice(change, notice_jobs, reports::Action::failed, transit, transit.failed(), now.wall);
    add_notice(change, notice_jobs, reports::Action::delayed, transit, transit.delayed(), now.wall);
    add_notice(change, notice_jobs, reports::Action::relayed, transit, transit.relayed(), now.wall);
    suppress_unknown(transit, now.wall);
    After after{.job = job_of(transit.message(), transit.group()),
                .domain = domain,
                .again = {},
                .notices = std::move(notice_jobs)};
    auto& owned = owned_[key_of(after.job)];
    owned.committing = true;
    const auto wish = std::exchange(owned.wish, std::nullopt);
    const auto again = transit.next_attempt();
    if (!again) {
      change.remove(after.job.message, after.job.group);
    } else if (wish) {
      add_change(change, *wish, transit.group(), now.wall);
      if (*wish == QueueChange::release || *wish == QueueChange::retry) after.again = now.steady;
    } else {
      change.put(transit.group());
      after.again = now.steady + *again;
    }
    for (auto& record : transit.take_records()) {
      parts_.log(attempt_event(record));
      if (parts_.on_attempt) parts_.on_attempt(record);
      parts_.history.record(std::move(record));
    }
    commit(std::move(change), std::move(after));
  }

  void add_notice(spool::Transaction& change, std::vector<std::pair<Job, std::string>>& jobs, reports::Action action,
                  const Transit& transit, const std::vector<NoticedRecipient>& recipients, WallTime now) {
    if (recipients.empty()) return;
    auto made = notice(action, transit.message(), transit.group(), recipients, *transit.octets(),
                       parts_.spool.next_id(), now, *parts_.config.hostname);
    if (!made) return;
    const auto stream = stream_of(made->message.mail_from, made->message.header_from_domain);
    for (const auto& group : made->groups) jobs.emplace_back(Job{made->message.id, group.number, stream}, group.domain);
    change.add(std::move(made->message), std::move(made->groups), std::move(made->octets));
  }

  /// What follows a commit.
  struct After {
    Job job;
    std::string domain;
    std::optional<SteadyTime> again;
    std::vector<std::pair<Job, std::string>> notices;
  };

  /// A group that an attempt or an operator's change has in hand.
  struct Owned {
    bool committing = false;
    std::optional<QueueChange> wish;  ///< an operator's, to be fulfilled by who has it in hand
  };

  enum class Settled { written, not_written };

  static GroupKey key_of(const Job& job) { return {job.message, job.group}; }

  static Job job_of(const spool::MessageRecord& message, const spool::GroupRecord& group) {
    return {message.id, group.number, stream_of(message.mail_from, message.header_from_domain), group.attempts};
  }

  /// Whether a group needs another job after an operator's change: what is due already has one.
  static bool is_due_by(QueueChange what, const spool::GroupRecord& group, WallTime now) {
    if (group.held) return what == QueueChange::release;
    return (what == QueueChange::release || what == QueueChange::retry) && group.next_attempt > now;
  }

  /// Nobody has the group in hand any more. A wish that came too late for its commit is fulfilled now.
  void leave(const Job& job) {
    const auto found = owned_.find(key_of(job));
    if (found == owned_.end()) return;
    const auto wish = found->second.wish;
    owned_.erase(found);
    if (!wish) return;
    spool::Transaction change;
    std::vector<After> after;
    QueueChanged told_before;
    if (add_changes(*wish, {job.message, {job.group}}, change, after, told_before) && !after.empty())
      commit(std::move(change), std::move(after.front()));
  }

  /// Adds a message's groups that nobody has in hand, and takes these in hand.
  Result<> add_changes(QueueChange what, const Delivery::Meant& meant, spool::Transaction& transaction,
                       std::vector<After>& after, QueueChanged& out) {
    const auto queued = parts_.spool.reader().find(meant.message);
    if (!queued) return std::unexpected(queued.error());
    if (!*queued) return {};
    const auto now = net::now();
    bool any = false;
    for (auto& group : (*queued)->groups) {
      if (std::ranges::find(meant.groups, group.number) == meant.groups.end()) continue;
      any = true;
      const auto [owned, free] = owned_.try_emplace({meant.message, group.number});
      if (!free) {
        auto& wish = owned->second.wish;
        if (wish != QueueChange::remove) wish = what;
        ++out.in_delivery;
        continue;
      }
      owned->second.committing = true;
      ++out.groups;
      add_change(transaction, what, group, now.wall);
      after.push_back({.job = job_of((*queued)->message, group),
                       .domain = group.domain,
                       .again = is_due_by(what, group, now.wall) ? std::optional(now.steady) : std::nullopt,
                       .notices = {}});
    }
    if (any) ++out.messages;
    return {};
  }

  void settle(const After& after, Settled how) {
    // Where nothing was changed its job may have come up meanwhile, and was dropped.
    const auto due = how == Settled::not_written ? std::optional(net::in(retry_commit)) : after.again;
    if (due) enqueue(after.job, after.domain, *due);
    leave(after.job);
  }

  void stop_with(const Error& error) {
    stopped_ = true;
    if (parts_.on_spool_stopped) parts_.on_spool_stopped(error);
  }

  void commit(spool::Transaction change, After after) {
    // Kept for the case that there is no space: what happened must be written, and nothing may be delivered twice for
    // it.
    auto kept = change;
    auto done = [this, executor = parts_.executor, kept = std::move(kept),
                 after = std::move(after)](spool::Committed committed) mutable {
      asio::post(executor,
                 [this, kept = std::move(kept), after = std::move(after), committed = std::move(committed)]() mutable {
                   after_commit(committed, std::move(kept), std::move(after));
                 });
    };
    parts_.spool.commit(std::move(change), std::move(done));
  }

  void after_commit(const spool::Committed& committed, spool::Transaction change, After after) {
    if (committed) {
      for (const auto& [notice, to] : after.notices) enqueue(notice, to, net::steady_now());
      settle(after, Settled::written);
    } else if (committed.error().kind == spool::ErrorKind::stopped) {
      stop_with(committed.error().error);
    } else {
      parts_.gate.spawn(commit_later(std::move(change), std::move(after)));
    }
  }

  asio::awaitable<void> commit_later(spool::Transaction change, After after) {
    asio::steady_timer timer(parts_.executor, retry_commit);
    co_await timer.async_wait(asio::as_tuple(asio::use_awaitable));
    commit(std::move(change), std::move(after));
  }

  DeliveryParts parts_;
  Queue queue_;
  asio::steady_timer wake_;
  route::Reachability reach_;
  std::unique_ptr<Connections> connections_;
  std::unique_ptr<HopPolicies> hop_policies_;
  asio::thread_pool signers_;
  std::mt19937 random_;
  const Moment started_ = net::now();
  std::vector<IpAddress> own_;  ///< where mail that we send would come back to us
  std::map<GroupKey, Owned> owned_;
  bool stopped_ = false;
};

Delivery::Delivery(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

Delivery::~Delivery() = default;

Result<std::unique_ptr<Delivery>> Delivery::create(DeliveryParts parts) {
  auto impl = std::make_unique<Impl>(std::move(parts));
  if (auto opened = impl->open(); !opened) return std::unexpected(opened.error());
  return std::unique_ptr<Delivery>(new Delivery(std::move(impl)));
}

void Delivery::enqueue(Job job, const std::string& domain, SteadyTime due) {
  impl_->enqueue(job, domain, due);
}

void Delivery::start() {
  impl_->start();
}

Result<std::function<void()>> Delivery::prepare_reload(const config::Config& next) {
  return impl_->prepare_reload(next);
}

void Delivery::take_no_more() {
  impl_->take_no_more();
}

asio::awaitable<Result<QueueChanged>> Delivery::change(QueueChange what, std::vector<Meant> meant) {
  co_return co_await impl_->change(what, std::move(meant));
}

GroupState Delivery::state_of(const spool::MessageRecord& message, const spool::GroupRecord& group,
                              SteadyTime now) const {
  return impl_->state_of(message, group, now);
}

std::vector<route::HeldMail> Delivery::held(SteadyTime now) const {
  return impl_->held(now);
}

unsigned Delivery::busy() const {
  return impl_->busy();
}

std::size_t Delivery::waiting() const {
  return impl_->waiting();
}

}  // namespace ptarmigan::relay
