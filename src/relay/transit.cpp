// relay/transit.cpp - see transit.hpp.
#include "relay/transit.hpp"

#include <algorithm>

#include "base/text.hpp"
#include "message/header.hpp"
#include "relay/verp.hpp"
#include "rulebook/match.hpp"
#include "smtp/command.hpp"
#include "smtp/path.hpp"

namespace ptarmigan::relay {
namespace {

/// The sender's wishes for the next hop (RFC 3461#5.2); nothing where there were none.
std::optional<smtp::Notify> notify_of(const spool::Notify& notify) {
  if (!notify.never && !notify.success && !notify.failure && !notify.delay) return std::nullopt;
  return smtp::Notify{.success = notify.success, .failure = notify.failure, .delay = notify.delay};
}

std::optional<smtp::OriginalRecipient> original_of(const std::string& orcpt) {
  const auto semicolon = orcpt.find(';');
  if (semicolon == std::string::npos) return std::nullopt;
  auto address = smtp::xtext_decode(std::string_view(orcpt).substr(semicolon + 1));
  if (!address) return std::nullopt;
  return smtp::OriginalRecipient{.type = to_lower(orcpt.substr(0, semicolon)), .address = *std::move(address)};
}

std::string sender_of(const spool::MessageRecord& message, const spool::GroupRecord& group) {
  if (!message.verp || group.recipients.size() != 1) return message.mail_from;
  return verp_sender(message.mail_from, group.recipients.front().address).value_or(message.mail_from);
}

using smtp::Persistence;

std::string lines_of(const smtp::Reply& reply) {
  std::string out;
  for (const auto& line : split(trim(std::string_view(reply.wire())), '\n'))
    out += std::string(out.empty() ? "" : "\n") + std::string(trim(line, "\r"));
  return out;
}

std::string words_of(const smtp::client::Answer& answer, const std::string& problem) {
  if (answer.reply) return answer.reply->text();
  return problem.empty() ? std::string(to_string(*answer.problem)) : problem;
}

std::string status_of(const smtp::client::Answer& answer) {
  if (answer.reply && answer.reply->enhanced && answer.reply->enhanced->cls == answer.reply->code / 100)
    return answer.reply->enhanced->text();
  const bool permanent = answer.failure().persistence == Persistence::permanent;
  return permanent ? "5.0.0" : "4.0.0";
}

/// The rules that a refusal can mean, those that were judged broken before first.
std::vector<const rulebook::Rule*> rules_of(const smtp::client::Answer& answer, const route::Candidate& candidate,
                                            const std::string& mx_host) {
  if (!answer.reply) return {};
  std::vector<const rulebook::Rule*> broken_before;
  std::vector<const rulebook::Rule*> others;
  for (const auto* rule : rulebook::match(*answer.reply, mx_host).rules) {
    const bool expected = std::ranges::find(candidate.standing.rules, rule->id) != candidate.standing.rules.end();
    (expected ? broken_before : others).push_back(rule);
  }
  broken_before.insert(broken_before.end(), others.begin(), others.end());
  return broken_before;
}

std::string reason_of(smtp::Cause cause) {
  switch (cause) {
    case smtp::Cause::recipient: return "The receiver does not take mail for this recipient";
    case smtp::Cause::content: return "The receiver does not take this message";
    case smtp::Cause::sender_authentication: return "The receiver could not authenticate the sender's domain";
    case smtp::Cause::sending_address: return "The receiver does not take mail from the addresses of this server";
    case smtp::Cause::rate: return "The receiver takes no more mail from this server";
    case smtp::Cause::site: return "The receiver has a trouble of its own";
    case smtp::Cause::protocol: return "The receiver and this server did not understand each other";
    case smtp::Cause::tls: return "No encrypted connection to the receiver could be made";
    case smtp::Cause::policy:
    case smtp::Cause::unknown: return "The receiver refused the message";
  }
  return {};
}

}  // namespace

Transit::Transit(spool::MessageRecord message, spool::GroupRecord group, std::shared_ptr<const std::string> octets,
                 Moment began)
    : message_(std::move(message)), group_(std::move(group)), octets_(std::move(octets)), began_(began) {
  for (const auto& recipient : group_.recipients) progress_.push_back({.recipient = recipient});
}

void Transit::put_on_top(const std::string& fields) {
  octets_ = std::make_shared<const std::string>(fields + *octets_);
}

void Transit::suppress(const SuppressionList& list) {
  // A notice about a notice is never made, and notices are not what somebody complains about.
  if (message_.mail_from.empty()) return;
  for (auto& one : progress_) {
    const auto* entry = list.find(one.recipient.address);
    if (entry == nullptr) continue;
    const auto refusal = refusal_of(*entry);
    fail(one, {.recipient = one.recipient,
               .status = "5.7.1",
               .remote_mta = {},
               .reply = {},
               .reason = refusal.lines.front(),
               .fix = "ptarmigan suppress remove " + entry->address});
  }
}

bool Transit::settled() const {
  return std::ranges::none_of(progress_, [](const Progress& p) { return p.state == State::open; });
}

smtp::Envelope Transit::envelope() const {
  smtp::Envelope out;
  if (auto sender = smtp::Mailbox::parse(sender_of(message_, group_))) out.mail_from.mailbox = *std::move(sender);
  auto& parameters = out.parameters;
  parameters.size = octets_->size();
  if (message_.eight_bit) parameters.body = smtp::BodyType::eight_bit_mime;
  parameters.smtputf8 = message_.smtputf8;
  parameters.require_tls = message_.requiretls;
  if (message_.ret != spool::Ret::unspecified)
    parameters.ret = message_.ret == spool::Ret::full ? smtp::Ret::full : smtp::Ret::hdrs;
  if (!message_.envid.empty()) parameters.envelope_id = smtp::xtext_decode(message_.envid);
  for (const auto& one : progress_) {
    if (one.state != State::open) continue;
    auto mailbox = smtp::Mailbox::parse(one.recipient.address);
    if (!mailbox) continue;
    out.recipients.push_back({.path = {*std::move(mailbox)},
                              .notify = notify_of(one.recipient.notify),
                              .original = original_of(one.recipient.orcpt)});
  }
  return out;
}

void Transit::route_is_silent(const route::Candidate& candidate, const route::Site& site, const std::string& why) {
  better_is_down_ = better_is_down_ || !candidate.last_resort;
  silent_ += (silent_.empty() ? "" : "; ") + candidate.route.id + ": " + why;
  group_.site = site.key;
}

smtp::client::Transaction Transit::everyone(const smtp::client::Answer& answer) const {
  smtp::client::Transaction out;
  for (const auto& one : progress_)
    if (one.state == State::open) out.recipients.push_back(answer);
  return out;
}

bool Transit::went_stale(const smtp::client::Transaction& transaction) {
  return !transaction.uncertain && !any_reply(transaction) &&
         std::ranges::all_of(transaction.recipients,
                             [](const smtp::client::Answer& answer) { return answer.stage == smtp::Stage::mail; });
}

bool Transit::any_reply(const smtp::client::Transaction& transaction) {
  return std::ranges::any_of(transaction.recipients,
                             [](const smtp::client::Answer& answer) { return answer.reply.has_value(); });
}

namespace {

/// Without angle brackets; "" where there is none.
std::string message_id_of(const std::string& octets) {
  constexpr std::size_t longest = 250;
  const auto header = message::HeaderSection::parse(octets);
  const auto* field = header ? header->first("Message-ID") : nullptr;
  const auto value = field == nullptr ? std::string() : field->value();
  return std::string(trim(std::string_view(value), "<> \t").substr(0, longest));
}

}  // namespace

store::Attempt Transit::begin_attempt(const route::Candidate& candidate, const route::Site& site,
                                      std::string considered, Moment now) const {
  store::Attempt record;
  record.queue_id = message_.id;
  record.group = group_.number;
  record.time = now.wall;
  record.mail_from = message_.mail_from;
  record.from_domain = message_.header_from_domain;
  if (octets_) record.message_id = message_id_of(*octets_);
  for (const auto& one : progress_)
    if (one.state == State::open) record.recipients.push_back(one.recipient.address);
  record.site = site.key;
  record.route = candidate.route.id;
  if (candidate.route.source) {
    record.family = candidate.route.source->address.family();
    record.ehlo_name = candidate.route.source->ehlo_name.text();
  }
  record.considered = std::move(considered);
  return record;
}

FailedRecipient Transit::failure_of(const spool::Recipient& recipient, const smtp::client::Answer& answer,
                                    const store::Attempt& record) const {
  FailedRecipient out{.recipient = recipient,
                      .status = status_of(answer),
                      .remote_mta = record.mx_host,
                      .reply = record.reply_text,
                      .reason = {},
                      .fix = {}};
  if (answer.reply) out.reply = lines_of(*answer.reply);
  out.reason = reason_of(answer.failure().cause);
  if (const auto* rule = rulebook::find_rule(record.rule_id)) out.fix = std::string(rule->remedy);
  return out;
}

void Transit::fail(Progress& progress, FailedRecipient failure) {
  progress.state = State::gone;
  failed_.push_back(std::move(failure));
}

Transit::Learnt Transit::take(const smtp::client::Transaction& transaction, const route::Candidate& candidate,
                              const route::Site& site, const std::string& problem, store::Attempt record, Moment now,
                              Reports reports) {
  Learnt learnt;
  record.duration = now.wall - record.time;
  const smtp::client::Answer* told = nullptr;  // the answer that the record shows: the first that is not an acceptance
  const std::size_t refused_before = group_.tried_routes.size();
  group_.site = site.key;
  std::size_t at = 0;
  for (auto& one : progress_) {
    if (one.state != State::open || at >= transaction.recipients.size()) continue;
    const auto& answer = transaction.recipients[at++];
    if (told == nullptr || told->accepted()) told = &answer;
    take_answer(one, answer, transaction.uncertain, candidate, site, problem, record, learnt, now);
    if (reports == Reports::by_us && answer.accepted() && wants(one.recipient.notify, reports::Action::relayed))
      relayed_.push_back({.recipient = one.recipient,
                          .status = answer.reply->enhanced ? answer.reply->enhanced->text() : "2.0.0",
                          .remote_mta = record.mx_host,
                          .reply = lines_of(*answer.reply),
                          .reason = {},
                          .fix = {}});
  }
  // One entry, however many recipients this route refused.
  if (group_.tried_routes.size() > refused_before) group_.tried_routes.resize(refused_before + 1);
  if (told != nullptr) {
    record.stage = to_string(told->stage);
    record.reply_code = told->reply ? told->reply->code : 0;
    record.enhanced_status = told->reply && told->reply->enhanced ? told->reply->enhanced->text() : "";
    record.reply_text = told->reply ? lines_of(*told->reply) : words_of(*told, problem);
  }
  group_.cause = record.cause;
  conclude(record, learnt);
  records_.push_back(std::move(record));
  return learnt;
}

void Transit::take_answer(Progress& one, const smtp::client::Answer& answer, bool uncertain,
                          const route::Candidate& candidate, const route::Site& site, const std::string& problem,
                          store::Attempt& record, Learnt& learnt, Moment now) {
  const auto outcome = outcome_of(answer, uncertain);
  if (outcome.fate == Fate::delivered) {
    one.state = State::gone;
    learnt.accepted = true;
    return;
  }
  const auto failure = answer.failure();
  record.cause = to_string(failure.cause);
  if (failure.cause == smtp::Cause::rate && answer.reply)
    learnt.slowed = Learnt::Slowed{failure.axis, answer.reply->text()};
  const auto rules = rules_of(answer, candidate, record.mx_host.empty() ? site.key : record.mx_host);
  record.rule_id = rules.empty() ? std::string() : std::string(rules.front()->id);
  if (outcome.fate == Fate::failed) {
    fail(one, failure_of(one.recipient, answer, record));
    return;
  }
  group_.last_reply = words_of(answer, problem);
  if (outcome.fate == Fate::wait) {
    one.state = State::waits;
    return;
  }
  if (outcome.permanent) {
    one.refused = failure_of(one.recipient, answer, record);
    group_.tried_routes.push_back(candidate.route.id);
  } else {
    better_is_down_ = better_is_down_ || !candidate.last_resort;
  }
  if (!outcome.blames_route || !answer.reply) return;
  learnt.cause = answer.failure().cause;
  learnt.refusal = route::Refusal{.rules = {}, .reply = answer.reply->text(), .at = now.wall};
  for (const auto* rule : rules) learnt.refusal->rules.emplace_back(rule->id);
  if (!group_.first_refusal) group_.first_refusal = spool::Refusal{candidate.route.id, lines_of(*answer.reply)};
}

void Transit::conclude(store::Attempt& record, const Learnt& learnt) const {
  if (!settled()) {
    record.outcome = store::Outcome::rescued;
    record.next_step = "goes on over the next route at once";
  } else if (std::ranges::any_of(progress_, [](const Progress& p) { return p.state == State::waits; })) {
    record.outcome = store::Outcome::deferred;
  } else if (learnt.accepted) {
    record.outcome = store::Outcome::delivered;
    record.next_step = failed_.empty() ? "done" : "some recipients failed: the sender is told";
  } else {
    record.outcome = store::Outcome::bounced;
    record.next_step = "the sender is told";
  }
}

store::Attempt& Transit::last_record() {
  if (records_.empty()) {
    auto& record = records_.emplace_back();
    record.queue_id = message_.id;
    record.group = group_.number;
    record.time = began_.wall;
    record.mail_from = message_.mail_from;
    for (const auto& one : progress_) record.recipients.push_back(one.recipient.address);
    record.stage = "route";
  }
  return records_.back();
}

void Transit::undeliverable(const route::Destination& destination) {
  auto& record = last_record();
  record.reply_text = destination.why;
  record.mx_host = "";
  group_.last_reply = destination.why;
  const bool waits = destination.status == route::Destination::Status::try_later;
  record.cause = group_.cause = waits ? "dns" : "recipient";
  record.outcome = waits ? store::Outcome::deferred : store::Outcome::bounced;
  if (!waits) record.next_step = "the sender is told";
  for (auto& one : progress_) {
    if (waits) {
      one.state = State::waits;
      continue;
    }
    const bool null_mx = destination.status == route::Destination::Status::null_mx;
    fail(one, {.recipient = one.recipient,
               .status = null_mx ? "5.1.10" : "5.1.2",
               .remote_mta = {},
               .reply = {},
               .reason = "There is nowhere to deliver to: " + destination.why,
               .fix = {}});
  }
}

void Transit::no_route_left(const route::Plan& plan) {
  if (settled()) return;
  auto& record = last_record();
  bool bounced = false;
  for (auto& one : progress_) {
    if (one.state != State::open) continue;
    if (one.refused && !better_is_down_) {
      one.refused->reason += "; every route was refused";
      fail(one, *one.refused);
      bounced = true;
    } else {
      one.state = State::waits;
    }
  }
  if (records_.size() == 1 && record.route.empty()) {
    std::string why =
        plan.order.empty() ? "no route to this receiver:" : "every route is taken by a message that tries it out";
    for (const auto& candidate : plan.unused) why += " " + candidate.route.id + " (" + candidate.reason + ")";
    if (!silent_.empty()) {
      why = "not tried, because nobody answered a moment ago: " + silent_;
      record.site = group_.site;
      record.cause = group_.cause = to_string(smtp::Cause::site);
    }
    record.reply_text = group_.last_reply = why;
    record.considered = "";
  }
  record.outcome = bounced ? store::Outcome::bounced : store::Outcome::deferred;
  record.next_step = bounced ? "every route was refused: the sender is told" : "";
}

void Transit::decide_retry(const route::RetryPolicy& policy, Moment start, Moment now, std::uint32_t random) {
  std::vector<spool::Recipient> left;
  for (auto& one : progress_)
    if (one.state != State::gone) left.push_back(one.recipient);
  group_.recipients = left;
  if (left.empty()) return;
  ++group_.attempts;
  const auto age = route::age_of(group_.created, start, now);
  again_ = route::next_attempt(policy, group_.attempts, age, random);
  if (again_) {
    group_.next_attempt = now.wall + *again_;
    if (!records_.empty()) records_.back().next_step = "tried again in " + human(*again_);
    return;
  }
  if (!records_.empty()) {
    records_.back().outcome = store::Outcome::bounced;
    records_.back().next_step = "too old after " + human(age) + ": the sender is told";
  }
  for (auto& one : progress_) {
    if (one.state == State::gone) continue;
    fail(one, {.recipient = one.recipient,
               .status = "5.4.7",
               .remote_mta = records_.empty() ? std::string() : records_.back().mx_host,
               .reply = group_.last_reply,
               .reason = "The message could not be delivered within " + human(policy.lifetime),
               .fix = {}});
  }
}

void Transit::decide_delay(milliseconds after, milliseconds lifetime, Moment start, Moment now) {
  const auto age = route::age_of(group_.created, start, now);
  if (!again_ || group_.delay_notified || after.count() == 0 || age < after) return;
  group_.delay_notified = true;
  for (const auto& one : progress_) {
    if (one.state == State::gone) continue;
    delayed_.push_back({.recipient = one.recipient,
                        .status = "4.4.7",
                        .remote_mta = records_.empty() ? std::string() : records_.back().mx_host,
                        .reply = group_.last_reply,
                        .reason = {},
                        .fix = {},
                        .retry_until = now.wall + (lifetime - age)});
  }
}

}  // namespace ptarmigan::relay
