// adapt/milter_session.hpp - one mail server's talk with `ptarmigan milter`: signs what is ours, judges what comes in.
// Pure: packets in, packets out. At the end of a message that came in it has to be judged, which may need DNS:
//
//   switch (session.take(packet, now, out)) {
//     case Next::go_on: break;
//     case Next::judge:                                       // session.judge(facts, elapsed) until it is known
//       session.conclude(results, out);                       // or session.give_up(out)
//     case Next::close: ...
//   }
//
// Ours is mail of a user who logged in, of a client in milter.networks, without a client, or by a listener that calls
// itself ORIGINATING. Memory: the header (message::HeaderLimits) and a fixed amount, whatever the body is.
// Limits of the protocol itself: a blank before a field's colon is not told to filters. Threads: one object, one
// connection; a MilterPolicy is immutable and shared.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "auth/authenticate.hpp"
#include "auth/dkim/sign.hpp"
#include "config/config.hpp"
#include "mta/milter.hpp"
#include "relay/keys.hpp"

namespace ptarmigan::adapt {

/// What a reload replaces as a whole.
struct MilterPolicy {
  config::Milter settings;
  std::string authserv_id;
  relay::Keys keys;

  /// Reads the keys. An error names what is missing: a name to report under, a key file.
  static Result<std::shared_ptr<const MilterPolicy>> load(const config::Config& config);
};

class MilterSession {
 public:
  enum class Next {
    go_on,
    judge,  ///< a message has ended: say conclude() or give_up() before the next packet
    close,
  };
  /// `policy` is asked at the beginning of each message.
  explicit MilterSession(std::function<std::shared_ptr<const MilterPolicy>()> policy);

  /// Adds what has to be sent to `out`.
  Next take(const mta::milter::Packet& packet, WallTime now, std::string& out);
  /// The message that has ended. `elapsed`: since its end.
  [[nodiscard]] Known<auth::Results> judge(const Facts& facts, milliseconds elapsed) const;
  /// Removes forged Authentication-Results, adds ours; refuses where DMARC and the settings want it.
  void conclude(const auth::Results& results, std::string& out);
  /// The message could not be handled here: milter.on_failure.
  void give_up(std::string& out);

  /// What became of the last message, for the log: "4bXyz: signed for example.com"; "" where there is nothing to tell.
  [[nodiscard]] std::string take_summary();

 private:
  struct Message {
    bool ours = false;
    std::string mail_from;
    std::string header;  ///< with CRLF; no more than a little beyond the limit
    bool header_ended = false;
    WallTime ended_at;
    dkim::Signer signer;
    auth::Authenticator authenticator;
    std::optional<auth::Authentication> ready;
  };

  Next negotiate(std::string_view data, std::string& out);
  Next connect(std::string_view data, std::string& out);
  Next begin_message(std::string_view data, std::string& out);
  Next add_field(std::string_view data, std::string& out);
  void end_header();
  Next add_body(std::string_view data, std::string& out);
  Next end_message(std::string_view data, WallTime now, std::string& out);
  Next remember(std::string_view data);
  Next answered(std::uint32_t unless, std::string& out) const;
  void new_client();
  [[nodiscard]] bool is_ours(const MilterPolicy& policy) const;
  void sign(std::string& out);
  void insert(std::string_view field, std::string& out) const;
  void told(const std::string& what);

  std::function<std::shared_ptr<const MilterPolicy>()> current_policy_;
  std::shared_ptr<const MilterPolicy> policy_;
  std::uint32_t steps_ = 0;  ///< agreed
  std::optional<mta::milter::Client> client_;
  std::string helo_;
  std::string daemon_name_;
  std::string user_;
  std::string queue_id_;
  std::unique_ptr<Message> message_;
  std::string summary_;
};

}  // namespace ptarmigan::adapt
