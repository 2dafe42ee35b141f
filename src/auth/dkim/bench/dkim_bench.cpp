// auth/dkim/bench/dkim_bench.cpp - signing and verifying beside the bare cryptography of the same run: the ratio is
// what the library itself costs.
#include <cstdlib>
#include <new>
#include <string>

#include <benchmark/benchmark.h>

#include "auth/dkim/sign.hpp"
#include "auth/dkim/tests/vectors.hpp"
#include "auth/dkim/verify.hpp"

namespace {
/// Counted by the operators below; OpenSSL's own are not among them.
std::size_t allocations = 0;
}  // namespace

void* operator new(std::size_t size) {
  ++allocations;
  if (void* memory = std::malloc(size)) return memory;
  throw std::bad_alloc();
}
void operator delete(void* memory) noexcept {
  std::free(memory);
}
void operator delete(void* memory, std::size_t) noexcept {
  std::free(memory);
}

namespace ptarmigan::dkim {
namespace {

using namespace test;

constexpr WallTime now = WallTime(seconds(1795456323));

const PrivateKey& rsa2048() {
  static const PrivateKey key = PrivateKey::generate(KeyType::rsa).value();
  return key;
}
const PrivateKey& ed25519() {
  static const PrivateKey key = PrivateKey::parse(rfc8463_ed25519_seed).value();
  return key;
}

/// Header of a usual newsletter and `octets` of text in lines of 72.
std::string message_of(std::size_t octets) {
  std::string out =
      "Received: from client.example.com (client.example.com [192.0.2.7])\r\n\tby mail.example.com (Ptarmigan) with "
      "ESMTPS id 01H9WZ3K4M5N6\r\n"
      "\tfor <someone@receiver.example>; Mon, 23 Nov 2026 17:52:03 +0000\r\n"
      "From: \"Example Shop\" <news@example.com>\r\nTo: Someone <someone@receiver.example>\r\nSubject: Your order has "
      "been shipped\r\n"
      "Date: Mon, 23 Nov 2026 17:52:03 +0000\r\nMessage-ID: "
      "<20261123175203.01H9WZ3K4M5N6@example.com>\r\nMIME-Version: 1.0\r\n"
      "Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n"
      "List-Unsubscribe: <https://example.com/unsubscribe/0123456789abcdef>\r\nList-Unsubscribe-Post: "
      "List-Unsubscribe=One-Click\r\n\r\n";
  constexpr std::string_view line = "Lorem ipsum dolor sit amet, consectetur adipiscing elit, sed do eiusmod.\r\n";
  const auto end = out.size() + octets;
  while (out.size() < end) out += line;
  return out;
}
std::string_view body_of(const std::string& message) {
  return std::string_view(message).substr(message.find("\r\n\r\n") + 4);
}

std::vector<SigningKey> keys(const PrivateKey& key) {
  return {{key, dns::name("example.com"), "s1"}};
}
Facts facts(const PrivateKey& key) {
  return txt_facts({{"s1._domainkey.example.com", public_record(key)}});
}

void bare_sign(benchmark::State& state, const PrivateKey& key) {
  const auto digest = sha256("text");
  for (auto _ : state) benchmark::DoNotOptimize(key.sign(digest));
}
BENCHMARK_CAPTURE(bare_sign, rsa2048, rsa2048());
BENCHMARK_CAPTURE(bare_sign, ed25519, ed25519());

/// The key as OpenSSL keeps it: parsing and one-time tables left out.
void bare_verify(benchmark::State& state, const PrivateKey& key) {
  const auto digest = sha256("text");
  const auto signature = key.sign(digest).value();
  const auto record = KeyRecord::parse(public_record(key)).value();
  for (auto _ : state) benchmark::DoNotOptimize(record.key->verify(digest, signature));
}
BENCHMARK_CAPTURE(bare_verify, rsa2048, rsa2048());
BENCHMARK_CAPTURE(bare_verify, ed25519, ed25519());

void bare_sha256(benchmark::State& state) {
  const auto message = message_of(static_cast<std::size_t>(state.range(0)));
  const auto body = body_of(message);
  Sha256 hash;
  for (auto _ : state) {
    hash.update(body);
    benchmark::DoNotOptimize(hash.finish());
  }
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(body.size()));
}
BENCHMARK(bare_sha256)->Arg(4096)->Arg(1 << 20);

void key_record(benchmark::State& state, const PrivateKey& key) {
  const auto text = public_record(key);
  for (auto _ : state) benchmark::DoNotOptimize(KeyRecord::parse(text));
}
BENCHMARK_CAPTURE(key_record, rsa2048, rsa2048());

void sign(benchmark::State& state, const PrivateKey& key) {
  const auto message = message_of(static_cast<std::size_t>(state.range(0)));
  const auto header = message::HeaderSection::parse(message).value();
  const auto with = keys(key);
  Signer signer;
  for (auto _ : state) {
    const auto section = message::HeaderSection::parse(message);
    signer.feed(body_of(message));
    benchmark::DoNotOptimize(signer.finish(*section, with, now));
  }
}
BENCHMARK_CAPTURE(sign, rsa2048, rsa2048())->Arg(4096)->Arg(1 << 20);
BENCHMARK_CAPTURE(sign, ed25519, ed25519())->Arg(4096);

void verify(benchmark::State& state, const PrivateKey& key, Canonicalization form) {
  auto message = message_of(static_cast<std::size_t>(state.range(0)));
  message.insert(0, sign_message(message, keys(key), now, {.header = form, .body = form}).value());
  const auto known = facts(key);
  const auto before = allocations;
  for (auto _ : state) {
    const auto judged = verify_message(message)->judge(known, now);
    if (judged->front().outcome != Outcome::pass) state.SkipWithError("the signature does not hold");
  }
  state.counters["allocations"] =
      benchmark::Counter(static_cast<double>(allocations - before), benchmark::Counter::kAvgIterations);
}
BENCHMARK_CAPTURE(verify, rsa2048_relaxed, rsa2048(), Canonicalization::relaxed)->Arg(4096)->Arg(1 << 20);
BENCHMARK_CAPTURE(verify, rsa2048_simple, rsa2048(), Canonicalization::simple)->Arg(4096)->Arg(1 << 20);
BENCHMARK_CAPTURE(verify, ed25519_relaxed, ed25519(), Canonicalization::relaxed)->Arg(4096);

/// All that is not the public-key operation: parsing, canonicalization, hashing.
void prepare(benchmark::State& state) {
  auto message = message_of(static_cast<std::size_t>(state.range(0)));
  message.insert(0, sign_message(message, keys(ed25519()), now).value());
  for (auto _ : state) benchmark::DoNotOptimize(verify_message(message));
}
BENCHMARK(prepare)->Arg(4096)->Arg(1 << 20);

}  // namespace
}  // namespace ptarmigan::dkim
