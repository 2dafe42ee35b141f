// lint/tests/parse_test.cpp - The parsers of Postfix, Exim and zone text: postconf(5), master(5), Exim's specification
// chapter 6, RFC 1035#5.1.
#include <gtest/gtest.h>

#include "lint/exim.hpp"
#include "lint/postfix.hpp"
#include "lint/zone_text.hpp"

namespace ptarmigan::lint {
namespace {

TEST(MainCf, continuation_lines_belong_to_the_setting_across_comments) {
  const auto cf = parse_main_cf("a = one,\n# comment\n\n  two\nb=\n c\nb = last\nstray\n");
  ASSERT_EQ(cf.settings.size(), 3u);
  EXPECT_EQ(cf.value("a"), "one, two");
  EXPECT_EQ(cf.value("b"), "last");
  EXPECT_EQ(cf.value("none", "otherwise"), "otherwise");
  ASSERT_EQ(cf.strays.size(), 1u);
  EXPECT_EQ(cf.strays[0], "stray");
}

TEST(MasterCf, overrides_follow_on_continuation_lines_and_in_braces) {
  const auto cf = parse_master_cf(
      "smtp unix - - y - - smtp -o a=b\n  -o smtp_helo_name=$myhostname\n  -o { c = d e }\n# x\nsmtp inet n - y - - "
      "smtpd\n");
  ASSERT_EQ(cf.services.size(), 2u);
  ASSERT_EQ(cf.services[0].overrides.size(), 3u);
  EXPECT_EQ(cf.services[0].overrides[1].name, "smtp_helo_name");
  EXPECT_EQ(cf.services[0].overrides[2].value, "d e");
  EXPECT_EQ(cf.services[1].type, "inet");
}

TEST(EximFile, knows_sections_drivers_macros_and_conditionals) {
  const auto file = parse_exim(
      "KNOWN = 1\nprimary_hostname = a.example\n.ifdef KNOWN\nhide x = y\n.else\nno_z\n.endif\n"
      "begin routers\nr1:\n  driver = dnslookup\n  domains = a : \\\n    b\n");
  ASSERT_EQ(file.options.size(), 5u);
  EXPECT_EQ(file.options[1].name, "x");
  ASSERT_EQ(file.options[1].within.size(), 1u);
  EXPECT_TRUE(file.conditionals[file.options[1].within[0]].defined_before);
  EXPECT_EQ(file.options[2].name, "z");
  EXPECT_EQ(file.options[2].value, "false");
  EXPECT_FALSE(file.conditionals[file.options[2].within[0]].wants_defined);
  EXPECT_EQ(file.options[4].driver, "r1");
  EXPECT_EQ(file.options[4].section, "routers");
  EXPECT_EQ(file.options[4].value, "a : b");
}

TEST(ZoneText, fragments_with_and_without_origin) {
  const auto plain = parse_zone_text("mail.example.com IN A 192.0.2.1 ; hello\n");
  ASSERT_EQ(plain.size(), 1u);
  EXPECT_FALSE(plain[0].owner_is_complete);
  EXPECT_EQ(plain[0].comment, " hello");
  const auto zone = parse_zone_text("$ORIGIN example.com.\n@ 300 IN TXT ( \"a\"\n \"b;c\" )\n  MX 10 mail\n");
  ASSERT_EQ(zone.size(), 2u);
  EXPECT_EQ(zone[0].data.size(), 2u);
  EXPECT_EQ(zone[1].owner, "example.com");
  EXPECT_EQ(zone[1].type, "MX");
}

}  // namespace
}  // namespace ptarmigan::lint
