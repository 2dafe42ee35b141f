// console/tests/access_test.cpp - who is let in, and who is not.
#include "console/access.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "console/metrics.hpp"

namespace ptarmigan::console {
namespace {

const std::string reader_token = token_text({1});
const std::string operator_token = token_text({2});

Access house() {
  return Access({{"grafana", Role::read, token_hash(reader_token), "2026-11-23"},
                 {"anna", Role::operate, token_hash(operator_token), "2026-11-23"}},
                {.trusted = {*IpNetwork::parse("127.0.0.2/32")}, .role = Role::operate});
}

net::HttpRequest request(net::HttpFields headers, std::string_view peer = "127.0.0.1") {
  headers.emplace_back("host", "console.example");
  return {.method = "POST",
          .path = "/",
          .segments = {},
          .headers = std::move(headers),
          .peer = {.address = *IpAddress::parse(peer), .port = 1}};
}

unsigned status(Access& access, const net::HttpRequest& asked, Role needed, SteadyTime now = {}) {
  const auto person = access.admit(asked, needed, now);
  return person ? 200 : person.error().status;
}

// FIPS 180-4: SHA-256("abc")
TEST(Token, is_kept_as_a_hash) {
  EXPECT_EQ(token_hash("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  const Token token{"anna", Role::operate, token_hash("abc"), "2026-11-23"};
  EXPECT_EQ(parse_tokens("# comment\n\n" + token_line(token) + "\n"), std::vector{token});
  EXPECT_EQ(token_text({0xab}).size(), 4 + 64U);
}

TEST(Token, a_damaged_file_names_its_line) {
  for (const auto* const text : {"anna", "anna:root:aa:x", "a b:read:00:x", ":read:00:x"}) {
    const auto tokens = parse_tokens(std::string("# one\n") + text);
    ASSERT_FALSE(tokens) << text;
    EXPECT_THAT(tokens.error().message, testing::HasSubstr("line 2")) << text;
  }
}

TEST(Access, roles_are_kept_apart) {
  auto access = house();
  const auto reader = request({{"authorization", "Bearer " + reader_token}});
  const auto anna = request({{"authorization", "bearer " + operator_token}});
  EXPECT_EQ(status(access, reader, Role::read), 200U);
  EXPECT_EQ(status(access, reader, Role::operate), 403U);
  EXPECT_EQ(status(access, anna, Role::operate), 200U);
  EXPECT_EQ(access.known(anna)->name, "anna");
}

TEST(Access, nobody_comes_in_without_a_good_token) {
  auto access = house();
  EXPECT_EQ(status(access, request({}), Role::read), 401U);
  for (const std::string bad :
       {"Bearer", "Bearer ", "Bearer x", "Basic YTpi", ("Bearer " + reader_token + "0").c_str()})
    EXPECT_EQ(status(access, request({{"authorization", bad}}), Role::read), 401U) << bad;
  // Two fields: which one is meant is not clear.
  EXPECT_EQ(
      status(access, request({{"authorization", "Bearer " + reader_token}, {"authorization", "Bearer x"}}), Role::read),
      401U);
}

TEST(Access, guessing_is_stopped_for_a_minute) {
  auto access = house();
  const SteadyTime now{milliseconds(5)};
  const auto wrong = request({{"authorization", "Bearer x"}});
  for (unsigned i = 0; i < max_failures; ++i) EXPECT_EQ(status(access, wrong, Role::read, now), 401U);
  EXPECT_EQ(status(access, wrong, Role::read, now), 429U);
  EXPECT_EQ(status(access, request({{"authorization", "Bearer " + reader_token}}), Role::read, now), 429U);
  EXPECT_EQ(status(access, request({{"authorization", "Bearer " + reader_token}}, "127.0.0.9"), Role::read, now), 200U);
  EXPECT_EQ(status(access, wrong, Role::read, now + failure_window), 401U);
}

TEST(Access, proxy_header_counts_from_the_proxy_only) {
  auto access = house();
  EXPECT_EQ(status(access, request({{"x-forwarded-user", "anna"}}, "127.0.0.2"), Role::operate), 200U);
  EXPECT_EQ(status(access, request({{"x-forwarded-user", "anna"}}, "127.0.0.1"), Role::read), 401U);
  EXPECT_EQ(status(access, request({{"x-forwarded-user", "a:b"}}, "127.0.0.2"), Role::read), 401U);
}

TEST(Access, another_sites_page_changes_nothing) {
  auto access = house();
  const auto from = [&](net::HttpFields more) {
    more.emplace_back("x-forwarded-user", "anna");
    return status(access, request(std::move(more), "127.0.0.2"), Role::operate);
  };
  EXPECT_EQ(from({{"sec-fetch-site", "cross-site"}}), 403U);
  EXPECT_EQ(from({{"sec-fetch-site", "same-site"}}), 403U);
  EXPECT_EQ(from({{"origin", "https://evil.example"}}), 403U);
  EXPECT_EQ(from({{"origin", "null"}}), 403U);
  EXPECT_EQ(from({{"sec-fetch-site", "same-origin"}, {"origin", "https://console.example"}}), 200U);
}

TEST(Metrics, text_is_what_prometheus_reads) {
  Metrics metrics;
  metrics.counter("a_total", "As.", {{"site", "x\"y\\\n"}}).add(3);
  metrics.gauge("b", "Bs.").set(7);
  metrics.histogram("c_seconds", "Cs.").observe(0.002);
  metrics.histogram("c_seconds", "Cs.").observe(100);
  const auto text = metrics.text();
  EXPECT_THAT(text,
              testing::HasSubstr("# HELP a_total As.\n# TYPE a_total counter\na_total{site=\"x\\\"y\\\\\\n\"} 3\n"));
  EXPECT_THAT(text, testing::HasSubstr("# TYPE b gauge\nb 7\n"));
  EXPECT_THAT(text, testing::HasSubstr("c_seconds_bucket{le=\"0.001\"} 0\nc_seconds_bucket{le=\"0.0025\"} 1\n"));
  EXPECT_THAT(text, testing::HasSubstr("c_seconds_bucket{le=\"+Inf\"} 2\nc_seconds_sum 100.002\nc_seconds_count 2\n"));
}

TEST(Metrics, series_are_bounded) {
  Metrics metrics;
  for (std::size_t i = 0; i < Metrics::max_series + 5; ++i) metrics.counter("a", "", {{"n", std::to_string(i)}}).add();
  EXPECT_EQ(metrics.counter("a", "", {{"n", "new"}}).value(), 5U);
  EXPECT_THAT(metrics.text(), testing::HasSubstr("a{n=\"others\"} 5\n"));
}

}  // namespace
}  // namespace ptarmigan::console
