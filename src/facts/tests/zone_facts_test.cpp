// facts/tests/zone_facts_test.cpp - answers as an authoritative server gives them (RFC 1034#4.3.2, RFC 4592#3.3).
#include "facts/zone_facts.hpp"

#include <gtest/gtest.h>

#include "dns/zone.hpp"

namespace ptarmigan {
namespace {

using dns::name;
using dns::RecordType;

ZoneFacts world() {
  return ZoneFacts(dns::parse_zone(R"($ORIGIN example.com.
$TTL 300
www 60 IN CNAME web
web    IN A 192.0.2.7
deep.below.it IN A 192.0.2.8
*.wild IN TXT "any"
loop   IN CNAME loop
)")
                       .value());
}

TEST(ZoneFacts, follows_aliases_and_says_which) {
  const auto answer = world().answer({name("www.example.com"), RecordType::a});
  ASSERT_TRUE(answer.found());
  EXPECT_EQ(answer.all<IpAddress>().front().text(), "192.0.2.7");
  EXPECT_EQ(answer.aliases.size(), 1U);
}

TEST(ZoneFacts, tells_no_data_from_no_such_name) {
  EXPECT_EQ(world().answer({name("web.example.com"), RecordType::aaaa}).status, AnswerStatus::no_data);
  EXPECT_EQ(world().answer({name("below.it.example.com"), RecordType::a}).status, AnswerStatus::no_data);
  EXPECT_EQ(world().answer({name("nothing.example.com"), RecordType::a}).status, AnswerStatus::no_such_name);
}

TEST(ZoneFacts, wildcards_answer_for_names_that_do_not_exist) {
  const auto answer = world().answer({name("a.b.wild.example.com"), RecordType::txt});
  ASSERT_TRUE(answer.found());
  EXPECT_EQ(answer.records.front().owner, name("a.b.wild.example.com"));
}

TEST(ZoneFacts, an_alias_loop_fails) {
  EXPECT_EQ(world().answer({name("loop.example.com"), RecordType::a}).status, AnswerStatus::failed);
}

TEST(ZoneFacts, covers_what_its_owners_speak_about) {
  EXPECT_TRUE(world().covers(name("x.web.example.com")));
  EXPECT_FALSE(world().covers(name("example.com")));
}

}  // namespace
}  // namespace ptarmigan
