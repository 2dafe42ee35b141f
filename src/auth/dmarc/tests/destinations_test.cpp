// auth/dmarc/tests/destinations_test.cpp - the permission of RFC 9990#4.
#include "auth/dmarc/destinations.hpp"

#include <gtest/gtest.h>

#include "dns/zone.hpp"
#include "facts/zone_facts.hpp"

namespace ptarmigan::dmarc {
namespace {

constexpr std::string_view zone = R"(
_dmarc.example.com. IN TXT "v=DMARC1; p=none"
example.com._report._dmarc.thirdparty.example.net. IN TXT "v=DMARC1;"
example.com._report._dmarc.mover.example.net. IN TXT "v=DMARC1; rua=mailto:new@mover.example.net,mailto:evil@victim.example"
example.com._report._dmarc.other.example.net. IN TXT "hello"
*._report._dmarc.any.example.net. IN TXT "v=DMARC1"
)";

std::vector<Destination> check(std::string_view rua) {
  const auto record = Record::parse("v=DMARC1; p=none; rua=" + std::string(rua));
  EXPECT_TRUE(record);
  const ZoneFacts world(*dns::parse_zone(zone));
  return settle_with(
      world, [&](const Facts& facts) { return check_destinations(dns::name("example.com"), record->rua, facts); });
}

TEST(DmarcDestinations, own_organization_needs_no_permission) {
  for (const auto* rua : {"mailto:a@example.com", "mailto:a@reports.example.com"}) {
    const auto found = check(rua);
    ASSERT_EQ(found.size(), 1U);
    EXPECT_EQ(found[0].permission, Permission::own) << rua;
    EXPECT_EQ(found[0].addresses.size(), 1U);
  }
}

TEST(DmarcDestinations, others_must_publish_a_record) {
  const auto found = check(
      "mailto:a@thirdparty.example.net,mailto:a@other.example.net,mailto:a@any.example.net,https://example.net/x");
  ASSERT_EQ(found.size(), 4U);
  EXPECT_EQ(found[0].permission, Permission::granted);
  EXPECT_EQ(found[1].permission, Permission::refused);
  EXPECT_EQ(found[1].permission_name, dns::name("example.com._report._dmarc.other.example.net"));
  EXPECT_TRUE(found[1].addresses.empty());
  EXPECT_EQ(found[2].permission, Permission::granted);
  EXPECT_EQ(found[3].permission, Permission::not_mailto);
}

TEST(DmarcDestinations, a_destination_may_move_reports_only_within_its_host) {
  const auto found = check("mailto:old@mover.example.net");
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found[0].addresses, std::vector<std::string>{"new@mover.example.net"});
}

TEST(DmarcDestinations, a_failing_query_is_no_refusal) {
  const auto record = Record::parse("v=DMARC1; p=none; rua=mailto:a@example.net");
  ASSERT_TRUE(record);
  Facts facts;
  auto judged = check_destinations(dns::name("example.com"), record->rua, facts);
  while (!judged.known()) {
    for (const auto& question : judged.need().questions()) facts.add(question, {.status = AnswerStatus::timed_out});
    judged = check_destinations(dns::name("example.com"), record->rua, facts);
  }
  EXPECT_EQ(judged->front().permission, Permission::temperror);
}

TEST(DmarcDestinations, a_report_goes_to_each_address_once_and_to_few) {
  EXPECT_EQ(report_addresses(check("mailto:a@example.com,mailto:b@example.com,mailto:A@example.com,"
                                   "mailto:x@mover.example.net,mailto:y@mover.example.net,mailto:z@other.example.net")),
            (std::vector<std::string>{"a@example.com", "b@example.com", "new@mover.example.net"}));
  std::string many = "mailto:a0@example.com";
  for (int i = 1; i < 100; ++i) many += ",mailto:a" + std::to_string(i) + "@example.com";
  EXPECT_EQ(check(many).size(), max_report_uris);
  EXPECT_EQ(report_addresses(check(many)).size(), max_report_addresses);
}

// RFC 9989#4.7: the size limit of RFC 7489 has no effect any more, and no destination is lost by it.
TEST(DmarcDestinations, the_obsolete_size_limit_is_ignored) {
  for (const auto* rua : {"mailto:a@example.com!10m", "mailto:a@example.com!1", "mailto:a@example.com!99999999999t"}) {
    const auto found = check(rua);
    ASSERT_EQ(found.size(), 1U) << rua;
    EXPECT_EQ(found[0].addresses, std::vector<std::string>{"a@example.com"}) << rua;
  }
}

TEST(DmarcDestinations, a_loop_of_aliases_is_no_refusal) {
  const auto record = Record::parse("v=DMARC1; p=none; rua=mailto:a@example.net");
  const ZoneFacts loop(
      *dns::parse_zone("example.com._report._dmarc.example.net. CNAME x.example.net.\n"
                       "x.example.net. CNAME example.com._report._dmarc.example.net.\n"));
  const auto found = settle_with(
      loop, [&](const Facts& facts) { return check_destinations(dns::name("example.com"), record->rua, facts); });
  EXPECT_EQ(found.front().permission, Permission::temperror);
}

}  // namespace
}  // namespace ptarmigan::dmarc
