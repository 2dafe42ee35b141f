// dns/tests/name_test.cpp - limits and comparison of RFC 1035, RFC 4343; A-labels of RFC 5891.
#include "dns/name.hpp"

#include <gtest/gtest.h>

namespace ptarmigan::dns {
namespace {

TEST(DomainName, is_absolute_and_ignores_case) {
  EXPECT_EQ(name("Example.COM"), name("example.com."));
  EXPECT_EQ(name("example.com").absolute(), "example.com.");
  EXPECT_TRUE(name(".").is_root());
}

TEST(DomainName, refuses_what_the_wire_cannot_carry) {
  const std::string label(64, 'a');
  const std::string longest =
      std::string(63, 'a') + "." + std::string(63, 'b') + "." + std::string(63, 'c') + "." + std::string(61, 'd');
  EXPECT_EQ(longest.size(), 253U);
  EXPECT_TRUE(DomainName::parse(longest));
  EXPECT_FALSE(DomainName::parse(longest + "d"));
  for (const std::string& text : {std::string(), label, std::string("a..b"), std::string(".a"), std::string("a b"),
                                  std::string("a\nb"), std::string("..")})
    EXPECT_FALSE(DomainName::parse(text)) << text;
}

TEST(DomainName, escapes_what_presentation_form_cannot_carry_plain) {
  // RFC 1035#5.1: \\DDD is an octet, \\X is X itself.
  EXPECT_EQ(DomainName::from_labels("a b.Example")->text(), "a\\032b.example");
  EXPECT_EQ(DomainName::from_labels("a b.example."), DomainName::parse("a\\032b.example"));
  EXPECT_EQ(DomainName::parse("a\\ b.example"), DomainName::parse("a\\032b.example"));
  EXPECT_EQ(DomainName::parse("\\065.example"), name("a.example"));
  EXPECT_EQ(DomainName::parse("first\\.last.example")->label_count(), 2U);
  EXPECT_EQ(DomainName::from_labels("q\"\\.example")->text(), "q\\034\\092.example");
  for (const auto* text : {"a\\", "a\\03", "a\\256", "\\0x1"}) EXPECT_FALSE(DomainName::parse(text)) << text;
  EXPECT_FALSE(DomainName::from_labels(std::string(64, ' ') + ".example"));
  EXPECT_TRUE(DomainName::from_labels(std::string(63, ' ') + ".example"));
  EXPECT_FALSE(DomainName::from_labels(""));
}

TEST(DomainName, allows_underscores_and_asks_for_hostnames_apart) {
  EXPECT_TRUE(DomainName::parse("_dmarc.example.com"));
  EXPECT_FALSE(name("_dmarc.example.com").is_hostname());
  EXPECT_TRUE(name("mail-1.example.com").is_hostname());
  EXPECT_FALSE(name("localhost").is_hostname());
  EXPECT_FALSE(name("192.0.2.1").is_hostname());
  EXPECT_FALSE(name("-a.example.com").is_hostname());
}

TEST(DomainName, walks_by_labels) {
  const auto deep = name("a.b.example.com");
  EXPECT_EQ(deep.label_count(), 4U);
  EXPECT_EQ(deep.parent(), name("b.example.com"));
  EXPECT_EQ(deep.last_labels(2), name("example.com"));
  EXPECT_EQ(deep.last_labels(4), deep);
  EXPECT_EQ(deep.last_labels(9), deep);
  EXPECT_TRUE(deep.last_labels(0).is_root());
  EXPECT_TRUE(deep.is_at_or_below(name("example.com")));
  EXPECT_FALSE(name("badexample.com").is_at_or_below(name("example.com")));
  EXPECT_EQ(name("example.com").prefixed("_dmarc"), name("_dmarc.example.com"));
}

TEST(DomainName, unicode_labels_become_a_labels) {
  EXPECT_EQ(DomainName::from_unicode("b\xc3\xbc"
                                     "cher.example")
                ->text(),
            "xn--bcher-kva.example");
  EXPECT_FALSE(
      DomainName::parse("b\xc3\xbc"
                        "cher.example"));
  EXPECT_FALSE(DomainName::from_unicode("\xff.example"));
}

}  // namespace
}  // namespace ptarmigan::dns
