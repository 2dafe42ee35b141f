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

/// A key that is under way, until its request has its reply or is given up.
class KeyInUse {
 public:
  KeyInUse(std::set<std::string>& keys, std::string key) : keys_(keys), key_(std::move(key)) {}
  KeyInUse(const KeyInUse&) = delete;
  KeyInUse& operator=(const KeyInUse&) = delete;
  ~KeyInUse() { keys_.erase(key_); }

 private:
  std::set<std::string>& keys_;
  std::string key_;
};

/// The messages of one request on their way to the disk.
struct Batch {
  spool::Transaction change = {};
  std::vector<HttpOutcome> outcomes = {};
  std::vector<std::pair<Job, std::string>> jobs = {};
  std::vector<LogEvent> events = {};  ///< one for each accepted message
};

/// Judges one message, and adds what became of it.
void add(Batch& batch, const SubmissionParts& parts, Result<HttpMessage> message, const IpAddress& client,
         const std::string& user, Moment now) {
  auto& outcome = batch.outcomes.emplace_back();
  if (!message) {
    outcome.error = message.error();
    return;
  }
  if (const auto most = parts.config.submission.max_message; message->octets.size() > most) {
    outcome.error = Error{"the message is larger than " + std::to_string(most) + " octets",
                          "send less, or raise submission.max_message"};
    return;
  }
  auto& recipients = message->envelope.recipients;
  std::erase_if(recipients, [&](const auto& recipient) {
    const auto address = recipient.path.mailbox.text();
    const auto* entry = parts.suppressed.find(address);
    if (entry != nullptr) message->refused.push_back({address, error_of(refusal_of(*entry))});
    return entry != nullptr;
  });
  if (recipients.empty()) {
    outcome.error = message->refused.front().error;
    return;
  }
  smtp::server::Session session{.ehlo_name = "http", .esmtp = true, .user = user};
  session.envelope = std::move(message->envelope);
  const auto id = parts.spool.next_id();
  auto accepted = accept_message({.session = &session,
                                  .client = client,
                                  .body = std::move(message->octets),
                                  .id = id,
                                  .now = now,
                                  .hostname = *parts.config.hostname,
                                  .protocol = "HTTP",
                                  .gate = parts.config.gate,
                                  .verp = [&](const auto& domain) { return wants_verp(parts.config, domain); },
                                  .signing = [&parts](const auto& domain) { return signing_of(parts.keys, domain); }});
  if (!accepted) {
    outcome.error = error_of(accepted.error());
    return;
  }
  outcome.id = id;
  outcome.refused = std::move(message->refused);
  outcome.warnings = std::move(accepted->warnings);
  for (const auto& recipient : session.envelope.recipients) outcome.recipients.push_back(recipient.path.mailbox.text());
  const auto stream = stream_of(accepted->message.mail_from, accepted->message.header_from_domain);
  for (const auto& group : accepted->groups)
    if (!group.held) batch.jobs.emplace_back(Job{id, group.number, stream}, group.domain);
  batch.events.push_back(accepted_event(accepted->message, session.envelope.recipients.size()));
  batch.change.add(std::move(accepted->message), std::move(accepted->groups), std::move(accepted->octets));
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
  if (*known) co_return replayed(**known, submission->fingerprint);
  if (!under_way_.insert(submission->key).second)
    co_return submission_error(409, {"a request with this Idempotency-Key is under way", "wait for its answer"});
  const KeyInUse in_use(under_way_, submission->key);
  co_return co_await take(*std::move(submission), client, std::move(user));
}

asio::awaitable<net::HttpReply> HttpIntake::take(HttpSubmission submission, IpAddress client, std::string user) {
  if (parts_.intake.stopped) co_return not_now(refusal_of({spool::ErrorKind::stopped, {}}));
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
  // The octets count until the spool has them.
  Waiting waiting(parts_.intake);
  for (const auto& message : submission.messages)
    if (message && !waiting.add(message->octets.size(), parts_.config.submission.max_waiting))
      co_return not_now({452, {4, 3, 1}, "Too many messages are being received at this moment, try again later"});
  Batch batch;
  for (auto& message : submission.messages) add(batch, parts_, std::move(message), client, user, now);
  auto reply = submission_reply(batch.outcomes);
  if (batch.events.empty()) co_return reply;
  if (!submission.key.empty())
    batch.change.remember(std::move(submission.key), remembered_text(submission.fingerprint, reply.body), now.wall);
  const auto done = co_await committed(parts_.spool, std::move(batch.change));
  if (!done) {
    if (done.error().kind == spool::ErrorKind::stopped) parts_.on_spool_stopped(done.error().error);
    co_return not_now(refusal_of(done.error()));
  }
  for (const auto& [job, domain] : batch.jobs) parts_.delivery.enqueue(job, domain, net::steady_now());
  for (const auto& event : batch.events) parts_.log(event);
  co_return reply;
}

}  // namespace ptarmigan::relay
