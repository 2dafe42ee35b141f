// relay/submission.cpp - see submission.hpp.
#include "relay/submission.hpp"

#include <algorithm>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "net/clock.hpp"
#include "net/password.hpp"
#include "relay/accept.hpp"
#include "relay/commit.hpp"

namespace ptarmigan::relay {
namespace asio = boost::asio;
namespace {

smtp::Reply crowded() {
  return {452, {4, 3, 1}, "Too many messages are being received at this moment, try again later"};
}

}  // namespace

smtp::Reply refusal_of(const spool::CommitError& error) {
  switch (error.kind) {
    case spool::ErrorKind::no_space: return {452, {4, 3, 1}, "Insufficient system storage, try again later"};
    case spool::ErrorKind::overloaded: return {452, {4, 3, 2}, "The server is overloaded, try again later"};
    case spool::ErrorKind::stopped:
      return {451, {4, 3, 0}, "The queue has stopped after a disk error, try again later"};
  }
  return {451, {4, 3, 0}, "The message could not be stored, try again later"};
}

IpAddress Submission::client_of(const smtp::server::Session& session) const {
  return session.client.value_or(client_);
}

bool Submission::trusted(const IpAddress& client) const {
  return client.is_loopback() || std::ranges::any_of(parts_.config.submission.networks, [&](const IpNetwork& network) {
           return network.contains(client);
         });
}

bool Submission::is_stranger(const smtp::server::Session& session) const {
  return !trusted(client_of(session)) && !session.user;
}

smtp::Reply Submission::no_relaying(const smtp::server::Session& session) const {
  if (parts_.users.empty()) return {550, {5, 7, 1}, "Relaying is not allowed from " + client_of(session).text()};
  return {530, {5, 7, 0}, "Authentication required"};
}

std::optional<smtp::Reply> Submission::may_send_to(const smtp::server::Session& session) const {
  const auto& recipient = session.envelope.recipients.back().path.mailbox;
  if (parts_.reports.takes(recipient)) return std::nullopt;
  if (is_stranger(session)) return no_relaying(session);
  if (const auto* entry = parts_.suppressed.find(recipient.text())) return refusal_of(*entry);
  return std::nullopt;
}

std::optional<smtp::Reply> Submission::may_send(const smtp::server::Session& session) const {
  if (is_stranger(session) && !parts_.reports.any()) return no_relaying(session);
  if (parts_.intake.stopped) return refusal_of({spool::ErrorKind::stopped, {}});
  if (parts_.intake.draining) return smtp::Reply(421, {4, 3, 2}, "This server takes no new mail now, try again later");
  if (auto refusal = over_rate(session, 1)) return refusal;
  const auto announced = session.envelope.parameters.size.value_or(0);
  const auto most = parts_.config.submission.max_waiting;
  if (parts_.intake.waiting > most - std::min(most, announced)) return crowded();
  return std::nullopt;
}

std::optional<smtp::Reply> Submission::over_rate(const smtp::server::Session& session, double cost) const {
  const auto& intake = parts_.intake;
  const auto now = net::steady_now();
  const auto network = client_network(client_of(session));
  const auto wait =
      session.user ? intake.users.wait_for(*session.user, cost, now) : intake.networks.wait_for(network, cost, now);
  if (!wait) return std::nullopt;
  const auto seconds = (wait->count() + 999) / 1000;
  return smtp::Reply(450, {4, 7, 1},
                     "Too many recipients from " + (session.user ? *session.user : network) +
                         " in this hour; come back in " + std::to_string(seconds) + " s");
}

bool wants_verp(const config::Config& config, const std::string& domain) {
  const auto name = dns::DomainName::from_unicode(domain);
  return name &&
         std::ranges::any_of(config.domains, [&](const config::Domain& one) { return one.verp && one.name == *name; });
}

Signing signing_of(const Keys& keys, const dns::DomainName& author_domain) {
  if (keys.empty()) return Signing::nobody;
  return keys.of(author_domain)->empty() ? Signing::missing : Signing::aligned;
}

asio::awaitable<std::optional<smtp::Reply>> Submission::decide(smtp::Stage stage,
                                                               const smtp::server::Session& session) {
  switch (stage) {
    case smtp::Stage::mail: crowded_out_ = false; co_return may_send(session);
    case smtp::Stage::rcpt: {
      if (auto refusal = may_send_to(session)) co_return refusal;
      if (auto refusal = over_rate(session, 1)) co_return refusal;
      auto& rates = session.user ? parts_.intake.users : parts_.intake.networks;
      rates.take(session.user ? *session.user : client_network(client_of(session)), 1, net::steady_now());
      co_return std::nullopt;
    }
    case smtp::Stage::end_of_data: co_return co_await take_message(session);
    case smtp::Stage::connect:
    case smtp::Stage::ehlo:
    case smtp::Stage::starttls:
    case smtp::Stage::auth:
    case smtp::Stage::data: co_return std::nullopt;
  }
  co_return std::nullopt;
}

asio::awaitable<smtp::server::CredentialsVerdict> Submission::check_credentials(smtp::PlainCredentials credentials) {
  using smtp::server::CredentialsVerdict;
  if (guesses_passwords()) co_return CredentialsVerdict::unavailable;
  // To act for somebody else is nobody's right here (RFC 4616#2).
  if (!credentials.authorization_id.empty() && credentials.authorization_id != credentials.user)
    co_return CredentialsVerdict::refused;
  const bool good = co_await parts_.users.check(std::move(credentials.user), std::move(credentials.password));
  if (good) co_return CredentialsVerdict::accepted;
  co_await count_failed_login();
  co_return CredentialsVerdict::refused;
}

bool Submission::guesses_passwords() const {
  return parts_.intake.failed_logins.wait_for(client_network(client_), 1, net::steady_now()).has_value();
}

asio::awaitable<void> Submission::count_failed_login() {
  parts_.intake.failed_logins.take(client_network(client_), 1, net::steady_now());
  asio::steady_timer timer(parts_.executor, failed_login_delay);
  co_await timer.async_wait(asio::as_tuple(asio::use_awaitable));
}

asio::awaitable<smtp::server::SaslAnswered> Submission::sasl(smtp::server::Sasl message) {
  using smtp::server::SaslAnswered;
  using smtp::server::SaslVerdict;
  if (message.first) {
    if (guesses_passwords()) co_return SaslAnswered{.verdict = SaslVerdict::unavailable};
    scram_.emplace(smtp::ScramServer(net::scram_sha256(), net::scram_nonce()));
    auto hello = scram_->server.begin(message.message);
    if (!hello) co_return SaslAnswered{.verdict = SaslVerdict::malformed};
    scram_->hello = *std::move(hello);
    auto challenge = scram_->server.challenge(parts_.users.scram(scram_->hello.user));
    co_return SaslAnswered{.verdict = SaslVerdict::challenge, .challenge = std::move(challenge)};
  }
  if (!scram_) co_return SaslAnswered{.verdict = SaslVerdict::malformed};
  const auto& hello = scram_->hello;
  if (scram_->proved) {
    SaslAnswered answer{.verdict = SaslVerdict::accepted, .challenge = {}, .user = hello.user};
    if (!message.message.empty()) answer = {.verdict = SaslVerdict::malformed};
    scram_.reset();
    co_return answer;
  }
  auto proof = scram_->server.finish(message.message);
  const bool for_somebody_else = !hello.authorization_id.empty() && hello.authorization_id != hello.user;
  if (proof && !for_somebody_else) {
    scram_->proved = true;
    co_return SaslAnswered{.verdict = SaslVerdict::challenge, .challenge = *std::move(proof)};
  }
  scram_.reset();
  co_await count_failed_login();
  co_return SaslAnswered{.verdict = SaslVerdict::refused};
}

void Submission::body(std::string_view octets) {
  if (crowded_out_) return;
  if (!waiting_.add(octets.size(), parts_.config.submission.max_waiting)) {
    discard();
    crowded_out_ = true;
    return;
  }
  body_ += octets;
}

void Submission::discard() {
  std::string().swap(body_);
  waiting_.give_back();
}

asio::awaitable<std::optional<smtp::Reply>> Submission::keep_report(QueueId id) {
  const auto kept = co_await parts_.reports.keep(id, body_);
  if (kept) {
    parts_.log(LogLevel::info, "report id=" + id.text() + " client=" + client_.text());
    co_return std::nullopt;
  }
  parts_.log(LogLevel::error, "a report could not be kept: " + kept.error().text());
  co_return smtp::Reply(452, {4, 3, 1}, "The report cannot be stored now, try again later");
}

asio::awaitable<smtp::Reply> Submission::take_message(const smtp::server::Session& session) {
  // The octets count until the spool has them.
  const Waiting waiting(std::move(waiting_));
  if (std::exchange(crowded_out_, false)) co_return crowded();
  const auto id = parts_.spool.next_id();
  auto to_be_sent = session;
  const auto reports = std::erase_if(to_be_sent.envelope.recipients, [this](const smtp::Recipient& recipient) {
    return parts_.reports.takes(recipient.path.mailbox);
  });
  if (reports > 0) {
    if (auto refusal = co_await keep_report(id)) co_return *std::move(refusal);
    if (to_be_sent.envelope.recipients.empty()) {
      body_.clear();
      co_return smtp::Reply(250, {2, 0, 0}, "Ok: taken as a report");
    }
  }
  auto accepted = accept_message({.session = &to_be_sent,
                                  .client = client_of(session),
                                  .body = std::move(body_),
                                  .id = id,
                                  .now = net::now(),
                                  .hostname = *parts_.config.hostname,
                                  .gate = parts_.config.gate,
                                  .verp = [this](const auto& domain) { return wants_verp(parts_.config, domain); },
                                  .signing = [this](const auto& domain) { return signing_of(parts_.keys, domain); }});
  body_.clear();
  if (!accepted) co_return accepted.error();
  std::vector<std::pair<Job, std::string>> jobs;
  const auto stream = stream_of(accepted->message.mail_from, accepted->message.header_from_domain);
  for (const auto& group : accepted->groups)
    if (!group.held) jobs.emplace_back(Job{id, group.number, stream}, group.domain);
  auto event = accepted_event(accepted->message, to_be_sent.envelope.recipients.size());
  spool::Transaction change;
  change.add(std::move(accepted->message), std::move(accepted->groups), std::move(accepted->octets));
  const auto done = co_await committed(parts_.spool, std::move(change));
  if (!done) {
    if (done.error().kind == spool::ErrorKind::stopped) parts_.on_spool_stopped(done.error().error);
    co_return refusal_of(done.error());
  }
  const auto now = net::steady_now();
  for (const auto& [job, domain] : jobs) parts_.delivery.enqueue(job, domain, now);
  parts_.log(event);
  smtp::Reply reply(250, {2, 0, 0}, "Ok: queued as " + id.text());
  for (auto& warning : accepted->warnings) reply.lines.push_back(std::move(warning));
  co_return reply;
}

}  // namespace ptarmigan::relay
