// auth/spf/tests/macro_test.cpp - the examples of RFC 7208#7.4, syntax of RFC 7208#7.1.
#include "auth/spf/macro.hpp"

#include <gtest/gtest.h>

namespace ptarmigan::spf {
namespace {

MacroValues example_values(std::string_view client) {
  return {.local_part = "strong-bad",
          .sender_domain = "email.example.com",
          .domain = "email.example.com",
          .client = *IpAddress::parse(client),
          .helo = "mx.example.org",
          .validated = "mx.example.org",
          .receiver = "receiver.example",
          .now = WallTime(seconds(1'000'000'000))};
}

TEST(SpfMacro, examples_of_the_rfc_expand) {
  const std::pair<std::string_view, std::string_view> examples[] = {
      {"%{s}", "strong-bad@email.example.com"},
      {"%{o}", "email.example.com"},
      {"%{d}", "email.example.com"},
      {"%{d4}", "email.example.com"},
      {"%{d3}", "email.example.com"},
      {"%{d2}", "example.com"},
      {"%{d1}", "com"},
      {"%{dr}", "com.example.email"},
      {"%{d2r}", "example.email"},
      {"%{l}", "strong-bad"},
      {"%{l-}", "strong.bad"},
      {"%{lr}", "strong-bad"},
      {"%{lr-}", "bad.strong"},
      {"%{l1r-}", "strong"},
      {"%{ir}.%{v}._spf.%{d2}", "3.2.0.192.in-addr._spf.example.com"},
      {"%{lr-}.lp._spf.%{d2}", "bad.strong.lp._spf.example.com"},
      {"%{lr-}.lp.%{ir}.%{v}._spf.%{d2}", "bad.strong.lp.3.2.0.192.in-addr._spf.example.com"},
      {"%{ir}.%{v}.%{l1r-}.lp._spf.%{d2}", "3.2.0.192.in-addr.strong.lp._spf.example.com"},
      {"%{d2}.trusted-domains.example.net", "example.com.trusted-domains.example.net"},
  };
  for (const auto& [text, expected] : examples) {
    EXPECT_TRUE(check_domain_spec(text)) << text;
    EXPECT_EQ(expand(text, example_values("192.0.2.3")), expected) << text;
  }
  EXPECT_EQ(*target_name(expand("%{ir}.%{v}._spf.%{d2}", example_values("2001:db8::cb01"))),
            dns::name("1.0.b.c.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6._spf.example.com"));
}

TEST(SpfMacro, other_letters_expand) {
  const auto values = example_values("2001:db8::1");
  EXPECT_EQ(expand("%{c} %{h} %{p} %{r} %{t}", values),
            "2001:db8::1 mx.example.org mx.example.org receiver.example 1000000000");
  EXPECT_EQ(expand("a%%b%_c%-d", values), "a%b c%20d");
}

TEST(SpfMacro, upper_case_letters_escape_for_urls) {
  MacroValues values = example_values("192.0.2.3");
  values.local_part = "jack&jill=up?~a_b-c.d \xc3\xa9";
  EXPECT_EQ(expand("%{L}", values), "jack%26jill%3Dup%3F~a_b-c.d%20%C3%A9");
  EXPECT_EQ(expand("%{l}", values), values.local_part);
}

TEST(SpfMacro, several_delimiters_split) {
  MacroValues values = example_values("192.0.2.3");
  values.local_part = "foo-bar+zip+quux";
  EXPECT_EQ(expand("%{l2r+-}.x", values), "bar.foo.x");
  EXPECT_EQ(expand("%{l99+}", values), "foo-bar.zip.quux");
  EXPECT_EQ(expand("%{l99999999999999999999+}", values), "foo-bar.zip.quux");
}

TEST(SpfMacro, malformed_macros_are_refused) {
  for (const auto* text : {"%", "a%", "%a", "%{", "%{}", "%{d", "%{x}", "%{d0}", "%{d00r}", "%{d2x}", "%{dr2}", "%(d)",
                           "%{d:}", "a b", "a\tb", "\x80", "a\r"})
    EXPECT_FALSE(check_macro_string(text)) << text;
  for (const auto* text : {"", "%%%%", "%{d}", "%{D2R.-+,/_=}", "!$&~", "%{c}%{r}%{t}"})
    EXPECT_TRUE(check_macro_string(text)) << text;
}

TEST(SpfMacro, a_domain_spec_ends_in_a_macro_or_a_top_level_domain) {
  for (const auto* text : {"", "com", "com.", "a.123", "a.-com", "a.com-", "192.0.2.1", "%{d}com", "a..", ".", "a.c_m",
                           "%{c}", "%{r}.com", "%{T}"})
    EXPECT_FALSE(check_domain_spec(text)) << text;
  for (const auto* text : {"a.com", "a.com.", "%{d}", "%{d}.com", "a.xn--zckzah", "a.c0m", "a.0-0",
                           "foo:bar/baz.example.com", "a%%", "a..com"})
    EXPECT_TRUE(check_domain_spec(text)) << text;
}

TEST(SpfMacro, a_long_name_loses_labels_from_the_left) {
  const std::string label(50, 'a');
  const std::string long_name = "x." + label + "." + label + "." + label + "." + label + "." + label + ".com";
  EXPECT_EQ(target_name(long_name)->text(), label + "." + label + "." + label + "." + label + ".com");
  EXPECT_FALSE(target_name("a..b"));
  EXPECT_FALSE(target_name(std::string(64, 'a') + ".com"));
  EXPECT_FALSE(target_name(std::string(300, 'a')));
  EXPECT_FALSE(target_name(""));
}

TEST(SpfMacro, tells_which_letters_are_used) {
  EXPECT_TRUE(uses_macro("a.%{P}.com", 'p'));
  EXPECT_FALSE(uses_macro("a.%%{p}.com", 'p'));
  EXPECT_TRUE(uses_macro("%%%{p}", 'p'));
  EXPECT_TRUE(uses_local_part("%{S}"));
  EXPECT_FALSE(uses_local_part("%{d}ls"));
}

}  // namespace
}  // namespace ptarmigan::spf
