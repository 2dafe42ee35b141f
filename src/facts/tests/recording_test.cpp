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

}  // namespace
}  // namespace ptarmigan
