// relay/delivery.hpp - takes queued messages to their receivers: destination, plan, attempt, rescue, retry, notice.
//
// One worker at a time and site takes jobs from the queue, each over the routes that the router orders. A refusal that
// blames our address or the sender's authentication goes on over the next route at once; only a reply about the
// recipient or the content ends a message while another route remains. What happened is committed before the next
// attempt of the same group can begin. A group belongs to one at a time: to its attempt until the outcome is on disk,
// or to an operator's change until that is. Threads: one executor that runs on one thread; signing runs on a pool.
#pragma once

#include <functional>
#include <memory>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include "config/config.hpp"
#include "net/answer_source.hpp"
#include "net/gate.hpp"
#include "relay/control_json.hpp"
#include "relay/keys.hpp"
#include "relay/log.hpp"
#include "relay/pacer.hpp"
#include "relay/queue.hpp"
#include "relay/queue_change.hpp"
#include "relay/router.hpp"
#include "relay/suppression.hpp"
#include "spool/spool.hpp"
#include "store/history.hpp"

namespace ptarmigan::relay {

/// What a delivery works with; all of it outlives the Delivery.
struct DeliveryParts {
  boost::asio::any_io_executor executor;
  const config::Config& config;
  const Keys& keys;
  Router& router;
  Pacer& pacer;
  SuppressionList& suppressed;
  spool::Spool& spool;
  store::History& history;
  net::AnswerSource& dns;
  net::Gate& gate;
  /// Told once, when the spool has stopped: intake must stop too.
  std::function<void(const Error&)> on_spool_stopped;
  const Log& log;
  /// Told of each attempt when it is recorded.
  std::function<void(const store::Attempt&)> on_attempt = {};
};

class Delivery {
 public:
  /// An error names a relay's unusable setting (password file, authorities).
  static Result<std::unique_ptr<Delivery>> create(DeliveryParts parts);
  ~Delivery();
  Delivery(const Delivery&) = delete;
  Delivery& operator=(const Delivery&) = delete;

  /// A group that is in the spool. Runs it when `due` has come.
  void enqueue(Job job, const std::string& domain, SteadyTime due);
  /// Begins to deliver. Ends with the gate.
  void start();
  [[nodiscard]] std::size_t waiting() const;
  /// Mail that waits for pacing.
  [[nodiscard]] std::vector<route::HeldMail> held(SteadyTime now) const;
  struct Meant {
    QueueId message;
    std::vector<std::uint32_t> groups;
  };
  /// An operator's change, in steps that do not keep others waiting. What is being delivered at this moment is changed
  /// when its attempt has ended, together with what came of it. What is gone is passed over. An error is the spool's;
  /// what was changed before it stays so.
  [[nodiscard]] boost::asio::awaitable<Result<QueueChanged>> change(QueueChange what, std::vector<Meant> meant);
  [[nodiscard]] GroupState state_of(const spool::MessageRecord& message, const spool::GroupRecord& group,
                                    SteadyTime now) const;
  /// Reads what the relays of `next` need. What is returned makes it count, once the configuration is `next`.
  [[nodiscard]] Result<std::function<void()>> prepare_reload(const config::Config& next);
  /// Workers end after the message that they have in hand; busy() says how many still have one.
  void take_no_more();
  [[nodiscard]] unsigned busy() const;

 private:
  class Impl;
  explicit Delivery(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace ptarmigan::relay
