// adapt/milter_service.cpp - see milter_service.hpp.
#include "adapt/milter_service.hpp"

#include <array>
#include <csignal>
#include <utility>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <sys/socket.h>

#include "adapt/milter_session.hpp"
#include "net/clock.hpp"
#include "net/gate.hpp"
#include "net/resolver.hpp"
#include "net/settle.hpp"
#include "net/stream.hpp"

namespace ptarmigan::adapt {
namespace asio = boost::asio;
namespace milter = mta::milter;
namespace {

constexpr auto quietly = asio::as_tuple(asio::use_awaitable);
constexpr std::size_t read_octets = 65'536;
constexpr milliseconds pause_without_descriptors{100};

using Socket = asio::generic::stream_protocol::socket;

/// A connection whose every wait is bounded.
class Line {
 public:
  explicit Line(Socket socket)
      : socket_(std::make_shared<Socket>(std::move(socket))), timer_(socket_->get_executor()) {}

  /// What came; "" where the connection has ended or nothing came in time.
  asio::awaitable<std::string_view> read() {
    watch();
    const auto [error, size] = co_await socket_->async_read_some(asio::buffer(buffer_), quietly);
    timer_.cancel();
    co_return error ? std::string_view() : std::string_view(buffer_.data(), size);
  }
  asio::awaitable<bool> write(const std::string& octets) {
    watch();
    const auto [error, size] = co_await asio::async_write(*socket_, asio::buffer(octets), quietly);
    timer_.cancel();
    const bool whole = size == octets.size();
    co_return !error && whole;
  }

 private:
  void watch() {
    timer_.expires_after(MilterOptions::idle_limit);
    timer_.async_wait([socket = socket_](const boost::system::error_code& error) {
      boost::system::error_code ignored;
      if (!error) socket->close(ignored);
    });
  }

  std::shared_ptr<Socket> socket_;
  asio::steady_timer timer_;
  std::vector<char> buffer_ = std::vector<char>(read_octets);
};

/// One listening socket.
class Door {
 public:
  virtual ~Door() = default;
  virtual asio::awaitable<std::pair<boost::system::error_code, std::optional<Socket>>> accept() = 0;
  virtual void close() = 0;
};

template <typename Protocol>
class DoorOf final : public Door {
 public:
  DoorOf(asio::io_context& reactor, const Protocol& protocol, int descriptor)
      : acceptor_(reactor, protocol, descriptor) {}
  asio::awaitable<std::pair<boost::system::error_code, std::optional<Socket>>> accept() override {
    auto [error, socket] = co_await acceptor_.async_accept(quietly);
    std::optional<Socket> out;
    if (!error) out.emplace(std::move(socket));
    co_return std::pair(error, std::move(out));
  }
  void close() override {
    boost::system::error_code ignored;
    acceptor_.close(ignored);
  }

 private:
  typename Protocol::acceptor acceptor_;
};

std::unique_ptr<Door> door_of(asio::io_context& reactor, int descriptor) {
  sockaddr_storage name{};
  socklen_t size = sizeof name;
  ::getsockname(descriptor, reinterpret_cast<sockaddr*>(&name), &size);
  if (name.ss_family == AF_UNIX)
    return std::make_unique<DoorOf<asio::local::stream_protocol>>(reactor, asio::local::stream_protocol(), descriptor);
  const auto protocol = name.ss_family == AF_INET6 ? asio::ip::tcp::v6() : asio::ip::tcp::v4();
  return std::make_unique<DoorOf<asio::ip::tcp>>(reactor, protocol, descriptor);
}

}  // namespace

class MilterService::Impl {
 public:
  explicit Impl(MilterOptions options)
      : options_(std::move(options)),
        work_(reactor_.get_executor(),
              [this](const std::string& what) { options_.log("unexpected failure: " + what); }),
        signals_(reactor_, SIGTERM, SIGINT, SIGHUP),
        pause_(reactor_) {}

  Result<> open() {
    auto config = options_.read_config();
    if (!config) return std::unexpected(config.error());
    auto policy = MilterPolicy::load(*config);
    if (!policy) return std::unexpected(policy.error());
    policy_ = *std::move(policy);
    auto resolver = net::Resolver::open(net::resolver_options(config->dns));
    if (!resolver) return std::unexpected(resolver.error());
    resolver_ = *std::move(resolver);
    for (const int socket : std::exchange(options_.sockets, {})) doors_.push_back(door_of(reactor_, socket));
    return {};
  }

