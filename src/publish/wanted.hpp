// publish/wanted.hpp - everything that DNS must say for a domain and the addresses that its mail leaves from: forward
// and reverse names of both families (RFC 3596#2.5, with the zone cut and RFC 2317#4 delegation), SPF that covers every
// address and keeps what was there (RFC 7208), DKIM keys, DMARC, MTA-STS and TLS reports.
// Pure: asks for DNS through Need. The same facts give the same records. Errors: none. Threads: free functions on
// values.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/ip_address.hpp"
#include "facts/facts.hpp"

namespace ptarmigan::publish {

/// TTL of the records: short enough that the next step is seen soon.
inline constexpr std::uint32_t record_ttl = 3600;

struct Host {
  std::vector<IpAddress> addresses;
  dns::DomainName ehlo_name;
};
struct Key {
  std::string selector;
  std::string record;  ///< "v=DKIM1; k=rsa; p=..."
};
struct Deployment {
  dns::DomainName domain;
  std::vector<Host> hosts;
  std::vector<Key> keys;
  /// Where reports go; dmarc-reports@ and tls-reports@ the domain where absent.
  std::string report_address = {};
};

/// In the order in which to publish.
enum class Step : std::uint8_t { forward, reverse, spf, helo_spf, dkim, dmarc, mta_sts, tls_reports };
[[nodiscard]] std::string_view to_string(Step step);

struct Wanted {
  Step step = Step::forward;
  dns::Record record;
  std::string reason;
  /// Published records of the same owner and type that the new one takes the place of.
  std::vector<dns::Record> before;
  bool present = false;                 ///< published already, as it is
  std::optional<dns::DomainName> zone;  ///< that holds the owner, as far as DNS tells
  std::string relative_owner;           ///< within `zone`; absolute where that is not known
  std::uint32_t cached_for = 0;         ///< seconds that caches may still give the answer of now
  /// The question whose answer proves it.
  [[nodiscard]] Question probe() const { return {record.owner, record.type}; }
};

struct Everything {
  std::vector<Wanted> records;
  /// For https://mta-sts.DOMAIN/.well-known/mta-sts.txt (RFC 8461#3.2), lines end in CRLF; "" where the domain takes no
  /// mail.
  std::string mta_sts_policy;
  std::vector<std::string> notes;  ///< what records cannot do: sentences
};
[[nodiscard]] Known<Everything> everything(const Deployment& deployment, const Facts& facts);

/// `published` (one SPF record, or "") with a term in front of its `all` or `redirect` for each address.
[[nodiscard]] std::string spf_covering(std::string_view published, const std::vector<IpAddress>& missing);

}  // namespace ptarmigan::publish
