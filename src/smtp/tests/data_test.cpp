// smtp/tests/data_test.cpp - messages on the wire: RFC 5321#4.5.2.
#include "smtp/data.hpp"

#include <string>

#include <gtest/gtest.h>

namespace ptarmigan::smtp {
namespace {

struct Stuffed {
  DataFault fault = DataFault::none;
  std::string octets;
};

Stuffed stuff(std::string_view message, std::size_t piece) {
  DotStuffer stuffer;
  Stuffed out;
  for (std::size_t at = 0; at < message.size() && out.fault == DataFault::none; at += piece) {
    std::vector<std::string_view> views;
    out.fault = stuffer.add(message.substr(at, piece), views);
    for (const auto view : views) out.octets += view;
  }
  std::vector<std::string_view> views;
  out.fault = stuffer.finish(views);
  for (const auto view : views) out.octets += view;
  return out;
}

struct Unstuffed {
  DataFault fault = DataFault::none;
  std::string octets;
  std::string rest;
  bool finished = false;
  friend bool operator==(const Unstuffed&, const Unstuffed&) = default;
};

Unstuffed unstuff(std::string_view wire, std::size_t piece) {
  DataReader reader;
  Unstuffed out;
  for (std::size_t at = 0; at < wire.size(); at += piece) {
    auto input = wire.substr(at, piece);
    while (!input.empty() && !reader.finished()) out.octets += reader.next(input);
    out.rest += input;
  }
  out.fault = reader.fault();
  out.finished = reader.finished();
  return out;
}

TEST(DotStuffer, doubles_the_dot_that_begins_a_line) {
  EXPECT_EQ(stuff("a\r\n.\r\n..b\r\nc.\r\n", 100).octets, "a\r\n..\r\n...b\r\nc.\r\n.\r\n");
  EXPECT_EQ(stuff(".", 100).octets, "..\r\n.\r\n");
}

TEST(DotStuffer, ends_with_one_end_of_data) {
  EXPECT_EQ(stuff("", 1).octets, ".\r\n");
  EXPECT_EQ(stuff("a", 1).octets, "a\r\n.\r\n");
  EXPECT_EQ(stuff("a\r\n", 1).octets, "a\r\n.\r\n");
}

TEST(DotStuffer, refuses_what_could_end_the_message_elsewhere) {
  const std::pair<std::string, DataFault> messages[] = {
      {"a\n.\n", DataFault::bare_lf},       {"a\n.\r\n", DataFault::bare_lf}, {"a\r.\r", DataFault::bare_cr},
      {"a\r.\r\n", DataFault::bare_cr},     {"a\r\n.\r", DataFault::bare_cr}, {"a\r\r\n.\r\n", DataFault::bare_cr},
      {"a\r\n.\n\r\n", DataFault::bare_lf}, {"a\n\r\n", DataFault::bare_lf},  {std::string("a\0b", 3), DataFault::nul}};
  for (const auto& [message, fault] : messages) {
    for (const std::size_t piece : {1, 2, 3, 100}) {
      const auto got = stuff(message, piece);
      EXPECT_EQ(got.fault, fault) << testing::PrintToString(message) << " by " << piece;
      // Nothing that was given out ends the message, or holds a CR or LF alone.
      EXPECT_EQ(got.octets.find("\r\n.\r\n"), std::string::npos);
      for (std::size_t i = 0; i < got.octets.size(); ++i) {
        if (got.octets[i] == '\r') EXPECT_TRUE(i + 1 < got.octets.size() && got.octets[i + 1] == '\n');
        if (got.octets[i] == '\n') EXPECT_TRUE(i > 0 && got.octets[i - 1] == '\r');
      }
    }
  }
}

TEST(DataReader, undoes_what_the_stuffer_did_in_any_pieces) {
  const std::string message = ".\r\n..\r\nabc\r\n.x\r\n\r\n.\r\nlast\r\n";
  const std::string wire = stuff(message, 100).octets;
  for (std::size_t in = 1; in <= message.size(); ++in) EXPECT_EQ(stuff(message, in).octets, wire);
  for (std::size_t out = 1; out <= wire.size(); ++out) {
    const auto got = unstuff(wire + "QUIT", out);
    EXPECT_EQ(got.octets, message) << out;
    EXPECT_EQ(got.rest, "QUIT") << out;
    EXPECT_TRUE(got.finished);
  }
}

TEST(DataReader, hands_out_long_views) {
  std::string wire;
  for (int i = 0; i < 1000; ++i) wire += "a line of text\r\n";
  wire += ".\r\n";
  DataReader reader;
  std::string_view input = wire;
  EXPECT_EQ(reader.next(input).size(), 16'000U);
}

TEST(DataReader, names_the_first_fault_and_finds_the_true_end) {
  const std::string end = "\r\n.\r\n";
  const std::pair<std::string, DataFault> messages[] = {
      {"a\rb\nc", DataFault::bare_cr},
      {"a\nb\rc", DataFault::bare_lf},
      {std::string("a\0\rb", 4), DataFault::nul},
      {std::string(999, 'x') + "\r", DataFault::long_line},
      {std::string(998, 'x') + "\ry", DataFault::bare_cr},
      {"a\n.\n", DataFault::bare_lf},
      {"a\r\n.\r\r", DataFault::bare_cr},
      {"a\r\n.\n", DataFault::bare_lf},
  };
  for (const auto& [message, fault] : messages) {
    const auto whole = unstuff(message + end + "QUIT", 10'000);
    EXPECT_EQ(whole.fault, fault) << testing::PrintToString(message);
    EXPECT_TRUE(whole.finished);
    EXPECT_EQ(whole.rest, "QUIT");
    for (const std::size_t piece : {1, 2, 3, 7}) EXPECT_EQ(unstuff(message + end + "QUIT", piece), whole);
  }
}

TEST(DataReader, counted_octets_hold_no_end) {
  DataReader reader(max_text_line, Framing::counted);
  std::string_view input = "a\r\n.\r\nb\r\n";
  EXPECT_EQ(reader.next(input), "a\r\n.\r\nb\r\n");
  EXPECT_FALSE(reader.finished());
  reader.end_of_input();
  EXPECT_EQ(reader.fault(), DataFault::none);
  DataReader cut(max_text_line, Framing::counted);
  input = "a\r";
  EXPECT_EQ(cut.next(input), "a");
  cut.end_of_input();
  EXPECT_EQ(cut.fault(), DataFault::bare_cr);
}

}  // namespace
}  // namespace ptarmigan::smtp
