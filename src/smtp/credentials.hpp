// smtp/credentials.hpp - user and password as SASL PLAIN (RFC 4616#2) and LOGIN carry them. Threads: values.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/secret.hpp"

namespace ptarmigan::smtp {

struct PlainCredentials {
  std::string authorization_id;  ///< whom to act as; empty: the user
  std::string user;
  Secret password;

  /// The base64 message of SASL PLAIN. Nothing where it is malformed, or user or password is empty.
  static std::optional<PlainCredentials> decode(std::string_view base64);
  /// The base64 message of SASL PLAIN. No field may hold NUL.
  [[nodiscard]] Secret encode() const;

  friend bool operator==(const PlainCredentials&, const PlainCredentials&) = default;
};

/// The prompts of AUTH LOGIN, which no RFC defines: base64 of "Username:" and "Password:".
constexpr std::string_view login_user_prompt = "VXNlcm5hbWU6";
constexpr std::string_view login_password_prompt = "UGFzc3dvcmQ6";

}  // namespace ptarmigan::smtp
