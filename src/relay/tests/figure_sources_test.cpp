// relay/tests/figure_sources_test.cpp - the clients of Google Postmaster Tools and of SNDS against a server on loopback
// that speaks their APIs as documented: sign-in, lists in pages, batches, errors, impatience.
#include "relay/figure_sources.hpp"

#include <cstdlib>
#include <fstream>
#include <functional>
#include <map>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>
#include <unistd.h>

#include "auth/dkim/crypto.hpp"
#include "base/encoding.hpp"
#include "base/text.hpp"
#include "net/clock.hpp"
#include "net/http_server.hpp"
#include "watch/snds.hpp"

namespace ptarmigan::relay {
namespace {

namespace asio = boost::asio;
using namespace std::chrono_literals;
using Json = nlohmann::json;
using net::HttpReply;
using net::HttpRequest;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;

constexpr WallTime today{std::chrono::sys_days(
    std::chrono::year_month_day(std::chrono::year(2026), std::chrono::month(11), std::chrono::day(24)))};

/// Every name is on loopback.
class Loopback final : public net::AnswerSource {
 public:
  asio::awaitable<Answer> answer(Question question, SteadyTime) override {
    Answer answer{.status = AnswerStatus::no_data};
    if (question.type == dns::RecordType::a) {
      answer.status = AnswerStatus::found;
      answer.records = {{question.name, dns::RecordType::a, 60, IpAddress::v4({127, 0, 0, 1})}};
    }
    co_return answer;
  }
};

std::string plain(std::string base64url) {
  for (auto& c : base64url) c = c == '-' ? '+' : c == '_' ? '/' : c;
  while (base64url.size() % 4 != 0) base64url += '=';
  return base64_decode(base64url).value_or("");
}

HttpReply reply(unsigned status, const Json& json) {
  HttpReply out = net::text_reply(status, "");
  out.headers = {{"Content-Type", "application/json"}};
  out.body = json.dump();
  return out;
}

HttpReply google_error(unsigned status, std::string_view word, std::string_view message) {
  return reply(status, {{"error", {{"code", status}, {"message", message}, {"status", word}}}});
}

class FigureSources : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    folder() = testing::TempDir() + "figures." + std::to_string(getpid());
    const std::string command = "mkdir -p " + folder() + " && cd " + folder() +
                                " && openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout "
                                "key.pem -out cert.pem -days 2 -subj /CN=x -addext subjectAltName=DNS:api.example.com";
    ASSERT_EQ(std::system(("(" + command + ") >/dev/null 2>&1").c_str()), 0);
  }
  static void TearDownTestSuite() { static_cast<void>(std::system(("rm -rf " + folder()).c_str())); }

  Result<std::string> end_sign_in(const std::string& request) {
    Result<std::string> out = failure("not asked");
    run([&](Loopback& dns, FigureService service) -> asio::awaitable<void> {
      out = co_await end_snds_sign_in(dns, request, service);
    });
    return out;
  }

  /// What the configured sources give.
  Result<Fetched> fetch(WallTime now = today) {
    Result<Fetched> out = failure("nothing is configured");
    run([&](Loopback& dns, FigureService service) -> asio::awaitable<void> {
      auto sources = figure_sources(settings_, dns, service);
      if (!sources) out = std::unexpected(sources.error());
      if (sources)
        for (const auto& source : *sources) out = co_await source->fetch(now);
    });
    return out;
  }

