// relay/alerts.cpp - see alerts.hpp.
#include "relay/alerts.hpp"

#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <fstream>
#include <optional>
#include <thread>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/text.hpp"
#include "net/clock.hpp"
#include "net/gate.hpp"
#include "net/hmac.hpp"
#include "net/https_get.hpp"
#include "net/settle.hpp"
#include "net/stream.hpp"
#include "net/tls.hpp"
#include "relay/https_url.hpp"

extern char** environ;

namespace ptarmigan::relay {
namespace asio = boost::asio;
namespace {

constexpr seconds command_time{60};
constexpr milliseconds command_look{20};
constexpr milliseconds webhook_time{15'000};
constexpr std::array webhook_pauses{milliseconds(0), milliseconds(1'000), milliseconds(4'000), milliseconds(15'000),
                                    milliseconds(60'000)};

/// Waits for `child` until it ends or its time is over.
Result<> wait_for(pid_t child, const std::string& command) {
  for (milliseconds waited{0}; waited < command_time; waited += command_look) {
    int status = 0;
    if (::waitpid(child, &status, WNOHANG) == child) {
      if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return {};
      return failure(command + " failed (" +
                     (WIFEXITED(status) ? "exit code " + std::to_string(WEXITSTATUS(status)) : "killed") + ")");
    }
    std::this_thread::sleep_for(command_look);
  }
  ::kill(child, SIGKILL);
  ::waitpid(child, nullptr, 0);
  return failure(command + " did not end within a minute");
}

/// Blocks: on a thread of its own.
Result<> run_command(const std::string& command, const watch::Alert& alert) {
  // A file without a name holds the text: a pipe would block on a program that does not read.
  const int text = ::memfd_create("alert", MFD_CLOEXEC);
  if (text < 0) return failure(std::string("no file for the text of an alert: ") + std::strerror(errno));
  const bool written = ::write(text, alert.text.data(), alert.text.size()) == static_cast<ssize_t>(alert.text.size());
  ::lseek(text, 0, SEEK_SET);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, text, STDIN_FILENO);
  std::string program = command;
  std::string subject = alert.subject;
  std::array<char*, 3> arguments{program.data(), subject.data(), nullptr};
  pid_t child = 0;
  const int failed =
      written ? ::posix_spawn(&child, command.c_str(), &actions, nullptr, arguments.data(), environ) : EIO;
  posix_spawn_file_actions_destroy(&actions);
  ::close(text);
  if (failed != 0) return failure(command + " cannot be run: " + std::strerror(failed), "check watch.alert_command");
  return wait_for(child, command);
}

}  // namespace

class Alerts::Impl {
 public:
  Impl(const config::Watch& settings, net::AnswerSource& dns) : settings_(settings), dns_(dns) {}

  Result<> open() {
    if (!settings_.alert_command.empty() && !settings_.alert_command.starts_with('/'))
      return failure("watch.alert_command " + settings_.alert_command + " is no whole path", "begin it with /");
    if (settings_.alert_webhook.empty()) return {};
    auto url = HttpsUrl::parse(settings_.alert_webhook);
    if (!url)
      return failure("watch.alert_webhook " + printable(settings_.alert_webhook) + " is no https URL",
                     "write it like https://hooks.example.com/ptarmigan");
    url_ = *std::move(url);
    auto tls = net::TlsContext::client_verified(settings_.alert_ca_file);
    if (!tls) return std::unexpected(std::move(tls.error()));
    tls_ = *std::move(tls);
    if (settings_.alert_secret_file.empty()) return {};
    std::ifstream file(settings_.alert_secret_file);
    if (!std::getline(file, secret_) || secret_.empty())
      return failure("watch.alert_secret_file " + settings_.alert_secret_file + " cannot be read or is empty",
                     "write the secret on its first line");
    return {};
  }

  asio::awaitable<std::vector<AlertResult>> send(watch::Alert alert) {
    std::vector<AlertResult> out;
    if (!settings_.alert_command.empty()) {
      auto ran = co_await asio::co_spawn(commands_.get_executor(), command(alert), asio::use_awaitable);
      out.push_back({"command " + settings_.alert_command, std::move(ran)});
    }
    if (url_) {
      auto posted = co_await post(std::move(alert));
      out.push_back({"webhook " + url_->host.text(), std::move(posted)});
    }
    co_return out;
  }

 private:
  asio::awaitable<Result<>> command(watch::Alert alert) { co_return run_command(settings_.alert_command, alert); }

  asio::awaitable<Result<>> post(watch::Alert alert) {
    asio::steady_timer timer(co_await asio::this_coro::executor);
    net::HttpsRequest request{.host = url_->host, .path = url_->path, .port = url_->port};
    net::HttpsRequest::Post body{.content_type = "application/json", .body = std::move(alert.json)};
    if (!secret_.empty())
      request.fields.emplace_back("X-Ptarmigan-Signature", "sha256=" + net::hmac_sha256_hex(secret_, body.body));
    request.post = std::move(body);
    std::string problem;
    for (const auto pause : webhook_pauses) {
      timer.expires_after(pause);
      co_await timer.async_wait(asio::as_tuple(asio::use_awaitable));
      if (co_await net::cancelled()) break;
      auto copy = request;
      const auto reply = co_await net::https_get(dns_, tls_, std::move(copy), net::in(webhook_time));
      if (reply && reply->status >= 200 && reply->status < 300) co_return Result<>();
      problem = reply ? "it answers " + std::to_string(reply->status) : reply.error().message;
      // What the receiver refuses it refuses again.
      if (reply && reply->status >= 400 && reply->status < 500 && reply->status != 429) break;
    }
    co_return failure("the webhook " + settings_.alert_webhook + " did not take the alert: " + problem);
  }

  const config::Watch settings_;
  net::AnswerSource& dns_;
  std::optional<HttpsUrl> url_;
  std::shared_ptr<const net::TlsContext> tls_;
  std::string secret_;
  asio::thread_pool commands_{1};
};

Alerts::Alerts(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Alerts::~Alerts() = default;

Result<std::unique_ptr<Alerts>> Alerts::create(const config::Watch& settings, net::AnswerSource& dns) {
  auto impl = std::make_unique<Impl>(settings, dns);
  if (auto opened = impl->open(); !opened) return std::unexpected(std::move(opened.error()));
  return std::unique_ptr<Alerts>(new Alerts(std::move(impl)));
}

asio::awaitable<std::vector<AlertResult>> Alerts::send(watch::Alert alert) {
  return impl_->send(std::move(alert));
}

}  // namespace ptarmigan::relay
