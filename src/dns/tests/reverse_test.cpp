// dns/tests/reverse_test.cpp - RFC 3596#2.5's own example, and the wrong recipes that people paste.
#include "dns/reverse.hpp"

#include <gtest/gtest.h>

namespace ptarmigan::dns {
namespace {

IpAddress ip(std::string_view text) {
  return IpAddress::parse(text).value();
}

TEST(ReverseName, example_of_rfc_3596) {
  EXPECT_EQ(reverse_name(ip("4321:0:1:2:3:4:567:89ab")).text(),
            "b.a.9.8.7.6.5.0.4.0.0.0.3.0.0.0.2.0.0.0.1.0.0.0.0.0.0.0.1.2.3.4.ip6.arpa");
}

TEST(ReverseName, ipv6_always_has_32_nibbles) {
  const auto reverse = reverse_name(ip("2001:db8::1"));
  EXPECT_EQ(reverse.text(), "1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa");
  EXPECT_EQ(reverse.label_count(), 34U);
  EXPECT_EQ(reverse.text().size(), 72U);
}

TEST(ReverseName, ipv4_and_mapped_addresses_are_below_in_addr_arpa) {
  EXPECT_EQ(reverse_name(ip("192.0.2.1")).text(), "1.2.0.192.in-addr.arpa");
  EXPECT_EQ(reverse_name(ip("::ffff:192.0.2.1")).text(), "1.2.0.192.in-addr.arpa");
}

TEST(ReverseName, only_a_complete_name_is_an_address) {
  EXPECT_EQ(address_of_reverse_name(name("1.2.0.192.in-addr.arpa")), ip("192.0.2.1"));
  EXPECT_EQ(address_of_reverse_name(reverse_name(ip("2001:db8::1"))), ip("2001:db8::1"));
  EXPECT_FALSE(
      address_of_reverse_name(name("1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa")));  // 28 nibbles
  EXPECT_FALSE(address_of_reverse_name(name("01.2.0.192.in-addr.arpa")));
  EXPECT_FALSE(address_of_reverse_name(name("2.0.192.in-addr.arpa")));
}

TEST(ReverseName, is_shown_relative_to_its_zone) {
  const auto zone = name("8.b.d.0.1.0.0.2.ip6.arpa");
  EXPECT_EQ(relative_to(reverse_name(ip("2001:db8::1")), zone), "1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0");
  EXPECT_EQ(relative_to(zone, zone), "@");
}

}  // namespace
}  // namespace ptarmigan::dns
