// auth/spf/tests/record_test.cpp - the grammar of RFC 7208#12.
#include "auth/spf/record.hpp"

#include <gtest/gtest.h>

namespace ptarmigan::spf {
namespace {

TEST(SpfRecord, version_ends_at_a_space_or_the_end) {
  for (const auto* text : {"v=spf1", "V=SPF1 -all", "v=spf1 "}) EXPECT_TRUE(is_record(text)) << text;
  for (const auto* text : {"v=spf10", "v=spf1\t-all", " v=spf1", "v=spf1-all", "spf1", ""})
    EXPECT_FALSE(is_record(text)) << text;
}

TEST(SpfRecord, terms_are_read_in_order) {
  constexpr std::string_view text =
      "v=spf1  a:a.example/24//64 -MX ?ip4:192.0.2.0/28 ~ip6:2001:db8::/32 include:%{d}.example "
      "exists:x.example ptr exp=e.example foo=bar redirect=r.example";
  const auto record = Record::parse(text);
  ASSERT_TRUE(record) << record.error().text();
  ASSERT_EQ(record->mechanisms.size(), 7U);
  const auto& a = record->mechanisms[0];
  EXPECT_EQ(a.type, MechanismType::a);
  EXPECT_EQ(a.domain_spec, "a.example");
  EXPECT_EQ(a.prefix_v4, 24);
  EXPECT_EQ(a.prefix_v6, 64);
  EXPECT_EQ(a.text, "a:a.example/24//64");
  EXPECT_EQ(record->mechanisms[1].qualifier, Qualifier::fail);
  EXPECT_EQ(record->mechanisms[1].type, MechanismType::mx);
  EXPECT_EQ(record->mechanisms[2].network.text(), "192.0.2.0");
  EXPECT_EQ(record->mechanisms[2].prefix_v4, 28);
  EXPECT_EQ(record->mechanisms[3].prefix_v6, 32);
  EXPECT_EQ(record->redirect, "r.example");
  EXPECT_EQ(record->exp, "e.example");
  ASSERT_EQ(record->unknown_modifiers.size(), 1U);
  EXPECT_EQ(record->unknown_modifiers[0].value, "bar");
}

TEST(SpfRecord, syntax_errors_are_found_anywhere) {
  for (const auto* term : {"moo",
                           "all.",
                           "all:x",
                           "all/8",
                           "-",
                           "+-all",
                           "ptr/0",
                           "ptr:",
                           "a:",
                           "a/33",
                           "a//129",
                           "a/24/64",
                           "a/",
                           "a//",
                           "a/024",
                           "a:museum",
                           "a:example.com:8080",
                           "a:192.0.2.1",
                           "mx:",
                           "include",
                           "include:",
                           "include:a.example/24",
                           "exists",
                           "exists:a.example/8",
                           "ip4",
                           "ip4:",
                           "ip4:1.2.3",
                           "ip4:1.2.3.4/33",
                           "ip4:1.2.3.4/032",
                           "ip4:1.2.3.4//32",
                           "ip4:1.2.3.4:25",
                           "ip4:2001:db8::1",
                           "ip4:01.2.3.4",
                           "ip6:1.2.3.4",
                           "ip6",
                           "ip6:2001:db8::1/129",
                           "ip6:2001:db8::1//33",
                           "ip6:fe80::1%eth0",
                           "ip6::CAFE::BABE",
                           "redirect:a.example",
                           "redirect=",
                           "exp=",
                           "exp=-all",
                           "=x",
                           "1up=x",
                           "x=%y",
                           "redirect=a.example redirect=b.example",
                           "exp=a.example exp=b.example",
                           "a:b.example\tptr",
                           "a:\x80.example"}) {
    const std::string text = std::string("v=spf1 ip4:192.0.2.1 -all ") + term;
    EXPECT_FALSE(Record::parse(std::string_view(text))) << term;
  }
}

TEST(SpfRecord, an_address_in_a_domain_is_told_how_to_write) {
  const auto record = Record::parse(std::string_view("v=spf1 a:192.0.2.1 -all"));
  ASSERT_FALSE(record);
  EXPECT_EQ(record.error().remedy, "an address is written as ip4:192.0.2.1");
}

TEST(SpfRecord, unusual_terms_are_good) {
  for (const auto* term : {"ip4:0.0.0.0/0", "ip6:::1.1.1.1/0", "ip6:::FFFF:192.0.2.1", "a//33", "a/0//0", "mx/32",
                           "moo.cow-far_out=man:dog/cat", "default=+", "a:%{d}/24", "exists:%{i}.%{l2r-}.user.%{d2}"}) {
    const std::string text = std::string("v=spf1 ") + term;
    EXPECT_TRUE(Record::parse(std::string_view(text))) << term;
  }
}

}  // namespace
}  // namespace ptarmigan::spf
