// receive/content_filter.cpp - see content_filter.hpp.
#include "receive/content_filter.hpp"

#include <charconv>

#include <nlohmann/json.hpp>

#include "base/text.hpp"
#include "net/stream.hpp"

namespace ptarmigan::receive {
namespace asio = boost::asio;
namespace {

constexpr std::size_t max_rules = 200;

std::optional<double> number(std::string_view text) {
  double out = 0;
  const auto word = trim(text);
  const auto [at, code] = std::from_chars(word.data(), word.data() + word.size(), out);
  if (code != std::errc() || at != word.data() + word.size()) return std::nullopt;
  return out;
}

std::string request_for(FilterKind kind, const std::string& message) {
  const auto length = std::to_string(message.size());
  if (kind == FilterKind::spamd) return "SYMBOLS SPAMC/1.5\r\nContent-length: " + length + "\r\n\r\n" + message;
  return "POST /checkv2 HTTP/1.0\r\nHost: rspamd\r\nContent-Length: " + length + "\r\n\r\n" + message;
}

}  // namespace

Result<FilterOpinion> parse_spamd_reply(std::string_view octets) {
  const auto end = octets.find("\r\n\r\n");
  if (!octets.starts_with("SPAMD/") || end == std::string_view::npos) return failure("the reply is not SpamAssassin's");
  const auto head = octets.substr(0, end);
  FilterOpinion out{.filter = "SpamAssassin"};
  bool scored = false;
  for (const auto line : split(head, '\n')) {
    if (!istarts_with(line, "spam:")) continue;
    const auto figures = line.substr(line.find(';') == std::string_view::npos ? line.size() : line.find(';') + 1);
    const auto slash = figures.find('/');
    if (slash == std::string_view::npos) continue;
    const auto score = number(figures.substr(0, slash));
    const auto threshold = number(figures.substr(slash + 1));
    if (!score || !threshold) return failure("the score cannot be read");
    out.score = *score;
    out.threshold = *threshold;
    scored = true;
  }
  if (!scored) return failure("the reply holds no score");
  for (const auto name : split(octets.substr(end + 4), ','))
    if (const auto word = trim(name); !word.empty() && out.rules.size() < max_rules)
      out.rules.push_back(printable(word, 80));
  return out;
}

Result<FilterOpinion> parse_rspamd_reply(std::string_view octets) {
  const auto end = octets.find("\r\n\r\n");
  if (!octets.starts_with("HTTP/") || end == std::string_view::npos) return failure("the reply is not HTTP");
  const auto body = nlohmann::json::parse(octets.substr(end + 4), nullptr, false);
  if (!body.is_object() || !body.contains("score") || !body["score"].is_number())
    return failure("the reply holds no score");
  FilterOpinion out{.filter = "rspamd"};
  out.score = body["score"].get<double>();
  if (body.contains("required_score") && body["required_score"].is_number())
    out.threshold = body["required_score"].get<double>();
  if (body.contains("symbols") && body["symbols"].is_object())
    for (const auto& [name, symbol] : body["symbols"].items())
      if (out.rules.size() < max_rules) out.rules.push_back(printable(name, 80));
  return out;
}

asio::awaitable<FilterOpinion> ask_filter(FilterKind kind, Endpoint filter, std::string message, SteadyTime deadline) {
  FilterOpinion out{.filter = kind == FilterKind::spamd ? "SpamAssassin" : "rspamd"};
  auto stream = co_await net::connect(filter, std::nullopt, deadline);
  if (!stream) {
    out.problem = stream.error().message;
    co_return out;
  }
  const auto request = request_for(kind, message);
  if (const auto sent = co_await (*stream)->write(request, deadline); !sent) {
    out.problem = sent.error().message;
    co_return out;
  }
  std::string reply;
  while (reply.size() < max_filter_reply) {
    const auto more = co_await (*stream)->read(deadline);
    if (!more || more->empty()) break;
    reply += *more;
  }
  auto parsed = kind == FilterKind::spamd ? parse_spamd_reply(reply) : parse_rspamd_reply(reply);
  if (parsed) co_return *std::move(parsed);
  out.problem = parsed.error().message;
  co_return out;
}

}  // namespace ptarmigan::receive
