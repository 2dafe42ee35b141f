// relay/router.cpp - see router.hpp.
#include "relay/router.hpp"

#include <algorithm>

#include "net/clock.hpp"
#include "rulebook/registry.hpp"

namespace ptarmigan::relay {
namespace asio = boost::asio;
namespace {

/// Judgements are kept so long, and so many: senders are many, their facts change rarely.
constexpr milliseconds keep_judgement{30'000};
constexpr std::size_t max_judgements = 20'000;
/// Rounds of "what else is needed" at start: a tree walk and nested includes are short.
constexpr int warm_up_rounds = 16;

route::StandingPolicy policy_of(const config::Config& config) {
  route::StandingPolicy policy;
  policy.probes = config.delivery.probes;
  return policy;
}

std::string sender_key(const Sender& sender) {
  return sender.header_from_domain.empty() ? sender.mail_from : sender.header_from_domain;
}

}  // namespace

Router::Router(const config::Config& config, const Keys& keys, FactsCache& facts)
    : config_(config),
      keys_(keys),
      facts_(facts),
      sources_(route::addresses_of(config.sources)),
      standing_(policy_of(config)) {}

rulebook::Subject Router::subject_of(const route::SourceAddress& source, const Sender& sender) const {
  rulebook::Subject subject;
  subject.sending_address = source.address;
  subject.ehlo_name = source.ehlo_name.text();
  if (sender.mail_from.empty()) {
    subject.mail_from = smtp::ReversePath{};
  } else if (auto mailbox = smtp::Mailbox::parse(sender.mail_from)) {
    subject.mail_from = smtp::ReversePath{*std::move(mailbox)};
  }
  if (auto domain = dns::DomainName::from_unicode(sender.header_from_domain)) {
    subject.signatures = keys_.intended(*domain);
    subject.header_from = std::vector{*std::move(domain)};
  }
  subject.hop = rulebook::Hop::tls;  // always begun where the receiver offers it
  return subject;
}

const route::RouteFacts& Router::facts_of(const route::SourceAddress& source, const Sender& sender,
                                          const route::Site& site) {
  const auto domain_at = sender.mail_from.rfind('@');
  const std::string receiver(site.receiver == nullptr ? "" : site.receiver->id);
  const std::string key = source.address.text() + " " + receiver + " " +
                          (domain_at == std::string::npos ? sender.mail_from : sender.mail_from.substr(domain_at)) +
                          " " + sender.header_from_domain;
  const auto now = net::steady_now();
  if (judged_.size() > max_judgements) judged_.clear();
  auto& judged = judged_[key];
  if (judged.generation == facts_.generation() && now - judged.at < keep_judgement) return judged.facts;
  judged.generation = facts_.generation();
  judged.at = now;
  const auto subject = subject_of(source, sender);
  judged.facts = route::judge_route(site.receiver, subject, facts_.facts());
  if (site.receiver != nullptr) {
    // Keeps the questions that decided this in use, and asks those that would decide more.
    for (const auto& verdict : rulebook::judge_now(*site.receiver, subject, facts_.facts()).verdicts)
      facts_.want(verdict.verdict.evidence);
    facts_.want(judged.facts.needed);
  }
  return judged.facts;
}

route::Plan Router::plan(const Sender& sender, const route::Destination& destination,
                         const std::set<std::string>& refused, QueueId message, Moment now) {
  const route::PlanInput input{.sources = sources_,
                               .relays = config_.relays,
                               .destination = destination,
                               .refused = refused,
                               .mode = config_.delivery.standing,
                               .prefer = config_.delivery.prefer,
                               .pool = pool_of(sender),
                               .spread = std::hash<std::string>{}(message.text())};
  return route::make_plan(input, [&](const route::SourceAddress& source) {
    const auto& facts = facts_of(source, sender, destination.site);
    auto for_all = standing_.weigh({source.address, destination.site.key}, facts, now);
    if (for_all.refusal) return for_all;
    auto for_sender = standing_.weigh({source.address, destination.site.key, sender_key(sender)}, facts, now);
    return for_sender.refusal ? for_sender : for_all;
  });
}

std::string Router::pool_of(const Sender& sender) const {
  const auto author = dns::DomainName::from_unicode(sender.header_from_domain);
  const config::Domain* best = nullptr;
  for (const auto& domain : config_.domains)
    if (author && author->is_at_or_below(domain.name) &&
        (best == nullptr || domain.name.label_count() > best->name.label_count()))
      best = &domain;
  return best == nullptr ? std::string() : best->pool;
}

void Router::reload() {
  sources_ = route::addresses_of(config_.sources);
  judged_.clear();
}

bool Router::take_place(const route::Candidate& candidate, const route::Site& site) {
  return !candidate.route.source || config_.delivery.standing != config::StandingMode::enforce ||
         standing_.take_probe({candidate.route.source->address, site.key});
}

void Router::accepted(const route::Candidate& candidate, const route::Site& site, const Sender& sender) {
  if (!candidate.route.source) return;
  standing_.accepted({candidate.route.source->address, site.key});
  standing_.accepted({candidate.route.source->address, site.key, sender_key(sender)});
}

void Router::give_back(const route::Candidate& candidate, const route::Site& site) {
  if (candidate.route.source) standing_.give_back({candidate.route.source->address, site.key});
}

void Router::refused(const route::Candidate& candidate, const route::Site& site, const Sender& sender,
                     smtp::Cause cause, route::Refusal refusal, Moment now) {
  if (!candidate.route.source) return;
  const auto& source = *candidate.route.source;
  const auto facts = facts_of(source, sender, site);
  const bool about_sender = cause == smtp::Cause::sender_authentication;
  if (about_sender) standing_.give_back({source.address, site.key});
  standing_.refused({source.address, site.key, about_sender ? sender_key(sender) : std::string()}, std::move(refusal),
                    facts, now);
  if (site.receiver == nullptr) return;
  std::vector<Question> blamed;
  for (const auto& verdict : rulebook::judge_now(*site.receiver, subject_of(source, sender), facts_.facts()).verdicts)
    blamed.insert(blamed.end(), verdict.verdict.evidence.begin(), verdict.verdict.evidence.end());
  facts_.ask_again(blamed);
}

const route::SourceAddress* Router::source_of(const route::StandingKey& key) const {
  const auto found = std::ranges::find(sources_, key.source, &route::SourceAddress::address);
  return found == sources_.end() ? nullptr : &*found;
}

Sender Router::sender_of(const route::StandingKey& key) const {
  auto domain = key.sender;
  if (domain.empty() && !config_.domains.empty()) domain = config_.domains.front().name.text();
  return {.mail_from = domain.empty() ? "" : "postmaster@" + domain, .header_from_domain = domain};
}

std::optional<watch::Diagnosis> Router::diagnose(const route::StandingKey& key) {
  const auto* source = source_of(key);
  const auto* receiver = rulebook::find_receiver(key.site);
  if (source == nullptr || receiver == nullptr) return std::nullopt;
  return watch::diagnose(*receiver, subject_of(*source, sender_of(key)), facts_.facts());
}

std::string Router::fix_of(const route::StandingKey& key, std::string_view rule) {
  const auto* source = source_of(key);
  const auto* found = rulebook::find_rule(rule);
  if (source == nullptr || found == nullptr) return {};
  return watch::fix_text(*found, subject_of(*source, sender_of(key)), facts_.facts());
}

asio::awaitable<watch::Checked> Router::look_again(route::StandingKey key, std::string rule) {
  const auto* source = source_of(key);
  const auto* receiver = rulebook::find_receiver(key.site);
  if (source == nullptr) co_return watch::Checked{.why = key.source.text() + " is no address of ours any more"};
  const auto subject = subject_of(*source, sender_of(key));
  if (receiver != nullptr) {
    std::vector<Question> blamed;
    for (const auto& verdict : rulebook::judge_now(*receiver, subject, facts_.facts()).verdicts)
      if (verdict.rule->id == rule || verdict.stops_mail())
        blamed.insert(blamed.end(), verdict.verdict.evidence.begin(), verdict.verdict.evidence.end());
    co_await facts_.learn_again(std::move(blamed));
    // What the new answers lead to: the address behind a new name.
    for (int round = 0; round < warm_up_rounds; ++round) {
      auto needed = rulebook::judge_now(*receiver, subject, facts_.facts()).needed;
      if (needed.empty()) break;
      co_await facts_.learn(std::move(needed));
    }
    static_cast<void>(standing_.weigh(key, route::judge_route(receiver, subject, facts_.facts()), net::now()));
  }
  co_return watch::check_rule(rule, subject, facts_.facts());
}

std::optional<Router::Weighed> Router::weigh_again(const route::StandingKey& key, std::string_view rule, Moment now) {
  const auto* source = source_of(key);
  if (source == nullptr) return std::nullopt;
  const auto sender = sender_of(key);
  Weighed out{.rule = {}, .was_explained = standing_.is_explained(key)};
  const auto& facts = facts_of(*source, sender, {.key = key.site, .receiver = rulebook::find_receiver(key.site)});
  out.standing = standing_.weigh(key, facts, now).standing;
  out.rule = watch::check_rule(rule, subject_of(*source, sender), facts_.facts());
  return out;
}

asio::awaitable<void> Router::warm_up() {
  for (int round = 0; round < warm_up_rounds; ++round) {
    std::vector<Question> needed;
    for (const auto& receiver : rulebook::receivers()) {
      for (const auto& source : sources_) {
        for (const auto& domain : config_.domains) {
          const Sender sender{"postmaster@" + domain.name.text(), domain.name.text()};
          const auto judgement = rulebook::judge_now(receiver, subject_of(source, sender), facts_.facts());
          needed.insert(needed.end(), judgement.needed.begin(), judgement.needed.end());
        }
      }
    }
    if (needed.empty()) co_return;
    co_await facts_.learn(std::move(needed));
  }
}

}  // namespace ptarmigan::relay
