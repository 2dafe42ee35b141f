// net/password.hpp - passwords as SCRAM keeps them (RFC 5802#3, RFC 7677#3): a file of them gives no password away, and
// the same line serves PLAIN, LOGIN and SCRAM-SHA-256. Form: "SCRAM-SHA-256$ITERATIONS:SALT$STOREDKEY:SERVERKEY",
// base64.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "base/secret.hpp"
#include "smtp/scram.hpp"

namespace ptarmigan::net {

/// RFC 7677#4 says at least 4096; more makes guessing dearer, and a log-in takes some milliseconds.
inline constexpr unsigned password_iterations = 32'768;

/// A verifier with a fresh random salt.
[[nodiscard]] Result<std::string> password_verifier(const Secret& password, unsigned iterations = password_iterations);
/// True where the password is the one that made `verifier`; false also for a malformed verifier. Takes some
/// milliseconds: run it on a pool.
[[nodiscard]] bool password_matches(const Secret& password, std::string_view verifier);
/// Whether a text is a verifier at all.
[[nodiscard]] bool is_password_verifier(std::string_view text);

/// What SCRAM-SHA-256 needs of a verifier; nothing for a malformed one.
[[nodiscard]] std::optional<smtp::ScramVerifier> scram_verifier(std::string_view text);
/// A verifier that no password matches, for a user who does not exist: the same for the same `user` as long as this
/// process runs, so that it cannot be told from a real one by asking twice.
[[nodiscard]] smtp::ScramVerifier scram_decoy(std::string_view user);
/// SHA-256 and its HMAC.
[[nodiscard]] smtp::ScramDigest scram_sha256();
/// 24 random characters of base64: a nonce.
[[nodiscard]] std::string scram_nonce();

}  // namespace ptarmigan::net
