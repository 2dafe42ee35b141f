// auth/dkim/canonical.hpp - canonicalization of header fields and bodies (RFC 6376#3.4), and hashes of bodies in
// pieces. Only SP and HTAB are blanks; only CRLF ends a line: a lone CR or LF is content. Memory is fixed, whatever the
// body holds. Pieces may be of any size and the result does not depend on them.
#pragma once

#include <array>
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <vector>

#include "auth/dkim/crypto.hpp"
#include "message/header.hpp"

namespace ptarmigan::dkim {

enum class Canonicalization { simple, relaxed };
/// "simple", "relaxed"
[[nodiscard]] std::string_view to_string(Canonicalization canonicalization);

/// Appends a field in canonical form, final CRLF included (RFC 6376#3.4.1, RFC 6376#3.4.2).
void append_canonical(Canonicalization canonicalization, const message::HeaderField& field, std::string& out);

/// Where canonical octets go; each view is valid during the call.
class OctetSink {
 public:
  virtual void take(std::string_view octets) = 0;

 protected:
  ~OctetSink() = default;
};

/// A body in canonical form (RFC 6376#3.4.3, RFC 6376#3.4.4), passed on in runs as long as the input allows.
class BodyCanonicalizer {
 public:
  explicit BodyCanonicalizer(Canonicalization canonicalization) : canonicalization_(canonicalization) {}
  void feed(std::string_view chunk, OctetSink& sink);
  /// Ends the body; ready for the next one.
  void finish(OctetSink& sink);

 private:
  /// What was read and not yet passed on: nothing, blanks, or blanks and a CR.
  enum class Held { nothing, blanks, blanks_and_cr };
  void reduce_blanks(std::string_view chunk, OctetSink& sink);
  std::size_t reduce_whole_blocks(std::string_view chunk, std::size_t at, OctetSink& sink);
  std::size_t after_blanks(std::string_view chunk, std::size_t at, OctetSink& sink);
  void hold_empty_lines(std::string_view run, OctetSink& sink);
  void release(OctetSink& sink);

  Canonicalization canonicalization_;
  Held held_ = Held::nothing;
  bool any_ = false;               ///< something other than CRLFs was passed on
  bool cr_ = false;                ///< a CR at the end of the last run, perhaps half a CRLF
  std::uint64_t empty_lines_ = 0;  ///< CRLFs that are dropped if nothing but CRLFs follows
};

inline constexpr std::uint64_t whole_body = std::numeric_limits<std::uint64_t>::max();

/// Hashes of one body under one canonicalization, one for each limit (the l= tag; whole_body for none).
class BodyHasher final : private OctetSink {
 public:
  explicit BodyHasher(Canonicalization canonicalization, std::vector<std::uint64_t> limits = {whole_body});
  void feed(std::string_view chunk) { canonicalizer_.feed(chunk, *this); }
  /// In the order of the limits. A limit beyond the body gives the hash of the whole body.
  [[nodiscard]] std::vector<Digest> finish();
  /// Octets of the canonical body, complete after finish().
  [[nodiscard]] std::uint64_t canonical_octets() const { return octets_; }

 private:
  void take(std::string_view octets) override;
  void flush();
  void hash(std::string_view octets);

  struct Limited {
    std::uint64_t left;
    Sha256 hash;
  };
  BodyCanonicalizer canonicalizer_;
  std::vector<Limited> hashes_;
  std::uint64_t octets_ = 0;
  std::array<char, 1024> stage_;  ///< short runs are gathered here
  std::size_t staged_ = 0;
};

}  // namespace ptarmigan::dkim
