// adapt/map_service.cpp - see map_service.hpp.
#include "adapt/map_service.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <csignal>
#include <cstdio>
#include <fstream>
#include <iterator>
#include <mutex>
#include <utility>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <nlohmann/json.hpp>

#include "adapt/answer_server.hpp"
#include "adapt/gate.hpp"
#include "adapt/reply_filter.hpp"
#include "net/clock.hpp"
#include "net/resolver.hpp"
#include "net/stream.hpp"
#include "relay/facts_cache.hpp"
#include "relay/keys.hpp"
#include "relay/router.hpp"
#include "route/standing_text.hpp"
#include "smtp/reply.hpp"

namespace ptarmigan::adapt {
namespace asio = boost::asio;
namespace {

/// Sites that a refusal taught, beside the receivers whose rules are known; hosts whose addresses are watched.
constexpr std::size_t max_sites = 10'000;
constexpr std::size_t max_watched_hosts = 20'000;
/// After its start it answers when it has judged, and then at the latest: Exim waits 5 s, Postfix 100 s.
constexpr milliseconds longest_silence{2'000};

/// What both threads share. The answering side never waits for the judging one: it swaps a pointer under a lock that is
/// held for nanoseconds.
struct Shared {
  std::mutex mutex;
  std::shared_ptr<const Closed> closed = std::make_shared<Closed>();
  std::vector<Notice> notices = {};
  std::atomic<std::uint64_t> questions = 0;
  std::atomic<std::uint64_t> closed_answers = 0;
  std::atomic<std::uint64_t> generation = 0;

  std::shared_ptr<const Closed> read() {
    const std::lock_guard lock(mutex);
    return closed;
  }
};

std::string status_json(Shared& shared) {
  const auto closed = shared.read();
  nlohmann::ordered_json sites = nlohmann::ordered_json::object();
  for (const auto& [site, why] : closed->sites) sites[site] = why;
  return nlohmann::ordered_json{{"version", 1},
                                {"judged", shared.generation.load()},
                                {"questions", shared.questions.load()},
                                {"answered_closed", shared.closed_answers.load()},
                                {"closed", std::move(sites)}}
             .dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) +
         "\n";
}

/// One connection; the gate is shared by all, on the answering thread.
class MapTalk final : public Conversation {
 public:
  MapTalk(Gate& gate, Shared& shared) : gate_(gate), shared_(shared) {}

  bool talk(std::string_view input, std::string& output) override {
    using State = mta::QuestionReader::State;
    auto state = reader_.feed(input);
    if (state == State::complete) gate_.set(shared_.read());
    const auto now = net::steady_now();
    bool more = true;
    for (; state == State::complete && more; state = reader_.feed("")) {
      ++shared_.questions;
      const auto& question = reader_.question();
      if (reader_.protocol() == mta::Protocol::line && question.key == "status") {
        output += status_json(shared_);
        return false;
      }
      const auto found = answer(question, now);
      if (found && *found != "0" && !found->empty()) ++shared_.closed_answers;
      output += mta::answer(reader_.protocol(), found);
      more = reader_.protocol() != mta::Protocol::line;
    }
    pass_on();
    return more && state != State::broken;
  }

 private:
  std::optional<std::string> answer(const mta::Question& question, SteadyTime now) {
    if (question.map == "reply") return replies_.answer(question.key);
    if (question.map == "dns")
      if (const auto record = mta::parse_dns_reply(question.key)) replies_.saw(*record);
    return gate_.answer(reader_.protocol(), question, now);
  }

  void pass_on() {
    auto notices = gate_.take_notices();
    if (notices.empty()) return;
    const std::lock_guard lock(shared_.mutex);
    for (auto& notice : notices)
      if (shared_.notices.size() < Gate::max_notices) shared_.notices.push_back(std::move(notice));
  }

  Gate& gate_;
  Shared& shared_;
  mta::QuestionReader reader_;
  ReplyFilter replies_;
};

}  // namespace

class MapService::Impl {
 public:
  Impl(config::Config config, MapOptions options)
      : config_(std::move(config)),
        options_(std::move(options)),
        work_(reactor_.get_executor(),
              [this](const std::string& what) { options_.log("unexpected failure: " + what); }),
        timer_(reactor_),
        server_([this] { return std::make_unique<MapTalk>(gate_, shared_); }) {}

  ~Impl() {
    server_.stop();
    facts_.reset();
    fresh_.reset();
    resolver_.reset();
  }

