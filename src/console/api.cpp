// console/api.cpp - see api.hpp.
#include "console/api.hpp"

#include <algorithm>
#include <atomic>
#include <fstream>
#include <optional>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <nlohmann/json.hpp>

#include "base/text.hpp"
#include "console/answers.hpp"
#include "console/calls.hpp"
#include "console/page.hpp"
#include "net/clock.hpp"
#include "net/http_router.hpp"
#include "store/views.hpp"

namespace ptarmigan::console {
namespace asio = boost::asio;
namespace {

using net::HttpReply;
using net::HttpRequest;
using Answer = std::function<Result<Json>(store::Views&)>;

constexpr std::size_t max_command = std::size_t{64} * 1024;
constexpr std::uint64_t most_hours = 9'600;
constexpr std::uint64_t most_days = 400;
constexpr std::size_t max_journal_tail = std::size_t{256} * 1024;
constexpr std::size_t max_sessions = 50;
constexpr std::array<std::string_view, 6> queue_verbs{"hold", "release", "retry", "delete", "drain", "resume"};

HttpReply json_reply(unsigned status, const Json& body) {
  return {.status = status,
          .headers = {{"Content-Type", "application/json"}, {"Cache-Control", "no-store"}},
          .body = body.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n"};
}

HttpReply not_found() {
  return error_reply(404, {"there is nothing here", "GET /api/v1/openapi.json lists what there is"});
}

/// On every reply: nothing from elsewhere is loaded, framed, sniffed or told (the page's own files are 'self').
void add_security_fields(HttpReply& reply) {
  for (const auto& [name, value] : std::initializer_list<std::pair<const char*, const char*>>{
           {"Content-Security-Policy",
            "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
            "base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; "
            "trusted-types svelte-trusted-html"},
           {"X-Content-Type-Options", "nosniff"},
           {"X-Frame-Options", "DENY"},
           {"Referrer-Policy", "no-referrer"},
           {"Cross-Origin-Opener-Policy", "same-origin"},
           {"Cross-Origin-Resource-Policy", "same-origin"},
           {"Permissions-Policy", "camera=(), microphone=(), geolocation=()"}})
    reply.headers.emplace_back(name, value);
}

/// A number of the query within bounds; `fallback` where it is absent; nothing where it is none.
std::optional<std::uint64_t> number(const HttpRequest& request, std::string_view name, std::uint64_t fallback,
                                    std::uint64_t most) {
  const auto text = request.parameter(name);
  if (!text) return fallback;
  const auto value = parse_number<std::uint64_t>(*text);
  return value && *value >= 1 && *value <= most ? value : std::nullopt;
}

std::string text(const HttpRequest& request, std::string_view name) {
  return std::string(request.parameter(name).value_or(""));
}

HttpReply bad_parameter(std::string_view name, std::string remedy) {
  return error_reply(400, {"the parameter '" + std::string(name) + "' is not understood", std::move(remedy)});
}

store::Range last_hours(std::uint64_t hours) {
  const auto to = net::now().wall;
  return {.from = to - std::chrono::hours(hours), .to = to};
}

std::optional<store::By> by_of(std::string_view word) {
  if (word == "total" || word.empty()) return store::By::total;
  if (word == "family") return store::By::family;
  if (word == "route") return store::By::route;
  if (word == "site") return store::By::site;
  if (word == "stream") return store::By::stream;
  return std::nullopt;
}

/// The last sessions of the rehearsal's journal, the newest first.
Json journal_tail(const std::string& file) {
  Json out = Json::array();
  std::ifstream in(file, std::ios::binary | std::ios::ate);
  if (file.empty() || !in) return out;
  const auto size = static_cast<std::size_t>(std::max<std::streamoff>(0, in.tellg()));
  const auto take = std::min(size, max_journal_tail);
  std::string octets(take, '\0');
  in.seekg(static_cast<std::streamoff>(size - take));
  in.read(octets.data(), static_cast<std::streamsize>(take));
  auto lines = split(octets, '\n');
  if (take < size && !lines.empty()) lines.erase(lines.begin());
  for (auto line = lines.rbegin(); line != lines.rend() && out.size() < max_sessions; ++line) {
    auto session = Json::parse(*line, nullptr, false);
    if (session.is_object()) out.push_back(std::move(session));
  }
  return out;
}

}  // namespace

class Api::Impl {
 public:
  Impl(ApiParts parts, std::vector<Token> tokens)
      : parts_(std::move(parts)),
        access_(std::move(tokens), {.trusted = parts_.config.console.trusted_proxies,
                                    .header = to_lower(parts_.config.console.proxy_header),
                                    .role = parts_.config.console.proxy_operates ? Role::operate : Role::read}),
        document_(openapi_document()) {
    for (const auto& info : calls()) static_cast<void>(router_.add(std::string(info.method), std::string(info.path)));
  }
  ~Impl() { pool_.join(); }

