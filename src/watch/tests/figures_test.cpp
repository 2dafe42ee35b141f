// watch/tests/figures_test.cpp - replies of Google Postmaster Tools API v2 and of SNDS as their documents give them.
#include "watch/figures.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "base/encoding.hpp"
#include "watch/postmaster.hpp"
#include "watch/snds.hpp"

namespace ptarmigan::watch {
namespace {

using Json = nlohmann::json;
using testing::ElementsAre;

constexpr WallTime day{std::chrono::sys_days(
    std::chrono::year_month_day(std::chrono::year(2026), std::chrono::month(11), std::chrono::day(20)))};
const dkim::PrivateKey& key() {
  static const auto made = dkim::PrivateKey::generate(dkim::KeyType::rsa).value();
  return made;
}

std::string key_file(Json changes = Json::object()) {
  Json json{{"type", "service_account"},
            {"client_email", "reader@project.iam.gserviceaccount.com"},
            {"private_key_id", "k1"},
            {"private_key", key().pem()},
            {"token_uri", "https://oauth2.googleapis.com/token"}};
  json.update(changes);
  return json.dump();
}

Json part(std::string_view text) {
  std::string plain(text);
  for (auto& c : plain) c = c == '-' ? '+' : c == '_' ? '/' : c;
  while (plain.size() % 4 != 0) plain += '=';
  return Json::parse(base64_decode(plain).value());
}

TEST(Postmaster, the_assertion_is_a_jwt_signed_with_rs256) {
  const auto account = ServiceAccount::parse(key_file()).value();
  const auto body = token_request(account, "anna@example.com", day).value();
  const std::string start = "grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Ajwt-bearer&assertion=";
  ASSERT_TRUE(body.starts_with(start));
  const auto jwt = body.substr(start.size());
  const auto first = jwt.find('.');
  const auto second = jwt.find('.', first + 1);
  EXPECT_EQ(part(jwt.substr(0, first)), Json({{"alg", "RS256"}, {"typ", "JWT"}, {"kid", "k1"}}));
  const auto claims = part(jwt.substr(first + 1, second - first - 1));
  EXPECT_EQ(claims["iss"], "reader@project.iam.gserviceaccount.com");
  EXPECT_EQ(claims["aud"], "https://oauth2.googleapis.com/token");
  EXPECT_EQ(claims["sub"], "anna@example.com");
  EXPECT_EQ(claims["iat"], 1'795'132'800);
  EXPECT_LE(claims["exp"].get<int>() - claims["iat"].get<int>(), 3600);
  EXPECT_NE(claims["scope"].get<std::string>().find("postmaster.traffic.readonly"), std::string::npos);
  auto plain = jwt.substr(second + 1);
  EXPECT_EQ(plain.find_first_of("+/="), std::string::npos) << "base64url without padding (RFC 7515#2)";
  for (auto& c : plain) c = c == '-' ? '+' : c == '_' ? '/' : c;
  while (plain.size() % 4 != 0) plain += '=';
  const auto public_key = dkim::PublicKey::parse(dkim::KeyType::rsa, key().public_octets()).value();
  EXPECT_TRUE(public_key.verify(dkim::sha256(jwt.substr(0, second)), base64_decode(plain).value()));
}

TEST(Postmaster, what_is_no_key_file_is_told) {
  EXPECT_FALSE(ServiceAccount::parse("{}"));
  EXPECT_FALSE(ServiceAccount::parse("not JSON"));
  EXPECT_FALSE(ServiceAccount::parse(key_file({{"type", "authorized_user"}})));
  EXPECT_FALSE(ServiceAccount::parse(key_file({{"private_key", "-----BEGIN PRIVATE KEY-----"}})));
  EXPECT_FALSE(ServiceAccount::parse(key_file({{"token_uri", "http://oauth2.googleapis.com/token"}})))
      << "the assertion would travel in the clear";
  const auto ed25519 = dkim::PrivateKey::generate(dkim::KeyType::ed25519).value();
  EXPECT_FALSE(ServiceAccount::parse(key_file({{"private_key", ed25519.pem()}})));
}

TEST(Postmaster, a_token_that_would_break_the_header_is_refused) {
  EXPECT_EQ(parse_token(R"({"access_token":"ya29.a","expires_in":3599,"token_type":"Bearer"})").value().token,
            "ya29.a");
  EXPECT_FALSE(parse_token(R"({"access_token":"a\r\nX: y"})"));
  EXPECT_FALSE(parse_token(R"({"access_token":""})"));
  EXPECT_FALSE(parse_token(R"([])"));
  const auto refused = parse_token(R"({"error":"invalid_grant","error_description":"Invalid JWT Signature."})");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().message, "no access token: invalid_grant Invalid JWT Signature.");
}

TEST(Postmaster, domains_that_cannot_be_read_are_left_out) {
  const auto page = parse_domains(R"({"domains":[
    {"name":"domains/example.com","permission":"OWNER","verificationState":"VERIFIED"},
    {"name":"domains/other.example","permission":"NONE"},
    {"name":"domains/new.example","permission":"OWNER","verificationState":"UNVERIFIED"},
    {"name":"domains/a/../b","permission":"OWNER"}, 7],"nextPageToken":"t2"})");
  ASSERT_TRUE(page);
  EXPECT_THAT(page->domains, ElementsAre("example.com"));
  EXPECT_EQ(page->next, "t2");
}

