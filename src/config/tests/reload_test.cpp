// config/tests/reload_test.cpp - what a changed file means for a server that runs.
#include "config/reload.hpp"

#include <algorithm>

#include <gtest/gtest.h>

#include "config/parse.hpp"
#include "config/settings.hpp"

namespace ptarmigan::config {
namespace {

Reload after(const std::string& running, const std::string& next) {
  return reloaded(parse_config(running, "a").value(), given_settings(running, "a").value(),
                  parse_config(next, "b").value(), given_settings(next, "b").value());
}

constexpr auto* base = "hostname = \"mail.example.com\"\n[[source]]\nipv4 = \"192.0.2.1\"\n";

TEST(Reload, what_is_read_for_each_session_counts_at_once) {
  const auto got = after(base, std::string(base) + "[delivery]\nprobes = 9\n[gate]\nmessage_id = \"off\"\n");
  EXPECT_EQ(got.config.delivery.probes, 9U);
  EXPECT_EQ(got.config.gate.message_id, GateAction::off);
  EXPECT_EQ(got.changed, (std::vector<std::string>{"delivery.probes", "gate.message_id"}));
  EXPECT_TRUE(got.waiting.empty());
}

TEST(Reload, what_is_read_at_a_start_stays_and_is_named) {
  const auto got = after(base, std::string(base) +
                                   "[spool]\npath = \"/elsewhere\"\n[submission]\nlisten = "
                                   "[\"127.0.0.1:2525\"]\nmax_recipients = 500\n");
  EXPECT_EQ(got.waiting, (std::vector<std::string>{"spool.path", "submission.listen"}));
  EXPECT_EQ(got.config.spool.path, Spool().path);
  EXPECT_EQ(got.config.submission.listen, Submission().listen);
  EXPECT_EQ(got.config.submission.max_recipients, 500U);
}

TEST(Reload, what_is_no_longer_given_is_a_change_and_a_new_line_is_none) {
  const std::string one = std::string(base) + "[delivery]\nprobes = 9\n";
  EXPECT_EQ(after(one, base).changed, std::vector<std::string>{"delivery.probes"});
  EXPECT_EQ(after(one, base).config.delivery.probes, Delivery().probes);
  EXPECT_TRUE(after(one, "# a comment\n" + one).changed.empty());
}

TEST(Reload, whatever_waits_for_a_restart_is_a_setting) {
  for (const std::string known :
       {"submission.listen", "submission.listen_tls", "submission.max_sessions", "submission.max_sessions_per_client",
        "submission.proxy_networks", "delivery.max_connections", "delivery.max_connections_per_site", "dns.servers"}) {
    EXPECT_TRUE(needs_restart(known));
    EXPECT_TRUE(std::ranges::any_of(settings(), [&](const Setting& setting) { return setting.path == known; }))
        << known;
  }
  EXPECT_FALSE(needs_restart("submission.networks"));
  EXPECT_FALSE(needs_restart("source[].ipv4"));
}

}  // namespace
}  // namespace ptarmigan::config
