// auth/iprev/tests/iprev_test.cpp - the outcomes of RFC 8601#2.7.3.
#include "auth/iprev/iprev.hpp"

#include <gtest/gtest.h>

#include "dns/zone.hpp"
#include "facts/zone_facts.hpp"

namespace ptarmigan::iprev {
namespace {

constexpr std::string_view zone = R"(
1.2.0.192.in-addr.arpa. IN PTR mail.example.com.
mail.example.com. IN A 192.0.2.1
mail.example.com. IN AAAA 2001:db8::1
1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa. IN PTR Mail.Example.COM.
2.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa. IN PTR four.example.com.
four.example.com. IN A 192.0.2.4
2.2.0.192.in-addr.arpa. IN CNAME 2.0-127.2.0.192.in-addr.arpa.
2.0-127.2.0.192.in-addr.arpa. IN PTR delegated.example.com.
delegated.example.com. IN A 192.0.2.2
3.2.0.192.in-addr.arpa. IN PTR gone.example.com.
3.2.0.192.in-addr.arpa. IN PTR other.example.com.
other.example.com. IN A 192.0.2.99
)";

Result check(std::string_view address) {
  return settle_with(ZoneFacts(*dns::parse_zone(zone)),
                     [&](const Facts& facts) { return check_iprev(*IpAddress::parse(address), facts); });
}

TEST(Iprev, a_name_that_has_the_address_passes) {
  for (const auto* address : {"192.0.2.1", "::ffff:192.0.2.1", "2001:db8::1"}) {
    const auto result = check(address);
    EXPECT_EQ(result.outcome, Outcome::pass) << address;
    EXPECT_EQ(result.name, dns::name("mail.example.com")) << address;
    EXPECT_EQ(result.problem, "");
  }
}

TEST(Iprev, an_address_without_ptr_is_permerror) {
  const auto result = check("2001:db8::9");
  EXPECT_EQ(result.outcome, Outcome::permerror);
  EXPECT_EQ(result.problem, "2001:db8::9 has no PTR record");
}

TEST(Iprev, names_without_the_address_fail) {
  const auto result = check("192.0.2.3");
  EXPECT_EQ(result.outcome, Outcome::fail);
  ASSERT_EQ(result.candidates.size(), 2U);
  EXPECT_EQ(result.candidates[0].status, AnswerStatus::no_such_name);
  EXPECT_EQ(result.candidates[1].addresses.size(), 1U);
}

TEST(Iprev, only_the_family_of_the_address_counts) {
  EXPECT_EQ(check("2001:db8::2").outcome, Outcome::fail);
}

TEST(Iprev, a_ptr_behind_a_cname_is_followed) {
  EXPECT_EQ(check("192.0.2.2").outcome, Outcome::pass);
}

TEST(Iprev, failing_queries_are_temperror_unless_another_name_passes) {
  const auto address = *IpAddress::parse("192.0.2.1");
  const Question reverse{dns::name("1.2.0.192.in-addr.arpa"), dns::RecordType::ptr};
  const auto ptr = [&](std::string_view target) {
    return dns::Record{reverse.name, dns::RecordType::ptr, 300, dns::Target{dns::name(target)}};
  };
  const auto a = [](std::string_view name) { return Question{dns::name(name), dns::RecordType::a}; };
  Facts facts;
  facts.add(reverse, {.status = AnswerStatus::timed_out});
  EXPECT_EQ(check_iprev(address, facts)->outcome, Outcome::temperror);
  facts.add(reverse, {.status = AnswerStatus::found, .records = {ptr("a.example"), ptr("b.example")}});
  facts.add(a("a.example"), {.status = AnswerStatus::failed});
  facts.add(a("b.example"), {.status = AnswerStatus::no_data});
  EXPECT_EQ(check_iprev(address, facts)->outcome, Outcome::temperror);
  facts.add(a("b.example"),
            {.status = AnswerStatus::found, .records = {{dns::name("b.example"), dns::RecordType::a, 300, address}}});
  EXPECT_EQ(check_iprev(address, facts)->outcome, Outcome::pass);
}

TEST(Iprev, eleventh_name_is_ignored_and_all_are_asked_together) {
  const auto address = *IpAddress::parse("192.0.2.1");
  const Question reverse{dns::name("1.2.0.192.in-addr.arpa"), dns::RecordType::ptr};
  Answer many{.status = AnswerStatus::found};
  for (int i = 0; i < 11; ++i)
    many.records.push_back(
        {reverse.name, dns::RecordType::ptr, 300, dns::Target{dns::name("n" + std::to_string(i) + ".example")}});
  Facts facts;
  facts.add(reverse, many);
  const auto judged = check_iprev(address, facts);
  ASSERT_FALSE(judged.known());
  EXPECT_EQ(judged.need().questions().size(), 10U);
}

}  // namespace
}  // namespace ptarmigan::iprev
