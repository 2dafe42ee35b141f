// auth/bench/rates.cpp - how many a second, for bench/auth.py, which runs other libraries on the same messages. Prints
// one JSON line a figure. Each figure that has a bound in bare OpenSSL is measured in turns with it, slice by slice, so
// that both see the same machine. usage: bench_auth_rates DIRECTORY SECONDS; the directory holds key.pem, msg4k.eml,
// msg1m.eml.
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <fstream>
#include <functional>
#include <iterator>
#include <memory>
#include <new>
#include <string>

#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/pem.h>

#include "auth/dkim/sign.hpp"
#include "auth/dkim/verify.hpp"
#include "auth/spf/check_host.hpp"
#include "dns/zone.hpp"
#include "facts/zone_facts.hpp"

namespace {
std::size_t own_allocations = 0;
std::size_t openssl_allocations = 0;

void* counted_malloc(std::size_t size, const char*, int) {
  ++openssl_allocations;
  return std::malloc(size);
}
void* counted_realloc(void* memory, std::size_t size, const char*, int) {
  ++openssl_allocations;
  return std::realloc(memory, size);
}
void plain_free(void* memory, const char*, int) {
  std::free(memory);
}
}  // namespace

void* operator new(std::size_t size) {
  ++own_allocations;
  if (void* memory = std::malloc(size)) return memory;
  throw std::bad_alloc();
}
void operator delete(void* memory) noexcept {
  std::free(memory);
}
void operator delete(void* memory, std::size_t) noexcept {
  std::free(memory);
}

namespace ptarmigan {
namespace {

constexpr WallTime now = WallTime(seconds(1795456323));
constexpr double slice_seconds = 0.05;
constexpr std::string_view body_of(std::string_view message) {
  return message.substr(message.find("\r\n\r\n") + 4);
}

[[noreturn]] void die(const std::string& why) {
  std::fprintf(stderr, "bench_auth_rates: %s\n", why.c_str());
  std::exit(1);
}

std::string slurp(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) die(path + " cannot be read");
  return {std::istreambuf_iterator<char>(file), {}};
}

/// Of this process: other work on the machine does not count.
double cpu_seconds() {
  timespec time{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) * 1e-9;
}

struct Contender {
  std::string who;
  std::function<void()> work;
  double spent = 0;
  std::size_t done = 0;
};

/// In turns, until each had `total` seconds.
void race(const std::string& what, double total, std::vector<Contender> contenders) {
  for (auto& one : contenders) one.work();
  while (contenders.back().spent < total)
    for (auto& one : contenders) {
      const double began = cpu_seconds();
      double spent = 0;
      do {
        one.work();
        ++one.done;
        spent = cpu_seconds() - began;
      } while (spent < slice_seconds);
      one.spent += spent;
    }
  for (const auto& one : contenders)
    std::printf("{\"who\": \"%s\", \"what\": \"%s\", \"rate\": %.2f}\n", one.who.c_str(), what.c_str(),
                static_cast<double>(one.done) / one.spent);
  std::fflush(stdout);
}

/// OpenSSL and nothing else: a kept key, one signature of one digest's worth of text.
struct BareKey {
  explicit BareKey(const std::string& pem) {
    const std::unique_ptr<BIO, decltype(&BIO_free)> bio(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())),
                                                        &BIO_free);
    key.reset(PEM_read_bio_PrivateKey(bio.get(), nullptr, nullptr, nullptr));
    if (!key) die("key.pem holds no key");
  }
  void sign() const {
    unsigned char signature[512];
    std::size_t length = sizeof signature;
    EVP_MD_CTX* context = EVP_MD_CTX_new();
    if (EVP_DigestSignInit(context, nullptr, EVP_sha256(), nullptr, key.get()) != 1 ||
        EVP_DigestSign(context, signature, &length, reinterpret_cast<const unsigned char*>("x"), 1) != 1)
      die("OpenSSL does not sign");
    EVP_MD_CTX_free(context);
  }
  std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> key{nullptr, &EVP_PKEY_free};
};

void bare_sha256(std::string_view octets) {
  unsigned char digest[32];
  if (EVP_Digest(octets.data(), octets.size(), digest, nullptr, EVP_sha256(), nullptr) != 1) die("no SHA-256");
}

void race_signing(const std::string& directory, double total) {
  const auto pem = slurp(directory + "/key.pem");
  const auto message = slurp(directory + "/msg4k.eml");
  const BareKey bare(pem);
  const std::vector<dkim::SigningKey> keys{{dkim::PrivateKey::parse(pem).value(), dns::name("example.com"), "bench"}};
  dkim::Signer signer;
  const auto sign = [&] {
    const auto header = message::HeaderSection::parse(message);
    signer.feed(body_of(message));
    if (!signer.finish(*header, keys, now)) die("not signed");
  };
  race("sign 4k", total, {{"openssl", [&] { bare.sign(); }}, {"ptarmigan", sign}});
}

void race_verification(const std::string& directory, const std::string& size, double total) {
  const std::vector<dkim::SigningKey> keys{
      {dkim::PrivateKey::parse(slurp(directory + "/key.pem")).value(), dns::name("example.com"), "bench"}};
  auto message = slurp(directory + "/msg" + size + ".eml");
  message.insert(0, dkim::sign_message(message, keys, now).value());
  const auto owner = dns::name("bench._domainkey.example.com");
  Facts facts;
  facts.add({owner, dns::RecordType::txt},
            {.status = AnswerStatus::found,
             .records = {{owner, dns::RecordType::txt, 300, dns::txt_of(dkim::public_record(keys[0].key))}}});
  const auto verify = [&] {
    const auto judged = dkim::verify_message(message)->judge(facts, now);
    if (judged->front().outcome != dkim::Outcome::pass) die("the signature does not hold");
  };
  verify();
  own_allocations = openssl_allocations = 0;
  verify();
  std::printf("{\"who\": \"ptarmigan\", \"what\": \"allocations, verify %s\", \"own\": %zu, \"openssl\": %zu}\n",
              size.c_str(), own_allocations, openssl_allocations);
  race("verify " + size, total, {{"sha256", [&] { bare_sha256(body_of(message)); }}, {"ptarmigan", verify}});
}

void race_spf(const std::string& directory, double total) {
  const ZoneFacts world(*dns::parse_zone(slurp(directory + "/spf.zone")));
  const spf::Query query{
      .client = *IpAddress::parse("192.0.2.10"), .helo = "mx.example.com", .mail_from = "sender@example.com"};
  Facts facts;
  for (auto judged = spf::check_host(query, facts); !judged.known(); judged = spf::check_host(query, facts))
    for (const auto& question : judged.need().questions()) facts.add(question, world.answer(question));
  const auto evaluate = [&] {
    if (spf::check_host(query, facts)->outcome != spf::Outcome::pass) die("not a pass");
  };
  race("spf", total, {{"ptarmigan", evaluate}});
}

}  // namespace
}  // namespace ptarmigan

int main(int count, char** words) {
  CRYPTO_set_mem_functions(counted_malloc, counted_realloc, plain_free);
  if (count != 3) ptarmigan::die("usage: bench_auth_rates DIRECTORY SECONDS");
  const std::string directory = words[1];
  const double total = std::atof(words[2]);
  ptarmigan::race_signing(directory, total);
  ptarmigan::race_verification(directory, "4k", total);
  ptarmigan::race_verification(directory, "1m", total);
  ptarmigan::race_spf(directory, total);
  return 0;
}
