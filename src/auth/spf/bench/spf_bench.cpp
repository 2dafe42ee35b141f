// auth/spf/bench/spf_bench.cpp - one SPF evaluation with all facts given: three records through two includes, an MX and
// two A queries; the match is the last term. The same world as the scripts for other libraries use.
#include <benchmark/benchmark.h>

#include "auth/spf/check_host.hpp"
#include "dns/zone.hpp"
#include "facts/zone_facts.hpp"

namespace ptarmigan::spf {
namespace {

constexpr std::string_view zone = R"(
example.com. IN TXT "v=spf1 include:_spf.a.example include:_spf.b.example mx -all"
_spf.a.example. IN TXT "v=spf1 ip4:198.51.100.0/24 ip4:203.0.113.0/26 ip6:2001:db8:1::/48 ~all"
_spf.b.example. IN TXT "v=spf1 ip4:192.0.2.128/25 a:out.b.example ~all"
out.b.example. IN A 192.0.2.77
example.com. IN MX 10 mx.example.com.
mx.example.com. IN A 192.0.2.10
)";

Query query() {
  return {.client = *IpAddress::parse("192.0.2.10"), .helo = "mx.example.com", .mail_from = "sender@example.com"};
}

/// The facts of a whole evaluation.
Facts all_facts() {
  const ZoneFacts world(*dns::parse_zone(zone));
  Facts facts;
  for (auto judged = check_host(query(), facts); !judged.known(); judged = check_host(query(), facts))
    for (const auto& question : judged.need().questions()) facts.add(question, world.answer(question));
  return facts;
}

void evaluate_with_all_facts(benchmark::State& state) {
  const auto facts = all_facts();
  for (auto _ : state) {
    const auto judged = check_host(query(), facts);
    if (!judged.known() || judged->outcome != Outcome::pass) state.SkipWithError("not a pass");
  }
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(evaluate_with_all_facts);

/// As a resolver drives it: from no facts, with a restart after each round of answers.
void evaluate_with_restarts(benchmark::State& state) {
  const auto known = all_facts();
  for (auto _ : state) {
    Facts facts;
    auto judged = check_host(query(), facts);
    while (!judged.known()) {
      for (const auto& question : judged.need().questions()) facts.add(question, *known.find(question));
      judged = check_host(query(), facts);
    }
    if (judged->outcome != Outcome::pass) state.SkipWithError("not a pass");
  }
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(evaluate_with_restarts);

}  // namespace
}  // namespace ptarmigan::spf
