// relay/http_intake.cpp - see http_intake.hpp.
#include "relay/http_intake.hpp"

#include <utility>

#include <boost/asio/use_awaitable.hpp>

#include "net/clock.hpp"
#include "relay/accept.hpp"
#include "relay/commit.hpp"

namespace ptarmigan::relay {
namespace asio = boost::asio;
namespace {

/// Statuses as spool errors mean them for a program that will try again.
net::HttpReply not_now(const smtp::Reply& reply) {
  auto out = submission_error(503, {reply.words(), ""});
  out.headers.emplace_back("Retry-After", "30");
  return out;
}

Error error_of(const smtp::Reply& reply) {
  Error out;
  for (const auto& line : reply.lines) {
    const bool fix = line.starts_with("Fix: ");
    auto& text = fix ? out.remedy : out.message;
    text += (text.empty() ? "" : "; ") + (fix ? line.substr(5) : line);
  }
  return out;
}

}  // namespace

asio::awaitable<net::HttpReply> HttpIntake::submit(net::HttpRequest request, std::string user) {
  auto submission = read_submission(request, parts_.config.submission.max_recipients);
  if (!submission) co_return submission.error();
  const auto client = request.peer.address;
  if (submission->key.empty()) co_return co_await take(*std::move(submission), client, std::move(user));
  submission->key = recalled_key(user, submission->key);
  const auto known = parts_.spool.reader().recall(submission->key, net::now().wall);
  if (!known) co_return submission_error(503, known.error());
  if (*known) {
    net::HttpReply again{.status = 202,
                         .headers = {{"Content-Type", "application/json"}, {"Idempotent-Replayed", "true"}},
                         .body = **known};
    co_return again;
  }
  const auto key = submission->key;
  if (!under_way_.insert(key).second)
    co_return submission_error(409, {"a request with this Idempotency-Key is under way", "wait for its answer"});
  auto reply = co_await take(*std::move(submission), client, std::move(user));
  under_way_.erase(key);
  co_return reply;
}

asio::awaitable<net::HttpReply> HttpIntake::take(HttpSubmission submission, IpAddress client, std::string user) {
  if (parts_.intake.draining) co_return not_now({421, {4, 3, 2}, "This server takes no new mail now, try again later"});
  const auto now = net::now();
  double recipients = 0;
  for (const auto& message : submission.messages)
    if (message) recipients += static_cast<double>(message->envelope.recipients.size());
  if (const auto wait = parts_.intake.users.try_take(user, recipients, now.steady)) {
    auto reply = submission_error(429, {"too many recipients from " + user + " in this hour", "come back later"});
    reply.headers.emplace_back("Retry-After", std::to_string((wait->count() + 999) / 1000));
    co_return reply;
  }
  spool::Transaction change;
  std::vector<HttpOutcome> outcomes;
  std::vector<std::pair<Job, std::string>> jobs;
  std::vector<LogEvent> events;
  for (auto& message : submission.messages) {
    auto& outcome = outcomes.emplace_back();
    if (!message) {
      outcome.error = message.error();
      continue;
    }
    if (message->octets.size() > parts_.config.submission.max_message) {
      outcome.error =
          Error{"the message is larger than " + std::to_string(parts_.config.submission.max_message) + " octets",
                "send less, or raise submission.max_message"};
      continue;
    }
    smtp::server::Session session{.ehlo_name = "http", .esmtp = true, .user = user};
    session.envelope = std::move(message->envelope);
    const auto id = parts_.spool.next_id();
    auto accepted = accept_message({.session = &session,
                                    .client = client,
                                    .body = std::move(message->octets),
                                    .id = id,
                                    .now = now,
                                    .hostname = *parts_.config.hostname,
                                    .protocol = "HTTP",
                                    .gate = parts_.config.gate,
                                    .signing = [this](const auto& domain) { return signing_of(parts_.keys, domain); }});
    if (!accepted) {
      outcome.error = error_of(accepted.error());
      continue;
    }
    outcome.id = id;
    outcome.refused = std::move(message->refused);
    outcome.warnings = std::move(accepted->warnings);
    for (const auto& recipient : session.envelope.recipients)
      outcome.recipients.push_back(recipient.path.mailbox.text());
    const auto stream = stream_of(accepted->message.mail_from, accepted->message.header_from_domain);
    for (const auto& group : accepted->groups)
      if (!group.held) jobs.emplace_back(Job{id, group.number, stream}, group.domain);
    events.push_back(accepted_event(accepted->message, session.envelope.recipients.size()));
    change.add(std::move(accepted->message), std::move(accepted->groups), std::move(accepted->octets));
  }
  auto reply = submission_reply(outcomes);
  if (events.empty()) co_return reply;
  if (!submission.key.empty()) change.remember(std::move(submission.key), reply.body, now.wall);
  const auto done = co_await committed(parts_.spool, std::move(change));
  if (!done) {
    if (done.error().kind == spool::ErrorKind::stopped) parts_.on_spool_stopped(done.error().error);
    co_return not_now(refusal_of(done.error()));
  }
  for (const auto& [job, domain] : jobs) parts_.delivery.enqueue(job, domain, net::steady_now());
  for (const auto& event : events) parts_.log(event);
  co_return reply;
}

}  // namespace ptarmigan::relay
