// net/tests/stream_test.cpp - streams, TLS, gates and listeners over loopback.
#include "net/stream.hpp"

#include <cstdio>
#include <fstream>
#include <future>
#include <string>
#include <thread>
#include <vector>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "net/clock.hpp"
#include "net/gate.hpp"
#include "net/listener.hpp"
#include "net/run.hpp"

namespace ptarmigan::net {
namespace {

namespace asio = boost::asio;
using namespace std::chrono_literals;

Endpoint loopback(std::uint16_t port = 0) {
  return {.address = *IpAddress::parse("127.0.0.1"), .port = port};
}
Endpoint loopback6(std::uint16_t port = 0) {
  return {.address = *IpAddress::parse("::1"), .port = port};
}

asio::awaitable<void> pause(milliseconds time) {
  asio::steady_timer timer(co_await asio::this_coro::executor, time);
  co_await timer.async_wait(asio::as_tuple(asio::use_awaitable));
}

/// Runs `client` against a listener whose sessions are `session`, on one reactor.
class World {
 public:
  using Client = std::function<asio::awaitable<void>(Endpoint)>;

  explicit World(ListenerOptions options = ListenerOptions()) {
    if (options.endpoints.empty() && options.inherited.empty()) options.endpoints = {loopback()};
    auto opened = Listener::open({reactor.get_executor()}, std::move(options));
    EXPECT_TRUE(opened) << opened.error().text();
    listener = std::move(*opened);
  }
  void run(Listener::Session session, Client client) {
    listener->start(std::move(session));
    std::exception_ptr thrown;
    auto all = [this](Client inner) -> asio::awaitable<void> {
      co_await inner(listener->endpoints().front());
      co_await listener->close();
    };
    asio::co_spawn(reactor, all(std::move(client)), [&](std::exception_ptr exception) { thrown = exception; });
    reactor.run();
    if (thrown) std::rethrow_exception(thrown);
  }