TEST(Postmaster, a_query_names_each_metric_once_and_the_days) {
  const auto query = Json::parse(stats_query("example.com", day, day + std::chrono::days(2), "p"));
  EXPECT_EQ(query["timeQuery"]["dateRanges"]["dateRanges"][0]["start"],
            Json({{"year", 2026}, {"month", 11}, {"day", 20}}));
  EXPECT_EQ(query["timeQuery"]["dateRanges"]["dateRanges"][0]["end"]["day"], 22);
  EXPECT_EQ(query["aggregationGranularity"], "DAILY");
  EXPECT_LE(query["pageSize"], 200);
  EXPECT_EQ(query["pageToken"], "p");
  std::set<std::string> names;
  for (const auto& metric : query["metricDefinitions"]) EXPECT_TRUE(names.insert(metric["name"]).second);
  EXPECT_TRUE(names.contains("reject_bad_or_missing_ptr_record"));
  const std::vector<std::string> domains(130, "example.com");
  EXPECT_EQ(Json::parse(batch_query(domains, day, day))["requests"].size(), 100U);
  EXPECT_EQ(Json::parse(batch_query(std::span(domains).first(1), day, day))["requests"][0]["parent"],
            "domains/example.com");
}

TEST(Postmaster, values_of_every_form_are_read_and_nonsense_is_left_out) {
  const auto page = parse_stats(R"({"domainStats":[
    {"metric":"spam_rate","date":{"year":2026,"month":11,"day":20},"value":{"doubleValue":0.0031}},
    {"metric":"auth_spf","date":{"year":2026,"month":11,"day":20},"value":{"floatValue":1}},
    {"metric":"reject","date":{"year":2026,"month":11,"day":20},"value":{"intValue":"12"}},
    {"metric":"temp_fail","date":{"year":2026,"month":13,"day":20},"value":{"doubleValue":1}},
    {"metric":"not asked","date":{"year":2026,"month":11,"day":20},"value":{"doubleValue":1}},
    {"metric":"auth_dkim","date":{"year":2026,"month":11,"day":20},"value":{}},
    {"metric":"auth_dkim","value":{"doubleValue":1e300}}, null, 5],"nextPageToken":"n"})",
                                "example.com");
  ASSERT_TRUE(page);
  EXPECT_EQ(page->next, "n");
  ASSERT_EQ(page->figures.size(), 3U);
  EXPECT_EQ(page->figures[0], (Figure{"google-postmaster", "example.com", day, "spam_rate", 3'100, ""}));
  EXPECT_EQ(page->figures[1].millionths, 1'000'000);
  EXPECT_EQ(page->figures[2].millionths, 12'000'000);
  EXPECT_FALSE(parse_stats("<html>", "example.com"));
}

TEST(Postmaster, a_query_that_failed_in_a_batch_is_told_and_the_others_stand) {
  const std::vector<std::string> domains{"a.example", "b.example"};
  const auto pages = parse_batch(R"({"results":[{"error":{"code":7,"message":"no permission"}},
    {"response":{"domainStats":[{"metric":"spam_rate","date":{"year":2026,"month":11,"day":20},"value":{"doubleValue":0}}]}}]})",
                                 domains);
  ASSERT_TRUE(pages);
  EXPECT_EQ((*pages)[0].error, "no permission");
  EXPECT_EQ((*pages)[1].figures.at(0).subject, "b.example");
  EXPECT_FALSE(parse_batch(R"({"results":[]})", domains)) << "results are told apart by their order alone";
}

TEST(Postmaster, compliance_rows_and_verdicts_are_figures) {
  const auto rows =
      parse_compliance(R"({"name":"domains/example.com/complianceStatus","complianceData":{"domainId":"example.com",
    "rowData":[{"requirement":"SPF","status":{"status":"COMPLIANT"}},{"requirement":"DKIM","status":{"status":"NEEDS_WORK"}}],
    "oneClickUnsubscribeVerdict":{"status":{"status":"NEEDS_WORK"},"reason":"NO_UNSUB_GENERAL"}}})",
                       "example.com", day);
  ASSERT_TRUE(rows);
  ASSERT_EQ(rows->size(), 3U);
  EXPECT_EQ((*rows)[1].metric, "compliance.DKIM");
  EXPECT_EQ((*rows)[2].text, "NEEDS_WORK: NO_UNSUB_GENERAL");
  const auto wrong = wrong_figures(*rows);
  ASSERT_EQ(wrong.size(), 2U);
  EXPECT_EQ(wrong[0].key, "figure google-postmaster example.com compliance.DKIM");
  EXPECT_NE(wrong[1].fix.find("List-Unsubscribe-Post"), std::string::npos);
}

