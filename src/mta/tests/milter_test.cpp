// mta/tests/milter_test.cpp - packets as Postfix 3.7 writes them, and what is refused.
#include "mta/milter.hpp"

#include <gtest/gtest.h>

namespace ptarmigan::mta::milter {
namespace {

using namespace std::string_literals;

std::vector<std::string> packets_of(std::string_view octets, std::size_t piece) {
  std::vector<std::string> out;
  PacketReader reader;
  while (!octets.empty()) {
    auto state = reader.feed(octets.substr(0, piece));
    octets.remove_prefix(std::min(piece, octets.size()));
    for (; state == PacketReader::State::complete; state = reader.feed(""))
      out.push_back(reader.packet().command + std::string(reader.packet().data));
    if (state == PacketReader::State::broken) {
      out.emplace_back("broken");
      break;
    }
  }
  return out;
}

TEST(MilterPacketReader, any_pieces_give_the_same_packets) {
  const auto octets = packet('C', "host\0"s) + packet('E', "") + packet('B', std::string(70'000, 'x'));
  const auto whole = packets_of(octets, octets.size());
  ASSERT_EQ(whole.size(), 3U);
  EXPECT_EQ(whole[0], "Chost\0"s);
  EXPECT_EQ(whole[1], "E");
  EXPECT_EQ(whole[2].size(), 70'001U);
  for (const std::size_t piece : {1U, 2U, 3U, 7U, 4096U}) EXPECT_EQ(packets_of(octets, piece), whole) << piece;
}

TEST(MilterPacketReader, an_empty_or_endless_packet_breaks_the_conversation) {
  EXPECT_EQ(packets_of("\0\0\0\0"s, 4), std::vector<std::string>{"broken"});
  EXPECT_EQ(packets_of("\xff\xff\xff\xff"s, 4), std::vector<std::string>{"broken"});
  EXPECT_EQ(packets_of("\0\x10\0\x01"s, 4), std::vector<std::string>{"broken"});
  EXPECT_EQ(packets_of("\0\x10\0\0"s, 4), std::vector<std::string>{});
}

// Postfix 3.7: version 6, actions 0x1ff, steps 0x1fffff.
TEST(MilterOptions, are_read_and_written) {
  const auto read = read_options("\0\0\0\x06\0\0\x01\xff\0\x1f\xff\xff"s);
  ASSERT_TRUE(read);
  EXPECT_EQ(*read, (Options{.version = 6, .actions = 0x1ff, .steps = 0x1fffff}));
  EXPECT_EQ(negotiate(*read), "\0\0\0\x0dO\0\0\0\x06\0\0\x01\xff\0\x1f\xff\xff"s);
  EXPECT_FALSE(read_options("\0\0\0\x06\0\0\x01\xff\0\x1f\xff"s));
}

TEST(MilterClient, has_a_family_and_an_address) {
  EXPECT_EQ(*read_client("mail.example.com\0004\0\x19"
                         "192.0.2.1\0"s),
            (Client{.host_name = "mail.example.com", .family = '4', .port = 25, .address = "192.0.2.1"}));
  EXPECT_EQ(read_client("unknown\0006\x10\0IPv6:2001:db8::1\0"s)->address, "2001:db8::1");
  EXPECT_EQ(read_client("localhost\0U"s)->family, 'U');
  EXPECT_EQ(read_client("localhost\0L\0\0/run/x\0"s)->address, "/run/x");
  for (const auto& cut : {"host"s, "host\0"s, "host\0004"s, "host\0004\0"s, "host\0004\0\x19"s,
                          "host\0004\0\x19"
                          "192"s,
                          "host\0X\0\x19"
                          "192\0"s})
    EXPECT_FALSE(read_client(cut));
}

TEST(MilterField, has_a_name_and_a_value) {
  const auto data = "Subject\0 a\n b\0"s;
  const auto field = read_field(data);
  ASSERT_TRUE(field);
  EXPECT_EQ(field->name, "Subject");
  EXPECT_EQ(field->value, " a\n b");
  for (const auto& bad : {""s, "Subject\0"s, "Subject\0x"s, "\0x\0"s, "Subject\0x\0y"s}) EXPECT_FALSE(read_field(bad));
}

TEST(MilterMacros, lose_their_braces) {
  const auto data = "M{auth_authen}\0joe\0i\0004bXyz\0"s;
  const auto macros = read_macros(data);
  ASSERT_TRUE(macros);
  EXPECT_EQ(macros->step, 'M');
  ASSERT_EQ(macros->values.size(), 2U);
  EXPECT_EQ(macros->values[0], (std::pair<std::string_view, std::string_view>("auth_authen", "joe")));
  EXPECT_EQ(macros->values[1].first, "i");
  EXPECT_FALSE(read_macros(""));
  EXPECT_FALSE(read_macros("Mx\0"s));
}

TEST(MilterAnswers, are_packets) {
  EXPECT_EQ(answer(Answer::proceed),
            "\0\0\0\x01"
            "c"s);
  EXPECT_EQ(reply("550 5.7.1 no"), "\0\0\0\x0ey550 5.7.1 no\0"s);
  EXPECT_EQ(insert_field(0, "A", " b"), "\0\0\0\x0ai\0\0\0\0A\0 b\0"s);
  EXPECT_EQ(delete_field(2, "A"),
            "\0\0\0\x08m\0\0\0\x02"
            "A\0\0"s);
  // Nobody's octets end a string early.
  EXPECT_EQ(insert_field(0, "A", "b\0c"s), insert_field(0, "A", "b"));
}

}  // namespace
}  // namespace ptarmigan::mta::milter
