// auth/dkim/fuzz/canonical_fuzz.cpp - any split of a body gives the octets of one shot, and a canonical body is its own
// canonical form.
#include <cstdint>
#include <cstdlib>
#include <string>

#include "auth/dkim/canonical.hpp"

using namespace ptarmigan::dkim;

namespace {

struct Collect final : OctetSink {
  std::string octets;
  void take(std::string_view more) override { octets += more; }
};

std::string canonical(Canonicalization form, std::string_view body, std::size_t piece) {
  Collect out;
  BodyCanonicalizer canonicalizer(form);
  for (std::size_t at = 0; at < body.size(); at += piece) canonicalizer.feed(body.substr(at, piece), out);
  canonicalizer.finish(out);
  return out.octets;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 1) return 0;
  const std::size_t piece = 1U + data[0];
  const std::string_view body(reinterpret_cast<const char*>(data) + 1, size - 1);
  for (const auto form : {Canonicalization::simple, Canonicalization::relaxed}) {
    const auto whole = canonical(form, body, body.size() + 1);
    if (canonical(form, body, piece) != whole || canonical(form, body, 1) != whole) std::abort();
    if (canonical(form, whole, piece) != whole) std::abort();
    BodyHasher hasher(form, {whole_body, body.size() / 2});
    hasher.feed(body);
    const auto digests = hasher.finish();
    if (digests[0] != sha256(whole) || digests[1] != sha256(whole.substr(0, body.size() / 2))) std::abort();
    if (hasher.canonical_octets() != whole.size()) std::abort();
  }
  return 0;
}