  /// With a server that answers by answer().
  void run(const std::function<asio::awaitable<void>(Loopback&, FigureService)>& work) {
    asio::io_context reactor{1};
    auto server =
        net::HttpServer::open({reactor.get_executor()},
                              {.endpoints = {{IpAddress::v4({127, 0, 0, 1}), 0}},
                               .tls = net::TlsContext::server(folder() + "/cert.pem", folder() + "/key.pem").value()})
            .value();
    base_ = "https://api.example.com:" + std::to_string(server->endpoints().front().port);
    write_key_file();
    server->start([this](HttpRequest request) -> asio::awaitable<HttpReply> {
      asked_.push_back(request.method + " " + request.path);
      co_return answer(request);
    });
    const FigureService service{.google = base_,
                                .snds = base_ + "/snds",
                                .microsoft_login = base_ + "/login",
                                .ca_file = folder() + "/cert.pem",
                                .reply_time = 5s,
                                .pauses = {1ms, 1ms}};
    Loopback dns;
    auto client = [&]() -> asio::awaitable<void> {
      co_await work(dns, service);
      co_await server->close();
    };
    std::exception_ptr thrown;
    asio::co_spawn(reactor, client(), [&](std::exception_ptr exception) { thrown = exception; });
    reactor.run();
    if (thrown) std::rethrow_exception(thrown);
  }

  HttpReply answer(const HttpRequest& request) {
    if (impatient_ > 0) {
      --impatient_;
      return google_error(429, "RESOURCE_EXHAUSTED", "Quota exceeded.");
    }
    if (request.path == "/token") return google_token(request);
    if (request.path == "/login") return microsoft_token(request);
    if (request.header("authorization") != "Bearer granted")
      return google_error(401, "UNAUTHENTICATED", "Request had invalid authentication credentials.");
    if (request.path.starts_with("/snds/")) return snds(request);
    return google(request);
  }

  /// Google's side of RFC 7523: the assertion is believed where its signature is the key's and its claims are right.
  HttpReply google_token(const HttpRequest& request) {
    const auto at = request.body.find("&assertion=");
    const auto jwt = request.body.substr(at + 11);
    const auto second = jwt.rfind('.');
    const auto first = jwt.find('.');
    const auto claims = Json::parse(plain(jwt.substr(first + 1, second - first - 1)), nullptr, false);
    const auto key = dkim::PublicKey::parse(dkim::KeyType::rsa, account_key().public_octets()).value();
    const bool good = request.method == "POST" &&
                      request.header("content-type") == "application/x-www-form-urlencoded" &&
                      key.verify(dkim::sha256(jwt.substr(0, second)), plain(jwt.substr(second + 1))) &&
                      claims["aud"] == base_ + "/token" && account_is_known_;
    if (good) return reply(200, {{"access_token", "granted"}, {"expires_in", 3599}, {"token_type", "Bearer"}});
    return reply(400, {{"error", "invalid_grant"}, {"error_description", "Invalid JWT Signature."}});
  }

  HttpReply google(const HttpRequest& request) {
    const auto token = std::string(request.parameter("pageToken").value_or(""));
    if (request.method == "GET" && request.path == "/v2/domains") {
      Json domains = Json::array();
      const Json verified{{"permission", "READER"}, {"verificationState", "VERIFIED"}};
      const auto add = [&](const char* name) {
        Json one = verified;
        one["name"] = std::string("domains/") + name;
        domains.push_back(one);
      };
      if (token.empty()) {
        add("example.com");
        return reply(200, {{"domains", domains}, {"nextPageToken", "p+2/="}});
      }
      if (token != "p+2/=") return google_error(400, "INVALID_ARGUMENT", "Invalid page token.");
      add("example.org");
      return reply(200, {{"domains", domains}});
    }
    if (request.method == "GET" && request.path == "/v2/domains/example.com/complianceStatus")
      return reply(
          200,
          {{"complianceData",
            {{"rowData", Json::array({{{"requirement", "DNS_RECORDS"}, {"status", {{"status", "NEEDS_WORK"}}}}})}}}});
    if (request.path == "/v2/domains/example.org/complianceStatus")
      return google_error(403, "PERMISSION_DENIED", "The caller does not have permission");
    if (request.method == "POST" && request.path == "/v2/domainStats:batchQuery") return batch(request);
    if (request.method == "POST" && request.path == "/v2/domains/example.com/domainStats:query") {
      const auto query = Json::parse(request.body);
      const auto page = query.value("pageToken", "");
      if (page == "day2") return reply(200, {{"domainStats", stats(21, 0.002)}, {"nextPageToken", "day3"}});
      if (page == "day3") return reply(200, {{"domainStats", stats(22, 0.004)}});
      return google_error(400, "INVALID_ARGUMENT", "Invalid page token.");
    }
    return google_error(404, "NOT_FOUND", "Not found.");
  }

