// reports/archive.hpp - what is inside a gzip stream (RFC 1952#2.2) or a ZIP archive, told by its first octets and not
// by its name. Names inside archives are never used, so no path can lead anywhere. Output is bounded by the caller's
// budget whatever the archive promises about itself; encrypted members and other methods than "stored" and "deflate"
// are left out with a note.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "reports/notes.hpp"

namespace ptarmigan::reports {

enum class Container { none, gzip, zip };

[[nodiscard]] Container container_of(std::string_view octets);

/// What may still be unpacked; shared by everything that one input holds.
struct UnpackBudget {
  std::size_t octets = std::size_t{128} << 20;
  std::size_t members = 1000;
};

/// The members, in order; what was read of a damaged one comes along, with a note. Takes from the budget.
[[nodiscard]] std::vector<std::string> unpack(std::string_view octets, UnpackBudget& budget, Notes& notes);

}  // namespace ptarmigan::reports