  asio::io_context reactor{1};
  std::unique_ptr<Listener> listener;
};

asio::awaitable<void> echo(std::unique_ptr<Stream> stream) {
  while (true) {
    const auto octets = co_await stream->read(in(10s));
    if (!octets) co_return;
    if (!co_await stream->write(*octets, in(10s))) co_return;
  }
}

asio::awaitable<std::unique_ptr<Stream>> connected(Endpoint endpoint) {
  auto stream = co_await connect(endpoint, std::nullopt, in(5s));
  EXPECT_TRUE(stream) << stream.error().message;
  co_return std::move(*stream);
}

asio::awaitable<std::string> read_octets_of(Stream& stream, std::size_t count) {
  std::string out;
  while (out.size() < count) {
    const auto octets = co_await stream.read(in(5s));
    if (!octets) co_return out;
    out += *octets;
  }
  co_return out;
}

Fault fault_of(const auto& result) {
  return result ? Fault::other : result.error().fault;
}

TEST(Stream, carries_pieces_in_order_and_knows_both_ends) {
  World world;
  world.run(echo, [](Endpoint endpoint) -> asio::awaitable<void> {
    auto stream = co_await connected(endpoint);
    EXPECT_EQ(stream->remote(), endpoint);
    EXPECT_EQ(stream->local().address, loopback().address);
    EXPECT_NE(stream->local().port, 0);
    const std::vector<std::string_view> pieces = {"one ", "", "two ", "three"};
    EXPECT_TRUE(co_await stream->write(pieces, in(5s)));
    EXPECT_EQ(co_await read_octets_of(*stream, 13), "one two three");
  });
}

TEST(Stream, a_silent_peer_is_timed_out_and_can_still_be_told) {
  World world;
  world.run(echo, [](Endpoint endpoint) -> asio::awaitable<void> {
    auto stream = co_await connected(endpoint);
    const SteadyTime before = steady_now();
    EXPECT_EQ(fault_of(co_await stream->read(in(100ms))), Fault::timed_out);
    EXPECT_GE(steady_now() - before, 95ms);
    EXPECT_LT(steady_now() - before, 3s);
    // A later deadline, then an earlier one: the timer follows both.
    EXPECT_TRUE(co_await stream->write("x", in(60s)));
    EXPECT_EQ(co_await read_octets_of(*stream, 1), "x");
    EXPECT_EQ(fault_of(co_await stream->read(in(50ms))), Fault::timed_out);
  });
}

TEST(Stream, the_end_of_the_peer_is_closed) {
  World world;
  const auto leave = [](std::unique_ptr<Stream> stream) -> asio::awaitable<void> { co_await stream->shutdown(in(1s)); };
  world.run(leave, [](Endpoint endpoint) -> asio::awaitable<void> {
    auto stream = co_await connected(endpoint);
    EXPECT_EQ(fault_of(co_await stream->read(in(5s))), Fault::closed);
  });
}

TEST(Stream, binds_to_the_source_address_that_was_asked_for) {
  World world;
  world.run(echo, [](Endpoint endpoint) -> asio::awaitable<void> {
    const auto source = *IpAddress::parse("127.0.0.77");
    auto stream = co_await connect(endpoint, source, in(5s));
    EXPECT_TRUE(stream);
    EXPECT_EQ((*stream)->local().address, source);
  });
}

TEST(Stream, says_why_a_connection_cannot_be_made) {
  const auto attempt = [](Endpoint remote, std::optional<IpAddress> source) {
    auto result = run_blocking(connect(remote, source, in(2s)));
    return result ? StreamError{} : result.error();
  };
  auto away = attempt(loopback(9), IpAddress::parse("192.0.2.200").value());
  EXPECT_EQ(away.fault, Fault::address_not_here);
  EXPECT_EQ(away.message, "the source address 192.0.2.200 is not on this host");

  World world;
  const auto port = world.listener->endpoints().front().port;
  world.listener.reset();
  EXPECT_EQ(attempt(loopback(port), std::nullopt).fault, Fault::refused);
  EXPECT_EQ(attempt(loopback(port), loopback6().address).fault, Fault::other);
}

TEST(Stream, a_peer_that_never_accepts_is_timed_out) {
  // A full backlog: the kernel drops further SYNs.
  const int listening = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  ASSERT_EQ(::bind(listening, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  ASSERT_EQ(::listen(listening, 0), 0);
  socklen_t size = sizeof address;
  ::getsockname(listening, reinterpret_cast<sockaddr*>(&address), &size);
  auto fill = [](Endpoint endpoint) -> asio::awaitable<Fault> {
    std::vector<std::unique_ptr<Stream>> streams;
    for (int i = 0; i < 8; ++i) {
      auto stream = co_await connect(endpoint, std::nullopt, in(200ms));
      if (!stream) co_return stream.error().fault;
      streams.push_back(std::move(*stream));
    }
    co_return Fault::other;
  };
  EXPECT_EQ(run_blocking(fill(loopback(ntohs(address.sin_port)))), Fault::timed_out);
  ::close(listening);
}

TEST(Gate, cancelling_ends_waits_without_exceptions_and_lets_last_words_out) {
  std::vector<std::string> exceptions;
  World world({.on_exception = [&](std::string text) { exceptions.push_back(std::move(text)); }});
  Fault seen = Fault::other;
  const auto session = [&](std::unique_ptr<Stream> stream) -> asio::awaitable<void> {
    static_cast<void>(co_await stream->write("hello", in(5s)));
    seen = fault_of(co_await stream->read(in(60s)));
    EXPECT_EQ(fault_of(co_await stream->read(in(60s))), Fault::cancelled);
    EXPECT_TRUE(co_await stream->write("goodbye", in(60s)));
  };
  std::string heard;
  world.listener->start(session);
  auto client = [&](Endpoint endpoint) -> asio::awaitable<void> {
    auto stream = co_await connected(endpoint);
    EXPECT_EQ(co_await read_octets_of(*stream, 5), "hello");
    EXPECT_EQ(world.listener->sessions(), 1U);
    co_await world.listener->close();
    EXPECT_EQ(world.listener->sessions(), 0U);
    heard = co_await read_octets_of(*stream, 7);
  };
  asio::co_spawn(world.reactor, client(world.listener->endpoints().front()), asio::detached);
  world.reactor.run();
  EXPECT_EQ(seen, Fault::cancelled);
  EXPECT_EQ(heard, "goodbye");
  EXPECT_TRUE(exceptions.empty());
}

TEST(Gate, tells_what_escapes_from_a_coroutine_and_goes_on) {
  asio::io_context reactor;
  std::vector<std::string> told;
  Gate gate(reactor.get_executor(), [&](std::string text) { told.push_back(std::move(text)); });
  auto fail = []() -> asio::awaitable<void> {
    throw std::runtime_error("out of cheese");
    co_return;
  };
  int done = 0;
  auto count = [&]() -> asio::awaitable<void> {
    co_await pause(10ms);
    ++done;
  };
  gate.spawn(fail());
  gate.spawn(count());
  reactor.run();
  EXPECT_EQ(told, std::vector<std::string>{"out of cheese"});
  EXPECT_EQ(done, 1);
  EXPECT_EQ(gate.running(), 0U);
}

TEST(Gate, starts_nothing_after_cancel) {
  asio::io_context reactor;
  Gate gate(reactor.get_executor());
  gate.cancel();
  bool started = false;
  auto task = [&]() -> asio::awaitable<void> {
    started = true;
    co_return;
  };
  gate.spawn(task());
  reactor.run();
  EXPECT_FALSE(started);
}

TEST(Listener, says_which_port_is_in_use_and_which_address_is_not_here) {
  World world;
  const Endpoint taken = world.listener->endpoints().front();
  asio::io_context reactor;
  const auto error = [&](Endpoint endpoint) {
    auto opened = Listener::open({reactor.get_executor()}, {.endpoints = {endpoint}});
    return opened ? std::string("opened") : opened.error().message;
  };
  EXPECT_EQ(error(taken), "cannot listen on " + taken.text() + ": the port is in use");
  EXPECT_EQ(error({.address = *IpAddress::parse("192.0.2.200"), .port = 2525}),
            "cannot listen on 192.0.2.200:2525: the address is not on this host");
}

TEST(Listener, an_ipv6_endpoint_leaves_the_ipv4_port_free) {
  asio::io_context reactor;
  auto six = Listener::open({reactor.get_executor()}, {.endpoints = {{.address = *IpAddress::parse("::"), .port = 0}}});
  ASSERT_TRUE(six) << six.error().text();
  const Endpoint four{.address = *IpAddress::parse("0.0.0.0"), .port = (*six)->endpoints().front().port};
  EXPECT_TRUE(Listener::open({reactor.get_executor()}, {.endpoints = {four}}));
}

TEST(Listener, refuses_in_words_what_is_over_the_limit_of_one_client) {
  World world({.max_per_client = 2, .refusal = "421 4.7.0 Too many connections\r\n"});
  world.run(echo, [&](Endpoint endpoint) -> asio::awaitable<void> {
    auto first = co_await connected(endpoint);
    auto second = co_await connected(endpoint);
    static_cast<void>(co_await second->write("x", in(5s)));
    EXPECT_EQ(co_await read_octets_of(*second, 1), "x");
    auto third = co_await connected(endpoint);
    EXPECT_EQ(co_await read_octets_of(*third, 99), "421 4.7.0 Too many connections\r\n");
    first.reset();
    while (world.listener->sessions() == 2) co_await pause(5ms);
    auto fourth = co_await connected(endpoint);
    static_cast<void>(co_await fourth->write("y", in(5s)));
    EXPECT_EQ(co_await read_octets_of(*fourth, 1), "y");
  });
}

TEST(Listener, takes_sockets_that_were_opened_by_its_parent) {
  const int descriptor = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  ASSERT_EQ(::bind(descriptor, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  ASSERT_EQ(::listen(descriptor, 10), 0);
  World world({.inherited = {{.descriptor = descriptor, .name = "smtp"}}});
  world.run(echo, [](Endpoint endpoint) -> asio::awaitable<void> {
    auto stream = co_await connected(endpoint);
    EXPECT_TRUE(co_await stream->write("x", in(5s)));
    EXPECT_EQ(co_await read_octets_of(*stream, 1), "x");
  });
}

TEST(Listener, refuses_an_inherited_descriptor_that_does_not_listen) {
  asio::io_context reactor;
  const int descriptor = ::socket(AF_INET, SOCK_STREAM, 0);
  EXPECT_FALSE(Listener::open({reactor.get_executor()}, {.inherited = {{.descriptor = descriptor, .name = {}}}}));
}

TEST(Listener, believes_listen_fds_only_when_it_is_meant) {
  ::unsetenv("LISTEN_FDS");
  EXPECT_TRUE(inherited_sockets()->empty());
  ::setenv("LISTEN_FDS", "1", 1);
  ::setenv("LISTEN_PID", "1", 1);
  EXPECT_TRUE(inherited_sockets()->empty());
  ::unsetenv("LISTEN_PID");
  ::setenv("LISTEN_FDS", "many", 1);
  EXPECT_FALSE(inherited_sockets());
  ::unsetenv("LISTEN_FDS");
}

TEST(Listener, spreads_sessions_over_its_reactors_and_closes_on_all) {
  std::vector<std::unique_ptr<asio::io_context>> reactors;
  std::vector<asio::any_io_executor> executors;
  for (int i = 0; i < 3; ++i) {
    reactors.push_back(std::make_unique<asio::io_context>(1));
    executors.push_back(reactors.back()->get_executor());
  }
  auto opened = Listener::open(executors, {.endpoints = {loopback()}});
  ASSERT_TRUE(opened);
  auto& listener = **opened;
  listener.start(echo);
  std::vector<asio::executor_work_guard<asio::io_context::executor_type>> work;
  std::vector<std::thread> threads;
  for (auto& reactor : reactors) {
    work.emplace_back(reactor->get_executor());
    threads.emplace_back([&reactor] { reactor->run(); });
  }
  auto client = [](Endpoint endpoint) -> asio::awaitable<void> {
    std::vector<std::unique_ptr<Stream>> streams;
    for (int i = 0; i < 12; ++i) {
      streams.push_back(co_await connected(endpoint));
      static_cast<void>(co_await streams.back()->write("x", in(5s)));
      EXPECT_EQ(co_await read_octets_of(*streams.back(), 1), "x");
    }
  };
  run_blocking(client(listener.endpoints().front()));
  std::promise<void> closed;
  asio::co_spawn(executors.front(), listener.close(), [&](std::exception_ptr) { closed.set_value(); });
  closed.get_future().wait();
  EXPECT_EQ(listener.sessions(), 0U);
  work.clear();
  for (auto& thread : threads) thread.join();
}

class Tls : public testing::Test {
 protected:
  /// A server with `context`; what the client's handshake came to.
  StreamResult<TlsInfo> handshake(std::shared_ptr<const TlsContext> server, std::shared_ptr<const TlsContext> client,
                                  std::string host, DanePeer dane = {}) {
    World world;
    StreamResult<TlsInfo> result;
    const auto session = [server](std::unique_ptr<Stream> stream) -> asio::awaitable<void> {
      auto started = co_await stream->start_tls_server(server, in(5s));
      if (started) co_await echo(std::move(stream));
    };
    world.run(session, [&](Endpoint endpoint) -> asio::awaitable<void> {
      auto stream = co_await connected(endpoint);
      result = co_await stream->start_tls_client(client, host, in(5s), dane);
      if (!result) co_return;
      const std::string big(100'000, 'x');
      const std::vector<std::string_view> pieces = {"a", std::string_view(big), "b", "c"};
      EXPECT_TRUE(co_await stream->write(pieces, in(5s)));
      EXPECT_EQ(co_await read_octets_of(*stream, 100'003), "a" + big + "bc");
      EXPECT_EQ(stream->tls(), *result);
      co_await stream->shutdown(in(1s));
    });
    return result;
  }

  std::shared_ptr<const TlsContext> self_signed_ = TlsContext::server_self_signed("mail.example.com").value();
};

TEST_F(Tls, opportunistic_encrypts_with_a_self_signed_peer_and_says_so) {
  const auto info = handshake(self_signed_, TlsContext::client_opportunistic().value(), "mail.example.com");
  ASSERT_TRUE(info) << info.error().message;
  EXPECT_EQ(info->version, "TLSv1.3");
  EXPECT_FALSE(info->cipher.empty());
  EXPECT_EQ(info->trust, PeerTrust::unverified);
  EXPECT_EQ(info->trust_problem, "self-signed certificate");
  EXPECT_EQ(info->peer_name, "mail.example.com");
}

TEST_F(Tls, verification_refuses_a_self_signed_peer) {
  const auto info = handshake(self_signed_, TlsContext::client_verified().value(), "mail.example.com");
  ASSERT_FALSE(info);
  EXPECT_EQ(info.error().fault, Fault::tls);
  EXPECT_NE(info.error().message.find("self-signed certificate"), std::string::npos) << info.error().message;
}

class TlsFiles : public Tls {
 protected:
  TlsFiles() : folder_(testing::TempDir() + "tls." + std::to_string(getpid())) {
    const std::string command =
        "mkdir -p " + folder_ + " && cd " + folder_ +
        " && openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout ca.key -out ca.pem -days 2 "
        "-subj /CN=ca"
        " && openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout key.pem -out csr.pem -subj "
        "/CN=mail.example.com"
        " && printf 'subjectAltName=DNS:mail.example.com' > ext"
        " && openssl x509 -req -in csr.pem -CA ca.pem -CAkey ca.key -CAcreateserial -out cert.pem -days 2 -extfile ext";
    EXPECT_EQ(std::system(("(" + command + ") >/dev/null 2>&1").c_str()), 0);
  }
  ~TlsFiles() override { static_cast<void>(std::system(("rm -rf " + folder_).c_str())); }
  [[nodiscard]] std::string file(const char* name) const { return folder_ + "/" + name; }

  std::string folder_;
};

TEST_F(TlsFiles, verification_passes_for_the_right_name_under_the_given_authority) {
  const auto server = TlsContext::server(file("cert.pem"), file("key.pem"));
  ASSERT_TRUE(server) << server.error().text();
  const auto client = TlsContext::client_verified(file("ca.pem"));
  ASSERT_TRUE(client) << client.error().text();
  const auto info = handshake(*server, *client, "mail.example.com");
  ASSERT_TRUE(info) << info.error().message;
  EXPECT_EQ(info->trust, PeerTrust::verified);
  EXPECT_EQ(info->peer_name, "mail.example.com");

  const auto other = handshake(*server, *client, "other.example.com");
  ASSERT_FALSE(other);
  EXPECT_NE(other.error().message.find("hostname mismatch"), std::string::npos) << other.error().message;
}

/// What `command` prints, run in the folder of the certificates: OpenSSL's own tool computes what TLSA records hold.
std::string output_of(const std::string& folder, const std::string& command) {
  std::string out;
  FILE* pipe = popen(("cd " + folder + " && " + command).c_str(), "r");
  for (int c = std::fgetc(pipe); c != EOF; c = std::fgetc(pipe)) out += static_cast<char>(c);
  EXPECT_EQ(pclose(pipe), 0) << command;
  return out;
}

class Dane : public TlsFiles {
 protected:
  /// A handshake with cert.pem's server, `host` being the TLSA base domain.
  StreamResult<TlsInfo> with(std::vector<dns::Tlsa> associations, std::string host = "mail.example.com",
                             std::vector<std::string> other_names = {}) {
    return handshake(TlsContext::server(file("chain.pem"), file("key.pem")).value(), TlsContext::client_dane().value(),
                     std::move(host), {.other_names = std::move(other_names), .associations = std::move(associations)});
  }
  void SetUp() override {
    output_of(folder_, "cat cert.pem ca.pem > chain.pem");
    key_sha256_ = output_of(folder_,
                            "openssl x509 -in cert.pem -pubkey -noout | openssl pkey -pubin -outform DER | "
                            "openssl dgst -sha256 -binary");
    authority_sha512_ = output_of(folder_, "openssl x509 -in ca.pem -outform DER | openssl dgst -sha512 -binary");
  }
  std::string key_sha256_;
  std::string authority_sha512_;
};

TEST_F(Dane, matching_key_verifies_a_certificate_of_any_name) {
  for (const auto* host : {"mail.example.com", "mx.example.net"}) {
    const auto info = with({{3, 1, 1, key_sha256_}}, host);
    ASSERT_TRUE(info) << info.error().message;
    EXPECT_EQ(info->trust, PeerTrust::verified);
    EXPECT_EQ(info->trust_problem, "");
  }
}

TEST_F(Dane, one_matching_record_of_several_is_enough) {
  EXPECT_TRUE(with({{3, 1, 1, std::string(32, 'x')}, {3, 1, 1, key_sha256_}}));
}

TEST_F(Dane, wrong_digest_fails_the_handshake) {
  const auto info = with({{3, 1, 1, std::string(32, 'x')}});
  ASSERT_FALSE(info);
  EXPECT_EQ(info.error().fault, Fault::tls);
  EXPECT_NE(info.error().message.find("TLSA"), std::string::npos) << info.error().message;
}

// RFC 7672#3.1.2
TEST_F(Dane, trust_anchor_verifies_only_the_names_that_were_asked_for) {
  const dns::Tlsa anchor{2, 0, 2, authority_sha512_};
  EXPECT_TRUE(with({anchor}));
  EXPECT_TRUE(with({anchor}, "mx.example.net", {"mail.example.com"}));
  EXPECT_FALSE(with({anchor}, "mx.example.net", {"example.net"}));
}

TEST_F(Dane, context_without_records_verifies_nobody) {
  EXPECT_FALSE(with({}));
}

TEST_F(Dane, record_that_cannot_be_used_is_an_error_and_not_passed_over) {
  EXPECT_FALSE(with({{3, 1, 1, "short"}, {3, 1, 1, key_sha256_}}));
}

TEST_F(TlsFiles, errors_name_the_file) {
  const auto error = [](auto result) { return result ? std::string("made") : result.error().message; };
  EXPECT_EQ(error(TlsContext::server("/nonexistent/cert", file("key.pem"))), "cannot read /nonexistent/cert");
  EXPECT_TRUE(
      error(TlsContext::server(file("cert.pem"), file("ca.key"))).starts_with(file("ca.key") + " holds no usable key"));
  EXPECT_TRUE(error(TlsContext::client_verified(file("ext"))).starts_with("no certificate authority could be loaded"));
}

TEST_F(Tls, octets_that_came_before_the_handshake_are_not_read_after_it) {
  World world;
  std::string after;
  const auto session = [&](std::unique_ptr<Stream> stream) -> asio::awaitable<void> {
    // "STARTTLS" and the injected command arrive together, in plain text.
    const auto octets = co_await stream->read(in(5s));
    EXPECT_EQ(octets.value_or(""), "STARTTLS\r\nINJECTED\r\n");
    static_cast<void>(co_await stream->write("220 go\r\n", in(5s)));
    EXPECT_TRUE(co_await stream->start_tls_server(self_signed_, in(5s)));
    after = std::string((co_await stream->read(in(5s))).value_or(""));
  };
  world.run(session, [](Endpoint endpoint) -> asio::awaitable<void> {
    auto stream = co_await connected(endpoint);
    static_cast<void>(co_await stream->write("STARTTLS\r\nINJECTED\r\n", in(5s)));
    EXPECT_EQ(co_await read_octets_of(*stream, 8), "220 go\r\n");
    EXPECT_TRUE(co_await stream->start_tls_client(TlsContext::client_opportunistic().value(), "", in(5s)));
    static_cast<void>(co_await stream->write("EHLO x\r\n", in(5s)));
    co_await stream->shutdown(in(1s));
  });
  EXPECT_EQ(after, "EHLO x\r\n");
}

TEST_F(Tls, a_peer_that_does_not_speak_tls_ends_the_handshake_in_time) {
  World world;
  const auto mute = [](std::unique_ptr<Stream> stream) -> asio::awaitable<void> {
    static_cast<void>(co_await stream->read(in(5s)));
    static_cast<void>(co_await stream->read(in(5s)));
  };
  world.run(mute, [](Endpoint endpoint) -> asio::awaitable<void> {
    auto stream = co_await connected(endpoint);
    auto context = TlsContext::client_opportunistic().value();
    EXPECT_EQ(fault_of(co_await stream->start_tls_client(context, "", in(100ms))), Fault::timed_out);
  });
}

}  // namespace
}  // namespace ptarmigan::net
