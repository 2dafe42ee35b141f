// net/tests/authority_test.cpp - what authoritative servers say, apart from what the resolver's cache still says.
#include "net/authority.hpp"

#include <atomic>
#include <memory>

#include <gtest/gtest.h>

#include "net/clock.hpp"
#include "net/run.hpp"
#include "net/tests/dns_responder.hpp"

namespace ptarmigan::net {
namespace {

using dns::name;
using dns::RecordType;
using test::Behaviour;
using test::DnsResponder;
using test::Transport;
using namespace std::chrono_literals;

constexpr const char* world = R"(
.                 60 IN SOA ns.test. admin.test. 1 3600 600 86400 30
.                 60 IN NS  ns.test.
ns.test.          60 IN A   127.0.0.1
2.0.192.in-addr.arpa. 60 IN SOA ns.test. noc.isp.test. 5 3600 600 86400 30
2.0.192.in-addr.arpa. 60 IN NS  ns.test.
1.2.0.192.in-addr.arpa. 60 IN PTR mail.example.test.
9.2.0.192.in-addr.arpa. 60 IN CNAME 9.8-15.2.0.192.in-addr.arpa.
8-15.2.0.192.in-addr.arpa. 60 IN SOA ns.test. hostmaster.customer.test. 5 3600 600 86400 30
8-15.2.0.192.in-addr.arpa. 60 IN NS  ns.test.
9.8-15.2.0.192.in-addr.arpa. 60 IN PTR customer.test.
)";

class AuthorityTest : public testing::Test {
 protected:
  void serve(test::ResponderOptions options = test::ResponderOptions()) {
    server_ = std::make_unique<DnsResponder>(world, std::move(options));
    resolver_ = Resolver::open({.forwarders = {server_->endpoint()}, .validation = Validation::none}).value();
    authority_ = std::make_unique<Authority>(*resolver_,
                                             AuthorityOptions{.port = server_->endpoint().port, .server_wait = 300ms});
  }
  AuthorityAnswer ask(std::string_view owner, RecordType type = RecordType::ptr) {
    return run_blocking(authority_->ask({.name = name(owner), .type = type}, in(5s)));
  }

  std::unique_ptr<DnsResponder> server_;
  std::unique_ptr<Resolver> resolver_;
  std::unique_ptr<Authority> authority_;
};

TEST_F(AuthorityTest, names_the_zone_the_server_and_its_address) {
  serve();
  const auto said = ask("1.2.0.192.in-addr.arpa");
  ASSERT_TRUE(said.answer.found()) << said.answer.detail;
  EXPECT_EQ(said.answer.all<dns::Target>().at(0).name, name("mail.example.test"));
  EXPECT_EQ(said.zone, name("2.0.192.in-addr.arpa"));
  EXPECT_EQ(said.server, name("ns.test"));
  EXPECT_EQ(said.answer.source, "127.0.0.1");
}

TEST_F(AuthorityTest, sees_a_publication_that_the_cache_does_not) {
  serve();
  const Question question{.name = name("7.2.0.192.in-addr.arpa"), .type = RecordType::ptr};
  EXPECT_EQ(run_blocking(resolver_->answer(question, in(5s))).status, AnswerStatus::no_such_name);
  server_->publish(std::string(world) + "7.2.0.192.in-addr.arpa. 60 IN PTR new.example.test.\n");
  EXPECT_EQ(run_blocking(resolver_->answer(question, in(5s))).status, AnswerStatus::no_such_name);
  EXPECT_TRUE(ask("7.2.0.192.in-addr.arpa").answer.found());
}

TEST_F(AuthorityTest, keeps_no_such_name_and_no_data_apart) {
  serve();
  EXPECT_EQ(ask("77.2.0.192.in-addr.arpa").answer.status, AnswerStatus::no_such_name);
  EXPECT_EQ(ask("1.2.0.192.in-addr.arpa", RecordType::txt).answer.status, AnswerStatus::no_data);
}

TEST_F(AuthorityTest, follows_a_classless_delegation) {
  serve();
  const auto said = ask("9.2.0.192.in-addr.arpa");
  EXPECT_TRUE(said.answer.found());
  EXPECT_EQ(said.answer.aliases.size(), 1U);
}

TEST_F(AuthorityTest, says_who_serves_a_reverse_zone) {
  serve();
  const auto zone = run_blocking(authority_->servers_of(name("1.2.0.192.in-addr.arpa"), in(5s)));
  ASSERT_TRUE(zone) << zone.error().text();
  EXPECT_EQ(zone->zone, name("2.0.192.in-addr.arpa"));
  ASSERT_EQ(zone->servers.size(), 1U);
  EXPECT_EQ(zone->servers[0], (NameServer{.name = name("ns.test"), .addresses = {*IpAddress::parse("127.0.0.1")}}));
  ASSERT_TRUE(zone->soa);
  EXPECT_EQ(zone->soa->mailbox, name("noc.isp.test"));
}

TEST_F(AuthorityTest, goes_on_over_tcp_where_udp_is_truncated) {
  test::ResponderOptions options;
  options.behaviour = [](const Question& question, Transport) {
    return question.type == RecordType::ptr ? Behaviour::truncate : Behaviour::answer;
  };
  serve(options);
  EXPECT_TRUE(ask("1.2.0.192.in-addr.arpa").answer.found());
  EXPECT_EQ(server_->queries(Transport::tcp), 1U);
}

TEST_F(AuthorityTest, tells_silence_refusal_and_absence_of_a_server_apart) {
  test::ResponderOptions options;
  auto now_does = std::make_shared<std::atomic<Behaviour>>(Behaviour::drop);
  options.behaviour = [now_does](const Question& question, Transport) {
    return question.type == RecordType::ptr ? now_does->load() : Behaviour::answer;
  };
  serve(options);
  auto said = ask("1.2.0.192.in-addr.arpa");
  EXPECT_EQ(said.answer.status, AnswerStatus::timed_out);
  EXPECT_EQ(said.answer.detail, "127.0.0.1: no answer in time");
  *now_does = Behaviour::refused;
  said = ask("1.2.0.192.in-addr.arpa");
  EXPECT_EQ(said.answer.status, AnswerStatus::failed);
  EXPECT_EQ(said.answer.detail, "127.0.0.1: REFUSED");
  Authority elsewhere(*resolver_, {.port = 1, .server_wait = 300ms});
  said = run_blocking(elsewhere.ask({.name = name("1.2.0.192.in-addr.arpa"), .type = RecordType::ptr}, in(5s)));
  EXPECT_EQ(said.answer.detail, "127.0.0.1: no DNS server listens");
}

TEST_F(AuthorityTest, asks_every_server) {
  serve();
  const auto said =
      run_blocking(authority_->ask_each({.name = name("1.2.0.192.in-addr.arpa"), .type = RecordType::ptr}, in(5s)));
  ASSERT_EQ(said.size(), 1U);
  EXPECT_TRUE(said[0].answer.found());
}

}  // namespace
}  // namespace ptarmigan::net
