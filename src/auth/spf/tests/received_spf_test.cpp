// auth/spf/tests/received_spf_test.cpp - the form of RFC 7208#9.1.
#include "auth/spf/received_spf.hpp"

#include <gtest/gtest.h>

namespace ptarmigan::spf {
namespace {

TEST(ReceivedSpf, tells_result_client_and_identity) {
  const Query query{.client = *IpAddress::parse("192.0.2.1"),
                    .helo = "foo.example.com",
                    .mail_from = "myname@example.com",
                    .receiver = "mybox.example.org"};
  Result result;
  result.outcome = Outcome::pass;
  result.sender = "myname@example.com";
  result.domain = dns::name("example.com");
  result.mechanism = "ip4:192.0.2.0/24";
  EXPECT_EQ(received_spf(result, query),
            "Received-SPF: pass (mybox.example.org: domain of myname@example.com designates 192.0.2.1 as permitted "
            "sender)\r\n"
            "\treceiver=mybox.example.org;\r\n"
            "\tidentity=mailfrom;\r\n"
            "\tclient-ip=192.0.2.1;\r\n"
            "\tenvelope-from=\"myname@example.com\";\r\n"
            "\thelo=foo.example.com;\r\n"
            "\tmechanism=\"ip4:192.0.2.0/24\";\r\n");
}

TEST(ReceivedSpf, hostile_values_cannot_end_the_field_or_its_comment) {
  const Query query{
      .client = *IpAddress::parse("2001:db8::1"), .helo = "a)\r\nX: y", .mail_from = "x", .receiver = "mx..example"};
  Result result;
  result.outcome = Outcome::fail;
  result.sender = ") evil (\r\nX-Evil: 1@example.com";
  EXPECT_EQ(
      received_spf(result, query),
      "Received-SPF: fail (mx..example: domain of \\) evil \\(\\\\x0d\\\\x0aX-Evil: 1@example.com does not designate "
      "2001:db8::1 as permitted sender)\r\n"
      "\treceiver=\"mx..example\";\r\n"
      "\tidentity=mailfrom;\r\n"
      "\tclient-ip=\"2001:db8::1\";\r\n");
}

}  // namespace
}  // namespace ptarmigan::spf
