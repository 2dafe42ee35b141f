// relay/pacer.cpp - see pacer.hpp.
#include "relay/pacer.hpp"

#include <algorithm>
#include <map>

#include "base/text.hpp"

namespace ptarmigan::relay {
namespace {

/// Connections are added as slowly as the pause is long: a tenth of it.
constexpr int additions_a_pause = 10;

route::Pacing::Policy policy_of(const config::Config& config) {
  const auto& delivery = config.delivery;
  route::Pacing::Policy policy;
  policy.pause = delivery.rate_pause;
  policy.addition = delivery.rate_pause / additions_a_pause;
  policy.other = {{}, delivery.max_connections_per_site, delivery.messages_per_connection, 0};
  for (const auto& pace : config.paces)
    policy.shapes.push_back({pace.site, pace.connections, pace.messages_per_connection, pace.messages_per_minute});
  for (const auto& shape : route::default_shapes()) policy.shapes.push_back(shape);
  for (auto& shape : policy.shapes) {
    shape.connections = std::min(shape.connections, delivery.max_connections_per_site);
    shape.messages_a_connection = std::min(shape.messages_a_connection, delivery.messages_per_connection);
  }
  return policy;
}

std::map<IpAddress, route::WarmUpPlan> warm_up_plans(const config::Config& config) {
  std::map<IpAddress, route::WarmUpPlan> plans;
  for (const auto& source : config.sources) {
    if (!source.warm_up_from) continue;
    const route::WarmUpPlan plan{.first_day = *source.warm_up_from,
                                 .first_allowance = source.warm_up_first,
                                 .growth_percent = source.warm_up_growth,
                                 .full_allowance = source.warm_up_full};
    for (const auto& address : {source.ipv6, source.ipv4})
      if (address) plans[*address] = plan;
  }
  return plans;
}

}  // namespace

std::string spf_domain(const std::string& mail_from, const dns::DomainName& ehlo_name) {
  const auto at = mail_from.rfind('@');
  return to_lower(at == std::string::npos ? ehlo_name.text() : mail_from.substr(at + 1));
}

Pacer::Pacer(const config::Config& config, const Keys& keys) : keys_(keys), pacing_(policy_of(config)) {
  warm_up_.set_plans(warm_up_plans(config));
}

void Pacer::reload(const config::Config& config) {
  pacing_.set_policy(policy_of(config));
  warm_up_.set_plans(warm_up_plans(config));
}

std::string Pacer::dkim_domain(const Sender& sender) const {
  const auto domain = dns::DomainName::from_unicode(sender.header_from_domain);
  if (!domain) return {};
  const auto keys = keys_.of(*domain);
  return keys->empty() ? std::string() : keys->front().domain.text();
}

std::expected<Pacer::Place, Pacer::Blocked> Pacer::begin(const route::Candidate& candidate, const route::Site& site,
                                                         const Sender& sender, Moment now) {
  if (!candidate.route.source) return Place{};
  const auto& source = *candidate.route.source;
  Place place{.traffic = route::traffic_of(site.key, source.address, dkim_domain(sender),
                                           spf_domain(sender.mail_from, source.ehlo_name)),
              .source = source.address};
  if (!warm_up_.take(source.address, now.wall))
    return std::unexpected(Blocked{Blocked::By::allowance, now.steady + route::WarmUp::until_next_day(now.wall),
                                   source.address.text() + " has sent its allowance of today"});
  auto wait = pacing_.begin(place.traffic, now.steady);
  if (!wait) return place;
  warm_up_.give_back(source.address, now.wall);
  const auto by = wait->kind == route::PaceWait::Kind::stopped ? Blocked::By::pace : Blocked::By::full;
  return std::unexpected(Blocked{by, wait->until, std::move(wait->why)});
}

bool Pacer::end(const Place& place, End how, Moment now) {
  if (place.source && how == End::said_nothing) warm_up_.give_back(*place.source, now.wall);
  return pacing_.end(place.traffic,
                     how == End::accepted ? route::Pacing::End::accepted : route::Pacing::End::said_nothing,
                     now.steady);
}

void Pacer::refused(const Place& place, smtp::RateAxis named, std::string reply, Moment now) {
  pacing_.refused(place.traffic, named, std::move(reply), now);
}

unsigned Pacer::messages_a_connection(const std::string& site) const {
  return pacing_.shape_of(site).messages_a_connection;
}

void Pacer::save_to(route::SavedStanding& saved, Moment now) const {
  saved.pacing = pacing_.rows(now.steady);
  saved.warm_up = warm_up_.rows(now.wall);
  saved.counts = warm_up_.counts();
}

void Pacer::restore(const route::SavedStanding& saved, Moment now) {
  pacing_.restore(saved.pacing, now.wall - saved.saved_at, now.steady);
  warm_up_.restore(saved.counts);
}

}  // namespace ptarmigan::relay
