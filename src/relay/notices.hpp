// relay/notices.hpp - the notice that a sender gets when recipients failed (RFC 3464), as a new message for the spool.
// Pure: ids and time are passed in.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/time.hpp"
#include "dns/name.hpp"
#include "relay/accept.hpp"
#include "spool/records.hpp"
#include "watch/alert.hpp"

namespace ptarmigan::relay {

/// A recipient that failed for good, with all that its notice says.
struct FailedRecipient {
  spool::Recipient recipient;
  std::string status;      ///< "5.7.1"
  std::string remote_mta;  ///< "" where none was reached
  std::string reply;       ///< lines joined by LF; "" where there was none
  std::string reason;      ///< one sentence
  std::string fix;         ///< what the administrator can do; "" where nothing
};

/// Nothing where nobody is to be told: the null reverse-path, or NOTIFY=NEVER for every recipient. `original` is the
/// whole message.
[[nodiscard]] std::optional<Accepted> failure_notice(const spool::MessageRecord& message,
                                                     const spool::GroupRecord& group,
                                                     const std::vector<FailedRecipient>& failed,
                                                     const std::string& original, QueueId notice_id, WallTime now,
                                                     const dns::DomainName& hostname);

/// An alert as a message from mailer-daemon; it comes from the null reverse-path, so that it makes no bounce.
[[nodiscard]] Result<Accepted> alert_mail(const watch::Alert& alert, const std::string& to, QueueId id, WallTime now,
                                          const dns::DomainName& hostname);

}  // namespace ptarmigan::relay
