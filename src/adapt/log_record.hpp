// adapt/log_record.hpp - a line of another mail server's log as the record that our own attempts leave: whose receiver,
// whose fault, which rule. Threads: free functions on values.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "logs/collate.hpp"
#include "smtp/failure.hpp"
#include "smtp/reply.hpp"
#include "store/attempt.hpp"

namespace ptarmigan::adapt {

struct LogRecord {
  logs::Line line;
  logs::Entry entry;
  std::string site = {};      ///< as our own attempts name it: "gmail", or the MX host; "" where no host is told
  std::string receiver = {};  ///< the rulebook's id; "" where not known
  std::optional<smtp::Reply> reply = {};
  std::optional<smtp::Failure> failure = {};  ///< of what was refused or failed
  std::vector<std::string> rules = {};        ///< that the reply can mean, the receiver's order
  std::optional<IpAddress> local_address = {};
  bool local_address_from_reply = false;       ///< the receiver named it; else the log did
  std::optional<store::Outcome> outcome = {};  ///< of attempts and refusals
};

[[nodiscard]] LogRecord judge_entry(logs::Line line, logs::Entry entry);

/// One line, without line end: docs/reference/log-json.md.
[[nodiscard]] std::string to_json(const LogRecord& record);

/// For the history; nothing where the line is no attempt over the network, or has no time.
[[nodiscard]] std::optional<store::Attempt> to_attempt(const LogRecord& record);

}  // namespace ptarmigan::adapt
