// smtp/bench/smtp_bench.cpp - what a message costs in the machines: 4 KB of text in lines of 76 characters.
#include <benchmark/benchmark.h>

#include "smtp/client_machine.hpp"
#include "smtp/data.hpp"
#include "smtp/failure.hpp"
#include "smtp/server_machine.hpp"

namespace {

using namespace ptarmigan::smtp;  // NOLINT(google-build-using-namespace)

std::string text(std::size_t size) {
  std::string out;
  while (out.size() < size) out += std::string(76, 'x') + "\r\n";
  return out;
}

void data_reader(benchmark::State& state) {
  const auto wire = text(static_cast<std::size_t>(state.range(0))) + ".\r\n";
  for (auto _ : state) {
    DataReader reader;
    std::string_view input = wire;
    while (!reader.finished()) benchmark::DoNotOptimize(reader.next(input));
  }
  state.SetBytesProcessed(static_cast<std::int64_t>(state.iterations() * wire.size()));
}
BENCHMARK(data_reader)->Arg(4096)->Arg(100'000);

void dot_stuffer(benchmark::State& state) {
  const auto message = text(static_cast<std::size_t>(state.range(0)));
  std::vector<std::string_view> views;
  for (auto _ : state) {
    DotStuffer stuffer;
    views.clear();
    benchmark::DoNotOptimize(stuffer.add(message, views));
    benchmark::DoNotOptimize(stuffer.finish(views));
  }
  state.SetBytesProcessed(static_cast<std::int64_t>(state.iterations() * message.size()));
}
BENCHMARK(dot_stuffer)->Arg(4096)->Arg(100'000);

/// One message of a long session: MAIL, RCPT and DATA in one segment, then 4 KB.
void server_message(benchmark::State& state) {
  ServerMachine machine({.max_idle_commands = 1'000'000'000});
  const std::string commands = "MAIL FROM:<a@example.com> SIZE=4096\r\nRCPT TO:<b@example.net>\r\nDATA\r\n";
  const std::string data = text(4096) + ".\r\n";
  const auto feed = [&](std::string_view octets) {
    server::Event event = server::Input{octets};
    while (true) {
      const auto action = machine.step(event);
      if (std::holds_alternative<server::ReadMore>(action)) return;
      if (std::holds_alternative<server::Ask>(action))
        event = server::Decision{};
      else
        event = server::Done{};
    }
  };
  (void)machine.step(server::Connected{});
  (void)machine.step(server::Decision{});
  feed("EHLO client.example\r\n");
  for (auto _ : state) {
    feed(commands);
    feed(data);
  }
  if (machine.session().messages == 0) state.SkipWithError("no message was accepted");
}
BENCHMARK(server_message);

/// One message of a long session against canned replies.
void client_message(benchmark::State& state) {
  ClientMachine machine({.tls = client::TlsUse::none});
  const Envelope envelope{
      *ReversePath::parse("<a@example.com>"), {}, {{*ForwardPath::parse("<b@example.net>"), {}, {}}}};
  const std::string go = "250 2.1.0 OK\r\n250 2.1.5 OK\r\n354 Go\r\n";
  const std::string ok = "250 2.0.0 OK\r\n";
  (void)machine.step(client::Connected{});
  (void)machine.step(client::Input{"220 mx\r\n"});
  (void)machine.step(client::Done{});
  (void)machine.step(client::Input{"250-mx\r\n250 PIPELINING\r\n"});
  for (auto _ : state) {
    (void)machine.step(client::Deliver{&envelope});
    (void)machine.step(client::Done{});
    (void)machine.step(client::Input{go});
    (void)machine.step(client::BodySent{});
    (void)machine.step(client::Input{ok});
    benchmark::DoNotOptimize(machine.step(client::Done{}));
  }
  if (!machine.transaction().recipients.at(0).accepted()) state.SkipWithError("the message was not accepted");
}
BENCHMARK(client_message);

void classify_reply(benchmark::State& state) {
  const auto reply = *Reply::parse("550 5.7.1 A refusal of some length whose words are in no row of the table at all");
  for (auto _ : state) benchmark::DoNotOptimize(classify(reply, Stage::end_of_data));
}
BENCHMARK(classify_reply);

}  // namespace
