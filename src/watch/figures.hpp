// watch/figures.hpp - figures that receivers measured about our mail (Google Postmaster Tools, Microsoft SNDS), and
// which of them are an incident. Pure. Threads: free functions on values.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.hpp"
#include "watch/incidents.hpp"

namespace ptarmigan::watch {

inline constexpr std::string_view google_postmaster = "google-postmaster";
inline constexpr std::string_view snds = "snds";

/// A figure that somebody else measured about us.
struct Figure {
  std::string provider = {};  ///< google_postmaster, snds
  std::string subject = {};   ///< domain, address, or "first-last" of a range
  WallTime day = {};
  std::string metric = {};  ///< "spam_rate", "compliance.SPF", "filter", "trap_hits"
  /// Of the value: a rate of 0.3 % is 3,000, a count of 1 is 1,000,000; 0 where the value is a word.
  std::int64_t millionths = 0;
  std::string text = {};  ///< the value as it was told, where it is no plain number
  friend bool operator==(const Figure&, const Figure&) = default;
};

/// What was fetched at one time, judged: of each subject and metric its last day. What is wrong is a condition to be
/// raised, what is not named any more is over: raised conditions (Incidents::raise), kind "figure". A
/// rate counts from 0.3 % spam (Google, Email sender guidelines) and from any refusal for a bad PTR record.
[[nodiscard]] std::vector<Incident> wrong_figures(std::span<const Figure> figures);

}  // namespace ptarmigan::watch
