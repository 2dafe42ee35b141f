// console/tests/api_test.cpp - the API over an empty and a filled history: who gets what, and what it says.
#include "console/api.hpp"

#include <filesystem>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>
#include <unistd.h>

#include "console/calls.hpp"
#include "net/run.hpp"
#include "store/history.hpp"

namespace ptarmigan::console {
namespace {

using nlohmann::json;

const std::string read_token = token_text({1});
const std::string operate_token = token_text({2});
const std::string submit_token = token_text({3});

class ConsoleApi : public testing::Test {
 protected:
  ConsoleApi() {
    folder_ = testing::TempDir() + "console." + std::to_string(getpid());
    std::filesystem::create_directory(folder_);
    config_.hostname = dns::name("mail.example.com");
    config_.sources = {
        {.name = "main", .ipv4 = IpAddress::parse("192.0.2.1").value(), .ipv6 = {}, .ehlo = config_.hostname}};
    config_.domains = {{.name = dns::name("example.com"), .dkim = {{.selector = "s1", .key_file = "x"}}}};
    history_ = store::History::open({.file = folder_ + "/history.db"}).value();
  }
  ~ConsoleApi() override {
    api_.reset();
    history_.reset();
    std::filesystem::remove_all(folder_);
  }

  net::HttpReply ask(std::string method, const std::string& target, const std::string& token, std::string body = {}) {
    if (!api_) {
      ApiParts parts{.config = config_,
                     .config_file = "p.toml",
                     .given = given_,
                     .history = folder_ + "/history.db",
                     .metrics = metrics_,
                     .events = hub_};
      parts.control = [this](std::string command) -> boost::asio::awaitable<std::string> {
        commands_.push_back(command);
        co_return control_answer_;
      };
      parts.submit = [this](const net::HttpRequest&, const Person& person) -> boost::asio::awaitable<net::HttpReply> {
        submitters_.push_back(person.name);
        co_return net::text_reply(202, "taken");
      };
      parts.not_ready = [this] { return not_ready_; };
      parts.audit = [this](store::AuditLine line) { audit_.push_back(std::move(line)); };
      api_ = std::make_unique<Api>(std::move(parts),
                                   std::vector<Token>{{"r", Role::read, token_hash(read_token), ""},
                                                      {"s", Role::submit, token_hash(submit_token), ""},
                                                      {"o", Role::operate, token_hash(operate_token), ""}});
    }
    net::HttpRequest request{
        .method = std::move(method), .path = {}, .segments = {}, .headers = {{"host", "a"}}, .body = std::move(body)};
    EXPECT_TRUE(net::read_target(target, request));
    request.peer.address = peer_;
    if (!token.empty()) request.headers.emplace_back("authorization", "Bearer " + token);
    return net::run_blocking(api_->handle(std::move(request)));
  }
  json got(const std::string& target) {
    const auto reply = ask("GET", target, read_token);
    EXPECT_EQ(reply.status, 200U) << target << reply.body;
    return json::parse(reply.body);
  }

