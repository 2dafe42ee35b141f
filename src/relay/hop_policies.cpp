// relay/hop_policies.cpp - see hop_policies.hpp.
#include "relay/hop_policies.hpp"

#include <algorithm>

#include "auth/policies/policies.hpp"
#include "base/text.hpp"
#include "net/clock.hpp"
#include "net/https_get.hpp"
#include "net/settle.hpp"

namespace ptarmigan::relay {
namespace asio = boost::asio;
namespace {

using tls::ResultType;

constexpr unsigned http_ok = 200;

milliseconds shortest_ttl(const Facts& facts) {
  auto shortest = milliseconds::max();
  for (const auto& [question, answer] : facts.answers())
    shortest = std::min(shortest, milliseconds(seconds(answer.ttl)));
  return shortest;
}

bool is_plain_text(std::string_view content_type) {
  return iequals(trim(content_type.substr(0, content_type.find(';')), " \t"), "text/plain");
}

/// The policy in a reply, or what a TLS report calls the failure.
std::expected<tls::StsPolicy, ResultType> policy_in(const std::expected<net::HttpsReply, net::HttpsError>& reply) {
  if (!reply)
    return std::unexpected(reply.error().fault == net::HttpsFault::tls ? ResultType::sts_webpki_invalid
                                                                       : ResultType::sts_policy_fetch_error);
  if (reply->status != http_ok) return std::unexpected(ResultType::sts_policy_fetch_error);
  auto policy = tls::StsPolicy::parse(reply->body);
  if (!policy || !is_plain_text(reply->content_type)) return std::unexpected(ResultType::sts_policy_invalid);
  return *std::move(policy);
}

}  // namespace

HopPolicies::HopPolicies(const config::Config& config, net::AnswerSource& dns,
                         std::shared_ptr<const net::TlsContext> verified)
    : config_(config), dns_(dns), verified_(std::move(verified)) {}

Result<std::unique_ptr<HopPolicies>> HopPolicies::create(const config::Config& config, net::AnswerSource& dns) {
  auto verified = net::TlsContext::client_verified();
  if (!verified) return std::unexpected(verified.error());
  return std::unique_ptr<HopPolicies>(new HopPolicies(config, dns, *std::move(verified)));
}

asio::awaitable<milliseconds> HopPolicies::decide(dns::DomainName domain,
                                                  std::shared_ptr<route::Destination> destination) {
  Sts sts;
  if (config_.delivery.mta_sts) sts = co_await sts_of(domain);
  Facts facts = std::move(sts.facts);
  std::unordered_map<dns::DomainName, std::shared_ptr<const tls::HopPolicy>> decided;
  for (auto& target : destination->targets) {
    auto& policy = decided[target.host];
    if (!policy) {
      const tls::HopQuery query{.domain = domain,
                                .host = target.host,
                                .port = config_.delivery.port,
                                .dane = config_.delivery.dane ? tls::DaneUse::on : tls::DaneUse::off,
                                .sts = sts.policy,
                                .sts_problem = sts.problem};
      const auto judge = [query](const Facts& known) { return tls::decide_hop(query, known); };
      auto settled = co_await net::settle(judge, std::move(facts), dns_, net::in(config_.dns.deadline));
      facts = std::move(settled.facts);
      if (settled.value) policy = std::make_shared<const tls::HopPolicy>(*std::move(settled.value));
    }
    target.hop = policy;
  }
  co_return shortest_ttl(facts);
}

asio::awaitable<HopPolicies::Sts> HopPolicies::sts_of(dns::DomainName domain) {
  Sts sts;
  const auto find = [domain](const Facts& known) { return policies::find_mta_sts(domain, known); };
  auto settled = co_await net::settle(find, Facts(), dns_, net::in(config_.dns.deadline));
  sts.facts = std::move(settled.facts);
  std::optional<std::string> live_id;
  if (settled.value && settled.value->record) live_id = settled.value->record->id;
  const auto known = remembered_.find(domain);
  if (known == remembered_.end() && !live_id) co_return sts;
  if (tls::must_fetch(memory_of(domain, net::now().wall), live_id, net::now().wall))
    sts.problem = co_await fetch(domain, *live_id);
  if (const auto* policy = tls::current_policy(memory_of(domain, net::now().wall), net::now().wall))
    sts.policy = *policy;
  co_return sts;
}

asio::awaitable<std::optional<ResultType>> HopPolicies::fetch(dns::DomainName domain, std::string id) {
  const auto host = domain.prefixed("mta-sts");
  if (!host) co_return ResultType::sts_policy_fetch_error;
  net::HttpsRequest request{.host = *host, .path = "/.well-known/mta-sts.txt", .max_body = tls::max_sts_policy_octets};
  const auto reply = co_await net::https_get(dns_, verified_, std::move(request), net::in(max_fetch));
  auto policy = policy_in(reply);
  const auto now = net::now().wall;
  if (!policy) {
    tls::remember_failure(memory_of(domain, now), std::move(id), now);
    co_return policy.error();
  }
  tls::remember(memory_of(domain, now), std::move(id), *std::move(policy), now);
  co_return std::nullopt;
}

tls::StsMemory& HopPolicies::memory_of(const dns::DomainName& domain, WallTime now) {
  if (remembered_.size() >= max_remembered && !remembered_.contains(domain)) {
    std::erase_if(remembered_, [now](const auto& entry) { return tls::current_policy(entry.second, now) == nullptr; });
    if (remembered_.size() >= max_remembered) remembered_.erase(remembered_.begin());
  }
  return remembered_[domain];
}

}  // namespace ptarmigan::relay
