// spool/records.hpp - what the spool keeps of an accepted message, besides its octets. Plain values.
// A message has one or more groups: the recipients of one domain, which share attempts, retry time and fate.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/ip_address.hpp"
#include "base/queue_id.hpp"
#include "base/time.hpp"

namespace ptarmigan::spool {

/// RET of RFC 3461#4.3.
enum class Ret { unspecified, full, headers };

/// What kind of mail it is, as its submitter or the gate said. Bulk mail needs one-click unsubscribe (RFC 8058).
enum class Stream { unspecified, transactional, bulk };

/// Who gave us the message. Empty fields: not known (a local submission has no client).
struct Submitter {
  std::optional<IpAddress> client;
  std::string ehlo_name;
  std::string user;  ///< authenticated name

  friend bool operator==(const Submitter&, const Submitter&) = default;
};

struct MessageRecord {
  QueueId id;
  WallTime accepted_at;
  std::string mail_from;           ///< without angle brackets; "" is the null reverse-path
  std::uint64_t size = 0;          ///< octets of the message; set by Transaction::add
  std::string header_from_domain;  ///< of the From field, lower case; "" where unknown
  Submitter submitter;
  bool eight_bit = false;  ///< BODY=8BITMIME, RFC 6152
  bool smtputf8 = false;   ///< RFC 6531
  bool requiretls = false;
  Ret ret = Ret::unspecified;
  std::string envid;  ///< RFC 3461#4.4, still as xtext
  Stream stream = Stream::unspecified;
  bool verp = false;  ///< each recipient is told a reverse-path of its own, and is a group of its own

  friend bool operator==(const MessageRecord&, const MessageRecord&) = default;
};

/// NOTIFY of RFC 3461#4.1. All false: not given, which means failure and, as we wish, delay.
struct Notify {
  bool never = false;
  bool success = false;
  bool failure = false;
  bool delay = false;

  friend bool operator==(const Notify&, const Notify&) = default;
};

struct Recipient {
  std::string address;  ///< without angle brackets
  Notify notify;
  std::string orcpt;  ///< "rfc822;user@example.com" as given, RFC 3461#4.2; "" where not given

  friend bool operator==(const Recipient&, const Recipient&) = default;
};

/// A reply that was about us and not about the recipient; the bounce, should there be one, tells it.
struct Refusal {
  std::string route;
  std::string reply;

  friend bool operator==(const Refusal&, const Refusal&) = default;
};

struct GroupRecord {
  QueueId message;
  std::uint32_t number = 0;  ///< unique in its message
  std::string domain;        ///< recipient domain, lower case
  std::vector<Recipient> recipients;
  WallTime created;
  WallTime next_attempt;
  std::uint32_t attempts = 0;
  bool held = false;
  bool delay_notified = false;  ///< the sender has been told of the delay
  std::string last_reply;
  std::optional<Refusal> first_refusal;
  std::vector<std::string> tried_routes;  ///< since the last full round; a rescue takes each route once
  std::string site;                       ///< of the last attempt; "" before the first
  std::string cause;                      ///< what kept it at the last attempt, a word of smtp::Cause or "dns"

  friend bool operator==(const GroupRecord&, const GroupRecord&) = default;
};

/// One message as the queue shows it.
struct Queued {
  MessageRecord message;
  std::vector<GroupRecord> groups;  ///< in the order of their numbers

  friend bool operator==(const Queued&, const Queued&) = default;
};

}  // namespace ptarmigan::spool
