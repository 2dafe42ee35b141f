// relay/rates.cpp - see rates.hpp.
#include "relay/rates.hpp"

#include <algorithm>
#include <cmath>

namespace ptarmigan::relay {

std::string client_network(const IpAddress& address) {
  if (address.is_v4()) return address.text();
  auto octets = std::array<std::uint8_t, 16>();
  std::ranges::copy_n(address.octets().begin(), ipv6_client_bits / 8, octets.begin());
  return IpAddress::v6(octets).text() + "/" + std::to_string(ipv6_client_bits);
}

Rates::Rates(double amount, milliseconds period, std::size_t max_keys)
    : amount_(amount), per_millisecond_(amount / static_cast<double>(period.count())), max_keys_(max_keys) {}

double Rates::level_of(const Bucket& bucket, SteadyTime now) const {
  const auto passed = static_cast<double>(std::max(milliseconds(now - bucket.at), milliseconds(0)).count());
  return std::min(amount_, bucket.level + passed * per_millisecond_);
}

std::optional<milliseconds> Rates::wait_for(std::string_view key, double cost, SteadyTime now) const {
  const auto found = by_key_.find(key);
  if (amount_ <= 0 || found == by_key_.end()) return std::nullopt;
  const auto missing = std::min(cost, amount_) - level_of(*found->second, now);
  if (missing <= 0) return std::nullopt;
  return milliseconds(static_cast<milliseconds::rep>(std::ceil(missing / per_millisecond_)));
}

void Rates::take(std::string_view key, double cost, SteadyTime now) {
  if (amount_ <= 0) return;
  const auto found = by_key_.find(key);
  if (found == by_key_.end()) {
    if (buckets_.size() >= max_keys_) {
      by_key_.erase(buckets_.back().key);
      buckets_.pop_back();
    }
    buckets_.push_front({std::string(key), amount_, now});
    by_key_.emplace(buckets_.front().key, buckets_.begin());
  } else {
    buckets_.splice(buckets_.begin(), buckets_, found->second);
  }
  auto& bucket = buckets_.front();
  bucket.level = std::max(level_of(bucket, now) - cost, -amount_);
  bucket.at = std::max(bucket.at, now);
}

std::optional<milliseconds> Rates::try_take(std::string_view key, double cost, SteadyTime now) {
  if (auto wait = wait_for(key, cost, now)) return wait;
  take(key, cost, now);
  return std::nullopt;
}

}  // namespace ptarmigan::relay
