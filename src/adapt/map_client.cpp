// adapt/map_client.cpp - see map_client.hpp.
#include "adapt/map_client.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstring>

#include <poll.h>
#include <sys/socket.h>

#include "adapt/gate.hpp"
#include "adapt/socket_address.hpp"
#include "base/text.hpp"

namespace ptarmigan::adapt {
namespace {

using mta::Protocol;

constexpr std::size_t max_answer = 200'000;
constexpr std::size_t timed_questions = 200;

std::string request_of(Protocol protocol, const std::string& map, const std::string& key) {
  if (protocol == Protocol::line) return key + "\n";
  if (protocol == Protocol::tcp_table) {
    std::string coded;
    for (const char c : key) coded += c == ' ' ? "%20" : c == '%' ? "%25" : std::string(1, c);
    return "get " + coded + "\n";
  }
  const auto text = map + " " + key;
  return std::to_string(text.size()) + ":" + text + ",";
}

/// The answer within `octets`, once it is whole.
std::optional<std::string> whole_answer(Protocol protocol, std::string_view octets) {
  if (protocol == Protocol::tcp_table) {
    const auto end = octets.find('\n');
    if (end == std::string_view::npos) return std::nullopt;
    std::string out(octets.substr(0, end));
    for (std::size_t at = out.find("%20"); at != std::string::npos; at = out.find("%20", at)) out.replace(at, 3, " ");
    return out;
  }
  const auto colon = octets.find(':');
  if (colon == std::string_view::npos) return std::nullopt;
  const auto size = parse_number<std::size_t>(octets.substr(0, colon));
  if (!size || octets.size() - colon - 1 < *size + 1) return std::nullopt;
  return std::string(octets.substr(colon + 1, *size));
}

Proof proof_of(const std::string& where, Protocol protocol, const std::string& map, const std::string& key,
               const std::string& expected, std::string name) {
  Proof out{std::move(name), false, ""};
  auto client = MapClient::connect(where);
  const auto said = client ? client->ask(protocol, map, key) : std::unexpected(client.error());
  out.holds = said && said->starts_with(expected);
  out.detail = said ? "answered '" + *said + "'" : said.error().message;
  if (said && !out.holds) out.detail += ", not '" + expected + "'";
  return out;
}

Proof time_answers(const std::string& where) {
  Proof out{"speed", false, ""};
  auto client = MapClient::connect(where);
  if (!client) return {"speed", false, client.error().message};
  std::vector<double> took;
  for (std::size_t i = 0; i < timed_questions; ++i) {
    const auto begin = std::chrono::steady_clock::now();
    const auto said = client->ask(Protocol::socketmap, "dns", std::string(canary_host) + ". 60 IN AAAA 2001:db8::1");
    if (!said) return {"speed", false, said.error().message};
    took.push_back(std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - begin).count());
  }
  std::ranges::sort(took);
  const auto shown = [](double milliseconds_taken) {
    std::array<char, 32> text{};
    std::snprintf(text.data(), text.size(), "%.2f ms", milliseconds_taken);
    return std::string(text.data());
  };
  out.holds = true;
  out.detail = std::to_string(took.size()) + " questions: half within " + shown(took[took.size() / 2]) +
               ", 99 of 100 within " + shown(took[took.size() * 99 / 100]);
  return out;
}

}  // namespace

Result<MapClient> MapClient::connect(const std::string& where, milliseconds limit) {
  const auto address = socket_address(where);
  if (!address) return std::unexpected(address.error());
  Descriptor socket(::socket(address->family, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (::connect(socket.get(), address->get(), address->size) != 0)
    return failure("nobody answers at " + where + ": " + std::strerror(errno), "start `ptarmigan map`");
  return MapClient(std::move(socket), limit);
}

Result<std::string> MapClient::ask(Protocol protocol, const std::string& map, const std::string& key) {
  const auto request = request_of(protocol, map, key);
  if (::send(socket_.get(), request.data(), request.size(), MSG_NOSIGNAL) != static_cast<ssize_t>(request.size()))
    return failure(std::string("the map takes no question: ") + std::strerror(errno));
  const auto until = std::chrono::steady_clock::now() + limit_;
  std::string got;
  std::array<char, 16384> chunk;
  while (got.size() < max_answer) {
    if (protocol != Protocol::line)
      if (auto answer = whole_answer(protocol, got)) return *std::move(answer);
    const auto left = std::chrono::ceil<milliseconds>(until - std::chrono::steady_clock::now());
    pollfd wait{socket_.get(), POLLIN, 0};
    if (left.count() <= 0 || ::poll(&wait, 1, static_cast<int>(left.count())) == 0)
      return failure("the map does not answer within " + std::to_string(limit_.count()) + " ms");
    const auto size = ::recv(socket_.get(), chunk.data(), chunk.size(), 0);
    if (size < 0 && errno == EINTR) continue;
    if (size == 0 && protocol == Protocol::line) return got;
    if (size <= 0) return failure("the map closed the connection without an answer");
    got.append(chunk.data(), static_cast<std::size_t>(size));
  }
  return failure("the map answers without end");
}

std::vector<Proof> prove_map(const std::string& where) {
  const std::string host(canary_host);
  return {
      proof_of(where, Protocol::socketmap, "dns", host + ". 60 IN AAAA 2001:db8::1", "OK IGNORE", "socketmap"),
      proof_of(where, Protocol::socketmap, "dns", host + ". 60 IN A 192.0.2.1", "NOTFOUND", "socketmap, an A record"),
      proof_of(where, Protocol::socketmap, "dsn",
               "5.7.1 host " + host + "[2001:db8::1] said: 550 5.7.1 canary (in reply to end of DATA command)",
               "OK 4.7.1 ", "socketmap, a delivery status"),
      proof_of(where, Protocol::tcp_table, "", host + ". 60 IN AAAA 2001:db8::1", "200 IGNORE", "tcp_table"),
      proof_of(where, Protocol::line, "", "exim-ipv4-hosts " + host, host, "readsocket"),
      time_answers(where),
  };
}

Result<std::string> map_status(const std::string& where) {
  auto client = MapClient::connect(where);
  if (!client) return std::unexpected(client.error());
  return client->ask(Protocol::line, "", "status");
}

}  // namespace ptarmigan::adapt
