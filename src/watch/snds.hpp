// watch/snds.hpp - Microsoft's Smart Network Data Services: its reports on IP data and IP status, as CSV (with a header
// line or, as until 2026, without) or as JSON. Microsoft documents the columns, not the JSON's names: they are matched
// without regard to case, blanks and dashes. Pure. Limits: max_rows. Threads: free functions on values.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "watch/figures.hpp"

namespace ptarmigan::watch {

inline constexpr std::size_t max_snds_rows = 20'000;

/// Of one day: rcpt, data, recipients, trap_hits (counts), filter (GREEN, YELLOW, RED), complaint_rate (a bound, its
/// words in text), helo, mail_from. An error where no address was in what should have some.
[[nodiscard]] Result<std::vector<Figure>> parse_snds_data(std::string_view text, WallTime day);
/// Of what is blocked: "blocked", with the reason as text; the subject is an address, or "first-last".
[[nodiscard]] Result<std::vector<Figure>> parse_snds_status(std::string_view text, WallTime day);

/// The public client that Microsoft's own page of SNDS uses; it has no secret.
inline constexpr std::string_view snds_client = "a53a6cc1-a1cd-46f7-a4aa-281cdabec33c";

/// A sign-in that a person does once in a browser, with a proof that only who began it can end it (PKCE, RFC 7636#4).
struct SndsSignIn {
  std::string verifier;  ///< 43 to 128 random letters, digits, "-" and "_"
  std::string state;     ///< random too: comes back with the answer

  /// Where the browser goes.
  [[nodiscard]] std::string address() const;
  /// The body of the request for tokens, from the address that the browser was sent to in the end
  /// ("http://localhost/?code=...&state=..."). An error where that is of another sign-in, or a refusal.
  [[nodiscard]] Result<std::string> token_request(std::string_view arrived) const;
};
/// The body of a request with an earlier refresh token.
[[nodiscard]] std::string snds_refresh_request(std::string_view refresh_token);

}  // namespace ptarmigan::watch
