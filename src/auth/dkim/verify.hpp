// auth/dkim/verify.hpp - verification of a message's DKIM signatures (RFC 6376#6, RFC 8301#3, RFC 8463#3).
//
//   Verifier verifier(*header);                         // message::HeaderSection; only needed during this call
//   verifier.feed(chunk); ...                           // the body, in chunks of any size
//   Verification verification = std::move(verifier).finish();
//   Known<std::vector<SignatureResult>> results = verification.judge(facts, received_at);
//
// Pure: keys are asked for through Need; call judge() again with the answers. Memory does not grow with the body.
// Limits: VerifyLimits. A signature whose d= is related to From comes first, so that others cannot crowd it out.
// Stricter than RFC 6376: two From fields or a header line that is no field make every signature permerror.
// Errors: none; everything is an Outcome with a reason. Threads: values; a Verifier belongs to one thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "auth/dkim/key_record.hpp"
#include "auth/dkim/signature.hpp"
#include "facts/facts.hpp"

namespace ptarmigan::dkim {

struct VerifyLimits {
  /// Signatures that are verified; the others are counted (Verification::ignored()).
  std::size_t signatures = 8;
  /// DKIM-Signature fields that are looked at to choose them.
  std::size_t fields = 100;
  /// Several TXT records at a selector: so many that are key records are tried (RFC 6376#6.1.2).
  std::size_t key_records = 3;
  /// How far ahead of us a signer's clock may be (RFC 6376#3.5, t=).
  seconds clock_skew = seconds(600);
};

/// The results of RFC 8601#2.7.1, without `none`: no signature gives no result.
enum class Outcome { pass, fail, policy, neutral, temperror, permerror };
[[nodiscard]] std::string_view to_string(Outcome outcome);

/// What a caller may want to weigh although it does not change the outcome.
enum class Concern {
  partial_body,    ///< l= leaves octets of the body unsigned: pass says nothing of them
  body_limit,      ///< l= is given and covers the whole body
  weak_key,        ///< RSA below 2048 bits
  testing,         ///< the key record says t=y
  repeated_field,  ///< a field that may stand once stands more often (RFC 6376#8.15)
  unsigned_field,  ///< Subject, Date, To or Content-Type is present and not signed (RFC 6376#5.4)
};
[[nodiscard]] std::string_view to_string(Concern concern);

struct SignatureResult {
  Outcome outcome = Outcome::permerror;
  /// One line for people, empty for a plain pass: "the body was changed after signing".
  std::string reason = {};
  std::size_t field = 0;  ///< index in HeaderSection::fields()
  /// Absent where the field could not be read.
  std::optional<Signature> signature = {};
  unsigned key_bits = 0;  ///< 0 where no key was used
  std::vector<Concern> concerns = {};

  [[nodiscard]] bool has(Concern concern) const;
  /// May be counted by DMARC: pass, and the signature covers the whole body.
  [[nodiscard]] bool counts() const { return outcome == Outcome::pass && !has(Concern::partial_body); }
  /// One signed field's name, compared without case: does the signature cover an instance of it?
  [[nodiscard]] bool covers(std::string_view name) const;
};

/// What a key's answer says of one signature.
struct KeyVerdict {
  Outcome outcome = Outcome::permerror;
  std::string reason = {};
  unsigned key_bits = 0;  ///< 0 where no key was used
  bool testing = false;   ///< t=y
};
/// Judges the signature of `header_hash` by the answer to its key's question (RFC 6376#6.1.2); of several key records,
/// `max_records` are tried.
[[nodiscard]] KeyVerdict judge_with_key(const Signature& signature, const Digest& header_hash, const Answer& answer,
                                        std::size_t max_records = VerifyLimits{}.key_records);
/// Expired or signed in the future as seen at `received_at`: the reason, or "".
[[nodiscard]] std::string time_defect(const Signature& signature, WallTime received_at,
                                      seconds clock_skew = VerifyLimits{}.clock_skew);

/// A message's signatures with all that the message itself decides; what is left needs keys.
class Verification {
 public:
  /// Signatures whose d= is related to From come first, then from the top down. `received_at`: when the message arrived
  /// (x=, t=).
  [[nodiscard]] Known<std::vector<SignatureResult>> judge(const Facts& facts, WallTime received_at) const;
  [[nodiscard]] bool none() const { return signatures_.empty(); }
  /// Signatures beyond the limits, not judged.
  [[nodiscard]] std::size_t ignored() const { return ignored_; }

 private:
  friend class Verifier;
  struct Prepared {
    SignatureResult result;  ///< complete where decided
    bool decided = false;
    int distance = 0;  ///< of d= from From: 0 equal, 1 related, 2 neither
    Digest header_hash = {};
    std::size_t hasher = 0;  ///< of the body
    std::size_t hash = 0;    ///< among the hasher's limits
  };

  std::vector<Prepared> signatures_;
  std::size_t ignored_ = 0;
  VerifyLimits limits_;
};

class Verifier {
 public:
  explicit Verifier(const message::HeaderSection& header, const VerifyLimits& limits = {});
  void feed(std::string_view body_chunk);
  [[nodiscard]] Verification finish() &&;

 private:
  void choose(const message::HeaderSection& header);
  void prepare(const message::HeaderSection& header);
  void share_hashers();

  Verification verification_;
  std::vector<BodyHasher> hashers_;
};

/// A whole message in memory; the body begins behind the header's empty line.
[[nodiscard]] Result<Verification> verify_message(std::string_view message, const VerifyLimits& limits = {});

}  // namespace ptarmigan::dkim
