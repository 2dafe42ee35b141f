// doctor/tests/render_test.cpp - the report as text and as JSON.
#include "doctor/render.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "base/text.hpp"
#include "rulebook/tests/fixtures.hpp"

namespace ptarmigan::doctor {
namespace {

namespace fixtures = rulebook::fixtures;

Report report(std::string_view zone) {
  Setup setup;
  setup.domain = dns::name("example.com");
  setup.sources = {
      {IpAddress::parse("192.0.2.1").value(), IpAddress::parse("2001:db8::1").value(), "mail.example.com"}};
  setup.receivers = {rulebook::find_receiver("gmail"), rulebook::find_receiver("orange")};
  setup.signatures = std::vector<rulebook::Signature>{};
  const ZoneFacts world(dns::parse_zone(zone).value());
  return settle_with(world, [&](const Facts& facts) { return examine(setup, facts); });
}

TEST(Text, fits_100_columns_but_for_records) {
  for (const auto line : split(text(report("")), '\n'))
    if (line.find(" IN ") == std::string_view::npos) EXPECT_LE(line.size(), text_columns) << line;
}

TEST(Text, names_verdict_words_record_and_rule) {
  const auto out =
      text(report("mail.example.com. A 192.0.2.1\nmail.example.com. AAAA 2001:db8::1\nexample.com. TXT \"v=spf1 "
                  "a:mail.example.com -all\"\n"
                  "1.2.0.192.in-addr.arpa. PTR mail.example.com.\n"));
  for (const std::string_view words :
       {"from 192.0.2.1 (IPv4) as mail.example.com", "Gmail: would be accepted",
        "Gmail: would be REFUSED after DATA:", "550-5.7.1 [2001:db8::1] Our system has detected that", "gmail.ptr: ",
        "1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa. 3600 IN PTR mail.example.com.",
        "Orange: cannot be decided"})
    EXPECT_NE(out.find(words), std::string::npos) << words << "\n" << out;
}

TEST(Text, has_escapes_only_where_colour_is_wanted) {
  EXPECT_EQ(text(report("")).find('\x1b'), std::string::npos);
  EXPECT_NE(text(report(""), {.colour = Colour::on, .detail = TextOptions::Detail::brief, .now = {}}).find("\x1b[31m"),
            std::string::npos);
}

TEST(Text, warns_of_rules_older_than_six_months) {
  TextOptions options;
  options.now = std::chrono::sys_days{std::chrono::year{2026} / 11 / 23};
  EXPECT_NE(text(report(""), options).find("Older than six months"), std::string::npos);
  options.now = std::chrono::sys_days{std::chrono::year{2026} / 4 / 1};
  EXPECT_EQ(text(report(""), options).find("Older than six months"), std::string::npos);
}

// What is published may hold anything; a terminal must not obey it.
TEST(Text, control_octets_from_dns_do_not_reach_the_terminal) {
  const auto out = text(report("example.com. TXT \"v=spf1 \\027[2Jx -all\"\n"),
                        {.colour = Colour::off, .detail = TextOptions::Detail::full, .now = {}});
  EXPECT_EQ(out.find('\x1b'), std::string::npos);
}

TEST(Json, has_the_documented_members) {
  const auto out = nlohmann::json::parse(json(report("")));
  EXPECT_EQ(out["version"], 1);
  EXPECT_EQ(out["domain"], "example.com");
  EXPECT_EQ(out["verdict"], "refused");
  ASSERT_EQ(out["deliveries"].size(), 4U);
  const auto& v6 = out["deliveries"][2];
  EXPECT_EQ(v6["address"], "2001:db8::1");
  EXPECT_EQ(v6["family"], "IPv6");
  EXPECT_EQ(v6["receiver"], "gmail");
  EXPECT_EQ(v6["because"], "gmail.ptr");
  EXPECT_EQ(v6["reply"]["code"], 550);
  EXPECT_EQ(v6["reply"]["stage"], "end_of_data");
  EXPECT_EQ(v6["findings"][0]["rule"], "gmail.ehlo");
  bool found = false;
  for (const auto& repair : out["repairs"])
    found = found || (repair["type"] == "PTR" &&
                      repair["zone_line"].get<std::string>().ends_with("ip6.arpa. 3600 IN PTR mail.example.com."));
  EXPECT_TRUE(found);
}

}  // namespace
}  // namespace ptarmigan::doctor
