// facts/tests/facts_test.cpp - answers, needs and the gathering of independent questions.
#include "facts/facts.hpp"

#include <gtest/gtest.h>

namespace ptarmigan {
namespace {

using dns::name;
using dns::RecordType;

TEST(Gather, notes_every_missing_question_once) {
  Facts facts;
  facts.add({name("a.example"), RecordType::a}, {.status = AnswerStatus::no_data});
  Gather gather(facts);
  EXPECT_NE(gather.ask({name("a.example"), RecordType::a}), nullptr);
  EXPECT_EQ(gather.ask({name("b.example"), RecordType::a}), nullptr);
  EXPECT_EQ(gather.ask({name("b.example"), RecordType::a}), nullptr);
  EXPECT_EQ(gather.ask({name("b.example"), RecordType::aaaa}), nullptr);
  ASSERT_TRUE(gather.lacks());
  EXPECT_EQ(gather.need().questions().size(), 2U);
}

TEST(Facts, a_later_answer_replaces_an_earlier_one) {
  Facts old;
  old.add({name("a.example"), RecordType::a}, {.status = AnswerStatus::no_data});
  Facts fresh;
  fresh.add({name("A.example."), RecordType::a}, {.status = AnswerStatus::timed_out});
  old.merge(fresh);
  ASSERT_EQ(old.answers().size(), 1U);
  EXPECT_TRUE(old.find({name("a.example"), RecordType::a})->temporary());
}

TEST(Known, holds_a_value_or_a_need) {
  const Known<int> value(7);
  const Known<int> need(Need(Question{name("a.example"), RecordType::mx}));
  EXPECT_EQ(*value, 7);
  ASSERT_FALSE(need.known());
  EXPECT_EQ(need.need().questions().front().text(), "a.example MX");
}

}  // namespace
}  // namespace ptarmigan
