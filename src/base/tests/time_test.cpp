// base/tests/time_test.cpp - dates as RFC 3339 and RFC 5322 write them.
#include "base/time.hpp"

#include <gtest/gtest.h>

namespace ptarmigan {
namespace {

TEST(Time, dates_are_printed_in_utc) {
  const WallTime time{milliseconds(1'795'456'323'999)};
  EXPECT_EQ(rfc3339(time), "2026-11-23T17:52:03Z");
  EXPECT_EQ(rfc5322_date(time), "Mon, 23 Nov 2026 17:52:03 +0000");
}

TEST(Time, durations_are_short_for_people) {
  EXPECT_EQ(human(milliseconds(41'000)), "41 s");
  EXPECT_EQ(human(milliseconds(7'500'000)), "2 h 5 min");
}

}  // namespace
}  // namespace ptarmigan
