// relay/figure_sources.cpp - see figure_sources.hpp.
#include "relay/figure_sources.hpp"

#include <fstream>
#include <sstream>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "base/text.hpp"
#include "net/clock.hpp"
#include "net/https_get.hpp"
#include "net/stream.hpp"
#include "relay/https_url.hpp"
#include "relay/whole_file.hpp"
#include "watch/postmaster.hpp"
#include "watch/snds.hpp"

namespace ptarmigan::relay {
namespace asio = boost::asio;
namespace {

using std::chrono::days;
using Reply = Result<net::HttpsReply>;

/// Google fills in figures late: the last days are asked again each time.
constexpr days google_days{30};
constexpr days snds_days{4};
constexpr std::size_t max_secret = 65'536;

std::string percent_encode(std::string_view text) {
  constexpr std::string_view digits = "0123456789ABCDEF";
  std::string out;
  for (const char c : text) {
    if (is_alnum(c) || c == '-' || c == '.' || c == '_' || c == '~') {
      out += c;
    } else {
      const auto octet = static_cast<unsigned char>(c);
      out += '%';
      out += digits[octet >> 4U];
      out += digits[octet & 15U];
    }
  }
  return out;
}

/// Asks one web service, again where it asks for patience.
class WebService {
 public:
  WebService(net::AnswerSource& dns, std::shared_ptr<const net::TlsContext> tls, FigureService service)
      : dns_(dns), tls_(std::move(tls)), service_(std::move(service)) {}

  [[nodiscard]] const FigureService& service() const { return service_; }

  asio::awaitable<Reply> ask(std::string url, std::optional<net::HttpsRequest::Post> post, std::string token) {
    const auto at = HttpsUrl::parse(url);
    if (!at) co_return failure(printable(url) + " is no https address");
    net::HttpsRequest request{
        .host = at->host, .path = at->path, .port = at->port, .max_body = service_.max_reply, .post = std::move(post)};
    request.fields.emplace_back("Accept", "application/json, text/csv");
    if (!token.empty()) request.fields.emplace_back("Authorization", "Bearer " + token);
    asio::steady_timer timer(co_await asio::this_coro::executor);
    for (std::size_t tried = 0;; ++tried) {
      auto copy = request;
      auto reply = co_await net::https_get(dns_, tls_, std::move(copy), net::in(service_.reply_time));
      const bool again =
          reply ? reply->status == 429 || reply->status >= 500 : reply.error().fault == net::HttpsFault::unreachable;
      if (!again || tried == service_.pauses.size() || co_await net::cancelled()) {
        if (!reply) co_return failure(reply.error().message);
        co_return *std::move(reply);
      }
      timer.expires_after(service_.pauses[tried]);
      co_await timer.async_wait(asio::as_tuple(asio::use_awaitable));
    }
  }

  /// A reply of 200, or an error with the service's words.
  asio::awaitable<Result<std::string>> body(std::string url, std::optional<net::HttpsRequest::Post> post,
                                            std::string token) {
    auto reply = co_await ask(url, std::move(post), std::move(token));
    if (!reply) co_return std::unexpected(std::move(reply.error()));
    if (reply->status == 200) co_return std::move(reply->body);
    const auto words = watch::error_of(reply->body);
    co_return failure(HttpsUrl::parse(url)->host.text() + " answers " + std::to_string(reply->status) +
                      (words.empty() ? "" : " " + words));
  }

 private:
  net::AnswerSource& dns_;
  std::shared_ptr<const net::TlsContext> tls_;
  FigureService service_;
};

net::HttpsRequest::Post form(std::string body) {
  return {.content_type = "application/x-www-form-urlencoded", .body = std::move(body)};
}

net::HttpsRequest::Post json(std::string body) {
  return {.content_type = "application/json", .body = std::move(body)};
}

class Google final : public FigureSource {
 public:
  Google(WebService web, watch::ServiceAccount account, std::string user)
      : web_(std::move(web)), account_(std::move(account)), user_(std::move(user)) {}

  std::string_view provider() const override { return watch::google_postmaster; }

  asio::awaitable<Result<Fetched>> fetch(WallTime now) override {
    auto domains = co_await sign_in_and_list(now);
    if (!domains) co_return std::unexpected(std::move(domains.error()));
    const auto today = WallTime(std::chrono::floor<days>(now));
    Fetched out;
    for (std::size_t first = 0; first < domains->size(); first += watch::max_batch) {
      const auto count = std::min(watch::max_batch, domains->size() - first);
      const std::vector<std::string> some(domains->begin() + static_cast<std::ptrdiff_t>(first),
                                          domains->begin() + static_cast<std::ptrdiff_t>(first + count));
      if (auto got = co_await statistics(some, today, out); !got) co_return std::unexpected(std::move(got.error()));
    }
    for (const auto& domain : *domains) co_await compliance(domain, today, out);
    co_return out;
  }

