// relay/transit.hpp - one recipient group on its way: who is still open, which routes refused, what is written in the
// end. Pure: the edge connects and sends, and tells what came of it. One Transit is one round of attempts over the
// planned routes.
#pragma once

#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "relay/notices.hpp"
#include "relay/outcome.hpp"
#include "relay/suppression.hpp"
#include "route/plan.hpp"
#include "route/retry.hpp"
#include "smtp/client_machine.hpp"
#include "spool/records.hpp"
#include "store/attempt.hpp"

namespace ptarmigan::relay {

class Transit {
 public:
  Transit(spool::MessageRecord message, spool::GroupRecord group, std::shared_ptr<const std::string> octets,
          Moment began);

  [[nodiscard]] const spool::MessageRecord& message() const { return message_; }
  [[nodiscard]] const spool::GroupRecord& group() const { return group_; }
  /// As it is sent: with signatures on top.
  [[nodiscard]] const std::shared_ptr<const std::string>& octets() const { return octets_; }
  void put_on_top(const std::string& fields);

  /// Recipients that are on the suppression list by now fail before anything is tried.
  void suppress(const SuppressionList& list);
  /// Ids of routes that refused this message for good.
  [[nodiscard]] std::set<std::string> refused_routes() const {
    return {group_.tried_routes.begin(), group_.tried_routes.end()};
  }
  /// No recipient would go on over another route now.
  [[nodiscard]] bool settled() const;
  /// A route that is not a last resort failed for the moment only.
  [[nodiscard]] bool better_route_is_down() const { return better_is_down_; }
  /// A route could not be taken because another message tries it out.
  void route_is_busy() { better_is_down_ = true; }
  /// A route was not tried, because nobody answered there a moment ago: `why`, in the words of that attempt.
  void route_is_silent(const route::Candidate& candidate, const route::Site& site, const std::string& why);
  /// Nothing was learnt yet.
  [[nodiscard]] bool unchanged() const { return records_.empty(); }

  /// The envelope for the recipients that are open.
  [[nodiscard]] smtp::Envelope envelope() const;
  /// The same answer for each of them.
  [[nodiscard]] smtp::client::Transaction everyone(const smtp::client::Answer& answer) const;
  /// The session was already dead: closed before it answered anything.
  [[nodiscard]] static bool went_stale(const smtp::client::Transaction& transaction);
  [[nodiscard]] static bool any_reply(const smtp::client::Transaction& transaction);

  [[nodiscard]] store::Attempt begin_attempt(const route::Candidate& candidate, const route::Site& site,
                                             std::string considered, Moment now) const;

  /// What the router must know of an attempt.
  struct Learnt {
    bool accepted = false;
    smtp::Cause cause = smtp::Cause::unknown;
    std::optional<route::Refusal> refusal = {};  ///< blames the address or the sender's authentication
    struct Slowed {
      smtp::RateAxis axis = smtp::RateAxis::unspecified;
      std::string reply = {};
    };
    std::optional<Slowed> slowed = {};  ///< refused for rate
  };
  /// `problem` is the transport's words where there was no reply.
  /// `reports`: who reports a success to the sender where the sender asked for that (RFC 3461#5.2).
  enum class Reports { by_next_hop, by_us };
  Learnt take(const smtp::client::Transaction& transaction, const route::Candidate& candidate, const route::Site& site,
              const std::string& problem, store::Attempt record, Moment now, Reports reports = Reports::by_next_hop);

  /// The domain has no destination: fails or waits.
  void undeliverable(const route::Destination& destination);
  /// Every route was tried or passed over: those still open fail where all refused for good, else wait.
  void no_route_left(const route::Plan& plan);
  /// Sets the next attempt, or fails what is too old; `start` is when this process began (route::age_of).
  void decide_retry(const route::RetryPolicy& policy, Moment start, Moment now, std::uint32_t random);

  /// After decide_retry: those that wait since the message was accepted `after` ago or longer are late, once. 0: never.
  /// `start` is when this process began (route::age_of): a clock that is set forward makes nobody late.
  void decide_delay(milliseconds after, milliseconds lifetime, Moment start, Moment now);

  /// After decide_retry: how long until the next attempt; nothing where the group is done.
  [[nodiscard]] std::optional<milliseconds> next_attempt() const { return again_; }
  [[nodiscard]] const std::vector<FailedRecipient>& failed() const { return failed_; }
  [[nodiscard]] const std::vector<NoticedRecipient>& delayed() const { return delayed_; }
  /// Accepted by a host that reports nothing, for a sender who asked for reports of success.
  [[nodiscard]] const std::vector<NoticedRecipient>& relayed() const { return relayed_; }
  [[nodiscard]] std::vector<store::Attempt> take_records() { return std::move(records_); }

 private:
  enum class State { open, waits, gone };
  struct Progress {
    spool::Recipient recipient;
    State state = State::open;
    std::optional<FailedRecipient> refused = {};  ///< for good, by a route: the failure where no other takes it
  };
  FailedRecipient failure_of(const spool::Recipient& recipient, const smtp::client::Answer& answer,
                             const store::Attempt& record) const;
  /// What one recipient's answer means; writes cause and rule to `record`, and what the router must know to `learnt`.
  void take_answer(Progress& one, const smtp::client::Answer& answer, bool uncertain, const route::Candidate& candidate,
                   const route::Site& site, const std::string& problem, store::Attempt& record, Learnt& learnt,
                   Moment now);
  void conclude(store::Attempt& record, const Learnt& learnt) const;
  void fail(Progress& progress, FailedRecipient failure);
  store::Attempt& last_record();

  spool::MessageRecord message_;
  spool::GroupRecord group_;
  std::shared_ptr<const std::string> octets_;
  Moment began_;
  std::vector<Progress> progress_;
  std::vector<FailedRecipient> failed_;
  std::vector<NoticedRecipient> delayed_;
  std::vector<NoticedRecipient> relayed_;
  std::vector<store::Attempt> records_;
  bool better_is_down_ = false;
  std::string silent_;  ///< the routes that were not tried, and why
  std::optional<milliseconds> again_;
};

}  // namespace ptarmigan::relay