  static Json stats(int day, double rate) {
    return Json::array({{{"name", "domains/example.com/domainStats/x"},
                         {"metric", "spam_rate"},
                         {"date", {{"year", 2026}, {"month", 11}, {"day", day}}},
                         {"value", {{"doubleValue", rate}}}}});
  }

  static HttpReply batch(const HttpRequest& request) {
    const auto query = Json::parse(request.body, nullptr, false);
    Json results = Json::array();
    for (const auto& one : query["requests"]) {
      if (!one.contains("metricDefinitions") || one["pageSize"] > 200 || !one.contains("timeQuery"))
        return google_error(400, "INVALID_ARGUMENT", "Invalid query.");
      if (one["parent"] == "domains/example.com")
        results.push_back({{"response", {{"domainStats", stats(20, 0.001)}, {"nextPageToken", "day2"}}}});
      else
        results.push_back({{"error", {{"code", 7}, {"message", "no permission for it"}}}});
    }
    return reply(200, {{"results", results}});
  }

  /// Microsoft's refresh tokens are good for one use.
  HttpReply microsoft_token(const HttpRequest& request) {
    if (request.body.find("grant_type=authorization_code") != std::string::npos)
      return request.body.ends_with("&code=good")
                 ? reply(200, {{"access_token", "granted"}, {"refresh_token", refresh_token_}})
                 : reply(400, {{"error", "invalid_grant"}, {"error_description", "AADSTS54005: code was redeemed"}});
    if (request.body.find("&refresh_token=" + refresh_token_ + "&") == std::string::npos &&
        !request.body.ends_with("&refresh_token=" + refresh_token_))
      return reply(400,
                   {{"error", "invalid_grant"}, {"error_description", "AADSTS70000: The refresh token was used."}});
    refresh_token_ = "next" + std::to_string(++used_);
    return reply(200, {{"access_token", "granted"}, {"expires_in", 3600}, {"refresh_token", refresh_token_}});
  }

  static HttpReply snds(const HttpRequest& request) {
    if (request.path == "/snds/api/report/data/2026-11-23") return reply(404, {{"error", "no data"}});
    if (request.path == "/snds/api/report/data/2026-11-22")
      return reply(200, Json::array({{{"ipAddress", "192.0.2.1"}, {"filterResult", "RED"}, {"trapHits", 2}}}));
    if (request.path.starts_with("/snds/api/report/data/")) return reply(200, Json::array());
    if (request.path == "/snds/api/report/status/ip") {
      auto out = net::text_reply(200, "192.0.2.1,192.0.2.1,Yes,Blocked due to user complaints\n");
      out.headers = {{"Content-Type", "text/csv"}};
      return out;
    }
    return reply(404, Json::object());
  }

  void write_key_file() const {
    std::ofstream(folder() + "/account.json") << Json{{"type", "service_account"},
                                                      {"client_email", "reader@p.iam.gserviceaccount.com"},
                                                      {"private_key_id", "k"},
                                                      {"private_key", account_key().pem()},
                                                      {"token_uri", base_ + "/token"}};
  }
  static const dkim::PrivateKey& account_key() {
    static const auto key = dkim::PrivateKey::generate(dkim::KeyType::rsa).value();
    return key;
  }
  void with_google() { settings_.google_key_file = folder() + "/account.json"; }
  void with_snds(const std::string& token) {
    settings_.snds_token_file = folder() + "/snds.token";
    std::ofstream(settings_.snds_token_file) << token << "\n";
  }
  static std::string& folder() {
    static std::string folder;
    return folder;
  }

  config::Watch settings_;
  std::string base_;
  std::vector<std::string> asked_;
  std::string refresh_token_ = "first";
  int used_ = 0;
  int impatient_ = 0;
  bool account_is_known_ = true;
};

TEST_F(FigureSources, nothing_is_asked_where_nothing_is_configured) {
  EXPECT_FALSE(fetch());
  EXPECT_TRUE(asked_.empty());
}

