// net/authority.cpp - see authority.hpp.
#include "net/authority.hpp"

#include <algorithm>
#include <array>
#include <random>
#include <utility>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/experimental/parallel_group.hpp>
#include <boost/asio/ip/udp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "net/clock.hpp"
#include "net/dns_message.hpp"
#include "net/settle.hpp"
#include "net/stream.hpp"
#include "net/stream_impl.hpp"

namespace ptarmigan::net {
namespace asio = boost::asio;
using asio::ip::udp;
using boost::system::error_code;
using dns::RecordType;

namespace {

constexpr auto await = asio::as_tuple(asio::use_awaitable);
constexpr std::size_t udp_buffer_octets = 4'096;
constexpr std::size_t max_foreign_datagrams = 16;  ///< answers to something else, before a server is given up

MessageAnswer trouble(AnswerStatus status, std::string detail) {
  MessageAnswer out;
  out.answer.status = status;
  out.answer.detail = std::move(detail);
  return out;
}

MessageAnswer trouble(const error_code& error) {
  if (error == asio::error::connection_refused) return trouble(AnswerStatus::failed, "no DNS server listens");
  return trouble(AnswerStatus::failed, error.message());
}

std::uint16_t random_id() {
  thread_local std::random_device device;
  return static_cast<std::uint16_t>(device());
}

/// An answer with this id to this question.
bool answers(std::string_view wire, std::uint16_t id, const Question& question) {
  const auto packet = dns::parse_packet(wire);
  return packet && packet->response && packet->id == id && packet->question == question.name &&
         packet->question_type == std::to_underlying(question.type);
}

asio::awaitable<MessageAnswer> exchange_datagrams(udp::socket& socket, Question question) {
  const std::uint16_t id = random_id();
  const std::string query = dns::build_query(id, question.name, question.type, dns::Recursion::not_desired);
  auto [send_error, sent] = co_await socket.async_send(asio::buffer(query), await);
  if (send_error) co_return trouble(send_error);
  std::array<char, udp_buffer_octets> buffer;
  for (std::size_t i = 0; i < max_foreign_datagrams; ++i) {
    auto [error, size] = co_await socket.async_receive(asio::buffer(buffer), await);
    if (error) co_return trouble(error);
    const std::string_view wire(buffer.data(), size);
    if (answers(wire, id, question)) co_return read_message(wire, question);
  }
  co_return trouble(AnswerStatus::failed, "answers to other questions only");
}

asio::awaitable<MessageAnswer> ask_udp(Endpoint server, Question question, SteadyTime deadline) {
  using namespace asio::experimental::awaitable_operators;
  const auto executor = co_await asio::this_coro::executor;
  const auto address = to_asio(server).address();
  udp::socket socket(executor);
  error_code error;
  socket.open(address.is_v6() ? udp::v6() : udp::v4(), error);
  // Connected: a refusal by ICMP is heard, and no one else is.
  if (!error) socket.connect(udp::endpoint(address, server.port), error);
  if (error) co_return trouble(error);
  asio::steady_timer timer(executor, timer_point(deadline));
  auto outcome = co_await (exchange_datagrams(socket, question) || timer.async_wait(await));
  if (outcome.index() == 0) co_return std::get<0>(std::move(outcome));
  co_return trouble(AnswerStatus::timed_out, "no answer in time");
}

/// RFC 1035#4.2.2: two octets of length before each message.
asio::awaitable<MessageAnswer> ask_tcp(Endpoint server, Question question, SteadyTime deadline) {
  auto stream = co_await connect(server, std::nullopt, deadline);
  if (!stream) {
    const bool late = stream.error().fault == Fault::timed_out;
    co_return trouble(late ? AnswerStatus::timed_out : AnswerStatus::failed, "over TCP: " + stream.error().message);
  }
  const std::uint16_t id = random_id();
  const std::string query = dns::build_query(id, question.name, question.type, dns::Recursion::not_desired);
  const std::array<char, 2> length = {static_cast<char>(query.size() >> 8), static_cast<char>(query.size() & 0xff)};
  const std::array<std::string_view, 2> pieces = {std::string_view(length.data(), 2), query};
  const auto written = co_await (*stream)->write(pieces, deadline);
  if (!written) co_return trouble(AnswerStatus::failed, "over TCP: " + written.error().message);
  std::string wire;
  while (true) {
    const auto octets = co_await (*stream)->read(deadline);
    if (!octets) {
      const bool late = octets.error().fault == Fault::timed_out;
      co_return trouble(late ? AnswerStatus::timed_out : AnswerStatus::failed, "over TCP: " + octets.error().message);
    }
    wire += *octets;
    if (wire.size() < 2) continue;
    const auto octet = [&wire](std::size_t at) {
      return static_cast<std::size_t>(static_cast<unsigned char>(wire[at]));
    };
    const std::size_t size = octet(0) << 8 | octet(1);
    if (wire.size() - 2 < size) continue;
    const auto message = std::string_view(wire).substr(2, size);
    if (!answers(message, id, question))
      co_return trouble(AnswerStatus::failed, "over TCP: the answer is to another question");
    co_return read_message(message, question);
  }
}

asio::awaitable<MessageAnswer> ask_server(Endpoint server, Question question, SteadyTime deadline) {
  co_await asio::this_coro::throw_if_cancelled(false);
  MessageAnswer said = co_await ask_udp(server, question, deadline);
  if (said.truncated) said = co_await ask_tcp(server, question, deadline);
  if (!said.answer.temporary() && !said.authoritative)
    said = trouble(AnswerStatus::failed,
                   said.referral ? "refers to a zone further down" : "not authoritative for the name");
  said.answer.asked_at = now().wall;
  said.answer.source = server.address.text();
  co_return said;
}

struct Target {
  dns::DomainName server;
  IpAddress address;
};

std::vector<Target> targets_of(const ZoneServers& zone) {
  std::vector<Target> out;
  // The first address of each server before the second of any.
  for (std::size_t i = 0; out.size() < max_server_addresses; ++i) {
    bool any = false;
    for (const auto& server : zone.servers) {
      if (i >= server.addresses.size()) continue;
      any = true;
      if (out.size() < max_server_addresses) out.push_back({.server = server.name, .address = server.addresses[i]});
    }
    if (!any) break;
  }
  return out;
}

/// The CNAME at the end of what this zone's servers know, where the chain goes on elsewhere.
std::optional<dns::DomainName> continues_at(const MessageAnswer& said) {
  if (said.answer.status != AnswerStatus::no_data || said.zone || said.answer.aliases.empty()) return std::nullopt;
  return std::get<dns::Target>(said.answer.aliases.back().data).name;
}

}  // namespace

asio::awaitable<Result<ZoneServers>> Authority::servers_of(dns::DomainName name, SteadyTime deadline) {
  auto zone = co_await resolver_.find_zone(std::move(name), deadline);
  if (!zone) co_return std::unexpected(zone.error());
  ZoneServers out{.zone = *zone, .servers = {}, .soa = {}};
  std::vector<Question> about_zone = {{.name = *zone, .type = RecordType::ns},
                                      {.name = *zone, .type = RecordType::soa}};
  const auto known = co_await answer_all(resolver_, std::move(about_zone), deadline);
  if (!known[0].found())
    co_return failure("cannot find the name servers of " + zone->text() + ": " +
                      std::string(to_string(known[0].status)));
  if (const auto soas = known[1].all<dns::Soa>(); !soas.empty()) out.soa = soas.front();

  std::vector<Question> about_servers;
  for (auto& target : known[0].all<dns::Target>())
    out.servers.push_back({.name = std::move(target.name), .addresses = {}});
  std::ranges::sort(out.servers, {}, &NameServer::name);
  if (out.servers.size() > max_server_addresses) out.servers.resize(max_server_addresses);
  for (const auto& server : out.servers)
    for (const auto type : {RecordType::a, RecordType::aaaa})
      about_servers.push_back({.name = server.name, .type = type});
  const auto addresses = co_await answer_all(resolver_, std::move(about_servers), deadline);
  for (std::size_t i = 0; i < addresses.size(); ++i)
    for (const auto& address : addresses[i].all<IpAddress>()) out.servers[i / 2].addresses.push_back(address);
  co_return out;
}

asio::awaitable<AuthorityAnswer> Authority::ask(Question question, SteadyTime deadline) {
  AuthorityAnswer out;
  std::vector<dns::Record> aliases;
  for (std::size_t hop = 0; hop < max_authority_hops; ++hop) {
    const auto zone = co_await servers_of(question.name, deadline);
    if (!zone) {
      out.answer.detail = zone.error().message;
      out.answer.asked_at = now().wall;
      break;
    }
    out.zone = zone->zone;
    std::string details;
    MessageAnswer said = trouble(AnswerStatus::failed, "");
    for (const auto& target : targets_of(*zone)) {
      if (steady_now() >= deadline || co_await cancelled()) break;
      const Endpoint server{.address = target.address, .port = options_.port};
      said = co_await ask_server(server, question, std::min(deadline, in(options_.server_wait)));
      out.server = target.server;
      if (!said.answer.temporary()) break;
      details += (details.empty() ? "" : "; ") + target.address.text() + ": " + said.answer.detail;
    }
    out.answer = std::move(said.answer);
    if (out.answer.temporary())
      out.answer.detail = details.empty() ? "no server of " + zone->zone.text() + " has an address" : details;
    auto next = continues_at({.answer = out.answer, .zone = said.zone});
    aliases.insert(aliases.end(), out.answer.aliases.begin(), out.answer.aliases.end());
    if (!next) break;
    question.name = std::move(*next);
  }
  out.answer.aliases = std::move(aliases);
  co_return out;
}

asio::awaitable<std::vector<AuthorityAnswer>> Authority::ask_each(Question question, SteadyTime deadline) {
  std::vector<AuthorityAnswer> out;
  const auto zone = co_await servers_of(question.name, deadline);
  if (!zone) co_return out;
  const auto targets = targets_of(*zone);
  if (targets.empty()) co_return out;
  const auto executor = co_await asio::this_coro::executor;
  const auto until = std::min(deadline, in(options_.server_wait));
  const auto operation = [&](const Target& target) {
    const Endpoint server{.address = target.address, .port = options_.port};
    return asio::co_spawn(executor, ask_server(server, question, until), asio::deferred);
  };
  std::vector<decltype(operation(targets.front()))> operations;
  for (const auto& target : targets) operations.push_back(operation(target));
  auto group = asio::experimental::make_parallel_group(std::move(operations));
  auto [order, exceptions, said] = co_await group.async_wait(asio::experimental::wait_for_all(), asio::use_awaitable);
  for (std::size_t i = 0; i < targets.size(); ++i) {
    if (exceptions[i]) std::rethrow_exception(exceptions[i]);
    out.push_back({.zone = zone->zone, .server = targets[i].server, .answer = std::move(said[i].answer)});
  }
  co_return out;
}

}  // namespace ptarmigan::net
