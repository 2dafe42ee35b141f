// spool/tests/codec_test.cpp - records survive encoding; damaged ones are refused.
#include "spool/codec.hpp"

#include <gtest/gtest.h>

using namespace std::string_literals;  // NOLINT(google-build-using-namespace)

namespace ptarmigan::spool {
namespace {

MessageRecord full_message() {
  MessageRecord record;
  record.id = QueueId(77);
  record.accepted_at = WallTime(milliseconds(1'795'456'323'123));
  record.mail_from = "sender@example.com";
  record.size = 1ULL << 40;
  record.header_from_domain = "example.com";
  record.submitter = {.client = *IpAddress::parse("2001:db8::1"), .ehlo_name = "client.example", .user = "anna"};
  record.eight_bit = true;
  record.requiretls = true;
  record.ret = Ret::headers;
  record.envid = "QQ314159";
  record.stream = Stream::bulk;
  return record;
}

GroupRecord full_group() {
  GroupRecord record;
  record.message = QueueId(77);
  record.number = 3;
  record.domain = "example.net";
  record.recipients = {
      {.address = "a@example.net", .notify = {.success = true, .delay = true}, .orcpt = "rfc822;A@example.org"},
      {.address = "b@example.net", .notify = {.never = true}, .orcpt = ""}};
  record.created = WallTime(milliseconds(1));
  record.next_attempt = WallTime(milliseconds(-1));
  record.attempts = UINT32_MAX;
  record.held = true;
  record.delay_notified = true;
  record.last_reply = std::string("451 4.3.0 try\0later", 19);
  record.first_refusal = Refusal{.route = "2001:db8::1", .reply = "550 5.7.1 guidelines"};
  record.tried_routes = {"2001:db8::1", "relay smtp.relayservice.com"};
  record.site = "gmail";
  record.cause = "rate";
  return record;
}

TEST(SpoolCodec, full_and_empty_records_come_back_as_they_were) {
  EXPECT_EQ(decode_message(QueueId(77), encode(full_message())), full_message());
  EXPECT_EQ(decode_group(QueueId(77), 3, encode(full_group())), full_group());
  EXPECT_EQ(decode_message(QueueId(), encode(MessageRecord())), MessageRecord());
  EXPECT_EQ(decode_group(QueueId(), 0, encode(GroupRecord())), GroupRecord());
}

TEST(SpoolCodec, every_cut_and_every_extra_octet_is_refused) {
  const std::string message = encode(full_message());
  const std::string group = encode(full_group());
  for (std::size_t size = 0; size < message.size(); ++size)
    EXPECT_FALSE(decode_message(QueueId(77), message.substr(0, size))) << size;
  for (std::size_t size = 0; size < group.size(); ++size)
    EXPECT_FALSE(decode_group(QueueId(77), 3, group.substr(0, size))) << size;
  EXPECT_FALSE(decode_message(QueueId(77), message + '\0'));
  EXPECT_FALSE(decode_group(QueueId(77), 3, group + '\0'));
}

TEST(SpoolCodec, record_of_a_newer_version_is_named_as_such) {
  std::string octets = encode(full_message());
  octets[0] = static_cast<char>(record_version + 1);
  const auto decoded = decode_message(QueueId(77), octets);
  ASSERT_FALSE(decoded);
  EXPECT_NE(decoded.error().message.find("record version " + std::to_string(record_version + 1)), std::string::npos)
      << decoded.error().text();
}

// The octets of each version, written by hand from codec.hpp: what is on disk today must be read for ever.
const std::string message_fields =
    "\x02"  // accepted_at 1 ms, zigzag
    "\x03"
    "a@b"       // mail_from
    "\xac\x02"  // size 300
    "\x01"
    "b"                     // header_from_domain
    "\x04\xc0\x00\x02\x01"  // client 192.0.2.1
    "\x00"                  // ehlo_name
    "\x01"
    "u"       // user
    "\x03"    // eight_bit, smtputf8
    "\x01"    // ret full
    "\x00"s;  // envid
const std::string group_fields =
    "\x01"
    "d"     // domain
    "\x01"  // one recipient
    "\x01"
    "r"     // address
    "\x08"  // notify delay
    "\x00"  // orcpt
    "\x00"  // created
    "\x02"  // next_attempt 1 ms
    "\x03"  // attempts
    "\x05"  // held, first_refusal
    "\x00"  // last_reply
    "\x01"
    "w"  // route of the first refusal
    "\x01"
    "y"     // its reply
    "\x01"  // one tried route
    "\x01"
    "t"s;

MessageRecord written_message() {
  MessageRecord record;
  record.id = QueueId(1);
  record.accepted_at = WallTime(milliseconds(1));
  record.mail_from = "a@b";
  record.size = 300;
  record.header_from_domain = "b";
  record.submitter = {.client = IpAddress::v4({192, 0, 2, 1}), .ehlo_name = {}, .user = "u"};
  record.eight_bit = record.smtputf8 = true;
  record.ret = Ret::full;
  return record;
}

GroupRecord written_group() {
  GroupRecord record;
  record.message = QueueId(1);
  record.number = 2;
  record.domain = "d";
  record.recipients = {{.address = "r", .notify = {.delay = true}, .orcpt = ""}};
  record.next_attempt = WallTime(milliseconds(1));
  record.attempts = 3;
  record.held = true;
  record.first_refusal = Refusal{.route = "w", .reply = "y"};
  record.tried_routes = {"t"};
  return record;
}

TEST(SpoolCodec, version_1_is_read_with_empty_new_fields) {
  EXPECT_EQ(decode_message(QueueId(1), "\x01" + message_fields), written_message());
  EXPECT_EQ(decode_group(QueueId(1), 2, "\x01" + group_fields), written_group());
}

TEST(SpoolCodec, version_2_is_read_without_verp) {
  auto message = written_message();
  message.stream = Stream::transactional;
  EXPECT_EQ(decode_message(QueueId(1), "\x02" + message_fields + "\x01"), message);
  auto group = written_group();
  group.site = "s";
  group.cause = "c";
  EXPECT_EQ(decode_group(QueueId(1), 2, "\x02" + group_fields + "\x01s\x01\x63"), group);
}

TEST(SpoolCodec, version_3_layout_is_fixed) {
  auto message = written_message();
  message.stream = Stream::transactional;
  message.verp = true;
  auto fields = message_fields;
  fields[fields.size() - 3] = '\x0b';  // eight_bit, smtputf8, verp
  const std::string octets = "\x03" + fields + "\x01";
  EXPECT_EQ(decode_message(QueueId(1), octets), message);
  EXPECT_EQ(encode(message), octets);
  auto group = written_group();
  group.site = "s";
  group.cause = "c";
  const std::string group_octets = "\x03" + group_fields + "\x01s\x01\x63";
  EXPECT_EQ(decode_group(QueueId(1), 2, group_octets), group);
  EXPECT_EQ(encode(group), group_octets);
}

TEST(SpoolCodec, numbers_that_are_not_shortest_are_refused) {
  EXPECT_FALSE(decode_message(QueueId(1), "\x01\x82\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"s));
}

}  // namespace
}  // namespace ptarmigan::spool
