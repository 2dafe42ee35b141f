// base/tests/ip_address_test.cpp - parsing, RFC 5952 printing, networks and endpoints.
#include "base/ip_address.hpp"

#include <gtest/gtest.h>

namespace ptarmigan {
namespace {

IpAddress ip(std::string_view text) {
  return IpAddress::parse(text).value();
}

TEST(IpAddress, prints_the_canonical_text_of_rfc_5952) {
  EXPECT_EQ(ip("2001:0DB8:0:0:0:0:0:1").text(), "2001:db8::1");
  EXPECT_EQ(ip("2001:db8:0:0:1:0:0:1").text(), "2001:db8::1:0:0:1");
  EXPECT_EQ(ip("192.0.2.1").text(), "192.0.2.1");
  EXPECT_EQ(ip("2001:db8::1").literal(), "[IPv6:2001:db8::1]");
}

TEST(IpAddress, refuses_zones_prefixes_blanks_and_octal) {
  for (const char* text : {"", "fe80::1%eth0", "192.0.2.1/24", " 192.0.2.1", "192.0.2", "192.0.2.256", "192.0.02.1",
                           "1:2:3:4:5:6:7", "::1::"})
    EXPECT_FALSE(IpAddress::parse(text)) << text;
}

TEST(IpAddress, a_mapped_address_becomes_ipv4_only_when_asked) {
  EXPECT_TRUE(ip("::ffff:192.0.2.1").is_v6());
  EXPECT_EQ(ip("::ffff:192.0.2.1").unmapped(), ip("192.0.2.1"));
  EXPECT_EQ(ip("2001:db8::1").unmapped(), ip("2001:db8::1"));
}

TEST(IpAddress, networks_compare_bits_of_one_family) {
  EXPECT_TRUE(ip("192.0.2.77").in_network(ip("192.0.2.64"), 26));
  EXPECT_FALSE(ip("192.0.2.128").in_network(ip("192.0.2.64"), 26));
  EXPECT_TRUE(ip("2001:db8::1").in_network(ip("2001:db8:ffff::"), 32));
  EXPECT_FALSE(ip("::ffff:192.0.2.1").in_network(ip("192.0.2.1"), 0));
  EXPECT_TRUE(IpNetwork::parse("10.0.0.0/8")->contains(ip("10.255.0.1")));
  EXPECT_FALSE(IpNetwork::parse("10.0.0.0/33"));
}

TEST(Endpoint, needs_brackets_around_ipv6) {
  EXPECT_EQ(Endpoint::parse("[2001:db8::1]:25")->text(), "[2001:db8::1]:25");
  EXPECT_EQ(Endpoint::parse("192.0.2.1:587")->port, 587);
  EXPECT_EQ(Endpoint::parse("2001:db8::1", 25)->port, 25);
  for (const char* text :
       {"192.0.2.1", "[2001:db8::1]", "[::1]25", "[::1]:", "192.0.2.1:", "192.0.2.1:65536", "mail:25"})
    EXPECT_FALSE(Endpoint::parse(text)) << text;
}

}  // namespace
}  // namespace ptarmigan