  asio::awaitable<HttpReply> handle(HttpRequest request) {
    auto reply = co_await route(std::move(request));
    add_security_fields(reply);
    co_return reply;
  }

  [[nodiscard]] std::size_t max_body(const HttpRequest& head) const {
    const auto person = access_.known(head);
    if (!person) return 0;
    if (head.path == "/api/v1/messages" && parts_.submit)
      return allows(person->role, Role::submit) ? parts_.config.submission.max_message * 2 : 0;
    return allows(person->role, Role::operate) ? max_command : 0;
  }

 private:
  asio::awaitable<HttpReply> route(HttpRequest request) {
    if (request.path.starts_with("/api/")) co_return co_await api(std::move(request));
    const bool get = request.method == "GET" || request.method == "HEAD";
    if (!get) co_return error_reply(405, {"only GET is known here"});
    if (request.path == "/health/live") co_return net::text_reply(200, "ok");
    if (request.path == "/health/ready") {
      const auto why = parts_.not_ready ? parts_.not_ready() : std::string();
      co_return net::text_reply(why.empty() ? 200 : 503, why.empty() ? "ok" : why);
    }
    if (request.path == "/metrics" || request.path == "/events") {
      const auto person = access_.admit(request, Role::read, net::steady_now());
      if (!person) co_return person.error();
      co_return request.path == "/metrics" ? metrics() : events();
    }
    co_return page_reply(request);
  }

  HttpReply metrics() {
    if (parts_.measure) parts_.measure();
    return {.headers = {{"Content-Type", "text/plain; version=0.0.4; charset=utf-8"}, {"Cache-Control", "no-store"}},
            .body = parts_.metrics.text()};
  }

  HttpReply events() {
    auto stream = parts_.events.subscribe();
    if (!stream) return error_reply(503, {"too many event streams are open"});
    return {.events = *std::move(stream)};
  }

  asio::awaitable<HttpReply> api(HttpRequest request) {
    const auto match = router_.match(request);
    if (!match.route) {
      if (match.allowed.empty()) co_return not_found();
      auto reply = error_reply(405, {"that method is not known here"});
      reply.headers.emplace_back("Allow", join(match.allowed, ", "));
      co_return reply;
    }
    const auto& info = calls()[*match.route];
    if (info.login == Login::none)
      co_return HttpReply{.headers = {{"Content-Type", "application/json"}}, .body = document_};
    const auto person = access_.admit(request, info.role, net::steady_now());
    if (!person) co_return person.error();
    const auto parameter = match.parameters.empty() ? std::string() : match.parameters.front().second;
    if (info.role != Role::read) {
      tell_audit(*person, request, parameter);
      if (info.call == Call::submit) {
        if (!parts_.submit) co_return not_found();
        co_return co_await parts_.submit(std::move(request), *person);
      }
      if (info.call == Call::incident_check) co_return co_await look_again(parameter);
      co_return co_await change(info.call, parameter, request.body);
    }
    co_return co_await answer(info.call, std::move(request), parameter, *person);
  }

  void tell_audit(const Person& person, const HttpRequest& request, const std::string& what) {
    constexpr std::size_t most = 500;
    const bool message = request.path == "/api/v1/messages";
    if (parts_.audit)
      parts_.audit({.time = net::now().wall,
                    .who = person.name,
                    .address = request.peer.address.text(),
                    .action = request.method + " " + request.path,
                    .detail = message ? what : printable(request.body, most)});
  }

  /// The running server's answer; null where none runs.
  asio::awaitable<Json> control(Json command) {
    if (!parts_.control) co_return Json();
    const auto answered = co_await parts_.control(command.dump(-1, ' ', false, Json::error_handler_t::replace));
    auto parsed = Json::parse(answered, nullptr, false);
    co_return parsed.is_object() ? parsed : Json();
  }

  asio::awaitable<HttpReply> command(Json words) {
    if (!parts_.control)
      co_return error_reply(503, {"no server runs beside this console", "start `ptarmigan serve` with [console] set"});
    auto answered = co_await control(std::move(words));
    const unsigned status = answered.is_object() && !answered.contains("error") ? 200 : 400;
    co_return json_reply(status, answered);
  }

  asio::awaitable<HttpReply> change(Call call, std::string verb, std::string body) {
    auto words = body.empty() ? Json::object() : Json::parse(body, nullptr, false);
    if (!words.is_object()) co_return error_reply(400, {"the body is not a JSON object"});
    if (call == Call::queue_change) {
      if (std::ranges::find(queue_verbs, verb) == queue_verbs.end()) co_return not_found();
      words["do"] = verb;
    } else {
      if (verb != "set" && verb != "clear") co_return not_found();
      words["do"] = "standing-" + verb;
    }
    auto reply = co_await command(std::move(words));
    if (reply.status == 200) parts_.events.publish({.name = "changed", .data = "{}"});
    co_return reply;
  }

