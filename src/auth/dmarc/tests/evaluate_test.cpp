// auth/dmarc/tests/evaluate_test.cpp - tree walk (RFC 9989#4.10), policy choice and alignment, and what errors become.
#include "auth/dmarc/evaluate.hpp"

#include <gtest/gtest.h>

#include "dns/zone.hpp"
#include "facts/zone_facts.hpp"

namespace ptarmigan::dmarc {
namespace {

ZoneFacts world(std::string_view zone) {
  const auto records = dns::parse_zone(zone);
  EXPECT_TRUE(records) << (records ? "" : records.error().text());
  return ZoneFacts(records.value_or(std::vector<dns::Record>{}));
}

Result judge(const ZoneFacts& zone, const Query& query) {
  return settle_with(zone, [&](const Facts& facts) { return evaluate(query, facts); });
}

Identifier passed(std::string_view domain) {
  return {dns::name(domain), Authenticated::pass};
}

TEST(DmarcWalk, thirteen_labels_need_eight_queries) {
  const auto walked = walk_tree(dns::name("a.b.c.d.e.f.g.h.i.j.k.example.com"), Facts());
  ASSERT_FALSE(walked.known());
  std::vector<std::string> names;
  for (const auto& question : walked.need().questions()) names.push_back(question.name.text());
  // RFC 9989#4.10: the start, then seven labels and downwards.
  EXPECT_EQ(names, (std::vector<std::string>{"_dmarc.a.b.c.d.e.f.g.h.i.j.k.example.com", "_dmarc.g.h.i.j.k.example.com",
                                             "_dmarc.h.i.j.k.example.com", "_dmarc.i.j.k.example.com",
                                             "_dmarc.j.k.example.com", "_dmarc.k.example.com", "_dmarc.example.com",
                                             "_dmarc.com"}));
}

TEST(DmarcEvaluate, aligned_identifiers_pass) {
  const auto zone = world("_dmarc.example.com. IN TXT \"v=DMARC1; p=reject\"\n");
  const auto relaxed = judge(zone, {.author_domains = {"news.Example.com."}, .spf = passed("bounce.example.com")});
  EXPECT_EQ(relaxed.outcome, Outcome::pass);
  EXPECT_TRUE(relaxed.spf_aligned);
  EXPECT_EQ(relaxed.disposition(), Policy::none);
  const auto failed =
      judge(zone, {.author_domains = {"example.com"}, .spf = passed("example.net"), .dkim = {passed("example.org")}});
  EXPECT_EQ(failed.outcome, Outcome::fail);
  EXPECT_EQ(failed.disposition(), Policy::reject);
  const auto unsigned_mail = judge(
      zone, {.author_domains = {"example.com"}, .spf = Identifier{dns::name("example.com"), Authenticated::fail}});
  EXPECT_EQ(unsigned_mail.outcome, Outcome::fail);
}

TEST(DmarcEvaluate, several_author_domains_are_permerror) {
  const auto zone = world("_dmarc.example.com. IN TXT \"v=DMARC1; p=reject\"\n");
  EXPECT_EQ(judge(zone, {.author_domains = {"example.com", "example.org"}}).outcome, Outcome::permerror);
  EXPECT_EQ(judge(zone, {.author_domains = {}}).outcome, Outcome::permerror);
  EXPECT_EQ(judge(zone, {.author_domains = {"example.com", "EXAMPLE.com."}, .dkim = {passed("example.com")}}).outcome,
            Outcome::pass);
}

TEST(DmarcEvaluate, unicode_author_domain_is_its_a_label) {
  const auto zone = world("_dmarc.xn--bcher-kva.example. IN TXT \"v=DMARC1; p=reject\"\n");
  const auto result = judge(zone, {.author_domains = {"b\xc3\xbc"
                                                      "cher.example"},
                                   .dkim = {passed("xn--bcher-kva.example")}});
  EXPECT_EQ(result.outcome, Outcome::pass);
}

// A key below a public suffix speaks for nobody under it.
TEST(DmarcEvaluate, a_public_suffix_is_aligned_with_no_name_below_it) {
  const Query query{
      .author_domains = {"example.bank"}, .spf = passed("bank"), .dkim = {passed("bank"), passed("other.bank")}};
  for (const auto* records :
       {"_dmarc.example.bank. IN TXT \"v=DMARC1; p=reject\"\n", "_dmarc.bank. IN TXT \"v=DMARC1; p=reject; psd=y\"\n",
        "_dmarc.example.bank. IN TXT \"v=DMARC1; p=reject\"\n"
        "_dmarc.bank. IN TXT \"v=DMARC1; p=reject; psd=y\"\n"})
    EXPECT_EQ(judge(world(records), query).outcome, Outcome::fail) << records;
}

TEST(DmarcEvaluate, a_temporary_error_of_an_aligned_identifier_is_no_fail) {
  const auto zone = world("_dmarc.example.com. IN TXT \"v=DMARC1; p=reject\"\n");
  const Identifier aligned{dns::name("m.example.com"), Authenticated::temperror};
  const Identifier foreign{dns::name("example.net"), Authenticated::temperror};
  EXPECT_EQ(judge(zone, {.author_domains = {"example.com"}, .spf = aligned}).outcome, Outcome::temperror);
  EXPECT_EQ(judge(zone, {.author_domains = {"example.com"}, .dkim = {aligned}}).outcome, Outcome::temperror);
  EXPECT_EQ(judge(zone, {.author_domains = {"example.com"}, .spf = foreign, .dkim = {foreign}}).outcome, Outcome::fail);
  EXPECT_EQ(judge(zone, {.author_domains = {"example.com"}, .spf = aligned, .dkim = {passed("example.com")}}).outcome,
            Outcome::pass);
}

TEST(DmarcEvaluate, unknown_existence_never_makes_a_fail_and_shows_the_weaker_policy) {
  Facts facts;
  const auto zone = world("_dmarc.example.com. IN TXT \"v=DMARC1; p=reject; np=none; sp=quarantine\"\n");
  for (const auto* name : {"_dmarc.a.example.com", "_dmarc.example.com", "_dmarc.com"}) {
    const Question question{dns::name(name), dns::RecordType::txt};
    facts.add(question, zone.answer(question));
  }
  facts.add({dns::name("a.example.com"), dns::RecordType::a}, {.status = AnswerStatus::timed_out});
  const auto judged = evaluate({.author_domains = {"a.example.com"}}, facts);
  ASSERT_TRUE(judged.known());
  EXPECT_EQ(judged->outcome, Outcome::temperror);
  EXPECT_EQ(judged->discovery.policy->published, Policy::none);
}

TEST(DmarcEvaluate, a_dangling_alias_exists) {
  const auto zone = world(
      "_dmarc.example.com. IN TXT \"v=DMARC1; p=none; np=reject\"\nalias.example.com. IN CNAME gone.example.net.\n");
  EXPECT_EQ(judge(zone, {.author_domains = {"alias.example.com"}}).discovery.policy->published, Policy::none);
  EXPECT_EQ(judge(zone, {.author_domains = {"none.example.com"}}).discovery.policy->published, Policy::reject);
}

TEST(DmarcEvaluate, too_many_identifiers_are_temperror_unless_one_passes) {
  const auto zone = world(
      "_dmarc.example.com. IN TXT \"v=DMARC1; p=reject\"\n*.sub.example.com. IN TXT \"v=DMARC1; p=none; psd=n\"\n");
  Query query{.author_domains = {"example.com"}};
  // Each has a record of its own, so none is aligned with example.com.
  for (std::size_t i = 0; i <= max_identifier_walks; ++i)
    query.dkim.push_back(passed("x" + std::to_string(i) + ".sub.example.com"));
  const auto result = judge(zone, query);
  EXPECT_EQ(result.outcome, Outcome::temperror);
  EXPECT_EQ(result.dkim.back(), Alignment::unknown);
  query.dkim.pop_back();
  EXPECT_EQ(judge(zone, query).outcome, Outcome::fail);
  query.dkim.resize(max_identifier_walks + 1, passed("example.com"));
  EXPECT_EQ(judge(zone, query).outcome, Outcome::pass);
}

TEST(DmarcEvaluate, restart_equals_one_shot) {
  const auto zone = world(
      "_dmarc.bank.example. IN TXT \"v=DMARC1; p=reject; sp=quarantine; np=none; psd=y\"\n"
      "mail.giant.bank.example. IN MX 10 mx.example.\n");
  const Query query{
      .author_domains = {"mail.giant.bank.example"},
      .spf = passed("mega.bank.example"),
      .dkim = {passed("x.giant.bank.example"), {dns::name("giant.bank.example"), Authenticated::temperror}}};
  Facts facts;
  auto slow = evaluate(query, facts);
  while (!slow.known()) {
    const auto& question = slow.need().questions().back();
    facts.add(question, zone.answer(question));
    slow = evaluate(query, facts);
  }
  EXPECT_EQ(*slow, judge(zone, query));
  EXPECT_EQ(slow->outcome, Outcome::pass);
  EXPECT_EQ(slow->discovery.policy->source, PolicySource::public_suffix);
  EXPECT_EQ(slow->discovery.policy->tag, PolicyTag::sp);
}

TEST(DmarcEvaluate, rfc7489_mode_finds_organizations_by_the_list) {
  const auto list = PublicSuffixList::parse("// c\ncom\nco.uk\n*.ck\n!www.ck\nblogspot.com\n");
  ASSERT_TRUE(list);
  const auto zone = world(
      "_dmarc.mail.example.com. IN TXT \"v=DMARC1; p=reject\"\n_dmarc.example.com. IN TXT \"v=DMARC1; p=none; "
      "sp=quarantine\"\n"
      "_dmarc.blogspot.com. IN TXT \"v=DMARC1; p=reject\"\n");
  // RFC 9989 makes mail.example.com's parent the organization only by its record; the list by itself.
  const Query own{.author_domains = {"mail.example.com"}, .dkim = {passed("example.com")}, .method = {&*list}};
  const auto result = judge(zone, own);
  EXPECT_EQ(result.outcome, Outcome::pass);
  EXPECT_EQ(result.discovery.policy->published, Policy::reject);
  const auto deep = judge(zone, {.author_domains = {"a.b.example.com"}, .method = {&*list}});
  EXPECT_EQ(deep.outcome, Outcome::fail);
  EXPECT_EQ(deep.disposition(), Policy::quarantine);
  EXPECT_EQ(deep.discovery.policy->source, PolicySource::organizational);
  // A name on the list has no policy for the names below it.
  EXPECT_EQ(judge(zone, {.author_domains = {"alice.blogspot.com"}, .method = {&*list}}).outcome, Outcome::none);
}

// RFC 9989#4.7, tags np, sp and t
TEST(DmarcEvaluate, the_policy_of_names_below_and_of_names_that_do_not_exist) {
  const auto policy = [](std::string_view tags, std::string_view author) {
    const auto zone = world("_dmarc.example.com. TXT \"v=DMARC1; " + std::string(tags) +
                            "\"\nthere.example.com. A 192.0.2.1\nempty.non.terminal.example.com. A 192.0.2.1\n");
    return judge(zone, {.author_domains = {std::string(author)}}).disposition();
  };
  EXPECT_EQ(policy("p=none; sp=quarantine; np=reject", "example.com"), Policy::none);
  EXPECT_EQ(policy("p=none; sp=quarantine; np=reject", "there.example.com"), Policy::quarantine);
  EXPECT_EQ(policy("p=none; sp=quarantine; np=reject", "non.terminal.example.com"), Policy::quarantine);
  EXPECT_EQ(policy("p=none; sp=quarantine; np=reject", "gone.example.com"), Policy::reject);
  EXPECT_EQ(policy("p=none; sp=quarantine", "gone.example.com"), Policy::quarantine);
  EXPECT_EQ(policy("p=reject", "gone.example.com"), Policy::reject);
  EXPECT_EQ(policy("p=reject; t=y", "example.com"), Policy::quarantine);
  EXPECT_EQ(policy("p=quarantine; t=y", "example.com"), Policy::none);
  EXPECT_EQ(policy("p=reject; pct=0", "example.com"), Policy::reject);
}

// RFC 9989#4.10.1
TEST(DmarcEvaluate, several_records_count_as_none_and_end_discovery_at_the_author_domain) {
  const std::string above = "_dmarc.example.com. TXT \"v=DMARC1; p=reject\"\n";
  const auto two = [](const std::string& name) {
    return "_dmarc." + name + ". TXT \"v=DMARC1; p=none\"\n_dmarc." + name + ". TXT \"v=DMARC1; p=quarantine\"\n";
  };
  EXPECT_EQ(judge(world(above + two("a.example.com")), {.author_domains = {"a.example.com"}}).outcome, Outcome::none);
  EXPECT_EQ(judge(world(above + two("a.example.com")), {.author_domains = {"b.a.example.com"}}).disposition(),
            Policy::reject);
  const auto beside = world(above + "_dmarc.example.com. TXT \"v=spf1 -all\"\n");
  EXPECT_EQ(judge(beside, {.author_domains = {"example.com"}}).disposition(), Policy::reject);
}

TEST(DmarcEvaluate, discovery_that_fails_is_temperror) {
  const auto loop = world("_dmarc.example.com. CNAME x.example.com.\nx.example.com. CNAME _dmarc.example.com.\n");
  const auto result = judge(loop, {.author_domains = {"example.com"}});
  EXPECT_EQ(result.outcome, Outcome::temperror);
  EXPECT_EQ(result.disposition(), Policy::none);
}

TEST(DmarcEvaluate, an_author_that_is_no_domain_name_has_no_policy_of_its_own) {
  const auto zone = world("_dmarc.example.com. TXT \"v=DMARC1; p=reject; sp=none; np=quarantine\"\n");
  for (const auto* author : {"[192.0.2.1]", "[IPv6:2001:db8::1]"})
    EXPECT_EQ(judge(zone, {.author_domains = {author}}).outcome, Outcome::none) << author;
  EXPECT_EQ(judge(zone, {.author_domains = {"EXAMPLE.com."}}).disposition(), Policy::reject);
  // A label of 64 octets cannot exist in DNS.
  const auto long_label = judge(zone, {.author_domains = {std::string(64, 'a') + ".example.com"}});
  EXPECT_EQ(long_label.outcome, Outcome::fail);
  EXPECT_EQ(long_label.disposition(), Policy::quarantine);
}

// RFC 9989#4.4: a pass, and of the MAIL FROM identity
TEST(DmarcEvaluate, only_a_pass_that_is_aligned_counts) {
  const auto zone = world("_dmarc.example.com. TXT \"v=DMARC1; p=reject; aspf=s; adkim=s\"\n");
  EXPECT_EQ(judge(zone, {.author_domains = {"example.com"}, .spf = passed("mail.example.com")}).outcome, Outcome::fail);
  EXPECT_EQ(judge(zone, {.author_domains = {"example.com"}, .dkim = {passed("mail.example.com")}}).outcome,
            Outcome::fail);
  EXPECT_EQ(judge(zone, {.author_domains = {"example.com"}, .spf = passed("example.com")}).outcome, Outcome::pass);
  const Identifier failed{dns::name("example.com"), Authenticated::fail};
  EXPECT_EQ(judge(zone, {.author_domains = {"example.com"}, .spf = failed, .dkim = {failed}}).outcome, Outcome::fail);
}

}  // namespace
}  // namespace ptarmigan::dmarc