// The columns of SNDS' automated data access.
TEST(Snds, data_without_a_header_line_is_read) {
  const auto figures = parse_snds_data(
      "192.0.2.1,11/20/2026 10:00 AM,11/20/2026 7:00 PM,1895,1894,1894,GREEN,< "
      "0.1%,,,0,mail.example.com,a@example.com,\r\n"
      "192.0.2.2,11/20/2026 10:00 AM,11/20/2026 7:00 PM,10,9,8,RED,1.5%,11/20/2026,11/20/2026,3,\"helo, quoted\",,\r\n",
      day);
  ASSERT_TRUE(figures);
  const auto of = [&](std::string_view subject, std::string_view metric) {
    for (const auto& figure : *figures)
      if (figure.subject == subject && figure.metric == metric) return figure;
    return Figure{};
  };
  EXPECT_EQ(of("192.0.2.1", "rcpt").millionths, 1'895'000'000);
  EXPECT_EQ(of("192.0.2.1", "complaint_rate").millionths, 1'000);
  EXPECT_EQ(of("192.0.2.1", "complaint_rate").text, "< 0.1%");
  EXPECT_EQ(of("192.0.2.2", "filter").text, "RED");
  EXPECT_EQ(of("192.0.2.2", "trap_hits").millionths, 3'000'000);
  EXPECT_EQ(of("192.0.2.2", "helo").text, "helo, quoted");
  const auto wrong = wrong_figures(*figures);
  ASSERT_EQ(wrong.size(), 1U);
  EXPECT_EQ(wrong[0].key, "figure snds 192.0.2.2 filter");
}

TEST(Snds, a_header_line_or_json_names_the_columns) {
  const auto csv = parse_snds_data("\xEF\xBB\xBFIP Address,Filter Result,RCPT commands\n2001:DB8::1,yellow,7\n", day);
  const auto json = parse_snds_data(
      R"({"count":1,"data":[{"ipAddress":"2001:db8::1","filterResult":"YELLOW","rcptCommands":7}]})", day);
  ASSERT_TRUE(csv);
  ASSERT_TRUE(json);
  EXPECT_EQ(csv->size(), 2U);
  EXPECT_EQ(*csv, *json);
  EXPECT_EQ(csv->at(0).subject, "2001:db8::1");
}

TEST(Snds, blocked_addresses_and_ranges_are_told_with_their_reason) {
  const auto figures = parse_snds_status(
      "192.0.2.1,192.0.2.1,Yes,Blocked due to user "
      "complaints\n192.0.2.4,192.0.2.7,Yes,\n192.0.2.9,192.0.2.9,No,Junked\n",
      day);
  ASSERT_TRUE(figures);
  ASSERT_EQ(figures->size(), 2U);
  EXPECT_EQ((*figures)[0].text, "Blocked due to user complaints");
  EXPECT_EQ((*figures)[1].subject, "192.0.2.4-192.0.2.7");
  EXPECT_EQ(wrong_figures(*figures).size(), 2U);
}

TEST(Snds, a_page_to_sign_in_and_nonsense_are_errors_and_an_empty_report_is_none) {
  EXPECT_FALSE(parse_snds_data("<!DOCTYPE html><html>Sign in</html>", day));
  EXPECT_FALSE(parse_snds_data("{", day));
  EXPECT_FALSE(parse_snds_data("a,b\nc,d\n", day)) << "rows without an address";
  EXPECT_TRUE(parse_snds_data("", day).value().empty());
  EXPECT_TRUE(parse_snds_data("[]", day).value().empty());
}

// RFC 7636#B has the verifier and its challenge.
TEST(Snds, a_sign_in_is_proved_by_pkce_and_another_ones_end_is_refused) {
  const SndsSignIn sign_in{.verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk", .state = "s1"};
  EXPECT_NE(sign_in.address().find("code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"), std::string::npos);
  const auto request = sign_in.token_request(" http://localhost/?code=M.C5_a%2Bb&state=s1\n");
  ASSERT_TRUE(request) << request.error().text();
  EXPECT_TRUE(request->ends_with("&code_verifier=dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk&code=M.C5_a%2Bb"));
  for (const auto* const wrong :
       {"", "http://localhost/", "http://localhost/?code=a", "http://localhost/?code=a&state=s2",
        "http://localhost/?code=a=b&state=s1", "http://localhost/?error=access_denied&state=s1"})
    EXPECT_FALSE(sign_in.token_request(wrong)) << wrong;
}

TEST(Figures, only_the_last_day_of_a_metric_speaks) {
  const std::vector<Figure> figures{
      {"google-postmaster", "example.com", day, "spam_rate", 5'000, ""},
      {"google-postmaster", "example.com", day + std::chrono::days(1), "spam_rate", 100, ""}};
  EXPECT_TRUE(wrong_figures(figures).empty());
  EXPECT_EQ(wrong_figures(std::span(figures).first(1)).size(), 1U);
}

}  // namespace
}  // namespace ptarmigan::watch