  asio::awaitable<HttpReply> look_again(std::string number) {
    const auto id = parse_number<std::int64_t>(number);
    if (!id) co_return not_found();
    if (!parts_.look_again)
      co_return error_reply(503, {"no server runs beside this console", "start `ptarmigan serve` with [console] set"});
    std::optional<store::Incident> found;
    auto read = co_await from_history([id, &found](store::Views& views) -> Result<Json> {
      auto incident = views.incident(*id);
      if (!incident) return std::unexpected(incident.error());
      found = *std::move(incident);
      return found ? Json::object() : Json();
    });
    if (!found) co_return read;
    if (found->closed) co_return error_reply(400, {"that incident is closed", "only open ones are looked at again"});
    const auto checked = co_await parts_.look_again(*std::move(found));
    co_return json_reply(
        200,
        {{"version", 1}, {"state", rulebook::to_string(checked.state)}, {"why", checked.why}, {"fix", checked.fix}});
  }

  /// Reads the history on its own thread.
  asio::awaitable<HttpReply> from_history(Answer work) {
    if (waiting_ >= max_waiting) co_return error_reply(503, {"the history has too much to read", "try again"});
    ++waiting_;
    const auto read = [this, inner = std::move(work)]() -> asio::awaitable<Result<Json>> { co_return look(inner); };
    auto found = co_await asio::co_spawn(pool_, read, asio::use_awaitable);
    --waiting_;
    if (!found) co_return error_reply(503, found.error());
    if (found->is_null()) co_return not_found();
    co_return json_reply(200, *found);
  }

  /// On the pool.
  Result<Json> look(const Answer& work) {
    if (!views_) {
      auto opened = store::Views::open(parts_.history);
      if (!opened) return std::unexpected(opened.error());
      views_ = *std::move(opened);
    }
    auto found = work(*views_);
    // A database that was replaced or restarted is opened anew.
    if (!found) views_.reset();
    return found;
  }

  asio::awaitable<HttpReply> home(HttpRequest request) {
    const auto hours = number(request, "hours", 24, most_hours);
    if (!hours) co_return bad_parameter("hours", "1 to 9600");
    const auto standing = co_await control({{"do", "standing"}});
    const auto queue = co_await control({{"do", "summary"}});
    co_return co_await from_history(
        // A copy of the configuration: a reload changes it while another thread reads the history.
        [config = parts_.config, standing, queue, range = last_hours(*hours)](store::Views& views) {
          return console::home(views, config, standing, queue, range);
        });
  }

  asio::awaitable<HttpReply> rates(HttpRequest request) {
    const auto hours = number(request, "hours", 48, most_hours);
    const auto by = by_of(text(request, "by"));
    const auto step = text(request, "step");
    if (!hours) co_return bad_parameter("hours", "1 to 9600");
    if (!by) co_return bad_parameter("by", "total, family, route, site or stream");
    if (!step.empty() && step != "hour" && step != "day") co_return bad_parameter("step", "hour or day");
    const store::RateQuery query{.range = last_hours(*hours),
                                 .step = step == "day" ? store::Step::day : store::Step::hour,
                                 .by = *by,
                                 .site = text(request, "site")};
    co_return co_await from_history([query](store::Views& views) { return console::rates(views, query); });
  }

