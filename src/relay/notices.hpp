// relay/notices.hpp - the notice that a sender gets when recipients failed, are late, or were passed on to a host that
// reports nothing (RFC 3464, RFC 3461#5), as a new message for the spool.
// Pure: ids and time are passed in.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/time.hpp"
#include "dns/name.hpp"
#include "relay/accept.hpp"
#include "reports/dsn.hpp"
#include "spool/records.hpp"
#include "watch/alert.hpp"

namespace ptarmigan::relay {

/// A recipient with all that its notice says: it failed for good, is late, or was passed on.
struct NoticedRecipient {
  spool::Recipient recipient;
  std::string status;                        ///< "5.7.1"
  std::string remote_mta;                    ///< "" where none was reached
  std::string reply;                         ///< lines joined by LF; "" where there was none
  std::string reason;                        ///< one sentence
  std::string fix;                           ///< what the administrator can do; "" where nothing
  std::optional<WallTime> retry_until = {};  ///< of one that is late
};
using FailedRecipient = NoticedRecipient;

/// Whether the sender wants to hear of it (RFC 3461#4.1): failure unless told otherwise, success where asked for; delay
/// where asked for or nothing was said.
[[nodiscard]] bool wants(const spool::Notify& notify, reports::Action action);

/// Nothing where nobody is to be told: the null reverse-path, or no recipient whose NOTIFY wants it. `original` is the
/// whole message; it comes back whole only where RET=FULL asks for it and recipients failed (RFC 3461#4.3).
[[nodiscard]] std::optional<Accepted> notice(reports::Action action, const spool::MessageRecord& message,
                                             const spool::GroupRecord& group,
                                             const std::vector<NoticedRecipient>& recipients,
                                             const std::string& original, QueueId notice_id, WallTime now,
                                             const dns::DomainName& hostname);

/// An alert as a message from mailer-daemon; it comes from the null reverse-path, so that it makes no bounce.
[[nodiscard]] Result<Accepted> alert_mail(const watch::Alert& alert, const std::string& to, QueueId id, WallTime now,
                                          const dns::DomainName& hostname);

}  // namespace ptarmigan::relay
