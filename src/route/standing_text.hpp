// route/standing_text.hpp - what the server knows of its routes as one JSON text: kept over restarts, and read by
// `ptarmigan standing` and `explain` beside a running server.
//
// Times that are waited for are written as what is left of them at "saved_at": whoever reads subtracts what has passed,
// and never waits longer because a clock was set back. Version 1; another version is an error. Threads: free functions.
#pragma once

#include <cstdint>

#include "base/result.hpp"
#include "route/pacing.hpp"
#include "route/standing.hpp"
#include "route/warm_up.hpp"

namespace ptarmigan::route {

/// Mail that waits for pacing or for a day's allowance: one sender's at one site.
struct HeldMail {
  std::string site;
  std::string sender;                ///< "example.com" of From, or of the envelope where it has none
  std::vector<std::string> domains;  ///< of recipients, some
  std::uint64_t messages = 0;
  milliseconds left{0};  ///< 0: for a free connection
  std::string why;
  friend bool operator==(const HeldMail&, const HeldMail&) = default;
};

struct SavedStanding {
  WallTime saved_at;
  std::vector<StandingTable::Saved> standing;
  std::vector<Pacing::Row> pacing;
  std::vector<WarmUp::Row> warm_up;  ///< as shown
  std::vector<WarmUp::Count> counts;
  std::vector<HeldMail> held;
  friend bool operator==(const SavedStanding&, const SavedStanding&) = default;
};

inline constexpr std::size_t max_standing_octets = std::size_t{64} * 1024 * 1024;

/// Ends with a line end.
[[nodiscard]] std::string standing_text(const SavedStanding& saved);
/// An error for what is not such a text; nothing of a damaged text is used.
[[nodiscard]] Result<SavedStanding> parse_standing(std::string_view text);

}  // namespace ptarmigan::route
