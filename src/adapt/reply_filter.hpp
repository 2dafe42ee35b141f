// adapt/reply_filter.hpp - Postfix's smtp_reply_filter with a memory: it is asked line by line, and only the last
// line's code counts, which in Gmail's refusal of IPv6 names no cause. So the lines of a reply are kept, and the last
// one of a refusal of the IPv6 address becomes temporary: Postfix then goes on to the next address in the same
// delivery. Pure. Limits: max_reply. Threads: one object for each connection; not behind proxymap(8), which mixes
// processes.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "mta/questions.hpp"

namespace ptarmigan::adapt {

class ReplyFilter {
 public:
  static constexpr std::size_t max_reply = 16'384;

  /// The look-ups of the same delivery, where they come over this connection: without an A record nothing is changed.
  void saw(const mta::DnsReply& record);
  /// The line to be taken instead; nothing for "no change".
  [[nodiscard]] std::optional<std::string> answer(std::string_view line);

 private:
  std::string reply_;  ///< its lines so far, joined by blanks
  bool saw_ipv6_ = false;
  bool saw_ipv4_ = false;
};

}  // namespace ptarmigan::adapt
