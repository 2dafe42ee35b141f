// base/nearest.hpp - "did you mean ...?": the known word nearest to a mistyped one.
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace ptarmigan {

/// The word of `known` with the smallest edit distance to `word`, or "" when none is near (more than a third of it
/// changed).
[[nodiscard]] std::string_view nearest(std::string_view word, std::span<const std::string_view> known);

}  // namespace ptarmigan
