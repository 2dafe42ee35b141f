// auth/json.hpp - what each check found, as JSON text for programs. The form is documented in
// docs/reference/auth-json.md; its version changes where a member changes its meaning or goes away.
// Octets that are not UTF-8 become U+FFFD. Threads: free functions on values.
#pragma once

#include <string>
#include <vector>

#include "auth/authenticate.hpp"

namespace ptarmigan::auth {

inline constexpr int json_version = 1;

/// One object on one line each, without `version`.
[[nodiscard]] std::string to_json(const iprev::Result& result);
/// `trace` only where one was kept.
[[nodiscard]] std::string to_json(const spf::Result& result);
[[nodiscard]] std::string to_json(const dkim::SignatureResult& result);
[[nodiscard]] std::string to_json(const ArcResult& result);
[[nodiscard]] std::string to_json(const dmarc::Result& result);

/// Everything, with `version`.
[[nodiscard]] std::string to_json(const Results& results);

}  // namespace ptarmigan::auth
