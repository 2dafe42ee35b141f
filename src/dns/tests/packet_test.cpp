// dns/tests/packet_test.cpp - messages of RFC 1035#4.1, written here octet by octet.
#include "dns/packet.hpp"

#include <gtest/gtest.h>

namespace ptarmigan::dns {
namespace {

using namespace std::string_literals;

TEST(Packet, a_query_has_one_question_and_edns) {
  const auto query = parse_packet(build_query(0x1234, name("example.com"), RecordType::mx, Recursion::desired));
  ASSERT_TRUE(query);
  EXPECT_EQ(query->id, 0x1234);
  EXPECT_FALSE(query->response);
  EXPECT_EQ(query->question, name("example.com"));
  EXPECT_EQ(query->question_type, 15);
}

TEST(Packet, reads_a_compressed_answer) {
  const auto packet = parse_packet(
      "\x12\x34\x84\x00\x00\x01\x00\x01\x00\x00\x00\x00\x07"
      "example\x03"
      "com\x00\x00\x0f\x00\x01"
      "\xc0\x0c\x00\x0f\x00\x01\x00\x00\x01\x2c\x00\x09\x00\x0a\x04"
      "mail\xc0\x0c"s);
  ASSERT_TRUE(packet) << packet.error().text();
  EXPECT_TRUE(packet->authoritative);
  ASSERT_EQ(packet->answers.size(), 1U);
  EXPECT_EQ(zone_line(packet->answers[0]), "example.com. 300 IN MX 10 mail.example.com.");
}

TEST(Packet, refuses_malformed_messages) {
  EXPECT_FALSE(parse_packet(""));
  EXPECT_FALSE(parse_packet("\x12\x34\x84\x00\x00\x01\x00\x00\x00\x00\x00\x00"s));
  EXPECT_FALSE(parse_packet("\x12\x34\x84\x00\x00\x01\x00\x00\x00\x00\x00\x00\xc0\x0c\x00\x01\x00\x01"s));
}

TEST(Rcode, has_names) {
  EXPECT_EQ(to_string(Rcode::nxdomain), "NXDOMAIN");
  EXPECT_EQ(to_string(static_cast<Rcode>(9)), "RCODE 9");
}

}  // namespace
}  // namespace ptarmigan::dns