  asio::awaitable<HttpReply> queue(HttpRequest request) {
    const auto limit = number(request, "limit", 100, 1'000);
    if (!limit) co_return bad_parameter("limit", "1 to 1000");
    Json words{{"do", "list"}, {"limit", *limit}};
    for (const auto* const name : {"domain", "site", "sender", "recipient", "cause", "after"})
      if (const auto value = request.parameter(name)) words[name] = *value;
    if (const auto id = request.parameter("id")) words["ids"] = Json::array({*id});
    if (const auto held = request.parameter("held")) words["held"] = *held == "true";
    co_return co_await command(std::move(words));
  }

  asio::awaitable<HttpReply> message(std::string id) {
    Json queued;
    if (QueueId::parse(id)) {
      const auto listed = co_await control({{"do", "list"}, {"ids", Json::array({id})}});
      if (listed.is_object() && listed.contains("messages") && !listed["messages"].empty())
        queued = listed["messages"].front();
    }
    co_return co_await from_history([id, queued](store::Views& views) { return console::message(views, id, queued); });
  }

  asio::awaitable<HttpReply> messages(HttpRequest request) {
    const auto limit = number(request, "limit", 100, 500);
    if (!limit) co_return bad_parameter("limit", "1 to 500");
    const store::Search search{.id = text(request, "id"),
                               .sender = text(request, "sender"),
                               .recipient = text(request, "recipient"),
                               .reply = text(request, "reply"),
                               .site = text(request, "site"),
                               .limit = static_cast<std::size_t>(*limit)};
    co_return co_await from_history([search](store::Views& views) { return console::messages(views, search); });
  }

  asio::awaitable<HttpReply> domain(HttpRequest request, std::string name) {
    const auto days = number(request, "days", 30, most_days);
    if (!days) co_return bad_parameter("days", "1 to 400");
    const auto parsed = dns::DomainName::from_unicode(name);
    const auto found = std::ranges::find_if(parts_.config.domains,
                                            [&](const config::Domain& one) { return parsed && one.name == *parsed; });
    if (found == parts_.config.domains.end()) co_return not_found();
    co_return co_await from_history([domain = *found, range = last_hours(*days * 24)](store::Views& views) {
      return console::domain(views, domain, range);
    });
  }

  asio::awaitable<HttpReply> incidents(std::string which) {
    const auto meant = which == "closed" ? store::Which::closed
                       : which == "all"  ? store::Which::all
                                         : store::Which::open;
    co_return co_await from_history([meant](store::Views& views) { return console::incidents(views, meant); });
  }

  Json rehearsal() const {
    const auto& settings = parts_.config.rehearsal;
    Json listen = Json::array();
    for (const auto& endpoint : settings.listen) listen.push_back(endpoint.text());
    return {{"version", 1},
            {"listen", std::move(listen)},
            {"receiver", settings.receiver},
            {"journal", settings.journal},
            {"sessions", journal_tail(settings.journal)}};
  }

  asio::awaitable<HttpReply> answer(Call call, HttpRequest request, std::string parameter, Person person) {
    switch (call) {
      case Call::me: co_return json_reply(200, {{"name", person.name}, {"role", to_string(person.role)}});
      case Call::home: co_return co_await home(std::move(request));
      case Call::rates: co_return co_await rates(std::move(request));
      case Call::refusals: {
        const auto hours = number(request, "hours", 24, most_hours);
        if (!hours) co_return bad_parameter("hours", "1 to 9600");
        co_return co_await from_history(
            [range = last_hours(*hours)](store::Views& views) { return console::refusals(views, range); });
      }
      case Call::replies: {
        const auto hours = number(request, "hours", 168, most_hours);
        if (!hours) co_return bad_parameter("hours", "1 to 9600");
        const auto which =
            request.parameter("unclassified") ? store::Views::Replies::unclassified : store::Views::Replies::all;
        co_return co_await from_history([which, since = last_hours(*hours).from](store::Views& views) {
          return console::replies(views, which, since);
        });
      }
      case Call::incidents: co_return co_await incidents(text(request, "which"));
      case Call::incident: {
        const auto id = parse_number<std::int64_t>(parameter);
        if (!id) co_return not_found();
        co_return co_await from_history([id](store::Views& views) { return console::incident(views, *id); });
      }
      case Call::messages: co_return co_await messages(std::move(request));
      case Call::message: co_return co_await message(std::move(parameter));
      case Call::queue: co_return co_await queue(std::move(request));
      case Call::standing: co_return co_await command({{"do", "standing"}});
      case Call::domains: co_return json_reply(200, domains(parts_.config));
      case Call::domain: co_return co_await domain(std::move(request), std::move(parameter));
      case Call::figures: {
        const auto days = number(request, "days", 30, most_days);
        if (!days) co_return bad_parameter("days", "1 to 400");
        co_return co_await from_history(
            [range = last_hours(*days * 24)](store::Views& views) { return console::figures(views, range); });
      }
      case Call::rules: co_return json_reply(200, rules());
      case Call::settings: co_return json_reply(200, settings(parts_.config_file, parts_.given));
      case Call::rehearsal: co_return json_reply(200, rehearsal());
      case Call::audit: co_return co_await from_history([](store::Views& views) { return console::audit(views); });
      case Call::document:
      case Call::incident_check:
      case Call::queue_change:
      case Call::standing_change:
      case Call::submit: break;
    }
    co_return not_found();
  }

  ApiParts parts_;
  Access access_;
  std::string document_;
  net::HttpRouter router_;
  std::size_t waiting_ = 0;
  std::unique_ptr<store::Views> views_;
  asio::thread_pool pool_{1};
};

Api::Api(ApiParts parts, std::vector<Token> tokens)
    : impl_(std::make_unique<Impl>(std::move(parts), std::move(tokens))) {}
Api::~Api() = default;

asio::awaitable<HttpReply> Api::handle(HttpRequest request) {
  return impl_->handle(std::move(request));
}
std::size_t Api::max_body(const HttpRequest& head) const {
  return impl_->max_body(head);
}

}  // namespace ptarmigan::console
