// dns/tests/record_test.cpp - zone-file form of records (RFC 1035#5.1).
#include "dns/record.hpp"

#include <gtest/gtest.h>

#include "dns/zone.hpp"

namespace ptarmigan::dns {
namespace {

TEST(Record, prints_zone_lines_with_absolute_names) {
  const Record mx{name("example.com"), RecordType::mx, 300, Mx{10, name("mx.example.com")}};
  EXPECT_EQ(zone_line(mx), "example.com. 300 IN MX 10 mx.example.com.");
  const Record null_mx{name("example.com"), RecordType::mx, 300, Mx{0, DomainName()}};
  EXPECT_EQ(zone_line(null_mx), "example.com. 300 IN MX 0 .");
}

TEST(Record, long_text_is_cut_into_strings_of_255) {
  const auto txt = txt_of(std::string(600, 'x'));
  ASSERT_EQ(txt.strings.size(), 3U);
  EXPECT_EQ(txt.strings[0].size(), 255U);
  EXPECT_EQ(txt.joined(), std::string(600, 'x'));
  EXPECT_EQ(txt_of("").strings.size(), 1U);
}

TEST(Record, quotes_and_octets_are_escaped_and_read_back) {
  const Record record{name("example.com"), RecordType::txt, 60, Txt{{"a\"b\\c\x01", "d;e"}}};
  EXPECT_EQ(zone_line(record), "example.com. 60 IN TXT \"a\\\"b\\\\c\\001\" \"d;e\"");
  EXPECT_EQ(parse_record(zone_line(record)), record);
}

TEST(RecordType, names_ignore_case) {
  EXPECT_EQ(parse_record_type("aaaa"), RecordType::aaaa);
  EXPECT_FALSE(parse_record_type("HINFO"));
}

}  // namespace
}  // namespace ptarmigan::dns
