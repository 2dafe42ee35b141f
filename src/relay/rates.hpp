// relay/rates.hpp - how much each client may do in a stretch of time: a bucket for each key, full at first, refilled
// evenly. Pure: time is passed in. Memory is bounded: with max_keys keys the one that was used longest ago is
// forgotten. Threads: one object, one thread.
#pragma once

#include <cstddef>
#include <list>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "base/ip_address.hpp"
#include "base/time.hpp"

namespace ptarmigan::relay {

inline constexpr std::size_t max_rate_keys = 100'000;
/// An IPv6 client has a whole network of this length to come from.
inline constexpr unsigned ipv6_client_bits = 64;

/// The key of a client: its IPv4 address, or its IPv6 /64.
[[nodiscard]] std::string client_network(const IpAddress& address);

class Rates {
 public:
  /// `amount` in each `period`; 0 is no limit.
  Rates(double amount, milliseconds period, std::size_t max_keys = max_rate_keys);

  /// Nothing where `cost` is there now; else how long until it is. A cost beyond the whole amount waits for a full
  /// bucket.
  [[nodiscard]] std::optional<milliseconds> wait_for(std::string_view key, double cost, SteadyTime now) const;
  /// Takes `cost`, also where it is not there: the bucket is then in debt, of at most one whole amount.
  void take(std::string_view key, double cost, SteadyTime now);
  /// Both: takes it where it is there, else takes nothing and says how long to wait.
  std::optional<milliseconds> try_take(std::string_view key, double cost, SteadyTime now);
  [[nodiscard]] std::size_t keys() const { return buckets_.size(); }

 private:
  struct Bucket {
    std::string key;
    double level;
    SteadyTime at;
  };
  [[nodiscard]] double level_of(const Bucket& bucket, SteadyTime now) const;

  double amount_;
  double per_millisecond_;
  std::size_t max_keys_;
  std::list<Bucket> buckets_;  ///< the one used last in front
  std::unordered_map<std::string_view, std::list<Bucket>::iterator> by_key_;
};

}  // namespace ptarmigan::relay
