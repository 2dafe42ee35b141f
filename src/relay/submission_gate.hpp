// relay/submission_gate.hpp - what today's receivers would refuse, told to the submitter before the message is
// accepted: the rules of [gate]. Requirements of the rulebook are asked there; only those that concern us alone are
// here. Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "config/config.hpp"
#include "message/header.hpp"
#include "smtp/reply.hpp"
#include "spool/records.hpp"

namespace ptarmigan::relay {

/// The field with which a program says what kind of mail it submits: "bulk" or "transactional". It is taken off.
inline constexpr std::string_view stream_field = "X-Ptarmigan-Stream";

/// Whether receivers will find a signature of ours for the domain of From.
enum class Signing {
  nobody,   ///< no domain has a key: nothing is signed at all
  aligned,  ///< the domain, or one above it, has a key
  missing,  ///< others have one
};

struct GateFinding {
  std::string rule;  ///< the setting: "gate.one_author"
  config::GateAction action = config::GateAction::refuse;
  smtp::EnhancedStatus status = {};
  std::string why;
  std::string fix;
};

struct GateVerdict {
  std::vector<GateFinding> findings;  ///< the worst first
  spool::Stream stream = spool::Stream::unspecified;

  /// off where nothing was found.
  [[nodiscard]] config::GateAction action() const;
  /// The refusal, where action() is refuse: why and the fix of each rule that refuses.
  [[nodiscard]] smtp::Reply refusal() const;
  /// Lines for the reply that accepts: what was found, one each.
  [[nodiscard]] std::vector<std::string> warnings() const;
};

/// What is asked about one message.
struct GateQuestion {
  const message::HeaderSection& header;
  Signing signing = Signing::nobody;
  bool smtputf8 = false;
};

[[nodiscard]] GateVerdict judge_submission(const config::Gate& settings, const GateQuestion& question);

}  // namespace ptarmigan::relay
