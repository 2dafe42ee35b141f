// publish/tests/publish_test.cpp - what must be published, told from zones as literals; changes, formats and plans.
#include <algorithm>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "auth/spf/check_host.hpp"
#include "dns/reverse.hpp"
#include "dns/zone.hpp"
#include "facts/zone_facts.hpp"
#include "publish/change.hpp"
#include "publish/format.hpp"
#include "publish/plan.hpp"

namespace ptarmigan::publish {
namespace {

constexpr std::string_view bare_world =
    "example.com. 300 SOA ns.example.com. h.example.com. 1 7200 900 1209600 600\n"
    "example.com. 300 MX 10 mail.example.com.\n"
    "2.0.192.in-addr.arpa. 300 SOA ns.example.com. h.example.com. 1 7200 900 1209600 600\n"
    "8.b.d.0.1.0.0.2.ip6.arpa. 300 SOA ns.example.com. h.example.com. 1 7200 900 1209600 600\n";

ZoneFacts world(std::string_view more = {}) {
  return ZoneFacts(dns::parse_zone(std::string(bare_world) + std::string(more)).value());
}
Deployment deployment() {
  return {dns::name("example.com"),
          {{{IpAddress::parse("192.0.2.1").value(), IpAddress::parse("2001:db8::1").value()},
            dns::name("mail.example.com")}},
          {{"2026a", "v=DKIM1; k=rsa; p=" + std::string(392, 'A')}},
          {}};
}
Everything found(std::string_view more = {}, const Deployment& asked = deployment()) {
  const auto zone = world(more);
  return settle_with(zone, [&](const Facts& facts) { return everything(asked, facts); });
}
const Wanted* find(const Everything& all, Step step) {
  const auto at = std::ranges::find(all.records, step, &Wanted::step);
  return at == all.records.end() ? nullptr : &*at;
}
std::string value(const Wanted* wanted) {
  return wanted == nullptr ? "" : std::get<dns::Txt>(wanted->record.data).joined();
}
/// `everything` published over the world.
ZoneFacts published(std::string_view more, const Everything& all) {
  auto records = dns::parse_zone(std::string(bare_world) + std::string(more)).value();
  for (const auto& wanted : all.records) {
    for (const auto& old : wanted.before)
      std::erase_if(records, [&](const dns::Record& r) { return r.owner == old.owner && r.data == old.data; });
    if (!wanted.present) records.push_back(wanted.record);
  }
  return ZoneFacts(records);
}

TEST(Records, both_families_get_forward_and_reverse_names_with_their_zone_cut) {
  const auto all = found();
  std::vector<std::string> lines;
  for (const auto& wanted : all.records)
    if (wanted.step <= Step::reverse) lines.push_back(dns::zone_line(wanted.record));
  EXPECT_EQ(lines, (std::vector<std::string>{
                       "mail.example.com. 3600 IN A 192.0.2.1", "mail.example.com. 3600 IN AAAA 2001:db8::1",
                       "1.2.0.192.in-addr.arpa. 3600 IN PTR mail.example.com.",
                       "1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa. 3600 IN PTR "
                       "mail.example.com."}));
  EXPECT_EQ(all.records[2].zone->text(), "2.0.192.in-addr.arpa");
  EXPECT_EQ(all.records[3].relative_owner, "1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0");
}

// RFC 2317#4: the address's own name is an alias into a zone of the customer's.
TEST(Records, a_delegated_reverse_name_is_published_where_the_alias_leads) {
  const auto all = found(
      "1.2.0.192.in-addr.arpa. 300 CNAME 1.0-63.2.0.192.in-addr.arpa.\n"
      "0-63.2.0.192.in-addr.arpa. 300 SOA ns.example.com. h.example.com. 1 7200 900 1209600 600\n");
  const auto* reverse = find(all, Step::reverse);
  ASSERT_NE(reverse, nullptr);
  EXPECT_EQ(reverse->record.owner.text(), "1.0-63.2.0.192.in-addr.arpa");
  EXPECT_EQ(reverse->zone->text(), "0-63.2.0.192.in-addr.arpa");
  EXPECT_EQ(reverse->relative_owner, "1");
}

TEST(Records, spf_keeps_its_terms_and_covers_each_address_that_did_not_pass) {
  const auto all = found(
      "example.com. 300 TXT \"v=spf1 include:_spf.example.net ip4:192.0.2.0/24 -all\"\n"
      "_spf.example.net. 300 TXT \"v=spf1 ip4:198.51.100.1 -all\"\n");
  EXPECT_EQ(value(find(all, Step::spf)), "v=spf1 include:_spf.example.net ip4:192.0.2.0/24 ip6:2001:db8::1 -all");
  EXPECT_EQ(find(all, Step::spf)->before.size(), 1u);
}

TEST(Records, spf_that_covers_all_stays_as_it_is) {
  const auto all = found(
      "mail.example.com. 300 A 192.0.2.1\nmail.example.com. 300 AAAA 2001:db8::1\n"
      "example.com. 300 TXT \"v=spf1 mx -all\"\n");
  EXPECT_TRUE(find(all, Step::spf)->present);
  EXPECT_EQ(value(find(all, Step::spf)), "v=spf1 mx -all");
}

TEST(Records, two_spf_records_become_one_that_covers_both) {
  const auto all = found(
      "example.com. 300 TXT \"v=spf1 ip4:198.51.100.1 -all\"\n"
      "example.com. 300 TXT \"v=spf1 mx ~all\"\nexample.com. 300 TXT \"other\"\n");
  EXPECT_EQ(value(find(all, Step::spf)), "v=spf1 ip4:198.51.100.1 mx ip4:192.0.2.1 ip6:2001:db8::1 ~all");
  EXPECT_EQ(find(all, Step::spf)->before.size(), 2u);
}

TEST(Records, spf_beyond_the_look_up_limit_keeps_its_addresses) {
  std::string record = "example.com. 300 TXT \"v=spf1";
  std::string others;
  for (int i = 0; i < 11; ++i) {
    record += (i == 5 ? "\" \"" : "") + std::string(" include:s") + std::to_string(i) + ".example.com";
    others += "s" + std::to_string(i) + ".example.com. 300 TXT \"v=spf1 ip4:198.51.100.1 -all\"\n";
  }
  const auto all = found(record + "\" \" ip4:203.0.113.7 -all\"\n" + others);
  EXPECT_EQ(value(find(all, Step::spf)), "v=spf1 ip4:203.0.113.7 ip4:192.0.2.1 ip6:2001:db8::1 ~all");
  EXPECT_EQ(all.notes.size(), 1u);
}

TEST(Records, a_long_key_is_cut_into_strings_of_255_octets) {
  const auto all = found();
  const auto& strings = std::get<dns::Txt>(find(all, Step::dkim)->record.data).strings;
  ASSERT_EQ(strings.size(), 2u);
  EXPECT_EQ(strings[0].size(), 255u);
}

TEST(Records, dmarc_keeps_its_policy_and_gets_reports) {
  const auto all = found("_dmarc.example.com. 300 TXT \"v=DMARC1; p=reject; adkim=s\"\n");
  EXPECT_EQ(value(find(all, Step::dmarc)), "v=DMARC1; p=reject; adkim=s; rua=mailto:dmarc-reports@example.com");
}

TEST(Records, mta_sts_policy_names_the_mx_hosts_and_its_id_changes_with_it) {
  const auto one = found();
  EXPECT_EQ(one.mta_sts_policy, "version: STSv1\r\nmode: testing\r\nmx: mail.example.com\r\nmax_age: 604800\r\n");
  const auto two = found("example.com. 300 MX 20 second.example.com.\n");
  EXPECT_NE(value(find(one, Step::mta_sts)), value(find(two, Step::mta_sts)));
}

TEST(Records, what_was_published_is_all_present_and_passes_spf_from_every_address) {
  for (const std::string_view more :
       {"", "example.com. 300 TXT \"v=spf1 a:x.example.com -all\"\n", "example.com. 300 TXT \"v=spf1 bad:term\"\n"}) {
    const auto after = published(more, found(more));
    const auto again = settle_with(after, [&](const Facts& facts) { return everything(deployment(), facts); });
    for (const auto& wanted : again.records) EXPECT_TRUE(wanted.present) << dns::zone_line(wanted.record);
    for (const auto& address : deployment().hosts.front().addresses) {
      for (const auto identity : {spf::Identity::mail_from, spf::Identity::helo}) {
        spf::Query query;
        query.client = address;
        query.helo = "mail.example.com";
        query.mail_from = identity == spf::Identity::mail_from ? "a@example.com" : "";
        query.identity = identity;
        const auto result = settle_with(after, [&](const Facts& facts) { return spf::check_host(query, facts); });
        EXPECT_EQ(result.outcome, spf::Outcome::pass) << more << result.problem;
      }
    }
  }
}

TEST(Format, bind_lines_are_a_zone_that_holds_every_record) {
  const auto all = found();
  const auto records = dns::parse_zone(formatted(all, Format::bind));
  ASSERT_TRUE(records.has_value());
  EXPECT_EQ(records->size(), all.records.size());
}

TEST(Format, nsupdate_deletes_only_what_it_has_seen) {
  const auto text = formatted(found("example.com. 300 TXT \"v=spf1 -all\"\n"), Format::nsupdate);
  EXPECT_TRUE(text.contains("prereq yxrrset example.com. TXT \"v=spf1 -all\"\n"));
  EXPECT_TRUE(text.contains("update delete example.com. TXT \"v=spf1 -all\"\n"));
}

TEST(Format, hcl_templates_in_a_value_stay_text) {
  EXPECT_EQ(quoted_text("a${b}%{c}$d"), R"("a\u0024{b}\u0025{c}$d")");
}

TEST(Plan, waits_as_long_as_caches_may_keep_the_old_answer) {
  const auto steps = plan(found("example.com. 120 TXT \"v=spf1 -all\"\n"), deployment(), WallTime{});
  const auto spf = std::ranges::find(steps, "publish the SPF", &PlanStep::title);
  ASSERT_NE(spf, steps.end());
  EXPECT_EQ(spf->wait, 120u);
  EXPECT_EQ(steps.front().title, "publish the forward name");
  EXPECT_EQ(steps.front().wait,
            300u);  // the negative TTL: the smaller of the SOA's own TTL and its minimum (RFC 2308#5)
  for (std::size_t i = 1; i < steps.size(); ++i)
    EXPECT_EQ(*steps[i].earliest - *steps[i - 1].earliest, seconds(steps[i].wait));
}

TEST(Plan, rotation_publishes_signs_waits_for_queues_and_revokes) {
  const auto steps = plan(found(), deployment(), std::nullopt, Rotation{"old", deployment().keys.front()});
  ASSERT_GE(steps.size(), 3u);
  EXPECT_EQ(steps[steps.size() - 2].wait, longest_in_queues);
  EXPECT_TRUE(steps.back().publish.front().contains("old._domainkey.example.com. 3600 IN TXT \"v=DKIM1; p=\""));
}

TEST(Change, replacing_text_leaves_text_of_other_kinds) {
  const auto zone = world("example.com. 300 TXT \"v=spf1 -all\"\nexample.com. 300 TXT \"verification=1\"\n");
  const std::vector<Intent> intents{
      {dns::parse_record("example.com. TXT \"v=spf1 mx -all\"").value(), Intent::Action::replace}};
  const auto changes = settle_with(zone, [&](const Facts& facts) { return changes_of(intents, facts); });
  ASSERT_EQ(changes.size(), 1u);
  EXPECT_EQ(difference(changes[0]),
            "- example.com. 300 IN TXT \"v=spf1 -all\"\n+ example.com. 3600 IN TXT \"v=spf1 mx -all\"\n");
  EXPECT_EQ(changes[0].after.size(), 2u);
  EXPECT_EQ(difference(changes[0].undone()),
            "- example.com. 3600 IN TXT \"v=spf1 mx -all\"\n+ example.com. 300 IN TXT \"v=spf1 -all\"\n");
}

TEST(Change, reads_the_repairs_of_check_and_refuses_anything_else) {
  const auto intents =
      intents_of_check(R"({"version":1,"repairs":[{"zone_line":"a.example. 60 IN A 192.0.2.1","action":"add"}]})");
  ASSERT_TRUE(intents.has_value());
  EXPECT_EQ(intents->front().record.owner.text(), "a.example");
  for (const auto* wrong : {"", "[]", "{}", R"({"repairs":[1]})", R"({"repairs":[{"zone_line":"x","action":"add"}]})"})
    EXPECT_FALSE(intents_of_check(wrong).has_value()) << wrong;
}

}  // namespace
}  // namespace ptarmigan::publish
