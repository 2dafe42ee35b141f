// tls/tests/mta_sts_test.cpp - policy files, host patterns and the memory of MTA-STS (RFC 8461).
#include "tls/mta_sts.hpp"

#include <gtest/gtest.h>

namespace ptarmigan::tls {
namespace {

using dns::name;

// RFC 8461#3.2, the example
constexpr std::string_view example =
    "version: STSv1\n"
    "mode: enforce\n"
    "mx: mail.example.com\n"
    "mx: *.example.net\n"
    "mx: backupmx.example.com\n"
    "max_age: 604800\n";

StsPolicy policy(std::string_view text) {
  auto parsed = StsPolicy::parse(text);
  EXPECT_TRUE(parsed) << (parsed ? "" : parsed.error().text());
  return parsed ? *parsed : StsPolicy{};
}

WallTime at(std::int64_t second) {
  return WallTime(seconds(second));
}

TEST(StsPolicy, example_of_the_rfc) {
  const auto read = policy(example);
  EXPECT_EQ(read.mode, StsMode::enforce);
  EXPECT_EQ(read.max_age, seconds(604'800));
  EXPECT_EQ(read.mx, (std::vector<std::string>{"mail.example.com", "*.example.net", "backupmx.example.com"}));
}

TEST(StsPolicy, crlf_blanks_and_unknown_fields_are_taken) {
  EXPECT_EQ(policy("version:STSv1\r\nmode:\ttesting \r\nmx: a.example  \r\nx-new.field: \xc3\xa4 b\r\nmax_age: 1"),
            (StsPolicy{StsMode::testing, seconds(1), {"a.example"}}));
}

TEST(StsPolicy, of_a_field_that_stands_twice_the_first_counts) {
  const auto read = policy("version: STSv1\nmode: enforce\nmode: none\nmax_age: 5\nmax_age: 6\nmx: a.example\n");
  EXPECT_EQ(read.mode, StsMode::enforce);
  EXPECT_EQ(read.max_age, seconds(5));
}

TEST(StsPolicy, mode_none_needs_no_mx) {
  EXPECT_EQ(policy("version: STSv1\nmode: none\nmax_age: 86400\n").mode, StsMode::none);
  EXPECT_FALSE(StsPolicy::parse("version: STSv1\nmode: enforce\nmax_age: 86400\n"));
}

TEST(StsPolicy, names_are_compared_without_case) {
  EXPECT_TRUE(
      policy("version: STSv1\nmode: enforce\nmx: MAIL.Example.COM\nmax_age: 1\n").allows(name("Mail.example.com")));
}

TEST(StsPolicy, max_age_ends_at_a_year_and_a_bit) {
  EXPECT_EQ(policy("version: STSv1\nmode: none\nmax_age: 9999999999\n").max_age, seconds(31'557'600));
}

TEST(StsPolicy, broken_files_are_refused_with_their_line) {
  for (const auto* text : {
           "",
           "mode: enforce\nmx: a.example\nmax_age: 1\n",                  // no version
           "version: STSv2\nmode: enforce\nmx: a.example\nmax_age: 1\n",  // another one
           "version: STSv1\nmode: Enforce\nmx: a.example\nmax_age: 1\n",  // words keep their case
           "version: STSv1\nmx: a.example\nmax_age: 1\n",                 // no mode
           "version: STSv1\nmode: enforce\nmx: a.example\n",              // no max_age
           "version: STSv1\nmode: enforce\nmx: a.example\nmax_age: -1\n",
           "version: STSv1\nmode: enforce\nmx: a.example\nmax_age: 1 day\n",
           "version: STSv1\nmode: enforce\nmx: a.example\nmax_age: 00000000001\n",  // eleven digits
           "version: STSv1\nmode: enforce\nmx: a.*.example\nmax_age: 1\n",
           "version: STSv1\nmode: enforce\nmx: *\nmax_age: 1\n",
           "version: STSv1\nmode: enforce\nmx: .example\nmax_age: 1\n",
           "version: STSv1\nmode: enforce\nmx: a.example, b.example\nmax_age: 1\n",
           "version: STSv1\rmode: enforce\rmx: a.example\rmax_age: 1\r",  // bare CR
           "<html>\n<body>not found</body>\n",
       })
    EXPECT_FALSE(StsPolicy::parse(text)) << text;
  EXPECT_EQ(StsPolicy::parse("version: STSv1\n\nmode enforce\n").error().message, "line 3: there is no colon");
  EXPECT_FALSE(StsPolicy::parse(std::string(example) + std::string(max_sts_policy_octets, ' ')));
}

// RFC 8461#4.1
TEST(StsPolicy, wildcard_stands_for_exactly_one_label) {
  const auto read = policy(example);
  EXPECT_TRUE(read.allows(name("mail.example.com")));
  EXPECT_TRUE(read.allows(name("mx1.example.net")));
  EXPECT_FALSE(read.allows(name("example.net")));
  EXPECT_FALSE(read.allows(name("a.mx1.example.net")));
  EXPECT_FALSE(read.allows(name("a.mail.example.com")));
  EXPECT_FALSE(read.allows(name("example.com")));
}

TEST(StsMemory, policy_ends_with_its_max_age) {
  StsMemory memory;
  EXPECT_EQ(current_policy(memory, at(0)), nullptr);
  remember(memory, "1", policy(example), at(1000));
  EXPECT_NE(current_policy(memory, at(1000 + 604'799)), nullptr);
  EXPECT_EQ(current_policy(memory, at(1000 + 604'800)), nullptr);
  EXPECT_NE(current_policy(memory, at(0)), nullptr) << "the clock was set back";
}

TEST(StsMemory, file_is_fetched_when_new_changed_expired_or_a_day_old) {
  StsMemory memory;
  EXPECT_FALSE(must_fetch(memory, std::nullopt, at(0))) << "no record, nothing to fetch";
  EXPECT_TRUE(must_fetch(memory, "1", at(0)));
  remember(memory, "1", policy(example), at(0));
  EXPECT_FALSE(must_fetch(memory, "1", at(60)));
  EXPECT_TRUE(must_fetch(memory, "2", at(60)));
  EXPECT_TRUE(must_fetch(memory, "1", at(86'400)));
  EXPECT_FALSE(must_fetch(memory, std::nullopt, at(604'800)));
}

// RFC 8461#3.3
TEST(StsMemory, failed_fetch_keeps_the_policy_and_is_not_repeated_at_once) {
  StsMemory memory;
  remember(memory, "1", policy(example), at(0));
  remember_failure(memory, "2", at(100));
  EXPECT_NE(current_policy(memory, at(100)), nullptr);
  EXPECT_FALSE(must_fetch(memory, "2", at(101)));
  EXPECT_TRUE(must_fetch(memory, "3", at(101))) << "another id is another file";
  EXPECT_TRUE(must_fetch(memory, "2", at(400)));
  EXPECT_TRUE(must_fetch(memory, "2", at(99))) << "the clock was set back";
}

TEST(StsMemory, removed_record_leaves_the_policy_in_force) {
  StsMemory memory;
  remember(memory, "1", policy(example), at(0));
  EXPECT_FALSE(must_fetch(memory, std::nullopt, at(3600)));
  EXPECT_NE(current_policy(memory, at(3600)), nullptr);
}

}  // namespace
}  // namespace ptarmigan::tls
