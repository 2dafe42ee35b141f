// base/result.hpp - Result<T>: a value, or an Error that a person can act on.
// An RFC outcome (SPF permerror, SMTP 550) is a value, never an Error; our own bugs are assertions.
#pragma once

#include <expected>
#include <string>
#include <utility>

namespace ptarmigan {

/// What went wrong, with the place, and what to do about it. Both are complete sentences without a final full stop.
struct Error {
  std::string message;
  std::string remedy = {};

  friend bool operator==(const Error&, const Error&) = default;

  /// "message: remedy", or the message alone.
  [[nodiscard]] std::string text() const { return remedy.empty() ? message : message + "; " + remedy; }
};

template <typename T = void>
using Result = std::expected<T, Error>;

/// For `return failure("...")` in a function that returns a Result.
[[nodiscard]] inline std::unexpected<Error> failure(std::string message, std::string remedy = {}) {
  return std::unexpected(Error{std::move(message), std::move(remedy)});
}

}  // namespace ptarmigan
