// base/tests/secret_test.cpp - comparison, and that what is moved from or assigned over is gone.
#include "base/secret.hpp"

#include <gtest/gtest.h>

namespace ptarmigan {
namespace {

TEST(Secret, compares_by_value) {
  EXPECT_TRUE(constant_time_equal("", ""));
  EXPECT_TRUE(constant_time_equal("tanstaaf", "tanstaaf"));
  EXPECT_FALSE(constant_time_equal("tanstaaf", "tanstaag"));
  EXPECT_FALSE(constant_time_equal("tanstaaf", "tanstaa"));
  EXPECT_EQ(Secret("a"), Secret("a"));
  EXPECT_FALSE(Secret("a") == Secret("b"));
}

TEST(Secret, wiping_overwrites_the_octets) {
  std::string text = "tanstaaf";
  const char* octets = text.data();
  const auto size = text.size();
  wipe(text);
  EXPECT_TRUE(text.empty());
  // The string keeps its buffer: what was there is now zero.
  for (std::size_t i = 1; i < size; ++i) EXPECT_EQ(octets[i], '\0') << i;
}

TEST(Secret, a_move_leaves_nothing_behind) {
  Secret from("short");
  const Secret to(std::move(from));
  EXPECT_EQ(to.reveal(), "short");
  EXPECT_TRUE(from.empty());  // NOLINT(bugprone-use-after-move): this is the promise
}

}  // namespace
}  // namespace ptarmigan
