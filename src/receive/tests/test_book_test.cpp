// receive/tests/test_book_test.cpp - the book of tests is bounded and forgets.
#include "receive/test_book.hpp"

#include <gtest/gtest.h>

namespace ptarmigan::receive {
namespace {

const auto here = IpAddress::parse("192.0.2.1").value();
const auto there = IpAddress::parse("192.0.2.2").value();
constexpr WallTime start{milliseconds{1'000'000}};

TEST(TestBook, a_test_is_found_by_its_address_and_by_its_secret) {
  TestBook book;
  book.open("test-a", "secret", here, start);
  EXPECT_NE(book.by_address("TEST-A", start), nullptr);
  EXPECT_NE(book.by_address("test-a+tag", start), nullptr);
  EXPECT_NE(book.by_secret("secret", start), nullptr);
  EXPECT_EQ(book.by_secret("test-a", start), nullptr) << "who knows the address does not know the link";
}

TEST(TestBook, a_test_expires) {
  TestBook book;
  book.open("test-a", "secret", here, start);
  EXPECT_EQ(book.by_address("test-a", start + TestBookLimits{}.life), nullptr);
  EXPECT_EQ(book.size(), 0U);
}

TEST(TestBook, a_client_loses_its_own_oldest_and_nobody_elses) {
  TestBook book({.tests = 10, .tests_of_a_client = 2});
  book.open("other", "o", there, start);
  for (const char* name : {"a", "b", "c"}) book.open(name, std::string("secret-") + name, here, start);
  EXPECT_EQ(book.by_address("a", start), nullptr);
  EXPECT_NE(book.by_address("c", start), nullptr);
  EXPECT_NE(book.by_address("other", start), nullptr);
}

TEST(TestBook, there_are_never_more_than_the_limit) {
  TestBook book({.tests = 3, .tests_of_a_client = 100});
  for (int i = 0; i < 20; ++i) book.open("t" + std::to_string(i), "s" + std::to_string(i), here, start);
  EXPECT_EQ(book.size(), 3U);
  EXPECT_NE(book.by_address("t19", start), nullptr);
}

TEST(TestBook, of_a_test_the_newest_results_are_kept) {
  TestBook book({.results_of_a_test = 2});
  auto& test = book.open("a", "s", here, start);
  for (const char* reply : {"1", "2", "3"}) {
    TestResult result;
    result.reply = reply;
    book.add(test, std::move(result));
  }
  ASSERT_EQ(test.results.size(), 2U);
  EXPECT_EQ(test.results.front().reply, "2");
}

TEST(TestScore, each_deduction_is_explained_and_none_goes_below_zero) {
  rehearsal::Score rules;
  const auto& gmail = *rulebook::find_receiver("gmail");
  for (int i = 0; i < 3; ++i) rules.deductions.push_back({&gmail.rules.front(), 50, "because"});
  const auto score = score_of(rules, {}, {{.filter = "SpamAssassin", .score = 7, .threshold = 5}});
  EXPECT_EQ(score.text(), "0.0");
  ASSERT_EQ(score.deductions.size(), 4U);
  EXPECT_EQ(score.deductions.back().id, "SpamAssassin");
  EXPECT_EQ(score_of({}, {}, {}).text(), "10.0");
  EXPECT_EQ(score_of({}, {}, {{.filter = "rspamd", .score = 1, .threshold = 15}}).text(), "10.0");
}

}  // namespace
}  // namespace ptarmigan::receive