 private:
  asio::awaitable<Result<std::vector<std::string>>> sign_in_and_list(WallTime now) {
    auto request = watch::token_request(account_, user_, now);
    if (!request) co_return std::unexpected(std::move(request.error()));
    const auto reply = co_await web_.ask(account_.token_address, form(*std::move(request)), "");
    if (!reply) co_return std::unexpected(reply.error());
    auto token = watch::parse_token(reply->body);
    if (!token)
      co_return failure(account_.email + " cannot sign in at Google: " + token.error().message,
                        "let it use the Gmail Postmaster Tools API in the Google Cloud console");
    token_ = std::move(token->token);
    std::vector<std::string> domains;
    std::string page;
    for (unsigned pages = 0; pages < web_.service().max_pages; ++pages) {
      const auto body = co_await web_.body(web_.service().google + "/v2/domains?pageSize=200" +
                                               (page.empty() ? "" : "&pageToken=" + percent_encode(page)),
                                           std::nullopt, token_);
      if (!body) co_return std::unexpected(body.error());
      auto found = watch::parse_domains(*body);
      if (!found) co_return std::unexpected(std::move(found.error()));
      domains.insert(domains.end(), found->domains.begin(), found->domains.end());
      page = std::move(found->next);
      if (page.empty()) break;
    }
    if (domains.empty())
      co_return failure("Google Postmaster Tools shows no domain to " + account_.email,
                        "add it there as a user of your domains: https://postmaster.google.com");
    co_return domains;
  }

  /// One batch; a domain with more than one page is asked for the others by itself.
  asio::awaitable<Result<>> statistics(std::vector<std::string> domains, WallTime today, Fetched& out) {
    const auto first = today - google_days;
    const auto body = co_await web_.body(web_.service().google + "/v2/domainStats:batchQuery",
                                         json(watch::batch_query(domains, first, today)), token_);
    if (!body) co_return std::unexpected(body.error());
    auto pages = watch::parse_batch(*body, domains);
    if (!pages) co_return std::unexpected(std::move(pages.error()));
    for (std::size_t i = 0; i < domains.size(); ++i) {
      auto page = std::move((*pages)[i]);
      for (unsigned read = 1;; ++read) {
        if (!page.error.empty()) out.problems.push_back(domains[i] + ": " + page.error);
        out.figures.insert(out.figures.end(), page.figures.begin(), page.figures.end());
        if (page.next.empty() || read == web_.service().max_pages) break;
        page = co_await next_page(domains[i], today, std::move(page.next));
      }
    }
    co_return Result<>();
  }

  asio::awaitable<watch::StatsPage> next_page(std::string domain, WallTime today, std::string token) {
    const auto body = co_await web_.body(web_.service().google + "/v2/domains/" + domain + "/domainStats:query",
                                         json(watch::stats_query(domain, today - google_days, today, token)), token_);
    auto page = body ? watch::parse_stats(*body, domain) : std::unexpected(body.error());
    if (!page) co_return watch::StatsPage{.figures = {}, .next = {}, .error = page.error().message};
    if (page->next == token) page->next.clear();  // it would go round for ever
    co_return *std::move(page);
  }

  asio::awaitable<void> compliance(std::string domain, WallTime today, Fetched& out) {
    const auto body =
        co_await web_.body(web_.service().google + "/v2/domains/" + domain + "/complianceStatus", std::nullopt, token_);
    const auto rows = body ? watch::parse_compliance(*body, domain, today) : std::unexpected(body.error());
    if (rows)
      out.figures.insert(out.figures.end(), rows->begin(), rows->end());
    else
      out.problems.push_back(domain + ": " + rows.error().message);
  }

  WebService web_;
  watch::ServiceAccount account_;
  std::string user_;
  std::string token_;
};

class Snds final : public FigureSource {
 public:
  Snds(WebService web, std::string file) : web_(std::move(web)), file_(std::move(file)) {}

  std::string_view provider() const override { return watch::snds; }

