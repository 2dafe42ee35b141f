// auth/dkim/tests/tag_list_test.cpp - the grammar of tag lists.
#include "auth/dkim/tag_list.hpp"

#include <gtest/gtest.h>

namespace ptarmigan::dkim {
namespace {

TEST(TagList, blanks_and_folds_around_names_and_values_do_not_count) {
  const auto list = TagList::parse(" v = 1 ;\r\n\ta=\r\n rsa-sha256\t; n= a  b ;");
  ASSERT_TRUE(list) << list.error().text();
  EXPECT_EQ(list->value("v"), "1");
  EXPECT_EQ(list->value("a"), "rsa-sha256");
  EXPECT_EQ(list->value("n"), "a  b");
  EXPECT_EQ(list->find("n")->raw_value, " a  b ");
  EXPECT_EQ(list->value("x"), std::nullopt);
}

TEST(TagList, names_are_case_sensitive) {
  const auto list = TagList::parse("a=1; A=2");
  ASSERT_TRUE(list);
  EXPECT_EQ(list->value("a"), "1");
  EXPECT_EQ(list->value("A"), "2");
}

TEST(TagList, one_final_semicolon_and_empty_values_are_fine) {
  EXPECT_TRUE(TagList::parse("a=1;"));
  EXPECT_TRUE(TagList::parse("a=1; \r\n "));
  EXPECT_EQ(TagList::parse("p=")->value("p"), "");
  EXPECT_EQ(TagList::parse("p=a=b")->value("p"), "a=b");
}

TEST(TagList, refuses_what_is_not_the_grammar) {
  using namespace std::string_view_literals;
  for (const auto text : {""sv, ";"sv, " "sv, "a"sv, "a=1;;b=2"sv, "a=1;;"sv, "=1"sv, "1a=1"sv, "a b=1"sv, "a=1; a=2"sv,
                          "a=1\r\n"sv, "a=\r1"sv, "a=\n1"sv, "a=\0"sv, "a=1\r\nb=2"sv, "a-b=1"sv, "a=\x01"sv})
    EXPECT_FALSE(TagList::parse(text)) << text;
}

TEST(TagList, the_number_of_tags_is_bounded) {
  std::string text;
  for (std::size_t i = 0; i < max_tags; ++i) text += "t" + std::to_string(i) + "=x;";
  EXPECT_TRUE(TagList::parse(text));
  EXPECT_FALSE(TagList::parse(text + "u=x"));
}

TEST(ColonList, drops_blanks) {
  EXPECT_EQ(colon_list("a : b\r\n : c"), (std::vector<std::string_view>{"a", "b", "c"}));
  EXPECT_EQ(colon_list("a::b"), (std::vector<std::string_view>{"a", "", "b"}));
}

// RFC 4648#10
TEST(Base64Tag, padding_is_optional_and_blanks_are_skipped) {
  EXPECT_EQ(decode_base64_tag("Zm9v\r\n Yg=="), "foob");
  EXPECT_EQ(decode_base64_tag("Zm9vYg"), "foob");
  EXPECT_EQ(decode_base64_tag("Zm9vYmE"), "fooba");
  EXPECT_EQ(decode_base64_tag("Zm9vY"), std::nullopt);
  EXPECT_EQ(decode_base64_tag("Zm9v!"), std::nullopt);
  EXPECT_EQ(decode_base64_tag("Zg==Zg=="), std::nullopt);
}

}  // namespace
}  // namespace ptarmigan::dkim
