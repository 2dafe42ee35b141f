// auth/arc/chain.hpp - validation of the Authenticated Received Chain (RFC 8617#5.2).
//
//   Validator validator(*header);                    // message::HeaderSection; only needed during this call
//   validator.feed(chunk); ...                       // the body, in chunks of any size
//   Chain chain = std::move(validator).finish();
//   Known<ChainResult> result = chain.judge(facts, received_at);
//
// Pure: keys are asked for through Need. A chain that holds says who handled the message; whether they are believed is
// for the caller: a pass from an unknown sealer means nothing. Limits: max_sets; header and body as in auth/dkim.
// Deviations: none known; a key that cannot be looked up is a failure (RFC 8617#5.2 knows no temporary error) that says
// so. Threads: values; a Validator belongs to one thread.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "auth/dkim/signature.hpp"
#include "auth/dkim/verify.hpp"
#include "facts/facts.hpp"

namespace ptarmigan::arc {

/// RFC 8617#4.2.1.
inline constexpr unsigned max_sets = 50;

/// RFC 8617#4.4.
enum class Outcome { none, pass, fail };
[[nodiscard]] std::string_view to_string(Outcome outcome);

struct ChainResult {
  Outcome outcome = Outcome::none;
  /// Why it failed, for people; "" otherwise.
  std::string reason = {};
  /// The failure is a key that could not be looked up: asking again may give another outcome.
  bool temporary = false;
  /// The newest seal says cv=fail: nobody may add a set any more (RFC 8617#5.1).
  bool ended = false;
  /// The lowest instance whose message signature and all above it still hold; 0 where all do, or where the chain does
  /// not pass (RFC 8617#5.2).
  unsigned oldest_pass = 0;
};

/// One ARC set. Views into the message.
struct Set {
  dns::DomainName sealer;              ///< d= of the seal
  std::string selector;                ///< s= of the seal
  std::string authentication_results;  ///< the AAR without its i=, unfolded
};

class Chain {
 public:
  [[nodiscard]] Known<ChainResult> judge(const Facts& facts, WallTime received_at) const;
  /// By instance, the first being i=1; empty where the structure does not hold.
  [[nodiscard]] const std::vector<Set>& sets() const { return sets_; }

 private:
  friend class Validator;
  struct Signed {
    dkim::Signature signature;
    dkim::Digest header_hash = {};
    bool body_holds = true;
    std::size_t hasher = 0;
  };
  struct Judged {
    std::string defect;  ///< "" where it holds
    bool temporary = false;
  };
  static Judged judge_one(const Signed& one, const Answer& answer, WallTime received_at);

  ChainResult decided_;  ///< where the outcome needs no key
  bool undecided_ = false;
  std::vector<Set> sets_;
  std::vector<Signed> messages_;  ///< ARC-Message-Signature by instance
  std::vector<Signed> seals_;     ///< ARC-Seal by instance
};

class Validator {
 public:
  explicit Validator(const message::HeaderSection& header);
  void feed(std::string_view body_chunk);
  [[nodiscard]] Chain finish() &&;

 private:
  struct Fields;
  void fail(std::string reason);
  bool collect(const message::HeaderSection& header, std::vector<Fields>& sets);
  bool read(const message::HeaderSection& header, const std::vector<Fields>& sets);
  void hash(const message::HeaderSection& header, const std::vector<Fields>& sets);

  Chain chain_;
  std::vector<dkim::BodyHasher> hashers_;
};

/// A whole message in memory.
[[nodiscard]] Result<Chain> validate_message(std::string_view message);

/// The instance that the next set would have, counted from the highest i= of an ARC-Seal: 1 where there is none.
[[nodiscard]] unsigned next_instance(const message::HeaderSection& header);

/// i= of an ARC field's tag list or of an AAR: 1 to 50, digits without a leading zero; 0 for anything else.
[[nodiscard]] unsigned instance_of(std::string_view digits);

}  // namespace ptarmigan::arc