  std::string folder_;
  config::Config config_;
  std::vector<config::Given> given_;
  Metrics metrics_;
  net::EventHub hub_;
  std::unique_ptr<store::History> history_;
  std::unique_ptr<Api> api_;
  std::vector<std::string> commands_;
  std::string control_answer_ = R"({"version": 1})";
  std::string not_ready_;
  std::vector<std::string> submitters_;
  std::vector<store::AuditLine> audit_;
  IpAddress peer_ = IpAddress::v4({127, 0, 0, 1});
};

/// "/a/{b}" with something in place of names.
std::string filled(std::string_view path) {
  std::string out;
  bool within = false;
  for (const char c : path) {
    if (c == '{') out += "1";
    within = c == '{' || (within && c != '}');
    if (!within && c != '}') out += c;
  }
  return out;
}

/// What `value` lacks of `schema`, by its path; "" where it agrees.
std::string disagreement(const json& document, const json& schema, const json& value, const std::string& at) {
  if (schema.contains("$ref")) {
    const auto name = schema["$ref"].get<std::string>().substr(std::string("#/components/schemas/").size());
    return disagreement(document, document["components"]["schemas"].at(name), value, at);
  }
  if (schema.contains("anyOf")) {
    std::string first;
    for (const auto& one : schema["anyOf"]) {
      const auto found = disagreement(document, one, value, at);
      if (found.empty()) return {};
      if (first.empty()) first = found;
    }
    return first;
  }
  if (!schema.contains("type")) return {};
  const auto type = schema["type"].get<std::string>();
  const bool right = type == "object"    ? value.is_object()
                     : type == "array"   ? value.is_array()
                     : type == "string"  ? value.is_string()
                     : type == "integer" ? value.is_number_integer()
                     : type == "boolean" ? value.is_boolean()
                                         : value.is_null();
  if (!right) return at + " is no " + type;
  if (type == "array")
    for (const auto& item : value)
      if (const auto found = disagreement(document, schema["items"], item, at + "[]"); !found.empty()) return found;
  if (type != "object" || !schema.contains("properties")) return {};
  for (const auto& [name, inner] : schema["properties"].items()) {
    if (!value.contains(name)) return at + "." + name + " is missing";
    if (const auto found = disagreement(document, inner, value[name], at + "." + name); !found.empty()) return found;
  }
  for (const auto& [name, inner] : value.items())
    if (!schema["properties"].contains(name)) return at + "." + name + " is not documented";
  return {};
}

store::Attempt refused_attempt() {
  return {.queue_id = QueueId::parse("0000000000001").value(),
          .group = 0,
          .time = std::chrono::time_point_cast<milliseconds>(std::chrono::system_clock::now()) - std::chrono::hours(1),
          .duration = milliseconds(5),
          .mail_from = "news@example.com",
          .recipients = {"<b>x</b>@gmail.com"},
          .site = "gmail",
          .route = "192.0.2.1",
          .family = Family::ipv4,
          .peer = Endpoint{*IpAddress::parse("203.0.113.5"), 25},
          .mx_host = "gmail-smtp-in.l.google.com",
          .ehlo_name = "mail.example.com",
          .tls = store::Tls{"TLSv1.3", "TLS_AES_256_GCM_SHA384", "pkix"},
          .reply_code = 550,
          .enhanced_status = "5.7.25",
          .reply_text = "550-5.7.25 <script>alert(1)</script> does not have a PTR record\n550 5.7.25 gsmtp",
          .stage = "end_of_data",
          .cause = "sending_address",
          .rule_id = "gmail.ptr",
          .outcome = store::Outcome::bounced,
          .next_step = "",
          .considered = R"({"standing": "enforce", "routes": []})"};
}

TEST_F(ConsoleApi, every_call_needs_its_role_but_the_document) {
  for (const auto& info : calls()) {
    const auto target = filled(info.path);
    const auto method = std::string(info.method);
    // From an address of its own: wrong tokens are counted.
    peer_ = IpAddress::v4({127, 0, 1, static_cast<unsigned char>(info.call)});
    EXPECT_EQ(ask(method, target, "").status, info.login == Login::none ? 200U : 401U) << target;
    EXPECT_EQ(ask(method, target, token_text({9})).status, info.login == Login::none ? 200U : 401U) << target;
    if (info.role != Role::read) EXPECT_EQ(ask(method, target, read_token).status, 403U) << target;
    if (info.role != Role::submit && info.login == Login::needed)
      EXPECT_EQ(ask(method, target, submit_token).status, 403U) << target;
  }
  for (const auto* const path : {"/metrics", "/events"}) {
    EXPECT_EQ(ask("GET", path, "").status, 401U) << path;
    EXPECT_EQ(ask("GET", path, submit_token).status, 403U) << path;
  }
  EXPECT_TRUE(commands_.empty());
  EXPECT_TRUE(audit_.empty());
}

TEST_F(ConsoleApi, answers_agree_with_the_document) {
  history_->record(refused_attempt());
  history_->flush();
  const auto document = json::parse(openapi_document());
  EXPECT_EQ(document["openapi"], "3.1.0");
  control_answer_ = R"({"version": 1, "messages": 3, "groups": 3, "octets": 100, "held": 1,
    "sites": [{"site": "gmail", "groups": 3, "due": 1, "held": 1, "oldest": "2026-11-23T10:00:00Z", "causes": {"rate": 3}}],
    "server": {"running": true, "draining": false, "spool": "running", "reason": "", "waiting": 2, "in_delivery": 1}})";
  given_ = {{"hostname", "\"mail.example.com\"", 1}};
  for (const auto& info : calls()) {
    const auto& path = document["paths"].at(std::string(info.path));
    EXPECT_TRUE(path.contains(info.method == "GET" ? "get" : "post")) << info.path;
    if (info.method != "GET" || info.path.find("incidents/{") != std::string_view::npos) continue;
    auto target = std::string(info.path);
    if (target == "/api/v1/messages/{id}") target = "/api/v1/messages/0000000000001";
    if (target == "/api/v1/domains/{name}") target = "/api/v1/domains/example.com";
    const auto& schema = path["get"]["responses"]["200"]["content"]["application/json"]["schema"];
    if (target == "/api/v1/queue" || target.starts_with("/api/v1/messages/"))
      control_answer_ = R"({"version": 1, "messages": []})";
    EXPECT_EQ(disagreement(document, schema, got(target), target), "");
  }
}

