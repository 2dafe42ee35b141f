// config/tests/parse_test.cpp - the file that people write, and the mistakes that they make.
#include "config/parse.hpp"

#include <gtest/gtest.h>

#include "config/given.hpp"
#include "config/settings.hpp"

namespace ptarmigan::config {
namespace {

std::string error_of(std::string_view text) {
  const auto parsed = parse_config(text, "p.toml");
  return parsed ? "no error" : parsed.error().text();
}

TEST(ParseConfig, reads_sources_relays_domains_and_sections) {
  const auto config = parse_config(R"(hostname = "mail.example.com"
[[source]]
ipv4 = "192.0.2.1"
ipv6 = "2001:db8::1"
[[domain]]
name = "example.com"
[[domain.dkim]]
selector = "s1"
key_file = "/etc/ptarmigan/s1.pem"
[[domain.dkim]]
selector = "s2"
key_file = "/etc/ptarmigan/s2.pem"
[[relay]]
host = "smtp.relayservice.com"
port = 587
user = "your-relay-username"
password = "your-relay-password"
encrypt = "starttls"
[submission]
listen = ["127.0.0.1:25", "[::1]:25"]
max_message = "10MB"
[delivery]
standing = "off"
retry_first = "90s"
)",
                                   "p.toml");
  ASSERT_TRUE(config) << config.error().text();
  EXPECT_EQ(config->sources.at(0).ehlo, dns::name("mail.example.com"));
  EXPECT_EQ(config->sources.at(0).name, "192.0.2.1");
  EXPECT_EQ(config->domains.at(0).dkim.at(1).selector, "s2");
  EXPECT_EQ(config->relays.at(0).name, "smtp.relayservice.com");
  EXPECT_EQ(config->submission.listen.at(1).text(), "[::1]:25");
  EXPECT_EQ(config->submission.max_message, 10U * 1024 * 1024);
  EXPECT_EQ(config->delivery.standing, StandingMode::off);
  EXPECT_EQ(config->delivery.retry_first, milliseconds(90'000));
}

TEST(ParseConfig, a_syntax_error_names_its_line) {
  EXPECT_TRUE(error_of("hostname = \"a.example\"\nbroken = = 1\n").starts_with("p.toml:2: "));
}

TEST(ParseConfig, an_unknown_key_names_the_nearest) {
  EXPECT_EQ(error_of("[delivery]\nstandng = \"off\"\n"),
            "p.toml:2: unknown setting 'delivery.standng'; did you mean 'delivery.standing'?");
  EXPECT_EQ(error_of("[deliver]\nstanding = \"off\"\n"),
            "p.toml:1: unknown setting 'deliver'; did you mean 'delivery'?");
  EXPECT_NE(error_of("[[sources]]\nipv4 = \"192.0.2.1\"\n").find("did you mean"), std::string::npos);
}

TEST(ParseConfig, characters_beyond_ascii_belong_into_quotes_and_comments) {
  EXPECT_TRUE(error_of("# gr\u00fcn \"\nhostname = \"m.example\"\n\ufefe = 1\n")
                  .starts_with("p.toml:3: a character that is not plain ASCII"));
  EXPECT_TRUE(error_of(std::string("hostname\0= 1", 12)).starts_with("p.toml:1: a character"));
  EXPECT_EQ(error_of("\ufeffhostname = \"b\u00fccher.example\" # \u00fc\n[delivery]\nstanding = 'off'\n"), "no error");
}

TEST(ParseConfig, a_value_beyond_ascii_is_read_as_written) {
  const auto config = parse_config(
      "[[domain]]\nname = \"m.example\"\n[[domain.dkim]]\nselector = \"s\"\nkey_file = "
      "\"/var/\u00fc\u20ac\U0001F600\\\"x\"\n",
      "p.toml");
  ASSERT_TRUE(config) << config.error().message;
  EXPECT_EQ(config->domains.at(0).dkim.at(0).key_file, "/var/\u00fc\u20ac\U0001F600\"x");
  EXPECT_TRUE(error_of("hostname = \"m.example\"\nname = '/var/\u00fc'\n").starts_with("p.toml:2: a character"));
  EXPECT_TRUE(error_of("hostname = \"\xc3(\"\n").starts_with("p.toml: the file is not UTF-8"));
}

TEST(ParseConfig, a_character_beyond_ascii_in_a_broken_document_is_an_error) {
  EXPECT_TRUE(error_of("hostl1 =+\"\"\"ed\ufee9[nhcmtnnhmail").starts_with("p.toml:1: "));
  EXPECT_TRUE(error_of("a = \"\\\ufee9\" \"\ufee9").starts_with("p.toml:1: "));
}

TEST(ParseConfig, a_wrong_value_says_what_is_right) {
  EXPECT_NE(error_of("[delivery]\nstanding = \"enforced\"\n").find("did you mean \"enforce\"?"), std::string::npos);
  EXPECT_NE(error_of("[delivery]\nretry_first = \"10\"\n").find("\"500ms\", \"10s\""), std::string::npos);
  EXPECT_NE(error_of("[delivery]\nport = 70000\n").find("1 to 65535"), std::string::npos);
  EXPECT_NE(error_of("[[source]]\nipv4 = \"2001:db8::1\"\n").find("not an IPv4 address"), std::string::npos);
  EXPECT_NE(error_of("[submission]\nlisten = \"127.0.0.1\"\n").find("192.0.2.1:25"), std::string::npos);
}

TEST(ParseConfig, an_open_relay_is_refused) {
  EXPECT_NE(error_of("[submission]\nnetworks = [\"0.0.0.0/0\"]\n").find("open relay"), std::string::npos);
  EXPECT_NE(error_of("[submission]\nnetworks = [\"2000::/3\"]\n").find("open relay"), std::string::npos);
}

TEST(ParseConfig, passwords_never_travel_in_clear) {
  EXPECT_NE(error_of("[[relay]]\nhost = \"a.example\"\nuser = \"u\"\nencrypt = \"none\"\n").find("in clear"),
            std::string::npos);
  EXPECT_NE(error_of("[submission]\nusers_file = \"users\"\n").find("TLS"), std::string::npos);
}

TEST(ParseConfig, reads_paces_and_warm_up) {
  const auto config = parse_config(R"(hostname = "mail.example.com"
[[source]]
ipv4 = "192.0.2.1"
warm_up_from = "2026-11-23"
warm_up_first = 100
[[pace]]
site = "gmail"
connections = 3
messages_per_minute = 600
)",
                                   "p.toml");
  ASSERT_TRUE(config) << config.error().text();
  EXPECT_EQ(config->sources[0].warm_up_from, std::chrono::sys_days(std::chrono::year(2026) / 11 / 23));
  EXPECT_EQ(config->sources[0].warm_up_first, 100U);
  ASSERT_EQ(config->paces.size(), 1U);
  EXPECT_EQ(config->paces[0].connections, 3U);
  EXPECT_EQ(config->paces[0].messages_per_minute, 600U);
}

TEST(ParseConfig, a_day_that_is_not_in_the_calendar_is_refused) {
  for (const auto* day : {"2026-02-29", "2026-13-01", "26-11-23", "2026-11-2x", "yesterday"})
    EXPECT_NE(error_of("[[source]]\nipv4 = \"192.0.2.1\"\nwarm_up_from = \"" + std::string(day) + "\"\n").find("date"),
              std::string::npos)
        << day;
}

TEST(Settings, defaults_of_the_table_are_the_defaults_of_the_value) {
  // Writing every default that the table names changes nothing.
  Config written;
  for (const auto& setting : settings()) {
    if (setting.path.find("[]") != std::string_view::npos || setting.default_value.empty() ||
        setting.kind == "host name" || setting.kind == "list of address:port" || setting.kind == "list of networks")
      continue;
    const bool bare = setting.kind == "number" || setting.kind == "true or false" || setting.default_value == "[]";
    const auto dot = setting.path.find('.');
    const std::string value =
        bare ? std::string(setting.default_value) : "\"" + std::string(setting.default_value) + "\"";
    const std::string text = "[" + std::string(setting.path.substr(0, dot)) + "]\n" +
                             std::string(setting.path.substr(dot + 1)) + " = " + value + "\n";
    const auto config = parse_config(text, "p.toml");
    ASSERT_TRUE(config) << text << config.error().text();
    EXPECT_EQ(config->delivery.retry_first, written.delivery.retry_first) << text;
    EXPECT_EQ(config->delivery.retry_longest, written.delivery.retry_longest) << text;
    EXPECT_EQ(config->delivery.lifetime, written.delivery.lifetime) << text;
    EXPECT_EQ(config->delivery.probes, written.delivery.probes) << text;
    EXPECT_EQ(config->delivery.max_connections, written.delivery.max_connections) << text;
    EXPECT_EQ(config->delivery.idle_connection, written.delivery.idle_connection) << text;
    EXPECT_EQ(config->submission.max_message, written.submission.max_message) << text;
    EXPECT_EQ(config->submission.max_recipients, written.submission.max_recipients) << text;
    EXPECT_EQ(config->spool.min_free, written.spool.min_free) << text;
    EXPECT_EQ(config->spool.path, written.spool.path) << text;
    EXPECT_EQ(config->dns.deadline, written.dns.deadline) << text;
  }
}

TEST(GivenSettings, each_has_its_path_value_and_line_and_secrets_are_hidden) {
  const auto given = given_settings(
      "hostname = \"a.example\"\n[[source]]\nipv4 = \"192.0.2.1\"\n[[source]]\nipv4 = \"192.0.2.2\"\n"
      "[[domain]]\nname = \"b.example\"\n[[domain.dkim]]\nselector = \"s\"\nkey_file = \"k\"\n"
      "[[relay]]\nhost = \"r.example\"\nuser = \"u\"\npassword = \"secret\"\n[delivery]\nprobes = 2\ndane = false\n",
      "p.toml");
  ASSERT_TRUE(given) << given.error().text();
  EXPECT_EQ(*given, (std::vector<Given>{{"hostname", "\"a.example\"", 1},
                                        {"source[0].ipv4", "\"192.0.2.1\"", 3},
                                        {"source[1].ipv4", "\"192.0.2.2\"", 5},
                                        {"domain[0].name", "\"b.example\"", 7},
                                        {"domain[0].dkim[0].selector", "\"s\"", 9},
                                        {"domain[0].dkim[0].key_file", "\"k\"", 10},
                                        {"relay[0].host", "\"r.example\"", 12},
                                        {"relay[0].user", "\"u\"", 13},
                                        {"relay[0].password", "(hidden)", 14},
                                        {"delivery.probes", "2", 16},
                                        {"delivery.dane", "false", 17}}));
  const auto addresses = given_settings(
      "[watch]\ndatabase = \"postgresql://ptarmigan:pa@ss@db.example/history\"\n"
      "alert_webhook = \"https://hooks.example/T0/B0/secret\"\n",
      "p.toml");
  ASSERT_TRUE(addresses) << addresses.error().text();
  EXPECT_EQ(*addresses,
            (std::vector<Given>{{"watch.database", "\"postgresql://ptarmigan:(hidden)@db.example/history\"", 2},
                                {"watch.alert_webhook", "(hidden)", 3}}));
  EXPECT_EQ(table_path("domain[0].dkim[12].selector"), "domain[].dkim[].selector");
}

}  // namespace
}  // namespace ptarmigan::config