  void run() {
    options_.log(policy_->keys.empty() ? "no [[domain]] has a key: nothing will be signed"
                                       : "ready, as " + policy_->authserv_id);
    await_signal();
    for (auto& door : doors_) work_.spawn(welcome(*door));
    reactor_.run();
  }

 private:
  void await_signal() {
    signals_.async_wait([this](const boost::system::error_code& error, int signal) {
      if (error) return;
      if (signal != SIGHUP) return stop();
      reload();
      await_signal();
    });
  }

  void reload() {
    const auto config = options_.read_config();
    const auto policy = config ? MilterPolicy::load(*config) : std::unexpected(config.error());
    if (!policy) return options_.log("not read again, the settings stay as they are: " + policy.error().text());
    policy_ = *policy;
    options_.log("settings and keys were read again");
  }

  void stop() {
    for (auto& door : doors_) door->close();
    signals_.cancel();
    work_.cancel();
    asio::co_spawn(reactor_, work_.closed(), [this](const std::exception_ptr&) { reactor_.stop(); });
  }

  asio::awaitable<void> welcome(Door& door) {
    while (!co_await net::cancelled()) {
      auto [error, socket] = co_await door.accept();
      if (error == asio::error::operation_aborted || error == asio::error::bad_descriptor) co_return;
      if (error) {  // no descriptors left, or the client has gone
        pause_.expires_after(pause_without_descriptors);
        co_await pause_.async_wait(quietly);
        continue;
      }
      if (sessions_ < MilterOptions::max_sessions)
        work_.spawn(talk(*std::move(socket)));
      else
        options_.log("too many sessions: one was closed");
    }
  }

  asio::awaitable<void> talk(Socket socket) {
    struct Counted {
      std::size_t& count;
      explicit Counted(std::size_t& all) : count(all) { ++count; }
      ~Counted() { --count; }
    };
    const Counted counted(sessions_);
    Line line(std::move(socket));
    MilterSession session([this] { return policy_; });
    milter::PacketReader reader;
    while (true) {
      const auto octets = co_await line.read();
      if (octets.empty()) co_return;
      if (!co_await answer(session, reader, octets, line)) co_return;
    }
  }

  /// To all packets that are there. False: the conversation is over.
  asio::awaitable<bool> answer(MilterSession& session, milter::PacketReader& reader, std::string_view octets,
                               Line& line) {
    using State = milter::PacketReader::State;
    std::string out;
    bool more = true;
    auto state = reader.feed(octets);
    for (; state == State::complete && more; state = reader.feed("")) {
      switch (session.take(reader.packet(), net::now().wall, out)) {
        case MilterSession::Next::go_on: break;
        case MilterSession::Next::judge: co_await judge(session, out); break;
        case MilterSession::Next::close: more = false; break;
      }
      if (auto summary = session.take_summary(); !summary.empty()) options_.log(summary);
    }
    if (!out.empty() && !co_await line.write(out)) co_return false;
    if (state == State::broken) more = false;
    co_return more;
  }

  asio::awaitable<void> judge(MilterSession& session, std::string& out) {
    const auto began = net::steady_now();
    const auto limits = net::SettleLimits();
    auto settled = co_await net::settle(
        [&session, began](const Facts& facts) { return session.judge(facts, net::steady_now() - began); }, Facts(),
        *resolver_, net::in(MilterOptions::judge_limit), limits);
    if (settled.value)
      session.conclude(*settled.value, out);
    else
      session.give_up(out);
  }

  MilterOptions options_;
  asio::io_context reactor_{1};
  net::Gate work_;
  asio::signal_set signals_;
  asio::steady_timer pause_;
  std::unique_ptr<net::Resolver> resolver_;
  std::shared_ptr<const MilterPolicy> policy_;
  std::vector<std::unique_ptr<Door>> doors_;
  std::size_t sessions_ = 0;
};

MilterService::MilterService(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
MilterService::~MilterService() = default;

Result<std::unique_ptr<MilterService>> MilterService::create(MilterOptions options) {
  auto impl = std::make_unique<Impl>(std::move(options));
  if (auto opened = impl->open(); !opened) return std::unexpected(opened.error());
  return std::unique_ptr<MilterService>(new MilterService(std::move(impl)));
}

void MilterService::run() {
  impl_->run();
}

}  // namespace ptarmigan::adapt
