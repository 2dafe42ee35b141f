// facts/tests/recording_test.cpp - a recording reads back as the same facts; wrong input names its entry.
#include "facts/recording.hpp"

#include <gtest/gtest.h>

#include "dns/zone.hpp"

namespace ptarmigan {
namespace {

using dns::name;
using dns::RecordType;

TEST(Recording, every_status_round_trips) {
  Facts facts;
  const auto record = dns::parse_record("web.example. 60 IN TXT \"v=spf1 \" \"-all; \\\" \\195\\188\"").value();
  facts.add({name("www.example"), RecordType::txt},
            {.status = AnswerStatus::found,
             .records = {record},
             .aliases = {dns::parse_record("www.example. 60 IN CNAME web.example.").value()},
             .ttl = 60,
             .dnssec = Dnssec::secure});
  facts.add({name("a.example"), RecordType::a}, {.status = AnswerStatus::no_data, .ttl = 5});
  facts.add({name("b.example"), RecordType::a}, {.status = AnswerStatus::no_such_name, .ttl = 5});
  facts.add({name("c.example"), RecordType::mx},
            {.status = AnswerStatus::failed, .dnssec = Dnssec::bogus, .detail = "bogus: expired"});
  facts.add({name("d.example"), RecordType::aaaa}, {.status = AnswerStatus::timed_out});
  auto read = read_recording(write_recording(facts));
  ASSERT_TRUE(read) << read.error().text();
  for (const auto& [question, answer] : facts.answers()) {
    auto expected = answer;
    expected.source = "recording";
    ASSERT_NE(read->facts.find(question), nullptr) << question.text();
    EXPECT_EQ(*read->facts.find(question), expected) << question.text();
  }
}

TEST(Recording, the_default_answers_what_is_not_listed) {
  const auto recording = read_recording(R"({"dns": [], "default": "timeout"})");
  ASSERT_TRUE(recording);
  EXPECT_EQ(recording->answer({name("x.example"), RecordType::a}).status, AnswerStatus::timed_out);
}

TEST(Recording, an_error_names_the_entry) {
  for (
      const char* text :
      {R"({"dns": [{"name": "a.example", "type": "A", "data": ["192.0.2.1"]}, {"name": "b.example", "type": "A", "data": ["x"]}]})",
       R"({"dns": [{"name": "a.example", "type": "A"}, {"name": "b.example", "type": "A", "rcode": "WHAT"}]})"}) {
    const auto recording = read_recording(text);
    ASSERT_FALSE(recording);
    EXPECT_TRUE(recording.error().message.starts_with("entry 2: ")) << recording.error().message;
  }
  EXPECT_FALSE(read_recording("[]"));
  EXPECT_FALSE(read_recording("{\"version\": 2, \"dns\": []}"));
}

TEST(Recording, what_is_not_listed_follows_from_what_is) {
  const auto recording = read_recording(R"({"dns": [
    {"name": "alias.example", "type": "CNAME", "data": ["host.example."]},
    {"name": "host.example", "type": "A", "data": ["192.0.2.1"]},
    {"name": "one.loop.example", "type": "CNAME", "data": "two.loop.example."},
    {"name": "two.loop.example", "type": "CNAME", "data": "one.loop.example."},
    {"name": "dangling.example", "type": "CNAME", "data": "gone.example."},
    {"name": "slow.example", "type": "A", "timeout": true},
    {"name": "gone.example", "type": "A", "rcode": "NXDOMAIN"}]})");
  ASSERT_TRUE(recording) << recording.error().text();
  const auto answer = [&](std::string_view owner, RecordType type) { return recording->answer({name(owner), type}); };
  EXPECT_EQ(answer("alias.example", RecordType::a).all<IpAddress>().size(), 1U);
  EXPECT_EQ(answer("alias.example", RecordType::a).aliases.size(), 1U);
  EXPECT_EQ(answer("alias.example", RecordType::mx).status, AnswerStatus::no_data);
  EXPECT_EQ(answer("one.loop.example", RecordType::a).status, AnswerStatus::failed);
  EXPECT_EQ(answer("loop.example", RecordType::a).status, AnswerStatus::no_data);
  EXPECT_EQ(answer("dangling.example", RecordType::a).status, AnswerStatus::no_such_name);
  EXPECT_EQ(answer("slow.example", RecordType::mx).status, AnswerStatus::no_such_name);
  EXPECT_EQ(answer("other.example", RecordType::a).status, AnswerStatus::no_such_name);
}

TEST(Recording, entries_of_one_question_are_one_answer) {
  const auto recording = read_recording(R"({"dns": [
    {"name": "a.example", "type": "TXT", "data": ["one"]}, {"name": "A.example.", "type": "txt", "data": "two"}]})");
  ASSERT_TRUE(recording) << recording.error().text();
  EXPECT_EQ(recording->answer({name("a.example"), RecordType::txt}).records.size(), 2U);
  const auto later = read_recording(R"({"dns": [
    {"name": "a.example", "type": "TXT", "data": []}, {"name": "a.example", "type": "TXT", "rcode": "SERVFAIL"}]})");
  EXPECT_EQ(later->answer({name("a.example"), RecordType::txt}).status, AnswerStatus::failed);
}

TEST(Recording, txt_data_without_quotes_is_one_string) {
  const auto recording = read_recording(
      R"({"dns": [{"name": "a.example", "type": "TXT", "data": ["v=spf1 ip4:192.0.2.1 -all", "\"v=spf1 \" \"-all\""]}]})");
  ASSERT_TRUE(recording) << recording.error().text();
  const auto texts = recording->answer({name("a.example"), RecordType::txt}).all<dns::Txt>();
  ASSERT_EQ(texts.size(), 2U);
  EXPECT_EQ(texts[0].strings, std::vector<std::string>{"v=spf1 ip4:192.0.2.1 -all"});
  EXPECT_EQ(texts[1].joined(), "v=spf1 -all");
}

}  // namespace
}  // namespace ptarmigan
