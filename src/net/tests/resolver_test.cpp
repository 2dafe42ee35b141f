// net/tests/resolver_test.cpp - the resolver against a DNS server on loopback: what each kind of answer becomes.
#include "net/resolver.hpp"

#include <cstdio>
#include <fstream>
#include <vector>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <gtest/gtest.h>

#include "net/clock.hpp"
#include "net/run.hpp"
#include "net/tests/dns_responder.hpp"

namespace ptarmigan::net {
namespace {

namespace asio = boost::asio;
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
example.test.    600 IN SOA ns.example.test. admin.example.test. 1 3600 600 86400 7
example.test.    600 IN NS  ns.test.
example.test.    300 IN MX  10 mail.example.test.
example.test.    300 IN TXT "v=spf1 " "-all"
mail.example.test. 300 IN A 192.0.2.1
mail.example.test. 120 IN AAAA 2001:db8::1
www.example.test. 40 IN CNAME web.example.test.
web.example.test. 90 IN CNAME host.example.test.
host.example.test. 200 IN A 192.0.2.7
dead.example.test. 40 IN CNAME gone.example.test.
1.2.0.192.in-addr.arpa. 60 IN PTR mail.example.test.
)";

Question question(std::string_view owner, RecordType type) {
  return {.name = name(owner), .type = type};
}

std::unique_ptr<Resolver> resolver_of(const DnsResponder& server, ResolverOptions options = ResolverOptions()) {
  options.forwarders = {server.endpoint()};
  if (options.trust_anchor_file.empty()) options.validation = Validation::none;
  auto resolver = Resolver::open(options);
  EXPECT_TRUE(resolver) << resolver.error().text();
  return std::move(*resolver);
}

Answer ask(AnswerSource& source, std::string_view owner, RecordType type, milliseconds patience = 5s) {
  return run_blocking(source.answer(question(owner, type), in(patience)));
}

class TrustAnchorFile {
 public:
  explicit TrustAnchorFile(const std::string& text) : path_(testing::TempDir() + "anchor." + std::to_string(getpid())) {
    std::ofstream(path_) << text;
  }
  ~TrustAnchorFile() { std::remove(path_.c_str()); }
  [[nodiscard]] ResolverOptions options() const {
    return {.validation = Validation::anchor_file, .trust_anchor_file = path_};
  }