TEST_F(ConsoleApi, home_shows_the_matrix) {
  history_->record(refused_attempt());
  history_->flush();
  control_answer_ =
      R"({"version": 1, "standing": [{"source": "192.0.2.1", "site": "gmail", "sender": "", "standing": "poor",
    "why": "no PTR", "since_ms": 1000, "refusal": {"rules": ["gmail.ptr"]}}]})";
  const auto home = got("/api/v1/home");
  EXPECT_EQ(home["sources"][0]["route"], "192.0.2.1");
  EXPECT_EQ(home["sites"], json::array({"gmail"}));
  ASSERT_EQ(home["cells"].size(), 1U);
  const auto& cell = home["cells"][0];
  EXPECT_EQ(cell["standing"], "poor");
  EXPECT_EQ(cell["rules"], json::array({"gmail.ptr"}));
  EXPECT_EQ(cell["since"], "1970-01-01T00:00:01Z");
  EXPECT_EQ(cell["tally"]["bounced"], 1);
  EXPECT_EQ(home["total"]["bounced"], 1);
}

TEST_F(ConsoleApi, a_message_is_explained_with_its_rules) {
  history_->record(refused_attempt());
  history_->flush();
  const auto found = got("/api/v1/messages/0000000000001");
  EXPECT_EQ(found["attempts"][0]["reply_code"], 550);
  EXPECT_EQ(found["rules"][0]["id"], "gmail.ptr");
  EXPECT_EQ(ask("GET", "/api/v1/messages/0000000000002", read_token).status, 404U);
  EXPECT_EQ(got("/api/v1/messages?recipient=%3Cb%3Ex%3C/b%3E@gmail.com")["attempts"].size(), 1U);
}

TEST_F(ConsoleApi, a_change_is_a_command_and_a_line_of_the_audit_log) {
  EXPECT_EQ(ask("POST", "/api/v1/queue/hold", operate_token, R"({"site": "gmail"})").status, 200U);
  ASSERT_EQ(commands_.size(), 1U);
  EXPECT_EQ(json::parse(commands_[0]), json::parse(R"({"do": "hold", "site": "gmail"})"));
  ASSERT_EQ(audit_.size(), 1U);
  EXPECT_EQ(audit_[0].who, "o");
  EXPECT_EQ(audit_[0].action, "POST /api/v1/queue/hold");
  EXPECT_EQ(ask("POST", "/api/v1/queue/list", operate_token, "{}").status, 404U);
  EXPECT_EQ(ask("POST", "/api/v1/queue/hold", operate_token, "[]").status, 400U);
  EXPECT_EQ(ask("POST", "/api/v1/standing/set", operate_token, R"({"do": "drain"})").status, 200U);
  EXPECT_EQ(json::parse(commands_.back())["do"], "standing-set");
}

