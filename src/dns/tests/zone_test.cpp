// dns/tests/zone_test.cpp - zone text of RFC 1035#5.1, and errors that name their line.
#include "dns/zone.hpp"

#include <gtest/gtest.h>

namespace ptarmigan::dns {
namespace {

TEST(Zone, reads_origin_ttl_relative_names_and_parentheses) {
  const auto records = parse_zone(R"($ORIGIN example.com.
$TTL 300
@     IN SOA ns.example.com. hostmaster.example.com. ( 1 7200 3600
                 1209600 5 ) ; the minimum
      IN MX 10 mail
mail  IN A 192.0.2.1
      IN AAAA 2001:db8::1
@ 60  IN TXT "v=spf1 " "a -all"
)");
  ASSERT_TRUE(records) << records.error().text();
  ASSERT_EQ(records->size(), 5U);
  EXPECT_EQ(std::get<Soa>((*records)[0].data).minimum, 5U);
  EXPECT_EQ(zone_line((*records)[1]), "example.com. 300 IN MX 10 mail.example.com.");
  EXPECT_EQ(zone_line((*records)[3]), "mail.example.com. 300 IN AAAA 2001:db8::1");
  EXPECT_EQ((*records)[4].ttl, 60U);
  EXPECT_EQ(std::get<Txt>((*records)[4].data).joined(), "v=spf1 a -all");
}

TEST(Zone, an_error_names_its_line) {
  const auto records = parse_zone("$TTL 300\nexample.com. IN A 192.0.2.1\nexample.com. IN A 192.0.2.999\n");
  ASSERT_FALSE(records);
  EXPECT_NE(records.error().message.find("line 3"), std::string::npos) << records.error().message;
}

TEST(Zone, an_empty_zone_has_no_records) {
  EXPECT_TRUE(parse_zone(" \n")->empty());
}

TEST(Zone, one_record_from_the_command_line) {
  EXPECT_EQ(zone_line(*parse_record("example.com. TXT \"v=spf1 -all\"", 60)), "example.com. 60 IN TXT \"v=spf1 -all\"");
  EXPECT_FALSE(parse_record("example.com."));
  EXPECT_FALSE(parse_record("a. A 192.0.2.1\nb. A 192.0.2.1"));
}

TEST(Zone, octets_that_mean_something_in_zone_text_are_escaped_in_names) {
  for (const std::string_view octets : {"c;m.example", "a(b.example", "a)b.example", "@.example", "a b.example"}) {
    const Record record{DomainName::from_labels(octets).value(), RecordType::a, 45, IpAddress::v4({192, 0, 2, 1})};
    const auto again = parse_record(zone_line(record));
    ASSERT_TRUE(again) << octets << ": " << again.error().message;
    EXPECT_EQ(*again, record) << zone_line(record);
  }
}

TEST(Zone, a_nul_octet_is_refused) {
  using namespace std::string_view_literals;
  EXPECT_FALSE(parse_zone("example.com. TXT \"a\"\n\0example.com. TXT \"b\"\n"sv));
}

}  // namespace
}  // namespace ptarmigan::dns
