// auth/authenticate.hpp - every check of a message in one call: iprev, SPF for both identities, DKIM, ARC and DMARC,
// and the result as Authentication-Results (RFC 8601#2.2).
//
//   Authenticator authenticator(options);
//   authenticator.feed(chunk); ...                   // the message from its first octet, in chunks of any size
//   Authentication message = std::move(authenticator).finish();
//   Known<Results> results = message.judge(connection, facts);   // call again with the answers to its Need
//
// Pure. Nothing is an error: a header beyond the limits gives results that say so. Signatures are computed only when no
// other answer is missing, so that a restart costs no cryptography; the result never depends on the chunks, nor on the
// order of the answers. Cost: memory is the header and a fixed amount; Limits bounds the rest. SPF decides DMARC by the
// MAIL FROM identity alone (RFC 9989#4.4). Threads: values; an Authenticator belongs to one thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "auth/arc/chain.hpp"
#include "auth/dkim/verify.hpp"
#include "auth/dmarc/evaluate.hpp"
#include "auth/iprev/iprev.hpp"
#include "auth/spf/check_host.hpp"
#include "message/header.hpp"

namespace ptarmigan::auth {

struct Limits {
  message::HeaderLimits header = {};
  spf::Limits spf = {};
  dkim::VerifyLimits dkim = {};
  /// A chain with more sets fails. Each set may ask for two keys.
  unsigned arc_sets = arc::max_sets;
};

enum class ArcCheck : std::uint8_t { off, on };

struct Options {
  Limits limits = {};
  ArcCheck arc = ArcCheck::on;
  spf::Trace spf_trace = spf::Trace::off;
  dmarc::Method dmarc = {};
};

/// How the message came.
struct Connection {
  /// Absent for a message from a file: iprev and SPF are left out.
  std::optional<IpAddress> client = std::nullopt;
  /// As the client said it in EHLO or HELO.
  std::string helo = {};
  /// The reverse-path without angle brackets; empty for the null reverse-path.
  std::string mail_from = {};
  /// Who evaluates: for %{r} of SPF.
  std::string receiver = "unknown";
  /// For t= and x= of signatures, and %{t} of SPF.
  WallTime received_at = {};
  /// How long it has taken until this call: for the limit on time of SPF (spf::Limits::max_time).
  milliseconds elapsed = {};
};

struct ArcResult {
  arc::ChainResult chain;
  /// By instance; empty where the structure does not hold.
  std::vector<arc::Set> sets;
};

struct Results {
  std::optional<iprev::Result> iprev;  ///< where there is a client
  /// Of the HELO identity; absent without client, or where the client said no name.
  std::optional<spf::Result> spf_helo;
  std::optional<spf::Result> spf_mail_from;  ///< where there is a client
  /// Signatures that are related to From come first.
  std::vector<dkim::SignatureResult> dkim;
  std::size_t dkim_ignored = 0;  ///< signatures beyond the limits
  std::optional<ArcResult> arc;  ///< unless switched off
  dmarc::Result dmarc;
};

/// A message with everything that needs no DNS: hashes, signatures, the author's domain.
class Authentication {
 public:
  [[nodiscard]] Known<Results> judge(const Connection& connection, const Facts& facts) const;

 private:
  friend class Authenticator;
  void judge_connection(const Connection& connection, const Facts& facts, Gather& gather, Results& results) const;
  void ask_keys(const Connection& connection, Gather& gather) const;
  [[nodiscard]] Known<dmarc::Result> judge_dmarc(const Results& results, const Facts& facts) const;

  Options options_;
  std::string defect_;  ///< why the message cannot be read; "" where it can
  dkim::Verification signatures_;
  std::optional<arc::Chain> chain_;
  std::string chain_defect_;  ///< why the chain is not looked at
  /// Distinct domains of From, as written; two are as good as many.
  std::vector<std::string> author_domains_;
  std::string author_defect_;  ///< why From cannot be believed
};

class Authenticator {
 public:
  explicit Authenticator(Options options = {});
  void feed(std::string_view chunk);
  /// Ends the message; one that ends within its header has an empty body.
  [[nodiscard]] Authentication finish() &&;

 private:
  void read_header();
  void read_author(const message::HeaderSection& header);

  message::HeaderCollector header_;
  bool header_read_ = false;
  std::optional<dkim::Verifier> verifier_;
  std::optional<arc::Validator> validator_;
  Authentication authentication_;
};

/// A whole message in memory. A driver that restarts keeps an Authentication instead, which hashes the body once.
[[nodiscard]] Known<Results> authenticate(std::string_view message, const Connection& connection, const Facts& facts,
                                          const Options& options = {});

/// The Authentication-Results field with its final CRLF. An error where `authserv_id` cannot be written.
[[nodiscard]] Result<std::string> authentication_results(const Results& results, std::string_view authserv_id);

}  // namespace ptarmigan::auth