  Result<> open() {
    sources_ = route::addresses_of(config_.sources);
    const auto has = [&](Family family) {
      return std::ranges::any_of(sources_, [&](const auto& source) { return source.address.family() == family; });
    };
    if (!has(Family::ipv4) || !has(Family::ipv6))
      return failure("there is nothing to choose between: [[source]] must name an IPv4 and an IPv6 address",
                     "write down the addresses that the mail server sends from");
    if (config_.domains.empty())
      return failure("there is no [[domain]]: whether mail is accepted also hangs on who sends it",
                     "name the domains that mail is sent from");
    auto keys = relay::Keys::load(config_.domains);
    if (!keys) return std::unexpected(keys.error());
    keys_ = *std::move(keys);
    auto resolver = net::Resolver::open(net::resolver_options(config_.dns));
    if (!resolver) return std::unexpected(resolver.error());
    resolver_ = *std::move(resolver);
    fresh_ = std::make_unique<net::FreshSource>(*resolver_);
    facts_ = std::make_unique<relay::FactsCache>(
        reactor_.get_executor(), *resolver_, *fresh_, work_,
        relay::FactsCacheLimits{.shortest_refresh = config_.delivery.refresh_shortest,
                                .deadline = config_.dns.deadline});
    router_ = std::make_unique<relay::Router>(config_, keys_, *facts_);
    restore();
    for (const int socket : options_.sockets) server_.listen(Descriptor(socket));
    if (options_.lifeline.get() >= 0)
      server_.adopt(std::move(options_.lifeline), [this] {
        asio::post(reactor_, [this] {
          end_ = End::watcher_gone;
          stop();
        });
      });
    return {};
  }

  Result<End> run() {
    // Whoever asks meanwhile waits in the sockets' queues: an answer without knowledge could cost Exim a bounce.
    timer_.expires_after(longest_silence);
    timer_.async_wait([this](const boost::system::error_code& error) {
      if (!error) begin_answering();
    });
    asio::signal_set signals(reactor_, SIGTERM, SIGINT);
    signals.async_wait([this](const boost::system::error_code& error, int) {
      if (!error) stop();
    });
    facts_->start();
    work_.spawn(begin());
    reactor_.run();
    return end_;
  }

 private:
  asio::awaitable<void> begin() {
    co_await router_->warm_up();
    if (co_await net::cancelled()) co_return;
    refresh();
    begin_answering();
    options_.log("judged; IPv6 is closed for " + std::to_string(shared_.read()->sites.size()) + " sites");
  }

  void begin_answering() {
    if (std::exchange(answering_, true)) return;
    if (const auto started = server_.start(); !started) {
      options_.log(started.error().text());
      stop();
    }
  }

  void stop() {
    if (stopping_) return;
    stopping_ = true;
    timer_.cancel();
    work_.cancel();
    asio::co_spawn(reactor_, work_.closed(), [this](const std::exception_ptr&) { reactor_.stop(); });
  }

  void refresh() {
    learn();
    judge();
    save();
    timer_.expires_after(options_.refresh);
    timer_.async_wait([this](const boost::system::error_code& error) {
      if (!error && !stopping_) refresh();
    });
  }

  /// What receivers' refusals taught an earlier run.
  void restore() {
    if (options_.state.empty()) return;
    std::ifstream file(options_.state, std::ios::binary);
    if (!file) return;
    const std::string text{std::istreambuf_iterator<char>(file), {}};
    const auto saved = route::parse_standing(text);
    if (!saved) {
      options_.log("what was learnt is lost: " + options_.state + ": " + saved.error().message);
      return;
    }
    const auto now = net::now();
    router_->restore(saved->standing, now.wall - saved->saved_at, now.steady);
    for (const auto& one : saved->standing) {
      const auto known = [&](const auto& receiver) { return receiver.id == one.key.site; };
      if (sites_.size() < max_sites && std::ranges::none_of(rulebook::receivers(), known))
        sites_.try_emplace(one.key.site, route::Site{one.key.site, nullptr});
    }
    options_.log("took up " + std::to_string(saved->standing.size()) + " standings");
  }

  /// Whole or not at all; a failure is told once and stops nothing.
  void save() {
    const auto revision = router_->standing().revision();
    if (options_.state.empty() || revision == saved_) return;
    saved_ = revision;
    const auto now = net::now();
    const auto text = route::standing_text({.saved_at = now.wall,
                                            .standing = router_->standing().saved(now.steady),
                                            .pacing = {},
                                            .warm_up = {},
                                            .counts = {},
                                            .held = {}});
    const auto draft = options_.state + ".new";
    {
      std::ofstream file(draft, std::ios::binary | std::ios::trunc);
      file << text << std::flush;
      if (file.good() && std::rename(draft.c_str(), options_.state.c_str()) == 0) return;
    }
    if (!std::exchange(unsaved_told_, true))
      options_.log("cannot write " + options_.state + ": what is learnt is not kept");
  }