  asio::awaitable<Result<Fetched>> fetch(WallTime now) override {
    if (auto in = co_await sign_in(); !in) co_return std::unexpected(std::move(in.error()));
    const auto today = WallTime(std::chrono::floor<days>(now));
    Fetched out;
    for (days back{1}; back <= snds_days; ++back) {
      const auto day = today - back;
      const auto reply = co_await web_.ask(web_.service().snds + "/api/report/data/" + rfc3339(day).substr(0, 10),
                                           std::nullopt, token_);
      if (!reply) co_return std::unexpected(reply.error());
      // No data for that day, so far.
      if (reply->status != 404) take(*reply, watch::parse_snds_data(reply->body, day), out);
    }
    const auto reply = co_await web_.ask(web_.service().snds + "/api/report/status/ip", std::nullopt, token_);
    if (!reply) co_return std::unexpected(reply.error());
    if (reply->status != 404) take(*reply, watch::parse_snds_status(reply->body, today), out);
    if (out.figures.empty() && !out.problems.empty()) co_return failure(out.problems.front());
    co_return out;
  }

 private:
  static void take(const net::HttpsReply& reply, const Result<std::vector<watch::Figure>>& figures, Fetched& out) {
    if (reply.status != 200)
      out.problems.push_back("SNDS answers " + std::to_string(reply.status) + " " + watch::error_of(reply.body));
    else if (!figures)
      out.problems.push_back(figures.error().message);
    else
      out.figures.insert(out.figures.end(), figures->begin(), figures->end());
  }

  /// Each use makes a new refresh token, which is kept before anything else is done: the old one is dead.
  asio::awaitable<Result<>> sign_in() {
    std::ifstream file(file_);
    std::string refresh;
    if (!std::getline(file, refresh) || refresh.empty() || refresh.size() > max_secret)
      co_return failure("watch.snds_token_file " + file_ + " cannot be read or is empty",
                        "sign in: ptarmigan watch sign-in-at-snds");
    const auto reply =
        co_await web_.ask(web_.service().microsoft_login, form(watch::snds_refresh_request(refresh)), "");
    if (!reply) co_return std::unexpected(reply.error());
    auto token = watch::parse_token(reply->body);
    if (!token) co_return failure("SNDS: the sign-in is over: " + token.error().message, "sign in anew");
    if (!token->refresh_token.empty())
      if (auto kept = write_whole_file(file_, token->refresh_token + "\n"); !kept)
        co_return failure("the new refresh token of SNDS cannot be kept: " + kept.error().message,
                          "make the folder of watch.snds_token_file writable for the server");
    token_ = std::move(token->token);
    co_return Result<>();
  }

  WebService web_;
  std::string file_;
  std::string token_;
};

}  // namespace

asio::awaitable<Result<std::string>> end_snds_sign_in(net::AnswerSource& dns, std::string request,
                                                      FigureService service) {
  const auto tls = net::TlsContext::client_verified(service.ca_file);
  if (!tls) co_return std::unexpected(tls.error());
  WebService web(dns, *tls, service);
  const auto reply = co_await web.ask(service.microsoft_login, form(std::move(request)), "");
  if (!reply) co_return std::unexpected(reply.error());
  auto token = watch::parse_token(reply->body);
  if (!token) co_return std::unexpected(std::move(token.error()));
  if (token->refresh_token.empty()) co_return failure("Microsoft gave no refresh token", "begin again");
  co_return std::move(token->refresh_token);
}

namespace {

Result<watch::ServiceAccount> read_account(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  auto account = file && text.view().size() <= max_secret
                     ? watch::ServiceAccount::parse(text.view())
                     : failure("it cannot be read", "check the path and its rights");
  if (!account)
    return failure("watch.google_key_file " + path + ": " + account.error().message, account.error().remedy);
  return account;
}

}  // namespace

Result<std::vector<std::unique_ptr<FigureSource>>> figure_sources(const config::Watch& settings, net::AnswerSource& dns,
                                                                  const FigureService& service) {
  std::vector<std::unique_ptr<FigureSource>> out;
  if (settings.google_key_file.empty() && settings.snds_token_file.empty()) return out;
  const auto tls = net::TlsContext::client_verified(service.ca_file);
  if (!tls) return std::unexpected(tls.error());
  if (!settings.google_key_file.empty()) {
    auto account = read_account(settings.google_key_file);
    if (!account) return std::unexpected(std::move(account.error()));
    out.push_back(std::make_unique<Google>(WebService(dns, *tls, service), *std::move(account), settings.google_user));
  }
  if (!settings.snds_token_file.empty())
    out.push_back(std::make_unique<Snds>(WebService(dns, *tls, service), settings.snds_token_file));
  return out;
}

}  // namespace ptarmigan::relay
