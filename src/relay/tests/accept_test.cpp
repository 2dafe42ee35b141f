// relay/tests/accept_test.cpp - what a submission server adds, groups and refuses.
#include "relay/accept.hpp"

#include <gtest/gtest.h>

namespace ptarmigan::relay {
namespace {

smtp::server::Session session(const std::vector<std::string>& recipients) {
  smtp::server::Session out;
  out.ehlo_name = "client.example";
  out.esmtp = true;
  out.envelope.mail_from = smtp::ReversePath::parse("<news@example.com>").value();
  for (const auto& recipient : recipients)
    out.envelope.recipients.push_back({smtp::ForwardPath::parse("<" + recipient + ">").value(), {}, {}});
  return out;
}

std::expected<Accepted, smtp::Reply> accept(const smtp::server::Session& from, std::string body) {
  return accept_message({.session = &from,
                         .client = IpAddress::parse("127.0.0.1").value(),
                         .body = std::move(body),
                         .id = QueueId(7),
                         .now = {WallTime(milliseconds(1'795'456'323'000)), {}},
                         .hostname = dns::name("mail.example.com")});
}

constexpr const char* whole =
    "From: A <a@Sub.Example.COM>\r\nDate: Mon, 23 Nov 2026 17:52:03 +0000\r\nMessage-ID: "
    "<1@example.com>\r\n\r\nhello\r\n";

TEST(AcceptMessage, puts_one_trace_field_on_top) {
  const auto from = session({"x@example.net"});
  const auto accepted = accept(from, whole);
  ASSERT_TRUE(accepted);
  EXPECT_TRUE(accepted->octets.starts_with("Received: from client.example ([127.0.0.1]) by mail.example.com"))
      << accepted->octets;
  EXPECT_TRUE(accepted->octets.ends_with(whole));
  EXPECT_NE(accepted->octets.find("with ESMTP id 0000000000007"), std::string::npos);
  EXPECT_EQ(accepted->message.header_from_domain, "sub.example.com");
}

TEST(AcceptMessage, adds_date_and_message_id_only_where_missing) {
  const auto from = session({"x@example.net"});
  const auto bare = accept(from, "From: a@example.com\r\n\r\nhello");
  ASSERT_TRUE(bare);
  EXPECT_NE(bare->octets.find("\r\nMessage-ID: <0000000000007@mail.example.com>\r\n"), std::string::npos);
  EXPECT_NE(bare->octets.find("\r\nDate: Mon, 23 Nov 2026 17:52:03 +0000\r\n"), std::string::npos);
  EXPECT_TRUE(bare->octets.ends_with("hello\r\n")) << "the last line gets its end";
  EXPECT_EQ(accept(from, whole)->octets.find("@mail.example.com>"), std::string::npos);
}

TEST(AcceptMessage, groups_recipients_by_domain) {
  const auto from = session({"a@one.example", "b@two.example", "c@ONE.example"});
  const auto accepted = accept(from, whole);
  ASSERT_TRUE(accepted);
  ASSERT_EQ(accepted->groups.size(), 2U);
  EXPECT_EQ(accepted->groups[0].domain, "one.example");
  EXPECT_EQ(accepted->groups[0].recipients.size(), 2U);
  EXPECT_NE(accepted->groups[0].number, accepted->groups[1].number);
}

TEST(AcceptMessage, with_verp_each_recipient_is_a_group) {
  const auto from = session({"a@one.example", "b@one.example", "c@two.example"});
  const auto given = [&](bool verp) {
    return accept_message({.session = &from,
                           .client = IpAddress::parse("127.0.0.1").value(),
                           .body = whole,
                           .id = QueueId(7),
                           .now = {WallTime(milliseconds(1'795'456'323'000)), {}},
                           .hostname = dns::name("mail.example.com"),
                           .verp = [&](const std::string& domain) { return verp && domain == "example.com"; }});
  };
  EXPECT_EQ(given(true)->groups.size(), 3U);
  EXPECT_TRUE(given(true)->message.verp);
  EXPECT_EQ(given(false)->groups.size(), 2U);
  EXPECT_FALSE(given(false)->message.verp);
}

TEST(AcceptMessage, a_loop_is_refused) {
  std::string body;
  for (int i = 0; i < 101; ++i) body += "Received: by hop.example\r\n";
  const auto from = session({"x@example.net"});
  const auto accepted = accept(from, body + whole);
  ASSERT_FALSE(accepted);
  EXPECT_EQ(accepted.error().code, 554);
}

TEST(AcceptMessage, what_a_client_says_cannot_break_the_trace_field) {
  auto from = session({"x@example.net"});
  from.ehlo_name = "evil) by x\r\nBcc: y;";
  const auto accepted = accept(from, whole);
  ASSERT_TRUE(accepted);
  EXPECT_TRUE(accepted->octets.starts_with("Received: from evilbyxBcc:y (")) << accepted->octets;
}

}  // namespace
}  // namespace ptarmigan::relay
