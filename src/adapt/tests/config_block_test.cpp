// adapt/tests/config_block_test.cpp - our lines in another program's file come and go without a trace.
#include "adapt/config_block.hpp"

#include <gtest/gtest.h>

namespace ptarmigan::adapt {
namespace {

using State = WithoutBlock::State;

const Block block{{"a = 1", "b = 2"}, BlockPlace::end, Original::file, "`undo`"};

TEST(ConfigBlock, what_was_there_comes_back_octet_for_octet) {
  for (const std::string text : {"", "\n", "x = 1", "x = 1\n", "x = 1\n\n", "x = 1\r\ny = 2\r\n",
                                 "# Ptarmigan\n#ptarmigan \n", "#ptarmigan 0123456789abcdef# x\n", "x = \xff\n\ty\n"}) {
    for (const auto place : {BlockPlace::front, BlockPlace::end}) {
      auto placed = block;
      placed.place = place;
      std::vector<std::string_view> silenced;
      const std::string kept = text;
      if (const auto at = kept.find('x'); at != std::string::npos)
        silenced.push_back(std::string_view(kept).substr(at, 1));
      const auto written = with_block(kept, placed, silenced);
      EXPECT_NE(written.find("a = 1\nb = 2\n"), std::string::npos);
      const auto back = without_block(written);
      EXPECT_EQ(back.state, State::exact) << written;
      EXPECT_EQ(back.text, text) << written;
    }
  }
}

TEST(ConfigBlock, every_line_of_a_silenced_stretch_becomes_a_comment) {
  const std::string text = "x =\n  # why\n  one\n  two\ny = 3\n";
  const auto written = with_block(text, block, {std::string_view(text).substr(0, text.find("two") + 3)});
  std::size_t comments = 0;
  for (std::size_t at = written.find("\n#ptarmigan "); at != std::string::npos;
       at = written.find("\n#ptarmigan ", at + 1))
    ++comments;
  EXPECT_TRUE(written.starts_with("#ptarmigan "));
  EXPECT_EQ(comments, 3);
  EXPECT_NE(written.find("\ny = 3\n"), std::string::npos);
}

TEST(ConfigBlock, a_change_beside_or_within_the_block_is_told_and_the_one_beside_stays) {
  const auto written = with_block("x = 1\n", block, {});
  const auto beside = without_block(written + "z = 9\n");
  EXPECT_EQ(beside.state, State::changed_since);
  EXPECT_EQ(beside.text, "x = 1\nz = 9\n");
  auto within = written;
  within.replace(within.find("b = 2"), 5, "b = 3");
  EXPECT_EQ(without_block(within).state, State::changed_since);
  EXPECT_EQ(without_block(within).text, "x = 1\n");
}

TEST(ConfigBlock, half_a_block_is_damaged_and_left_alone) {
  auto written = with_block("x = 1\n", block, {});
  written.resize(written.rfind("# Ptarmigan"));
  EXPECT_EQ(without_block(written).state, State::damaged);
  EXPECT_EQ(without_block(written).text, written);
  EXPECT_EQ(without_block("x = 1\n").state, State::none);
}

TEST(ConfigBlock, a_file_that_was_not_there_is_remembered_as_such) {
  auto fresh = block;
  fresh.original = Original::none;
  const auto back = without_block(with_block("", fresh, {}));
  EXPECT_EQ(back.original, Original::none);
  EXPECT_EQ(back.text, "");
  EXPECT_EQ(without_block(with_block("", block, {})).original, Original::file);
}

}  // namespace
}  // namespace ptarmigan::adapt