TEST_F(ConsoleApi, bad_parameters_and_unknown_paths_are_told) {
  for (const auto* const target :
       {"/api/v1/home?hours=0", "/api/v1/home?hours=x", "/api/v1/rates?by=colour", "/api/v1/rates?step=minute",
        "/api/v1/messages?limit=9999", "/api/v1/domains/example.com?days=0", "/api/v1/queue?limit=-1"})
    EXPECT_EQ(ask("GET", target, read_token).status, 400U) << target;
  for (const auto* const target :
       {"/api/v1/nothing", "/api/v2/home", "/api/v1/incidents/999", "/api/v1/incidents/x",
        "/api/v1/domains/other.example", "/api/v1/domains/..%2F..%2Fetc", "/etc/passwd", "/api"})
    EXPECT_EQ(ask("GET", target, read_token).status, 404U) << target;
  const auto reply = ask("DELETE", "/api/v1/home", read_token);
  EXPECT_EQ(reply.status, 405U);
  EXPECT_THAT(reply.headers, testing::Contains(std::pair<std::string, std::string>("Allow", "GET")));
}

TEST_F(ConsoleApi, strangers_may_not_send_a_body) {
  ask("GET", "/", "");
  net::HttpRequest head{.method = "POST", .path = "/api/v1/queue/hold", .segments = {}};
  EXPECT_EQ(api_->max_body(head), 0U);
  head.headers = {{"authorization", "Bearer " + read_token}};
  EXPECT_EQ(api_->max_body(head), 0U);
  head.headers = {{"authorization", "Bearer " + operate_token}};
  EXPECT_GT(api_->max_body(head), 0U);
  head.headers = {{"authorization", "Bearer " + submit_token}};
  EXPECT_EQ(api_->max_body(head), 0U);
  head.path = "/api/v1/messages";
  EXPECT_GT(api_->max_body(head), 0U);
  head.headers = {{"authorization", "Bearer " + read_token}};
  EXPECT_EQ(api_->max_body(head), 0U);
}

TEST_F(ConsoleApi, who_may_submit_submits_and_so_does_who_operates) {
  EXPECT_EQ(ask("POST", "/api/v1/messages", submit_token, "x").status, 202U);
  EXPECT_EQ(ask("POST", "/api/v1/messages", operate_token, "x").status, 202U);
  EXPECT_EQ(ask("POST", "/api/v1/messages", read_token, "x").status, 403U);
  EXPECT_EQ(submitters_, (std::vector<std::string>{"s", "o"}));
}

TEST_F(ConsoleApi, page_is_strict_small_and_not_sent_twice) {
  const auto page = ask("GET", "/", "");
  EXPECT_EQ(page.status, 200U);
  EXPECT_THAT(page.body, testing::HasSubstr("<title>Ptarmigan</title>"));
  const auto field = [](const net::HttpReply& reply, std::string_view wanted) {
    for (const auto& [name, value] : reply.headers)
      if (name == wanted) return value;
    return std::string();
  };
  const auto policy = field(page, "Content-Security-Policy");
  EXPECT_THAT(policy, testing::StartsWith("default-src 'none'; script-src 'self'; "));
  EXPECT_THAT(policy, testing::Not(testing::HasSubstr("unsafe")));
  EXPECT_THAT(policy, testing::Not(testing::HasSubstr("http")));
  std::size_t together = 0;
  for (const auto* const path : {"/", "/app.js", "/app.css", "/icon.svg"}) {
    net::HttpRequest request{
        .method = "GET", .path = path, .segments = {}, .headers = {{"accept-encoding", "gzip, br"}}};
    const auto small = net::run_blocking(api_->handle(request));
    EXPECT_EQ(field(small, "Content-Encoding"), "gzip") << path;
    together += small.body.size();
    request.headers = {{"if-none-match", field(small, "ETag")}};
    EXPECT_EQ(net::run_blocking(api_->handle(request)).status, 304U) << path;
  }
  EXPECT_LT(together, 150'000U);
}

TEST_F(ConsoleApi, health_says_why_not) {
  EXPECT_EQ(ask("GET", "/health/live", "").status, 200U);
  EXPECT_EQ(ask("GET", "/health/ready", "").status, 200U);
  not_ready_ = "the spool has stopped";
  const auto reply = ask("GET", "/health/ready", "");
  EXPECT_EQ(reply.status, 503U);
  EXPECT_EQ(reply.body, "the spool has stopped\n");
}

}  // namespace
}  // namespace ptarmigan::console
