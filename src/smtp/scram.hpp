// smtp/scram.hpp - both sides of one SCRAM exchange (RFC 5802#5, RFC 7677#3) without crypto of their own: the functions
// they need are passed in. The server's, with three messages from the client, the last of which is empty:
//
//   ScramServer scram(digest, nonce);
//   const auto hello = scram.begin(client_first);        // nothing: malformed
//   send(scram.challenge(verifier_of(hello->user)));     // for an unknown user too, or the names could be found
//   const auto proved = scram.finish(client_final);      // nothing: wrong password, or malformed
//   send(*proved); expect("");                           // then the client is hello->user
//
// The client's:
//
//   ScramClient scram(digest, nonce);
//   send(scram.begin(user));
//   send(*scram.finish(server_first, password));         // nothing: malformed, or not safe to answer
//   if (scram.verify(server_final)) send("");            // false: the server does not know the password either
//
// Channel binding is not offered: a client that insists on it ("p=") is refused, one that could ("y") is served
// (RFC 5802#6). Limits: max_scram_message, and of the client least_ and most_scram_iterations. Threads: one object, one
// thread.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "base/secret.hpp"

namespace ptarmigan::smtp {

inline constexpr std::size_t max_scram_message = 2048;
/// What a client does for a server (RFC 7677#4): with fewer, whoever reads along could guess the password; more would
/// keep it busy.
inline constexpr unsigned least_scram_iterations = 4'096;
inline constexpr unsigned most_scram_iterations = 1'000'000;

/// What a server keeps of a password (RFC 5802#3); octets, not base64.
struct ScramVerifier {
  unsigned iterations = 0;
  std::string salt;
  std::string stored_key;
  std::string server_key;

  friend bool operator==(const ScramVerifier&, const ScramVerifier&) = default;
};

/// Hash, HMAC and Hi of the mechanism (RFC 5802#2.2), octets in and out. Only the client needs Hi.
struct ScramDigest {
  std::string (*hash)(std::string_view text) = nullptr;
  std::string (*hmac)(std::string_view key, std::string_view text) = nullptr;
  std::string (*derive)(std::string_view password, std::string_view salt, unsigned iterations) = nullptr;
};

/// Whom the client says it is.
struct ScramHello {
  std::string user;              ///< decoded: "=2C" is ',' and "=3D" is '='
  std::string authorization_id;  ///< whom to act as; empty: the user

  friend bool operator==(const ScramHello&, const ScramHello&) = default;
};

class ScramServer {
 public:
  /// `nonce` is fresh, of printable ASCII without comma, and long enough not to be guessed.
  ScramServer(ScramDigest digest, std::string nonce);

  /// client-first-message. Nothing where it is malformed, needs an unknown extension or channel binding.
  std::optional<ScramHello> begin(std::string_view client_first);
  /// server-first-message, after begin().
  std::string challenge(ScramVerifier verifier);
  /// client-final-message: the server-final-message where the proof is right, else nothing. Compared in constant time.
  [[nodiscard]] std::optional<std::string> finish(std::string_view client_final) const;

 private:
  ScramDigest digest_;
  std::string nonce_;  ///< the client's and ours, once begin() was called
  std::string gs2_header_;
  std::string client_first_;  ///< without gs2-header
  std::string server_first_;
  ScramVerifier verifier_;
};

class ScramClient {
 public:
  /// `nonce` as that of ScramServer.
  ScramClient(ScramDigest digest, std::string nonce);

  /// client-first-message, without channel binding.
  std::string begin(std::string_view user);
  /// client-final-message. Nothing where server-first-message is malformed, is not an answer to begin(), needs an
  /// unknown extension, or asks for too few or too many iterations.
  std::optional<std::string> finish(std::string_view server_first, const Secret& password);
  /// Whether server-final-message proves that the server knows the password's verifier.
  [[nodiscard]] bool verify(std::string_view server_final) const;

 private:
  ScramDigest digest_;
  std::string nonce_;
  std::string client_first_;  ///< without gs2-header
  std::string server_signature_;
};

}  // namespace ptarmigan::smtp