TEST_F(FigureSources, google_is_read_through_every_page_and_what_fails_is_told_beside_the_rest) {
  with_google();
  const auto got = fetch();
  ASSERT_TRUE(got) << got.error().text();
  std::vector<std::int64_t> rates;
  for (const auto& figure : got->figures)
    if (figure.metric == "spam_rate") rates.push_back(figure.millionths);
  EXPECT_THAT(rates, ElementsAre(1'000, 2'000, 4'000));
  EXPECT_EQ(got->figures.back().metric, "compliance.DNS_RECORDS");
  EXPECT_THAT(got->problems, ElementsAre("example.org: no permission for it",
                                         HasSubstr("403 PERMISSION_DENIED: The caller does not have permission")));
  EXPECT_THAT(asked_, Contains("POST /v2/domainStats:batchQuery").Times(1)) << "one batch for all domains";
  std::vector<std::string> wrong;
  for (const auto& one : watch::wrong_figures(got->figures)) wrong.push_back(one.key);
  EXPECT_THAT(wrong, ElementsAre("figure google-postmaster example.com compliance.DNS_RECORDS",
                                 "figure google-postmaster example.com spam_rate"));
}

TEST_F(FigureSources, a_service_that_asks_for_patience_is_asked_again_and_not_for_ever) {
  with_google();
  impatient_ = 2;
  EXPECT_TRUE(fetch());
  impatient_ = 1000;
  asked_.clear();
  const auto got = fetch();
  ASSERT_FALSE(got);
  EXPECT_EQ(asked_.size(), 3U);
}

TEST_F(FigureSources, an_account_that_google_does_not_know_is_told_with_its_name) {
  with_google();
  account_is_known_ = false;
  const auto got = fetch();
  ASSERT_FALSE(got);
  EXPECT_THAT(got.error().message, HasSubstr("reader@p.iam.gserviceaccount.com"));
  EXPECT_THAT(got.error().message, HasSubstr("invalid_grant Invalid JWT Signature."));
}

TEST_F(FigureSources, snds_is_read_by_the_day_and_its_refresh_token_is_kept_at_each_use) {
  with_snds("first");
  for (int round = 0; round < 2; ++round) {
    const auto got = fetch();
    ASSERT_TRUE(got) << got.error().text();
    ASSERT_EQ(got->figures.size(), 3U);
    EXPECT_EQ(got->figures[0].metric, "trap_hits");
    EXPECT_EQ(got->figures[1].text, "RED");
    EXPECT_EQ(got->figures[2].metric, "blocked");
    EXPECT_TRUE(got->problems.empty()) << "a day without data is none";
  }
  std::string kept;
  std::ifstream file(settings_.snds_token_file);
  std::getline(file, kept);
  EXPECT_EQ(kept, "next2");
}

TEST_F(FigureSources, a_sign_in_that_is_over_is_told) {
  with_snds("used before");
  const auto got = fetch();
  ASSERT_FALSE(got);
  EXPECT_THAT(got.error().text(), HasSubstr("AADSTS70000"));
  EXPECT_THAT(asked_, ElementsAre("POST /login")) << "nothing is asked without a token";
}

TEST_F(FigureSources, a_sign_in_ends_with_a_refresh_token_or_with_what_microsoft_says) {
  const watch::SndsSignIn sign_in{.verifier = std::string(43, 'v'), .state = "s"};
  EXPECT_EQ(end_sign_in(sign_in.token_request("http://localhost/?code=good&state=s").value()).value(), "first");
  const auto refused = end_sign_in(sign_in.token_request("http://localhost/?code=old&state=s").value());
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().message, HasSubstr("AADSTS54005"));
}

TEST_F(FigureSources, a_key_file_that_cannot_be_used_names_the_setting) {
  settings_.google_key_file = folder() + "/missing.json";
  const auto got = fetch();
  ASSERT_FALSE(got);
  EXPECT_THAT(got.error().message, HasSubstr("watch.google_key_file"));
}

}  // namespace
}  // namespace ptarmigan::relay
