// relay/http_intake.hpp - messages by HTTP into the spool: http_submission.hpp between a request and the disk. Who may
// ask was decided before (console/access.hpp). 202 is said only when the spool has every accepted message of the
// request on disk, together, with the reply under its idempotency key: the same key again gets the same reply, over
// restarts, for a day. Threads: one executor.
#pragma once

#include <set>
#include <string>

#include <boost/asio/awaitable.hpp>

#include "net/http_message.hpp"
#include "relay/http_submission.hpp"
#include "relay/submission.hpp"

namespace ptarmigan::relay {

class HttpIntake {
 public:
  /// `parts` outlives *this.
  explicit HttpIntake(const SubmissionParts& parts) : parts_(parts) {}

  /// `user` is who asks, by the token's name.
  [[nodiscard]] boost::asio::awaitable<net::HttpReply> submit(net::HttpRequest request, std::string user);
  /// An operator wants no new mail.
  [[nodiscard]] bool draining() const { return parts_.intake.draining; }

 private:
  [[nodiscard]] boost::asio::awaitable<net::HttpReply> take(HttpSubmission submission, IpAddress client,
                                                            std::string user);

  const SubmissionParts& parts_;
  std::set<std::string> under_way_;  ///< idempotency keys
};

}  // namespace ptarmigan::relay
