// relay/control.hpp - what an operator sees of the running server and changes in it. One command in, one JSON object
// out: the control socket, the HTTP API and `ptarmigan queue` use the same.
//
//   auto command = parse_command(R"({"do": "hold", "site": "gmail"})");
//   Result<std::string> answer = co_await control.run(*command);
//
// A command is {"do": VERB, conditions...}; conditions are "ids": [...], "domain", "site", "sender" ("" is the null
// reverse-path), "recipient", "cause": texts, and "held": true or false. All that are given must match. A change needs
// a condition or "all": true. Answers carry "version": 1 and:
//   list                   "messages": [...] in the order of ids, at most "limit" of those after "after"; "next": the
//                          id to go on after, where there are more
//   summary                "messages", "groups", "octets", "held", "sites": [{"site", "groups", "due", "held",
//                          "oldest", "causes": {cause: groups}}] by groups, and what the server is doing
//   hold, release, retry, delete
//                          "messages", "groups": changed; "in_delivery": groups that are changed when their attempt
//                          has ended, unless it ends them
//   drain, resume          no new mail is taken any more, or again; mail that is here goes on being delivered
//   standing               what is known of each route: route/standing_text.hpp, live
//   standing-set           "source", "site", optional "sender", "reason", "for": duration; poor until then
//   suppress               "addresses": [...], "reason", "origin": "operator" (default), "complaint" or "bounce".
//                          "changed": entries that were not there
//   unsuppress             "addresses": [...]. "changed": entries that were there
//   suppressed             "suppressed": [{"address", "since", "origin", "reason"}] in the order of addresses, at most
//                          "limit" after the address "from"; "count" in all; "next": the address to go on from
//   standing-clear         "source", "site", each optional: forgets what replies taught. "cleared": entries
//
// Limits: max_command octets, max_listed messages an answer. Reading runs on a thread of its own; changes are made in
// bounded steps. Errors: a command that is not understood, the spool's. Threads: one executor that runs on one thread.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include "base/ip_address.hpp"
#include "base/queue_id.hpp"
#include "base/result.hpp"
#include "base/time.hpp"
#include "relay/delivery.hpp"
#include "relay/intake.hpp"
#include "relay/pacer.hpp"
#include "relay/router.hpp"
#include "relay/suppression.hpp"
#include "spool/spool.hpp"

namespace ptarmigan::relay {

inline constexpr std::size_t max_command = std::size_t{256} * 1024;
inline constexpr std::size_t max_listed = 1000;

/// Which groups are meant.
struct Selection {
  std::vector<QueueId> ids = {};
  spool::Query query = {};  ///< id and after are not used
  bool all = false;

  [[nodiscard]] bool selects() const;
};

struct Command {
  enum class Verb {
    list,
    summary,
    hold,
    release,
    retry,
    remove,
    drain,
    resume,
    standing,
    standing_set,
    standing_clear,
    suppress,
    unsuppress,
    suppressed
  };
  Verb verb = Verb::summary;
  Selection what = {};
  std::optional<QueueId> after = {};
  std::size_t limit = max_listed;
  std::optional<IpAddress> source = {};  ///< of a standing
  std::string site = {};                 ///< of a standing
  std::string sender = {};               ///< of a standing: domain of From; "" for every sender
  std::string reason = {};
  milliseconds duration{0};
  std::vector<std::string> addresses = {};  ///< of the suppression list, as it keeps them
  Suppressed::Origin origin = Suppressed::Origin::operator_word;
  std::string from = {};  ///< an address of the suppression list, or ""
};

[[nodiscard]] Result<Command> parse_command(std::string_view json);
/// {"version": 1, "error": "...", "remedy": "..."}
[[nodiscard]] std::string error_json(const Error& error);

/// The same for a spool that no server has open. Blocks. Verbs that need a server are errors.
[[nodiscard]] Result<std::string> run_offline(const std::filesystem::path& spool, const Command& command, Moment now);

/// Whether a host drains that was told to before it was restarted.
[[nodiscard]] bool was_draining(const std::string& spool_folder);

class Control {
 public:
  /// Everything outlives *this.
  struct Parts {
    boost::asio::any_io_executor executor;
    spool::Spool& spool;
    Delivery& delivery;
    Router& router;
    Pacer& pacer;
    Intake& intake;
    SuppressionList& suppressed;
    std::string folder;  ///< of the spool: what an operator wants of this host outlives a restart there
  };
  explicit Control(Parts parts);
  ~Control();
  Control(const Control&) = delete;
  Control& operator=(const Control&) = delete;

  /// A JSON object on one line, without line end.
  [[nodiscard]] boost::asio::awaitable<Result<std::string>> run(Command command);
  /// From text to text: errors as error_json().
  [[nodiscard]] boost::asio::awaitable<std::string> answer(std::string command);

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

/// The socket on which a server answers commands: one line each.
[[nodiscard]] std::filesystem::path control_socket(const std::filesystem::path& spool);

}  // namespace ptarmigan::relay
