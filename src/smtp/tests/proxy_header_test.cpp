// smtp/tests/proxy_header_test.cpp - headers as the protocol's own text shows them, whole and octet by octet.
#include "smtp/proxy_header.hpp"

#include <gtest/gtest.h>

namespace ptarmigan::smtp {
namespace {

using namespace std::string_literals;

/// Feeds at most what is wanted, `step` octets at a time; what is left over belongs to the connection.
struct Read {
  ProxyHeaderReader reader = {};
  std::string rest = {};
};
Read read(std::string octets, std::size_t step = 4096) {
  Read out;
  while (const auto wanted = out.reader.wanted()) {
    if (octets.empty()) break;
    const auto take = std::min({wanted, step, octets.size()});
    out.reader.feed(std::string_view(octets).substr(0, take));
    octets.erase(0, take);
  }
  out.rest = octets;
  return out;
}

const std::string v2 = "\r\n\r\n\0\r\nQUIT\n"s;

TEST(ProxyHeader, version_1_names_the_client_and_leaves_the_rest) {
  for (const std::size_t step : {1U, 3U, 4096U}) {
    const auto got = read("PROXY TCP4 192.0.2.7 203.0.113.1 56324 443\r\nEHLO x\r\n", step);
    EXPECT_EQ(got.reader.problem(), "");
    ASSERT_TRUE(got.reader.client());
    EXPECT_EQ(got.reader.client()->text(), "192.0.2.7:56324");
    EXPECT_EQ(got.rest, "EHLO x\r\n");
  }
  EXPECT_EQ(read("PROXY TCP6 2001:db8::7 2001:db8::1 1 2\r\n").reader.client()->text(), "[2001:db8::7]:1");
}

TEST(ProxyHeader, version_1_unknown_is_the_proxy_itself) {
  const auto got = read("PROXY UNKNOWN\r\n220");
  EXPECT_EQ(got.reader.problem(), "");
  EXPECT_EQ(got.reader.wanted(), 0U);
  EXPECT_FALSE(got.reader.client());
  EXPECT_EQ(got.rest, "220");
}

TEST(ProxyHeader, version_2_names_the_client_and_skips_what_it_does_not_know) {
  const std::string ipv4 =
      v2 + "\x21\x11\x00\x10"s + "\xc0\x00\x02\x07\xcb\x00\x71\x01\xdc\x04\x01\xbb"s + "\x04\0\1x"s;
  for (const std::size_t step : {1U, 5U, 4096U}) {
    const auto got = read(ipv4 + "EHLO x\r\n", step);
    EXPECT_EQ(got.reader.problem(), "");
    ASSERT_TRUE(got.reader.client());
    EXPECT_EQ(got.reader.client()->text(), "192.0.2.7:56324");
    EXPECT_EQ(got.rest, "EHLO x\r\n");
  }
  const std::string address = "\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x07"s;
  const auto ipv6 = read(v2 + "\x21\x21\0\x24"s + address + address + "\0\x19\0\x19"s);
  ASSERT_TRUE(ipv6.reader.client());
  EXPECT_EQ(ipv6.reader.client()->text(), "[2001:db8::7]:25");
}

TEST(ProxyHeader, version_2_local_is_the_proxy_itself) {
  const auto got = read(v2 + "\x20\x00\0\0"s);
  EXPECT_EQ(got.reader.problem(), "");
  EXPECT_EQ(got.reader.wanted(), 0U);
  EXPECT_FALSE(got.reader.client());
}

TEST(ProxyHeader, what_is_none_is_refused) {
  for (const auto& octets :
       {"EHLO client.example\r\n"s, "PROXY TCP4 192.0.2.7 203.0.113.1 56324\r\n"s,
        "PROXY TCP4 2001:db8::7 2001:db8::1 1 2\r\n"s, "PROXY TCP4 192.0.2.7 203.0.113.1 99999 443\r\n"s,
        "PROXY TCP4 192.0.2.7 203.0.113.1 1 2\n"s, "PROXY "s + std::string(200, 'x'), v2 + "\x11\x11\0\x0c"s,
        v2 + "\x21\x11\0\x04\x01\x02\x03\x04"s, v2 + "\x2f\x11\0\0"s, v2 + "\x21\x11\xff\xff"s})
    EXPECT_NE(read(octets).reader.problem(), "") << octets.substr(0, 40);
}

}  // namespace
}  // namespace ptarmigan::smtp
