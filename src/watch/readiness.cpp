// watch/readiness.cpp - see readiness.hpp.
#include "watch/readiness.hpp"

#include <algorithm>
#include <map>
#include <tuple>

#include "base/text.hpp"

namespace ptarmigan::watch {
namespace {

constexpr std::int64_t spam_bad = 3'000;    // 0.30 percent
constexpr std::int64_t spam_watch = 1'000;  // 0.10 percent
constexpr unsigned days_to_wait = 7;

bool is_of(std::string_view domain, std::string_view organization) {
  return !domain.empty() && (iequals(domain, organization) || iends_with(domain, "." + std::string(organization)));
}

Breaks breaks_of(const ReportedSource& source, Origin origin) {
  Breaks out{.source_ip = source.source_ip, .origin = origin, .messages = source.messages, .why = {}, .fix = {}};
  if (origin == Origin::forwarded) {
    out.why = "somebody forwards this mail, which breaks SPF, and the signature does not survive";
    out.fix = "Sign with relaxed canonicalization; forwarders that rewrite mail should rewrite From too";
    return out;
  }
  const bool signed_by_us = is_of(source.dkim_domain, source.domain);
  if (signed_by_us && source.dkim_result != "pass") {
    out.why = "its DKIM signature of " + source.dkim_domain + " does not verify (" + source.dkim_result + ")";
    out.fix = "Publish the key of that selector as it is used, and let nothing change the mail after it was signed";
  } else if (source.dkim_domain.empty()) {
    out.why = "its mail is not signed, and SPF proves " + (source.spf_domain.empty() ? "nothing" : source.spf_domain);
    out.fix = "Let it sign as " + source.domain + ", or send it through this server";
  } else {
    out.why = "it signs as " + source.dkim_domain + ", which is not " + source.domain;
    out.fix = "Let it sign as " + source.domain;
  }
  return out;
}

void count(Share& share, const ReportedSource& source) {
  share.messages += source.messages;
  if (source.dkim || source.spf) share.passed += source.messages;
}

}  // namespace

std::string_view to_string(Origin origin) {
  switch (origin) {
    case Origin::own: return "own";
    case Origin::known: return "known";
    case Origin::forwarded: return "forwarded";
    case Origin::unknown: return "unknown";
  }
  return {};
}

Origin origin_of(const ReportedSource& source) {
  if (source.own) return Origin::own;
  if (ifind(source.reason, "forward") != std::string_view::npos || source.reason == "mailing_list")
    return Origin::forwarded;
  // A signature that verifies proves a key of ours; one that fails may be copied mail, or forged.
  if (source.dkim || (is_of(source.dkim_domain, source.domain) && source.dkim_result == "pass")) return Origin::known;
  if (source.spf) return Origin::known;
  return is_of(source.dkim_domain, source.domain) ? Origin::forwarded : Origin::unknown;
}

Readiness readiness(const std::vector<ReportedSource>& sources, const ReadinessPolicy& policy) {
  Readiness out;
  std::map<std::pair<std::string, Origin>, Breaks> breaks;
  for (const auto& source : sources) {
    const auto origin = origin_of(source);
    if (origin == Origin::unknown) {
      count(out.unknown, source);
      continue;
    }
    count(origin == Origin::forwarded ? out.forwarded : out.own, source);
    if (origin != Origin::forwarded && source.family == 4) count(out.ipv4, source);
    if (origin != Origin::forwarded && source.family == 6) count(out.ipv6, source);
    if (source.dkim || source.spf) continue;
    const auto [found, fresh] = breaks.try_emplace({source.source_ip, origin}, breaks_of(source, origin));
    if (!fresh) found->second.messages += source.messages;
  }
  for (auto& [key, one] : breaks) out.breaks.push_back(std::move(one));
  std::ranges::sort(out.breaks, [](const Breaks& a, const Breaks& b) {
    return std::tie(b.messages, a.source_ip) < std::tie(a.messages, b.source_ip);
  });
  out.breaks.resize(std::min(out.breaks.size(), policy.most_told));
  if (out.own.messages < policy.fewest_messages) {
    out.why = "too few messages of own sources are in the reports to say (" + std::to_string(out.own.messages) + ")";
    return out;
  }
  const auto thousandths = out.own.passed * 1000 / out.own.messages;
  out.quarantine = thousandths >= policy.for_quarantine;
  out.reject = thousandths >= policy.for_reject;
  out.why = std::to_string(thousandths / 10) + "." + std::to_string(thousandths % 10) + " % of own mail passes DMARC";
  return out;
}

SpamClock spam_clock(const std::vector<std::int64_t>& millionths) {
  SpamClock out;
  if (millionths.empty()) return out;
  bool was_bad = false;
  for (const auto rate : millionths) {
    const bool bad = rate >= spam_bad;
    was_bad = bad || (was_bad && out.days_below + 1 < days_to_wait);
    out.days_below = bad ? 0 : out.days_below + 1;
  }
  if (millionths.back() >= spam_bad) {
    out.state = SpamClock::State::bad;
  } else if (was_bad) {
    out.state = SpamClock::State::waiting;
  } else {
    out.state = millionths.back() >= spam_watch ? SpamClock::State::watch : SpamClock::State::good;
  }
  return out;
}

std::string_view to_string(SpamClock::State state) {
  switch (state) {
    case SpamClock::State::unknown: return "unknown";
    case SpamClock::State::good: return "good";
    case SpamClock::State::watch: return "watch";
    case SpamClock::State::bad: return "bad";
    case SpamClock::State::waiting: return "waiting";
  }
  return {};
}

}  // namespace ptarmigan::watch
