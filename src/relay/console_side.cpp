// relay/console_side.cpp - see console_side.hpp.
#include "relay/console_side.hpp"

#include "store/recorder.hpp"

namespace ptarmigan::relay {
std::function<void(const store::Attempt&)> ServerCounts::on_attempt() {
  return [this](const store::Attempt& attempt) {
    metrics_
        .counter("ptarmigan_attempts_total", "Attempts to deliver a recipient group.",
                 {{"family", attempt.family ? std::string(to_string(*attempt.family)) : "none"},
                  {"outcome", std::string(store::to_string(attempt.outcome))},
                  {"cause", attempt.cause}})
        .add();
    metrics_
        .counter("ptarmigan_attempts_by_site_total", "Attempts to deliver by site.",
                 {{"site", attempt.site}, {"outcome", std::string(store::to_string(attempt.outcome))}})
        .add();
    if (attempt.peer)
      metrics_
          .counter("ptarmigan_tls_total", "Connections of attempts by TLS version and proof.",
                   {{"version", attempt.tls ? attempt.tls->version : "none"},
                    {"verified", attempt.tls ? attempt.tls->verified : "no"}})
          .add();
    metrics_.histogram("ptarmigan_attempt_seconds", "How long attempts took.")
        .observe(std::chrono::duration<double>(attempt.duration).count());
    // What went well is seen at the next look; a refusal is shown at once.
    if (attempt.outcome != store::Outcome::delivered) events_.publish({.name = "attempt", .data = "{}"});
  };
}

std::function<void(const spool::Synced&)> ServerCounts::on_synced() {
  auto& messages = metrics_.counter("ptarmigan_accepted_messages_total", "Messages taken into the queue.");
  auto& octets = metrics_.counter("ptarmigan_accepted_octets_total", "Octets of these.");
  auto& seconds = metrics_.histogram("ptarmigan_sync_seconds", "Writing to the queue's disk, with the sync.");
  return [&](const spool::Synced& synced) {
    messages.add(synced.messages);
    octets.add(synced.octets);
    seconds.observe(std::chrono::duration<double>(synced.duration).count());
  };
}

ConsoleSide::~ConsoleSide() = default;

Result<std::unique_ptr<ConsoleSide>> ConsoleSide::open(Parts parts, std::vector<net::InheritedSocket> inherited) {
  std::unique_ptr<ConsoleSide> side(new ConsoleSide(std::move(parts)));
  auto* const self = side.get();
  const auto& p = self->parts_;
  console::ApiParts api{.config = p.config,
                        .config_file = p.origin.file,
                        .given = p.origin.given,
                        .history = p.config.watch.database.empty() ? p.config.store.path : p.config.watch.database,
                        .metrics = p.counts.metrics(),
                        .events = p.counts.events()};
  api.control = [self](std::string command) { return self->parts_.control.answer(std::move(command)); };
  api.submit = [self](net::HttpRequest request, const console::Person& person) {
    return self->parts_.intake.submit(std::move(request), person.name);
  };
  api.look_again = [self](store::Incident incident) { return self->parts_.watcher.look_again(std::move(incident)); };
  api.not_ready = [self] { return self->not_ready(); };
  api.measure = [self] { self->measure(); };
  api.audit = [self](store::AuditLine line) {
    self->parts_.history.post([kept = std::move(line)](store::Recorder& recorder) { return recorder.add(kept); });
  };
  const auto log = p.log;
  auto console = console::Console::open(p.executor, p.config.console, std::move(api), std::move(inherited),
                                        [log](const std::string& what) { log(LogLevel::error, "console: " + what); });
  if (!console) return std::unexpected(console.error());
  side->console_ = *std::move(console);
  return side;
}

void ConsoleSide::start() {
  for (const auto& endpoint : console_->endpoints()) parts_.log(LogLevel::info, "console on " + endpoint.text());
  console_->start();
}

boost::asio::awaitable<void> ConsoleSide::close() {
  co_await console_->close();
}

std::string ConsoleSide::not_ready() const {
  const auto state = parts_.spool.state();
  if (state.condition != spool::Condition::running) return state.reason.text();
  return parts_.intake.draining() ? "an operator wants no new mail here (`ptarmigan queue resume` ends that)"
                                  : std::string();
}

void ConsoleSide::measure() {
  auto& metrics = parts_.counts.metrics();
  metrics.gauge("ptarmigan_waiting", "Deliveries that wait.").set(parts_.delivery.waiting());
  metrics.gauge("ptarmigan_in_delivery", "Deliveries in progress.").set(parts_.delivery.busy());
  metrics.gauge("ptarmigan_spool_running", "1 where mail can be taken and delivered.")
      .set(parts_.spool.state().condition == spool::Condition::running ? 1 : 0);
  metrics.gauge("ptarmigan_draining", "1 where an operator wants no new mail.").set(parts_.intake.draining() ? 1 : 0);
  const auto history = parts_.history.counts();
  metrics.gauge("ptarmigan_history_rows_dropped", "Rows of the history that could not be kept.").set(history.dropped);
  metrics.gauge("ptarmigan_queue_oldest_seconds", "How long the oldest delivery has waited.")
      .set(std::chrono::duration<double>(parts_.watcher.oldest_wait()).count());
  metrics.clear_gauge("ptarmigan_queue");
  for (const auto& wait : parts_.watcher.queue_waits())
    metrics
        .gauge(
            "ptarmigan_queue", "Deliveries in the queue by site and by what kept them at their last attempt.",
            {{"site", wait.site.empty() ? "none yet" : wait.site}, {"cause", wait.cause.empty() ? "new" : wait.cause}})
        .set(static_cast<double>(wait.groups));
  metrics.gauge("ptarmigan_suppressed", "Recipients on the suppression list.")
      .set(static_cast<double>(parts_.suppressed.size()));
  metrics.clear_gauge("ptarmigan_incidents_open");
  for (const auto& [key, count] : parts_.watcher.open())
    metrics.gauge("ptarmigan_incidents_open", "Open incidents.", {{"kind", key.first}, {"site", key.second}})
        .set(count);
  metrics.clear_gauge("ptarmigan_standing");
  for (const auto& row : parts_.router.standing().rows())
    if (row.key.sender.empty())
      metrics
          .gauge("ptarmigan_standing", "1 for the standing that an address has at a site.",
                 {{"source", row.key.source.text()},
                  {"site", row.key.site},
                  {"standing", std::string(route::to_string(row.standing))}})
          .set(1);
}

}  // namespace ptarmigan::relay
