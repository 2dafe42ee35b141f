// auth/authres/tests/authres_test.cpp - the examples of RFC 8601 appendix B, forged fields, and hostile values.
#include "auth/authres/authres.hpp"

#include <gtest/gtest.h>

#include "auth/authres/report.hpp"

namespace ptarmigan::authres {
namespace {

Header strict(std::string_view body) {
  const auto header = parse(body, Strictness::strict);
  EXPECT_TRUE(header) << body << ": " << (header ? "" : header.error().text());
  return header.value_or(Header{});
}

TEST(AuthresParse, examples_of_the_rfc) {
  // RFC 8601 appendix B.2 to B.7.
  EXPECT_EQ(strict(" example.org 1; none"), (Header{.authserv_id = "example.org"}));
  EXPECT_EQ(strict(" example.com;\r\n         spf=pass smtp.mailfrom=example.net"),
            (Header{"example.com", {{"spf", "pass", "", {{"smtp", "mailfrom", "example.net"}}}}}));
  EXPECT_EQ(strict(" example.com;\r\n auth=pass (cram-md5) smtp.auth=sender@example.net;\r\n spf=pass "
                   "smtp.mailfrom=example.net"),
            (Header{"example.com",
                    {{"auth", "pass", "", {{"smtp", "auth", "sender@example.net"}}},
                     {"spf", "pass", "", {{"smtp", "mailfrom", "example.net"}}}}}));
  EXPECT_EQ(strict(" example.com; iprev=pass\r\n policy.iprev=192.0.2.200"),
            (Header{"example.com", {{"iprev", "pass", "", {{"policy", "iprev", "192.0.2.200"}}}}}));
  EXPECT_EQ(strict(" example.com;\r\n dkim=pass reason=\"good signature\"\r\n header.i=@mail-router.example.net;\r\n"
                   " dkim=fail reason=\"bad signature\"\r\n header.i=@newyork.example.com"),
            (Header{"example.com",
                    {{"dkim", "pass", "good signature", {{"header", "i", "@mail-router.example.net"}}},
                     {"dkim", "fail", "bad signature", {{"header", "i", "@newyork.example.com"}}}}}));
  // Comments everywhere.
  EXPECT_EQ(
      strict(" foo.example.net (foobar) 1 (baz);\r\n dkim (Because I like it) / 1 (One yay) = (wait for it) fail\r\n"
             " policy (A dot can go here) . (like that) expired\r\n (this surprised me) = (as I wasn't expecting it) "
             "1362471462"),
      (Header{"foo.example.net", {{"dkim", "fail", "", {{"policy", "expired", "1362471462"}}}}}));
}

TEST(AuthresParse, strict_keeps_to_the_grammar_and_tolerant_reads_what_is_seen) {
  const std::string_view seen[] = {
      "spf=pass (sender IP is 192.0.2.1)\r\n smtp.mailfrom=example.com; dkim=pass header.d=example.com;dmarc=pass "
      "action=none "
      "header.from=example.com;compauth=pass reason=100",
      " mx.example.com; iprev=pass policy.iprev=2001:db8::1;",
      " mx.example.com;; spf=none",
      " mx.example.com; spf=pass smtp.mailfrom=a@b/c",
      " mx.example.com",
      " mx.example.com; spf=pass action=none",
      " mx.example.com; none; spf=pass",
      " mx.example.com 2; none",
  };
  for (const auto body : seen) {
    EXPECT_FALSE(parse(body, Strictness::strict)) << body;
    EXPECT_TRUE(parse(body, Strictness::tolerant)) << body;
  }
  const auto microsoft = *parse(seen[0], Strictness::tolerant);
  EXPECT_EQ(microsoft.authserv_id, "");
  ASSERT_EQ(microsoft.results.size(), 4U);
  EXPECT_EQ(microsoft.results[2].property("header", "from"), "example.com");
  EXPECT_EQ(microsoft.results[3].reason, "100");
  EXPECT_EQ(parse(seen[1], Strictness::tolerant)->results[0].property("policy", "iprev"), "2001:db8::1");
}

TEST(AuthresParse, broken_fields_are_errors) {
  for (const auto* body :
       {" (", " mx; spf", " mx; spf=", " mx; =pass", " mx; spf=pass smtp.", " mx; spf=pass smtp.mailfrom",
        " mx; spf=pass \"", " \"mx", " mx; spf/x=pass", " mx spf=pass"}) {
    EXPECT_FALSE(parse(body, Strictness::strict)) << body;
    EXPECT_FALSE(parse(body, Strictness::tolerant)) << body;
  }
  EXPECT_FALSE(parse(" mx" + std::string(200, '(') + "; none", Strictness::tolerant));
}

TEST(AuthresBuild, values_are_quoted_where_they_must_be_and_hostile_ones_left_out) {
  EXPECT_EQ(encode_value("pass"), "pass");
  EXPECT_EQ(encode_value("a b"), "\"a b\"");
  EXPECT_EQ(encode_value("a\"b\\"), R"("a\"b\\")");
  EXPECT_EQ(encode_value("2001:db8::1"), "\"2001:db8::1\"");
  EXPECT_EQ(encode_property_value("a.b=c@example.com"), "a.b=c@example.com");
  EXPECT_EQ(encode_property_value("@example.com"), "@example.com");
  EXPECT_EQ(encode_property_value("a b@example.com"), "\"a b@example.com\"");
  EXPECT_EQ(encode_property_value("x@example.com;dkim=pass"), "\"x@example.com;dkim=pass\"");
  for (const auto value :
       {std::string_view(""), std::string_view("a\r\nX: y"), std::string_view("a\nb"), std::string_view("a\0b", 3),
        std::string_view("a\tb"), std::string_view("\x7f"), std::string_view("\xc3\xbc")})
    EXPECT_FALSE(encode_value(value));
  EXPECT_FALSE(encode_value(std::string(max_value_octets + 1, 'a')));
}

TEST(AuthresBuild, field_is_folded_and_reads_back) {
  const Header header{"mx.example.com",
                      {{"spf", "pass", "", {{"smtp", "mailfrom", "bounce+a=b@example.com"}}},
                       {"dkim",
                        "fail",
                        "the body (all of it) was \"changed\"",
                        {{"header", "d", "example.com"}, {"header", "s", "s1"}}},
                       {"iprev", "pass", "", {{"policy", "iprev", "2001:db8::1"}}}}};
  const auto field = build(header);
  ASSERT_TRUE(field);
  EXPECT_EQ(*field,
            "Authentication-Results: mx.example.com;\r\n"
            "\tspf=pass smtp.mailfrom=bounce+a=b@example.com;\r\n"
            "\tdkim=fail reason=\"the body (all of it) was \\\"changed\\\"\"\r\n"
            "\theader.d=example.com header.s=s1;\r\n"
            "\tiprev=pass policy.iprev=\"2001:db8::1\"\r\n");
  EXPECT_EQ(strict(std::string_view(*field).substr(field_name.size() + 1)), header);
  EXPECT_EQ(build({.authserv_id = "mx.example.com"}), "Authentication-Results: mx.example.com; none\r\n");
  EXPECT_FALSE(build({.authserv_id = "mx\r\nX: y"}));
}

TEST(AuthresBuild, hostile_properties_do_not_reach_the_field) {
  const Header header{
      "mx.example.com",
      {{"dkim", "pass", "x\r\ny", {{"header", "d", "a\r\nX-Evil: 1"}, {"header", "x=y z", "v"}, {"header", "s", "ok"}}},
       {"evil method", "pass"}}};
  EXPECT_EQ(build(header), "Authentication-Results: mx.example.com;\r\n\tdkim=pass header.s=ok\r\n");
}

TEST(AuthresForged, fields_with_our_id_are_found_from_the_bottom_up) {
  constexpr std::string_view message =
      "Authentication-Results: mx.example.com; spf=pass\r\n"
      "Received: x\r\n"
      "authentication-results: (c) \"MX.Example.COM\" (d) 1; dkim=pass\r\n"
      "Authentication-Results: other.example.com; dkim=pass\r\n"
      "Authentication-Results : mx.example.com.; dmarc=pass\r\n"
      "Authentication-Results: (never closed; mx.example.com; dmarc=pass\r\n"
      "ARC-Authentication-Results: i=1; mx.example.com; dmarc=pass\r\n"
      "X-Authentication-Results: mx.example.com; dmarc=pass\r\n"
      "Authentication-Results:\r\n\tmx.example.com/1; dmarc=pass\r\n"
      "\r\n";
  const auto header = message::HeaderSection::parse(message);
  ASSERT_TRUE(header);
  EXPECT_EQ(forged_fields(*header, "mx.example.com"), (std::vector<std::size_t>{8, 5, 4, 2, 0}));
}

TEST(AuthresReport, checks_become_results) {
  spf::Result spf;
  spf.outcome = spf::Outcome::fail;
  spf.sender = "postmaster@mail.example.com";
  spf.domain = dns::name("mail.example.com");
  EXPECT_EQ(result_of(spf), (MethodResult{"spf", "fail", "", {{"smtp", "mailfrom", "postmaster@mail.example.com"}}}));
  spf.sender = "\xc3\xbc@mail.example.com";
  EXPECT_EQ(result_of(spf).property("smtp", "mailfrom"), "mail.example.com");
  spf.identity = spf::Identity::helo;
  EXPECT_EQ(result_of(spf).property("smtp", "helo"), "mail.example.com");
  iprev::Result iprev;
  iprev.outcome = iprev::Outcome::permerror;
  iprev.address = *IpAddress::parse("2001:db8::1");
  iprev.problem = "2001:db8::1 has no PTR record";
  EXPECT_EQ(result_of(iprev),
            (MethodResult{"iprev", "permerror", iprev.problem, {{"policy", "iprev", "2001:db8::1"}}}));
  EXPECT_EQ(results_of({}), (std::vector<MethodResult>{{"dkim", "none"}}));
}

// RFC 9989#9.1 (policy.dmarc; header.d is not registered for dmarc) and header.oldest-pass (RFC 8617#5.2)
TEST(AuthresReport, dmarc_names_the_author_domain_and_the_policy) {
  dmarc::Result dmarc;
  dmarc.outcome = dmarc::Outcome::fail;
  dmarc.discovery.author = dns::name("example.com");
  dmarc.discovery.policy = dmarc::AppliedPolicy();
  dmarc.discovery.policy->published = dmarc::Policy::reject;
  dmarc.discovery.policy->effective = dmarc::Policy::quarantine;
  dmarc.reason = "nothing is aligned";
  EXPECT_EQ(result_of(dmarc), (MethodResult{"dmarc",
                                            "fail",
                                            "nothing is aligned",
                                            {{"header", "from", "example.com"}, {"policy", "dmarc", "quarantine"}}}));
  dmarc.outcome = dmarc::Outcome::none;
  dmarc.discovery.policy.reset();
  EXPECT_FALSE(result_of(dmarc).property("policy", "dmarc"));
  EXPECT_EQ(
      result_of(arc::ChainResult{.outcome = arc::Outcome::pass, .oldest_pass = 2}).property("header", "oldest-pass"),
      "2");
}

// RFC 8601#2.7.6
TEST(AuthresParse, an_unknown_method_type_or_property_is_kept) {
  const auto header = strict(" mx.example.com; x-new/2=maybe x-type.x-name=\"a;b\" policy.dmarc=none");
  ASSERT_EQ(header.results.size(), 1U);
  EXPECT_EQ(header.results[0].method, "x-new");
  EXPECT_EQ(header.results[0].version, 2U);
  EXPECT_EQ(header.results[0].property("x-type", "x-name"), "a;b");
  EXPECT_EQ(header.results[0].property("policy", "dmarc"), "none");
}

}  // namespace
}  // namespace ptarmigan::authres