 private:
  std::string path_;
};

TEST(Resolver, finds_records_with_their_ttl) {
  const DnsResponder server(world);
  const auto resolver = resolver_of(server);
  const Moment before = now();
  const Answer answer = ask(*resolver, "example.test", RecordType::mx);
  EXPECT_EQ(answer.status, AnswerStatus::found) << answer.detail;
  ASSERT_EQ(answer.all<dns::Mx>().size(), 1U);
  EXPECT_EQ(answer.all<dns::Mx>()[0], (dns::Mx{.preference = 10, .exchange = name("mail.example.test")}));
  EXPECT_EQ(answer.records[0].owner, name("example.test"));
  EXPECT_EQ(answer.ttl, 300U);
  EXPECT_EQ(answer.dnssec, Dnssec::insecure);
  EXPECT_EQ(answer.source, "resolver");
  EXPECT_GE(answer.asked_at, before.wall);
}

TEST(Resolver, keeps_the_strings_of_a_txt_record) {
  const DnsResponder server(world);
  const auto resolver = resolver_of(server);
  const auto texts = ask(*resolver, "example.test", RecordType::txt).all<dns::Txt>();
  ASSERT_EQ(texts.size(), 1U);
  EXPECT_EQ(texts[0].strings, (std::vector<std::string>{"v=spf1 ", "-all"}));
}

TEST(Resolver, answers_about_documentation_and_test_zones_like_any_other) {
  const DnsResponder server(world);
  const auto resolver = resolver_of(server);
  EXPECT_TRUE(ask(*resolver, "1.2.0.192.in-addr.arpa", RecordType::ptr).found());
}

TEST(Resolver, no_data_lasts_for_the_smaller_of_soa_ttl_and_minimum) {
  const DnsResponder server(world);
  const auto resolver = resolver_of(server);
  const Answer answer = ask(*resolver, "example.test", RecordType::a);
  EXPECT_EQ(answer.status, AnswerStatus::no_data);
  EXPECT_EQ(answer.ttl, 7U);  // RFC 2308#5
}

TEST(Resolver, no_such_name_is_not_no_data) {
  const DnsResponder server(world);
  const auto resolver = resolver_of(server);
  const Answer answer = ask(*resolver, "nobody.example.test", RecordType::a);
  EXPECT_EQ(answer.status, AnswerStatus::no_such_name);
  EXPECT_EQ(answer.ttl, 7U);
  EXPECT_TRUE(answer.records.empty());
}

TEST(Resolver, lists_the_aliases_that_it_followed) {
  const DnsResponder server(world);
  const auto resolver = resolver_of(server);
  const Answer answer = ask(*resolver, "www.example.test", RecordType::a);
  ASSERT_TRUE(answer.found());
  ASSERT_EQ(answer.aliases.size(), 2U);
  EXPECT_EQ(answer.aliases[0].owner, name("www.example.test"));
  EXPECT_EQ(std::get<dns::Target>(answer.aliases[1].data).name, name("host.example.test"));
  EXPECT_EQ(answer.records[0].owner, name("host.example.test"));
  EXPECT_EQ(answer.ttl, 40U);
}

TEST(Resolver, an_alias_to_nowhere_is_no_such_name_with_the_alias) {
  const DnsResponder server(world);
  const auto resolver = resolver_of(server);
  const Answer answer = ask(*resolver, "dead.example.test", RecordType::a);
  EXPECT_EQ(answer.status, AnswerStatus::no_such_name);
  EXPECT_EQ(answer.aliases.size(), 1U);
}

TEST(Resolver, a_failing_server_is_failed_the_first_time_and_from_the_cache) {
  test::ResponderOptions options;
  options.behaviour = [](const Question&, Transport) { return Behaviour::servfail; };
  const DnsResponder server(world, options);
  const auto resolver = resolver_of(server);
  for (int i = 0; i < 2; ++i) {
    const Answer answer = ask(*resolver, "example.test", RecordType::a);
    EXPECT_EQ(answer.status, AnswerStatus::failed);
    EXPECT_TRUE(answer.detail.starts_with("SERVFAIL")) << answer.detail;
  }
}

TEST(Resolver, silence_is_timed_out_at_the_deadline) {
  test::ResponderOptions options;
  options.behaviour = [](const Question&, Transport) { return Behaviour::drop; };
  const DnsResponder server(world, options);
  const auto resolver = resolver_of(server);
  const SteadyTime before = steady_now();
  const Answer answer = ask(*resolver, "example.test", RecordType::a, 300ms);
  EXPECT_EQ(answer.status, AnswerStatus::timed_out);
  EXPECT_GE(steady_now() - before, 295ms);
  EXPECT_LT(steady_now() - before, 2s);
}

TEST(Resolver, the_longest_wait_bounds_a_generous_deadline) {
  test::ResponderOptions options;
  options.behaviour = [](const Question&, Transport) { return Behaviour::drop; };
  const DnsResponder server(world, options);
  const auto resolver = resolver_of(server, {.longest_wait = 200ms});
  EXPECT_EQ(ask(*resolver, "example.test", RecordType::a, 1h).status, AnswerStatus::timed_out);
}

TEST(Resolver, a_deadline_in_the_past_asks_nobody) {
  const DnsResponder server(world);
  const auto resolver = resolver_of(server);
  EXPECT_EQ(ask(*resolver, "example.test", RecordType::a, -1ms).status, AnswerStatus::timed_out);
  EXPECT_EQ(server.queries(Transport::udp), 0U);
}

TEST(Resolver, a_truncated_answer_is_asked_again_over_tcp) {
  test::ResponderOptions options;
  options.behaviour = [](const Question&, Transport) { return Behaviour::truncate; };
  const DnsResponder server(world, options);
  const auto resolver = resolver_of(server);
  EXPECT_TRUE(ask(*resolver, "mail.example.test", RecordType::a).found());
  EXPECT_GE(server.queries(Transport::tcp), 1U);
}

TEST(Resolver, a_signed_answer_under_the_trust_anchor_is_secure) {
  test::ResponderOptions options;
  options.sign = true;
  const DnsResponder server(world, options);
  const TrustAnchorFile anchor(server.trust_anchor());
  const auto resolver = resolver_of(server, anchor.options());
  const Answer answer = ask(*resolver, "mail.example.test", RecordType::a);
  EXPECT_TRUE(answer.found()) << answer.detail;
  EXPECT_EQ(answer.dnssec, Dnssec::secure);
}

TEST(Resolver, a_bogus_answer_is_failed_and_shows_no_records) {
  test::ResponderOptions options;
  options.sign = true;
  options.behaviour = [](const Question& q, Transport) {
    return q.type == RecordType::a ? Behaviour::spoil_signature : Behaviour::answer;
  };
  const DnsResponder server(world, options);
  const TrustAnchorFile anchor(server.trust_anchor());
  const auto resolver = resolver_of(server, anchor.options());
  const Answer answer = ask(*resolver, "mail.example.test", RecordType::a);
  EXPECT_EQ(answer.status, AnswerStatus::failed);
  EXPECT_EQ(answer.dnssec, Dnssec::bogus);
  EXPECT_TRUE(answer.records.empty());
  EXPECT_TRUE(answer.detail.starts_with("bogus: ")) << answer.detail;
}

TEST(Resolver, answers_from_the_cache_until_fresh_is_asked_for) {
  DnsResponder server(world);
  const auto resolver = resolver_of(server);
  EXPECT_EQ(ask(*resolver, "new.example.test", RecordType::a).status, AnswerStatus::no_such_name);
  server.publish(std::string(world) + "new.example.test. 60 IN A 192.0.2.9\n");
  EXPECT_EQ(ask(*resolver, "new.example.test", RecordType::a).status, AnswerStatus::no_such_name);
  FreshSource fresh(*resolver);
  EXPECT_TRUE(ask(fresh, "new.example.test", RecordType::a).found());
}

TEST(Resolver, hundreds_of_fresh_questions_at_once_are_all_answered) {
  const DnsResponder server(world);
  const auto resolver = resolver_of(server);
  asio::io_context reactor;
  int found = 0;
  for (int i = 0; i < 200; ++i)
    asio::co_spawn(reactor, resolver->fresh(question("mail.example.test", RecordType::a), in(20s)),
                   [&](std::exception_ptr, Answer answer) { found += answer.found() ? 1 : 0; });
  reactor.run();
  EXPECT_EQ(found, 200);
}

TEST(Resolver, the_zone_of_a_name_is_the_owner_of_its_soa) {
  const DnsResponder server(world);
  const auto resolver = resolver_of(server);
  const auto zone_of = [&](std::string_view owner) {
    return run_blocking(resolver->find_zone(name(owner), in(5s))).value_or(name("error.invalid"));
  };
  EXPECT_EQ(zone_of("example.test"), name("example.test"));
  EXPECT_EQ(zone_of("a.b.mail.example.test"), name("example.test"));
  EXPECT_EQ(zone_of("www.example.test"), name("example.test"));
  EXPECT_EQ(zone_of("1.2.0.192.in-addr.arpa"), dns::DomainName());
}

TEST(Resolver, two_thousand_questions_at_once_are_all_answered) {
  std::string zone = world;
  for (int i = 0; i < 2000; ++i) zone += "n" + std::to_string(i) + ".example.test. 60 IN A 192.0.2.1\n";
  const DnsResponder server(zone);
  const auto resolver = resolver_of(server);
  asio::io_context reactor;
  int found = 0;
  std::vector<std::string> others;
  for (int i = 0; i < 2000; ++i)
    asio::co_spawn(reactor,
                   resolver->answer(question("n" + std::to_string(i) + ".example.test", RecordType::a), in(30s)),
                   [&](std::exception_ptr, Answer answer) {
                     if (answer.found())
                       ++found;
                     else
                       others.push_back(answer.detail);
                   });
  reactor.run();
  EXPECT_EQ(found, 2000) << (others.empty() ? "" : others.front());
  EXPECT_EQ(resolver->outstanding(), 0U);
}

TEST(Resolver, one_question_over_the_limit_fails_at_once) {
  test::ResponderOptions silent;
  silent.behaviour = [](const Question&, Transport) { return Behaviour::drop; };
  const DnsResponder server(world, silent);
  const auto resolver = resolver_of(server, {.max_outstanding = 3});
  asio::io_context reactor;
  std::vector<AnswerStatus> statuses;
  for (int i = 0; i < 4; ++i)
    asio::co_spawn(reactor, resolver->answer(question("n" + std::to_string(i) + ".test", RecordType::a), in(200ms)),
                   [&](std::exception_ptr, Answer answer) { statuses.push_back(answer.status); });
  reactor.run();
  EXPECT_EQ(statuses, (std::vector{AnswerStatus::failed, AnswerStatus::timed_out, AnswerStatus::timed_out,
                                   AnswerStatus::timed_out}));
}

TEST(Resolver, cancelling_the_asker_ends_the_question) {
  test::ResponderOptions silent;
  silent.behaviour = [](const Question&, Transport) { return Behaviour::drop; };
  const DnsResponder server(world, silent);
  const auto resolver = resolver_of(server);
  asio::io_context reactor;
  asio::cancellation_signal signal;
  bool ended = false;
  asio::co_spawn(reactor, resolver->answer(question("example.test", RecordType::a), in(30s)),
                 asio::bind_cancellation_slot(signal.slot(), [&](std::exception_ptr, const Answer&) { ended = true; }));
  asio::steady_timer timer(reactor, 100ms);
  timer.async_wait([&](const boost::system::error_code&) { signal.emit(asio::cancellation_type::terminal); });
  const SteadyTime before = steady_now();
  reactor.run();
  EXPECT_TRUE(ended);
  EXPECT_LT(steady_now() - before, 5s);
  EXPECT_EQ(resolver->outstanding(), 0U);
}

TEST(Resolver, closing_answers_what_is_in_flight) {
  test::ResponderOptions silent;
  silent.behaviour = [](const Question&, Transport) { return Behaviour::drop; };
  const DnsResponder server(world, silent);
  auto resolver = resolver_of(server);
  asio::io_context reactor;
  std::vector<std::string> details;
  for (int i = 0; i < 100; ++i) {
    const auto each = question("n" + std::to_string(i) + ".example.test", RecordType::a);
    const auto note = [&](std::exception_ptr, const Answer& answer) { details.push_back(answer.detail); };
    if (i % 4 == 0)
      asio::co_spawn(reactor, resolver->fresh(each, in(30s)), note);
    else
      asio::co_spawn(reactor, resolver->answer(each, in(30s)), note);
  }
  reactor.run_for(200ms);
  resolver.reset();
  reactor.restart();
  reactor.run();
  ASSERT_EQ(details.size(), 100U);
  for (const auto& detail : details) EXPECT_EQ(detail, "the resolver is closing");
}

TEST(Resolver, names_the_option_that_is_wrong) {
  const auto error = [](ResolverOptions options) {
    auto resolver = Resolver::open(std::move(options));
    return resolver ? std::string("opened") : resolver.error().text();
  };
  EXPECT_EQ(error({.root_hints_file = "/nonexistent/hints"}), "root_hints_file: cannot read /nonexistent/hints");
  EXPECT_EQ(error({.validation = Validation::anchor_file, .trust_anchor_file = "/nonexistent/key"}),
            "trust_anchor_file: cannot read /nonexistent/key");
  EXPECT_EQ(error({.validation = Validation::anchor_file}), "trust_anchor_file is not set");
  const TrustAnchorFile nonsense("this is not a trust anchor\n");
  EXPECT_NE(error(nonsense.options()), "opened");
  EXPECT_EQ(error({}), "opened");
}

TEST(Resolver, no_option_reaches_the_configuration_unquoted) {
  EXPECT_FALSE(unbound_configuration({.root_hints_file = "a\"\nserver: x"}));
}

}  // namespace
}  // namespace ptarmigan::net
