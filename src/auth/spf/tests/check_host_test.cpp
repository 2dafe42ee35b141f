// auth/spf/tests/check_host_test.cpp - the examples of RFC 7208 appendix A, limits of RFC 7208#4.6.4, and the
// properties of restarting.
#include "auth/spf/check_host.hpp"

#include <gtest/gtest.h>

#include "dns/zone.hpp"
#include "facts/zone_facts.hpp"

namespace ptarmigan::spf {
namespace {

ZoneFacts world(std::string_view zone) {
  auto records = dns::parse_zone(zone);
  EXPECT_TRUE(records) << (records ? "" : records.error().text());
  return ZoneFacts(records.value_or(std::vector<dns::Record>{}));
}

Query query(std::string_view client, std::string_view mail_from, std::string_view helo = "mail.example.com") {
  return {.client = *IpAddress::parse(client), .helo = std::string(helo), .mail_from = std::string(mail_from)};
}

Result check(const ZoneFacts& zone, const Query& asked) {
  return settle_with(zone, [&](const Facts& facts) { return check_host(asked, facts); });
}

Outcome outcome(const ZoneFacts& zone, std::string_view client, std::string_view mail_from) {
  return check(zone, query(client, mail_from)).outcome;
}

// RFC 7208 appendix A: the zone of its examples, with the record under test in front.
constexpr std::string_view appendix_a = R"(
$ORIGIN example.com.
@        IN MX 10 mail-a
@        IN MX 20 mail-b
@        IN A  192.0.2.10
@        IN A  192.0.2.11
amy      IN A  192.0.2.65
bob      IN A  192.0.2.66
mail-a   IN A  192.0.2.129
mail-b   IN A  192.0.2.130
www      IN CNAME example.com.
example.org.        IN MX 10 mail-c.example.org.
mail-c.example.org. IN A 192.0.2.140
10.2.0.192.in-addr.arpa.  IN PTR example.com.
11.2.0.192.in-addr.arpa.  IN PTR example.com.
65.2.0.192.in-addr.arpa.  IN PTR amy.example.com.
66.2.0.192.in-addr.arpa.  IN PTR bob.example.com.
129.2.0.192.in-addr.arpa. IN PTR mail-a.example.com.
130.2.0.192.in-addr.arpa. IN PTR mail-b.example.com.
140.2.0.192.in-addr.arpa. IN PTR mail-c.example.org.
4.0.0.10.in-addr.arpa.    IN PTR bob.example.com.
)";

struct SimpleExample {
  std::string_view record;
  std::vector<std::string_view> pass;
  std::vector<std::string_view> fail;
};

TEST(SpfCheckHost, simple_examples_of_appendix_a) {
  const SimpleExample examples[] = {
      {"v=spf1 +all", {"192.0.2.1", "2001:db8::1"}, {}},
      {"v=spf1 a -all", {"192.0.2.10", "192.0.2.11"}, {"192.0.2.65"}},
      {"v=spf1 a:example.org -all", {}, {"192.0.2.10", "192.0.2.140"}},
      {"v=spf1 mx -all", {"192.0.2.129", "192.0.2.130"}, {"192.0.2.10"}},
      {"v=spf1 mx:example.org -all", {"192.0.2.140"}, {"192.0.2.129"}},
      {"v=spf1 mx mx:example.org -all", {"192.0.2.129", "192.0.2.130", "192.0.2.140"}, {"192.0.2.10"}},
      {"v=spf1 mx/30 mx:example.org/30 -all",
       {"192.0.2.128", "192.0.2.131", "192.0.2.143"},
       {"192.0.2.132", "192.0.2.144"}},
      {"v=spf1 ptr -all", {"192.0.2.65"}, {"192.0.2.140", "10.0.0.4"}},
      {"v=spf1 ip4:192.0.2.128/28 -all", {"192.0.2.129"}, {"192.0.2.65"}},
  };
  for (const auto& example : examples) {
    const auto zone = world(std::string(appendix_a) + "example.com. IN TXT \"" + std::string(example.record) + "\"\n");
    for (const auto client : example.pass)
      EXPECT_EQ(outcome(zone, client, "a@example.com"), Outcome::pass) << example.record << " " << client;
    for (const auto client : example.fail)
      EXPECT_EQ(outcome(zone, client, "a@example.com"), Outcome::fail) << example.record << " " << client;
  }
}

TEST(SpfCheckHost, two_requirements_of_appendix_a4) {
  const auto zone = world(std::string(appendix_a) + R"(
example.com.          IN TXT "v=spf1 -include:ip4._spf.%{d} -include:ptr._spf.%{d} +all"
ip4._spf.example.com. IN TXT "v=spf1 -ip4:192.0.2.0/24 +all"
ptr._spf.example.com. IN TXT "v=spf1 -ptr:example.com +all"
)");
  EXPECT_EQ(outcome(zone, "192.0.2.65", "a@example.com"), Outcome::pass);
  EXPECT_EQ(outcome(zone, "192.0.2.140", "a@example.com"), Outcome::fail);
  EXPECT_EQ(outcome(zone, "10.0.0.4", "a@example.com"), Outcome::fail);
}

TEST(SpfCheckHost, identity_and_sender) {
  const auto zone = world(
      "example.com. IN TXT \"v=spf1 -all\"\nmail.example.com. IN TXT \"v=spf1 a -all\"\n"
      "mail.example.com. IN A 192.0.2.1\n");
  EXPECT_EQ(check(zone, query("192.0.2.1", "")).sender, "postmaster@mail.example.com");
  EXPECT_EQ(check(zone, query("192.0.2.1", "")).outcome, Outcome::pass);
  EXPECT_EQ(check(zone, query("192.0.2.1", "@example.com")).sender, "postmaster@example.com");
  EXPECT_EQ(check(zone, query("192.0.2.1", "\"a@b\"@Example.COM")).sender, "\"a@b\"@example.com");
  auto helo = query("192.0.2.1", "a@example.com");
  helo.identity = Identity::helo;
  const auto result = check(zone, helo);
  EXPECT_EQ(result.outcome, Outcome::pass);
  EXPECT_EQ(result.domain, dns::name("mail.example.com"));
  EXPECT_EQ(result.mechanism, "a");
}

TEST(SpfCheckHost, what_is_no_domain_is_none) {
  const Facts nothing;
  for (const auto* mail_from :
       {"a@localhost", "a@[192.0.2.1]", "a@[IPv6:2001:db8::1]", "a@a..b", "a@", "a@ex ample.com"}) {
    const auto result = check_host(query("192.0.2.1", mail_from), nothing);
    ASSERT_TRUE(result.known()) << mail_from;
    EXPECT_EQ(result->outcome, Outcome::none) << mail_from;
    EXPECT_FALSE(result->problem.empty()) << mail_from;
  }
  EXPECT_TRUE(check_host(query("192.0.2.1", "", "[192.0.2.1]"), nothing).known());
}

TEST(SpfCheckHost, mapped_address_is_ipv4) {
  const auto zone = world("example.com. IN TXT \"v=spf1 ip6:::ffff:192.0.2.0/112 ip4:192.0.2.1 -all\"\n");
  EXPECT_EQ(check(zone, query("::ffff:192.0.2.1", "a@example.com")).mechanism, "ip4:192.0.2.1");
}

TEST(SpfCheckHost, eleventh_term_with_a_lookup_is_permerror) {
  const std::string ten =
      "a:h.example.com a:h.example.com a:h.example.com a:h.example.com a:h.example.com "
      "a:h.example.com a:h.example.com a:h.example.com a:h.example.com a:h.example.com";
  const std::string host = "h.example.com. IN A 192.0.2.1\n";
  const auto at_limit = world(host + "example.com. IN TXT \"v=spf1 " + ten + "\" \" ip4:192.0.2.9 -all\"\n");
  EXPECT_EQ(outcome(at_limit, "192.0.2.9", "a@example.com"), Outcome::pass);
  const auto over =
      world(host + "example.com. IN TXT \"v=spf1 " + ten + "\" \" a:h.example.com ip4:192.0.2.9 -all\"\n");
  const auto result = check(over, query("192.0.2.9", "a@example.com"));
  EXPECT_EQ(result.outcome, Outcome::permerror);
  EXPECT_EQ(result.problem, "more than 10 terms need a DNS look-up");
}

TEST(SpfCheckHost, limits_can_be_set) {
  const auto zone = world("example.com. IN TXT \"v=spf1 a:1.example.com a:2.example.com -all\"\n");
  auto strict = query("192.0.2.1", "a@example.com");
  EXPECT_EQ(check(zone, strict).outcome, Outcome::fail);
  strict.limits.max_terms = 1;
  EXPECT_EQ(check(zone, strict).outcome, Outcome::permerror);
  strict.limits = {.max_void_lookups = 1};
  EXPECT_EQ(check(zone, strict).outcome, Outcome::permerror);
}

TEST(SpfCheckHost, third_void_lookup_is_permerror) {
  const auto two = world("example.com. IN TXT \"v=spf1 a:1.example.com exists:2.example.com ?all\"\n");
  EXPECT_EQ(outcome(two, "192.0.2.1", "a@example.com"), Outcome::neutral);
  const auto three =
      world("example.com. IN TXT \"v=spf1 a:1.example.com exists:2.example.com mx:3.example.com ?all\"\n");
  EXPECT_EQ(outcome(three, "192.0.2.1", "a@example.com"), Outcome::permerror);
}

TEST(SpfCheckHost, an_mx_whose_hosts_have_no_address_of_the_family_is_one_void_lookup) {
  const auto zone = world(R"(
example.com. IN TXT "v=spf1 mx -all"
example.com. IN MX 10 a.example.com.
example.com. IN MX 20 b.example.com.
example.com. IN MX 30 c.example.com.
a.example.com. IN A 192.0.2.1
b.example.com. IN A 192.0.2.2
c.example.com. IN A 192.0.2.3
)");
  const auto result = check(zone, query("2001:db8::1", "a@example.com"));
  EXPECT_EQ(result.outcome, Outcome::fail);
  EXPECT_EQ(result.voids, 1U);
}

TEST(SpfCheckHost, eleven_mx_records_are_permerror) {
  std::string zone = "example.com. IN TXT \"v=spf1 mx -all\"\n";
  for (int i = 0; i < 11; ++i)
    zone += "example.com. IN MX " + std::to_string(i) + " mx" + std::to_string(i) + ".example.com.\nmx" +
            std::to_string(i) + ".example.com. IN A 192.0.2." + std::to_string(i) + "\n";
  EXPECT_EQ(outcome(world(zone), "192.0.2.0", "a@example.com"), Outcome::permerror);
}

TEST(SpfCheckHost, an_include_without_record_is_permerror_and_a_redirect_too) {
  EXPECT_EQ(outcome(world("example.com. IN TXT \"v=spf1 include:x.example.com ?all\"\n"), "192.0.2.1", "a@example.com"),
            Outcome::permerror);
  EXPECT_EQ(outcome(world("example.com. IN TXT \"v=spf1 redirect=x.example.com\"\n"), "192.0.2.1", "a@example.com"),
            Outcome::permerror);
}

TEST(SpfCheckHost, failing_dns_is_temperror_but_not_for_ptr) {
  const Question txt{dns::name("example.com"), dns::RecordType::txt};
  for (const auto status : {AnswerStatus::failed, AnswerStatus::timed_out}) {
    Facts facts;
    facts.add(txt, {.status = status});
    EXPECT_EQ(check_host(query("192.0.2.1", "a@example.com"), facts)->outcome, Outcome::temperror);

    facts.add(txt,
              {.status = AnswerStatus::found,
               .records = {{dns::name("example.com"), dns::RecordType::txt, 300, dns::txt_of("v=spf1 ptr ?all")}}});
    facts.add({dns::name("1.2.0.192.in-addr.arpa"), dns::RecordType::ptr}, {.status = status});
    EXPECT_EQ(check_host(query("192.0.2.1", "a@example.com"), facts)->outcome, Outcome::neutral);
  }
}

TEST(SpfCheckHost, a_chain_of_aliases_is_followed_everywhere) {
  const auto zone = world(R"(
example.com. IN CNAME one.example.com.
one.example.com. IN CNAME two.example.com.
two.example.com. IN TXT "v=spf1 include:i.example.com -all"
i.example.com. IN CNAME j.example.net.
j.example.net. IN TXT "v=spf1 a:host.example.com mx:pool.example.com -all"
host.example.com. IN CNAME other.example.com.
other.example.com. IN A 192.0.2.1
pool.example.com. IN CNAME mail.example.com.
mail.example.com. IN MX 10 mx.example.com.
mx.example.com. IN CNAME target.example.com.
target.example.com. IN A 192.0.2.2
)");
  EXPECT_EQ(outcome(zone, "192.0.2.1", "a@example.com"), Outcome::pass);
  EXPECT_EQ(outcome(zone, "192.0.2.2", "a@example.com"), Outcome::pass);
  EXPECT_EQ(outcome(zone, "192.0.2.3", "a@example.com"), Outcome::fail);
}

// A resolver answers SERVFAIL for a loop, and so do zone files here.
TEST(SpfCheckHost, a_loop_of_aliases_is_temperror_wherever_it_stands) {
  const std::string loop =
      "loop.example.com. IN CNAME pool.example.com.\npool.example.com. IN CNAME loop.example.com.\n";
  EXPECT_EQ(outcome(world(loop), "192.0.2.1", "a@loop.example.com"), Outcome::temperror);
  for (const auto* term : {"a:loop.example.com", "mx:loop.example.com", "exists:loop.example.com",
                           "include:loop.example.com", "redirect=loop.example.com"}) {
    const auto record = std::string("example.com. IN TXT \"v=spf1 ") + term + "\"\n";
    EXPECT_EQ(outcome(world(loop + record), "192.0.2.1", "a@example.com"), Outcome::temperror) << term;
  }
  const auto reverse = world(
      "1.2.0.192.in-addr.arpa. IN CNAME x.example.com.\nx.example.com. IN CNAME 1.2.0.192.in-addr.arpa.\n"
      "example.com. IN TXT \"v=spf1 ptr ?all\"\n");
  EXPECT_EQ(outcome(reverse, "192.0.2.1", "a@example.com"), Outcome::neutral);
}

// RFC 7208#4.6.4
TEST(SpfCheckHost, the_macro_p_is_one_of_the_ten_terms) {
  const auto terms = [](int count) {
    std::string text;
    for (int i = 0; i < count; ++i) text += "a:h.example.com ";
    return text;
  };
  const std::string hosts =
      "h.example.com. IN A 192.0.2.9\n1.2.0.192.in-addr.arpa. IN PTR m.example.com.\nm.example.com. IN A 192.0.2.1\n"
      "m.example.com.ok.example.com. IN A 127.0.0.2\n";
  const auto record = [](const std::string& text) { return "example.com. IN TXT \"v=spf1 " + text + "-all\"\n"; };
  const std::string twice = "exists:%{p}.no.example.com exists:%{p}.ok.example.com ";
  const auto at_limit = check(world(hosts + record(terms(7) + twice)), query("192.0.2.1", "a@example.com"));
  EXPECT_EQ(at_limit.outcome, Outcome::pass);
  EXPECT_EQ(at_limit.terms, 10U);  // 7, two exists, and the look-up of %{p}, which is one however often it stands
  EXPECT_EQ(outcome(world(hosts + record(terms(8) + twice)), "192.0.2.1", "a@example.com"), Outcome::permerror);
}

// RFC 7208#7.3
TEST(SpfCheckHost, the_macro_p_is_unknown_unless_a_name_is_validated) {
  const auto mechanism = [](std::string_view reverse) {
    const auto zone = world(
        "example.com. IN TXT \"v=spf1 exists:%{p}.x.example -all\"\n"
        "unknown.x.example. IN A 127.0.0.2\nm.example.com. IN A 192.0.2.1\n"
        "m.example.net. IN A 192.0.2.2\n" +
        std::string(reverse));
    return outcome(zone, "192.0.2.1", "a@example.com");
  };
  EXPECT_EQ(mechanism(""), Outcome::pass);
  EXPECT_EQ(mechanism("1.2.0.192.in-addr.arpa. IN PTR m.example.net.\n"), Outcome::pass);
  EXPECT_EQ(mechanism("1.2.0.192.in-addr.arpa. IN PTR m.example.com.\n"), Outcome::fail);
}

// RFC 7208#4.6.4: the result is temperror, whatever a term would make of one query that is not answered.
TEST(SpfCheckHost, an_evaluation_beyond_its_time_is_temperror) {
  Facts facts;
  facts.add({dns::name("example.com"), dns::RecordType::txt},
            {.status = AnswerStatus::found,
             .records = {{dns::name("example.com"), dns::RecordType::txt, 300, dns::txt_of("v=spf1 ptr -all")}}});
  auto asked = query("192.0.2.1", "a@example.com");
  asked.elapsed = milliseconds(19'999);
  EXPECT_FALSE(check_host(asked, facts).known());
  asked.elapsed = seconds(20);
  EXPECT_EQ(check_host(asked, facts)->outcome, Outcome::temperror);
  EXPECT_EQ(check_host(asked, facts)->problem, "the evaluation took longer than 20 s");
  // A driver that gave the question up.
  const Question ptr{dns::name("1.2.0.192.in-addr.arpa"), dns::RecordType::ptr};
  facts.add(ptr, {.status = AnswerStatus::timed_out});
  EXPECT_EQ(check_host(asked, facts)->outcome, Outcome::temperror);
  asked.limits.max_time = seconds(30);
  EXPECT_EQ(check_host(asked, facts)->outcome, Outcome::fail);
  // What was answered in time counts, however late it is judged.
  facts.add(ptr, {.status = AnswerStatus::no_such_name});
  asked.limits.max_time = seconds(1);
  EXPECT_EQ(check_host(asked, facts)->outcome, Outcome::fail);
}

TEST(SpfCheckHost, an_explanation_that_does_not_come_in_time_is_left_out) {
  Facts facts;
  facts.add({dns::name("example.com"), dns::RecordType::txt},
            {.status = AnswerStatus::found,
             .records = {
                 {dns::name("example.com"), dns::RecordType::txt, 300, dns::txt_of("v=spf1 -all exp=e.example.com")}}});
  auto asked = query("192.0.2.1", "a@example.com");
  EXPECT_FALSE(check_host(asked, facts).known());
  asked.elapsed = seconds(20);
  EXPECT_EQ(check_host(asked, facts)->outcome, Outcome::fail);
}

// RFC 7208#4.8, RFC 7208#5.2 and RFC 7208#6.1
TEST(SpfCheckHost, a_macro_that_makes_no_name_is_no_match_and_in_include_or_redirect_permerror) {
  const auto with = [](std::string_view terms) {
    return outcome(world("example.com. IN TXT \"v=spf1 " + std::string(terms) + "\"\n"), "192.0.2.1",
                   "a..b@example.com");
  };
  EXPECT_EQ(with("a:%{l}.example.com exists:%{l}.example.com mx:%{l}.example.com ?all"), Outcome::neutral);
  EXPECT_EQ(with("include:%{l}.example.com ?all"), Outcome::permerror);
  EXPECT_EQ(with("redirect=%{l}.example.com"), Outcome::permerror);
}

// RFC 7208#7.2
TEST(SpfCheckHost, the_macro_d_is_the_domain_under_evaluation) {
  const auto zone = world(R"(
example.com. IN TXT "v=spf1 include:i.example.net -all"
i.example.net. IN TXT "v=spf1 exists:%{d}.ok.example -all"
i.example.net.ok.example. IN A 127.0.0.2
)");
  EXPECT_EQ(outcome(zone, "192.0.2.1", "a@example.com"), Outcome::pass);
}

// RFC 7208#4.6.4: A and AAAA of one host are one; the query of the other family is never made.
TEST(SpfCheckHost, a_host_without_address_is_one_void_lookup_in_each_family) {
  const auto zone = world("example.com. IN TXT \"v=spf1 a:x.example.com a:y.example.com ?all\"\n");
  for (const auto* client : {"192.0.2.1", "2001:db8::1"})
    EXPECT_EQ(check(zone, query(client, "a@example.com")).voids, 2U) << client;
}

// RFC 7208#5.5 and RFC 7208#4.6.4
TEST(SpfCheckHost, ptr_ignores_case_and_the_eleventh_name) {
  const auto names = [](int junk) {
    std::string zone = "example.com. IN TXT \"v=spf1 ptr -all\"\nMail.EXAMPLE.com. IN A 192.0.2.1\n";
    for (int i = 0; i < junk; ++i)
      zone += "1.2.0.192.in-addr.arpa. IN PTR x" + std::to_string(i) + ".example.net.\nx" + std::to_string(i) +
              ".example.net. IN A 192.0.2.1\n";
    return world(zone + "1.2.0.192.in-addr.arpa. IN PTR mAIL.Example.Com.\n");
  };
  EXPECT_EQ(outcome(names(9), "192.0.2.1", "a@example.com"), Outcome::pass);
  EXPECT_EQ(outcome(names(10), "192.0.2.1", "a@example.com"), Outcome::fail);
}

TEST(SpfCheckHost, two_records_are_permerror_and_other_texts_count_for_nothing) {
  EXPECT_EQ(outcome(world("example.com. IN TXT \"v=spf1 +all\"\nexample.com. IN TXT \"V=SPF1 -all\"\n"), "192.0.2.1",
                    "a@example.com"),
            Outcome::permerror);
  EXPECT_EQ(outcome(world("example.com. IN TXT \"v=spf1 +all\"\nexample.com. IN TXT \"v=spf10 -all\"\n"
                          "example.com. IN TXT \"\\195\\188\"\n"),
                    "192.0.2.1", "a@example.com"),
            Outcome::pass);
}

TEST(SpfCheckHost, explanation_comes_from_the_record_that_decided) {
  const auto zone = world(R"(
example.com. IN TXT "v=spf1 include:i.example.com exp=not.example.com redirect=r.example.com"
i.example.com. IN TXT "v=spf1 -all exp=not.example.com"
r.example.com. IN TXT "v=spf1 -all exp=e.%{d}"
e.r.example.com. IN TXT "%{i} may not send for %{o}, " "says %{d} at %{r}"
not.example.com. IN TXT "wrong"
)");
  const auto result = check(zone, query("192.0.2.1", "a@example.com"));
  EXPECT_EQ(result.outcome, Outcome::fail);
  EXPECT_EQ(result.explanation, "192.0.2.1 may not send for example.com, says r.example.com at unknown");
  auto quiet = query("192.0.2.1", "a@example.com");
  quiet.explanation = Explanation::leave;
  EXPECT_EQ(check(zone, quiet).explanation, "");
}

TEST(SpfCheckHost, an_explanation_that_could_break_a_reply_is_left_out) {
  const auto zone = world("example.com. IN TXT \"v=spf1 -all exp=e.example.com\"\ne.example.com. IN TXT \"%{l}\"\n");
  EXPECT_EQ(check(zone, query("192.0.2.1", "a\r\nb@example.com")).explanation, "");
  EXPECT_EQ(check(zone, query("192.0.2.1", "a b@example.com")).explanation, "a b");
  EXPECT_EQ(check(zone, query("192.0.2.1", std::string(501, 'a') + "@example.com")).explanation, "");
}

TEST(SpfCheckHost, internationalised_domain_is_checked_as_a_labels_and_local_part_never_matches) {
  const auto zone = world(R"(
xn--bcher-kva.example. IN TXT "v=spf1 exists:%{l}.%{d} exists:%{o}.x.example -all"
*.xn--bcher-kva.example. IN A 192.0.2.1
xn--bcher-kva.example.x.example. IN A 127.0.0.2
)");
  const auto result = check(zone, query("192.0.2.1",
                                        "\xc3\xbc@b\xc3\xbc"
                                        "cher.example"));
  EXPECT_EQ(result.outcome, Outcome::pass);
  EXPECT_EQ(result.mechanism, "exists:%{o}.x.example");
}

TEST(SpfCheckHost, trace_tells_each_term_with_its_counts) {
  auto asked = query("2001:db8::1", "a@example.com");
  asked.trace = Trace::on;
  const auto zone = world(R"(
example.com. IN TXT "v=spf1 include:i.example.com mx -all"
i.example.com. IN TXT "v=spf1 ip4:192.0.2.0/24 a ~all"
example.com. IN MX 10 mx.example.com.
mx.example.com. IN AAAA 2001:db8::1
)");
  const auto result = check(zone, asked);
  std::vector<std::string> lines;
  for (const auto& step : result.trace)
    lines.push_back(std::to_string(step.depth) + " " + step.domain + " " + step.term + " " +
                    std::string(to_string(step.outcome)) + " " + std::to_string(step.terms) + " " +
                    std::to_string(step.voids));
  EXPECT_EQ(lines, (std::vector<std::string>{"0 example.com  no match 0 0", "1 i.example.com  no match 1 0",
                                             "1 i.example.com ip4:192.0.2.0/24 no match 1 0",
                                             "1 i.example.com a no match 2 1", "1 i.example.com ~all match 2 1",
                                             "0 example.com include:i.example.com no match 2 1",
                                             "0 example.com mx match 3 1"}));
}

TEST(SpfCheckHost, independent_questions_are_asked_together) {
  const auto zone = world(R"(
example.com. IN TXT "v=spf1 include:a.example include:b.example mx a:c.example exists:d.example -all"
a.example. IN TXT "v=spf1 ip4:198.51.100.1 -all"
b.example. IN TXT "v=spf1 ip4:198.51.100.2 -all"
example.com. IN MX 10 m1.example.
example.com. IN MX 20 m2.example.
m1.example. IN A 192.0.2.1
m2.example. IN A 192.0.2.2
c.example. IN A 192.0.2.3
)");
  const auto asked = query("192.0.2.2", "x@example.com");
  std::vector<std::size_t> rounds;
  Facts facts;
  for (auto judged = check_host(asked, facts);; judged = check_host(asked, facts)) {
    if (judged.known()) {
      EXPECT_EQ(judged->outcome, Outcome::pass);
      break;
    }
    rounds.push_back(judged.need().questions().size());
    for (const auto& question : judged.need().questions()) facts.add(question, zone.answer(question));
  }
  EXPECT_EQ(rounds, (std::vector<std::size_t>{1, 4, 2}));
}

TEST(SpfCheckHost, restart_equals_one_shot_and_unused_facts_change_nothing) {
  const auto zone = world(std::string(appendix_a) + R"(
example.com. IN TXT "v=spf1 exists:%{p}.x.example include:i.example.com ptr:example.org mx/30 -all exp=e.example.com"
i.example.com. IN TXT "v=spf1 a:none.example.com a:%{ir}.example.com redirect=j.example.com"
j.example.com. IN TXT "v=spf1 mx:example.org//64 ~all"
e.example.com. IN TXT "no"
)");
  for (const auto* client : {"192.0.2.65", "192.0.2.140", "192.0.2.129", "10.0.0.4", "2001:db8::1"}) {
    auto asked = query(client, "a@example.com");
    asked.trace = Trace::on;
    // Only one of the needed answers is given in each round.
    Facts facts;
    auto slow = check_host(asked, facts);
    while (!slow.known()) {
      const auto& question = slow.need().questions().front();
      facts.add(question, zone.answer(question));
      slow = check_host(asked, facts);
    }
    EXPECT_EQ(*slow, check(zone, asked)) << client;
    facts.add({dns::name("unrelated.example"), dns::RecordType::a}, {.status = AnswerStatus::timed_out});
    EXPECT_EQ(*check_host(asked, facts), *slow) << client;
  }
}

}  // namespace
}  // namespace ptarmigan::spf
