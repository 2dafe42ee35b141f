// relay/submission.cpp - see submission.hpp.
#include "relay/submission.hpp"

#include <algorithm>

#include <boost/asio/async_result.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "net/clock.hpp"
#include "relay/accept.hpp"

namespace ptarmigan::relay {
namespace asio = boost::asio;
namespace {

/// Completes on the waiting coroutine's own executor when the spool has the change on disk.
asio::awaitable<spool::Committed> committed(spool::Spool& spool, spool::Transaction change) {
  auto start = [&spool](auto handler, spool::Transaction what) {
    const auto executor = asio::get_associated_executor(handler);
    spool.commit(std::move(what), [handler = std::move(handler), executor](spool::Committed done) mutable {
      asio::post(executor, [handler = std::move(handler), done = std::move(done)]() mutable {
        std::move(handler)(std::move(done));
      });
    });
  };
  return asio::async_initiate<const asio::use_awaitable_t<>, void(spool::Committed)>(
      std::move(start), asio::use_awaitable, std::move(change));
}

smtp::Reply refusal_of(const spool::CommitError& error) {
  switch (error.kind) {
    case spool::ErrorKind::no_space: return {452, {4, 3, 1}, "Insufficient system storage, try again later"};
    case spool::ErrorKind::overloaded: return {452, {4, 3, 2}, "The server is overloaded, try again later"};
    case spool::ErrorKind::stopped:
      return {451, {4, 3, 0}, "The queue has stopped after a disk error, try again later"};
  }
  return {451, {4, 3, 0}, "The message could not be stored, try again later"};
}

}  // namespace

bool Submission::trusted() const {
  return client_.is_loopback() || std::ranges::any_of(parts_.config.submission.networks, [&](const IpNetwork& network) {
           return network.contains(client_);
         });
}

asio::awaitable<std::optional<smtp::Reply>> Submission::decide(smtp::Stage stage,
                                                               const smtp::server::Session& session) {
  switch (stage) {
    case smtp::Stage::mail:
      if (trusted() || session.user) co_return std::nullopt;
      if (parts_.users.empty()) co_return smtp::Reply(550, {5, 7, 1}, "Relaying is not allowed from " + client_.text());
      co_return smtp::Reply(530, {5, 7, 0}, "Authentication required");
    case smtp::Stage::end_of_data: co_return co_await take_message(session);
    case smtp::Stage::connect:
    case smtp::Stage::ehlo:
    case smtp::Stage::starttls:
    case smtp::Stage::auth:
    case smtp::Stage::rcpt:
    case smtp::Stage::data: co_return std::nullopt;
  }
  co_return std::nullopt;
}

asio::awaitable<smtp::server::CredentialsVerdict> Submission::check_credentials(smtp::PlainCredentials credentials) {
  using smtp::server::CredentialsVerdict;
  // To act for somebody else is nobody's right here (RFC 4616#2).
  if (!credentials.authorization_id.empty() && credentials.authorization_id != credentials.user)
    co_return CredentialsVerdict::refused;
  const bool good = co_await parts_.users.check(std::move(credentials.user), std::move(credentials.password));
  co_return good ? CredentialsVerdict::accepted : CredentialsVerdict::refused;
}

asio::awaitable<smtp::Reply> Submission::take_message(const smtp::server::Session& session) {
  const auto id = parts_.spool.next_id();
  auto accepted = accept_message({.session = &session,
                                  .client = client_,
                                  .body = std::move(body_),
                                  .id = id,
                                  .now = net::now(),
                                  .hostname = *parts_.config.hostname});
  body_.clear();
  if (!accepted) co_return accepted.error();
  std::vector<std::pair<Job, std::string>> jobs;
  const auto stream = stream_of(accepted->message.mail_from, accepted->message.header_from_domain);
  for (const auto& group : accepted->groups) jobs.emplace_back(Job{id, group.number, stream}, group.domain);
  auto event = accepted_event(accepted->message, session.envelope.recipients.size());
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
  co_return smtp::Reply(250, {2, 0, 0}, "Ok: queued as " + id.text());
}

}  // namespace ptarmigan::relay
