// console/api.hpp - requests to replies: the HTTP API, events, metrics, health and the page. Who may ask is decided
// here, each change is written to the audit log. What reads the history runs on a thread of its own, one request at a
// time. Limits: max_waiting requests for that thread, then 503. Threads: handle() on one executor.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <boost/asio/awaitable.hpp>

#include "config/config.hpp"
#include "config/given.hpp"
#include "console/access.hpp"
#include "console/metrics.hpp"
#include "net/event_hub.hpp"
#include "net/http_message.hpp"
#include "store/records.hpp"
#include "watch/diagnosis.hpp"

namespace ptarmigan::console {

/// What the console shows and acts on. Everything outlives the Api.
struct ApiParts {
  const config::Config& config;
  std::string config_file;
  const std::vector<config::Given>& given;  ///< follows a reload
  std::string history;                      ///< for store::Views::open()
  Metrics& metrics;
  net::EventHub& events;
  /// One command of the running server as JSON text, and its JSON answer (relay/control.hpp); empty where none runs.
  std::function<boost::asio::awaitable<std::string>(std::string)> control = {};
  /// Submits a message by HTTP; empty: 404.
  std::function<boost::asio::awaitable<net::HttpReply>(net::HttpRequest, Person)> submit = {};
  /// Asks anew what an open incident is about; empty where no server runs.
  std::function<boost::asio::awaitable<watch::Checked>(store::Incident)> look_again = {};
  /// "" where mail is taken and delivered; else why not.
  std::function<std::string()> not_ready = {};
  /// Keeps a line of the audit log.
  std::function<void(store::AuditLine)> audit = {};
  /// Sets gauges that are looked up only when somebody asks.
  std::function<void()> measure = {};
};

class Api {
 public:
  static constexpr std::size_t max_waiting = 64;

  Api(ApiParts parts, std::vector<Token> tokens);
  ~Api();
  Api(const Api&) = delete;
  Api& operator=(const Api&) = delete;

  [[nodiscard]] boost::asio::awaitable<net::HttpReply> handle(net::HttpRequest request);
  /// For HttpServerOptions::max_body: strangers send nothing.
  [[nodiscard]] std::size_t max_body(const net::HttpRequest& head) const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace ptarmigan::console
