// auth/arc/seal.hpp - adding an ARC set to a message (RFC 8617#5.1).
//
//   Sealer sealer;
//   sealer.feed(chunk); ...                                        // the body, in chunks of any size
//   auto fields = sealer.finish(*header, key, set, sealed_at);     // ARC-Seal, ARC-Message-Signature,
//   ARC-Authentication-Results
//
// What is returned goes on top of the message, after its last change and after DKIM signing. Always relaxed/relaxed.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "auth/arc/chain.hpp"
#include "auth/dkim/sign.hpp"

namespace ptarmigan::arc {

struct NewSet {
  /// Our own results in the form of Authentication-Results (RFC 8601#2.2): "lists.example.org; spf=pass ...", no CR or
  /// LF.
  std::string authentication_results;
  /// What the chain was when the message came in: none for a message without sets.
  Outcome chain = Outcome::none;
  /// h= exactly so, with From and without the three fields of a set (RFC 8617#4.1.2); empty: the names of fields that
  /// are there, out of dkim::default_signed_fields().
  std::vector<std::string> names = {};
};

class Sealer {
 public:
  void feed(std::string_view body_chunk) { hasher_.feed(body_chunk); }
  /// Ends the body, and is ready for the next message. An error where there are 50 sets already, where the newest seal
  /// says cv=fail, where `chain` is none although there are sets (or the other way round), and where dkim::Signer would
  /// refuse the message.
  [[nodiscard]] Result<std::string> finish(const message::HeaderSection& header, const dkim::SigningKey& key,
                                           const NewSet& set, WallTime sealed_at);

 private:
  dkim::BodyHasher hasher_{dkim::Canonicalization::relaxed};
};

}  // namespace ptarmigan::arc