  /// What the answering side was told or asked.
  void learn() {
    std::vector<Notice> notices;
    {
      const std::lock_guard lock(shared_.mutex);
      notices.swap(shared_.notices);
    }
    for (const auto& notice : notices) {
      const auto host = dns::DomainName::parse(notice.host);
      if (!host) continue;
      if (watched_hosts_.size() < max_watched_hosts) watched_hosts_.insert(*host);
      if (notice.kind == Notice::Kind::refused) refused(*host, notice);
    }
  }

  void refused(const dns::DomainName& host, const Notice& notice) {
    const auto reply = smtp::Reply::parse(notice.reply);
    if (!reply || !notice.address) return;
    const auto site = route::site_of({host});
    if (sites_.size() < max_sites) sites_.try_emplace(site.key, site);
    const route::Refusal refusal{{}, reply->text(), net::now().wall};
    for (const auto& source : sources_) {
      if (source.address.family() != notice.address->family()) continue;
      route::Candidate candidate;
      candidate.route.source = source;
      router_->refused(candidate, site, sender_of(config_.domains.front()), smtp::Cause::sending_address, refusal,
                       net::now());
    }
    options_.log(site.key + " refused " + std::string(to_string(notice.address->family())) + ": " + reply->text());
  }

  static relay::Sender sender_of(const config::Domain& domain) {
    return {"postmaster@" + domain.name.text(), domain.name.text()};
  }

  void judge() {
    auto closed = std::make_shared<Closed>();
    if (config_.delivery.standing == config::StandingMode::enforce) {
      for (const auto& receiver : rulebook::receivers()) judge_site({std::string(receiver.id), &receiver}, *closed);
      for (const auto& [key, site] : sites_)
        if (site.receiver == nullptr) judge_site(site, *closed);
    }
    std::vector<Question> wanted;
    for (const auto& host : watched_hosts_) {
      const Question question{host, dns::RecordType::a};
      wanted.push_back(question);
      const auto* answer = facts_->facts().find(question);
      if (answer != nullptr && !answer->temporary()) closed->has_ipv4[host.text()] = answer->found();
    }
    facts_->want(wanted);
    const auto before = shared_.read();
    for (const auto& [site, why] : closed->sites)
      if (!before->sites.contains(site)) options_.log("IPv6 closes for " + site + ": " + why);
    for (const auto& [site, why] : before->sites)
      if (!closed->sites.contains(site)) options_.log("IPv6 opens for " + site);
    const std::lock_guard lock(shared_.mutex);
    shared_.closed = std::move(closed);
    ++shared_.generation;
  }

  /// Closed where, for some domain of ours, every IPv6 address is poor and an IPv4 one is not.
  void judge_site(const route::Site& site, Closed& closed) {
    route::Destination destination;
    destination.status = route::Destination::Status::found;
    destination.site = site;
    // Any host of the site: only the families of its addresses matter here.
    for (const auto& source : sources_) destination.targets.push_back({config_.domains.front().name, source.address});
    for (const auto& domain : config_.domains) {
      const auto plan = router_->plan(sender_of(domain), destination, {}, QueueId(), net::now());
      bool ipv6_usable = false;
      bool ipv4_usable = false;
      std::string why;
      for (const auto& candidate : plan.order) {
        if (!candidate.route.source) continue;
        const bool ipv6 = candidate.route.source->address.is_v6();
        if (candidate.standing.standing != route::Standing::poor)
          (ipv6 ? ipv6_usable : ipv4_usable) = true;
        else if (ipv6 && why.empty())
          why = candidate.standing.why;
      }
      if (!ipv6_usable && ipv4_usable && !why.empty()) {
        closed.sites[site.key] = why;
        return;
      }
    }
  }

  config::Config config_;
  MapOptions options_;
  asio::io_context reactor_{1};
  net::Gate work_;
  asio::steady_timer timer_;
  relay::Keys keys_;
  std::unique_ptr<net::Resolver> resolver_;
  std::unique_ptr<net::FreshSource> fresh_;
  std::unique_ptr<relay::FactsCache> facts_;
  std::unique_ptr<relay::Router> router_;
  std::vector<route::SourceAddress> sources_;
  std::map<std::string, route::Site> sites_;
  std::set<dns::DomainName> watched_hosts_;
  Shared shared_;
  Gate gate_;
  AnswerServer server_;
  End end_ = End::told_to_stop;
  bool stopping_ = false;
  bool answering_ = false;
  std::uint64_t saved_ = 0;  ///< revision of the standing table
  bool unsaved_told_ = false;
};

MapService::MapService(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

MapService::~MapService() = default;

Result<std::unique_ptr<MapService>> MapService::create(config::Config config, MapOptions options) {
  auto impl = std::make_unique<Impl>(std::move(config), std::move(options));
  if (auto opened = impl->open(); !opened) return std::unexpected(opened.error());
  return std::unique_ptr<MapService>(new MapService(std::move(impl)));
}

Result<MapService::End> MapService::run() {
  return impl_->run();
}

}  // namespace ptarmigan::adapt
