// store/attempt.hpp - Attempt: one try to deliver one recipient group, with all that explains it. A plain value.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/ip_address.hpp"
#include "base/queue_id.hpp"
#include "base/time.hpp"

namespace ptarmigan::store {

enum class Outcome {
  delivered,
  deferred,  ///< waits for its next time
  bounced,   ///< failed for good
  rescued,   ///< refused on this route, goes on at once over the next one
};

[[nodiscard]] std::string_view to_string(Outcome outcome);

struct Tls {
  std::string version;   ///< "TLSv1.3"
  std::string cipher;    ///< "TLS_AES_256_GCM_SHA384"
  std::string verified;  ///< how: "dane", "mta-sts", "pkix", or "no"

  friend bool operator==(const Tls&, const Tls&) = default;
};

struct Attempt {
  QueueId queue_id;
  std::uint32_t group = 0;
  WallTime time;          ///< when it began
  milliseconds duration;  ///< until its last reply
  std::string mail_from;  ///< "" is the null reverse-path
  std::vector<std::string> recipients;
  std::string site;
  std::string route;             ///< source address, or name of the relay
  std::optional<Family> family;  ///< nothing where no connection was begun
  std::optional<Endpoint> peer;  ///< as the socket said
  std::string mx_host;           ///< without final dot
  std::string ehlo_name;         ///< that we said
  std::optional<Tls> tls;        ///< nothing: in the clear
  int reply_code = 0;            ///< 0: no reply
  std::string enhanced_status;   ///< "5.7.1"
  std::string reply_text;        ///< lines joined by LF
  std::string stage;             ///< smtp's word: "connect", "rcpt", "end_of_data" ...
  std::string cause;             ///< whose fault, smtp's word
  std::string rule_id;           ///< of the rulebook, where the reply leads to one
  Outcome outcome = Outcome::deferred;
  std::string next_step;         ///< a sentence
  std::string considered;        ///< JSON: routes considered, with verdict, evidence and age
  std::string from_domain = {};  ///< of the From field, lower case; the stream that it is counted in
  std::string message_id = {};   ///< of the header, without angle brackets; "" where not known
  /// What a refusal is about: a word of watch::Kind. Found from the reply where it is "" when it is recorded.
  std::string kind = {};
  std::string origin = {};       ///< "" is this server; "postfix", "exim": of that log
  std::string external_id = {};  ///< the other server's queue id, where `origin` is not ""

  friend bool operator==(const Attempt&, const Attempt&) = default;
};

}  // namespace ptarmigan::store
